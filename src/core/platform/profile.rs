//! A platform profile: one YAML file that describes a platform.

use super::AppType;
use crate::{Problem, Result};
use serde::{Deserialize, Serialize};

/// What a platform is like. Unknown fields are refused, so that a slip of the pen is told and not ignored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Unique, e.g. `ominis`.
    pub id: String,
    pub title: String,
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
    /// Ingress classes or gateways through which requests come, in words.
    #[serde(default)]
    pub entries: Vec<String>,
    /// Who people sign in with, e.g. `keycloak`.
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
    /// Speaks against it instead.
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
    /// Argo CD Application, Flux object or Helm release of this name; empty: found by its namespace and name.
    #[serde(default)]
    pub release: String,
    /// The first label of its host, where it has an address of its own.
    #[serde(default)]
    pub host: String,
    /// Path of its entry page.
    #[serde(default)]
    pub path: String,
    /// `proxy` (sign-in in front of it), `own`, `none`.
    #[serde(default)]
    pub sign_in: String,
    #[serde(default)]
    pub needs: Vec<String>,
    /// Its values file in the values repository.
    #[serde(default)]
    pub values: String,
    /// Its turn at installation.
    #[serde(default)]
    pub stage: Option<u32>,
    /// In which versions of the platform it exists, in words.
    #[serde(default)]
    pub eras: String,
}

/// A task or operator of the platform, and how it is set going.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformTask {
    /// Unique in the profile, e.g. `copy-certs`.
    pub name: String,
    /// What it does, in words.
    #[serde(default)]
    pub title: String,
    pub kind: TaskKind,
    pub namespace: String,
    /// Name of the CronJob, Deployment …
    pub workload: String,
    pub how: TaskHow,
}

/// What a platform task is in the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskKind {
    CronJob,
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
}

impl TaskKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::CronJob => "CronJob",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }
}

/// How a platform task is set going: a Job from its CronJob now, or a rollout restart of its operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskHow {
    Trigger,
    #[default]
    Restart,
}

/// A ConfigMap in which the platform's operator writes its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperatorState {
    #[serde(default)]
    pub title: String,
    pub namespace: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// The one key that counts, where its value is JSON (`state`); empty: all keys are plain values.
    #[serde(default)]
    pub json: String,
}

impl Profile {
    /// Reads a profile; `file` is named in the error.
    ///
    /// # Errors
    /// With line and field when it is no YAML, has unknown fields, or is inconsistent.
    pub fn parse(file: &str, yaml: &str) -> Result<Self> {
        let profile: Self = serde_saphyr::from_str(yaml).map_err(|e| {
            Problem::config("cannot read the platform profile", e.to_string())
                .on(file)
                .next("correct the file; `qd platform validate` checks it")
        })?;
        let wrong = |why: String| Err(Problem::config("the platform profile is inconsistent", why).on(file));
        if profile.id.is_empty() {
            return wrong("id is empty".into());
        }
        let mut names: Vec<&str> = profile.apps.iter().map(|a| a.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
            return wrong(format!("app {} is there twice", twice[0]));
        }
        for app in &profile.apps {
            if app.namespaces.is_empty() {
                return wrong(format!("app {} has no namespace", app.name));
            }
            if let Some(missing) = app.needs.iter().find(|n| !names.contains(&n.as_str())) {
                return wrong(format!("app {} needs {missing}, which is not in the profile", app.name));
            }
        }
        for task in &profile.tasks {
            if (task.kind == TaskKind::CronJob) != (task.how == TaskHow::Trigger) {
                return wrong(format!("task {}: a CronJob is triggered, anything else is restarted", task.name));
            }
        }
        if !profile.tenants.namespaces.is_empty() && profile.tenants.namespaces.matches('*').count() != 1 {
            return wrong("tenants.namespaces must have one *".into());
        }
        Ok(profile)
    }
    /// What is shown as its name.
    pub fn title_of(app: &AppEntry) -> &str {
        if app.title.is_empty() { &app.name } else { &app.title }
    }
}
