//! Questions asked once, for the command line: a list with the server's own cells, objects as they are,
//! a watch told as it comes. Stores are for those who look longer.

use crate::cluster::{Accept, Cluster, Request, Target, status_problem};
use crate::platform::{Operation, revisions};
use crate::resources::ObjectRef;
use crate::resources::columns::{Definition, RawCell, plan, read};
use crate::resources::levels::row_level;
use crate::resources::meta::RawMeta;
use crate::resources::{Cell, Column, Kind, Query, Row, Scope};
use crate::session::Session;
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Objects a page.
const PAGE: &str = "500";

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Question {
    pub kind: Kind,
    pub scope: Scope,
    /// Only the object of this name.
    pub name: String,
    /// Server-side label selector; empty for none.
    pub labels: String,
    /// Server-side field selector; empty for none.
    pub fields: String,
}

impl Question {
    pub fn new(kind: Kind, scope: Scope) -> Self {
        Self { kind, scope, name: String::new(), labels: String::new(), fields: String::new() }
    }

    fn request(&self, namespace: Option<&str>, accept: Accept) -> Request {
        let mut request = Request::list(&self.kind, namespace).accept(accept);
        let named = if self.name.is_empty() { String::new() } else { format!("metadata.name={}", self.name) };
        let fields: Vec<&str> = [named.as_str(), &self.fields].into_iter().filter(|f| !f.is_empty()).collect();
        if !fields.is_empty() {
            request = request.query("fieldSelector", fields.join(","));
        }
        if !self.labels.is_empty() {
            request = request.query("labelSelector", self.labels.clone());
        }
        request
    }
}

/// A row with the cells as the server sent them.
#[derive(Clone, Debug)]
pub struct ServerRow {
    pub namespace: String,
    pub name: String,
    /// Plain JSON values; [`cell_text`] writes them as kubectl does.
    pub cells: Vec<Value>,
    /// The same, read by meaning.
    pub row: Arc<Row>,
}

/// An answer: the server's columns, its rows in its order, and what could not be read.
#[derive(Clone, Debug, Default)]
pub struct ServerTable {
    pub columns: Vec<Column>,
    pub rows: Vec<ServerRow>,
    /// Namespaces that could not be read.
    pub problems: Vec<Problem>,
    /// All namespaces were wanted but may not be listed: these were asked one by one.
    pub instead_of_all: Vec<String>,
    /// What was listed where, and at which version of the store.
    versions: Vec<(Option<String>, String)>,
}

impl ServerTable {
    /// Keeps the rows that match.
    pub fn filter(&mut self, query: &Query, now: i64) {
        self.rows.retain(|r| query.matches(&r.row, &self.columns, now));
    }
}

/// A change that a watch tells.
#[derive(Clone, Debug)]
pub struct Change {
    /// `ADDED`, `MODIFIED`, `DELETED`
    pub verb: String,
    pub columns: Vec<Column>,
    pub row: ServerRow,
}

/// A cell as kubectl prints it: only the first line, marked when there was more.
pub fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => match text.find(['\n', '\r', '\u{c}']) {
            Some(end) => format!("{}...", crate::text::clean_line(&text[..end])),
            None => crate::text::clean_line(text).into_owned(),
        },
        other => crate::text::clean_line(&other.to_string()).into_owned(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPage<'a> {
    #[serde(borrow, default)]
    metadata: RawMeta<'a>,
    #[serde(default)]
    column_definitions: Vec<RawColumn>,
    #[serde(borrow, default)]
    rows: Option<Vec<RawRow<'a>>>,
}

#[derive(Deserialize)]
struct RawColumn {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    data_type: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    priority: i64,
}

#[derive(Deserialize)]
struct RawRow<'a> {
    #[serde(default)]
    cells: Vec<Value>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct WithMeta<'a> {
    #[serde(borrow, default)]
    metadata: RawMeta<'a>,
}

