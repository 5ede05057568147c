//! Telling an applier whose fields it would take.

use super::{
    managers::Manager,
    paths::{Path, shown},
};
use crate::status::{ApiError, Cause};

/// 409 with one cause a field.
pub(super) fn refusal(conflicts: &[(Manager, Path)]) -> ApiError {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (manager, path) in conflicts {
        let (name, field) = (manager.shown(), shown(path));
        match groups.iter_mut().find(|(n, _)| *n == name) {
            Some((_, fields)) => fields.push(field),
            None => groups.push((name, vec![field])),
        }
    }
    groups.sort();
    let message = match groups.as_slice() {
        [(name, fields)] if fields.len() == 1 => {
            format!("Apply failed with 1 conflict: conflict with {name}: {}", fields[0])
        }
        _ => {
            let lines: Vec<String> = groups
                .iter()
                .map(|(name, fields)| format!("conflicts with {name}:\n- {}", fields.join("\n- ")))
                .collect();
            format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
        }
    };
    let mut error = ApiError::new(409, "Conflict", message);
    let causes: Vec<Cause> = conflicts
        .iter()
        .map(|(manager, path)| Cause {
            reason: "FieldManagerConflict",
            message: format!("conflict with {}", manager.shown()),
            field: shown(path),
        })
        .collect();
    error.set_causes(&causes);
    error
}
