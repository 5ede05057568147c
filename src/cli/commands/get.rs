//! `qd get`: any kind, with the cells that the server prints.

use crate::arguments::{Common, Form, Printed};
use crate::output::{Paint, Table, line, print, print_value};
use crate::place::{Place, find_kind};
use clap::Args;
use futures::StreamExt;
use quarterdeck_core::ask::{self, Change, Question, ServerRow, ServerTable, cell_text};
use quarterdeck_core::cluster::Cluster;
use quarterdeck_core::resources::{Column, Kind, Level, Query, Scope};
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Kind: plural, singular, short name, or with its group (certificates.cert-manager.io); several with commas
    kind: Option<String>,
    /// Names; KIND/NAME works as well
    names: Vec<String>,
    /// Label selector, matched by the server
    #[arg(short = 'l', long, value_name = "SELECTOR", default_value = "", hide_default_value = true)]
    selector: String,
    /// Field selector, matched by the server
    #[arg(long, value_name = "SELECTOR", default_value = "", hide_default_value = true)]
    field_selector: String,
    /// Filter as on the screen: text, /regex/, !not, or terms such as status!=Ready age<1h restarts>3 ns:team-*
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    filter: String,
    /// Go on printing what changes
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    printed: Printed,
}

/// What was found in one context.
struct Found {
    context: String,
    kind: Kind,
    table: ServerTable,
    objects: Vec<Value>,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open(common)?;
    let Some(typed) = &arguments.kind else {
        return kinds(&place, arguments.printed.output).await;
    };
    let query = arguments.filter.trim();
    let mut asked: Vec<(String, Vec<String>)> = Vec::new();
    match typed.split_once('/') {
        // `apps/v1/deployments` names a kind; `deployments/web` an object.
        Some((kind, name)) if typed.matches('/').count() == 1 => {
            asked.push((kind.into(), vec![name.into()]));
            for more in &arguments.names {
                let (kind, name) = more.split_once('/').ok_or_else(|| {
                    Problem::usage("cannot tell what is meant", format!("`{more}` is no KIND/NAME"))
                        .next("give KIND/NAME each, or KIND NAME NAME")
                })?;
                asked.push((kind.into(), vec![name.into()]));
            }
        }
        _ => asked.extend(typed.split(',').map(|kind| (kind.to_string(), arguments.names.clone()))),
    }
    // All at the same time: a cluster that does not answer delays only itself.
    let wishes = place.contexts.iter().flat_map(|context| asked.iter().map(move |wish| (context, wish)));
    let looks = wishes.map(|(context, (kind, names))| {
        let look = look(&place, context, kind, names, &arguments, query);
        async move { (context.clone(), look.await) }
    });
    let mut found = Vec::new();
    let mut failed: BTreeMap<String, Problem> = BTreeMap::new();
    for (context, looked) in futures::future::join_all(looks).await {
        match looked {
            Ok(mut one) => found.append(&mut one),
            // One cluster that does not answer leaves the others readable.
            Err(problem) if place.many() => {
                if failed.get(&context) != Some(&problem) {
                    eprintln!("qd: {context}: {problem}");
                }
                failed.entry(context).or_insert(problem);
            }
            Err(problem) => return Err(problem),
        }
    }
    let form = arguments.printed.output;
    if form.is_data() {
        let single = asked.len() == 1 && asked[0].1.len() == 1;
        print_data(&place, &found, &failed, single, form);
    } else {
        print_tables(&place, &found, &arguments, common);
    }
    if arguments.watch {
        watch(&place, &found, &arguments, common, query).await?;
    }
    Ok(place.contexts.iter().find_map(|c| failed.get(c)).map_or(0, |p| p.kind.exit_code()))
}

