//! Set image: other images for containers of a workload, several at once, as `kubectl set image` takes them.

use super::action::{Action, Arg, ArgKind, Asked, Progress, Proposal};
use super::plan::{Risk, Step};
use super::{pairs, rollout};
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::text::clean_line;
use crate::{Problem, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct SetImage;

const LISTS: [&str; 2] = ["containers", "initContainers"];

/// Where the pod's spec is in an object of a kind.
fn pod_spec(plural: &str) -> &'static [&'static str] {
    match plural {
        "pods" => &["spec"],
        "cronjobs" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &["spec", "template", "spec"],
    }
}

fn spec_of<'a>(object: &'a Value, plural: &str) -> &'a Value {
    pod_spec(plural).iter().fold(object, |value, part| &value[*part])
}

/// `app=a:1 log=l:1`, containers that run all the time first.
fn present(spec: &Value) -> String {
    let all = LISTS.iter().flat_map(|list| spec[*list].as_array().into_iter().flatten());
    let words = all.map(|c| format!("{}={}", c["name"].as_str().unwrap_or(""), c["image"].as_str().unwrap_or("")));
    words.collect::<Vec<_>>().join(" ")
}

#[async_trait::async_trait]
impl Action for SetImage {
    fn name(&self) -> &'static str {
        "set-image"
    }
    fn title(&self) -> &'static str {
        "Set image"
    }
    fn help(&self) -> &'static str {
        "Give containers other images; new pods come as the update strategy says."
    }
    fn applies(&self, kind: &Kind) -> bool {
        match kind.group.as_str() {
            "apps" => matches!(kind.plural.as_str(), "deployments" | "statefulsets" | "daemonsets"),
            "batch" => kind.plural == "cronjobs",
            group => group.is_empty() && kind.plural == "pods",
        }
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg {
            name: "images",
            kind: ArgKind::Pairs,
            help: "container=image, several with spaces between; *=image for all containers",
            required: true,
        }]
    }
    fn default_of(&self, arg: &str, object: &Value) -> Option<String> {
        let plural = match object["kind"].as_str() {
            Some("Pod") => "pods",
            Some("CronJob") => "cronjobs",
            _ => "deployments",
        };
        (arg == "images").then(|| present(spec_of(object, plural)))
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let images = pairs::parse(asked.args.need("set-image", "images")?)?;
        if let Some((name, _)) = images.iter().find(|(_, v)| v.as_str().is_none_or(str::is_empty)) {
            return Err(Problem::usage("cannot set the image", format!("{} has none", clean_line(name)))
                .next("write container=image"));
        }
        let mut steps = Vec::new();
        let mut warnings = Vec::new();
        for target in asked.targets {
            let (reference, plural) = (&target.reference, target.reference.kind.plural.as_str());
            let spec = spec_of(&target.object, plural);
            let mut left: Vec<&String> = images.keys().filter(|k| *k != "*").collect();
            let mut change = json!({});
            let mut words = Vec::new();
            for list in LISTS {
                let mut containers = spec[list].as_array().cloned().unwrap_or_default();
                let mut changed = false;
                for container in &mut containers {
                    let name = container["name"].as_str().unwrap_or_default().to_owned();
                    left.retain(|k| **k != name);
                    let every = images.get("*").filter(|_| list == LISTS[0]);
                    let Some(image) = images.get(&name).or(every) else { continue };
                    if container["image"] != *image {
                        words.push(format!("{name}={}", image.as_str().unwrap_or_default()));
                        container["image"] = image.clone();
                        changed = true;
                    }
                }
                if changed {
                    change[list] = Value::Array(containers);
                }
            }
            if let Some(name) = left.first() {
                return Err(Problem::usage(
                    "cannot set the image",
                    format!("there is no container {}", clean_line(name)),
                )
                .on(reference.to_string())
                .next(format!("it has {}", clean_line(&present(spec)))));
            }
            let patch = pod_spec(plural).iter().rev().fold(change, |below, part| json!({ *part: below }));
            if plural != "cronjobs" && plural != "pods" && !words.is_empty() {
                warnings.extend(rollout::gap(reference, &target.object));
                if target.object["spec"]["paused"] == true {
                    warnings.push(format!("{reference}: its rollout is paused, new pods come when it is resumed"));
                }
            }
            let words = if words.is_empty() { "images as they are".into() } else { words.join(", ") };
            steps.push(Step::patch_object(target, &patch, clean_line(&words)));
        }
        Ok(Proposal {
            title: format!("Set images of {}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "the former images".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        match object {
            // A paused rollout brings no new pods; the template was what was asked for.
            Some(object) if object["spec"]["paused"] == true => None,
            object => rollout::progress(object),
        }
    }
}
