//! Selectors and label maps as one line of text.

use crate::value::{at, list, map, text};
use serde_json::Value;

/// A plain label map, `a=1,b=2`, sorted; `<none>` when empty.
pub fn labels(value: &Value, path: &str) -> String {
    let mut pairs: Vec<String> = map(value, path)
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

/// A `LabelSelector` with `matchLabels` and `matchExpressions`; `<none>` when it selects everything.
pub fn selector(value: &Value, path: &str) -> String {
    let terms = terms(at(value, path));
    if terms.is_empty() { "<none>".into() } else { terms }
}

/// The selector's terms, empty when there are none. Terms are sorted by key.
pub fn terms(selector: &Value) -> String {
    let mut terms: Vec<(String, String)> = map(selector, "matchLabels")
        .into_iter()
        .flatten()
        .map(|(k, v)| (k.clone(), format!("{k}={}", v.as_str().unwrap_or_default())))
        .collect();
    for expression in list(selector, "matchExpressions") {
        let key = text(expression, "key").to_owned();
        let mut values: Vec<&str> = list(expression, "values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let term = match text(expression, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.clone(),
            _ => format!("!{key}"),
        };
        terms.push((key, term));
    }
    terms.sort();
    terms.into_iter().map(|(_, t)| t).collect::<Vec<_>>().join(",")
}

/// Names and images of a pod template's containers, each joined by commas.
pub fn containers(object: &Value, path: &str) -> (String, String) {
    let containers = list(object, path);
    let join = |key: &str| containers.iter().map(|c| text(c, key)).collect::<Vec<_>>().join(",");
    (join("name"), join("image"))
}
