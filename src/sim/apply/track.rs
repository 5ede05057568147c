//! Noting who changed what, for every write that is not an apply.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    managers::{self, Manager},
    paths::{Path, Paths, leaves},
};
use crate::{
    clock::Clock,
    storage::{KindInfo, WriteOptions},
};

/// Updates `managedFields` of `new` for a create or update. Trusted writes keep what is there.
pub(crate) fn track(kind: &KindInfo, old: Option<&Value>, new: &mut Value, options: &WriteOptions, now: Timestamp) {
    if options.trusted || options.applied {
        return;
    }
    let schema = kind.schema.as_deref();
    let status_only = options.subresource == "status";
    let counts = |path: &Path| {
        let status = path.first().is_some_and(|f| f == "f:status");
        if status_only { status } else { !(status && kind.has("status")) }
    };
    let after = leaves(new, schema, true);
    let before = old.map(|o| leaves(o, schema, true)).unwrap_or_default();
    let changed: Paths = after
        .iter()
        .filter(|(path, value)| counts(path) && before.get(*path) != Some(*value))
        .map(|(path, _)| path.clone())
        .collect();
    let removed: Paths = before.keys().filter(|path| !after.contains_key(*path)).cloned().collect();
    let mut all = match old {
        Some(old) => managers::read(old),
        None => Vec::new(),
    };
    if changed.is_empty() && removed.is_empty() {
        if let Some(old) = old {
            new["metadata"]["managedFields"] = old["metadata"]["managedFields"].clone();
        }
        return;
    }
    let me = Manager {
        name: options.manager.clone(),
        operation: "Update".into(),
        api_version: kind.api_version(),
        subresource: options.subresource.clone(),
        time: Clock::format(now),
        owns: Paths::new(),
    };
    for manager in &mut all {
        let mine = manager.same_as(&me);
        manager.owns.retain(|path| !removed.contains(path) && (mine || !changed.contains(path)));
    }
    if !changed.is_empty() {
        match all.iter_mut().find(|m| m.same_as(&me)) {
            Some(known) => {
                known.owns.extend(changed);
                known.time = me.time;
            }
            None => all.push(Manager { owns: changed, ..me }),
        }
    }
    managers::write(new, all);
}
