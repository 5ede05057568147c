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
impl crate::storage::Store {
    pub fn apply(
        &self,
        kind: &KindInfo,
        ns: &str,
        name: &str,
        object: Value,
        o: &WriteOptions,
    ) -> Result<(std::sync::Arc<crate::storage::Object>, bool), crate::ApiError> {
        if self.get(kind, ns, name).is_err() {
            return Ok((self.create(kind, ns, object, o)?, true));
        }
        Ok((
            self.modify(kind, ns, name, o, |mut v| {
                crate::patch::merge(&mut v, &object);
                Ok(v)
            })?,
            false,
        ))
    }
}
