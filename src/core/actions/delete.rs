//! Delete: this very object (by UID), and nothing of the same name that may have come after it.

use super::action::{Action, Arg, ArgKind, Asked, Progress, Proposal};
use super::plan::{DryRun, Effect, Risk, Step};
use crate::Result;
use crate::clock::human_duration;
use crate::cluster::{Method, Right};
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Delete;

const PROPAGATION: &[&str] = &["background", "foreground", "orphan"];

#[async_trait::async_trait]
impl Action for Delete {
    fn name(&self) -> &'static str {
        "delete"
    }
    fn title(&self) -> &'static str {
        "Delete"
    }
    fn help(&self) -> &'static str {
        "Delete objects; what depends on them goes too, unless orphaned."
    }
    fn applies(&self, kind: &Kind) -> bool {
        super::pipeline::offers_verb(kind, "delete")
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("delete", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[
            Arg {
                name: "propagation",
                kind: ArgKind::Choice(PROPAGATION),
                help: "what becomes of dependents: deleted after it, before it, or left",
                required: false,
            },
            Arg {
                name: "grace",
                kind: ArgKind::Number,
                help: "seconds that containers get to end; 0 does not wait for the node",
                required: false,
            },
        ]
    }
    fn default_of(&self, arg: &str, _object: &Value) -> Option<String> {
        (arg == "propagation").then(|| "background".into())
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let grace = asked.args.number("grace")?;
        let typed = asked.args.get("propagation").unwrap_or("background");
        let policy = match typed {
            "background" => "Background",
            "foreground" => "Foreground",
            "orphan" => "Orphan",
            other => {
                return Err(crate::Problem::usage("cannot plan delete", format!("--propagation {other} is unknown"))
                    .next("background, foreground or orphan"));
            }
        };
        let mut warnings = Vec::new();
        if grace == Some(0) {
            warnings.push("grace 0: the object goes at once, its containers may run on for a while".into());
        }
        let mut steps = Vec::new();
        let mut wide = asked.targets.len() > 1;
        for target in asked.targets {
            let reference = &target.reference;
            let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy});
            body["preconditions"] = json!({ "uid": &*reference.uid });
            if let Some(seconds) = grace {
                body["gracePeriodSeconds"] = seconds.into();
            }
            wide |= !reference.kind.namespaced;
            if reference.kind.group.is_empty() && reference.kind.plural == "namespaces" {
                warnings.push(format!("everything in namespace {} goes with it", reference.name));
            }
            if reference.kind.plural == "customresourcedefinitions" {
                warnings.push(format!("every object of the kind {} goes with it", reference.name));
            }
            warnings.extend(super::cert::consequences::of(reference, &target.object));
            let finalizers = words(&target.object["metadata"]["finalizers"]);
            if !finalizers.is_empty() {
                warnings.push(format!("{reference} goes only when its finalizers are done: {finalizers}"));
            }
            if let Some(owner) = controller(&target.object) {
                warnings.push(format!("{owner} owns {reference} and will make a new one"));
            }
            steps.push(Step {
                title: format!("delete ({typed})"),
                object: reference.clone(),
                effect: Effect {
                    method: Method::Delete,
                    path: reference.path(None),
                    query: Vec::new(),
                    body: Some(body),
                },
                diff: Vec::new(),
                dry_run: DryRun::Pending,
                undo: None,
                current: target.object.clone().into(),
            });
        }
        Ok(Proposal {
            title: format!("Delete {}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: if wide { Risk::Severe } else { Risk::Wide },
            warnings,
            undo: String::new(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        let Some(object) = object else { return Some(Progress::Done("gone".into())) };
        let meta = &object["metadata"];
        let finalizers = words(&meta["finalizers"]);
        Some(Progress::Going(if !finalizers.is_empty() {
            format!("waits for its finalizers: {finalizers}")
        } else if let Some(seconds) = meta["deletionGracePeriodSeconds"].as_i64() {
            format!("is ending, at most {}", human_duration(seconds))
        } else {
            "still there".into()
        }))
    }
}

fn words(list: &Value) -> String {
    let items = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    crate::text::clean_line(&items.collect::<Vec<_>>().join(", ")).into_owned()
}

/// The object's controller, in words.
fn controller(object: &Value) -> Option<String> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|o| o["controller"] == true)?;
    Some(format!("{} {}", owner["kind"].as_str()?, crate::text::clean_line(owner["name"].as_str()?)))
}
