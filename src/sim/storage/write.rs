//! The one pipeline of all writes: what the server fills in, what it keeps
//! from the old state, when a version is spent, and who is told.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    convert,
    kinds::KindInfo,
    log::{Change, ChangeKind},
    meta::{canonical, ensure_object, same_but_bookkeeping, same_spec},
    object::Object,
    options::WriteOptions,
    store::{Inner, Store},
};
use crate::status::ApiError;

impl Store {
    /// Creates an object in `namespace` (empty for cluster scope).
    pub fn create(
        &self,
        kind: &KindInfo,
        namespace: &str,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Object>, ApiError> {
        self.inner.write().create(kind, namespace, object, options)
    }

    /// Replaces an object; a resourceVersion in it must be the current one.
    pub fn update(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Object>, ApiError> {
        self.inner.write().update(kind, namespace, name, object, options)
    }

    /// Reads, changes and writes an object with nothing in between.
    pub fn modify(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        options: &WriteOptions,
        change: impl FnOnce(Value) -> Result<Value, ApiError>,
    ) -> Result<Arc<Object>, ApiError> {
        self.inner.write().modify(kind, namespace, name, options, change)
    }

    /// Creates the object, or replaces it if it is there; trusted. What worlds and controllers use.
    pub fn apply_object(&self, object: Value, manager: &str) -> Result<Arc<Object>, ApiError> {
        let mut inner = self.inner.write();
        let kind = inner
            .registry
            .kind_of(&object)
            .ok_or_else(|| ApiError::bad_request(format!("no kind {} in {}", object["kind"], object["apiVersion"])))?;
        let options = WriteOptions::trusted(manager);
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let mut namespace = text(&object["metadata"]["namespace"]);
        if kind.namespaced && namespace.is_empty() {
            namespace = "default".into();
        }
        let name = text(&object["metadata"]["name"]);
        if name.is_empty() || inner.get(&kind, &namespace, &name).is_err() {
            inner.create(&kind, &namespace, object, &options)
        } else {
            let mut object = object;
            ensure_object(&mut object, "metadata").shift_remove("resourceVersion");
            inner.update(&kind, &namespace, &name, object, &options)
        }
    }

    /// Merges `patch` (RFC 7386) into an object; trusted. `None` if it is not there.
    pub fn merge(
        &self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        patch: &Value,
        manager: &str,
    ) -> Option<Arc<Object>> {
        let change = |mut value: Value| {
            crate::patch::merge(&mut value, patch);
            Ok(value)
        };
        self.modify(kind, namespace, name, &WriteOptions::trusted(manager), change).ok()
    }
}

impl Inner {
    pub(crate) fn create(
        &mut self,
        kind: &KindInfo,
        namespace: &str,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Object>, ApiError> {
        let mut object = convert::to_stored(kind, object);
        let stored_kind = self.stored_kind(kind);
        let kind = stored_kind.as_deref().unwrap_or(kind);
        let now = self.clock.rfc3339();
        let meta = ensure_object(&mut object, "metadata");
        let given = |key: &str| meta.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, prefix) = (given("name"), given("generateName"));
        if !options.trusted {
            if !given("resourceVersion").is_empty() {
                // Not a refusal that the API knows: the real server lets its storage's error through.
                return Err(ApiError::new(500, "", "resourceVersion should not be set on objects to be created"));
            }
            for key in [
                "uid",
                "creationTimestamp",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "generation",
                "selfLink",
            ] {
                meta.shift_remove(key);
            }
        }
        let name = if name.is_empty() && !prefix.is_empty() { generated_name(&prefix) } else { name };
        meta.insert("name".into(), name.clone().into());
        meta.shift_remove("resourceVersion");
        if kind.namespaced {
            meta.insert("namespace".into(), namespace.into());
        } else {
            meta.shift_remove("namespace");
        }
        if kind.generation || kind.custom {
            meta.entry("generation").or_insert(1.into());
        }
        if !meta.contains_key("uid") {
            meta.insert("uid".into(), super::random_uid().into());
        }
        if !meta.contains_key("creationTimestamp") {
            meta.insert("creationTimestamp".into(), now.into());
        }
        if !options.trusted && kind.has("status") {
            object.as_object_mut().map(|o| o.shift_remove("status"));
        }
        crate::defaults::on_create(kind, &mut object);
        if !options.trusted {
            crate::validate::on_create(kind, &object)?;
            self.admit_namespace(kind, namespace, &name)?;
        }
        let key = Self::key(kind, namespace, &name);
        if self.find(kind, &key).is_some() {
            return Err(ApiError::already_exists(&kind.group, &kind.plural, &name));
        }
        self.allocate(kind, &mut object, options.dry_run);
        crate::apply::track(kind, None, &mut object, options, self.clock.now());
        let stored = self.commit(kind, None, object, options.dry_run);
        if !options.dry_run {
            self.after_write(kind, None, &stored);
            if !options.trusted {
                self.collect_if_stray(kind, &stored);
            }
        }
        Ok(stored)
    }

    pub(crate) fn update(
        &mut self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Object>, ApiError> {
        self.modify(kind, namespace, name, options, |current| {
            let meta = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
            let (version, uid) = (meta("resourceVersion"), meta("uid"));
            if version.is_empty() && kind.custom && !options.trusted {
                return Err(crate::validate::missing_version(kind, name));
            }
            if !uid.is_empty() && current["metadata"]["uid"] != uid {
                let was = current["metadata"]["uid"].as_str().unwrap_or_default();
                let place = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
                let why = format!(
                    "StorageError: invalid object, Code: 4, Key: /registry/{}/{place}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {was}",
                    kind.plural
                );
                return Err(ApiError::conflict(&kind.group, &kind.plural, name, &why));
            }
            if !version.is_empty() && current["metadata"]["resourceVersion"] != version {
                return Err(ApiError::stale(&kind.group, &kind.plural, name));
            }
            Ok(object)
        })
    }

    pub(crate) fn modify(
        &mut self,
        kind: &KindInfo,
        namespace: &str,
        name: &str,
        options: &WriteOptions,
        change: impl FnOnce(Value) -> Result<Value, ApiError>,
    ) -> Result<Arc<Object>, ApiError> {
        let current = self.get(kind, namespace, name)?;
        let old = current.value();
        let changed = change(convert::from_stored(kind, old.clone()))?;
        let asked = changed["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if !asked.is_empty() && !options.trusted && old["metadata"]["resourceVersion"] != asked {
            return Err(ApiError::stale(&kind.group, &kind.plural, name));
        }
        let mut new = convert::to_stored(kind, changed);
        let stored_kind = self.stored_kind(kind);
        let kind = stored_kind.as_deref().unwrap_or(kind);
        keep_server_fields(kind, &old, &mut new, options);
        crate::defaults::on_update(kind, &old, &mut new);
        if !options.trusted {
            crate::validate::on_update(kind, &old, &new, &options.subresource)?;
        }
        let mut new = canonical(kind, new);
        if (kind.generation || kind.custom) && !same_spec(&old, &new) && options.subresource != "status" {
            let generation = old["metadata"]["generation"].as_i64().unwrap_or(0);
            new["metadata"]["generation"] = (generation + 1).into();
        }
        crate::apply::track(kind, Some(&old), &mut new, options, self.clock.now());
        if same_but_bookkeeping(&old, &new) && !crate::apply::ownership_changed(&old, &new, options) {
            return Ok(current);
        }
        if is_finished(&new) {
            if options.dry_run {
                return Ok(self.commit(kind, Some(&current), new, true));
            }
            let last = self.remove(kind, &current, Some(new));
            return Ok(last);
        }
        let stored = self.commit(kind, Some(&current), new, options.dry_run);
        if !options.dry_run {
            self.after_write(kind, Some(&current), &stored);
            if !options.trusted {
                self.collect_if_stray(kind, &stored);
            }
        }
        Ok(stored)
    }

    /// Gives `value` a version, keeps it and tells everyone; with `dry_run` does none of that.
    pub(crate) fn commit(
        &mut self,
        kind: &KindInfo,
        previous: Option<&Arc<Object>>,
        value: Value,
        dry_run: bool,
    ) -> Arc<Object> {
        let mut value = canonical(kind, value);
        if dry_run {
            if let Some(previous) = previous {
                value["metadata"]["resourceVersion"] = previous.version.to_string().into();
            }
            return Arc::new(Object::new(kind, previous.map_or(0, |p| p.version), &value));
        }
        self.version += 1;
        let version = self.version;
        value["metadata"]["resourceVersion"] = version.to_string().into();
        let value = canonical(kind, value);
        let object = Arc::new(Object::new(kind, version, &value));
        let key = object.key();
        if let Some(previous) = previous {
            self.forget_owners(kind, previous);
        }
        for owner in &object.owners {
            self.dependents.entry(owner.clone()).or_default().push((kind.storage.clone(), key.clone()));
        }
        let what = if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.table(kind).objects.insert(key, object.clone());
        self.tell(kind, what, object.clone(), previous.cloned());
        object
    }

    /// Writes a change to the log and wakes those who follow.
    pub(crate) fn tell(
        &mut self,
        kind: &KindInfo,
        what: ChangeKind,
        object: Arc<Object>,
        previous: Option<Arc<Object>>,
    ) {
        let version = object.version;
        let (group, plural) = (kind.group.clone(), kind.plural.clone());
        let change = Arc::new(Change { version, kind: what, object, previous, group, plural });
        let table = self.table(kind);
        table.log.push(change.clone());
        table.changed.send_replace(version);
        // Nobody listening is fine.
        let _ = self.feed.send(change);
    }

    pub(crate) fn forget_owners(&mut self, kind: &KindInfo, object: &Object) {
        let key = object.key();
        for owner in &object.owners {
            if let Some(list) = self.dependents.get_mut(owner) {
                list.retain(|(storage, k)| *storage != kind.storage || *k != key);
                if list.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
    }

    fn admit_namespace(&self, kind: &KindInfo, namespace: &str, name: &str) -> Result<(), ApiError> {
        if !kind.namespaced {
            return Ok(());
        }
        let Some(table) = self.tables.get("namespaces") else { return Ok(()) };
        let Some(found) = table.objects.get(&(String::new(), namespace.to_owned())) else {
            return Err(ApiError::not_found("", "namespaces", namespace));
        };
        if found.field("status.phase") == Some("Terminating") {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            let mut error = ApiError::forbidden(&kind.group, &kind.plural, name, &why);
            error.set_causes(&[crate::status::Cause {
                reason: "NamespaceTerminating",
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace".into(),
            }]);
            return Err(error);
        }
        Ok(())
    }

    /// What only the server can give: addresses of services and the like.
    fn allocate(&mut self, kind: &KindInfo, object: &mut Value, dry_run: bool) {
        if kind.group.is_empty() && kind.plural == "services" {
            let taken = |ip: &str| {
                self.tables
                    .get("services")
                    .is_some_and(|t| t.objects.values().any(|o| o.field("spec.clusterIP") == Some(ip)))
            };
            let count = self.tables.get("services").map_or(0, |t| t.objects.len());
            crate::defaults::allocate_service(object, count, taken);
        }
        let _ = dry_run;
    }
}

/// `prefix` and five random characters, of those Kubernetes uses.
fn generated_name(prefix: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let random = super::random_uid();
    let prefix: String = prefix.chars().take(58).collect();
    let tail = random.bytes().filter(u8::is_ascii_hexdigit).collect::<Vec<_>>();
    let pick = |i: usize| LETTERS[(tail[i] as usize * 7 + tail[i + 9] as usize * 31) % LETTERS.len()] as char;
    prefix.chars().chain((0..5).map(pick)).collect()
}

/// Restores what a write may not touch.
fn keep_server_fields(kind: &KindInfo, old: &Value, new: &mut Value, options: &WriteOptions) {
    let through_status = options.subresource == "status";
    if through_status {
        let status = new.get("status").cloned();
        let (labels, annotations) = (new["metadata"]["labels"].clone(), new["metadata"]["annotations"].clone());
        let managed = new["metadata"].get("managedFields").cloned();
        let finalizers = new["metadata"]["finalizers"].clone();
        *new = old.clone();
        if let Some(status) = status {
            new["status"] = status;
        } else {
            new.as_object_mut().map(|o| o.shift_remove("status"));
        }
        if let Some(managed) = managed {
            new["metadata"]["managedFields"] = managed;
        }
        if !kind.custom && matches!(kind.plural.as_str(), "pods" | "nodes") {
            new["metadata"]["labels"] = labels;
            new["metadata"]["annotations"] = annotations;
            new["metadata"]["finalizers"] = finalizers;
        }
    } else if options.subresource == "approval" {
        // Certificate signing requests: the conditions, and nothing else.
        let conditions = new["status"]["conditions"].clone();
        let managed = new["metadata"].get("managedFields").cloned();
        *new = old.clone();
        if !conditions.is_null() {
            new["status"]["conditions"] = conditions;
        }
        if let Some(managed) = managed {
            new["metadata"]["managedFields"] = managed;
        }
    } else if kind.has("status") && !options.trusted {
        match old.get("status") {
            Some(status) => new["status"] = status.clone(),
            None => {
                new.as_object_mut().map(|o| o.shift_remove("status"));
            }
        }
    }
    let before = old["metadata"].clone();
    let meta = ensure_object(new, "metadata");
    for key in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "resourceVersion",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "generateName",
    ] {
        let free = options.trusted
            && matches!(key, "creationTimestamp" | "deletionTimestamp" | "deletionGracePeriodSeconds" | "generation");
        match before.get(key) {
            Some(v) if !free || !meta.contains_key(key) => {
                meta.insert(key.into(), v.clone());
            }
            None if !free => {
                meta.shift_remove(key);
            }
            _ => {}
        }
    }
    if options.trusted && !meta.contains_key("managedFields") && before.get("managedFields").is_some() {
        meta.insert("managedFields".into(), before["managedFields"].clone());
    }
}

/// Marked for deletion, its grace over, and nobody holds it any more.
fn is_finished(value: &Value) -> bool {
    let meta = &value["metadata"];
    meta["deletionTimestamp"].is_string()
        && meta["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
        && meta["finalizers"].as_array().is_none_or(Vec::is_empty)
        && !(value["kind"] == "Namespace" && value["spec"]["finalizers"].as_array().is_some_and(|f| !f.is_empty()))
}

/// A finalizer list without `name`.
pub(crate) fn without_finalizer(value: &mut Value, name: &str) {
    if let Some(list) = value["metadata"]["finalizers"].as_array_mut() {
        list.retain(|f| f != name);
    }
}

/// Adds a finalizer.
pub(crate) fn with_finalizer(value: &mut Value, name: &str) {
    let meta = ensure_object(value, "metadata");
    let list = meta.entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut()
        && !list.iter().any(|f| f == name)
    {
        list.push(name.into());
    }
}
