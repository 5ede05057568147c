//! Names, labels and keys.

use serde_json::Value;

use crate::{status::Cause, storage::KindInfo};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn invalid(field: &str, value: &str, text: &str) -> Cause {
    let message = format!("Invalid value: {}: {text}", Value::from(value));
    Cause { reason: "FieldValueInvalid", message, field: field.to_owned() }
}

/// What is wrong with name, labels and annotations.
pub(super) fn metadata(kind: &KindInfo, meta: &Value) -> Vec<Cause> {
    let mut found = Vec::new();
    let name = meta["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        let message = "Required value: name or generateName is required".to_owned();
        found.push(Cause { reason: "FieldValueRequired", message, field: "metadata.name".into() });
    } else {
        let free = kind.group == "rbac.authorization.k8s.io";
        let short = kind.group.is_empty() && matches!(kind.plural.as_str(), "namespaces" | "services");
        if free {
            if name.contains('/') || name.contains('%') || name == "." || name == ".." {
                found.push(invalid("metadata.name", name, "may not contain '/'"));
            }
        } else if kind.plural == "namespaces" && name.contains('.') {
            found.push(invalid("metadata.name", name, "must not contain dots"));
        } else if short && !(label(name) && name.len() <= 63) {
            found.push(invalid("metadata.name", name, LABEL));
        } else if !short && (name.len() > 253 || !name.split('.').all(label)) {
            found.push(invalid("metadata.name", name, SUBDOMAIN));
        }
    }
    for (key, value) in meta["labels"].as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        if !qualified(key) {
            found.push(invalid("metadata.labels", key, QUALIFIED));
        }
        if text.len() > 63 {
            let message = "Too long: may not be more than 63 bytes".to_owned();
            found.push(Cause { reason: "FieldValueTooLong", message, field: "metadata.labels".into() });
        } else if !plain(text) {
            found.push(invalid("metadata.labels", text, LABEL_VALUE));
        }
    }
    for key in meta["annotations"].as_object().into_iter().flat_map(|m| m.keys()) {
        if !qualified(&key.to_lowercase()) {
            found.push(invalid("metadata.annotations", key, QUALIFIED));
        }
    }
    // The real server does not say which of them is meant either.
    for owner in meta["ownerReferences"].as_array().into_iter().flatten() {
        for (key, text) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if owner[key].as_str().unwrap_or_default().is_empty() {
                found.push(invalid(&format!("metadata.ownerReferences.{key}"), "", text));
            }
        }
    }
    found
}

fn label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn plain(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn qualified(key: &str) -> bool {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(p, n)| (Some(p), n));
    !name.is_empty() && name.len() <= 63 && plain(name) && prefix.is_none_or(|p| p.split('.').all(label))
}

/// Paths of keys that occur twice in an object of the JSON text.
pub(super) fn duplicate_keys(raw: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let text = std::str::from_utf8(raw).unwrap_or_default();
    if text.trim_start().starts_with('{') {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let seed = Watch { path: String::new(), found: &mut found };
        // Whether it parses at all was settled before.
        let _ = serde::de::DeserializeSeed::deserialize(seed, &mut deserializer);
    }
    found
}

struct Watch<'a> {
    path: String,
    found: &'a mut Vec<String>,
}

impl<'de> serde::de::DeserializeSeed<'de> for Watch<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for Watch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut i = 0;
        while seq.next_element_seed(Watch { path: format!("{}[{i}]", self.path), found: &mut *self.found })?.is_some() {
            i += 1;
        }
        Ok(())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Vec::<String>::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            if seen.contains(&key) {
                self.found.push(path.clone());
            }
            seen.push(key);
            map.next_value_seed(Watch { path, found: &mut *self.found })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_with_their_path() {
        assert_eq!(duplicate_keys(br#"{"a": 1, "b": [{"c": 1, "c": 2}], "a": 2}"#), ["b[0].c", "a"]);
    }

    #[test]
    fn names_and_labels() {
        assert!(qualified("app.kubernetes.io/name") && !qualified("a/b/c d"));
        assert!(label("web-1") && !label("Web") && !label("-a"));
    }
}
