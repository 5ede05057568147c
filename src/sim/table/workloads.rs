//! Rows of the kinds that keep pods running.

use super::columns::{AGE, Column, NAME, flag, number, text, wide};
use super::{age, selector};
use crate::value::{at, condition, int, list, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

const TEMPLATE: &str = "spec.template.spec.containers";

/// Columns of deployments.
pub const DEPLOYMENT: &[Column] = &[
    NAME,
    text("Ready"),
    text("Up-to-date"),
    text("Available"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
/// Columns of replica sets and replication controllers.
pub const REPLICASET: &[Column] = &[
    NAME,
    number("Desired"),
    number("Current"),
    number("Ready"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
/// Columns of stateful sets.
pub const STATEFULSET: &[Column] = &[NAME, text("Ready"), AGE, wide("Containers"), wide("Images")];
/// Columns of daemon sets.
pub const DAEMONSET: &[Column] = &[
    NAME,
    number("Desired"),
    number("Current"),
    number("Ready"),
    number("Up-to-date"),
    number("Available"),
    text("Node Selector"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
/// Columns of jobs.
pub const JOB: &[Column] = &[
    NAME,
    text("Status"),
    text("Completions"),
    text("Duration"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
/// Columns of cron jobs.
pub const CRONJOB: &[Column] = &[
    NAME,
    text("Schedule"),
    text("Timezone"),
    flag("Suspend"),
    number("Active"),
    text("Last Schedule"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
/// Columns of controller revisions.
pub const REVISION: &[Column] = &[NAME, text("Controller"), text("Revision"), AGE];
/// Columns of pod templates.
pub const POD_TEMPLATE: &[Column] = &[NAME, text("Containers"), text("Images"), text("Pod Labels")];

fn template_cells(object: &Value, path: &str) -> [Value; 2] {
    let (names, images) = selector::containers(object, path);
    [names.into(), images.into()]
}

/// One deployment.
pub fn deployment(d: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = template_cells(d, TEMPLATE);
    vec![
        name(d).into(),
        format!("{}/{}", int(d, "status.readyReplicas"), int(d, "spec.replicas")).into(),
        int(d, "status.updatedReplicas").into(),
        int(d, "status.availableReplicas").into(),
        age::of(d, now),
        names,
        images,
        selector::terms(at(d, "spec.selector")).into(),
    ]
}

/// One replica set.
pub fn replicaset(r: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = replicas(r, now);
    cells.push(selector::selector(r, "spec.selector").into());
    cells
}

/// One replication controller: its selector is a plain label map.
pub fn replication_controller(r: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = replicas(r, now);
    cells.push(selector::labels(r, "spec.selector").into());
    cells
}

fn replicas(r: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = template_cells(r, TEMPLATE);
    vec![
        name(r).into(),
        int(r, "spec.replicas").into(),
        int(r, "status.replicas").into(),
        int(r, "status.readyReplicas").into(),
        age::of(r, now),
        names,
        images,
    ]
}

/// One stateful set.
pub fn statefulset(s: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = template_cells(s, TEMPLATE);
    let ready = format!("{}/{}", int(s, "status.readyReplicas"), int(s, "spec.replicas"));
    vec![name(s).into(), ready.into(), age::of(s, now), names, images]
}

/// One daemon set.
pub fn daemonset(d: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = template_cells(d, TEMPLATE);
    let count = |field: &str| Value::from(int(&d["status"], field));
    vec![
        name(d).into(),
        count("desiredNumberScheduled"),
        count("currentNumberScheduled"),
        count("numberReady"),
        count("updatedNumberScheduled"),
        count("numberAvailable"),
        selector::labels(d, "spec.template.spec.nodeSelector").into(),
        age::of(d, now),
        names,
        images,
        selector::selector(d, "spec.selector").into(),
    ]
}

/// One job.
pub fn job(j: &Value, now: Timestamp) -> Vec<Value> {
    let done = int(j, "status.succeeded");
    let completions = match (at(j, "spec.completions").as_i64(), int(j, "spec.parallelism")) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{done}/1 of {parallel}"),
        _ => format!("{done}/1"),
    };
    let duration = age::time(j, "status.startTime").map_or(String::new(), |start| {
        age::human(age::seconds_between(start, age::time(j, "status.completionTime").unwrap_or(now)))
    });
    let holds = |kind: &str| condition(j, kind)["status"] == "True";
    let status = if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if !at(j, "metadata.deletionTimestamp").is_null() {
        "Terminating"
    } else {
        let others = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
        others.into_iter().find(|k| holds(k)).unwrap_or("Running")
    };
    let [names, images] = template_cells(j, TEMPLATE);
    vec![
        name(j).into(),
        status.into(),
        completions.into(),
        duration.into(),
        age::of(j, now),
        names,
        images,
        selector::selector(j, "spec.selector").into(),
    ]
}

/// One cron job.
pub fn cronjob(c: &Value, now: Timestamp) -> Vec<Value> {
    let last = age::time(c, "status.lastScheduleTime").map_or("<none>".into(), |t| age::since(Some(t), now));
    let zone = match str_at(c, "spec.timeZone") {
        "" => "<none>",
        zone => zone,
    };
    let suspend = at(c, "spec.suspend").as_bool().map_or("<unset>", |s| if s { "True" } else { "False" });
    let [names, images] = template_cells(c, "spec.jobTemplate.spec.template.spec.containers");
    vec![
        name(c).into(),
        str_at(c, "spec.schedule").into(),
        zone.into(),
        suspend.into(),
        list(c, "status.active").len().into(),
        last.into(),
        age::of(c, now),
        names,
        images,
        selector::selector(c, "spec.jobTemplate.spec.selector").into(),
    ]
}

/// One controller revision.
pub fn revision(r: &Value, now: Timestamp) -> Vec<Value> {
    let owner = list(r, "metadata.ownerReferences").iter().find(|o| o["controller"] == true);
    let controller = owner.map_or("<none>".into(), |o| {
        let kind = str_at(o, "kind").to_lowercase();
        match crate::value::group_of(str_at(o, "apiVersion")) {
            "" => format!("{kind}/{}", str_at(o, "name")),
            group => format!("{kind}.{group}/{}", str_at(o, "name")),
        }
    });
    vec![name(r).into(), controller.into(), int(r, "revision").into(), age::of(r, now)]
}

/// One pod template.
pub fn pod_template(p: &Value, _: Timestamp) -> Vec<Value> {
    let [names, images] = template_cells(p, "template.spec.containers");
    vec![name(p).into(), names, images, selector::labels(p, "template.metadata.labels").into()]
}
