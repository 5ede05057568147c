//! Backup: the data directory of an app, streamed out of its pod into a local file and looked through on the way.

use super::action::{Action, Arg, ArgKind, Asked, Carried, Proposal, Target, Work};
use super::plan::{DiffLine, DryRun, Effect, Risk, Step};
use super::stream_out;
use crate::cluster::{Method, Request, Right};
use crate::platform::Profile;
use crate::resources::family::pod_selector;
use crate::resources::{Kind, ObjectRef};
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See [`Action::help`].
pub struct Backup;

const ARGS: &[Arg] = &[
    Arg {
        name: "path",
        kind: ArgKind::Text,
        help: "the directory in the container; without it what the platform's profile says",
        required: false,
    },
    Arg {
        name: "file",
        kind: ArgKind::Text,
        help: "the local file to write; without it NAME-TIME.tar here. It is never overwritten",
        required: false,
    },
    Arg {
        name: "container",
        kind: ArgKind::Text,
        help: "the container; without it the one that mounts the path",
        required: false,
    },
];

/// What is done after the file is written, from `config.toml`.
#[derive(Default, serde::Deserialize)]
struct File {
    #[serde(default)]
    backup: Section,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Program and arguments; `{file}` stands for the file, which is the last argument where it is not named.
    #[serde(default)]
    upload: Vec<String>,
}

/// The command that takes a finished backup elsewhere; empty when none is configured.
fn upload(config: Option<&Path>) -> Result<Vec<String>> {
    let Some(path) = config else { return Ok(Vec::new()) };
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(Vec::new()) };
    let file: File = toml::from_str(&text).map_err(|e| {
        Problem::config("cannot read [backup] of the configuration", e.message()).on(path.display().to_string())
    })?;
    Ok(file.backup.upload)
}

fn is_pod(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.plural == "pods"
}

/// Where the data of an object is, by the first profile that says so.
fn known_path(object: &Value, platforms: &[Arc<Profile>]) -> Option<String> {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    platforms.iter().flat_map(|p| &p.apps).find_map(|app| {
        let backup = app.backup.as_ref()?;
        let named = backup.workload == text("name")
            || object["kind"] == "Pod" && text("name").starts_with(&format!("{}-", backup.workload));
        (named && app.namespaces.iter().any(|n| n == text("namespace"))).then(|| backup.path.clone())
    })
}

#[async_trait::async_trait]
impl Action for Backup {
    fn name(&self) -> &'static str {
        "backup"
    }
    fn title(&self) -> &'static str {
        "Back up"
    }
    fn help(&self) -> &'static str {
        "Copy a data directory out of a pod into a local file, and check it."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_pod(kind) || kind.group == "apps" && matches!(kind.plural.as_str(), "deployments" | "statefulsets")
    }
    fn many(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![
            Right::new("list", "", "pods", &target.namespace),
            Right::new("create", "", "pods/exec", &target.namespace),
        ]
    }
    fn args(&self) -> &'static [Arg] {
        ARGS
    }
    fn default_on(&self, arg: &str, object: &Value, platforms: &[Arc<Profile>]) -> Option<String> {
        (arg == "path").then(|| known_path(object, platforms)).flatten()
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let Some(target) = asked.targets.first() else { return Err(Problem::usage("cannot plan backup", "no object")) };
        let path = asked.args.get("path").map(str::to_owned).or_else(|| known_path(&target.object, asked.platforms));
        let path = path.filter(|p| p.starts_with('/') && p.len() > 1).ok_or_else(|| {
            Problem::usage("cannot plan backup", "no directory in the container is named")
                .on(target.reference.to_string())
                .next("give --path /data, or whatever holds the data; a platform profile can say it (backup:)")
        })?;
        let file = local_file(asked.args.get("file"), &target.reference.name, asked.now)?;
        let pod = pod_of(&asked, target).await?;
        let container = match asked.args.get("container") {
            Some(name) => name.to_owned(),
            None => container_at(&pod, &path),
        };
        let upload = upload(asked.config)?;
        let mut warnings =
            vec!["the file holds the app's data as it is, with its secrets: only you may read it".into()];
        warnings.push("without sqlite3 in the container, a database that is written to meanwhile may be torn".into());
        if let Some(program) = upload.first() {
            warnings.push(format!("afterwards {} takes it elsewhere", clean_line(program)));
        }
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let mut object = ObjectRef::new(Kind::of("", "v1", "Pod", "pods", true), &target.reference.namespace, &name);
        object.uid = pod["metadata"]["uid"].as_str().unwrap_or_default().into();
        let shown = file.display().to_string();
        let step = Step {
            title: format!("stream {path} out of container {container}"),
            effect: Effect {
                method: Method::Post,
                path: object.path(Some("exec")),
                query: Vec::new(),
                body: Some(
                    json!({"kind": stream_out::KIND, "container": container, "path": path, "file": shown, "upload": upload}),
                ),
            },
            diff: vec![DiffLine {
                path: "local file".into(),
                before: None,
                after: Some(clean_line(&shown).into_owned()),
            }],
            dry_run: DryRun::Skipped("nothing in the cluster changes".into()),
            undo: None,
            current: Value::Null.into(),
            object,
        };
        Ok(Proposal {
            title: format!("Back up {path} of {}", target.reference),
            steps: vec![step],
            risk: Risk::None,
            warnings,
            undo: String::new(),
        })
    }
    fn carries(&self, _step: &Step) -> bool {
        true
    }
    /// Nothing of the app is changed.
    fn may_be_reverted(&self) -> bool {
        false
    }
    async fn carry(&self, work: &Work<'_>) -> Result<Carried> {
        stream_out::stream_out(work).await
    }
}