async fn look(
    place: &Place,
    context: &str,
    kind: &str,
    names: &[String],
    arguments: &Arguments,
    query: &str,
) -> Result<Vec<Found>> {
    let cluster = place.session.cluster(context)?;
    let kind = find_kind(&cluster, kind).await?;
    let scope = place.scope(&cluster);
    let mut question = Question::new(kind.clone(), scope.clone());
    question.labels.clone_from(&arguments.selector);
    question.fields.clone_from(&arguments.field_selector);
    let wanted = if names.is_empty() { vec![String::new()] } else { names.to_vec() };
    let mut all = Vec::new();
    for name in wanted {
        question.name.clone_from(&name);
        let (mut table, mut objects) = (ServerTable::default(), Vec::new());
        if arguments.printed.output.is_data() && query.is_empty() {
            let (found, problems) = ask::objects(&cluster, &question).await?;
            (objects, table.problems) = (found, problems);
        } else {
            table = ask::table(&cluster, &question).await?;
            if !query.is_empty() {
                let query = Query::parse(query, &table.columns)?;
                table.filter(&query, cluster.clock().now());
            }
            if arguments.printed.output.is_data() {
                let (found, _) = ask::objects(&cluster, &question).await?;
                let kept: std::collections::BTreeSet<&str> = table.rows.iter().map(|r| &*r.row.meta.uid).collect();
                objects = found
                    .into_iter()
                    .filter(|o| o["metadata"]["uid"].as_str().is_some_and(|u| kept.contains(u)))
                    .collect();
            }
        }
        tell_gaps(&cluster, &kind, &table);
        if !name.is_empty() && table.rows.is_empty() && objects.is_empty() {
            let place = if kind.namespaced { format!("in {scope}") } else { "in the cluster".into() };
            return Err(Problem::new(
                ProblemKind::NotFound,
                format!("cannot find the {}", kind.singular),
                format!("there is none of this name {place}"),
            )
            .on(name)
            .next("-n names its namespace, -A looks in all of them"));
        }
        all.push(Found { context: context.into(), kind: kind.clone(), table, objects });
    }
    Ok(all)
}

/// Says on standard error what the answer does not hold.
fn tell_gaps(cluster: &Cluster, kind: &Kind, table: &ServerTable) {
    if !table.instead_of_all.is_empty() {
        let names = table.instead_of_all.join(", ");
        eprintln!(
            "qd: {} may not be listed over all namespaces of {}; these were asked one by one: {names}",
            kind.plural,
            cluster.context()
        );
    }
    for problem in &table.problems {
        eprintln!("qd: {}", problem.line());
    }
}

fn print_data(place: &Place, found: &[Found], failed: &BTreeMap<String, Problem>, single: bool, form: Form) {
    let list = |items: Vec<&Value>| json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": items });
    let value = if place.many() {
        let contexts: Vec<Value> = place
            .contexts
            .iter()
            .map(|context| {
                let items: Vec<&Value> =
                    found.iter().filter(|f| f.context == *context).flat_map(|f| &f.objects).collect();
                match failed.get(context) {
                    // An empty list would say that there is nothing.
                    Some(problem) => json!({ "context": context, "problem": problem, "items": items }),
                    None => json!({ "context": context, "items": items }),
                }
            })
            .collect();
        json!({ "kind": "ContextList", "contexts": contexts })
    } else {
        let objects: Vec<&Value> = found.iter().flat_map(|f| &f.objects).collect();
        match (single, objects.as_slice()) {
            (true, [one]) => (*one).clone(),
            _ => list(objects),
        }
    };
    print_value(&value, form);
}

/// The columns that are printed, as indexes into the server's.
fn chosen(columns: &[Column], form: Form) -> Vec<usize> {
    (0..columns.len()).filter(|i| form == Form::Wide || !columns[*i].wide).collect()
}

struct Layout {
    context: bool,
    namespace: bool,
    chosen: Vec<usize>,
}

impl Layout {
    fn new(place: &Place, kind: &Kind, scope: &Scope, columns: &[Column], form: Form) -> Self {
        let one = matches!(scope, Scope::Namespaces(set) if set.len() == 1);
        Self { context: place.many(), namespace: kind.namespaced && !one, chosen: chosen(columns, form) }
    }
    fn table(&self, columns: &[Column]) -> Table {
        let mut names: Vec<&str> = Vec::new();
        if self.context {
            names.push("context");
        }
        if self.namespace {
            names.push("namespace");
        }
        names.extend(self.chosen.iter().map(|i| &*columns[*i].name));
        Table::new(&names)
    }
    fn row(&self, context: &str, row: &ServerRow) -> Vec<String> {
        let mut cells = Vec::new();
        if self.context {
            cells.push(clean_line(context).into_owned());
        }
        if self.namespace {
            cells.push(clean_line(&row.namespace).into_owned());
        }
        cells.extend(self.chosen.iter().map(|i| row.cells.get(*i).map(cell_text).unwrap_or_default()));
        cells
    }
}

fn full_name(kind: &Kind, name: &str) -> String {
    let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
    clean_line(&format!("{}{group}/{name}", kind.singular)).into_owned()
}

