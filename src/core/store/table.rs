//! A watched table of any kind: rows from the server's own columns (`as=Table`).

use super::decode::{Decode, Line, Page, RawStatus, bookmark, unreadable};
use super::registry::Share;
use super::shelf::{Item, Shelf};
use super::{Freshness, TableView};
use crate::clock::Clock;
use crate::cluster::Accept;
use crate::event::Listener;
use crate::resources::columns::{self, Definition, Plan, RawCell};
use crate::resources::levels::row_level;
use crate::resources::meta::{Lent, RawMeta};
use crate::resources::row::RowArc;
use crate::resources::{Cell, Column, Kind, Level, Meta, Row, Scope};
use crate::{Problem, Result};
use arc_swap::ArcSwap;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Which table is wanted. Equal requests share one store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableRequest {
    pub kind: Kind,
    pub scope: Scope,
    /// Server-side label selector; empty for none.
    pub labels: String,
    /// Server-side field selector; empty for none.
    pub fields: String,
}

impl TableRequest {
    pub fn new(kind: Kind, scope: Scope) -> Self {
        Self { kind, scope, labels: String::new(), fields: String::new() }
    }
}

impl Item for Row {
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn level(&self) -> Level {
        self.level
    }
}

/// The columns of a table as far as they are known.
pub(crate) type SharedColumns = Arc<ArcSwap<Vec<Column>>>;

pub(crate) struct TableData {
    pub(crate) request: TableRequest,
    pub(crate) shelf: Arc<Shelf<Row>>,
    pub(crate) columns: SharedColumns,
    pub(crate) clock: Clock,
}

impl TableData {
    pub(crate) fn new(request: TableRequest, feeds: usize, listener: Option<Listener>, clock: Clock) -> Self {
        Self { request, shelf: Arc::new(Shelf::new(feeds, listener)), columns: SharedColumns::default(), clock }
    }
}

/// A share in a store. The store lingers for a minute after the last share is dropped.
#[derive(Clone)]
pub struct TableHandle {
    pub(crate) data: Arc<TableData>,
    #[allow(dead_code)]
    pub(crate) share: Arc<Share>,
}

impl TableHandle {
    pub fn request(&self) -> &TableRequest {
        &self.data.request
    }
    /// Grows with every change of the rows or the freshness.
    pub fn version(&self) -> u64 {
        self.data.shelf.version()
    }
    /// Tells the version as it grows, for those who wait: `changed().await`.
    pub fn subscribe(&self) -> tokio::sync::watch::Receiver<u64> {
        self.data.shelf.subscribe()
    }
    pub fn freshness(&self) -> Freshness {
        self.data.shelf.freshness()
    }
    /// Namespaces of the scope that could not be read, each with its reason.
    pub fn partial(&self) -> Vec<Problem> {
        self.data.shelf.partial()
    }
    /// How often it is listed again, in seconds, where the server or the user's rights do not let it be watched.
    pub fn polled(&self) -> Option<u64> {
        self.data.shelf.polled()
    }
    /// Empty before the first answer.
    pub fn columns(&self) -> Arc<[Column]> {
        self.data.columns.load().as_slice().into()
    }
    /// Rows in the store, filtered or not.
    pub fn len(&self) -> usize {
        self.data.shelf.read().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Rows of a level in the store, filtered or not.
    pub fn count(&self, level: Level) -> usize {
        self.data.shelf.read().count(level)
    }
    /// The row of this UID.
    pub fn row(&self, uid: &str) -> Option<RowArc> {
        let rows = self.data.shelf.read();
        rows.at(rows.place_of(uid)?).cloned()
    }
    /// All rows, in no order.
    pub fn rows(&self) -> Vec<RowArc> {
        self.data.shelf.read().iter().cloned().collect()
    }
    /// Feeds that wait after a failure, or for their next poll, go at once.
    pub fn retry(&self) {
        self.data.shelf.again.notify_waiters();
    }
    /// Waits until the first list is complete or has failed.
    pub async fn loaded(&self) -> Freshness {
        let mut changes = self.subscribe();
        loop {
            changes.mark_unchanged();
            let freshness = self.freshness();
            if freshness != Freshness::Loading || changes.changed().await.is_err() {
                return freshness;
            }
        }
    }
    /// A look of one's own at the store: its own filter, sort and place.
    pub fn view(&self) -> TableView {
        TableView::new(self.clone())
    }
}

/// Decodes Table rows into [`Row`]s.
pub(crate) struct TableRows {
    columns: SharedColumns,
    kind: Kind,
    plan: Vec<Plan>,
    clock: Clock,
}

/// A Table, or a Status, or an object of a server that knows no Tables.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawTable<'a> {
    #[serde(borrow)]
    kind: Lent<'a>,
    #[serde(borrow)]
    metadata: RawMeta<'a>,
    #[serde(borrow)]
    column_definitions: Option<Vec<RawDefinition<'a>>>,
    #[serde(borrow)]
    rows: Option<Vec<RawRow<'a>>>,
    /// Of a list whose server knows no Tables.
    #[serde(borrow)]
    items: Option<Vec<RawObject<'a>>>,
    // Of a Status; an object's own status is a map and says nothing here.
    code: Option<u16>,
    #[serde(borrow)]
    message: Loose<'a>,
    #[serde(borrow)]
    reason: Loose<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDefinition<'a> {
    #[serde(borrow, default)]
    name: Lent<'a>,
    #[serde(borrow, default, rename = "type")]
    data_type: Lent<'a>,
    #[serde(borrow, default)]
    format: Lent<'a>,
    #[serde(borrow, default)]
    description: Lent<'a>,
    #[serde(default)]
    priority: i64,
}

