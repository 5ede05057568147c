//! A place in the program that can be gone to, remembered and written down.

use quarterdeck_core::resources::{Kind, ObjectRef};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a page is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    #[default]
    None,
    Kind(Kind),
    Object(ObjectRef),
    Objects(Vec<ObjectRef>),
    /// Something that is no object of the API: an app, a tenant, a host; or a kind as typed.
    Name(String),
}

/// A place: which page, about what, with which details.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// A page's name, see `pages/mod.rs`.
    pub page: String,
    pub subject: Subject,
    pub args: BTreeMap<String, String>,
}

impl Place {
    pub fn new(page: &str) -> Self {
        Self { page: page.into(), ..Self::default() }
    }
    pub fn about(page: &str, subject: Subject) -> Self {
        Self { page: page.into(), subject, args: BTreeMap::new() }
    }
    pub fn object(page: &str, object: ObjectRef) -> Self {
        Self::about(page, Subject::Object(object))
    }
    pub fn name(page: &str, name: impl Into<String>) -> Self {
        Self::about(page, Subject::Name(name.into()))
    }
    #[must_use]
    pub fn with(mut self, arg: &str, value: impl Into<String>) -> Self {
        self.args.insert(arg.into(), value.into());
        self
    }
    pub fn arg(&self, name: &str) -> &str {
        self.args.get(name).map_or("", String::as_str)
    }

    /// For the memory. Places about several objects (plans) are not remembered.
    pub fn to_json(&self) -> Option<Value> {
        // Runs and plans are of this session only.
        if matches!(self.page.as_str(), "run" | "plan") {
            return None;
        }
        let kind = |k: &Kind| json!({"g": k.group, "v": k.version, "k": k.kind, "p": k.plural, "n": k.namespaced});
        let subject = match &self.subject {
            Subject::None => Value::Null,
            Subject::Kind(k) => json!({"kind": kind(k)}),
            Subject::Object(o) => json!({"object": kind(&o.kind), "ns": &*o.namespace, "name": &*o.name}),
            Subject::Objects(_) => return None,
            Subject::Name(name) => json!({"name": name}),
        };
        Some(json!({"page": self.page, "subject": subject, "args": self.args}))
    }

    /// From the memory.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(String::from);
        let kind = |v: &Value| {
            let namespaced = v.get("n")?.as_bool()?;
            Some(Kind::of(&text(v, "g")?, &text(v, "v")?, &text(v, "k")?, &text(v, "p")?, namespaced))
        };
        let s = value.get("subject")?;
        let subject = if let Some(k) = s.get("kind") {
            Subject::Kind(kind(k)?)
        } else if let Some(o) = s.get("object") {
            Subject::Object(ObjectRef::new(kind(o)?, &text(s, "ns")?, &text(s, "name")?))
        } else if let Some(name) = text(s, "name") {
            Subject::Name(name)
        } else {
            Subject::None
        };
        let args = serde_json::from_value(value.get("args")?.clone()).ok()?;
        Some(Self { page: text(value, "page")?, subject, args })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_remembered_as_it_was() {
        let kind = Kind::of("apps", "v1", "Deployment", "deployments", true);
        for place in [
            Place::new("home"),
            Place::about("table", Subject::Kind(kind.clone())).with("filter", "status!=Ready"),
            Place::object("yaml", ObjectRef::new(kind, "client-acme", "api")),
            Place::name("app", "keycloak"),
        ] {
            assert_eq!(Place::from_json(&place.to_json().unwrap()), Some(place));
        }
    }
}
