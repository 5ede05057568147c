//! Rollout restart: new pods by the workload's own update strategy, as `kubectl rollout restart` does it.

use super::action::{Action, Asked, Progress, Proposal};
use super::plan::{Risk, Step};
use crate::clock::{format_time, parse_time};
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Restart;

/// kubectl writes it, so that either can be told from the other by nobody.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

#[async_trait::async_trait]
impl Action for Restart {
    fn name(&self) -> &'static str {
        "restart"
    }
    fn title(&self) -> &'static str {
        "Restart"
    }
    fn help(&self) -> &'static str {
        "Replace all pods by new ones, a few at a time, as the update strategy says."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kind.group == "apps" && matches!(kind.plural.as_str(), "deployments" | "statefulsets" | "daemonsets")
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut warnings = Vec::new();
        let mut steps = Vec::new();
        for target in asked.targets {
            let spec = &target.object["spec"];
            if spec["paused"] == true {
                return Err(Problem::new(ProblemKind::Invalid, "cannot restart", "its rollout is paused")
                    .on(target.reference.to_string())
                    .next("resume it first"));
            }
            warnings.extend(super::rollout::gap(&target.reference, &target.object));
            let at = format_time(moment(&target.object, asked.now));
            let patch = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}});
            steps.push(Step::patch_object(target, &patch, "replace all pods").without_undo());
        }
        Ok(Proposal {
            title: format!("Restart {}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: String::new(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        super::rollout::progress(object)
    }
}

/// The moment that is written. It is in whole seconds, and the one that stands there already would change nothing: a
/// restart within the second of the one before it is that of the next.
fn moment(object: &Value, now: i64) -> i64 {
    let before = object["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT].as_str().and_then(parse_time);
    before.map_or(now, |before| now.max(before + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_within_the_second_of_another_is_one_too() {
        let restarted = |at: &str| json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}});
        let now = parse_time("2026-11-28T03:00:00Z").expect("a time");
        assert_eq!(moment(&restarted("2026-11-28T03:00:00Z"), now), now + 1);
        assert_eq!(moment(&restarted("2026-11-28T02:59:59Z"), now), now);
        assert_eq!(moment(&restarted("never"), now), now);
        assert_eq!(moment(&json!({"spec": {}}), now), now);
    }
}
