//! Deleting: preconditions, grace, finalizers, the objects it owned, namespaces that empty themselves.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    kinds::{Kind, KindInfo},
    log::ChangeKind,
    object::Object,
    options::{DeleteOptions, Propagation},
    store::{Inner, ListQuery, Store},
    write::{with_finalizer, without_finalizer},
};
use crate::{clock::Clock, status::ApiError};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What a delete did.
#[derive(Debug)]
pub enum Deleted {
    /// The object is gone; its last state.
    Gone(Arc<Object>),
    /// It is marked and waits for its grace or its finalizers.
    Pending(Arc<Object>),
}

impl Deleted {
    /// The object's last or present state.
    pub fn object(&self) -> &Arc<Object> {
        match self {
            Self::Gone(object) | Self::Pending(object) => object,
        }
    }
}

impl Store {
    /// Deletes an object, or marks it for deletion.
    pub fn delete(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, ApiError> {
        self.inner.write().delete(kind, namespace, name, options)
    }

    /// Deletes all objects that the query finds; they are returned.
    pub fn delete_collection(
        &self,
        kind: &KindInfo,
        query: &ListQuery,
        options: &DeleteOptions,
    ) -> Result<Vec<Arc<Object>>, ApiError> {
        let mut inner = self.inner.write();
        let found = inner.list(kind, query).items;
        for object in &found {
            match inner.delete(kind, &object.namespace, &object.name, options) {
                // Gone already as a dependent of one deleted before it.
                Err(error) if error.code == 404 => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Ok(found)
    }
}

impl Inner {
    pub(crate) fn delete(
        &mut self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, ApiError> {
        let current = self.get(kind, namespace, name)?;
        check_preconditions(kind, &current, options)?;
        let old = current.value();
        let mut new = old.clone();
        let marked = old["metadata"]["deletionTimestamp"].is_string();
        let is_namespace = kind.group.is_empty() && kind.plural == "namespaces";
        if is_namespace && matches!(name, "default" | "kube-system" | "kube-public") {
            return Err(ApiError::forbidden("", "namespaces", name, "this namespace may not be deleted"));
        }
        match options.propagation {
            Some(Propagation::Foreground) if !marked => with_finalizer(&mut new, FOREGROUND),
            Some(Propagation::Orphan) if !marked => with_finalizer(&mut new, ORPHAN),
            _ => {}
        }
        let grace = grace_of(kind, &old, options);
        let held = new["metadata"]["finalizers"].as_array().is_some_and(|f| !f.is_empty()) || is_namespace;
        if !held && grace == 0 {
            if options.dry_run {
                return Ok(Deleted::Gone(current));
            }
            if marked {
                // What was given time and is now not: its last state says so.
                new["metadata"]["deletionGracePeriodSeconds"] = 0.into();
                return Ok(Deleted::Gone(self.remove(kind, &current, Some(new))));
            }
            if !(kind.group.is_empty() && kind.plural == "pods") {
                return Ok(Deleted::Gone(self.remove(kind, &current, None)));
            }
            // Pods are always marked before they go, even with no grace at all.
            new["metadata"]["deletionTimestamp"] = Clock::format(self.clock.now()).into();
            new["metadata"]["deletionGracePeriodSeconds"] = 0.into();
            let marked = self.commit(kind, Some(&current), new, false);
            return Ok(Deleted::Gone(self.remove(kind, &marked, None)));
        }
        let shorter = old["metadata"]["deletionGracePeriodSeconds"].as_i64().is_some_and(|was| grace < was);
        if !marked || shorter {
            let end = self.clock.now().checked_add(std::time::Duration::from_secs(grace.max(0) as u64));
            new["metadata"]["deletionTimestamp"] = Clock::format(end.unwrap_or_else(|_| self.clock.now())).into();
            new["metadata"]["deletionGracePeriodSeconds"] = grace.into();
            if kind.generation || kind.custom {
                let generation = old["metadata"]["generation"].as_i64().unwrap_or(0);
                new["metadata"]["generation"] = (generation + 1).into();
            }
            if is_namespace {
                new["status"] = json!({"phase": "Terminating"});
            }
        } else if new == old {
            return Ok(Deleted::Pending(current));
        }
        let stored = self.commit(kind, Some(&current), new, options.dry_run);
        if options.dry_run {
            return Ok(Deleted::Pending(stored));
        }
        if options.propagation == Some(Propagation::Foreground) {
            self.delete_dependents(&stored.uid, Propagation::Foreground);
            self.finish_foreground(&stored.uid);
        }
        if options.propagation == Some(Propagation::Orphan) {
            self.orphan_dependents(&stored.uid);
            self.release(kind, &stored, ORPHAN);
            return Ok(Deleted::Pending(stored));
        }
        if is_namespace {
            self.empty_namespace(name);
        }
        if kind.storage == crate::crd::STORAGE {
            self.retire_crd(&stored);
        }
        match self.find(kind, &stored.key()) {
            Some(now) if now.uid == stored.uid => Ok(Deleted::Pending(now)),
            _ => Ok(Deleted::Pending(stored)),
        }
    }

    /// Takes the object out, tells everyone, and sees to what it leaves behind.
    pub(crate) fn remove(&mut self, kind: &KindInfo, current: &Arc<Object>, last: Option<Value>) -> Arc<Object> {
        self.version += 1;
        let mut value = last.unwrap_or_else(|| current.value());
        value["metadata"]["resourceVersion"] = self.version.to_string().into();
        let gone = Arc::new(Object::new(kind, self.version, &value));
        self.table(kind).objects.remove(&current.key());
        self.forget_owners(kind, current);
        self.tell(kind, ChangeKind::Deleted, gone.clone(), Some(current.clone()));
        self.delete_dependents(&current.uid, Propagation::Background);
        for owner in current.owners.clone() {
            self.finish_foreground(&owner);
        }
        if !current.namespace.is_empty() {
            self.finish_namespace(&current.namespace);
        }
        self.after_remove(kind, &gone);
        gone
    }

    /// The objects that name `uid` as an owner.
    fn dependents_of(&self, uid: &str) -> Vec<(Kind, Arc<Object>)> {
        let Some(list) = self.dependents.get(uid) else { return Vec::new() };
        let kinds = self.registry.all();
        let find = |(storage, key): &(String, (String, String))| {
            let object = self.tables.get(storage)?.objects.get(key)?.clone();
            let kind = kinds.iter().find(|k| k.storage == *storage)?.clone();
            Some((kind, object))
        };
        list.iter().filter_map(find).collect()
    }

    /// Deletes what only `uid` owned; takes the reference from what others own too.
    fn delete_dependents(&mut self, uid: &str, propagation: Propagation) {
        for (kind, object) in self.dependents_of(uid) {
            let others = object.owners.iter().any(|o| o != uid && self.exists(o));
            if others {
                self.drop_owner(&kind, &object, uid);
                continue;
            }
            let options = DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() };
            // Gone already, through another branch of the same tree.
            let _ = self.delete(&kind, &object.namespace, &object.name, &options);
        }
    }

    /// Collects an object whose owners are all gone, or never were.
    pub(crate) fn collect_if_stray(&mut self, kind: &KindInfo, object: &Arc<Object>) {
        let owned = !object.owners.is_empty();
        if owned && !object.owners.iter().any(|o| self.exists(o)) {
            let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
            // Gone already, by other hands.
            let _ = self.delete(kind, &object.namespace, &object.name, &options);
        }
    }

    fn exists(&self, uid: &str) -> bool {
        self.tables.values().any(|t| t.objects.values().any(|o| o.uid == uid))
    }

    fn orphan_dependents(&mut self, uid: &str) {
        for (kind, object) in self.dependents_of(uid) {
            self.drop_owner(&kind, &object, uid);
        }
    }

    fn drop_owner(&mut self, kind: &KindInfo, object: &Arc<Object>, uid: &str) {
        let mut value = object.value();
        if let Some(owners) = value["metadata"]["ownerReferences"].as_array_mut() {
            owners.retain(|o| o["uid"] != uid);
        }
        self.commit(kind, Some(object), value, false);
    }

    /// Lets a foreground-deleted owner go when nothing that blocks it is left.
    fn finish_foreground(&mut self, uid: &str) {
        let blocks = |value: &Value| {
            let owners = value["metadata"]["ownerReferences"].as_array();
            owners.into_iter().flatten().any(|o| o["uid"] == uid && o["blockOwnerDeletion"] == true)
        };
        if self.dependents_of(uid).iter().any(|(_, o)| blocks(&o.value())) {
            return;
        }
        let kinds = self.registry.all().to_vec();
        let found = self.tables.iter().find_map(|(storage, table)| {
            let object = table.objects.values().find(|o| o.uid == uid)?;
            let kind = kinds.iter().find(|k| k.storage == *storage)?;
            Some((kind.clone(), object.clone()))
        });
        let Some((kind, object)) = found else { return };
        self.release(&kind, &object, FOREGROUND);
    }

    /// Takes a finalizer of the collector's own off an object, which goes if that was the last.
    fn release(&mut self, kind: &KindInfo, object: &Arc<Object>, finalizer: &str) {
        let mut value = object.value();
        let waits = value["metadata"]["finalizers"].as_array().is_some_and(|f| f.iter().any(|x| x == finalizer));
        if !waits {
            return;
        }
        without_finalizer(&mut value, finalizer);
        if value["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty) {
            self.remove(kind, object, Some(value));
        } else {
            self.commit(kind, Some(object), value, false);
        }
    }

    fn empty_namespace(&mut self, namespace: &str) {
        let kinds: Vec<Kind> = self.registry.all().iter().filter(|k| k.namespaced).cloned().collect();
        let query = ListQuery { namespace: Some(namespace.to_owned()), ..ListQuery::default() };
        for kind in kinds {
            for object in self.list(&kind, &query).items {
                let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
                let _ = self.delete(&kind, namespace, &object.name, &options);
            }
        }
        self.finish_namespace(namespace);
    }

    /// Lets a terminating namespace go when it is empty.
    pub(crate) fn finish_namespace(&mut self, namespace: &str) {
        let key = (String::new(), namespace.to_owned());
        let Some(object) = self.tables.get("namespaces").and_then(|t| t.objects.get(&key)).cloned() else { return };
        if object.field("status.phase") != Some("Terminating") {
            return;
        }
        let start = (namespace.to_owned(), String::new());
        let busy = self
            .tables
            .values()
            .any(|t| t.objects.range(start.clone()..).next().is_some_and(|(k, _)| k.0 == namespace));
        if busy {
            return;
        }
        let Some(kind) = self.registry.resource("", "v1", "namespaces") else { return };
        let mut value = object.value();
        if let Some(spec) = value["spec"].as_object_mut() {
            spec.shift_remove("finalizers");
        }
        if value["metadata"]["finalizers"].as_array().is_some_and(|f| !f.is_empty()) {
            return;
        }
        self.remove(&kind, &object, Some(value));
    }
}

fn check_preconditions(kind: &KindInfo, current: &Object, options: &DeleteOptions) -> Result<(), ApiError> {
    // The real server names the Kind here, not the resource.
    let conflict = |why: String| Err(ApiError::conflict(&kind.group, &kind.kind, &current.name, &why));
    if let Some(uid) = &options.uid
        && *uid != current.uid
    {
        return conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            current.uid
        ));
    }
    if let Some(version) = &options.resource_version
        && *version != current.version.to_string()
    {
        return conflict(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
            current.version
        ));
    }
    Ok(())
}

/// Seconds until it may go. Only pods have a grace, and only when something runs.
fn grace_of(kind: &KindInfo, value: &Value, options: &DeleteOptions) -> i64 {
    if !(kind.group.is_empty() && kind.plural == "pods") {
        return 0;
    }
    let phase = value["status"]["phase"].as_str().unwrap_or_default();
    if value["spec"]["nodeName"].as_str().unwrap_or_default().is_empty() || matches!(phase, "Succeeded" | "Failed") {
        return 0;
    }
    options
        .grace_seconds
        .unwrap_or_else(|| value["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30))
        .max(0)
}
