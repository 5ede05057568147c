//! JSON and YAML. Control characters in texts are escaped by both, so that nothing acts on a terminal.

use super::write::print;
use crate::arguments::Form;
use serde_json::Value;

/// Prints as JSON, two blanks a level. Also escapes what JSON lets through but a terminal obeys.
pub fn print_json(value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    print(&format!("{}\n", escaped(&text)));
}

/// Prints in the form that was asked for.
pub fn print_value(value: &Value, form: Form) {
    match form {
        Form::Yaml => {
            let text = quarterdeck_core::resources::yaml::to_text(value);
            print(&text);
        }
        _ => print_json(value),
    }
}

/// JSON needs U+0000 to U+001F escaped only; DEL, C1 and bidirectional controls are escaped as well.
fn escaped(text: &str) -> String {
    use std::fmt::Write;
    let harmful = |c: char| {
        c != '\n'
            && quarterdeck_core::text::clean(c.encode_utf8(&mut [0; 4])).starts_with('\u{fffd}')
            && c != '\u{fffd}'
    };
    if !text.chars().any(harmful) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_back_as_it_was() {
        let value = serde_json::json!({"a": "\u{9b}31m\u{202e}x\u{7f}é"});
        let text = escaped(&value.to_string());
        assert!(text.is_ascii() || text.contains('é'));
        assert!(!text.contains('\u{9b}') && !text.contains('\u{202e}') && !text.contains('\u{7f}'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }
}
