//! Drain: no new pods for a node, and those on it evicted, as `kubectl drain` does it: disruption budgets are kept,
//! pods of DaemonSets and the node's own stay, and nothing is lost that was not allowed to be.

use super::action::{Action, Arg, ArgKind, Asked, Carried, Proposal, Work};
use super::evict;
use super::leavers::{self, Allowed, Fate};
use super::plan::{DiffLine, DryRun, Effect, Risk, Step};
use crate::cluster::{Cluster, Method, Request, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Drain;

const ARGS: &[Arg] = &[
    Arg {
        name: "force",
        kind: ArgKind::Switch,
        help: "also pods without a controller, which nobody makes again",
        required: false,
    },
    Arg {
        name: "delete-emptydir-data",
        kind: ArgKind::Switch,
        help: "also pods with data in emptyDir volumes, which is lost",
        required: false,
    },
    Arg {
        name: "grace",
        kind: ArgKind::Number,
        help: "seconds that containers get to end; without it what each pod says",
        required: false,
    },
    Arg {
        name: "timeout",
        kind: ArgKind::Number,
        help: "seconds after which it gives up; without it, it waits until it is stopped",
        required: false,
    },
];

/// Dry runs at once.
const AT_ONCE: usize = 8;
/// Pods that a warning names.
const NAMED: usize = 5;

#[async_trait::async_trait]
impl Action for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }
    fn title(&self) -> &'static str {
        "Drain"
    }
    fn help(&self) -> &'static str {
        "Keep new pods away from a node and evict those on it, as their disruption budgets allow."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kind.group.is_empty() && kind.plural == "nodes"
    }
    fn rights(&self, _target: &ObjectRef) -> Vec<Right> {
        vec![
            Right::new("patch", "", "nodes", ""),
            Right::new("list", "", "pods", ""),
            Right::new("create", "", "pods/eviction", ""),
        ]
    }
    fn args(&self) -> &'static [Arg] {
        ARGS
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let allowed =
            Allowed { force: asked.args.switch("force"), empty_dir: asked.args.switch("delete-emptydir-data") };
        let grace = asked.args.number("grace")?;
        let budgets = leavers::budgets(asked.cluster, None).await;
        let timeout = asked.args.number("timeout")?;
        let (mut cordons, mut steps, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut total = 0;
        for target in asked.targets {
            let node = &target.reference;
            let cordon = json!({"spec": {"unschedulable": true}});
            cordons.push(Step::patch_object(target, &cordon, "no new pods on this node"));
            let going = going(asked.cluster, node, allowed, &mut warnings).await?;
            if going.is_empty() {
                warnings.push(format!("{node}: no pod has to go"));
                continue;
            }
            warnings.extend(some(held(&budgets, &going)));
            total += going.len();
            steps.push(step(asked.cluster, node, &going, (grace, timeout)).await);
        }
        let names: Vec<&str> = asked.targets.iter().map(|t| &*t.reference.name).collect();
        if total > 0 && !takes_pods(asked.cluster, &names).await {
            warnings.push("no other node takes new pods: those that go may stay pending".into());
        }
        let pods = if total == 1 { "1 pod goes".into() } else { format!("{total} pods go") };
        Ok(Proposal {
            title: format!("Drain {}: {pods}", super::pipeline::objects_in_words(asked.targets)),
            // All of them first, as kubectl does it: a pod must not move to a node that is emptied next.
            steps: cordons.into_iter().chain(steps).collect(),
            risk: Risk::Wide,
            warnings,
            undo: "uncordon; pods that have gone do not come back by themselves".into(),
        })
    }
    /// One node after the other, and all are cordoned before the first pod goes.
    fn in_waves(&self) -> bool {
        false
    }
    fn carries(&self, step: &Step) -> bool {
        step.effect.body.as_ref().is_some_and(|b| b["kind"] == LIST)
    }
    async fn carry(&self, work: &Work<'_>) -> Result<Carried> {
        let body = work.step.effect.body.clone().unwrap_or_default();
        let items = body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let at_most = body["timeoutSeconds"].as_u64().map(std::time::Duration::from_secs);
        evict::evict(work, &work.step.object.name, items, at_most).await
    }
}

/// The kind of a step's body that stands for one eviction a pod.
const LIST: &str = "EvictionList";

fn name_of(pod: &Value) -> String {
    let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default();
    crate::text::clean_line(&format!("{}/{}", text("namespace"), text("name"))).into_owned()
}

