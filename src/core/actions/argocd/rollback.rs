//! Roll back: sync to what an entry of the history has deployed, as Argo CD's server does it
//! (`server/application` Rollback, v3.5).

use super::application::{self as app, KIND, PRUNE, REHEARSAL};
use super::operation;
use crate::Result;
use crate::actions::action::{Action, Arg, ArgKind, Asked, Progress, Proposal};
use crate::actions::plan::{Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::Right;
use crate::findings::cause::line;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Rollback;

/// Entries of the history that a refusal names.
const NAMED: usize = 5;

const ARGS: &[Arg] = &[
    Arg {
        name: "id",
        kind: ArgKind::Number,
        help: "entry of the history (status.history); the one before the last when not given",
        required: false,
    },
    PRUNE,
    REHEARSAL,
];

fn history(object: &Value) -> Vec<&Value> {
    object["status"]["history"].as_array().into_iter().flatten().collect()
}

/// The entry before the last.
fn previous(object: &Value) -> Option<i64> {
    let history = history(object);
    history.len().checked_sub(2).and_then(|i| history[i]["id"].as_i64().or(Some(0)))
}

/// `3 (8c1a5c0e, 2026-11-20T12:00:00Z)`
fn words(entry: &Value) -> String {
    let revisions = entry["revisions"].as_array().into_iter().flatten().chain(entry.get("revision"));
    let revisions: Vec<String> =
        revisions.filter_map(Value::as_str).filter(|r| !r.is_empty()).map(app::short).collect();
    let at = line(entry["deployedAt"].as_str().unwrap_or_default(), 30);
    format!("{} ({}, {at})", entry["id"].as_i64().unwrap_or_default(), revisions.join(" "))
}

#[async_trait::async_trait]
impl Action for Rollback {
    fn name(&self) -> &'static str {
        "argocd-rollback"
    }
    fn title(&self) -> &'static str {
        "Argo CD: roll back"
    }
    fn help(&self) -> &'static str {
        "Sync to what an earlier deployment of the history was made of."
    }
    fn applies(&self, kind: &Kind) -> bool {
        app::is_application(kind)
    }
    fn own_kind(&self) -> &'static str {
        KIND
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn many(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        app::rights(target)
    }
    fn args(&self) -> &'static [Arg] {
        ARGS
    }
    fn default_of(&self, arg: &str, object: &Value) -> Option<String> {
        (arg == "id").then(|| previous(object).map(|id| id.to_string())).flatten()
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut steps = Vec::new();
        let mut titles = Vec::new();
        for target in asked.targets {
            let object = &target.object;
            app::refuse_busy("roll back", target)?;
            if app::auto_sync(object) {
                let why = "auto-sync is on: it would sync to what git declares again at once";
                return Err(app::no("roll back", target, why, "suspend auto-sync first (argocd-suspend)"));
            }
            let known = history(object);
            let wanted = match asked.args.number("id")? {
                Some(id) => id,
                None => previous(object).ok_or_else(|| {
                    app::no("roll back", target, "its history has no earlier deployment", "sync to a revision instead")
                })?,
            };
            let Some(entry) = known.iter().find(|e| e["id"].as_i64().unwrap_or(0) == wanted) else {
                let some: Vec<String> = known.iter().rev().take(NAMED).map(|e| words(e)).collect();
                let next = if some.is_empty() { String::new() } else { format!("it has {}", some.join(", ")) };
                return Err(app::no("roll back", target, format!("its history has no entry {wanted}"), &next));
            };
            let no_source = |v: &Value| v["repoURL"].as_str().unwrap_or_default().is_empty();
            if no_source(&entry["source"]) && entry["sources"].as_array().is_none_or(Vec::is_empty) {
                let why = "the entry does not say from which source it was deployed";
                return Err(app::no("roll back", target, why, "sync to its revision instead (argocd-sync --revision)"));
            }
            let mut sync = json!({ "syncStrategy": { "apply": {} } });
            for field in ["revision", "revisions", "source", "sources"] {
                if !entry[field].is_null() {
                    sync[field] = entry[field].clone();
                }
            }
            for (arg, field) in [("prune", "prune"), ("rehearsal", "dryRun")] {
                if asked.args.switch(arg) {
                    sync[field] = true.into();
                }
            }
            let options = &object["spec"]["syncPolicy"]["syncOptions"];
            if options.as_array().is_some_and(|o| !o.is_empty()) {
                sync["syncOptions"] = options.clone();
            }
            let operation = json!({ "sync": sync, "initiatedBy": app::initiator(&asked) });
            let words = words(entry);
            let step = Step::patch_object(target, &app::start(&operation), format!("sync to deployment {words}"));
            steps.push(step.without_undo());
            titles.push(format!("{} to deployment {words}", target.reference));
        }
        let mut warnings = vec![
            "git stays as it is: the Application is out of sync afterwards, and the next sync goes forward again"
                .to_owned(),
            "hooks do not run in a rollback".into(),
        ];
        if asked.args.switch("prune") {
            warnings.push("deletes what that deployment did not have".into());
        }
        let rehearsal = asked.args.switch("rehearsal");
        let verb = if rehearsal { "Rehearse a rollback of" } else { "Roll back" };
        Ok(Proposal {
            title: format!("{verb} {}", titles.join(", ")),
            steps,
            risk: if rehearsal { Risk::Reversible } else { Risk::Wide },
            warnings,
            undo: String::new(),
        })
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        operation::stages(object)
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        operation::progress(object)
    }
}
