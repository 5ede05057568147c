//! Helm releases as Helm 3 stores them: gzipped JSON in base64 in a Secret.

use super::{names, times};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;

/// One revision of a release.
#[derive(Debug, Clone)]
pub struct Release<'a> {
    /// Release name.
    pub name: &'a str,
    /// Namespace it is installed in.
    pub namespace: &'a str,
    /// Chart name and version.
    pub chart: (&'a str, &'a str),
    /// Version of the software in it.
    pub app_version: &'a str,
    /// Counted from 1.
    pub revision: i64,
    /// `deployed`, `superseded`, `failed`, `pending-upgrade`.
    pub status: &'a str,
    /// Why, in Helm's words.
    pub description: &'a str,
    /// The user's values.
    pub values: &'a Value,
    /// First installation.
    pub first: Timestamp,
    /// This revision.
    pub at: Timestamp,
}

/// The Secret `sh.helm.release.v1.NAME.vN`.
pub fn secret(release: &Release<'_>, manifest: &str) -> Value {
    let (chart, version) = release.chart;
    let body = json!({
        "name": release.name,
        "info": {
            "first_deployed": times::micro(release.first), "last_deployed": times::micro(release.at), "deleted": "",
            "description": release.description, "status": release.status,
        },
        "chart": {
            "metadata": {"name": chart, "version": version, "appVersion": release.app_version, "apiVersion": "v2", "type": "application"},
            "lock": null, "templates": [], "values": {}, "schema": null, "files": [],
        },
        "config": release.values, "manifest": manifest, "version": release.revision, "namespace": release.namespace,
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(body.to_string().as_bytes()).expect("writing to memory");
    let packed = STANDARD.encode(gzip.finish().expect("writing to memory"));
    let name = format!("sh.helm.release.v1.{}.v{}", release.name, release.revision);
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": name, "namespace": release.namespace, "uid": names::uid(&["Secret", release.namespace, &name]),
            "creationTimestamp": times::text(release.at),
            "labels": {
                "modifiedAt": release.at.as_second().to_string(), "name": release.name, "owner": "helm",
                "status": release.status, "version": release.revision.to_string(),
            },
        },
        "type": "helm.sh/release.v1",
        "data": {"release": STANDARD.encode(packed)},
    })
}
