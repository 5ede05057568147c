//! The journal for a hand-over.

use super::entry::Entry;
use crate::clock::format_time;

/// A note for whoever comes next: what was done in a time (the latest first), what failed, what can be taken back.
pub fn hand_over(entries: &[Entry], since: Option<i64>, now: i64) -> String {
    let from = since.or(entries.last().map(|e| e.at)).unwrap_or(now);
    let failed: Vec<&Entry> = entries.iter().filter(|e| !e.ok && e.undone_by.is_none()).collect();
    let back: Vec<&Entry> = entries.iter().filter(|e| e.can_undo && e.undone_by.is_none()).collect();
    let mut text = format!(
        "# Hand-over {} to {}\n\n{} done, {} failed, {} can be taken back.\n",
        format_time(from),
        format_time(now),
        entries.len() - failed.len(),
        failed.len(),
        back.len()
    );
    let mut list = |title: &str, all: &[&Entry], words: &dyn Fn(&Entry) -> String| {
        if !all.is_empty() {
            text.push_str(&format!("\n## {title}\n\n"));
            all.iter().for_each(|e| text.push_str(&format!("- {}\n", plain(&words(e)))));
        }
    };
    list("Look at these first", &failed, &|e| format!("{} in {}: {}", e.title, e.context, e.outcome));
    list("Can be taken back", &back, &|e| format!("{} in {}: `qd undo {}`", e.title, e.context, e.id));
    text.push('\n');
    text.push_str(&markdown(entries).replacen("# Journal", "## All", 1));
    text
}

/// Text of one line that means nothing to Markdown's tables.
fn plain(text: &str) -> String {
    crate::text::clean_line(text).replace('\\', "\\\\").replace('|', "\\|")
}

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
            text.push_str(&plain(&cell));
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
