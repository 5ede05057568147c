//! `qd apps`, `tenants`, `certs`, `routes`: the platform as the people who run it think of it.

use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, Table, line, print, print_value};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::platform::AppView;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Meta, Query, Row, Scope, Verdict};
use quarterdeck_core::routes::RouteView;
use quarterdeck_core::tenants::TenantView;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{ProblemKind, Result};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long the first lists may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only those of these names (or hosts)
    names: Vec<String>,
    /// Filter as on the screen: text, /regex/, !not, or terms such as state!=Ready level:bad ns:team-*
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    filter: String,
    #[command(flatten)]
    pub(super) printed: Printed,
}

/// `qd apps` has more to ask for than the others.
#[derive(Debug, Args)]
pub struct AppArguments {
    /// The order in which the platform comes up, and what holds it up; ends with 1 when something does
    #[arg(long, conflicts_with_all = ["names", "filter"])]
    pub(super) stages: bool,
    #[command(flatten)]
    pub(super) listed: Arguments,
}

/// Which of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Apps,
    Tenants,
    Certs,
    Routes,
}

/// An answer's line: what is printed, and what it is as data.
struct Line {
    namespaces: Vec<String>,
    name: String,
    /// Other names that it can be asked for by.
    aliases: Vec<String>,
    verdict: Verdict,
    cells: Vec<String>,
    data: Value,
}

pub async fn run(view: View, arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open(common)?;
    let mut table_lines = Vec::new();
    let mut lists = Vec::new();
    let (seen, failed) = answering(&place).await?;
    for (context, overview) in &seen {
        let cluster = place.session.cluster(context)?;
        let lines = chosen(view, overview, &arguments, &place.wide_scope(&cluster), overview.at)?;
        lists.push(json!({ "context": context, "items": lines.iter().map(|l| &l.data).collect::<Vec<_>>() }));
        table_lines.extend(lines.into_iter().map(|l| (context.clone(), l)));
    }
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let kind = match view {
                View::Apps => "AppList",
                View::Tenants => "TenantList",
                View::Certs => "CertificateList",
                View::Routes => "RouteList",
            };
            let value = match lists.as_slice() {
                [one] if !place.many() => json!({ "kind": kind, "context": one["context"], "items": one["items"] }),
                _ => json!({ "kind": kind, "contexts": lists }),
            };
            print_value(&value, form);
        }
        Form::Name => table_lines.iter().for_each(|(_, l)| line(&l.name)),
        form => {
            let mut names = columns(view, form);
            if place.many() {
                names.insert(0, "context");
            }
            let mut table = Table::new(&names);
            for (context, one) in &table_lines {
                let mut cells = if place.many() { vec![clean_line(context).into_owned()] } else { Vec::new() };
                let shown = columns(view, form).len();
                cells.extend(one.cells.iter().take(shown).cloned());
                table.row_with(cells, one.verdict.level);
            }
            if table.is_empty() {
                eprintln!("Nothing found");
            } else {
                print(&table.text(!arguments.printed.no_headers, Paint::stdout(common.plain)));
            }
        }
    }
    Ok(failed)
}

/// The platforms of all contexts, asked for at the same time: one that does not answer delays only itself.
pub(super) async fn overviews(place: &Place) -> Vec<(String, Result<Arc<Overview>>)> {
    let asked = place.contexts.iter().map(|context| async move { (context.clone(), overview(place, context).await) });
    futures::future::join_all(asked).await
}