#[derive(Deserialize)]
struct RawRow<'a> {
    #[serde(borrow, default)]
    cells: RawCells<'a>,
    #[serde(borrow, default)]
    object: Option<RawObject<'a>>,
}

#[derive(Deserialize, Default)]
struct RawObject<'a> {
    #[serde(borrow, default)]
    metadata: RawMeta<'a>,
}

#[derive(Default)]
struct RawCells<'a>(Vec<RawCell<'a>>);

/// Text, or something else that is left out.
#[derive(Default)]
struct Loose<'a>(Cow<'a, str>);

struct CellValue<'a>(RawCell<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for CellValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = CellValue<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cell")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::Text(Cow::Borrowed(v))))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::Text(Cow::Owned(v.to_owned()))))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::Int(v)))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::Int(i64::try_from(v).unwrap_or(i64::MAX))))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::Float(v)))
            }
            fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::Bool(v)))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(CellValue(RawCell::None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element::<serde_json::Value>()? {
                    parts.push(part);
                }
                Ok(CellValue(RawCell::Text(Cow::Owned(serde_json::Value::Array(parts).to_string()))))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut parts = serde_json::Map::new();
                while let Some((key, value)) = map.next_entry::<String, serde_json::Value>()? {
                    parts.insert(key, value);
                }
                Ok(CellValue(RawCell::Text(Cow::Owned(serde_json::Value::Object(parts).to_string()))))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawCells<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = RawCells<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("cells")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(RawCells::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut cells = Vec::with_capacity(12);
                while let Some(cell) = seq.next_element::<CellValue<'de>>()? {
                    cells.push(cell.0);
                }
                Ok(RawCells(cells))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match CellValue::deserialize(deserializer)?.0 {
            RawCell::Text(text) => Self(text),
            _ => Self::default(),
        })
    }
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(rename = "type", borrow)]
    verb: Lent<'a>,
    #[serde(borrow)]
    object: RawTable<'a>,
}

impl TableRows {
    pub(crate) fn new(columns: SharedColumns, kind: &Kind, clock: &Clock) -> Self {
        Self { columns, kind: kind.clone(), plan: Vec::new(), clock: clock.clone() }
    }

