//! The journal for a hand-over.

use super::entry::Entry;
use crate::clock::format_time;

/// As a Markdown table, the latest first.
pub fn markdown(entries: &[Entry]) -> String {
    let mut text = String::from(
        "# Journal\n\n| when | context | who | what | outcome | reason | id |\n|---|---|---|---|---|---|---|\n",
    );
    for e in entries {
        let undone = e.undone_by.as_deref().map(|id| format!(" (undone by {id})")).unwrap_or_default();
        let cells = [
            format_time(e.at),
            e.context.clone(),
            e.user.clone(),
            e.title.clone(),
            format!("{}{undone}", e.outcome),
            e.reason.clone(),
            e.id.clone(),
        ];
        for cell in cells {
            text.push_str("| ");
            text.push_str(&crate::text::clean_line(&cell).replace('\\', "\\\\").replace('|', "\\|"));
            text.push(' ');
        }
        text.push_str("|\n");
    }
    text
}

/// As a JSON list, the latest first.
pub fn json(entries: &[Entry]) -> String {
    serde_json::to_string_pretty(entries).unwrap_or_else(|_| "[]".into())
}
