//! Flux's kinds, and what can be done to which.

use crate::actions::action::Target;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind};
use serde_json::Value;

const SOURCES: [&str; 5] = ["gitrepositories", "ocirepositories", "buckets", "helmrepositories", "helmcharts"];
const IMAGES: [&str; 3] = ["imagerepositories", "imagepolicies", "imageupdateautomations"];

/// Whether the kind's controller answers to `reconcile.fluxcd.io/requestedAt`.
pub(super) fn reconciles(kind: &Kind) -> bool {
    let plural = kind.plural.as_str();
    match kind.group.as_str() {
        "kustomize.toolkit.fluxcd.io" => plural == "kustomizations",
        "helm.toolkit.fluxcd.io" => plural == "helmreleases",
        "source.toolkit.fluxcd.io" => SOURCES.contains(&plural),
        "image.toolkit.fluxcd.io" => IMAGES.contains(&plural),
        "notification.toolkit.fluxcd.io" => plural == "receivers",
        _ => false,
    }
}

/// Whether it can be suspended; Alerts and Providers have nothing to reconcile, but can be silenced.
pub(super) fn suspends(kind: &Kind) -> bool {
    let silent = matches!(kind.plural.as_str(), "alerts" | "providers");
    reconciles(kind) || kind.group == "notification.toolkit.fluxcd.io" && silent
}

/// Whether it takes what it applies from a source of its own.
pub(super) fn has_source(kind: &Kind) -> bool {
    matches!(kind.plural.as_str(), "kustomizations" | "helmreleases" | "helmcharts" | "imageupdateautomations")
        && reconciles(kind)
}

pub(super) fn rights(target: &ObjectRef) -> Vec<Right> {
    vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
}

/// Why asking for a reconcile would come to nothing.
pub(super) fn refuse(target: &Target) -> Result<(), Problem> {
    let no = |why: &str, next: &str| {
        Err(Problem::new(ProblemKind::Invalid, "cannot reconcile", why).on(target.reference.to_string()).next(next))
    };
    if target.object["spec"]["suspend"] == true {
        return no(
            "it is suspended: its controller does not look at it",
            "resume it (flux-resume); that reconciles too",
        );
    }
    if is_oci_repository(&target.object) {
        return no("a HelmRepository of type oci is not fetched by itself", "reconcile what takes its chart from it");
    }
    Ok(())
}

/// A HelmRepository that only names a registry: nothing reconciles it.
pub(super) fn is_oci_repository(object: &Value) -> bool {
    object["kind"] == "HelmRepository" && object["spec"]["type"] == "oci"
}
