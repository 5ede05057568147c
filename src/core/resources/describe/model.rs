//! A description as data: sections of labelled lines.

use crate::resources::Level;
use crate::text::{clean, clean_line};
use serde_json::Value;

/// A labelled line. A label of "" continues the line before.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    pub label: String,
    pub value: String,
    pub level: Level,
    /// 0 for the section's own lines, 1 for what belongs to a line above, and so on.
    pub depth: u8,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Section {
    pub title: String,
    pub items: Vec<Item>,
}

/// An object told in sections. All text is harmless.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Description {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub sections: Vec<Section>,
}

impl Description {
    pub(super) fn new(kind: &str, object: &Value) -> Self {
        let text = |path: &str| clean_line(object.pointer(path).and_then(Value::as_str).unwrap_or("")).into_owned();
        Self {
            kind: clean_line(kind).into_owned(),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            sections: Vec::new(),
        }
    }
    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) -> &mut Self {
        self.sections.push(Section { title: clean_line(title).into_owned(), items: Vec::new() });
        self
    }
    /// Adds a line; several when the value has several. Empty values are left out.
    pub(super) fn item(&mut self, depth: u8, label: &str, value: impl AsRef<str>, level: Level) -> &mut Self {
        let value = value.as_ref();
        if let Some(section) = self.sections.last_mut()
            && !value.is_empty()
        {
            for (i, line) in clean(value).lines().enumerate() {
                let label = if i == 0 { clean_line(label).into_owned() } else { String::new() };
                section.items.push(Item { label, value: line.to_string(), level, depth });
            }
        }
        self
    }
    pub(super) fn line(&mut self, label: &str, value: impl AsRef<str>) -> &mut Self {
        self.item(0, label, value, Level::Good)
    }
    /// A line from a field of the object, if it is there.
    pub(super) fn field(&mut self, label: &str, value: &Value) -> &mut Self {
        self.line(label, words(value))
    }
    /// Drops the last section when it has no lines.
    pub(super) fn end(&mut self) {
        if self.sections.last().is_some_and(|s| s.items.is_empty()) {
            self.sections.pop();
        }
    }
    /// As plain text with aligned labels.
    pub fn to_text(&self) -> String {
        use std::fmt::Write;
        let mut out = String::new();
        for section in &self.sections {
            if !out.is_empty() {
                out.push('\n');
            }
            let _ = writeln!(out, "{}", section.title);
            let width =
                section.items.iter().map(|i| i.label.chars().count() + 2 * usize::from(i.depth)).max().unwrap_or(0);
            for item in &section.items {
                let pad = 2 * usize::from(item.depth);
                let label = format!("{:pad$}{}", "", item.label);
                let mark = match item.level {
                    Level::Bad => "✗ ",
                    Level::Warn => "! ",
                    _ => "",
                };
                let _ = writeln!(out, "  {label:width$}  {mark}{}", item.value);
            }
        }
        out
    }
}

/// A field's value in one line: lists joined, maps as `a=b`.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map.iter().map(|(k, v)| format!("{k}={}", words(v))).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// `12m ago`; empty when there is no such time.
pub(super) fn ago(time: &Value, now: i64) -> String {
    let Some(at) = time.as_str().and_then(crate::clock::parse_time) else { return String::new() };
    if at > now {
        format!("in {}", crate::clock::human_duration(at - now))
    } else {
        format!("{} ago", crate::clock::human_duration(now - at))
    }
}

/// The items of a list, or nothing.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
