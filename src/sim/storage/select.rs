//! Label and field selectors, as the `labelSelector` and `fieldSelector` parameters spell them.

use serde_json::Value;

use super::{kinds::KindInfo, object::Object};
use crate::status::ApiError;

/// A parsed label selector; all requirements must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
    Greater(String, i64),
    Less(String, i64),
}

impl LabelSelector {
    /// Parses `a=b,c!=d,e in (f,g),h,!i`.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let mut requirements = Vec::new();
        for part in split_outside_parentheses(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            requirements.push(requirement(part).ok_or_else(|| ApiError::bad_request(complaint(part)))?);
        }
        Ok(Self(requirements))
    }

    /// From the `selector` of an object (`matchLabels`, `matchExpressions`, or a plain map).
    pub fn from_value(selector: &Value) -> Self {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let mut list = Vec::new();
        let structured = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
        let plain = if structured { &selector["matchLabels"] } else { selector };
        for (k, v) in plain.as_object().into_iter().flatten() {
            list.push(Requirement::In(k.clone(), vec![text(v)]));
        }
        for e in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = text(&e["key"]);
            let values = e["values"].as_array().into_iter().flatten().map(text).collect();
            list.push(match e["operator"].as_str().unwrap_or_default() {
                "In" => Requirement::In(key, values),
                "NotIn" => Requirement::NotIn(key, values),
                "DoesNotExist" => Requirement::Missing(key),
                _ => Requirement::Exists(key),
            });
        }
        Self(list)
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the object's labels satisfy it.
    pub fn matches(&self, object: &Object) -> bool {
        self.matches_labels(|key| object.label(key))
    }

    /// Whether labels looked up by `label` satisfy it.
    pub fn matches_labels<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let number = |key: &str| label(key).and_then(|v| v.parse::<i64>().ok());
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => label(key).is_some_and(|v| values.iter().any(|x| x == v)),
            Requirement::NotIn(key, values) => label(key).is_none_or(|v| values.iter().all(|x| x != v)),
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Missing(key) => label(key).is_none(),
            Requirement::Greater(key, bound) => number(key).is_some_and(|v| v > *bound),
            Requirement::Less(key, bound) => number(key).is_some_and(|v| v < *bound),
        })
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// What the real server's parser would have stopped at.
fn complaint(part: &str) -> String {
    let words: Vec<&str> = part.split_whitespace().collect();
    match words.as_slice() {
        [_, "in" | "notin", found, ..] => format!("unable to parse requirement: found '{found}' expected: '('"),
        [first, found, ..] if first.contains('=') => format!("found '{found}', expected: ',' or 'end of string'"),
        [_, found, ..] => {
            format!("unable to parse requirement: found '{found}', expected: in, notin, =, ==, !=, gt, lt")
        }
        _ => format!("unable to parse requirement: invalid label selector \"{part}\""),
    }
}

fn requirement(part: &str) -> Option<Requirement> {
    if let Some(key) = part.strip_prefix('!') {
        return key_ok(key.trim()).map(Requirement::Missing);
    }
    if let Some((head, values)) = part.strip_suffix(')').and_then(|p| p.split_once('(')) {
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        let key = key_ok(words.next()?)?;
        return match words.next()? {
            "in" => Some(Requirement::In(key, values)),
            "notin" => Some(Requirement::NotIn(key, values)),
            _ => None,
        };
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(key_ok(key.trim())?, vec![value_ok(value.trim())?]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::In(key_ok(key.trim())?, vec![value_ok(value.trim())?]));
    }
    if let Some((key, value)) = part.split_once('>') {
        return Some(Requirement::Greater(key_ok(key.trim())?, value.trim().parse().ok()?));
    }
    if let Some((key, value)) = part.split_once('<') {
        return Some(Requirement::Less(key_ok(key.trim())?, value.trim().parse().ok()?));
    }
    key_ok(part).map(Requirement::Exists)
}

fn key_ok(key: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!key.is_empty() && key.len() <= 317 && key.chars().all(legal)).then(|| key.to_owned())
}

fn value_ok(value: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (value.len() <= 63 && value.chars().all(legal)).then(|| value.to_owned())
}

/// A parsed field selector; all terms must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<(String, bool, String)>);

