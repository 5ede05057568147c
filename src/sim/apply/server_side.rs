//! Server-side apply: a configuration says what its manager wants, and nothing else.

use std::sync::Arc;

use serde_json::Value;

use super::{
    conflict,
    managers::{self, Manager},
    merge::{at, merge, remove, within},
    paths::{Path, Paths, leaves},
};
use crate::{
    status::ApiError,
    storage::{KindInfo, Object, Store, WriteOptions, ensure_object},
};

impl Store {
    /// Applies `config` for `options.manager`; the second answer says whether the object is new.
    ///
    /// # Errors
    /// 409 with the fields of other managers, unless `options.force` takes them.
    pub fn apply(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        config: Value,
        options: &WriteOptions,
    ) -> Result<(Arc<Object>, bool), ApiError> {
        if config["metadata"]["managedFields"].as_array().is_some_and(|m| !m.is_empty()) {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let now = self.timestamp();
        if self.get(kind, namespace, name).is_err() {
            if !options.subresource.is_empty() {
                return Err(ApiError::not_found(&kind.group, &kind.plural, name));
            }
            let mut object = config.clone();
            ensure_object(&mut object, "metadata").shift_remove("resourceVersion");
            managers::write(&mut object, vec![manager(kind, &config, options, now)]);
            match self.create(kind, namespace, object, options) {
                Err(error) if error.reason == "AlreadyExists" => {}
                created => return created.map(|object| (object, true)),
            }
        }
        let stored =
            self.modify(kind, namespace, name, options, |live| over(kind, live, &config, options, &self.timestamp()))?;
        Ok((stored, false))
    }
}

fn counts(kind: &KindInfo, options: &WriteOptions, path: &Path) -> bool {
    let status = path.first().is_some_and(|f| f == "f:status");
    if options.subresource == "status" { status } else { !(status && kind.has("status")) }
}

fn manager(kind: &KindInfo, config: &Value, options: &WriteOptions, time: String) -> Manager {
    let owns = leaves(config, kind.schema.as_deref(), false).into_keys().filter(|p| counts(kind, options, p)).collect();
    Manager {
        name: options.manager.clone(),
        operation: "Apply".into(),
        api_version: kind.api_version(),
        subresource: options.subresource.clone(),
        time,
        owns,
    }
}

/// `live` with the configuration over it.
fn over(kind: &KindInfo, live: Value, config: &Value, options: &WriteOptions, now: &str) -> Result<Value, ApiError> {
    let schema = kind.schema.as_deref();
    let mut me = manager(kind, config, options, now.to_owned());
    let mut others = managers::read(&live);
    let last = others.iter().position(|m| m.same_as(&me)).map(|i| others.remove(i));
    if others.is_empty() && last.is_none() {
        others.push(first_owner(kind, &live, options));
    }
    let mut merged = live.clone();
    let mut wanted = config.clone();
    if let Some(meta) = wanted.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in ["managedFields", "creationTimestamp", "generation", "selfLink"] {
            meta.shift_remove(key);
        }
    }
    merge(&mut merged, &wanted, schema);

    let clash = |path: &Path| at(&live, path).is_some_and(|was| Some(was) != at(&merged, path));
    let mut conflicts = Vec::new();
    for other in &others {
        for path in other.owns.intersection(&me.owns) {
            // Inner nodes are shared; only values can disagree.
            let value = leaf(&me.owns, path);
            if value && clash(path) {
                conflicts.push((other.clone(), path.clone()));
            }
        }
    }
    if !conflicts.is_empty() {
        if !options.force {
            return Err(conflict::refusal(&conflicts));
        }
        for other in &mut others {
            other.owns.retain(|path| !conflicts.iter().any(|(_, p)| p == path));
        }
    }
    if let Some(last) = &last {
        drop_abandoned(&mut merged, &last.owns, &me.owns, &others);
        let same = last.owns == me.owns && merged == live;
        if same {
            me.time.clone_from(&last.time);
        }
    }
    others.push(me);
    managers::write(&mut merged, others);
    Ok(merged)
}

fn leaf(paths: &Paths, path: &Path) -> bool {
    !paths.iter().any(|p| p.len() > path.len() && within(p, path))
}

/// Takes out what this manager owned before, no longer names, and nobody else owns.
fn drop_abandoned(merged: &mut Value, before: &Paths, now: &Paths, others: &[Manager]) {
    let kept = |path: &Path| {
        let below = |paths: &Paths| paths.iter().any(|p| within(p, path));
        below(now) || others.iter().any(|o| below(&o.owns))
    };
    // A list item goes before its fields, while its keys can still be told.
    let mut gone: Vec<&Path> = before.iter().filter(|path| !kept(path)).collect();
    gone.sort_by_key(|path| path.len());
    for path in gone {
        remove(merged, path);
    }
}

/// Everything in an object that nobody is known to own belongs to who wrote it before the first apply.
fn first_owner(kind: &KindInfo, live: &Value, options: &WriteOptions) -> Manager {
    let owns = leaves(live, kind.schema.as_deref(), true).into_keys().filter(|p| counts(kind, options, p)).collect();
    Manager {
        name: "before-first-apply".into(),
        operation: "Update".into(),
        api_version: kind.api_version(),
        subresource: String::new(),
        time: live["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned(),
        owns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock as SimClock;
    use serde_json::json;

    fn apply(store: &Store, manager: &str, force: bool, data: Value) -> Result<Value, ApiError> {
        let kind = store.kind("v1", "ConfigMap").unwrap();
        let options = WriteOptions { force, applied: true, ..WriteOptions::by(manager) };
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data});
        store.apply(&kind, "default", "c", config, &options).map(|(object, _)| object.value())
    }

    #[test]
    fn fields_are_shared_fought_over_taken_and_left() {
        let store = Store::new(SimClock::system());
        apply(&store, "one", false, json!({"a": "1", "b": "1"})).unwrap();
        let error = apply(&store, "two", false, json!({"a": "2"})).unwrap_err();
        assert_eq!(error.message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
        let taken = apply(&store, "two", true, json!({"a": "2"})).unwrap();
        assert_eq!(taken["data"], json!({"a": "2", "b": "1"}));
        let left = apply(&store, "one", false, json!({})).unwrap();
        assert_eq!(left["data"], json!({"a": "2"}));
        let again = apply(&store, "two", false, json!({"a": "2"})).unwrap();
        assert_eq!(again["metadata"]["resourceVersion"], left["metadata"]["resourceVersion"]);
    }
}
