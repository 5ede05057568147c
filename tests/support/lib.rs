//! What the tests share: a real Kubernetes control plane on loopback, the embedded one, and an HTTP client that
//! knows nothing of our own client code, so that a bug there cannot hide itself. No test lives here, and nothing
//! that ships depends on this crate.
//!
//! - [`real::shared`] gives a test its cluster, or says by name why the test is skipped.
//! - [`programs`] builds the servers from `tests/real/go.mod` once, into `target/real/bin`.
//! - [`acme`], [`cert_manager`], [`edge`]: an ACME server with its DNS, cert-manager, and what answers on the ports
//!   of the hosts. Each is a real server of a Go module below `tests/real`, or of Debian's packages ([`debian`]).
//! - [`argocd`], [`gitea`], [`flux`]: the real Argo CD with a real git server, and Flux's kustomize-controller.
//! - [`metrics_server`]: the real metrics-server, which measures the pods that KWOK plays.
//! - [`proxy`], [`issuer`]: a proxy and an OpenID Connect issuer on loopback.
//! - [`http::Client`] speaks HTTP/1.1 to whatever a kubeconfig names.

pub mod acme;
pub mod argocd;
pub mod cert_manager;
pub mod crds;
pub mod debian;
pub mod edge;
pub mod flux;
pub mod gitea;
pub mod http;
pub mod issuer;
pub mod keeper;
pub mod metrics_server;
pub mod pki;
pub mod programs;
pub mod proxy;
pub mod pty;
pub mod real;
pub mod sim;

use std::path::PathBuf;

/// The repository's top folder.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(PathBuf::from).unwrap_or(here)
}

/// Where built servers, downloaded CRDs and running clusters live: `target/real`.
pub fn workshop() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target.join("real")
}

/// Writes a line to the terminal even while libtest captures output: building the servers takes minutes, and a
/// person who sees nothing for minutes presses Ctrl-C.
pub fn say(line: &str) {
    use std::io::Write;
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{line}");
}
