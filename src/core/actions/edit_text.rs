//! An object as text that can be edited: what it shows, how it is read back, and where a field stands in it.

use super::diff::{LAST_APPLIED, SERVER_METADATA, is_secret};
use crate::problem::FieldError;
use crate::resources::ObjectRef;
use crate::resources::yaml::to_text;
use crate::{Problem, ProblemKind, Result};
use serde_json::Value;

/// An object as text that can be edited.
#[derive(Clone, Debug)]
pub struct EditText {
    /// With the UID and the resource version that were read.
    pub object: ObjectRef,
    /// YAML without status and without what only the server writes.
    pub text: String,
    /// Whether drafts of it stay in memory only.
    pub secret: bool,
}

impl EditText {
    pub fn of(reference: &ObjectRef, object: &Value) -> Self {
        let mut reference = reference.clone();
        if let Some(uid) = object["metadata"]["uid"].as_str() {
            reference.uid = uid.into();
        }
        if let Some(version) = object["metadata"]["resourceVersion"].as_str() {
            reference.resource_version = version.into();
        }
        Self { object: reference, text: to_text(&editable(object)), secret: is_secret(object) }
    }
}

/// The part of an object that people write.
pub(crate) fn editable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Value::Object(map) = &mut object {
        map.shift_remove("status");
        if let Some(Value::Object(meta)) = map.get_mut("metadata") {
            for field in SERVER_METADATA {
                meta.shift_remove(field);
            }
            if let Some(Value::Object(annotations)) = meta.get_mut("annotations") {
                annotations.shift_remove(LAST_APPLIED);
                if annotations.is_empty() {
                    meta.shift_remove("annotations");
                }
            }
        }
    }
    object
}

/// Reads edited text.
///
/// # Errors
/// `Invalid`, with the line and column as the field at fault.
pub fn parse(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! { strict_booleans: true, legacy_octal_numbers: true, with_snippet: false };
    let read: Result<Value, _> = serde_saphyr::from_str_with_options(text, options);
    let wrong = |place: Option<(u64, u64)>, why: String| {
        let mut problem = Problem::new(ProblemKind::Invalid, "cannot read the YAML", why.clone());
        if let Some((line, column)) = place {
            problem.why = format!("line {line}, column {column}: {why}");
            problem.fields.push(FieldError { field: format!("line {line}, column {column}"), message: why });
        }
        problem.next("mend the text; nothing was changed")
    };
    let value = read.map_err(|e| {
        let place = e.location().map(|l| (l.line(), l.column()));
        let words = e.without_snippet().to_string();
        // The place stands before the words already.
        let why = words.split(" at line ").next().unwrap_or(&words).trim_end_matches(':').to_owned();
        wrong(place, crate::text::clean_line(&why).into_owned())
    })?;
    if !value.is_object() {
        return Err(wrong(None, "this is no object: it has to begin with apiVersion, kind and metadata".into()));
    }
    Ok(value)
}

