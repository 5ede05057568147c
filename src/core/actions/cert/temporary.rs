//! Temporary: a self-signed certificate in the Secret until the real one comes. cert-manager makes it by itself while an
//! issuance is under way, when the Certificate has an annotation and its Secret holds no usable pair.

use super::issuance::{self, holds, is_certificate, secrets};
use crate::actions::action::{Action, Asked, Progress, Proposal};
use crate::actions::plan::{Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::{Request, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Temporary;

/// As cert-manager names it (`IssueTemporaryCertificateAnnotation`).
const ANNOTATION: &str = "cert-manager.io/issue-temporary-certificate";

#[async_trait::async_trait]
impl Action for Temporary {
    fn name(&self) -> &'static str {
        "temporary-certificate"
    }
    fn title(&self) -> &'static str {
        "Temporary self-signed"
    }
    fn help(&self) -> &'static str {
        "Put a self-signed certificate into an empty or broken Secret until the real one is issued."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_certificate(kind)
    }
    fn many(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", issuance::GROUP, "certificates", &target.namespace), issuance::status_right(target)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let [target] = asked.targets else { return Err(Problem::usage("cannot plan", "it takes one Certificate")) };
        let name = target.object["spec"]["secretName"].as_str().unwrap_or_default();
        let secret = ObjectRef::new(secrets(), &target.reference.namespace, name);
        let mut warnings = vec![
            "nobody trusts it: browsers warn, and clients that verify refuse, until the real one comes".to_owned(),
        ];
        match asked.cluster.json::<Value>(Request::get(secret.path(None))).await {
            Ok(held) => {
                let filled = |key: &str| held["data"][key].as_str().is_some_and(|v| !v.is_empty());
                if filled("tls.crt") && filled("tls.key") {
                    warnings.push(format!(
                        "Secret {} holds a certificate: cert-manager puts a temporary one only where there is none, or where key and certificate do not match",
                        secret.short()
                    ));
                }
            }
            Err(p) if p.kind == ProblemKind::NotFound => {}
            Err(_) => {
                warnings.push(format!("you may not read Secret {}: whether it is empty is not known", secret.short()))
            }
        }
        let patch = json!({"metadata": {"annotations": {ANNOTATION: "true"}}});
        let mut steps = vec![Step::patch_object(target, &patch, "allow a temporary certificate")];
        if !holds(&target.object, "Issuing") {
            let title = format!("issue again: {}", issuance::attempt_words(&target.object));
            // It is the annotation that is taken back; the issuance goes on.
            steps.push(issuance::ask(target, asked.now, json!({}), title).without_undo());
        }
        Ok(Proposal {
            title: format!("Temporary certificate for {}", target.reference),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "take the annotation off; what is in the Secret stays until the real one comes".into(),
        })
    }
    fn progress(&self, _object: Option<&Value>) -> Option<Progress> {
        None
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        vec![super::stages::filled(object), super::served::stage()]
    }
    /// Its two steps are one thing.
    fn in_waves(&self) -> bool {
        false
    }
}
