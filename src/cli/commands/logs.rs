//! `qd logs`: of one pod, of a workload's pods, or of a selector's. Followed logs go on after a cut.

use crate::arguments::Common;
use crate::output::{Paint, print};
use crate::place::{Place, find_kind};
use clap::Args;
use quarterdeck_core::ask::{self, Question};
use quarterdeck_core::cluster::Cluster;
use quarterdeck_core::logs::{Entry, LogFilter, LogFollower, LogOptions, LogTarget, buffer};
use quarterdeck_core::resources::quantity::parse_duration;
use quarterdeck_core::resources::{Level, Scope};
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Pod, or KIND/NAME of a workload (deploy/web), or NAMESPACE/POD
    target: Option<String>,
    /// Pods of this label selector
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "target")]
    selector: Option<String>,
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    /// Container; without it the pod's default one
    #[arg(short, long, value_name = "NAME", conflicts_with = "all_containers")]
    container: Option<String>,
    /// All containers of each pod
    #[arg(long)]
    all_containers: bool,
    /// Of the container's previous run
    #[arg(short, long)]
    previous: bool,
    /// Only what is younger than this: 90s, 5m, 2h, 1d
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// So many lines of each container from the end
    #[arg(long, value_name = "LINES")]
    tail: Option<u64>,
    /// With the time of each line
    #[arg(long)]
    timestamps: bool,
    /// Only lines with this: text, /regex/, and ! before either for the others
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Put pod and container before each line; done by itself when there are several
    #[arg(long)]
    prefix: bool,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let cluster = place.cluster()?;
    let filter = LogFilter::parse(arguments.filter.as_deref().unwrap_or_default())?;
    let since_seconds = match &arguments.since {
        None => None,
        Some(text) => Some(parse_duration(text).and_then(|s| u64::try_from(s).ok()).ok_or_else(|| {
            Problem::usage("cannot read --since", format!("`{text}` is no length of time"))
                .next("write it as 90s, 5m, 2h or 1d")
        })?),
    };
    let targets = targets(&arguments, &place, &cluster).await?;
    // One container that may not be read is an error; of several, the others are printed.
    let options = LogOptions {
        follow: arguments.follow,
        previous: arguments.previous,
        tail_lines: arguments.tail,
        since_seconds,
        keep: 64 << 20,
    };
    let wake = Arc::new(tokio::sync::Notify::new());
    let told = wake.clone();
    let follower = LogFollower::start(&cluster, targets, &options, move || told.notify_one());
    let prefix = arguments.prefix || follower.targets().len() > 1;
    let (paint, errors) = (Paint::stdout(common.plain), Paint::stderr(common.plain));
    let mut next = 0;
    let mut failed = 0_usize;
    loop {
        let running = follower.running();
        let (text, gaps, at, lost) = follower.read(|buffer| {
            let lost = buffer.first().saturating_sub(next);
            let (mut text, mut gaps) = (String::new(), Vec::new());
            for (_, entry) in buffer.from(next) {
                let source =
                    follower.targets().get(usize::from(entry.source())).map(LogTarget::label).unwrap_or_default();
                match entry {
                    Entry::Line(line) if filter.shows(entry) => {
                        if prefix {
                            text.push_str(&paint.dim(&format!("[{source}] ")));
                        }
                        if arguments.timestamps
                            && let Some(time) = line.time
                        {
                            text.push_str(&stamp(time));
                            text.push(' ');
                        }
                        text.push_str(&buffer::without_colours(&line.text));
                        text.push('\n');
                    }
                    Entry::Line(_) => {}
                    _ => gaps.push(format!("[{source}] {}", entry.text())),
                }
            }
            (text, gaps, buffer.end(), lost)
        });
        next = at;
        if !text.is_empty() {
            print(&text);
        }
        if lost > 0 {
            eprintln!(
                "{}",
                errors.level(
                    Level::Warn,
                    &format!("qd: {lost} lines came faster than they could be written and are missing here")
                )
            );
        }
        for gap in &gaps {
            failed += 1;
            eprintln!("{}", errors.level(Level::Warn, &format!("qd: {gap}")));
        }
        if !running {
            break;
        }
        wake.notified().await;
    }
    // Nothing but complaints: the pod's log could not be read at all.
    Ok(u8::from(!arguments.follow && failed >= follower.targets().len() && follower.read(|b| b.len()) == failed))
}

