//! Secrets that pods use: mounted, alone or among others in one volume, or read into the environment. Of a
//! specification nothing else of it is kept.

use crate::Str;
use crate::findings::condition::{nullable, shared};
use crate::resources::quantity::Quantities;
use serde::Deserialize;

/// A Secret of the pod's own namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    pub name: Str,
    /// As files. The kubelet replaces them after a renewal; who read them before has to read them again.
    pub mounted: bool,
    /// In the environment of a container, which stays as it was until the container starts anew.
    pub env: bool,
}

/// A volume, as far as it counts here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    pub persistent_volume_claim: Option<ClaimRef>,
    pub secret: Option<SecretVolume>,
    pub projected: Option<Projected>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimRef {
    pub claim_name: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    #[serde(deserialize_with = "shared")]
    pub secret_name: Str,
}

/// Several sources in one volume.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Projected {
    #[serde(deserialize_with = "nullable")]
    pub sources: Vec<ProjectedSource>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProjectedSource {
    pub secret: Option<Named>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    #[serde(deserialize_with = "shared")]
    pub name: Str,
}

/// What a container asks for and may have, while it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Resources {
    pub requests: Quantities,
    pub limits: Quantities,
}

/// A container, while it is read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WholeContainer {
    #[serde(deserialize_with = "shared")]
    pub name: Str,
    #[serde(deserialize_with = "shared")]
    pub image: Str,
    pub resources: Resources,
    #[serde(deserialize_with = "nullable")]
    env: Vec<Variable>,
    #[serde(deserialize_with = "nullable")]
    env_from: Vec<EnvFrom>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Variable {
    value_from: Option<ValueFrom>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ValueFrom {
    secret_key_ref: Option<Named>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EnvFrom {
    secret_ref: Option<Named>,
}

/// A pod's specification, while it is read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WholeSpec {
    #[serde(deserialize_with = "nullable")]
    pub volumes: Vec<Volume>,
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<WholeContainer>,
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<WholeContainer>,
}

impl WholeSpec {
    /// The Secrets that it names, each once.
    pub fn secrets(&self) -> Box<[SecretUse]> {
        let mut all: Vec<SecretUse> = Vec::new();
        let mut note = |name: &Str, env: bool| match all.iter_mut().find(|u| u.name == *name) {
            _ if name.is_empty() => {}
            Some(known) => {
                known.env |= env;
                known.mounted |= !env;
            }
            None => all.push(SecretUse { name: name.clone(), mounted: !env, env }),
        };
        for volume in &self.volumes {
            volume.secret.iter().for_each(|s| note(&s.secret_name, false));
            let sources = volume.projected.iter().flat_map(|p| &p.sources);
            sources.filter_map(|s| s.secret.as_ref()).for_each(|s| note(&s.name, false));
        }
        for container in self.containers.iter().chain(&self.init_containers) {
            container.env_from.iter().filter_map(|e| e.secret_ref.as_ref()).for_each(|s| note(&s.name, true));
            let values = container.env.iter().filter_map(|e| e.value_from.as_ref()?.secret_key_ref.as_ref());
            values.for_each(|s| note(&s.name, true));
        }
        all.into_boxed_slice()
    }
}

/// A CronJob: whose pods use which Secrets when they run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "WholeCronJob")]
pub struct CronJob {
    pub meta: crate::resources::Meta,
    pub secrets: Box<[SecretUse]>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WholeCronJob {
    metadata: crate::resources::Meta,
    spec: CronJobSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CronJobSpec {
    job_template: JobTemplate,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: WholeTemplate,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WholeTemplate {
    spec: WholeSpec,
}

impl From<WholeCronJob> for CronJob {
    fn from(whole: WholeCronJob) -> Self {
        let secrets = whole.spec.job_template.spec.template.spec.secrets();
        Self { meta: whole.metadata, secrets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_a_secret_is_seen_and_each_secret_once() {
        let spec: WholeSpec = serde_json::from_str(
            r#"{"volumes": [{"secret": {"secretName": "a"}}, {"projected": {"sources": [{"secret": {"name": "b"}},
                  {"configMap": {"name": "x"}}, {"secret": {"name": "a"}}]}}, {"emptyDir": {}}, {"secret": {}}],
                "containers": [{"envFrom": [{"secretRef": {"name": "c"}}, {"configMapRef": {"name": "x"}}], "env": null}],
                "initContainers": [{"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "b", "key": "tls.key"}}},
                  {"name": "P", "value": "1"}]}]}"#,
        )
        .expect("a specification");
        let secrets = spec.secrets();
        let told: Vec<(&str, bool, bool)> = secrets.iter().map(|u| (&*u.name, u.mounted, u.env)).collect();
        assert_eq!(told, [("a", true, false), ("b", true, true), ("c", false, true)]);
    }
}
