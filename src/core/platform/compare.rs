//! What is declared, what results, and what the cluster has: version, chart, revision, replicas, image.

use super::objects::Workload;
use super::origin::Origin;
use super::view::Compared;
use crate::Str;
use crate::resources::Kind;

/// Rows for at most so many workloads.
const WORKLOADS: usize = 8;

fn row(what: impl Into<String>, declared: &str, effective: &str, observed: &str) -> Compared {
    Compared {
        what: what.into(),
        declared: declared.to_owned(),
        effective: effective.to_owned(),
        observed: observed.to_owned(),
    }
}

/// All rows about an app; `observed` is the version that runs.
pub fn all(origins: &[Origin], workloads: &[(&Kind, &Workload)], observed: &str) -> Vec<Compared> {
    let mut rows = Vec::new();
    for o in origins.iter().filter(|o| o.view.manager != "Helm" && o.view.kind != "HelmRelease") {
        if !(o.view.declared.is_empty() && o.view.revision.is_empty()) {
            rows.push(row("revision", &o.view.declared, &o.view.revision, ""));
        }
    }
    let release = origins.iter().find(|o| o.view.manager == "Helm");
    let flux = origins.iter().find(|o| &*o.view.kind == "HelmRelease");
    let chart = release.or(flux).map(|o| o.chart_version.clone()).unwrap_or_default();
    let labelled = chart_label(workloads);
    if !chart.is_empty() && (flux.is_some() || !labelled.is_empty()) {
        let declared = flux.map(|o| o.view.declared.clone()).unwrap_or_default();
        rows.push(row("chart version", &declared, &chart, &labelled));
    }
    let version = declared(origins);
    if !version.is_empty() || !observed.is_empty() {
        rows.push(row("version", "", &version, observed));
    }
    for (_, w) in workloads.iter().filter(|(k, _)| k.kind != "DaemonSet").take(WORKLOADS) {
        let wanted = w.spec.replicas.unwrap_or(1).to_string();
        rows.push(row(format!("replicas {}", w.head.meta.name), "", &wanted, &w.status.ready_replicas.to_string()));
    }
    for (_, w) in workloads.iter().take(WORKLOADS) {
        let image = w.spec.template.spec.containers.first().map(|c| c.image.clone()).unwrap_or_default();
        rows.push(row(format!("image {}", w.head.meta.name), "", &image, ""));
    }
    rows
}

/// The version of the software that a release says it has; empty when none tells.
pub fn declared(origins: &[Origin]) -> Str {
    origins.iter().rev().map(|o| &o.version).find(|v| !v.is_empty()).cloned().unwrap_or_default()
}

/// The chart version in `helm.sh/chart` (`NAME-VERSION`) of the workloads.
fn chart_label(workloads: &[(&Kind, &Workload)]) -> String {
    let label = workloads.iter().find_map(|(_, w)| w.head.meta.label("helm.sh/chart")).unwrap_or_default();
    let at = label.match_indices('-').map(|(i, _)| i).find(|i| {
        let rest = label[i + 1..].trim_start_matches('v');
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('.')
    });
    at.map(|i| label[i + 1..].to_owned()).unwrap_or_default()
}
