//! An object as YAML lines, as kubectl prints it: order kept, lists not indented, block strings kept.
//! Each line knows its path and what it folds, so that a page can fold, search and keep its place
//! while the object changes underneath.

use crate::text::clean;
use serde_json::Value;
use std::fmt::Write;

/// What stands in for a Secret's value until it is asked for.
pub const MASK: &str = "••••••••";

/// A key of more bytes than this is written as `? KEY`, its value below it. Simple keys may have 1024 characters.
const LONGEST_KEY: usize = 1000;

/// How an object is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct YamlOptions {
    /// With `metadata.managedFields`.
    pub managed_fields: bool,
    /// With the values of Secrets in clear text (decoded from base64 nowhere).
    pub reveal: bool,
}

/// What a line's value is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// No value on this line: a map or list follows, or the text goes on.
    None,
    Text,
    Number,
    /// true, false, null
    Word,
}

/// A line of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlLine {
    /// Harmless; ready for a terminal.
    pub text: String,
    /// Bytes of `text` before the key (indent and `- `).
    pub indent: usize,
    /// Bytes of `text` up to the end of the key, colon included; equal to `indent` when there is no key.
    pub key_end: usize,
    pub value: ValueType,
    /// e.g. `spec.containers[0].image`; lines of a block string have their key's path.
    pub path: String,
    /// Index of the last line that folds away under this one; its own index when nothing does.
    pub fold_end: usize,
}

/// Takes away what nobody wants to read (managedFields) and what must not be seen (values of Secrets).
pub fn presentable(object: &Value, options: YamlOptions) -> Value {
    let mut object = in_order(object);
    if !options.managed_fields
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.shift_remove("managedFields");
    }
    if !options.reveal {
        mask_secret(&mut object);
    }
    object
}

/// The object with its fields in the order in which people look for them; unknown ones stay where they are.
fn in_order(object: &Value) -> Value {
    let Value::Object(map) = object else { return object.clone() };
    let first = ["apiVersion", "kind", "metadata"];
    let rest = map.iter().filter(|(k, _)| !first.contains(&k.as_str()) && *k != "status");
    let known = |names: &[&str]| {
        names.iter().filter_map(|n| map.get_key_value(*n)).map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>()
    };
    let all = known(&first).into_iter().chain(rest.map(|(k, v)| (k.clone(), v.clone()))).chain(known(&["status"]));
    Value::Object(all.collect())
}

/// Replaces the values of a Secret, and of its `last-applied-configuration`, by a mask. Lists are gone through.
pub fn mask_secret(object: &mut Value) {
    if let Some(items) = object.get_mut("items").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(mask_secret);
    }
    if object["kind"] != "Secret" {
        return;
    }
    for field in ["data", "stringData"] {
        if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
            values.values_mut().for_each(|v| *v = MASK.into());
        }
    }
    let annotations = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(applied) = annotations.and_then(|a| a.get_mut("kubectl.kubernetes.io/last-applied-configuration")) {
        *applied = MASK.into();
    }
}

/// The object as text, ending in a newline. For files and editors: not made harmless, nothing is lost.
pub fn to_text(value: &Value) -> String {
    let mut writer = Writer { lines: Vec::new(), raw: true };
    writer.root(value);
    let mut text = String::new();
    for line in writer.lines {
        text.push_str(&line.text);
        text.push('\n');
    }
    text
}

/// The object as lines for a page.
pub fn to_lines(value: &Value) -> Vec<YamlLine> {
    let mut writer = Writer { lines: Vec::new(), raw: false };
    writer.root(value);
    let mut lines = writer.lines;
    fold(&mut lines);
    lines
}

struct Writer {
    lines: Vec<YamlLine>,
    raw: bool,
}

impl Writer {
    fn root(&mut self, value: &Value) {
        match value {
            Value::Object(map) if !map.is_empty() => self.map(map, 0, "", None),
            Value::Array(list) if !list.is_empty() => self.list(list, 0, "", None),
            scalar => self.scalar(String::new(), 0, 0, scalar, "", 0),
        }
    }

    /// `lead` is what stands before the first key instead of the indent (`- ` of a list).
    fn map(&mut self, map: &serde_json::Map<String, Value>, depth: usize, path: &str, lead: Option<String>) {
        let mut lead = lead;
        for (key, value) in map {
            let before = lead.take().unwrap_or_else(|| " ".repeat(depth));
            let indent = before.len();
            let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let written = plain_or_quoted(key);
            // Readers look for the colon no further (YAML 1.2 §7.4.2); such a key is marked as one.
            let long = written.len() > LONGEST_KEY;
            let head = if long { format!("{before}? {written}") } else { format!("{before}{written}:") };
            let head = if self.raw { head } else { clean(&head).into_owned() };
            if long {
                let end = head.len();
                self.line(head, indent, end, ValueType::None, &here);
                self.entry(format!("{}:", " ".repeat(depth)), depth, value, depth + 2, &here);
            } else {
                self.entry(head, indent, value, depth, &here);
            }
        }
    }

