//! Reads the table of built-in types (`builtin.types`).
//!
//! A line without indent opens a type: its short name, then, for the types of
//! whole objects, `group/version/Kind`. An indented line is a field: its name
//! (with `!` when required), its type (`[T]` list, `{T}` map), and marks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use super::types::{Field, ListKind, Schema, Shape};

struct Table {
    types: HashMap<String, Schema>,
    roots: HashMap<String, String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("builtin.types")));

/// A built-in type by its short name, e.g. `core.v1.PodSpec`.
pub fn named(name: &str) -> Option<&'static Schema> {
    TABLE.types.get(name)
}

/// The short type name of a whole object.
pub fn root_type(group: &str, version: &str, kind: &str) -> Option<&'static str> {
    let group = if group.is_empty() { "-" } else { group };
    TABLE.roots.get(&format!("{group}/{version}/{kind}")).map(String::as_str)
}

/// All built-in types by short name.
pub fn type_names() -> impl Iterator<Item = (&'static str, &'static Schema)> {
    TABLE.types.iter().map(|(name, schema)| (name.as_str(), schema))
}

/// `io.k8s.api.core.v1.PodSpec` for `core.v1.PodSpec`.
pub fn full_type_name(short: &str) -> String {
    let prefix = match short.split('.').next().unwrap_or_default() {
        "meta" => "io.k8s.apimachinery.pkg.apis.",
        "apiextensions" => "io.k8s.apiextensions-apiserver.pkg.apis.",
        "apiregistration" => "io.k8s.kube-aggregator.pkg.apis.",
        _ => "io.k8s.api.",
    };
    format!("{prefix}{short}")
}

fn read(text: &str) -> Table {
    let mut table = Table { types: HashMap::new(), roots: HashMap::new() };
    let mut open: Option<(String, BTreeMap<String, Field>, bool)> = None;
    let close = |open: Option<(String, BTreeMap<String, Field>, bool)>, types: &mut HashMap<String, Schema>| {
        if let Some((name, fields, atomic)) = open {
            types.insert(name, Schema::of(Shape::Struct { fields, open: false, atomic }));
        }
    };
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(head) = words.next() else { continue };
        if line.starts_with(' ') {
            let Some((_, fields, _)) = &mut open else { continue };
            let kind = words.next().unwrap_or("any");
            let marks: Vec<&str> = words.collect();
            let (name, required) = head.strip_suffix('!').map_or((head, false), |n| (n, true));
            fields.insert(name.to_owned(), field(kind, &marks, required));
        } else {
            close(open.take(), &mut table.types);
            let marks: Vec<&str> = words.collect();
            for mark in marks.iter().filter(|m| m.contains('/')) {
                table.roots.insert((*mark).to_owned(), head.to_owned());
            }
            open = Some((head.to_owned(), BTreeMap::new(), marks.contains(&"atomic")));
        }
    }
    close(open, &mut table.types);
    table
}

fn field(kind: &str, marks: &[&str], required: bool) -> Field {
    let mark = |prefix: &str| marks.iter().find_map(|m| m.strip_prefix(prefix));
    let mut schema = type_of(kind);
    match &mut schema.shape {
        Shape::List { kind, .. } => {
            if let Some(keys) = mark("map=") {
                *kind = ListKind::Map(keys.split(',').map(str::to_owned).collect());
            } else if marks.contains(&"set") {
                *kind = ListKind::Set;
            }
        }
        Shape::Map { atomic, .. } => *atomic = marks.contains(&"atomic"),
        _ => {}
    }
    let patch = mark("patch=").unwrap_or_default();
    Field {
        schema: Arc::new(schema),
        required,
        merge_key: mark("merge=").map(str::to_owned),
        merge: patch.contains("merge"),
        retain_keys: patch.contains("retainKeys"),
    }
}

fn type_of(word: &str) -> Schema {
    if let Some(inner) = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
        let items = Arc::new(type_of(inner));
        return Schema::of(Shape::List { items, kind: ListKind::Atomic });
    }
    if let Some(inner) = word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
        return Schema::of(Shape::Map { values: Arc::new(type_of(inner)), atomic: false });
    }
    let (shape, format) = match word {
        "any" => (Shape::Any, None),
        "string" => (Shape::String, None),
        "time" | "micro-time" => (Shape::String, Some("date-time")),
        "bytes" => (Shape::String, Some("byte")),
        "int32" => (Shape::Integer, Some("int32")),
        "int64" => (Shape::Integer, Some("int64")),
        "number" => (Shape::Number, Some("double")),
        "bool" => (Shape::Boolean, None),
        "int-or-string" => (Shape::IntOrString, Some("int-or-string")),
        "quantity" => (Shape::Quantity, None),
        name => (Shape::Ref(name.to_owned()), None),
    };
    Schema { shape, format, ..Schema::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_a_list_by_name() {
        let spec = named("core.v1.PodSpec").unwrap();
        let containers = spec.field("containers").unwrap();
        assert!(containers.required);
        assert_eq!(containers.merge_key.as_deref(), Some("name"));
        let Shape::List { kind, .. } = &containers.schema.shape else { panic!("not a list") };
        assert_eq!(*kind, ListKind::Map(vec!["name".into()]));
        assert!(containers.schema.items().unwrap().field("image").is_some());
        assert_eq!(root_type("", "v1", "Pod"), Some("core.v1.Pod"));
    }

    #[test]
    fn every_named_type_is_there() {
        fn check(schema: &Schema, at: &str) {
            match &schema.shape {
                Shape::Ref(name) => assert!(named(name).is_some(), "{at}: no type {name}"),
                Shape::List { items, .. } => check(items, at),
                Shape::Map { values, .. } => check(values, at),
                _ => {}
            }
        }
        for (name, schema) in type_names() {
            let Shape::Struct { fields, .. } = &schema.shape else { continue };
            for (field, f) in fields {
                check(&f.schema, &format!("{name}.{field}"));
            }
        }
    }
}