fn print_tables(place: &Place, found: &[Found], arguments: &Arguments, common: &Common) {
    let form = arguments.printed.output;
    if form == Form::Name {
        for one in found {
            for row in &one.table.rows {
                line(&full_name(&one.kind, &row.name));
            }
        }
        return;
    }
    let paint = Paint::stdout(common.plain);
    let mut empty = true;
    // Rows of one kind stand in one table, from however many contexts.
    let mut kinds: Vec<String> = found.iter().map(|f| f.kind.resource()).collect();
    kinds.dedup();
    let mut done = std::collections::BTreeSet::new();
    for resource in kinds {
        if !done.insert(resource.clone()) {
            continue;
        }
        let parts: Vec<&Found> =
            found.iter().filter(|f| f.kind.resource() == resource && !f.table.rows.is_empty()).collect();
        let Some(first) = parts.first() else { continue };
        if !empty {
            print("\n");
        }
        empty = false;
        let Ok(cluster) = place.session.cluster(&first.context) else { continue };
        let layout = Layout::new(place, &first.kind, &place.scope(&cluster), &first.table.columns, form);
        let mut table = layout.table(&first.table.columns);
        for part in parts {
            for row in &part.table.rows {
                table.row_with(layout.row(&part.context, row), row.row.level);
            }
        }
        print(&table.text(!arguments.printed.no_headers, paint));
    }
    if empty && !arguments.watch {
        eprintln!("No resources found");
    }
}

async fn watch(place: &Place, found: &[Found], arguments: &Arguments, common: &Common, query: &str) -> Result<()> {
    let paint = Paint::stdout(common.plain);
    let form = arguments.printed.output;
    let mut streams = Vec::new();
    for (i, one) in found.iter().enumerate() {
        let cluster = place.session.cluster(&one.context)?;
        let mut question = Question::new(one.kind.clone(), place.scope(&cluster));
        question.labels.clone_from(&arguments.selector);
        question.fields.clone_from(&arguments.field_selector);
        if let [name] = arguments.names.as_slice() {
            question.name.clone_from(name);
        }
        let table = if form.is_data() { ask::table(&cluster, &question).await? } else { one.table.clone() };
        streams.push(ask::changes(&cluster, &question, &table).map(move |c| (i, c)).boxed());
    }
    let mut changes = futures::stream::select_all(streams);
    let mut headed = found.iter().any(|f| !f.table.rows.is_empty());
    while let Some((i, change)) = changes.next().await {
        let Change { verb, columns, row } = change?;
        let one = &found[i];
        let cluster = place.session.cluster(&one.context)?;
        if !Query::parse(query, &columns)?.matches(&row.row, &columns, cluster.clock().now()) {
            continue;
        }
        match form {
            Form::Json | Form::Yaml => {
                let object = match ask::object(&cluster, &one.kind, &row.namespace, &row.name).await {
                    Ok(object) => object,
                    Err(_) => {
                        json!({ "metadata": { "namespace": row.namespace, "name": row.name, "uid": &*row.row.meta.uid } })
                    }
                };
                print_value(&json!({ "type": verb, "context": one.context, "object": object }), form);
            }
            Form::Name => line(&full_name(&one.kind, &row.name)),
            Form::Table | Form::Wide => {
                let layout = Layout::new(place, &one.kind, &place.scope(&cluster), &columns, form);
                let mut table = layout.table(&columns);
                let mut widths = layout.table(&columns).widths();
                for earlier in &one.table.rows {
                    for (width, cell) in widths.iter_mut().zip(layout.row(&one.context, earlier)) {
                        *width = (*width).max(cell.chars().count());
                    }
                }
                let level = if verb == "DELETED" { Level::Off } else { row.row.level };
                table.row_with(layout.row(&one.context, &row), level);
                print(&table.text_with(&widths, !headed && !arguments.printed.no_headers, paint));
                headed = true;
            }
        }
    }
    Ok(())
}

/// The kinds that the server offers.
async fn kinds(place: &Place, form: Form) -> Result<u8> {
    let cluster = place.cluster()?;
    let kinds = cluster.kinds().await?;
    let mut seen = std::collections::BTreeSet::new();
    let listed: Vec<&Kind> = kinds.iter().filter(|k| k.can("list") && seen.insert(k.resource())).collect();
    if form.is_data() {
        let items: Vec<Value> = listed.iter().map(|k| json!(quarterdeck_core::resources::KindInfo::clone(k))).collect();
        print_value(&json!({ "kind": "KindList", "items": items }), form);
        return Ok(0);
    }
    let mut table = Table::new(&["name", "shortnames", "apiversion", "namespaced", "kind"]);
    for kind in listed {
        if form == Form::Name {
            line(&kind.resource());
            continue;
        }
        let cells = [
            kind.plural.clone(),
            kind.short_names.join(","),
            kind.api_version(),
            kind.namespaced.to_string(),
            kind.kind.clone(),
        ];
        table.row(cells.iter().map(|c| clean_line(c).into_owned()).collect());
    }
    if form != Form::Name {
        print(&table.text(true, Paint::default()));
    }
    Ok(0)
}