/// What would be waited for: one line a budget.
fn held(budgets: &[Value], going: &[Value]) -> Vec<String> {
    let mut all = std::collections::BTreeMap::<String, Vec<String>>::new();
    for pod in going {
        if let Some(by) = leavers::held_by(budgets, pod) {
            all.entry(format!("{}: {}", leavers::in_words(&by), by.next)).or_default().push(name_of(pod));
        }
    }
    let line = |(by, pods): (String, Vec<String>)| match pods.as_slice() {
        [one] => format!("{one} waits for {by}"),
        many => format!("{} pods wait for {by}", many.len()),
    };
    all.into_iter().map(line).collect()
}

/// The first few, and how many more there are.
fn some(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

/// The pods that go.
async fn going(
    cluster: &Cluster,
    node: &ObjectRef,
    allowed: Allowed,
    warnings: &mut Vec<String>,
) -> Result<Vec<Value>> {
    let request = Request::get("/api/v1/pods").query("fieldSelector", format!("spec.nodeName={}", node.name));
    let list: Value = cluster.json(request).await?;
    let (mut going, mut lost) = (Vec::new(), Vec::new());
    let mut refused = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut flags: Vec<&str> = Vec::new();
    let mut stay = std::collections::BTreeMap::<&str, usize>::new();
    for pod in list["items"].as_array().into_iter().flatten() {
        let orphaned = leavers::orphaned(cluster, pod).await;
        match leavers::fate(pod, allowed, orphaned) {
            Fate::Stays(why) => *stay.entry(why).or_default() += 1,
            Fate::Refused(why, flag) => {
                refused.entry(why).or_default().push(name_of(pod));
                if !flags.contains(&flag) {
                    flags.push(flag);
                }
            }
            Fate::Goes(warning) => {
                lost.extend(warning.map(|w| format!("{}: {w}", name_of(pod))));
                going.push(pod.clone());
            }
        }
    }
    if !refused.is_empty() {
        let all: Vec<String> =
            refused.into_iter().map(|(why, pods)| format!("{}: {why}", some(pods).join(", "))).collect();
        return Err(Problem::new(ProblemKind::Invalid, "cannot drain", some(all).join("; "))
            .on(node.to_string())
            .next(format!("give {} if that may be lost", flags.join(" and "))));
    }
    warnings.extend(some(lost));
    warnings.extend(stay.iter().map(|(why, n)| format!("{n} pods stay: {why}")));
    Ok(going)
}

/// The step that evicts these pods; the server has tried each eviction.
async fn step(
    cluster: &Cluster,
    node: &ObjectRef,
    pods: &[Value],
    (grace, timeout): (Option<i64>, Option<i64>),
) -> Step {
    let items: Vec<Value> = pods.iter().map(|pod| evict::eviction(pod, grace)).collect();
    let tried = |item: Value| async move { evict::post(cluster, &item, true).await };
    let mut tries = futures::stream::iter(items.clone()).map(tried).buffered(AT_ONCE);
    let mut dry_run = DryRun::Accepted;
    while let Some(tried) = tries.next().await {
        match tried {
            // A budget that lets none go now is waited for; what has gone meanwhile need not go.
            Err(p) if matches!(p.kind, ProblemKind::Throttled | ProblemKind::NotFound | ProblemKind::Conflict) => {}
            Err(p) if p.kind == ProblemKind::Forbidden => dry_run = DryRun::Skipped("you may not do it".into()),
            Err(p) => dry_run = DryRun::Refused(p),
            Ok(()) => {}
        }
    }
    let line = |pod: &Value| DiffLine {
        path: format!("Pod {}", name_of(pod)),
        before: Some("runs here".into()),
        after: Some("evicted".into()),
    };
    Step {
        title: if pods.len() == 1 { "evict 1 pod".into() } else { format!("evict {} pods", pods.len()) },
        object: node.clone(),
        effect: Effect {
            method: Method::Post,
            // One call a pod: each item is posted to its own pod.
            path: "/api/v1/namespaces/{namespace}/pods/{name}/eviction".into(),
            query: Vec::new(),
            body: Some(json!({"apiVersion": "policy/v1", "kind": LIST, "items": items, "timeoutSeconds": timeout})),
        },
        diff: pods.iter().map(line).collect(),
        dry_run,
        undo: None,
        current: Value::Null.into(),
    }
}

/// Whether a node that stays takes new pods; unknown counts as yes.
async fn takes_pods(cluster: &Cluster, leaving: &[&str]) -> bool {
    let Ok(list) = cluster.json::<Value>(Request::get("/api/v1/nodes")).await else { return true };
    list["items"].as_array().into_iter().flatten().any(|node| {
        let ready = node["status"]["conditions"].as_array().into_iter().flatten();
        node["metadata"]["name"].as_str().is_some_and(|n| !leaving.contains(&n))
            && node["spec"]["unschedulable"] != true
            && ready.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
    })
}
