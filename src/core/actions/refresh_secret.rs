//! Refresh of External Secrets: fetch from the store now. Its controllers look at once when the annotations have
//! changed, and write the time of a success into `status.refreshTime`. A ClusterExternalSecret is refreshed through the
//! ExternalSecrets that it has made.

use super::action::{Action, Asked, Progress, Proposal, Target};
use super::pipeline;
use super::plan::{Risk, Step};
use crate::cluster::Right;
use crate::findings::cause::line;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct RefreshSecret;

/// Any new value does; the name is the one of External Secrets' own documentation.
const FORCE_SYNC: &str = "force-sync";
/// Stands between the time of the request and the refresh that came before it.
const AFTER: &str = " after ";

/// The step that asks for a refresh; the value remembers the refresh before it, so that the next one is known.
fn step(target: &Target, now: i64) -> Step {
    let last = target.object["status"]["refreshTime"].as_str().unwrap_or("none");
    let token = format!("{now}{AFTER}{last}");
    let patch = json!({"metadata": {"annotations": {FORCE_SYNC: token}}});
    Step::patch_object(target, &patch, "fetch from the store now").without_undo()
}

/// The ExternalSecrets of a ClusterExternalSecret.
fn made(kinds: &crate::resources::Kinds, object: &Value) -> Vec<ObjectRef> {
    let Some(kind) = kinds.find("externalsecrets.external-secrets.io") else { return Vec::new() };
    let own = object["metadata"]["name"].as_str().unwrap_or_default();
    let name = object["status"]["externalSecretName"]
        .as_str()
        .or_else(|| object["spec"]["externalSecretName"].as_str())
        .filter(|n| !n.is_empty())
        .unwrap_or(own);
    let places = object["status"]["provisionedNamespaces"].as_array().into_iter().flatten();
    places.filter_map(Value::as_str).map(|ns| ObjectRef::new(kind.clone(), ns, name)).collect()
}

#[async_trait::async_trait]
impl Action for RefreshSecret {
    fn name(&self) -> &'static str {
        "refresh-secret"
    }
    fn title(&self) -> &'static str {
        "External Secrets: refresh"
    }
    fn help(&self) -> &'static str {
        "Fetch the secret from its store now (or push it there)."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kind.group == "external-secrets.io"
            && matches!(kind.plural.as_str(), "externalsecrets" | "clusterexternalsecrets" | "pushsecrets")
    }
    fn own_kind(&self) -> &'static str {
        "externalsecrets.external-secrets.io"
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        if target.kind.plural == "clusterexternalsecrets" {
            return vec![Right::new("patch", &target.kind.group, "externalsecrets", "")];
        }
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut steps = Vec::new();
        for target in asked.targets {
            if target.reference.kind.plural != "clusterexternalsecrets" {
                steps.push(step(target, asked.now));
                continue;
            }
            let kinds = asked.cluster.kinds().await?;
            let before = steps.len();
            for one in made(&kinds, &target.object) {
                steps.push(step(&pipeline::fetch(asked.cluster, one).await?, asked.now));
            }
            if steps.len() == before {
                let why = "it has made no ExternalSecret in any namespace so far";
                return Err(Problem::new(ProblemKind::Invalid, "cannot refresh", why)
                    .on(target.reference.to_string())
                    .next("look at its namespace selector and its conditions"));
            }
        }
        Ok(Proposal {
            title: format!("Refresh {}", pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings: vec!["pods see a new value only when they read it anew: restart them where they do not".into()],
            undo: String::new(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        let Some(object) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
        let status = &object["status"];
        let asked = object["metadata"]["annotations"][FORCE_SYNC].as_str().unwrap_or_default();
        let before = asked.split_once(AFTER).map_or("none", |(_, last)| last);
        let now = status["refreshTime"].as_str().unwrap_or("none");
        let ready = status["conditions"].as_array().into_iter().flatten().find(|c| c["type"] == "Ready");
        let message = ready.map(|c| line(c["message"].as_str().unwrap_or_default(), 160)).unwrap_or_default();
        let bad = ready.is_some_and(|c| c["status"] == "False");
        Some(match (now != before && now != "none", bad) {
            (true, false) => Progress::Done(format!("refreshed at {}", line(now, 40))),
            (true, true) => Progress::Failed(message),
            // The old refusal may still be shown; the controller may be about to try.
            (false, true) => Progress::Going(format!("not fetched so far: {message}")),
            (false, false) => Progress::Going("waits for its controller".into()),
        })
    }
    fn patience(&self) -> std::time::Duration {
        std::time::Duration::from_secs(120)
    }
}
