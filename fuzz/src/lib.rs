//! What every target demands of what comes out: nothing that acts on a terminal, nothing that reorders text.
//!
//! Said once more here, by what Unicode calls the characters, and not by what `core::text` takes out.

use serde_json::Value;

/// Whether a character acts on a terminal or reorders text. Newline and tab do neither here: who draws a single line
/// takes them out, see [`line`].
fn acts(c: char) -> bool {
    let control = c.is_control() && c != '\n' && c != '\t';
    let reorders = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    control || reorders || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Demands that a text, perhaps of several lines, is harmless.
pub fn harmless(text: &str) {
    assert!(!text.chars().any(acts), "this reaches a terminal: {text:?}");
}

/// Demands that a text is one harmless line.
pub fn line(text: &str) {
    assert!(!text.chars().any(|c| acts(c) || c == '\n' || c == '\t'), "this is no harmless line: {text:?}");
}

/// Demands that every text in a value is harmless, names of fields too.
pub fn all_harmless(value: &Value) {
    match value {
        Value::String(text) => harmless(text),
        Value::Array(items) => items.iter().for_each(all_harmless),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            harmless(name);
            all_harmless(value);
        }),
        _ => {}
    }
}
