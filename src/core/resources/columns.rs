//! What the server's columns mean: their types, how a cell's text becomes a value, and which of them
//! a narrow screen can do without.

use super::levels::word_level;
use super::quantity::{parse_duration, parse_quantity};
use super::{Cell, Column, ColumnType, Kind, Meta};
use crate::intern::{bounded, intern};
use std::borrow::Cow;

/// A column as the server defines it (`metav1.TableColumnDefinition`).
#[derive(Clone, Debug, Default)]
pub struct Definition<'a> {
    pub name: Cow<'a, str>,
    /// OpenAPI type: `string`, `integer`, `number`, `boolean`, `date`.
    pub data_type: Cow<'a, str>,
    /// `name` marks the column that holds the object's name.
    pub format: Cow<'a, str>,
    pub description: Cow<'a, str>,
    /// Over 0: shown in wide mode only.
    pub priority: i64,
}

/// A cell as the server sent it.
#[derive(Clone, Debug, PartialEq)]
pub enum RawCell<'a> {
    None,
    Text(Cow<'a, str>),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The object's name.
    Name,
    /// The object's age, from its creation and not from the server's text, which stands still.
    Created,
    /// A text that says how long ago (`41d`, `5m ago`).
    Ago,
    Text,
    Int,
    /// `3 (5m ago)`
    Counted,
    /// `2/3`
    Ratio,
    Duration,
    Quantity,
    Status,
}

/// A column and how its cells are read.
#[derive(Clone, Debug)]
pub struct Plan {
    pub column: Column,
    pub reading: Reading,
}

/// Columns whose words are states, in any kind.
const STATES: [&str; 16] = [
    "Status",
    "State",
    "Phase",
    "Ready",
    "Synced",
    "Healthy",
    "Health",
    "Health Status",
    "Sync Status",
    "Available",
    "Approved",
    "Denied",
    "Established",
    "Accepted",
    "Programmed",
    "Degraded",
];

fn reading(kind: &Kind, definition: &Definition<'_>) -> Reading {
    let place = (kind.group.as_str(), kind.plural.as_str());
    if definition.format == "name" {
        return Reading::Name;
    }
    match (place, &*definition.name) {
        (_, "Age" | "Created At") => Reading::Created,
        (("" | "events.k8s.io", "events"), "Last Seen" | "First Seen") => Reading::Ago,
        (("batch", "cronjobs"), "Last Schedule") => Reading::Ago,
        (_, "Duration") => Reading::Duration,
        (("", "pods"), "Restarts") => Reading::Counted,
        (("", "pods") | ("apps", "deployments" | "statefulsets"), "Ready") | (("batch", "jobs"), "Completions") => {
            Reading::Ratio
        }
        (("", "persistentvolumes" | "persistentvolumeclaims"), "Capacity") => Reading::Quantity,
        (("metrics.k8s.io", _), "cpu" | "memory" | "CPU" | "Memory") => Reading::Quantity,
        (("", "events") | ("events.k8s.io", "events"), "Type") => Reading::Status,
        // Endpoints or ready addresses: texts although the name says otherwise.
        (("", "services" | "endpoints"), _) => Reading::Text,
        _ if definition.data_type == "integer" => Reading::Int,
        _ if definition.data_type == "date" => Reading::Ago,
        _ if definition.data_type == "number" => Reading::Quantity,
        (_, name) if STATES.contains(&name) => Reading::Status,
        _ => Reading::Text,
    }
}

fn column_type(reading: Reading) -> ColumnType {
    match reading {
        Reading::Name | Reading::Text => ColumnType::Text,
        Reading::Created | Reading::Ago => ColumnType::Time,
        Reading::Int | Reading::Counted => ColumnType::Int,
        Reading::Ratio => ColumnType::Ratio,
        Reading::Duration => ColumnType::Duration,
        Reading::Quantity => ColumnType::Quantity,
        Reading::Status => ColumnType::Status,
    }
}

/// Importance and least width of well-known columns. 0 is never left out; higher numbers go first.
fn weight(kind: &Kind, name: &str, reading: Reading) -> (u8, u16) {
    match (kind.plural.as_str(), name) {
        (_, "Name") => (0, 16),
        ("pods", "Status") => (1, 10),
        ("pods", "Ready") | ("deployments" | "statefulsets", "Ready") => (1, 5),
        ("pods", "Restarts") => (3, 8),
        ("pods", "IP") => (6, 11),
        ("pods", "Node") => (5, 10),
        ("pods", "Nominated Node" | "Readiness Gates") => (9, 4),
        ("services", "Type") => (2, 9),
        ("services", "Cluster-IP") => (4, 10),
        ("services", "External-IP") => (5, 11),
        ("services", "Port(s)") => (3, 9),
        ("ingresses", "Hosts") => (1, 16),
        ("ingresses", "Class") => (3, 7),
        ("ingresses", "Address") => (4, 10),
        ("events", "Message") => (1, 24),
        ("events", "Reason") => (2, 10),
        ("events", "Object") => (2, 16),
        ("events", "Type") => (2, 7),
        ("nodes", "Roles") => (3, 8),
        ("nodes", "Version") => (3, 8),
        ("certificates", "Secret") => (4, 10),
        (_, "Age") => (2, 4),
        _ => match reading {
            Reading::Name => (0, 16),
            Reading::Status => (1, 7),
            Reading::Ratio => (2, 5),
            Reading::Created | Reading::Ago | Reading::Duration => (4, 4),
            Reading::Int | Reading::Counted | Reading::Quantity => (4, 5),
            Reading::Text => (5, 8),
        },
    }
}

