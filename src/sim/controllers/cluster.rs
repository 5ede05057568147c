//! What every controller needs: reading, writing, events, timers.

use crate::shapes::event::{Happening, event};
use crate::shapes::pod::Identity;
use crate::shapes::{names, pod, times};
use crate::storage::{DeleteOptions, Store, WriteOptions};
use crate::value::{list, name, namespace, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// What is to be looked at: controller, namespace, name.
pub(super) type Key = (&'static str, String, String);

/// The store and what is due.
pub(super) struct Cluster {
    pub store: Store,
    pub timers: BinaryHeap<Reverse<(Timestamp, Key)>>,
    pub dirty: HashSet<Key>,
    /// What an ACME server will answer to the next order, by certificate.
    pub refusals: HashMap<(String, String), String>,
    made: u64,
}

impl Cluster {
    pub fn new(store: Store) -> Self {
        Self { store, timers: BinaryHeap::new(), dirty: HashSet::new(), refusals: HashMap::new(), made: 0 }
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// Looks at the key again after some milliseconds of the cluster's time.
    pub fn later(&mut self, millis: i64, controller: &'static str, ns: &str, object: &str) {
        let at = self.now().checked_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX);
        self.timers.push(Reverse((at, (controller, ns.to_owned(), object.to_owned()))));
    }

    pub fn find(&self, api: &str, kind: &str, ns: &str, object: &str) -> Option<Value> {
        self.store.find(api, kind, ns, object)
    }

    /// Objects of a kind in a namespace whose controller is `owner`.
    pub fn owned(&self, api: &str, kind: &str, owner: &Value) -> Vec<Value> {
        let mut all = self.store.all(api, kind, Some(namespace(owner)));
        all.retain(|o| crate::value::controller_uid(o) == Some(crate::value::uid(owner)));
        all
    }

    pub fn put(&self, object: Value, manager: &str) {
        if let Err(problem) = self.store.apply_object(object, manager) {
            tracing::debug!(%problem, "a controller's write was refused");
        }
    }

    /// Changes an object in place; nothing happens when it is gone.
    pub fn change(&self, object: &Value, manager: &str, change: impl FnOnce(&mut Value)) {
        let Some(kind) = self.store.kind(text(object, "apiVersion"), text(object, "kind")) else { return };
        let options = WriteOptions::trusted(manager);
        let done = self.store.modify(&kind, namespace(object), name(object), &options, |mut current| {
            change(&mut current);
            Ok(current)
        });
        if let Err(problem) = done {
            tracing::debug!(%problem, "a controller's change was refused");
        }
    }

    pub fn set_status(&self, object: &Value, manager: &str, status: Value) {
        if object["status"] != status {
            self.change(object, manager, |o| o["status"] = status);
        }
    }

    pub fn delete(&self, object: &Value, grace_seconds: Option<i64>) {
        let Some(kind) = self.store.kind(text(object, "apiVersion"), text(object, "kind")) else { return };
        let uid = Some(crate::value::uid(object).to_owned());
        let options = DeleteOptions { uid, grace_seconds, ..DeleteOptions::default() };
        // Already gone is as good.
        let _ = self.store.delete(&kind, namespace(object), name(object), &options);
    }

    /// Records a normal event.
    pub fn say(&self, about: &Value, source: &str, reason: &str, message: String) {
        self.record(about, &Happening { reason, message, source, count: 1, ..Happening::default() });
    }

    /// Records an event; the same one again counts up.
    pub fn record(&self, about: &Value, what: &Happening<'_>) {
        let now = self.now();
        let new = event(about, what, now, now);
        match self.find("v1", "Event", text(&new, "metadata.namespace"), name(&new)) {
            Some(old) => self.change(&old, what.source, |e| {
                e["count"] = (e["count"].as_i64().unwrap_or(1) + 1).into();
                e["lastTimestamp"] = times::text(now).into();
            }),
            None => self.put(new, what.source),
        }
    }

    /// A number that no other object of this run got.
    pub fn fresh(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.made, self.store.version())
    }

    /// Creates a pod for an owner; the scheduler and the kubelet take it from there.
    pub fn spawn(
        &mut self,
        owner: &Value,
        template: &Value,
        pod_name: String,
        labels: Vec<(&str, String)>,
        generated: bool,
    ) {
        let fresh = self.fresh();
        let uid = names::uid(&["pod", namespace(owner), &pod_name, &fresh]);
        let generate_name = generated.then(|| format!("{}-", name(owner)));
        let id = Identity { name: pod_name, uid, created: self.now(), node: None, labels, generate_name };
        let mut object = pod::pod(owner, template, &id);
        object["status"]["conditions"] = serde_json::json!([]);
        let manager = format!("{}-controller", text(owner, "kind").to_lowercase());
        let message = format!("Created pod: {}", id.name);
        self.put(object, "kube-controller-manager");
        self.say(owner, &manager, "SuccessfulCreate", message);
    }
}

/// Whether the pod is ready and stays.
pub(super) fn ready(pod: &Value) -> bool {
    crate::value::condition(pod, "Ready")["status"] == "True" && !leaving(pod)
}

/// Whether the object is marked for deletion.
pub(super) fn leaving(object: &Value) -> bool {
    !crate::value::at(object, "metadata.deletionTimestamp").is_null()
}

/// Whether the pod still counts for its owner.
pub(super) fn active(pod: &Value) -> bool {
    !leaving(pod) && !matches!(text(pod, "status.phase"), "Succeeded" | "Failed")
}

/// Worker nodes that take pods: name and address.
pub(super) fn nodes(store: &Store) -> Vec<(String, String)> {
    let mut nodes = store.all("v1", "Node", None);
    nodes.retain(|n| {
        n["spec"]["unschedulable"] != true
            && crate::value::label(n, "node-role.kubernetes.io/control-plane").is_none()
            && crate::value::condition(n, "Ready")["status"] == "True"
    });
    nodes
        .iter()
        .map(|n| {
            (
                name(n).to_owned(),
                list(n, "status.addresses").first().map_or(String::new(), |a| text(a, "address").to_owned()),
            )
        })
        .collect()
}