/// Reads Tables of one kind; remembers the columns, which a watch sends once only.
struct Reader {
    kind: Kind,
    now: i64,
    plan: Vec<crate::resources::columns::Plan>,
    columns: Vec<Column>,
}

impl Reader {
    fn new(kind: &Kind, now: i64) -> Self {
        Self { kind: kind.clone(), now, plan: Vec::new(), columns: Vec::new() }
    }

    fn learn(&mut self, columns: &[RawColumn]) {
        if columns.is_empty() {
            return;
        }
        let definition = |c: &'_ RawColumn| Definition {
            name: Cow::Owned(c.name.clone()),
            data_type: Cow::Owned(c.data_type.clone()),
            format: Cow::Owned(c.format.clone()),
            description: Cow::Owned(c.description.clone()),
            priority: c.priority,
        };
        let definitions: Vec<Definition<'static>> = columns.iter().map(definition).collect();
        self.plan = plan(&self.kind, &definitions);
        self.columns = self.plan.iter().map(|p| p.column.clone()).collect();
    }

    fn rows(&self, rows: Vec<RawRow<'_>>) -> Vec<ServerRow> {
        rows.into_iter().map(|r| self.row(r)).collect()
    }

    fn row(&self, raw: RawRow<'_>) -> ServerRow {
        let object: Option<WithMeta<'_>> = serde_json::from_str(raw.object.get()).ok();
        let meta = object.map(|o| o.metadata.keep()).unwrap_or_default();
        let value = |(plan, cell): (&crate::resources::columns::Plan, &Value)| {
            let raw = match cell {
                Value::Null => RawCell::None,
                Value::String(text) => RawCell::Text(Cow::Borrowed(text)),
                Value::Bool(on) => RawCell::Bool(*on),
                Value::Number(n) => n.as_i64().map_or(RawCell::Float(n.as_f64().unwrap_or(0.0)), RawCell::Int),
                other => RawCell::Text(Cow::Owned(other.to_string())),
            };
            read(plan.reading, &raw, &meta, self.now)
        };
        let cells: Box<[Cell]> = self.plan.iter().zip(&raw.cells).map(value).collect();
        let level = row_level(&self.kind, &self.columns, &cells, &meta);
        ServerRow {
            namespace: meta.namespace.to_string(),
            name: meta.name.to_string(),
            cells: raw.cells,
            row: Arc::new(Row { meta, cells, level }),
        }
    }
}

/// The list as the server prints it. Where a namespace of several cannot be read, the others are given.
///
/// # Errors
/// When nothing at all could be read.
pub async fn table(cluster: &Cluster, question: &Question) -> Result<ServerTable> {
    let mut reader = Reader::new(&question.kind, cluster.clock().now());
    let mut answer = ServerTable::default();
    let mut failed = None;
    let places = Request::namespaces_of(&question.kind, &question.scope);
    let all = places == [None] && question.kind.namespaced;
    for place in &places {
        if let Err(problem) = pages(cluster, question, place.as_deref(), &mut reader, &mut answer).await {
            failed = Some(problem.clone());
            answer.problems.push(problem);
        }
    }
    // Who may not list over all namespaces may still list in each of their own.
    if all && failed.as_ref().is_some_and(|p| p.kind == ProblemKind::Forbidden) {
        let own = cluster.namespaces().await;
        let mut each = ServerTable { instead_of_all: own.names.clone(), ..ServerTable::default() };
        for place in &own.names {
            if let Err(problem) = pages(cluster, question, Some(place), &mut reader, &mut each).await {
                each.problems.push(problem);
            }
        }
        if each.problems.len() < own.names.len() {
            each.columns = reader.columns;
            return Ok(each);
        }
    }
    match failed {
        Some(problem) if answer.problems.len() == places.len() => Err(problem),
        _ => {
            answer.columns = reader.columns;
            Ok(answer)
        }
    }
}

