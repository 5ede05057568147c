//! What the server fills in when an object leaves it out.
use crate::storage::KindInfo;
use serde_json::{Value, json};
pub(crate) fn on_create(_kind: &KindInfo, _object: &mut Value) {
    if _kind.group.is_empty() && _kind.plural == "namespaces" && _object["status"].is_null() {
        _object["spec"] = json!({"finalizers":["kubernetes"]});
        _object["status"] = json!({"phase":"Active"});
    }
}
pub(crate) fn on_update(_kind: &KindInfo, _old: &Value, _new: &mut Value) {}
pub(crate) fn allocate_service(_object: &mut Value, _count: usize, _taken: impl Fn(&str) -> bool) {}
