//! Recreate a Secret: delete it, so that cert-manager issues it anew. The old one is kept in memory, for the case that
//! nothing new comes.

use super::issuance::{is_certificate, secrets};
use crate::actions::action::{Action, Asked, Progress, Proposal};
use crate::actions::pipeline::fetch;
use crate::actions::plan::{DryRun, Effect, Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::{Method, Right, delete_options};
use crate::resources::{Kind, ObjectRef};
use crate::wipe::wipe;
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::time::Duration;

/// See [`Action::help`].
pub struct RecreateSecret;

#[async_trait::async_trait]
impl Action for RecreateSecret {
    fn name(&self) -> &'static str {
        "recreate-secret"
    }
    fn title(&self) -> &'static str {
        "Recreate Secret"
    }
    fn help(&self) -> &'static str {
        "Delete the Secret of a Certificate, so that key and certificate are made anew."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_certificate(kind)
    }
    fn many(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        ["get", "delete", "create"].iter().map(|verb| Right::new(verb, "", "secrets", &target.namespace)).collect()
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let [target] = asked.targets else { return Err(Problem::usage("cannot plan", "it takes one Certificate")) };
        let name = target.object["spec"]["secretName"].as_str().unwrap_or_default();
        let named = ObjectRef::new(secrets(), &target.reference.namespace, name);
        let mut secret = match fetch(asked.cluster, named).await {
            Ok(secret) => secret,
            Err(p) if p.kind == ProblemKind::NotFound => {
                return Err(
                    p.next("retry tries a failed issuance now, temporary-certificate puts one there for the meantime")
                );
            }
            Err(p) => return Err(p),
        };
        let mut warnings = vec![
            format!(
                "from now until the new one is issued there is no Secret {name}: proxies go on with what they hold, or serve their default certificate; pods that mount it cannot start"
            ),
            "renew issues a new one and keeps the old one serving meanwhile; recreate only what is broken".to_owned(),
            "the old one is kept in the memory of this qd only, never on disk: undo works until qd ends, and while no new one is there (qd do: --wait --undo-on-failure)".to_owned(),
        ];
        if super::issuance::attempts(&target.object) > 0 {
            warnings
                .push("its last issuance failed: mend that first, or nothing new comes before the next try".to_owned());
        }
        let undo = Effect {
            method: Method::Post,
            path: secret.reference.kind.path(secret.reference.namespace(), None, None),
            query: Vec::new(),
            body: Some(kept(&secret.object)),
        };
        // From here on there is one copy, which is overwritten when nobody can undo any more.
        wipe(&mut secret.object);
        let step = Step {
            title: format!("delete Secret {name}; cert-manager issues it anew"),
            effect: Effect {
                method: Method::Delete,
                path: secret.reference.path(None),
                query: Vec::new(),
                body: Some(delete_options(&secret.reference.uid, None, "Background")),
            },
            object: secret.reference,
            diff: Vec::new(),
            dry_run: DryRun::Pending,
            undo: Some(undo),
            current: json!({"kind": "Secret"}).into(),
        };
        Ok(Proposal {
            title: format!("Recreate the Secret of {}", target.reference),
            steps: vec![step],
            risk: Risk::Wide,
            warnings,
            undo: "put the old Secret back, while no new one is there and qd runs".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        Some(match object {
            None => Progress::Done("deleted; cert-manager issues it anew".into()),
            Some(_) => Progress::Going("still there".into()),
        })
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        super::stages::of_secret(object)
    }
    fn patience(&self) -> Duration {
        super::renew::PATIENCE
    }
}

/// A Secret as it is made again: without what the server gives.
fn kept(secret: &Value) -> Value {
    let meta = &secret["metadata"];
    let mut metadata = json!({"name": meta["name"], "namespace": meta["namespace"]});
    for field in ["labels", "annotations", "ownerReferences"] {
        if !meta[field].is_null() {
            metadata[field] = meta[field].clone();
        }
    }
    let mut kept = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret["type"]});
    kept["data"] = secret["data"].clone();
    kept
}