/// The line (from 1) where a field stands in YAML in block style, by the path that a server names in its
/// errors: `spec.template.spec.containers[0].image`, `metadata.labels[a.b/c]`, `data.x`. The nearest field
/// above it when it is not there itself.
pub fn line_of(text: &str, path: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut from, mut to, mut indent, mut found) = (0, lines.len(), None::<usize>, None);
    let mut inline = false;
    for part in parts(path) {
        let block = from..to;
        let depth = |line: &str| line.len() - line.trim_start().len();
        let meaningful = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let first = block.clone().find(|&i| inline || meaningful(lines[i]));
        let here = match (inline, indent) {
            (true, Some(depth)) => depth,
            _ => depth(lines[first?]),
        };
        let is_item =
            |i: usize| meaningful(lines[i]) && depth(lines[i]) == here && lines[i].trim_start().starts_with('-');
        let hit = match &part {
            Part::Key(key) => block.clone().find(|&i| {
                let line = if inline && i == from {
                    lines[i].trim_start().trim_start_matches('-').trim_start()
                } else {
                    lines[i].trim_start()
                };
                let at = if inline && i == from { here } else { depth(lines[i]) };
                at == here && key_of(line).is_some_and(|k| k == *key)
            }),
            Part::Index(index) => block.clone().filter(|&i| is_item(i)).nth(*index),
        };
        let Some(hit) = hit else { return found.or(Some(from + 1)).filter(|_| found.is_some()) };
        found = Some(hit + 1);
        match part {
            Part::Key(_) => {
                let end = (hit + 1..to).find(|&i| {
                    meaningful(lines[i])
                        && (depth(lines[i]) < here
                            || (depth(lines[i]) == here && !lines[i].trim_start().starts_with('-')))
                });
                (from, to, inline, indent) = (hit + 1, end.unwrap_or(to), false, None);
            }
            Part::Index(_) => {
                let end = (hit + 1..to).find(|&i| meaningful(lines[i]) && depth(lines[i]) <= here);
                let rest = lines[hit].trim_start().trim_start_matches('-');
                let column = lines[hit].len() - rest.trim_start().len();
                (from, to, inline, indent) = (hit, end.unwrap_or(to), true, Some(column));
            }
        }
        if from >= to {
            return found;
        }
    }
    found
}

enum Part {
    Key(String),
    Index(usize),
}

fn parts(path: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (word, after) = inner.split_once(']').unwrap_or((inner, ""));
            let word = word.trim_matches('"');
            parts.push(word.parse().map_or_else(|_| Part::Key(word.into()), Part::Index));
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end > 0 {
                parts.push(Part::Key(rest[..end].into()));
            }
            rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
        }
    }
    parts
}

fn key_of(line: &str) -> Option<&str> {
    let (key, after) = match line.strip_prefix('"') {
        Some(rest) => rest.split_once('"')?,
        None => match line.find(": ") {
            Some(at) => (&line[..at], &line[at..]),
            None => (line.trim_end().strip_suffix(':')?, ":"),
        },
    };
    after.starts_with(':').then_some(key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_goes_through_yaml_and_comes_back_the_same() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u", "resourceVersion": "1",
            "annotations": {LAST_APPLIED: "{}"}}, "data": {"script": "#!/bin/sh\necho  'a: b'\n", "yes": "on", "n": "0644", "long": "word ".repeat(60)}});
        let yaml = to_text(&editable(&object));
        assert_eq!(
            parse(&yaml).unwrap(),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": object["data"]}),
            "{yaml}"
        );
        assert!(yaml.contains("|") && !yaml.contains("\\n"), "several lines stand as a block:\n{yaml}");
    }

    #[test]
    fn broken_yaml_names_line_and_column() {
        let problem = parse("kind: A\nspec:\n  a: [1\n  b: 2\n").unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Invalid);
        assert!(problem.why.starts_with("line 4") || problem.why.starts_with("line 3"), "{problem}");
        let twice = parse("kind: A\nkind: B\n").unwrap_err();
        assert!(twice.why.starts_with("line 2, column 1: "), "{twice}");
        assert!(parse("- a\n").unwrap_err().why.contains("no object"));
    }

    #[test]
    fn the_line_of_a_field_is_found() {
        let text = "kind: Deployment\nmetadata:\n  labels:\n    a.b/c: x\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - image: a:1\n        name: app\n        ports:\n        - containerPort: 80\n      - name: log\n        image: l\n";
        for (path, line) in [
            ("spec.replicas", 6),
            ("metadata.labels[a.b/c]", 4),
            ("spec.template.spec.containers[0].image", 10),
            ("spec.template.spec.containers[0].name", 11),
            ("spec.template.spec.containers[0].ports[0].containerPort", 13),
            ("spec.template.spec.containers[1].image", 15),
            ("spec.template.spec.containers[0].resources", 10),
            ("spec.nothing.below", 5),
        ] {
            assert_eq!(line_of(text, path), Some(line), "{path}");
        }
        assert_eq!(line_of(text, "nowhere"), None);
    }
}