    fn learn(&mut self, definitions: &[RawDefinition<'_>]) {
        if definitions.is_empty() {
            return;
        }
        let definitions: Vec<Definition<'_>> = definitions
            .iter()
            .map(|d| Definition {
                name: Cow::Borrowed(&*d.name),
                data_type: Cow::Borrowed(&*d.data_type),
                format: Cow::Borrowed(&*d.format),
                description: Cow::Borrowed(&*d.description),
                priority: d.priority,
            })
            .collect();
        self.plan = columns::plan(&self.kind, &definitions);
        let columns: Vec<Column> = self.plan.iter().map(|p| p.column.clone()).collect();
        if **self.columns.load() != columns {
            self.columns.store(Arc::new(columns));
        }
    }

    fn row(&self, raw: &RawRow<'_>, now: i64) -> Row {
        let meta = raw.object.as_ref().map(|o| o.metadata.keep()).unwrap_or_default();
        self.finish(meta, &raw.cells.0, now)
    }

    fn finish(&self, meta: Meta, raw: &[RawCell<'_>], now: i64) -> Row {
        let cell = |(i, plan): (usize, &Plan)| {
            raw.get(i).map_or(Cell::None, |raw| columns::read(plan.reading, raw, &meta, now))
        };
        let cells: Box<[Cell]> = self.plan.iter().enumerate().map(cell).collect();
        let level = row_level(&self.kind, self.columns.load().as_slice(), &cells, &meta);
        Row { meta, cells, level }
    }

    /// A row of a server that knows no Tables: name and age.
    fn plain(&mut self, meta: Meta, now: i64) -> Row {
        if self.plan.is_empty() {
            let column = |name: &str, format: &str| RawDefinition {
                name: Lent(Cow::Owned(name.into())),
                data_type: Lent(Cow::Borrowed("string")),
                format: Lent(Cow::Owned(format.into())),
                description: Lent::default(),
                priority: 0,
            };
            self.learn(&[column("Name", "name"), column("Age", "")]);
        }
        let name = RawCell::Text(Cow::Owned(meta.name.to_string()));
        self.finish(meta, &[name, RawCell::None], now)
    }
}

impl Decode for TableRows {
    type Item = Row;
    const ACCEPT: Accept = Accept::Table;
    const STREAMS: bool = false;

    fn line(&mut self, line: &[u8]) -> Result<Line<Row>> {
        let raw: RawEvent<'_> = serde_json::from_slice(line).map_err(|e| unreadable(&e))?;
        let table = raw.object;
        let first = table.rows.as_ref().and_then(|rows| rows.first());
        match &*raw.verb {
            // A Table's bookmark carries its annotations and version on a row of blanks.
            "BOOKMARK" => {
                let object = first.and_then(|r| r.object.as_ref()).map(|o| &o.metadata);
                return Ok(bookmark(object.filter(|m| !m.resource_version.is_empty()).unwrap_or(&table.metadata)));
            }
            "ERROR" => {
                let status = RawStatus::new(table.code, &table.message.0, &table.reason.0);
                return Ok(Line::Failed(status.problem()));
            }
            _ => {}
        }
        if let Some(definitions) = &table.column_definitions {
            self.learn(definitions);
        }
        let now = self.clock.now();
        let row = match first {
            Some(first) => self.row(first, now),
            None if &*table.kind == "Table" => return Ok(Line::Unreadable("a Table without a row".into())),
            None => self.plain(table.metadata.keep(), now),
        };
        if &*raw.verb == "DELETED" {
            return Ok(Line::Remove { uid: row.meta.uid, resource_version: row.meta.resource_version });
        }
        Ok(Line::Put(row))
    }

    fn page(&mut self, body: &[u8]) -> Result<Page<Row>> {
        let raw: RawTable<'_> = serde_json::from_slice(body).map_err(|e| unreadable(&e))?;
        if let Some(definitions) = &raw.column_definitions {
            self.learn(definitions);
        }
        let now = self.clock.now();
        let mut items: Vec<Row> = raw.rows.iter().flatten().map(|r| self.row(r, now)).collect();
        for object in raw.items.iter().flatten() {
            items.push(self.plain(object.metadata.keep(), now));
        }
        Ok(Page {
            items,
            resource_version: raw.metadata.resource_version.to_string(),
            next: raw.metadata.continue_.to_string(),
            unreadable: (0, String::new()),
        })
    }
}
