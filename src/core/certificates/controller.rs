//! Is cert-manager itself there? What does nothing while its controller is down is not the certificate's fault.

use crate::findings::{Cause, Finding};
use crate::overview::index::Index;
use crate::platform::objects::Workload;
use crate::resources::{Meta, ObjectRef};

/// Which part of cert-manager a workload is, by the labels that its chart and its manifests set.
pub fn part(meta: &Meta) -> Option<&str> {
    // Old charts have no component; there the name tells.
    let part = meta.label("app.kubernetes.io/component").or_else(|| meta.label("app.kubernetes.io/name"))?;
    let part = if part == "cert-manager" { "controller" } else { part };
    let own = matches!(part, "controller" | "webhook" | "cainjector") && meta.name.contains("cert-manager");
    own.then_some(part)
}

fn down(workload: &Workload) -> bool {
    workload.status.ready_replicas == 0
}

/// Why nothing happens: the controller has no ready pod, or else the webhook, without which it can write nothing.
/// `None` when they have, or when it cannot be told.
pub fn obstacle(index: &Index<'_>) -> Option<Cause> {
    let Some((_, workload)) = index.cert_manager.get("controller").filter(|(_, w)| down(w)) else {
        let (kind, webhook) = index.cert_manager.get("webhook").filter(|(_, w)| down(w))?;
        let why = format!(
            "cert-manager's webhook does not run ({} {}/{}): the API server refuses what cert-manager writes",
            kind.kind, webhook.head.meta.namespace, webhook.head.meta.name
        );
        return Some(Cause::new("CERT_MANAGER_WEBHOOK", why, "see its pods and their log"));
    };
    let meta = &workload.head.meta;
    let scaled = workload.spec.replicas == Some(0);
    let why = if scaled { "is scaled to none" } else { "has no ready pod" };
    Some(Cause::new(
        "CERT_MANAGER_DOWN",
        format!("cert-manager does not run: {} {}/{} {why}", workload.kind, meta.namespace, meta.name),
        if scaled { "scale it up again" } else { "see its pods and their log" },
    ))
}

/// What is wrong with cert-manager itself.
pub fn findings(index: &Index<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some((kind, webhook)) = index.cert_manager.get("webhook").filter(|(_, w)| down(w)) {
        let object = ObjectRef::with_meta((*kind).clone(), &webhook.head.meta);
        let why = "cert-manager's webhook has no ready pod: the API server refuses every change to certificates";
        found.push(Finding::new("CERT_MANAGER_WEBHOOK", &object, why).next("see its pods and their log"));
    }
    let Some((kind, controller)) = index.cert_manager.get("controller") else { return found };
    let object = ObjectRef::with_meta((*kind).clone(), &controller.head.meta);
    if let Some(cause) = obstacle(index).filter(|c| c.code == "CERT_MANAGER_DOWN") {
        found.push(Finding::new(cause.code, &object, cause.why).next(cause.next));
    }
    let kinds = &index.snapshot.kinds;
    let missing: Vec<&str> = [
        ("cert-manager.io", "certificates"),
        ("cert-manager.io", "certificaterequests"),
        ("cert-manager.io", "issuers"),
        ("cert-manager.io", "clusterissuers"),
        ("acme.cert-manager.io", "orders"),
        ("acme.cert-manager.io", "challenges"),
    ]
    .into_iter()
    .filter(|(group, plural)| !kinds.is_empty() && kinds.get(group, plural).is_none())
    .map(|(_, plural)| plural)
    .collect();
    if !missing.is_empty() {
        let why = format!("cert-manager runs, but the server does not know {}", missing.join(", "));
        let next = "install the CRDs of cert-manager's version (helm: crds.enabled=true)";
        found.push(Finding::new("CERT_MANAGER_CRDS", &object, why).next(next));
    }
    found
}
