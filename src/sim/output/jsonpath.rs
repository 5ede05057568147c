//! The JSONPath dialect of printer columns: `.spec.a`, `.a[0]`, `.a[*].b`,
//! `.a[?(@.type=="Ready")].status`, `.metadata.annotations.example\.com/x`.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(i64),
    All,
    Filter(Vec<Step>, String, Option<String>),
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath(Vec<Step>);

impl JsonPath {
    /// Parses a path; braces and a leading `$` are fine.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('{').trim_end_matches('}');
        let mut rest: Vec<char> = text.trim_start_matches('$').chars().collect();
        rest.reverse();
        let mut steps = Vec::new();
        while let Some(c) = rest.pop() {
            match c {
                '.' => {
                    if matches!(rest.last(), Some('[') | None) {
                        continue;
                    }
                    steps.push(key_step(&mut rest));
                }
                '[' => {
                    let inner = bracket(&mut rest)?;
                    steps.push(bracket_step(&inner)?);
                }
                other => {
                    rest.push(other);
                    steps.push(key_step(&mut rest));
                }
            }
        }
        Some(Self(steps))
    }

    /// All values it leads to.
    pub(crate) fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        walk(&self.0, value)
    }
}

/// Follows a plain dotted path such as `.spec.replicas`.
pub(crate) fn lookup<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    JsonPath::parse(path)?.find(value).into_iter().next()
}

fn walk<'a>(steps: &[Step], value: &'a Value) -> Vec<&'a Value> {
    let Some((first, rest)) = steps.split_first() else { return vec![value] };
    let next: Vec<&Value> = match first {
        Step::Key(key) if key == "*" => children(value),
        Step::Key(key) => value.get(key).into_iter().collect(),
        Step::Index(i) => {
            let Some(list) = value.as_array() else { return Vec::new() };
            let at = if *i < 0 { list.len() as i64 + i } else { *i };
            usize::try_from(at).ok().and_then(|at| list.get(at)).into_iter().collect()
        }
        Step::All => children(value),
        Step::Filter(path, operator, wanted) => children(value)
            .into_iter()
            .filter(|item| {
                let found = walk(path, item).into_iter().next();
                let text = found.map(|f| f.as_str().map_or_else(|| f.to_string(), str::to_owned));
                match operator.as_str() {
                    "==" => text.is_some() && text == *wanted,
                    "!=" => text != *wanted,
                    _ => text.is_some(),
                }
            })
            .collect(),
    };
    next.into_iter().flat_map(|v| walk(rest, v)).collect()
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn key_step(rest: &mut Vec<char>) -> Step {
    let mut key = String::new();
    while let Some(&c) = rest.last() {
        match c {
            '\\' => {
                rest.pop();
                key.extend(rest.pop());
            }
            '.' | '[' => break,
            _ => {
                key.push(c);
                rest.pop();
            }
        }
    }
    Step::Key(key)
}

fn bracket(rest: &mut Vec<char>) -> Option<String> {
    let (mut inner, mut depth, mut quote) = (String::new(), 0, None);
    while let Some(c) = rest.pop() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(inner),
            (None, ']') => depth -= 1,
            _ => {}
        }
        inner.push(c);
    }
    None
}

fn bracket_step(inner: &str) -> Option<Step> {
    let inner = inner.trim();
    if inner == "*" || inner.is_empty() {
        return Some(Step::All);
    }
    if let Some(filter) = inner.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        let (path, operator, wanted) =
            match filter.find("==").map(|i| (i, "==")).or_else(|| filter.find("!=").map(|i| (i, "!="))) {
                Some((i, operator)) => {
                    (&filter[..i], operator, Some(filter[i + 2..].trim().trim_matches(['"', '\'']).to_owned()))
                }
                None => (filter, "", None),
            };
        let path = JsonPath::parse(path.trim().trim_start_matches('@'))?;
        return Some(Step::Filter(path.0, operator.to_owned(), wanted));
    }
    if let Ok(index) = inner.parse() {
        return Some(Step::Index(index));
    }
    Some(Step::Key(inner.trim_matches(['"', '\'']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_escapes_and_indexes() {
        let value = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "X", "status": "False"}]},
            "metadata": {"annotations": {"a.b/c": "yes"}}, "list": [1, 2, 3]});
        let find = |path: &str| JsonPath::parse(path).unwrap().find(&value).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(find(".status.conditions[?(@.type==\"Ready\")].status"), [json!("True")]);
        assert_eq!(find(r".metadata.annotations.a\.b/c"), [json!("yes")]);
        assert_eq!(find(".list[-1]"), [json!(3)]);
        assert_eq!(find(".status.conditions[*].type"), [json!("Ready"), json!("X")]);
        assert!(find(".nothing.here").is_empty());
    }
}
