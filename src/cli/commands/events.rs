//! `qd events`: what the cluster tells happened, the latest last.

use crate::arguments::{Common, Printed};
use crate::output::{Paint, Table, print, print_value};
use crate::place::{Place, find_kind};
use clap::Args;
use futures::StreamExt;
use quarterdeck_core::Result;
use quarterdeck_core::ask::{self, Question};
use quarterdeck_core::clock::{human_duration, parse_time};
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only those about this object, as KIND/NAME
    #[arg(long = "for", value_name = "KIND/NAME")]
    about: Option<String>,
    /// Only of these types (Normal, Warning)
    #[arg(long, value_delimiter = ',', value_name = "TYPE")]
    types: Vec<String>,
    /// Go on printing what comes
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    printed: Printed,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open(common)?;
    let form = arguments.printed.output;
    let mut found: Vec<(String, Value)> = Vec::new();
    // All at the same time: a cluster that does not answer delays only itself.
    let looks = place.contexts.iter().map(|context| async {
        let look = async {
            let question = question(&arguments, &place, context).await?;
            ask::objects(&place.session.cluster(context)?, &question).await
        };
        (context.clone(), look.await)
    });
    let (mut answering, mut failed) = (Vec::new(), 0);
    for (context, looked) in futures::future::join_all(looks).await {
        match looked {
            Ok((events, problems)) => {
                problems.iter().for_each(|p| eprintln!("qd: {}", p.line()));
                let events = events.into_iter().filter(|e| wanted(&arguments, e));
                found.extend(events.map(|e| (context.clone(), e)));
                answering.push(context);
            }
            Err(problem) if place.many() => {
                eprintln!("qd: {context}: {problem}");
                failed = if failed == 0 { problem.kind.exit_code() } else { failed };
            }
            Err(problem) => return Err(problem),
        }
    }
    found.sort_by_key(|(_, e)| when(e));
    let now = place.session.clock().now();
    if form.is_data() {
        let items: Vec<&Value> = found.iter().map(|(_, e)| e).collect();
        print_value(&json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": items }), form);
    } else {
        let mut table = header(&place);
        for (context, event) in &found {
            table.row_with(row(&place, context, event, now), level(event));
        }
        if table.is_empty() && !arguments.watch {
            eprintln!("No events found");
        } else {
            print(&table.text(!arguments.printed.no_headers, Paint::stdout(common.plain)));
        }
        if arguments.watch {
            watch(&arguments, &place, &answering, common, &table.widths()).await?;
        }
    }
    Ok(failed)
}

async fn question(arguments: &Arguments, place: &Place, context: &str) -> Result<Question> {
    let cluster = place.session.cluster(context)?;
    let kind = find_kind(&cluster, "events").await?;
    let mut question = Question::new(kind, place.scope(&cluster));
    if let Some(about) = &arguments.about {
        let object = place.object(&cluster, about, None).await?;
        question.fields = format!("involvedObject.name={},involvedObject.kind={}", object.name, object.kind.kind);
    }
    Ok(question)
}

async fn watch(
    arguments: &Arguments,
    place: &Place,
    contexts: &[String],
    common: &Common,
    widths: &[usize],
) -> Result<()> {
    let mut streams = Vec::new();
    for context in contexts {
        let cluster = place.session.cluster(context)?;
        let question = question(arguments, place, context).await?;
        let seen = ask::table(&cluster, &question).await?;
        let context = context.clone();
        let kind = question.kind.clone();
        let changes = ask::changes(&cluster, &question, &seen);
        streams.push(changes.map(move |c| (context.clone(), cluster.clone(), kind.clone(), c)).boxed());
    }
    let mut changes = futures::stream::select_all(streams);
    while let Some((context, cluster, kind, change)) = changes.next().await {
        let change = change?;
        if change.verb == "DELETED" {
            continue;
        }
        let Ok(event) = ask::object(&cluster, &kind, &change.row.namespace, &change.row.name).await else { continue };
        if wanted(arguments, &event) {
            let mut table = header(place);
            table.row_with(row(place, &context, &event, place.session.clock().now()), level(&event));
            print(&table.text_with(widths, false, Paint::stdout(common.plain)));
        }
    }
    Ok(())
}

fn wanted(arguments: &Arguments, event: &Value) -> bool {
    arguments.types.is_empty()
        || arguments.types.iter().any(|t| event["type"].as_str().is_some_and(|e| e.eq_ignore_ascii_case(t)))
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// When it was seen last: the fields that the two API groups write.
fn when(event: &Value) -> i64 {
    let fields =
        ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    fields.iter().find_map(|f| parse_time(text(event, f))).unwrap_or(0)
}

fn level(event: &Value) -> Level {
    if text(event, "/type") == "Warning" { Level::Warn } else { Level::Good }
}

fn header(place: &Place) -> Table {
    let mut names = vec!["namespace", "last seen", "type", "reason", "object", "count", "message"];
    if place.many() {
        names.insert(0, "context");
    }
    Table::new(&names)
}

fn row(place: &Place, context: &str, event: &Value, now: i64) -> Vec<String> {
    let object =
        format!("{}/{}", text(event, "/involvedObject/kind").to_lowercase(), text(event, "/involvedObject/name"));
    let count = event.pointer("/series/count").or(event.get("count")).and_then(Value::as_i64).unwrap_or(1);
    let mut cells = vec![
        text(event, "/metadata/namespace").to_string(),
        human_duration(now - when(event)),
        text(event, "/type").to_string(),
        text(event, "/reason").to_string(),
        object,
        count.to_string(),
        text(event, "/message").trim().to_string(),
    ];
    if place.many() {
        cells.insert(0, context.to_string());
    }
    cells.iter().map(|c| clean_line(c).into_owned()).collect()
}
