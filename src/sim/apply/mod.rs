//! Who owns which field: `managedFields`, and server-side apply on top of it.
use crate::storage::{KindInfo, WriteOptions};
use serde_json::Value;
pub(crate) fn track(
    _kind: &KindInfo,
    _old: Option<&Value>,
    _new: &mut Value,
    _o: &WriteOptions,
    _now: jiff::Timestamp,
) {
}
pub(crate) fn ownership_changed(_old: &Value, _new: &Value, _o: &WriteOptions) -> bool {
    false
}
