//! Reconcile with source: first fetch what it is made of, then apply it, as `flux reconcile … --with-source` does.

use super::{kinds, progress, reconcile};
use crate::actions::action::{Action, Arg, Asked, Progress, Proposal, Target};
use crate::actions::pipeline;
use crate::actions::stage::Stage;
use crate::cluster::{Cluster, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::Value;

/// See [`Action::help`].
pub struct ReconcileWithSource;

/// A source by kind, namespace and name.
type Source = (String, String, String);

fn reference(of: &Value, namespace: &str, fallback: &str) -> Option<Source> {
    let text = |field: &str| of[field].as_str().filter(|t| !t.is_empty());
    let kind = text("kind").unwrap_or(fallback).to_owned();
    Some((kind, text("namespace").unwrap_or(namespace).to_owned(), text("name")?.to_owned()))
}

/// What an object is made of, the farthest first.
fn sources(object: &Value) -> Vec<Source> {
    let (meta, spec) = (&object["metadata"], &object["spec"]);
    let own = meta["namespace"].as_str().unwrap_or_default();
    match object["kind"].as_str().unwrap_or_default() {
        "HelmRelease" if spec["chartRef"].is_object() => {
            reference(&spec["chartRef"], own, "OCIRepository").into_iter().collect()
        }
        "HelmRelease" => {
            let source = reference(&spec["chart"]["spec"]["sourceRef"], own, "HelmRepository");
            // The chart stands beside its source, named after the release.
            let chart = source.as_ref().map(|(_, namespace, _)| {
                let name = format!("{own}-{}", meta["name"].as_str().unwrap_or_default());
                ("HelmChart".to_owned(), namespace.clone(), name)
            });
            source.into_iter().chain(chart).collect()
        }
        _ => reference(&spec["sourceRef"], own, "GitRepository").into_iter().collect(),
    }
}

async fn fetch(cluster: &Cluster, of: &Target, source: &Source) -> Result<Target> {
    let (kind, namespace, name) = source;
    let what = || format!("{kind} {namespace}/{name}");
    let kinds = cluster.kinds().await?;
    let plural = kind.to_lowercase();
    let known = kinds.iter().find(|k| k.group == "source.toolkit.fluxcd.io" && k.singular == plural);
    let Some(known) = known else {
        return Err(Problem::new(ProblemKind::Invalid, "cannot reconcile the source", "the server has no such kind")
            .on(what())
            .next("reconcile without the source (flux-reconcile)"));
    };
    pipeline::fetch(cluster, ObjectRef::new(known.clone(), namespace, name)).await.map_err(|mut p| {
        if p.kind == ProblemKind::NotFound {
            p.what = format!("the source of {} is missing", of.reference);
            p.next = "create it, or correct the reference to it".into();
        }
        p
    })
}

#[async_trait::async_trait]
impl Action for ReconcileWithSource {
    fn name(&self) -> &'static str {
        "flux-reconcile-source"
    }
    fn title(&self) -> &'static str {
        "Flux: reconcile with source"
    }
    fn help(&self) -> &'static str {
        "Fetch its source first, then let Flux apply it."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kinds::has_source(kind)
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn in_turn(&self) -> bool {
        true
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        kinds::rights(target)
    }
    fn args(&self) -> &'static [Arg] {
        reconcile::ARGS
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        reconcile::check(asked.targets, asked.args)?;
        let mut steps = Vec::new();
        let mut done: Vec<Source> = Vec::new();
        let mut warnings = Vec::new();
        for target in asked.targets {
            kinds::refuse(target)?;
            for source in sources(&target.object) {
                if done.contains(&source) {
                    continue;
                }
                let found = fetch(asked.cluster, target, &source).await?;
                done.push(source);
                if found.object["spec"]["suspend"] == true {
                    warnings.push(format!("{} is suspended and stays as it is", found.reference));
                } else if !kinds::is_oci_repository(&found.object) {
                    steps.push(reconcile::step(&found, asked.now, asked.args)?);
                }
            }
            steps.push(reconcile::step(target, asked.now, asked.args)?);
        }
        Ok(Proposal {
            title: format!("Reconcile {} with source", pipeline::objects_in_words(asked.targets)),
            steps,
            risk: reconcile::risk(asked.args),
            warnings,
            undo: String::new(),
        })
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        progress::stages(object)
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress::requested(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sources_are_found_by_the_rules_of_flux() {
        let name = |all: Vec<Source>| all.into_iter().map(|(k, ns, n)| format!("{k} {ns}/{n}")).collect::<Vec<_>>();
        let of = |kind: &str, spec: Value| json!({"kind": kind, "metadata": {"namespace": "apps", "name": "web"}, "spec": spec});
        let git = json!({"sourceRef": {"kind": "GitRepository", "name": "main", "namespace": "flux-system"}});
        assert_eq!(name(sources(&of("Kustomization", git))), ["GitRepository flux-system/main"]);
        let chart =
            json!({"chart": {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}});
        assert_eq!(name(sources(&of("HelmRelease", chart))), ["HelmRepository apps/charts", "HelmChart apps/apps-web"]);
        let oci = json!({"chartRef": {"kind": "OCIRepository", "name": "web"}});
        assert_eq!(name(sources(&of("HelmRelease", oci))), ["OCIRepository apps/web"]);
    }
}
