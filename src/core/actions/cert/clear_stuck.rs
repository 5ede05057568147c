//! Clear stuck: delete the Challenge, Order or CertificateRequest that holds an issuance up, so that cert-manager makes
//! it anew; for a Certificate the request that is under way.

use super::issuance::{ACME, GROUP, holds, is, is_certificate, requests};
use super::{consequences, issuance};
use crate::actions::action::{Action, Arg, ArgKind, Asked, Progress, Proposal, Target};
use crate::actions::plan::{DryRun, Effect, Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::{Method, Request, Right, delete_options};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct ClearStuck;

const FINALIZERS: &str = "drop-finalizers";

#[async_trait::async_trait]
impl Action for ClearStuck {
    fn name(&self) -> &'static str {
        "clear-stuck"
    }
    fn title(&self) -> &'static str {
        "Clear stuck issuance"
    }
    fn help(&self) -> &'static str {
        "Delete the request, order or challenge that holds an issuance up; cert-manager makes it anew."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_certificate(kind)
            || is(kind, GROUP, "certificaterequests")
            || is(kind, ACME, "orders")
            || is(kind, ACME, "challenges")
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        if is_certificate(&target.kind) {
            return vec![
                Right::new("list", GROUP, "certificaterequests", &target.namespace),
                Right::new("delete", GROUP, "certificaterequests", &target.namespace),
            ];
        }
        vec![Right::new("delete", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg {
            name: FINALIZERS,
            kind: ArgKind::Switch,
            help: "for one that hangs in its deletion: take its finalizers off; what cert-manager would have cleaned stays",
            required: false,
        }]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let drop = asked.args.switch(FINALIZERS);
        let (mut steps, mut warnings) = (Vec::new(), Vec::new());
        for target in asked.targets {
            let meant =
                if is_certificate(&target.reference.kind) { under_way(&asked, target).await? } else { target.clone() };
            let leaving = !meant.object["metadata"]["deletionTimestamp"].is_null();
            if leaving && drop {
                warnings.push(format!(
                    "{}: what its finalizer was to clean (TXT record, solver) stays and is yours to remove",
                    meant.reference.short()
                ));
                let patch = json!({"metadata": {"finalizers": null}});
                steps.push(Step::patch_object(&meant, &patch, "take its finalizers off").without_undo());
                continue;
            }
            if leaving {
                return Err(Problem::usage(
                    "nothing to delete",
                    "it is being deleted already, and waits for its finalizers",
                )
                .on(meant.reference.to_string())
                .next(format!("mend what cert-manager cannot clean up, or give --{FINALIZERS}")));
            }
            warnings.extend(consequences::of(&meant.reference, &meant.object));
            steps.push(Step {
                title: format!("delete; it is {}", consequences::state(&meant.object)),
                effect: Effect {
                    method: Method::Delete,
                    path: meant.reference.path(None),
                    query: Vec::new(),
                    body: Some(delete_options(&meant.reference.uid, None, "Background")),
                },
                object: meant.reference,
                diff: Vec::new(),
                dry_run: DryRun::Pending,
                undo: None,
                current: meant.object.into(),
            });
        }
        Ok(Proposal {
            title: format!("Clear what is stuck of {}", crate::actions::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Wide,
            warnings,
            undo: String::new(),
        })
    }
    fn stages_of(&self, step: &Step, object: &ObjectRef) -> Vec<Stage> {
        if consequences::goes_on(object, &step.current) {
            super::stages::after_clearing(&step.current)
        } else {
            vec![Stage::progress("gone", "deleted")]
        }
    }
    fn patience(&self) -> std::time::Duration {
        super::renew::PATIENCE
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        let Some(object) = object else { return Some(Progress::Done("gone; cert-manager goes on from there".into())) };
        let leaving = !object["metadata"]["deletionTimestamp"].is_null();
        Some(Progress::Going(if leaving { "waits for cert-manager to clean up" } else { "still there" }.into()))
    }
}

/// The request of a Certificate that is not answered yet.
async fn under_way(asked: &Asked<'_>, certificate: &Target) -> Result<Target> {
    let kind = requests();
    let list: Value = asked.cluster.json(Request::list(&kind, certificate.reference.namespace())).await?;
    let uid = &*certificate.reference.uid;
    let owned = |r: &&Value| issuance::owned_by(r, uid) && !holds(r, "Ready");
    let open = list["items"].as_array().into_iter().flatten().filter(owned);
    let Some(request) = open.max_by_key(|r| issuance::revision(r)) else {
        return Err(Problem::usage("nothing is stuck", "no request of it is under way")
            .on(certificate.reference.to_string())
            .next("renew issues it again"));
    };
    Ok(Target { reference: issuance::reference(kind, request), object: request.clone() })
}