/// What the server's columns mean for this kind.
pub fn plan(kind: &Kind, definitions: &[Definition<'_>]) -> Vec<Plan> {
    let of = |definition: &Definition<'_>| {
        let reading = reading(kind, definition);
        let (importance, min_width) = weight(kind, &definition.name, reading);
        let wide = definition.priority > 0;
        Plan {
            column: Column {
                name: intern(&definition.name),
                column_type: column_type(reading),
                wide,
                importance: if wide { importance.max(6) } else { importance },
                min_width,
                description: intern(&definition.description),
            },
            reading,
        }
    };
    definitions.iter().map(of).collect()
}

/// How a kind's table is best sorted at first: a column and whether downwards. `None` is by namespace
/// and name; events come with the latest on top.
pub fn first_sort(kind: &Kind, columns: &[Column]) -> (Option<usize>, bool) {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("" | "events.k8s.io", "events") => (columns.iter().position(|c| &*c.name == "Last Seen"), false),
        _ => (None, false),
    }
}

/// A cell's value. `now`: seconds since 1970, for texts that say how long ago.
pub fn read(reading: Reading, raw: &RawCell<'_>, meta: &Meta, now: i64) -> Cell {
    if reading == Reading::Created
        && let Some(created) = meta.created
    {
        return Cell::Time(created);
    }
    let text = match raw {
        RawCell::None => return Cell::None,
        RawCell::Int(n) => {
            return match reading {
                Reading::Quantity => Cell::Quantity(*n as f64, intern(&n.to_string())),
                _ => Cell::Int(*n),
            };
        }
        RawCell::Float(n) => return Cell::Quantity(*n, intern(&n.to_string())),
        RawCell::Bool(on) => Cow::Borrowed(if *on { "true" } else { "false" }),
        RawCell::Text(text) => Cow::Borrowed(&**text),
    };
    let text = &*text;
    if text.is_empty() {
        return Cell::None;
    }
    let value = match reading {
        Reading::Name if text == &*meta.name => Some(Cell::Text(meta.name.clone())),
        Reading::Name => Some(Cell::Text((&*bounded(text)).into())),
        Reading::Created | Reading::Ago => {
            let ago = text.strip_suffix(" ago").unwrap_or(text);
            // Events that repeat: `2m (x5 over 10m)`.
            let ago = ago.split(" (").next().unwrap_or(ago);
            parse_duration(ago).map(|seconds| Cell::Time(now - seconds))
        }
        Reading::Int => text.parse().ok().map(Cell::Int),
        Reading::Counted => counted(text, now),
        Reading::Ratio => {
            text.split_once('/').and_then(|(a, b)| Some(Cell::Ratio(a.trim().parse().ok()?, b.trim().parse().ok()?)))
        }
        Reading::Duration => parse_duration(text).map(Cell::Duration),
        Reading::Quantity => parse_quantity(text).map(|value| Cell::Quantity(value, intern(text))),
        Reading::Status => Some(Cell::Status(word_level(text), intern(text))),
        Reading::Text => None,
    };
    value.unwrap_or_else(|| Cell::Text(intern(text)))
}

fn counted(text: &str, now: i64) -> Option<Cell> {
    let (count, rest) = text.split_once(' ').unwrap_or((text, ""));
    let count = count.parse().ok()?;
    let ago = rest.strip_prefix('(').and_then(|r| r.strip_suffix(" ago)")).and_then(parse_duration);
    Some(ago.map_or(Cell::Int(count), |seconds| Cell::Counted(count, now - seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(name: &'static str, data_type: &'static str) -> Definition<'static> {
        Definition { name: name.into(), data_type: data_type.into(), ..Definition::default() }
    }

    #[test]
    fn cells_of_pods_become_values() {
        let pods = Kind::of("", "v1", "Pod", "pods", true);
        let names = [("Ready", "string"), ("Status", "string"), ("Restarts", "string"), ("Age", "string")];
        let plan = plan(&pods, &names.map(|(n, t)| definition(n, t)));
        let meta = Meta { created: Some(1000), ..Meta::default() };
        let cell = |i: usize, text: &str| read(plan[i].reading, &RawCell::Text(text.into()), &meta, 5000);
        assert_eq!(cell(0, "2/3"), Cell::Ratio(2, 3));
        assert_eq!(cell(1, "Running"), Cell::Status(crate::resources::Level::Good, "Running".into()));
        assert_eq!(cell(2, "3 (5m ago)"), Cell::Counted(3, 4700));
        assert_eq!(cell(2, "0"), Cell::Int(0));
        assert_eq!(cell(3, "41d"), Cell::Time(1000), "the age is counted, not read");
    }

    #[test]
    fn columns_of_a_custom_kind_are_guessed() {
        let kind = Kind::of("cert-manager.io", "v1", "Certificate", "certificates", true);
        let plan =
            plan(&kind, &[definition("Ready", "string"), definition("Secret", "string"), definition("N", "integer")]);
        let types: Vec<_> = plan.iter().map(|p| p.column.column_type).collect();
        assert_eq!(types, [ColumnType::Status, ColumnType::Text, ColumnType::Int]);
    }
}