/// The file to write; one that is there already is a conflict.
fn local_file(given: Option<&str>, name: &str, now: i64) -> Result<PathBuf> {
    let file = match given {
        Some(file) => PathBuf::from(file),
        None => {
            let time: String = crate::clock::format_time(now).chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            PathBuf::from(format!("{name}-{time}.tar"))
        }
    };
    let file = std::path::absolute(&file).map_err(|e| Problem::io("cannot tell where to write", &e))?;
    if file.exists() {
        return Err(Problem::new(ProblemKind::Conflict, "nothing was written", "there is a file of this name")
            .on(file.display().to_string())
            .next("give another --file"));
    }
    Ok(file)
}

/// The pod itself, or a running pod of the workload, a ready one first.
async fn pod_of(asked: &Asked<'_>, target: &Target) -> Result<Value> {
    if is_pod(&target.reference.kind) {
        return Ok(target.object.clone());
    }
    let kind = Kind::of("", "v1", "Pod", "pods", true);
    let selector = pod_selector(&target.object).unwrap_or_default();
    let request = Request::list(&kind, target.reference.namespace()).query("labelSelector", selector);
    let list: Value = asked.cluster.json(request).await?;
    let ready = |pod: &Value| {
        pod["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|c| c["type"] == "Ready" && c["status"] == "True")
    };
    let mut pods: Vec<&Value> = list["items"].as_array().into_iter().flatten().collect();
    pods.retain(|p| p["status"]["phase"] == "Running" && p["metadata"]["deletionTimestamp"].is_null());
    pods.sort_by_key(|p| (!ready(p), p["metadata"]["name"].as_str().unwrap_or_default().to_owned()));
    pods.first().map(|p| (*p).clone()).ok_or_else(|| {
        Problem::new(ProblemKind::Invalid, "cannot back up", "no pod of it runs")
            .on(target.reference.to_string())
            .next("look at its pods; a volume's snapshot needs no pod")
    })
}

/// The container that mounts the path, else the first.
fn container_at(pod: &Value, path: &str) -> String {
    let containers = || pod["spec"]["containers"].as_array().into_iter().flatten();
    let mounts = |c: &Value| {
        let mounts = c["volumeMounts"].as_array().cloned().unwrap_or_default();
        mounts.iter().filter_map(|m| m["mountPath"].as_str()).any(|m| path == m || path.starts_with(&format!("{m}/")))
    };
    let chosen = containers().find(|c| mounts(c)).or_else(|| containers().next());
    chosen.and_then(|c| c["name"].as_str()).unwrap_or_default().to_owned()
}
