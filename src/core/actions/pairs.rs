//! `key=value` and `key-`, as kubectl's label and annotate take them.

use crate::{Problem, Result};
use serde_json::{Map, Value};

/// Reads pairs separated by white space or commas at a line's end; values with spaces stand in quotes.
/// A removed key has the value `null`.
///
/// # Errors
/// When a part is neither `key=value` nor `key-`, or a quote is not closed.
pub fn parse(text: &str) -> Result<Map<String, Value>> {
    let wrong =
        |why: String| Problem::usage("cannot read the pairs", why).next("write key=value to set and key- to remove");
    let mut pairs = Map::new();
    for word in words(text).map_err(wrong)? {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Value::from(value)),
            None => match word.strip_suffix('-') {
                Some(key) => (key, Value::Null),
                None => return Err(wrong(format!("`{word}` has no ="))),
            },
        };
        if key.is_empty() {
            return Err(wrong(format!("`{word}` has no key")));
        }
        if pairs.insert(key.into(), value).is_some() {
            return Err(wrong(format!("`{key}` is there twice")));
        }
    }
    if pairs.is_empty() {
        return Err(wrong("there are none".into()));
    }
    Ok(pairs)
}

/// Words as a shell splits them, with quotes and without anything else.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".into());
    }
    words.extend(word);
    Ok(words)
}

/// In words: `set a, b; remove c`.
pub fn in_words(pairs: &Map<String, Value>) -> String {
    let list = |removed: bool| {
        let keys: Vec<&str> = pairs.iter().filter(|(_, v)| v.is_null() == removed).map(|(k, _)| k.as_str()).collect();
        crate::text::clean_line(&keys.join(", ")).into_owned()
    };
    match (list(false), list(true)) {
        (set, removed) if removed.is_empty() => format!("set {set}"),
        (set, removed) if set.is_empty() => format!("remove {removed}"),
        (set, removed) => format!("set {set}; remove {removed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_kubectl_takes_them() {
        let pairs = parse("a=1  app.io/b='two words' c- d=").unwrap();
        assert_eq!(
            Value::Object(pairs.clone()),
            serde_json::json!({"a": "1", "app.io/b": "two words", "c": null, "d": ""})
        );
        assert_eq!(in_words(&pairs), "set a, app.io/b, d; remove c");
        for wrong in ["", "a", "=x", "a=1 a-", "a='x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
