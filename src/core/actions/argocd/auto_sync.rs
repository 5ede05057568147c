//! Suspend and resume auto-sync. Where the server knows `spec.syncPolicy.automated.enabled` (Argo CD 3.1 and later)
//! that is switched and everything else stays; an older one would drop the field and go on syncing, so there
//! `automated` is taken out and kept in an annotation. Which of the two it is, the server says in a dry run.

use super::application::{self as app, KIND};
use crate::Result;
use crate::actions::action::{Action, Arg, ArgKind, Asked, Proposal, Target};
use crate::actions::plan::{Risk, Step};
use crate::cluster::{Cluster, Right, WriteOptions};
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// What `automated` was, where it had to be taken out.
const KEPT: &str = "quarterdeck.dev/auto-sync";

/// See [`Action::help`].
pub struct SuspendAutoSync;
/// See [`Action::help`].
pub struct ResumeAutoSync;

/// Whether the server keeps `enabled: false`; asked by a dry run. Where that cannot be asked, it is taken to be new.
async fn knows_enabled(cluster: &Cluster, target: &Target) -> bool {
    let step = Step::patch_object(target, &json!({"spec": {"syncPolicy": {"automated": {"enabled": false}}}}), "");
    let answer = cluster.write(&step.effect, WriteOptions { dry_run: true, force: false }).await;
    match answer {
        Ok(body) => {
            let object: Value = serde_json::from_slice(&body).unwrap_or_default();
            object["spec"]["syncPolicy"]["automated"]["enabled"] == false
        }
        Err(problem) => problem.kind != crate::ProblemKind::Invalid,
    }
}

#[async_trait::async_trait]
impl Action for SuspendAutoSync {
    fn name(&self) -> &'static str {
        "argocd-suspend"
    }
    fn title(&self) -> &'static str {
        "Argo CD: suspend auto-sync"
    }
    fn help(&self) -> &'static str {
        "Argo CD goes on comparing, but changes nothing until somebody syncs."
    }
    fn applies(&self, kind: &Kind) -> bool {
        app::is_application(kind)
    }
    fn own_kind(&self) -> &'static str {
        KIND
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        app::rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut steps = Vec::new();
        let mut warnings = Vec::new();
        for target in asked.targets {
            let automated = &target.object["spec"]["syncPolicy"]["automated"];
            if !app::auto_sync(&target.object) {
                return Err(app::no("suspend auto-sync", target, "it is off already", "resume it with argocd-resume"));
            }
            let patch = if knows_enabled(asked.cluster, target).await {
                json!({"spec": {"syncPolicy": {"automated": {"enabled": false}}}})
            } else {
                json!({"metadata": {"annotations": {KEPT: automated.to_string()}},
                    "spec": {"syncPolicy": {"automated": null}}})
            };
            warnings.extend(app::maker_warning(target));
            steps.push(Step::patch_object(target, &patch, "switch auto-sync off"));
        }
        Ok(Proposal {
            title: format!("Suspend auto-sync of {}", crate::actions::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "auto-sync exactly as it was".into(),
        })
    }
}

#[async_trait::async_trait]
impl Action for ResumeAutoSync {
    fn name(&self) -> &'static str {
        "argocd-resume"
    }
    fn title(&self) -> &'static str {
        "Argo CD: resume auto-sync"
    }
    fn help(&self) -> &'static str {
        "Argo CD syncs by itself again, as it did before."
    }
    fn applies(&self, kind: &Kind) -> bool {
        app::is_application(kind)
    }
    fn own_kind(&self) -> &'static str {
        KIND
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        app::rights(target)
    }
    fn args(&self) -> &'static [Arg] {
        &[
            Arg {
                name: "prune",
                kind: ArgKind::Switch,
                help: "delete by itself what git no longer declares, where nothing is known of before",
                required: false,
            },
            Arg {
                name: "self-heal",
                kind: ArgKind::Switch,
                help: "take changes by hand back, where nothing is known of before",
                required: false,
            },
        ]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut steps = Vec::new();
        let mut warnings = Vec::new();
        for target in asked.targets {
            if app::auto_sync(&target.object) {
                return Err(app::no("resume auto-sync", target, "it is on", ""));
            }
            let kept = target.object["metadata"]["annotations"][KEPT].as_str();
            let kept = kept.and_then(|k| serde_json::from_str::<Value>(k).ok()).filter(Value::is_object);
            let patch = if target.object["spec"]["syncPolicy"]["automated"].is_object() {
                // Absent means enabled, for Argo CD of any version.
                json!({"spec": {"syncPolicy": {"automated": {"enabled": null}}}})
            } else if let Some(kept) = kept {
                json!({"metadata": {"annotations": {KEPT: null}}, "spec": {"syncPolicy": {"automated": kept}}})
            } else {
                let (prune, heal) = (asked.args.switch("prune"), asked.args.switch("self-heal"));
                let word = |on: bool| if on { "on" } else { "off" };
                warnings.push(format!(
                    "nothing is known of how {} synced by itself before: prune is {}, self-heal {}",
                    target.reference,
                    word(prune),
                    word(heal)
                ));
                json!({"spec": {"syncPolicy": {"automated": {"prune": prune, "selfHeal": heal}}}})
            };
            if target.object["status"]["sync"]["status"] == "OutOfSync" {
                warnings.push(format!("{} is out of sync: it will be synced at once", target.reference));
            }
            warnings.extend(app::maker_warning(target));
            steps.push(Step::patch_object(target, &patch, "switch auto-sync on"));
        }
        Ok(Proposal {
            title: format!("Resume auto-sync of {}", crate::actions::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "auto-sync off, as it was".into(),
        })
    }
}
