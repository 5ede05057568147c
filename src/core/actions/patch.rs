//! JSON merge patches (RFC 7386): made, applied and turned round.

use serde_json::{Map, Value};

/// Applies a merge patch.
pub fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(map) = target {
        for (key, value) in patch {
            if value.is_null() {
                map.shift_remove(key);
            } else {
                apply(map.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// The merge patch that makes `new` of `old`; an empty object when they are equal.
pub fn make(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let mut patch = Map::new();
    for key in old.keys().filter(|k| new.get(*k).is_none_or(Value::is_null)) {
        if !old[key].is_null() {
            patch.insert(key.clone(), Value::Null);
        }
    }
    for (key, value) in new {
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before @ Value::Object(_)) if value.is_object() => {
                patch.insert(key.clone(), make(before, value));
            }
            _ if value.is_null() => {}
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

/// The merge patch that takes `patch` back from an object that was `before` it: the former values, and
/// `null` for what was not there.
pub fn inverse(before: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return before.clone() };
    let mut back = Map::new();
    for (key, value) in patch {
        let was = before.get(key).unwrap_or(&Value::Null);
        let undo = match (was, value) {
            (Value::Object(_), Value::Object(_)) => inverse(was, value),
            _ => was.clone(),
        };
        back.insert(key.clone(), undo);
    }
    Value::Object(back)
}

/// The first place where an object is not as a merge patch would leave it: path, what is there, what was expected.
/// A missing map and one without the expected keys are the same.
pub fn differs<'a>(object: &'a Value, expected: &'a Value) -> Option<(Vec<String>, &'a Value, &'a Value)> {
    static NULL: Value = Value::Null;
    let Value::Object(map) = expected else {
        return (object != expected).then(|| (Vec::new(), object, expected));
    };
    for (key, value) in map {
        let there = object.get(key).unwrap_or(&NULL);
        let below = match value {
            Value::Object(_) => differs(there, value),
            _ if there == value => None,
            _ => Some((Vec::new(), there, value)),
        };
        if let Some((mut path, there, value)) = below {
            path.insert(0, key.clone());
            return Some((path, there, value));
        }
    }
    None
}

/// A patch with the identity of the object it is meant for: the server refuses it on any other object
/// (other UID) and on any other state of it (other resource version).
pub(crate) fn with_identity(patch: &Value, uid: &str, resource_version: &str) -> Value {
    let mut body = patch.clone();
    if !body.is_object() {
        return body;
    }
    let mut metadata =
        body.get("metadata").cloned().filter(Value::is_object).unwrap_or_else(|| Value::Object(Map::new()));
    if let Value::Object(m) = &mut metadata {
        if !uid.is_empty() {
            m.insert("uid".into(), uid.into());
        }
        if !resource_version.is_empty() {
            m.insert("resourceVersion".into(), resource_version.into());
        }
        if !m.is_empty() {
            body["metadata"] = metadata;
        }
    }
    body
}

/// The patch without the identity.
pub(crate) fn without_identity(patch: &Value) -> Value {
    let mut body = patch.clone();
    if let Some(Value::Object(m)) = body.get_mut("metadata") {
        m.shift_remove("uid");
        m.shift_remove("resourceVersion");
        if m.is_empty()
            && let Value::Object(body) = &mut body
        {
            body.shift_remove("metadata");
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// JSON as objects of a cluster have it: no `null` members.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..9i64).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }
    fn any_object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-d]", any_value(), 0..4).prop_map(|m| Value::Object(m.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_patch_makes_the_new_one_and_its_inverse_the_old_one(old in any_object(), new in any_object()) {
            let patch = make(&old, &new);
            let mut object = old.clone();
            apply(&mut object, &patch);
            prop_assert_eq!(&object, &new);
            prop_assert!(differs(&object, &patch).is_none());
            apply(&mut object, &inverse(&old, &patch));
            prop_assert_eq!(&object, &old);
        }
    }

    #[test]
    fn the_place_that_differs_is_named() {
        let object = json!({"spec": {"replicas": 5}, "metadata": {}});
        let wanted = json!({"spec": {"replicas": 3}});
        let (path, there, expected) = differs(&object, &wanted).unwrap();
        assert_eq!((path.join("."), there, expected), ("spec.replicas".into(), &json!(5), &json!(3)));
        assert!(differs(&object, &json!({"metadata": {"labels": {"a": null}}})).is_none());
    }

    #[test]
    fn the_identity_comes_and_goes_without_a_trace() {
        let patch = json!({"spec": {"replicas": 3}});
        let body = with_identity(&patch, "u", "7");
        assert_eq!(body["metadata"], json!({"uid": "u", "resourceVersion": "7"}));
        assert_eq!(without_identity(&body), patch);
        assert_eq!(with_identity(&patch, "", ""), patch);
    }
}