async fn pages(
    cluster: &Cluster,
    question: &Question,
    place: Option<&str>,
    reader: &mut Reader,
    into: &mut ServerTable,
) -> Result<()> {
    let mut next = String::new();
    loop {
        let mut request = question.request(place, Accept::Table).query("limit", PAGE);
        if !next.is_empty() {
            request = request.query("continue", next);
        }
        let target = Target::of(&request);
        let body = cluster.call(request).await?;
        let page: RawPage<'_> = serde_json::from_slice(&body).map_err(|e| unreadable(&target, &e))?;
        reader.learn(&page.column_definitions);
        if page.column_definitions.is_empty() && page.rows.is_none() {
            return Err(Problem::new(ProblemKind::Server, target.what(), "the server gives no tables of this kind")
                .next("ask for it as JSON: -o json"));
        }
        into.rows.extend(reader.rows(page.rows.unwrap_or_default()));
        next = page.metadata.continue_.to_string();
        if next.is_empty() {
            into.versions.push((place.map(str::to_string), page.metadata.resource_version.to_string()));
            return Ok(());
        }
    }
}

fn unreadable(target: &Target, error: &serde_json::Error) -> Problem {
    Problem::new(ProblemKind::Server, target.what(), format!("the answer cannot be read: {error}"))
}

/// Objects as the server has them, managedFields left out as kubectl does, values of Secrets masked.
///
/// # Errors
/// As [`table`].
pub async fn objects(cluster: &Cluster, question: &Question) -> Result<(Vec<Value>, Vec<Problem>)> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut places = Request::namespaces_of(&question.kind, &question.scope);
    let all = places == [None] && question.kind.namespaced;
    let mut at = 0;
    while let Some(place) = places.get(at).cloned() {
        at += 1;
        match object_pages(cluster, question, place.as_deref(), &mut found).await {
            Ok(()) => {}
            Err(p) if all && place.is_none() && p.kind == ProblemKind::Forbidden => {
                problems.push(p);
                places.extend(cluster.namespaces().await.names.into_iter().map(Some));
            }
            Err(p) => problems.push(p),
        }
    }
    match problems.first() {
        Some(first) if problems.len() == places.len() => Err(first.clone()),
        _ => Ok((found, problems)),
    }
}

async fn object_pages(
    cluster: &Cluster,
    question: &Question,
    place: Option<&str>,
    into: &mut Vec<Value>,
) -> Result<()> {
    let mut next = String::new();
    loop {
        let mut request = question.request(place, Accept::Json).query("limit", PAGE);
        if !next.is_empty() {
            request = request.query("continue", next);
        }
        let mut page: Value = cluster.json(request).await?;
        if let Value::Array(items) = page["items"].take() {
            for mut item in items {
                // Items of a list do not say what they are.
                if let Value::Object(map) = &mut item {
                    map.shift_insert(0, "apiVersion".into(), question.kind.api_version().into());
                    map.shift_insert(1, "kind".into(), question.kind.kind.clone().into());
                }
                into.push(presentable(&item));
            }
        }
        next = page["metadata"]["continue"].as_str().unwrap_or_default().to_string();
        if next.is_empty() {
            return Ok(());
        }
    }
}

fn presentable(object: &Value) -> Value {
    crate::resources::yaml::presentable(object, crate::resources::yaml::YamlOptions::default())
}

/// One object by name.
///
/// # Errors
/// When there is none, or it may not be read.
pub async fn object(cluster: &Cluster, kind: &Kind, namespace: &str, name: &str) -> Result<Value> {
    let place = kind.namespaced.then_some(namespace);
    let object: Value = cluster.json(Request::get(kind.path(place, Some(name), None))).await?;
    Ok(presentable(&object))
}