fn stamp(nanoseconds: i64) -> String {
    quarterdeck_core::clock::format_time(nanoseconds.div_euclid(1_000_000_000)).replace('Z', "")
        + &format!(".{:09}Z", nanoseconds.rem_euclid(1_000_000_000))
}

async fn targets(arguments: &Arguments, place: &Place, cluster: &Cluster) -> Result<Vec<LogTarget>> {
    let pods_kind = find_kind(cluster, "pods").await?;
    let mut pods: Vec<Value> = Vec::new();
    match (&arguments.target, &arguments.selector) {
        (None, None) => {
            return Err(Problem::usage("cannot tell whose log is meant", "neither a pod nor a selector is given")
                .next("give a pod, KIND/NAME, or -l SELECTOR"));
        }
        (_, Some(selector)) => {
            let mut question = Question::new(pods_kind, place.scope(cluster));
            question.labels.clone_from(selector);
            pods = ask::objects(cluster, &question).await?.0;
        }
        (Some(target), None) => {
            let kind = match target.split_once('/') {
                Some((kind, name)) => match find_kind(cluster, kind).await {
                    Ok(kind) => Some((kind, name)),
                    // NAMESPACE/POD
                    Err(_) => None,
                },
                None => None,
            };
            match kind {
                Some((kind, name)) if kind.plural != "pods" => {
                    let namespace = place.namespace(cluster)?;
                    let owner = ask::object(cluster, &kind, &namespace, name).await?;
                    let labels = quarterdeck_core::cluster::forward::selector_of(&owner["spec"]["selector"]);
                    let labels =
                        if labels.is_empty() && kind.plural == "jobs" { format!("job-name={name}") } else { labels };
                    if labels.is_empty() {
                        return Err(Problem::usage("cannot find its pods", "it selects none").on(target.clone()));
                    }
                    let mut question = Question::new(pods_kind, Scope::one(&namespace));
                    question.labels = labels;
                    pods = ask::objects(cluster, &question).await?.0;
                }
                Some((kind, name)) => pods.push(ask::object(cluster, &kind, &place.namespace(cluster)?, name).await?),
                None => {
                    let object = place.object(cluster, "pods", Some(target)).await?;
                    pods.push(ask::object(cluster, &object.kind, &object.namespace, &object.name).await?);
                }
            }
        }
    }
    let mut found = Vec::new();
    for pod in &pods {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_string();
        let container = |name: &str| LogTarget {
            namespace: text("/metadata/namespace").into(),
            pod: text("/metadata/name").into(),
            container: name.into(),
        };
        let names = |field: &str| -> Vec<String> {
            let list = pod["spec"][field].as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|c| c["name"].as_str().map(str::to_string)).collect()
        };
        if arguments.all_containers {
            let all = names("initContainers").into_iter().chain(names("containers"));
            found.extend(all.map(|name| container(&name)));
        } else if let Some(name) = &arguments.container {
            let there = [names("initContainers"), names("containers"), names("ephemeralContainers")].concat();
            if pods.len() == 1 && !there.contains(name) {
                return Err(Problem::new(
                    ProblemKind::NotFound,
                    "cannot find the container",
                    format!("the pod has {}", there.join(", ")),
                )
                .on(name.clone()));
            }
            found.push(container(name));
        } else {
            // What kubectl takes: the annotated default, else the first.
            let default = text("/metadata/annotations/kubectl.kubernetes.io~1default-container");
            let first = names("containers").into_iter().next().unwrap_or_default();
            found.push(container(if default.is_empty() { &first } else { &default }));
        }
    }
    if found.is_empty() {
        return Err(Problem::new(ProblemKind::NotFound, "cannot find pods", "nothing matches")
            .next("`qd get pods` shows what there is"));
    }
    Ok(found)
}
