//! Sync: make the cluster as git declares it. The operation is written as Argo CD's server writes it
//! (`server/application` Sync, v3.5); the application controller carries it out.

use super::application::{self as app, KIND, PRUNE, REHEARSAL};
use super::operation;
use crate::actions::action::{Action, Arg, ArgKind, Args, Asked, Progress, Proposal, Target};
use crate::actions::plan::{Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::Right;
use crate::findings::{cause::line, gitops};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Sync;

/// Objects that a warning names.
const NAMED: usize = 5;

const ARGS: &[Arg] = &[
    Arg {
        name: "revision",
        kind: ArgKind::Text,
        help: "branch, tag, commit or chart version; else the declared one",
        required: false,
    },
    PRUNE,
    Arg {
        name: "resources",
        kind: ArgKind::Text,
        help: "only these: GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME, with commas; or out-of-sync",
        required: false,
    },
    REHEARSAL,
    Arg { name: "force", kind: ArgKind::Switch, help: "delete and recreate what cannot be changed", required: false },
    Arg { name: "replace", kind: ArgKind::Switch, help: "replace objects instead of applying them", required: false },
    Arg {
        name: "strategy",
        kind: ArgKind::Choice(&["hook", "apply"]),
        help: "hook (as usual), or apply: without hooks and waves",
        required: false,
    },
];

#[async_trait::async_trait]
impl Action for Sync {
    fn name(&self) -> &'static str {
        "argocd-sync"
    }
    fn title(&self) -> &'static str {
        "Argo CD: sync"
    }
    fn help(&self) -> &'static str {
        "Make the cluster as git declares it, and follow the operation to its end."
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
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        app::rights(target)
    }
    fn args(&self) -> &'static [Arg] {
        ARGS
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let args = asked.args;
        let mut warnings = Vec::new();
        let mut steps = Vec::new();
        for target in asked.targets {
            app::refuse_busy("sync", target)?;
            let mut operation = json!({ "sync": sync(target, args)?, "initiatedBy": app::initiator(&asked) });
            let retry = &target.object["spec"]["syncPolicy"]["retry"];
            if retry.is_object() {
                operation["retry"] = retry.clone();
            }
            warnings.extend(warn(target, args));
            let to = args.get("revision").map_or_else(|| "what git declares".into(), |r| line(r, 60));
            let words = if args.switch("rehearsal") { "rehearse a sync to" } else { "sync to" };
            steps.push(Step::patch_object(target, &app::start(&operation), format!("{words} {to}")).without_undo());
        }
        let hard = !args.switch("rehearsal") && ["prune", "force", "replace"].iter().any(|a| args.switch(a));
        let what = crate::actions::pipeline::objects_in_words(asked.targets);
        Ok(Proposal {
            title: match args.switch("rehearsal") {
                true => format!("Rehearse a sync of {what}"),
                false => format!("Sync {what}"),
            },
            steps,
            risk: if hard { Risk::Wide } else { Risk::Reversible },
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

/// `operation.sync` for one Application.
fn sync(target: &Target, args: &Args) -> Result<Value> {
    let spec = &target.object["spec"];
    let mut sync = json!({});
    if let Some(revision) = args.get("revision") {
        let sources = app::sources(&target.object);
        if sources.len() > 1 {
            let why = format!("it has {} sources: one revision does not say which", sources.len());
            return Err(app::no("sync to a revision", target, why, "sync without --revision"));
        }
        let declared = sources.first().and_then(|s| s["targetRevision"].as_str()).filter(|r| !r.is_empty());
        let declared = declared.unwrap_or("HEAD");
        if revision != declared && app::auto_sync(&target.object) && !args.switch("rehearsal") {
            let why = format!("auto-sync is on and set to {}: it would go back at once", line(declared, 60));
            return Err(app::no("sync to another revision", target, why, "suspend auto-sync first (argocd-suspend)"));
        }
        sync["revision"] = revision.into();
    }
    for (arg, field) in [("prune", "prune"), ("rehearsal", "dryRun")] {
        if args.switch(arg) {
            sync[field] = true.into();
        }
    }
    let strategy = args.get("strategy").unwrap_or("hook");
    sync["syncStrategy"] = json!({ strategy: if args.switch("force") { json!({"force": true}) } else { json!({}) } });
    let mut options = spec["syncPolicy"]["syncOptions"].as_array().cloned().unwrap_or_default();
    if args.switch("replace") && !options.iter().any(|o| o == "Replace=true") {
        options.push("Replace=true".into());
    }
    if !options.is_empty() {
        sync["syncOptions"] = options.into();
    }
    if let Some(chosen) = args.get("resources") {
        sync["resources"] = resources(target, chosen)?.into();
    }
    Ok(sync)
}

/// The objects that are to be synced, each one of those that the Application has.
fn resources(target: &Target, chosen: &str) -> Result<Vec<Value>> {
    let known: Vec<&Value> = target.object["status"]["resources"].as_array().into_iter().flatten().collect();
    let entry = |r: &Value| {
        let mut entry = json!({"kind": r["kind"], "name": r["name"]});
        for field in ["group", "namespace"] {
            if let Some(text) = r[field].as_str().filter(|t| !t.is_empty()) {
                entry[field] = text.into();
            }
        }
        entry
    };
    if chosen == "out-of-sync" {
        let out: Vec<Value> = known.iter().filter(|r| r["status"] == "OutOfSync").map(|r| entry(r)).collect();
        return match out.is_empty() {
            true => Err(app::no("sync what is out of sync", target, "nothing of it is out of sync", "")),
            false => Ok(out),
        };
    }
    let mut entries = Vec::new();
    for word in chosen.split([',', ' ']).filter(|w| !w.is_empty()) {
        let parts: Vec<&str> = word.splitn(3, ':').collect();
        let [group, kind, name] = parts[..] else {
            return Err(Problem::usage("cannot tell which object is meant", format!("`{word}` is no GROUP:KIND:NAME"))
                .next("for example apps:Deployment:web, or :ConfigMap:web/settings"));
        };
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        let text = |r: &Value, field: &str| r[field].as_str().unwrap_or_default().to_owned();
        let found = known.iter().find(|r| {
            text(r, "group") == group
                && text(r, "kind") == kind
                && text(r, "name") == name
                && (namespace.is_empty() || text(r, "namespace") == namespace)
        });
        let Some(found) = found else {
            let some: Vec<String> = known.iter().take(NAMED).map(|r| words(r)).collect();
            let next = if some.is_empty() { String::new() } else { format!("it has {}", some.join(", ")) };
            return Err(app::no("sync only some objects", target, format!("it has no {}", line(word, 80)), &next));
        };
        entries.push(entry(found));
    }
    Ok(entries)
}

/// `apps:Deployment:web/shop`
fn words(r: &Value) -> String {
    let text = |field: &str| r[field].as_str().unwrap_or_default();
    let place = if text("namespace").is_empty() { String::new() } else { format!("{}/", text("namespace")) };
    line(&format!("{}:{}:{place}{}", text("group"), text("kind"), text("name")), 80)
}

fn warn(target: &Target, args: &Args) -> Vec<String> {
    let (object, name) = (&target.object, &target.reference);
    let mut warnings = Vec::new();
    for condition in object["status"]["conditions"].as_array().into_iter().flatten() {
        let kind = condition["type"].as_str().unwrap_or_default();
        if matches!(kind, "ComparisonError" | "InvalidSpecError") {
            let message = condition["message"].as_str().unwrap_or_default();
            if let Some((why, next)) = gitops::argo_condition(kind, message) {
                warnings.push(format!("Argo CD will refuse it: {name} {why}; {next}"));
            }
        }
    }
    let surplus: Vec<String> = object["status"]["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|r| r["requiresPruning"] == true)
        .map(words)
        .collect();
    if !surplus.is_empty() {
        let mut list = surplus.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if surplus.len() > NAMED {
            list.push_str(&format!(" and {} more", surplus.len() - NAMED));
        }
        warnings.push(match args.switch("prune") {
            true => format!("deletes what git no longer declares: {list}"),
            false => format!("stays, though git no longer declares it: {list}; prune deletes it"),
        });
    } else if args.switch("prune") {
        warnings.push("deletes what git no longer declares".into());
    }
    if args.switch("force") {
        warnings.push("force deletes and recreates objects that cannot be changed: they are away for a moment".into());
    }
    if args.switch("replace") {
        warnings.push("replace writes whole objects: what others have added to them is lost".into());
    }
    if args.get("resources").is_some() {
        warnings.push("hooks do not run in a sync of some objects, and it is not written into the history".into());
    }
    warnings
}