    fn entry(&mut self, head: String, indent: usize, value: &Value, depth: usize, path: &str) {
        let key_end = head.len();
        match value {
            Value::Object(map) if !map.is_empty() => {
                self.line(head, indent, key_end, ValueType::None, path);
                self.map(map, depth + 2, path, None);
            }
            Value::Array(list) if !list.is_empty() => {
                self.line(head, indent, key_end, ValueType::None, path);
                self.list(list, depth, path, None);
            }
            scalar => self.scalar(head + " ", indent, key_end, scalar, path, depth + 2),
        }
    }

    fn list(&mut self, list: &[Value], depth: usize, path: &str, lead: Option<String>) {
        let mut lead = lead;
        for (i, value) in list.iter().enumerate() {
            let before = lead.take().unwrap_or_else(|| " ".repeat(depth)) + "- ";
            let here = format!("{path}[{i}]");
            match value {
                Value::Object(map) if !map.is_empty() => self.map(map, depth + 2, &here, Some(before)),
                Value::Array(inner) if !inner.is_empty() => self.list(inner, depth + 2, &here, Some(before)),
                scalar => {
                    let at = before.len();
                    self.scalar(before, at, at, scalar, &here, depth + 2);
                }
            }
        }
    }

    fn scalar(&mut self, head: String, indent: usize, key_end: usize, value: &Value, path: &str, inner: usize) {
        match value {
            Value::String(text) if text.contains('\n') && can_be_block(text) => {
                let chomp = if text.ends_with("\n\n") || text == "\n" {
                    "+"
                } else if text.ends_with('\n') {
                    ""
                } else {
                    "-"
                };
                // A first line that begins with a blank needs the indent said.
                let hint = if text.starts_with([' ', '\n']) { "2" } else { "" };
                self.line(format!("{head}|{hint}{chomp}"), indent, key_end, ValueType::None, path);
                let body = text.strip_suffix('\n').unwrap_or(text);
                for part in body.split('\n') {
                    let line = if part.is_empty() { String::new() } else { format!("{}{part}", " ".repeat(inner)) };
                    let line = if self.raw { line } else { clean(&line).into_owned() };
                    let at = inner.min(line.len());
                    self.line(line, at, at, ValueType::Text, path);
                }
            }
            Value::String(text) => {
                let text = plain_or_quoted(text);
                let text = if self.raw { text } else { clean(&text).into_owned() };
                self.line(head + &text, indent, key_end, ValueType::Text, path);
            }
            Value::Number(n) => self.line(format!("{head}{n}"), indent, key_end, ValueType::Number, path),
            Value::Object(_) => self.line(head + "{}", indent, key_end, ValueType::Word, path),
            Value::Array(_) => self.line(head + "[]", indent, key_end, ValueType::Word, path),
            word => self.line(format!("{head}{word}"), indent, key_end, ValueType::Word, path),
        }
    }

    fn line(&mut self, text: String, indent: usize, key_end: usize, value: ValueType, path: &str) {
        let fold_end = self.lines.len();
        self.lines.push(YamlLine { text, indent, key_end, value, path: path.to_string(), fold_end });
    }
}

/// A line folds away all that follows with a path below its own.
fn fold(lines: &mut [YamlLine]) {
    let mut open: Vec<usize> = Vec::new();
    for at in 0..lines.len() {
        while let Some(&top) = open.last() {
            if below(&lines[top], &lines[at]) {
                break;
            }
            lines[top].fold_end = at - 1;
            open.pop();
        }
        open.push(at);
    }
    let last = lines.len().saturating_sub(1);
    for top in open {
        lines[top].fold_end = last;
    }
}

fn below(parent: &YamlLine, line: &YamlLine) -> bool {
    match line.path.strip_prefix(parent.path.as_str()) {
        // Lines of a block string belong to the line with their key.
        Some("") => parent.value == ValueType::None && line.value == ValueType::Text,
        Some(rest) => rest.starts_with(['.', '[']) && parent.value == ValueType::None,
        None => false,
    }
}

/// A block string must not lose anything: no carriage returns or other controls, no odd line ends.
fn can_be_block(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || c == '\t' || is_printable(c))
        && !text.chars().any(|c| {
            (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}')
        })
        && !text.split('\n').any(|l| l.trim_end_matches([' ', '\t']).len() != l.len())
        && !text.lines().next().is_some_and(|l| l.starts_with('\t'))
}

