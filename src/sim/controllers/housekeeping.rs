//! Namespaces get their first objects, claims their volumes, aggregated roles their rules.

use super::cluster::{Cluster, leaving};
use crate::shapes::{volume, x509};
use crate::value::{annotation, at, name, text};
use serde_json::json;

/// A new namespace gets its default service account and the cluster's authority.
pub(super) fn namespace(cluster: &mut Cluster, ns: &str) {
    let Some(n) = cluster.find("v1", "Namespace", "", ns).filter(|n| !leaving(n)) else { return };
    if at(&n, "status.phase").is_null() {
        cluster.set_status(&n, "kube-apiserver", json!({"phase": "Active"}));
    }
    if cluster.find("v1", "ServiceAccount", ns, "default").is_none() {
        let account =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": ns}});
        cluster.put(account, "kube-controller-manager");
    }
    if cluster.find("v1", "ConfigMap", ns, "kube-root-ca.crt").is_none() {
        let authority = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": ns},
                               "data": {"ca.crt": x509::ca_pem(x509::Signer::CustomCa)}});
        cluster.put(authority, "kube-controller-manager");
    }
}

/// Binds a new claim when its storage class exists; lets a deleted one go.
pub(super) fn claim(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(c) = cluster.find("v1", "PersistentVolumeClaim", ns, object) else { return };
    if leaving(&c) {
        let volume_name = text(&c, "spec.volumeName").to_owned();
        cluster.change(&c, "kube-controller-manager", |c| c["metadata"]["finalizers"] = json!([]));
        if let Some(v) = cluster.find("v1", "PersistentVolume", "", &volume_name) {
            cluster.change(&v, "kube-controller-manager", |v| v["metadata"]["finalizers"] = json!([]));
            cluster.delete(&v, None);
        }
        return;
    }
    if !text(&c, "spec.volumeName").is_empty() || text(&c, "status.phase") == "Bound" {
        return;
    }
    let classes = cluster.store.all("storage.k8s.io/v1", "StorageClass", None);
    let default = classes.iter().find(|k| annotation(k, "storageclass.kubernetes.io/is-default-class") == Some("true"));
    let wanted = text(&c, "spec.storageClassName");
    let chosen = if wanted.is_empty() { default } else { classes.iter().find(|k| name(k) == wanted) };
    let Some(class) = chosen else { return };
    let mut bound = c.clone();
    volume::default_claim(&mut bound, name(class));
    let made = volume::bind(&mut bound, text(class, "provisioner"), cluster.now());
    cluster.put(made, "kube-controller-manager");
    cluster.change(&c, "kube-controller-manager", |c| {
        for part in ["spec", "status"] {
            c[part] = bound[part].clone();
        }
        for part in ["annotations", "finalizers"] {
            c["metadata"][part] = bound["metadata"][part].clone();
        }
    });
}

/// Writes the rules that aggregated cluster roles gather.
pub(super) fn aggregation(cluster: &mut Cluster) {
    let roles = cluster.store.all("rbac.authorization.k8s.io/v1", "ClusterRole", None);
    for role in roles.iter().filter(|r| r["aggregationRule"].is_object()) {
        let rules = serde_json::Value::from(crate::rbac::cluster_role_rules(role, &roles));
        if role["rules"] != rules {
            cluster.change(role, "clusterrole-aggregation-controller", |r| r["rules"] = rules);
        }
    }
}