/// The platforms of all contexts that answer, and the exit code of one that does not (0: all do), which is told on
/// standard error: a cluster that cannot be looked at is no healthy cluster.
///
/// # Errors
/// With one context its problem is the answer.
pub(super) async fn answering(place: &Place) -> Result<(Vec<(String, Arc<Overview>)>, u8)> {
    let (mut seen, mut failed) = (Vec::new(), 0);
    for (context, answer) in overviews(place).await {
        match answer {
            Ok(overview) => seen.push((context, overview)),
            Err(problem) if place.many() => {
                eprintln!("qd: {context}: {problem}");
                failed = problem.kind.exit_code();
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok((seen, failed))
}

/// The platform of a context once its first lists are there. What is missing is told on standard error.
pub(super) async fn overview(place: &Place, context: &str) -> Result<Arc<Overview>> {
    let cluster = place.session.cluster(context)?;
    // Fails at once where nobody answers, instead of after the patience is over.
    cluster.kinds().await?;
    let handle = place.session.overview(context)?;
    let loaded = async {
        while !handle.get().loaded {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, loaded).await;
    let overview = handle.get();
    if !overview.loaded {
        let why = format!("the first lists did not come within {} s", PATIENCE.as_secs());
        eprintln!("qd: {context}: {why}; what follows is not all");
    }
    for source in overview.partial() {
        let why = source.problems.first().map(|p| p.why.clone()).unwrap_or_default();
        eprintln!(
            "qd: {context}: {} could not be read{}{why}",
            source.resource,
            if why.is_empty() { "" } else { ": " }
        );
    }
    let refused = overview.partial().flat_map(|s| &s.problems).find(|p| p.kind == ProblemKind::Unauthenticated);
    match refused {
        Some(problem) => Err(problem.clone()),
        None => Ok(overview),
    }
}

fn columns(view: View, form: Form) -> Vec<&'static str> {
    let mut names = match view {
        View::Apps => vec!["name", "type", "state", "ready", "version", "declared", "namespace", "why"],
        View::Tenants => vec!["name", "state", "ready", "certs", "findings", "namespaces", "why"],
        View::Certs => vec!["namespace", "name", "state", "expires", "renews", "issuer", "hosts", "why"],
        View::Routes => vec!["host", "path", "state", "tls", "backend", "ready", "namespace", "name", "why"],
    };
    if form == Form::Wide {
        names.extend(match view {
            View::Apps => ["sync", "health", "chart", "tenant", "needs", "url", "next"].as_slice(),
            View::Tenants => &["hosts", "quota", "next"],
            View::Certs => &["secret", "used by", "code", "next"],
            View::Routes => &["kind", "entry", "middlewares", "code", "next"],
        });
    }
    names
}

fn chosen(view: View, overview: &Overview, arguments: &Arguments, scope: &Scope, now: i64) -> Result<Vec<Line>> {
    let mut lines: Vec<Line> = match view {
        View::Apps => overview.apps_listed().into_iter().map(app).collect(),
        View::Tenants => overview.tenants.iter().map(tenant).collect(),
        View::Certs => overview.certificates.iter().map(|c| certificate(c, now)).collect(),
        View::Routes => overview.routes.iter().map(route).collect(),
    };
    if *scope != Scope::All {
        lines.retain(|l| l.namespaces.iter().any(|n| scope.contains(n)));
    }
    if !arguments.names.is_empty() {
        lines.retain(|l| arguments.names.iter().any(|n| *n == l.name || l.aliases.contains(n)));
    }
    if !arguments.filter.trim().is_empty() {
        let columns: Vec<Column> = columns(view, Form::Wide).into_iter().map(column).collect();
        let query = Query::parse(arguments.filter.trim(), &columns)?;
        lines.retain(|l| query.matches(&row(l), &columns, now));
    }
    Ok(lines)
}

fn column(name: &str) -> Column {
    Column {
        name: name.into(),
        column_type: ColumnType::Text,
        wide: false,
        importance: 0,
        min_width: 4,
        description: "".into(),
    }
}

fn row(line: &Line) -> Row {
    let meta = Meta {
        namespace: line.namespaces.first().map(String::as_str).unwrap_or_default().into(),
        name: line.name.as_str().into(),
        ..Meta::default()
    };
    let cells = line.cells.iter().map(|c| Cell::Text(c.as_str().into())).collect();
    Row { meta, cells, level: line.verdict.level }
}

fn data(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn texts<T: AsRef<str>>(list: &[T]) -> Vec<String> {
    list.iter().map(|t| t.as_ref().to_string()).collect()
}

fn cells(list: Vec<String>) -> Vec<String> {
    list.into_iter().map(|c| clean_line(&c).into_owned()).collect()
}

fn state(verdict: &Verdict) -> String {
    format!("{} {}", mark(verdict.level), verdict.word)
}

fn app(a: &AppView) -> Line {
    let types: Vec<&str> = a.types.iter().map(|t| t.word()).collect();
    Line {
        namespaces: texts(&a.namespaces),
        name: a.name.to_string(),
        aliases: vec![a.title.clone()],
        verdict: a.verdict.clone(),
        cells: cells(vec![
            a.name.to_string(),
            types.join(","),
            state(&a.verdict),
            format!("{}/{}", a.ready, a.total),
            a.version.to_string(),
            a.declared.to_string(),
            texts(&a.namespaces).join(","),
            a.verdict.why.clone(),
            a.sync.to_string(),
            a.health.to_string(),
            a.chart.clone(),
            a.tenant.as_deref().unwrap_or_default().to_owned(),
            texts(&a.needs).join(","),
            a.url.clone().unwrap_or_default(),
            a.verdict.next.clone(),
        ]),
        data: data(a),
    }
}

fn tenant(t: &TenantView) -> Line {
    let quota = t.fullest.map(|f| format!("{:.0}%", f * 100.0)).unwrap_or_default();
    Line {
        namespaces: texts(&t.namespaces),
        name: t.name.to_string(),
        aliases: texts(&t.namespaces),
        verdict: t.verdict.clone(),
        cells: cells(vec![
            t.name.to_string(),
            state(&t.verdict),
            format!("{}/{}", t.ready, t.total),
            format!("{}/{}", t.certificates_ready, t.certificates),
            t.findings.to_string(),
            texts(&t.namespaces).join(","),
            t.verdict.why.clone(),
            texts(&t.hosts).join(","),
            quota,
            t.verdict.next.clone(),
        ]),
        data: data(t),
    }
}

/// `in 23d`, or `5d ago` for what is over.
pub(super) fn away(at: Option<i64>, now: i64) -> String {
    match at {
        None => String::new(),
        Some(at) if at >= now => format!("in {}", human_duration(at - now)),
        Some(at) => format!("{} ago", human_duration(now - at)),
    }
}

fn certificate(c: &CertificateView, now: i64) -> Line {
    Line {
        namespaces: vec![c.namespace.to_string()],
        name: c.name.to_string(),
        aliases: [texts(&c.hosts), vec![format!("{}/{}", c.namespace, c.name)]].concat(),
        verdict: c.verdict.clone(),
        cells: cells(vec![
            c.namespace.to_string(),
            c.name.to_string(),
            state(&c.verdict),
            away(c.not_after, now),
            away(c.renewal_time, now),
            c.issuer.name.to_string(),
            texts(&c.hosts).join(","),
            c.verdict.why.clone(),
            c.secret.to_string(),
            texts(&c.used_by).join(","),
            c.code.unwrap_or_default().to_string(),
            c.verdict.next.clone(),
        ]),
        data: data(c),
    }
}

fn route(r: &RouteView) -> Line {
    let backends: Vec<String> = r.backends.iter().map(|b| format!("{}:{}", b.name, b.port)).collect();
    let middlewares: Vec<String> = r.middlewares.iter().map(|m| m.name.to_string()).collect();
    let tls = if r.tls.secret.is_empty() { r.tls.mode.to_string() } else { r.tls.secret.to_string() };
    Line {
        namespaces: vec![r.namespace.to_string()],
        name: r.host.to_string(),
        aliases: vec![r.name.to_string(), format!("{}/{}", r.namespace, r.name)],
        verdict: r.verdict.clone(),
        cells: cells(vec![
            r.host.to_string(),
            r.path.to_string(),
            state(&r.verdict),
            tls,
            backends.join(","),
            format!("{}/{}", r.ready, r.total),
            r.namespace.to_string(),
            r.name.to_string(),
            r.verdict.why.clone(),
            r.kind.clone(),
            r.entry.to_string(),
            middlewares.join(","),
            r.code.unwrap_or_default().to_string(),
            r.verdict.next.clone(),
        ]),
        data: data(r),
    }
}