impl FieldSelector {
    /// Parses `a=b,c!=d` and refuses fields that the kind does not index, as the real server does.
    pub fn parse(text: &str, kind: &KindInfo) -> Result<Self, ApiError> {
        let mut terms = Vec::new();
        for part in text.split(',').filter(|p| !p.is_empty()) {
            let (key, equal, value) = if let Some((k, v)) = part.split_once("!=") {
                (k, false, v)
            } else if let Some((k, v)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (k, true, v)
            } else {
                return Err(ApiError::bad_request(format!("invalid selector: '{text}'; can't understand '{part}'")));
            };
            let known = (key == "metadata.name") || (key == "metadata.namespace") || field_paths(kind).contains(&key);
            if !known {
                return Err(ApiError::bad_request(unknown_label(kind, key)));
            }
            terms.push((key.to_owned(), equal, value.to_owned()));
        }
        Ok(Self(terms))
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one name asked for with `metadata.name=…`, if any.
    pub fn name(&self) -> Option<&str> {
        self.0.iter().find(|(k, equal, _)| k == "metadata.name" && *equal).map(|(_, _, v)| v.as_str())
    }

    /// Whether the object satisfies it.
    pub fn matches(&self, object: &Object) -> bool {
        self.0.iter().all(|(key, equal, value)| (object.field(key).unwrap_or_default() == value) == *equal)
    }
}

/// The fields a selector may name beside name and namespace.
fn field_paths(kind: &KindInfo) -> &'static [&'static str] {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("events.k8s.io", "events") => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
        ("", "secrets") => &["type"],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") | ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        ("certificates.k8s.io", "certificatesigningrequests") => &["spec.signerName"],
        _ => &[],
    }
}

/// The values of those fields in `value`. Events are stored in their core form
/// and found under both names.
pub(crate) fn indexed_fields(kind: &KindInfo, value: &Value) -> Box<[(&'static str, String)]> {
    let scalar = |v: &Value| match v {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        Value::Object(_) | Value::Array(_) => String::new(),
        other => other.to_string(),
    };
    let mut out = Vec::new();
    for path in field_paths(kind) {
        let found = path.split('.').try_fold(value, |v, key| v.get(key)).map(scalar);
        let text = match (*path, found) {
            ("status.successful", _) => scalar(&value["status"]["succeeded"]),
            ("source", _) => scalar(&value["source"]["component"]),
            ("spec.unschedulable" | "spec.hostNetwork", None) => "false".into(),
            ("reportingComponent", found) => match found.filter(|f| !f.is_empty()) {
                Some(f) => f,
                None => scalar(&value["source"]["component"]),
            },
            (_, found) => found.unwrap_or_default(),
        };
        out.push((*path, text));
        if kind.plural == "events"
            && let Some(alias) = event_alias(path)
        {
            let text = out[out.len() - 1].1.clone();
            out.push((alias, text));
        }
    }
    out.into()
}

fn event_alias(path: &str) -> Option<&'static str> {
    Some(match path {
        "involvedObject.kind" => "regarding.kind",
        "involvedObject.namespace" => "regarding.namespace",
        "involvedObject.name" => "regarding.name",
        "involvedObject.uid" => "regarding.uid",
        "involvedObject.apiVersion" => "regarding.apiVersion",
        "involvedObject.resourceVersion" => "regarding.resourceVersion",
        "involvedObject.fieldPath" => "regarding.fieldPath",
        "reportingComponent" => "reportingController",
        _ => return None,
    })
}

/// Kinds with field labels of their own word it otherwise than the rest.
fn unknown_label(kind: &KindInfo, key: &str) -> String {
    let own = kind.group.is_empty()
        && matches!(
            kind.plural.as_str(),
            "pods" | "nodes" | "events" | "namespaces" | "secrets" | "services" | "replicationcontrollers"
        );
    if own || matches!(kind.plural.as_str(), "jobs" | "replicasets") {
        return format!("field label not supported: {key}");
    }
    format!("\"{key}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let find = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        LabelSelector::parse(selector).unwrap().matches_labels(find)
    }

    #[test]
    fn set_based_selectors() {
        let labels = [("app", "web"), ("tier", "front"), ("n", "7")];
        assert!(matches("app=web,tier in (front, back)", &labels));
        assert!(!matches("app notin (web)", &labels));
        assert!(matches("missing notin (x),!gone,app", &labels));
        assert!(matches("n>6,n<8", &labels));
        assert!(matches("other!=x", &labels));
        assert!(LabelSelector::parse("a b c").is_err());
    }
}
