//! Service of serving.knative.dev: Knative makes its route and gateway by itself.

use super::claim::{Backend, Claim, Dialect, TlsClaim};
use super::objects_mesh::KnativeService;
use crate::findings::cause::line;
use crate::resources::{Kind, ObjectRef};

/// What a Knative Service claims.
pub fn claims(kind: &Kind, service: &KnativeService) -> Vec<Claim> {
    let meta = &service.head.meta;
    let url = &*service.status.url;
    let Some((scheme, host)) = url.split_once("://") else { return Vec::new() };
    let host = host.split('/').next().unwrap_or(host);
    let local = meta.label("networking.knative.dev/visibility") == Some("cluster-local")
        || host.ends_with(".svc.cluster.local");
    let mut claim = Claim::new(ObjectRef::with_meta(kind.clone(), meta), meta.created, Dialect::Knative);
    claim.host = host.to_ascii_lowercase().as_str().into();
    claim.entry = if local { "cluster-local" } else { "knative" }.into();
    claim.served_by = "knative".into();
    claim.tls = if scheme == "https" { TlsClaim::Default } else { TlsClaim::None };
    claim.refused = service
        .status
        .conditions
        .not("Ready")
        .map(|c| line(format!("{}: {}", c.reason, c.message).trim_end_matches(": "), 160));
    claim.backends = vec![Backend {
        kind: "Revision".into(),
        namespace: meta.namespace.clone(),
        name: service.status.latest_ready_revision_name.clone(),
        external: true,
        ..Backend::default()
    }];
    vec![claim]
}