/// Changes from now on, after [`table`] gave what was there. Goes on through cuts; ends only with the caller.
pub fn changes(cluster: &Cluster, question: &Question, seen: &ServerTable) -> BoxStream<'static, Result<Change>> {
    let streams = seen.versions.iter().map(|(place, version)| {
        one_place(cluster.clone(), question.clone(), place.clone(), version.clone(), seen.columns.clone()).boxed()
    });
    futures::stream::select_all(streams).boxed()
}

type Lines = BoxStream<'static, Result<bytes::Bytes>>;

struct Watch {
    cluster: Cluster,
    question: Question,
    place: Option<String>,
    version: String,
    reader: Reader,
    lines: Option<Lines>,
}

fn one_place(
    cluster: Cluster,
    question: Question,
    place: Option<String>,
    version: String,
    columns: Vec<Column>,
) -> impl futures::Stream<Item = Result<Change>> + Send {
    let mut reader = Reader::new(&question.kind, cluster.clock().now());
    reader.columns = columns;
    let watch = Watch { cluster, question, place, version, reader, lines: None };
    futures::stream::unfold(Some(watch), |state| async move {
        let mut watch = state?;
        match watch.next().await {
            Ok(change) => Some((Ok(change), Some(watch))),
            Err(problem) => Some((Err(problem), None)),
        }
    })
}

impl Watch {
    async fn next(&mut self) -> Result<Change> {
        loop {
            let Some(lines) = &mut self.lines else {
                let request = self.question.request(self.place.as_deref(), Accept::Table).query("watch", "true");
                let request =
                    request.query("allowWatchBookmarks", "true").query("resourceVersion", self.version.clone());
                match self.cluster.lines(request).await {
                    Ok(lines) => self.lines = Some(lines),
                    Err(p) if p.kind == ProblemKind::Unreachable => self.cluster.reconnected().await,
                    Err(p) => return Err(p),
                }
                continue;
            };
            let line = match lines.next().await {
                Some(Ok(line)) => line,
                // Cut or ended: watched on from where it was.
                Some(Err(_)) | None => {
                    self.lines = None;
                    continue;
                }
            };
            if let Some(change) = self.take(&line)? {
                return Ok(change);
            }
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<Change>> {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(rename = "type")]
            verb: String,
            #[serde(borrow)]
            object: &'a RawValue,
        }
        let target = Target::of(&self.question.request(self.place.as_deref(), Accept::Table).query("watch", "true"));
        let event: Event<'_> = serde_json::from_slice(line).map_err(|e| unreadable(&target, &e))?;
        if event.verb == "ERROR" {
            return Err(status_problem(&target, 500, None, event.object.get().as_bytes()));
        }
        let page: RawPage<'_> = serde_json::from_str(event.object.get()).map_err(|e| unreadable(&target, &e))?;
        self.reader.learn(&page.column_definitions);
        let Some(raw) = page.rows.unwrap_or_default().into_iter().next() else { return Ok(None) };
        let row = self.reader.row(raw);
        if !row.row.meta.resource_version.is_empty() {
            self.version = row.row.meta.resource_version.to_string();
        }
        // A bookmark's row is blank.
        if event.verb == "BOOKMARK" {
            return Ok(None);
        }
        Ok(Some(Change { verb: event.verb, columns: self.reader.columns.clone(), row }))
    }
}

impl Session {
    /// The revisions of Deployments: their ReplicaSets, the latest first.
    pub async fn revisions(&self, context: &str, deployments: &[ObjectRef]) -> Result<Vec<Operation>> {
        let cluster = self.cluster(context)?;
        let mut namespaces: Vec<&str> = deployments.iter().map(|d| &*d.namespace).collect();
        namespaces.dedup();
        let mut sets = Vec::new();
        for namespace in namespaces {
            let path = format!("/apis/apps/v1/namespaces/{namespace}/replicasets");
            let mut list: Value = cluster.json(Request::get(path).query("limit", "500")).await?;
            if let Value::Array(items) = list["items"].take() {
                sets.extend(items);
            }
        }
        Ok(revisions::of(deployments, &sets))
    }
}
