//! Opening a world in a store.

use super::build::build;
use crate::storage::{Store, WriteOptions};
use crate::{ApiError, Clock};
use serde_json::Value;

/// How large a world shall be and what time it is there.
#[derive(Clone, Default)]
pub struct WorldOptions {
    /// Further pods of 6.5 KB each, over 20 namespaces `bulk-00` … `bulk-19`.
    pub pods: usize,
    /// Further certificates (worlds with cert-manager only), over the same namespaces.
    pub certs: usize,
    /// The world's clock; all ages are relative to its now.
    pub clock: Clock,
}

/// Why a world could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// There is no world of that name.
    #[error("no world {name}; there are {}", super::names().join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// A world file is not YAML.
    #[error("{file}: {problem}")]
    Syntax {
        /// Which file.
        file: String,
        /// The parser's words.
        problem: String,
    },
    /// A world file says something that makes no sense.
    #[error("{file}: {problem}")]
    Content {
        /// Which file.
        file: String,
        /// What.
        problem: String,
    },
    /// The store refused an object.
    #[error("{object}: {problem}")]
    Refused {
        /// `Kind namespace/name`.
        object: String,
        /// Why.
        #[source]
        problem: ApiError,
    },
}

/// A new store that holds the world, true at this very moment of its clock.
pub fn load(name: &str, options: &WorldOptions) -> Result<Store, WorldError> {
    let store = Store::empty(options.clock.clone());
    fill(&store, build(name, options.clock.now(), options.pods, options.certs)?)?;
    if store.find("apps/v1", "Deployment", "kube-system", "metrics-server").is_some() {
        store.serve_metrics();
    }
    Ok(store)
}

/// Custom kinds must be known before their objects come.
fn fill(store: &Store, objects: Vec<Value>) -> Result<(), WorldError> {
    let (definitions, rest): (Vec<Value>, Vec<Value>) =
        objects.into_iter().partition(|o| o["kind"] == "CustomResourceDefinition");
    for object in definitions.into_iter().chain(rest) {
        let label = format!(
            "{} {}/{}",
            crate::value::text(&object, "kind"),
            crate::value::namespace(&object),
            crate::value::name(&object)
        );
        let manager = manager(&label);
        let refused = |problem| WorldError::Refused { object: label, problem };
        let api_version = crate::value::text(&object, "apiVersion");
        let Some(kind) = store.kind(api_version, crate::value::text(&object, "kind")) else {
            return Err(refused(ApiError::bad_request(format!("no such kind in {api_version}"))));
        };
        let namespace = crate::value::namespace(&object).to_owned();
        let made = store.create(&kind, &namespace, object, &WriteOptions::trusted(manager)).map_err(refused)?;
        if matches!(kind.kind.as_str(), "StatefulSet" | "DaemonSet") {
            note_template(store, &made.value())?;
        }
    }
    Ok(())
}

/// Keeps the template that a workload begins with, as the store has completed it, so that there is one to go back to.
fn note_template(store: &Store, owner: &Value) -> Result<(), WorldError> {
    let Some(kind) = store.kind("apps/v1", "ControllerRevision") else { return Ok(()) };
    let created = crate::table::age::time(owner, "metadata.creationTimestamp").unwrap_or(store.clock().now());
    let revision = crate::shapes::workload::controller_revision(owner, 1, created);
    let label = format!("ControllerRevision of {}", crate::value::name(owner));
    let options = WriteOptions::trusted("kube-controller-manager");
    let made = store.create(&kind, crate::value::namespace(owner), revision, &options);
    made.map(drop).map_err(|problem| WorldError::Refused { object: label, problem })
}

/// Who would have written an object of that kind.
fn manager(label: &str) -> &'static str {
    match label.split(' ').next().unwrap_or_default() {
        "Pod" | "ReplicaSet" | "EndpointSlice" | "Endpoints" | "Event" => "kube-controller-manager",
        "CertificateRequest" | "Order" | "Challenge" => "cert-manager",
        _ => "helm",
    }
}
