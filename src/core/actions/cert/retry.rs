//! Retry: try a failed issuance now instead of after cert-manager's backoff, and begin the backoff anew.

use super::allowance::FAILURES_AN_HOUR;
use super::issuance::{self, attempts, holds, is_certificate, last_failure};
use crate::actions::action::{Action, Asked, Progress, Proposal, Target};
use crate::actions::plan::Risk;
use crate::actions::stage::Stage;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, Result};
use serde_json::{Value, json};
use std::time::Duration;

/// See [`Action::help`].
pub struct Retry;

#[async_trait::async_trait]
impl Action for Retry {
    fn name(&self) -> &'static str {
        "retry"
    }
    fn title(&self) -> &'static str {
        "Retry issuance"
    }
    fn help(&self) -> &'static str {
        "Try a failed issuance now, and begin its backoff anew."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_certificate(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![issuance::status_right(target)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut warnings = Vec::new();
        let (mut steps, mut chosen): (Vec<_>, Vec<Target>) = (Vec::new(), Vec::new());
        for target in asked.targets {
            let (name, object) = (target.reference.short(), &target.object);
            let failed = attempts(object);
            if failed == 0 || holds(object, "Issuing") {
                let now = if holds(object, "Issuing") { "it is being issued now" } else { "nothing of it failed" };
                warnings.push(format!("{name} left out: {now}"));
                continue;
            }
            let why = last_failure(object);
            if !why.is_empty() {
                warnings.push(format!("{name} failed last: {why}"));
            }
            let title = format!("try again now; the count of {failed} failures and its backoff begin anew");
            // The trigger waits as long as there is a time of failure; the next wait doubles with the count.
            let status = json!({"failedIssuanceAttempts": null, "lastFailureTime": null});
            steps.push(issuance::ask(target, asked.now, status, title));
            chosen.push(target.clone());
        }
        if steps.is_empty() {
            return Err(Problem::usage("nothing to retry", warnings.join("; ")).next("renew issues it again"));
        }
        warnings.push(format!(
            "unless the cause is mended it fails again, and that counts: Let's Encrypt takes {FAILURES_AN_HOUR} failed validations per host name and hour"
        ));
        Ok(Proposal {
            title: format!("Retry the issuance of {}", crate::actions::pipeline::objects_in_words(&chosen)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "take the wish back, with the former count, while nothing was issued".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        issuance::progress(object)
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        super::stages::of_certificate(object)
    }
    fn patience(&self) -> Duration {
        super::renew::PATIENCE
    }
}