/// The text as a plain scalar where every reader (YAML 1.1 too) reads it back as that text, else in quotes.
fn plain_or_quoted(text: &str) -> String {
    if is_plain(text) { text.to_string() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let odd_start = matches!(
        first,
        '-' | '?'
            | ':'
            | ','
            | '['
            | ']'
            | '{'
            | '}'
            | '#'
            | '&'
            | '*'
            | '!'
            | '|'
            | '>'
            | '\''
            | '"'
            | '%'
            | '@'
            | '`'
            | '='
            | '~'
            | '<'
            | ' '
            | '\t'
    );
    let leads_plain =
        matches!(first, '-' | '?' | ':') && text[1..].chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if (odd_start && !leads_plain) || text.ends_with([' ', ':', '\t']) {
        return false;
    }
    if text.contains(": ") || text.contains(" #") || text.chars().any(|c| c.is_control() || !is_printable(c)) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | ".nan" | ".inf" | "-.inf" | "+.inf"
    ) {
        return false;
    }
    // Anything that some reader may take for a number, a time or a base-60 number.
    let body = text.trim_start_matches(['+', '-', '.']);
    let numeric = body.starts_with(|c: char| c.is_ascii_digit())
        && body.chars().all(|c| {
            c.is_ascii_hexdigit()
                || matches!(
                    c,
                    '.' | '_' | ':' | '+' | '-' | 'x' | 'X' | 'o' | 'O' | 't' | 'T' | 'z' | 'Z' | 'e' | 'E' | ' '
                )
        });
    !numeric
}

fn is_printable(c: char) -> bool {
    !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

fn quoted(text: &str) -> String {
    if !text.chars().any(|c| c.is_control() || c == '\'' || !is_printable(c)) {
        return format!("'{text}'");
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || !is_printable(c) => {
                let code = c as u32;
                let _ = if code <= 0xff {
                    write!(out, "\\x{code:02X}")
                } else if code <= 0xffff {
                    write!(out, "\\u{code:04X}")
                } else {
                    write!(out, "\\U{code:08X}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<Value, String> {
        let options = serde_saphyr::options! { strict_booleans: true, legacy_octal_numbers: true };
        serde_saphyr::from_str_with_options(text, options).map_err(|e| e.to_string())
    }

    #[test]
    fn it_reads_as_kubectl_prints() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "managedFields": [1], "labels": {"x": "true", "n": "12", "t": "2026-11-20T01:02:03Z"}},
            "data": {"script": "#!/bin/sh\necho hi\n", "empty": "", "list": [], "more": [{"a": 1, "b": null}, "x: y", ["n"]]},
        });
        let text = to_text(&presentable(&object, YamlOptions::default()));
        assert_eq!(
            text,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    x: 'true'\n    'n': '12'\n    t: '2026-11-20T01:02:03Z'\ndata:\n  script: |\n    #!/bin/sh\n    echo hi\n  empty: ''\n  list: []\n  more:\n  - a: 1\n    b: null\n  - 'x: y'\n  - - 'n'\n"
        );
    }

    #[test]
    fn lines_know_their_path_and_what_they_fold() {
        let lines = to_lines(&json!({"spec": {"containers": [{"name": "a", "args": ["x\ny"]}]}, "z": 1}));
        let find = |path: &str| lines.iter().position(|l| l.path == path).unwrap();
        assert_eq!(lines[find("spec")].fold_end, find("z") - 1);
        assert_eq!(lines[find("z")].fold_end, find("z"));
        assert_eq!(lines[find("spec.containers[0].args")].fold_end, find("z") - 1);
        assert_eq!(&lines[find("spec.containers[0].name")].text, "  - name: a");
        assert_eq!(lines[find("spec.containers[0].name")].indent, 4);
    }

    #[test]
    fn secrets_are_masked_everywhere_they_hide() {
        let secret = json!({"kind": "Secret", "data": {"p": "aHVudGVyMg=="}, "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}}});
        let shown = to_text(&presentable(&json!({"kind": "List", "items": [secret.clone()]}), YamlOptions::default()));
        assert!(!shown.contains("aHVudGVyMg") && !shown.contains("hunter2"), "{shown}");
        assert!(
            to_text(&presentable(&secret, YamlOptions { reveal: true, ..Default::default() })).contains("aHVudGVyMg")
        );
    }

    #[test]
    fn a_key_longer_than_readers_look_for_its_colon_is_read_again() {
        for key in ["a".repeat(1500), format!("{}: é", "b".repeat(1100))] {
            for value in [json!(1), json!("x\ny\n"), json!([1, {"c": []}]), json!({"d": {"e": null}}), json!({})] {
                let object =
                    json!({"z": [{(key.clone()): value.clone(), "after": 2}], (key.clone()): value, "last": true});
                let text = to_text(&object);
                assert_eq!(parse(&text).as_ref(), Ok(&object), "{text}");
                let lines = to_lines(&object);
                assert!(lines.iter().enumerate().all(|(i, l)| l.fold_end >= i && l.key_end <= l.text.len()));
            }
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            ".{0,20}".prop_map(Value::from),
            "[ a-z0-9:#\\-\n\t'\"\\\\|>{}\\[\\],.~!&*%@+_xXeE]{0,24}".prop_map(Value::from),
            prop_oneof![
                Just("yes"),
                Just("0x1f"),
                Just("1_000"),
                Just("1:30"),
                Just("1e3"),
                Just("-"),
                Just("\n"),
                Just(" a\n b"),
                Just("a\n\n")
            ]
            .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".{1,8}", inner), 0..5).prop_map(|v| Value::Object(v.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_it_was(value in value()) {
            let text = to_text(&json!({"v": value}));
            let back = parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            prop_assert_eq!(back, json!({"v": value}), "{}", text);
        }
    }
}
