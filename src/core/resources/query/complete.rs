//! What could be typed next.

use super::parse::{column_index, last_word, names, split_operator};
use crate::resources::{Column, ColumnType, Row};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// What could be typed next, and what of the text it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// In bytes.
    pub range: Range<usize>,
    /// The likeliest first.
    pub candidates: Vec<String>,
}

/// How many candidates are offered at most.
const MOST: usize = 50;

/// Candidates at the end of what has been typed up to the cursor (in bytes): names of columns, then
/// the values that the rows have, the most frequent first.
pub fn complete<'a>(text: &str, cursor: usize, columns: &[Column], rows: impl Iterator<Item = &'a Row>) -> Completion {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let text = &text[..cursor];
    let start = last_word(text);
    let word = text[start..].trim_start_matches('!');
    let start = text.len() - word.len();
    let Some((name, value)) = split_operator(word) else {
        let begins = |c: &String| c.to_lowercase().starts_with(&word.to_lowercase());
        let named = names(columns).into_iter().map(|name| {
            let kind = column_index(&name, columns).map(|i| columns[i].column_type);
            let measure =
                matches!(kind, Some(ColumnType::Int | ColumnType::Duration | ColumnType::Quantity | ColumnType::Ratio));
            match name.as_str() {
                "age" | "changed" => format!("{name}<"),
                _ if measure => format!("{name}>"),
                _ => format!("{name}:"),
            }
        });
        let presets = ["failing", "recent"].map(str::to_owned);
        let candidates = presets.into_iter().chain(named).filter(begins).collect();
        return Completion { range: start..cursor, candidates };
    };
    // Only the value behind the last comma is being typed.
    let part = value.rsplit([',', '|']).next().unwrap_or(value);
    let range = cursor - part.len()..cursor;
    let mut seen: FxHashMap<String, usize> = FxHashMap::default();
    let mut see = |value: &str| {
        if value.to_lowercase().starts_with(&part.to_lowercase()) && !value.is_empty() && value.len() < 80 {
            *seen.entry(value.to_owned()).or_default() += 1;
        }
    };
    match name {
        "ns" | "namespace" => rows.for_each(|r| see(&r.meta.namespace)),
        "name" => rows.for_each(|r| see(&r.meta.name)),
        "owner" => rows.for_each(|r| r.meta.owners.iter().for_each(|o| see(&format!("{}/{}", o.kind, o.name)))),
        "label" => rows.for_each(|r| r.meta.labels.iter().for_each(|(k, v)| see(&format!("{k}={v}")))),
        "level" => rows.for_each(|r| see(super::term::level_word(r.level))),
        "age" | "changed" => ["10m", "1h", "1d", "7d", "30d"].iter().for_each(|v| see(v)),
        _ => {
            if let Some(index) = column_index(name, columns) {
                rows.for_each(|r| r.cells.get(index).iter().for_each(|c| see(&c.text(0))));
            }
        }
    }
    let mut candidates: Vec<(String, usize)> = seen.into_iter().collect();
    candidates.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let quoted = |v: String| if v.contains([' ', ',', '|']) { format!("\"{v}\"") } else { v };
    Completion { range, candidates: candidates.into_iter().take(MOST).map(|(v, _)| quoted(v)).collect() }
}
