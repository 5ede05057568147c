//! Custom resource definitions of the projects that Quarterdeck knows, as their authors publish them: read from
//! their Go modules, of which nothing is compiled.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::programs::go;

/// Whose definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Project {
    /// Certificates, issuers, orders, challenges.
    CertManager,
    /// The standard channel: gateways, HTTP routes, grants.
    GatewayApi,
    /// IngressRoutes, middlewares, TLS options.
    Traefik,
    /// Applications, ApplicationSets, AppProjects.
    ArgoCd,
    /// Kustomizations, and the sources that they name.
    Flux,
}

struct Source {
    module: &'static str,
    /// What `go.sum` would hold for the module; it is not in our `go.mod`, which would pull in all it needs.
    sum: &'static str,
    /// A file, or a folder of files, in the module.
    path: &'static str,
}

impl Project {
    /// One entry a module.
    fn sources(self) -> Vec<Source> {
        let one = match self {
            Project::CertManager => Source {
                module: "github.com/cert-manager/cert-manager@v1.21.2",
                sum: "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
                path: "deploy/crds",
            },
            Project::GatewayApi => Source {
                module: "sigs.k8s.io/gateway-api@v1.6.3",
                sum: "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
                path: "config/crd/standard",
            },
            Project::Traefik => Source {
                module: "github.com/traefik/traefik/v3@v3.6.12",
                sum: "h1:6pe4s7aaDTQs+AsF7KP3sM/xnq7zOVvibRQe5tw9eFo=",
                path: "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml",
            },
            Project::ArgoCd => Source {
                module: "github.com/argoproj/argo-cd/v3@v3.5.7",
                sum: "h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=",
                path: "manifests/crds",
            },
            Project::Flux => {
                let sources = Source {
                    module: "github.com/fluxcd/source-controller@v1.9.6",
                    sum: "h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=",
                    path: "config/crd/bases",
                };
                let kustomizations = Source {
                    module: "github.com/fluxcd/kustomize-controller@v1.9.5",
                    sum: "h1:/XY2zy3K7fntyppEXIHG7oRMzmfgIt50eJzUfaPX1Kc=",
                    path: "config/crd/bases",
                };
                return vec![sources, kustomizations];
            }
        };
        vec![one]
    }
}

/// The project's definitions, downloaded through the Go module proxy when they are not on this machine yet.
pub fn definitions(project: Project) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    for source in project.sources() {
        found.extend(published(&source)?);
    }
    Ok(found)
}

/// The version of a project's (first) module that is pinned.
pub fn version(project: Project) -> &'static str {
    project.sources()[0].module.rsplit_once('@').map_or("", |(_, version)| version)
}

/// Where a project's (first) module is unpacked.
pub fn folder(project: Project) -> Result<PathBuf, String> {
    unpacked(&project.sources()[0])
}

/// Where a module is unpacked, downloaded when it is not on this machine yet and checked to be what it was.
fn unpacked(source: &Source) -> Result<PathBuf, String> {
    let told: Value = serde_json::from_str(&go(&["mod", "download", "-json", source.module])?)
        .map_err(|e| format!("go mod download {}: {e}", source.module))?;
    if told["Sum"] != source.sum {
        return Err(format!("{} is not what it was: {} instead of {}", source.module, told["Sum"], source.sum));
    }
    Ok(PathBuf::from(told["Dir"].as_str().unwrap_or_default()))
}

fn published(source: &Source) -> Result<Vec<Value>, String> {
    let path = unpacked(source)?.join(source.path);
    let mut files = vec![path.clone()];
    if path.is_dir() {
        let entries = fs::read_dir(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        files = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
            .collect();
        files.sort();
    }
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        for document in serde_saphyr::from_multiple::<Value>(&text).map_err(|e| format!("{}: {e}", file.display()))? {
            if document["kind"] == "CustomResourceDefinition" {
                found.push(document);
            }
        }
    }
    Ok(found)
}
