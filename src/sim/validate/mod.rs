//! Whether an object may be written as it is.
use crate::{
    status::{ApiError, Cause},
    storage::KindInfo,
};
use serde_json::Value;
pub(crate) fn on_create(_kind: &KindInfo, _object: &Value) -> Result<(), ApiError> {
    Ok(())
}
pub(crate) fn on_update(_kind: &KindInfo, _old: &Value, _new: &Value, _sub: &str) -> Result<(), ApiError> {
    Ok(())
}
/// A custom object must name the version that the update is based on.
pub(crate) fn missing_version(kind: &KindInfo, name: &str) -> ApiError {
    let cause = Cause {
        reason: "FieldValueInvalid",
        message: "Invalid value: 0: must be specified for an update".into(),
        field: "metadata.resourceVersion".into(),
    };
    ApiError::invalid(&kind.group, &kind.kind, name, vec![cause])
}
pub(crate) fn unknown_fields(
    _kind: &KindInfo,
    _o: &mut Value,
    _raw: &[u8],
    _v: crate::storage::FieldValidation,
) -> Result<Vec<String>, ApiError> {
    Ok(vec![])
}
