//! A platform profile: one YAML file that describes a platform.

use super::AppType;
use super::check::{self, Remark};
use super::task::{OperatorState, PlatformTask};
use crate::problem::FieldError;
use crate::{Problem, Result};
use serde::{Deserialize, Serialize};

/// What a platform is like. Unknown fields are refused, so that a slip of the pen is told and not ignored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Unique, e.g. `ominis`.
    pub id: String,
    pub title: String,
    /// Which versions or years of the platform it describes, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub era: String,
    /// How it is recognised.
    #[serde(default)]
    pub detect: Vec<Sign>,
    /// Points that have to be reached for the profile to fit.
    #[serde(default = "one")]
    pub enough: u32,
    #[serde(default)]
    pub tenants: TenantRule,
    #[serde(default)]
    pub apps: Vec<AppEntry>,
    /// What requests come in through.
    #[serde(default)]
    pub gateways: Vec<GatewayEntry>,
    /// Ingress classes that its routes use.
    #[serde(default)]
    pub ingress_classes: Vec<String>,
    /// How hosts are named.
    #[serde(default)]
    pub hosts: HostRule,
    /// The app that people sign in with, e.g. `keycloak`.
    #[serde(default)]
    pub identity: String,
    #[serde(default)]
    pub certificates: CertificateMode,
    /// Whether apps that are not in the catalogue are looked for (Argo CD, Flux, Helm, labels).
    #[serde(default)]
    pub discover: bool,
    /// Jobs of the platform itself that a person may set going: a reconcile, a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<PlatformTask>,
    /// Where the platform's own operator writes how it is doing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operator_state: Vec<OperatorState>,
}

fn one() -> u32 {
    1
}

/// One thing that speaks for a profile.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sign {
    /// A namespace of this name or pattern is there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// A namespace has this label, `key` or `key=value`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The server offers this kind, e.g. `ingressroutes.traefik.io`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// This ConfigMap is there, `NAMESPACE/NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config_map: String,
    /// Speaks against it instead: the profile does not fit where this is seen.
    #[serde(default)]
    pub not: bool,
    #[serde(default = "one")]
    pub points: u32,
}

/// Which namespaces belong to a tenant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantRule {
    /// What a tenant is called there: `team`, `client`.
    #[serde(default)]
    pub word: String,
    /// Namespace pattern with a star: `client-*`.
    #[serde(default)]
    pub namespaces: String,
    /// Namespaces with this label belong to the tenant that it names.
    #[serde(default)]
    pub label: String,
    /// Names that are no tenants, e.g. `admin`.
    #[serde(default)]
    pub except: Vec<String>,
}

/// A gateway or proxy through which requests come in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayEntry {
    /// Name of the object.
    pub name: String,
    /// `Gateway`, `Deployment` …
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub namespace: String,
    /// What comes in through it: `public`, `signed in`.
    #[serde(default)]
    pub title: String,
}

/// How hosts are named; `{app}`, `{tenant}`, `{service}` and `{domain}` stand for their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostRule {
    /// Of the platform's apps: `{app}.{domain}`.
    #[serde(default)]
    pub app: String,
    /// Of a tenant's service: `{service}-{tenant}.{domain}`.
    #[serde(default)]
    pub service: String,
}

/// How hosts get certificates.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateMode {
    /// `wildcard` or `perHost`.
    #[serde(default)]
    pub mode: String,
    #[serde(default)]
    pub issuer: String,
    /// `http-01` or `dns-01`.
    #[serde(default)]
    pub challenge: String,
}

/// An app of the catalogue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppEntry {
    pub name: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub types: Vec<AppType>,
    /// Where it runs; the first is its own.
    pub namespaces: Vec<String>,
    /// Patterns of its workloads, where it shares a namespace; empty: all there are.
    #[serde(default)]
    pub workloads: Vec<String>,
    /// Patterns of its Argo CD Applications, Flux objects and Helm releases (also without a leading `NAMESPACE-`);
    /// empty: found by its namespace and name.
    #[serde(default)]
    pub releases: Vec<String>,
    /// The first label of its host, where it has an address of its own.
    #[serde(default)]
    pub host: String,
    /// The first label of the host of each tenant's own instance, where it has one: `grafana-{tenant}`.
    #[serde(default)]
    pub tenant_host: String,
    /// Path of its entry page.
    #[serde(default)]
    pub path: String,
    /// Where its page is reached by a port-forward, when it has no host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<ForwardTo>,
    /// `proxy` (sign-in in front of it), `own`, `none`.
    #[serde(default)]
    pub sign_in: String,
    #[serde(default)]
    pub needs: Vec<String>,
    /// Its values file in the values repository.
    #[serde(default)]
    pub values: String,
    /// Where its health is read: `argo`, `flux`, `helm`, `workloads`; empty: from all of them.
    #[serde(default)]
    pub health: Vec<String>,
    /// Its turn at installation.
    #[serde(default)]
    pub stage: Option<u32>,
    /// In which versions of the platform it exists, in words.
    #[serde(default)]
    pub eras: String,
    /// What is copied to back it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<AppBackup>,
}

/// Where the data of an app is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppBackup {
    /// Name of the Deployment or StatefulSet that has it.
    pub workload: String,
    /// The directory in its container.
    pub path: String,
}

/// The Service behind a port-forward.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForwardTo {
    /// Empty: the app's own.
    #[serde(default)]
    pub namespace: String,
    pub service: String,
    /// The Service's port.
    pub port: u16,
    /// Path of the page.
    #[serde(default)]
    pub path: String,
}

impl Profile {
    /// Reads a profile; `file` is named in the error.
    ///
    /// # Errors
    /// With line and field when it is no YAML, has unknown fields, or is inconsistent; all that is wrong is in
    /// [`Problem::fields`].
    pub fn parse(file: &str, yaml: &str) -> Result<Self> {
        let (profile, remarks) = check::read(yaml);
        let errors: Vec<&Remark> = remarks.iter().filter(|r| r.error).collect();
        match (profile, errors.first()) {
            (Some(profile), None) => Ok(profile),
            (_, first) => {
                let why = first.map_or_else(|| "it cannot be read".to_owned(), ToString::to_string);
                let mut problem = Problem::config("cannot use the platform profile", why)
                    .on(file)
                    .next(format!("correct the file; `qd platform validate {file}` tells all that is wrong"));
                problem.fields =
                    errors.iter().map(|e| FieldError { field: e.field.clone(), message: e.message.clone() }).collect();
                Err(problem)
            }
        }
    }
    /// What is shown as its name.
    pub fn title_of(app: &AppEntry) -> &str {
        if app.title.is_empty() { &app.name } else { &app.title }
    }
    /// The app of a name.
    pub fn app(&self, name: &str) -> Option<&AppEntry> {
        self.apps.iter().find(|a| a.name == name)
    }
}

impl AppEntry {
    /// The first label of the host of a tenant's own instance; `None` where no tenant has one.
    pub fn host_of(&self, tenant: &str) -> Option<String> {
        (!self.tenant_host.is_empty()).then(|| self.tenant_host.replace("{tenant}", tenant))
    }
    /// Whether its health is read from there: `argo`, `flux`, `helm` or `workloads`. Without a list from all.
    pub fn trusts(&self, source: &str) -> bool {
        self.health.is_empty() || self.health.iter().any(|h| h == source)
    }
}
