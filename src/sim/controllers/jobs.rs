//! Jobs run one pod for a few seconds; cron jobs start jobs when they are due.

use super::cluster::{Cluster, leaving};
use crate::shapes::pod_state::{self, PodState};
use crate::shapes::workload::{self, JobState};
use crate::shapes::{names, times};
use crate::table::age;
use crate::value::{annotation, at, condition, int, list, name, namespace, owned_by, text, uid};
use jiff::Timestamp;
use serde_json::{Value, json};

fn over(j: &Value) -> bool {
    ["Complete", "Failed"].iter().any(|k| condition(j, k)["status"] == "True")
}

/// Starts a job's pod and follows it.
pub(super) fn job(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(mut j) = cluster.find("batch/v1", "Job", ns, object).filter(|j| !leaving(j) && !over(j)) else { return };
    if at(&j, "spec.suspend") == true {
        return;
    }
    let pods = cluster.owned("v1", "Pod", &j);
    if pods.is_empty() {
        if list(&j, "spec.template.spec.containers").is_empty() {
            return;
        }
        let id = uid(&j).to_owned();
        cluster.change(&j, "kube-controller-manager", |j| workload::default_job(j, &id));
        workload::default_job(&mut j, &id);
        let pod_name = format!("{object}-{}", names::suffix(&[&id, "pod"], 5));
        cluster.spawn(&j, &j["spec"]["template"].clone(), pod_name, Vec::new(), true);
        cluster.set_status(&j, "kube-controller-manager", workload::job_status(JobState::Active, cluster.now(), 0));
        return;
    }
    if pods.iter().any(|p| text(p, "status.phase") == "Running") {
        cluster.later(3000, "job-done", ns, object);
    }
}

/// The pod's command ends.
pub(super) fn done(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(j) = cluster.find("batch/v1", "Job", ns, object).filter(|j| !leaving(j) && !over(j)) else { return };
    let now = cluster.now();
    let began = age::time(&j, "status.startTime").unwrap_or(now);
    let fails = annotation(&j, "sim.quarterdeck.dev/state") == Some("failed");
    for p in cluster.owned("v1", "Pod", &j).iter().filter(|p| text(p, "status.phase") == "Running") {
        let kind = if fails { "failed" } else { "completed" };
        let start = age::time(p, "status.startTime").unwrap_or(began);
        let (ip, node_ip) = (text(p, "status.podIP").to_owned(), text(p, "status.hostIP").to_owned());
        let state = PodState { kind: kind.into(), since: 1, ..PodState::default() };
        cluster.change(p, "kubelet", |p| pod_state::apply(p, &state, start, now, &node_ip, &ip));
    }
    let state = if fails { JobState::Failed(1) } else { JobState::Complete };
    cluster.set_status(
        &j,
        "kube-controller-manager",
        workload::job_status(state, began, now.duration_since(began).as_secs()),
    );
    if fails {
        cluster.say(&j, "job-controller", "BackoffLimitExceeded", "Job has reached the specified backoff limit".into());
    } else {
        cluster.say(&j, "job-controller", "Completed", "Job completed".into());
    }
    for owner in list(&j, "metadata.ownerReferences").iter().filter(|o| o["kind"] == "CronJob") {
        if let Some(c) = cluster.find("batch/v1", "CronJob", ns, text(owner, "name")) {
            cluster.change(&c, "kube-controller-manager", |c| {
                if let Some(active) = c["status"]["active"].as_array_mut() {
                    active.retain(|a| a["name"] != object);
                }
                if !fails {
                    c["status"]["lastSuccessfulTime"] = times::text(now).into();
                }
            });
        }
    }
}

/// Sets the alarm of every cron job.
pub(super) fn schedule_all(cluster: &mut Cluster) {
    for c in cluster.store.all("batch/v1", "CronJob", None) {
        schedule(cluster, namespace(&c), name(&c));
    }
}

/// Sets a cron job's alarm for the next time it is due.
pub(super) fn schedule(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(c) = cluster.find("batch/v1", "CronJob", ns, object).filter(|c| !leaving(c)) else { return };
    let now = cluster.now();
    if at(&c, "spec.suspend") != true
        && let Some(next) = next(text(&c, "spec.schedule"), now)
    {
        cluster.later(next.duration_since(now).as_millis() as i64, "cronjob-due", ns, object);
    }
}

/// A cron job is due: starts its job.
pub(super) fn due(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(c) = cluster.find("batch/v1", "CronJob", ns, object).filter(|c| !leaving(c)) else { return };
    let now = cluster.now();
    let minute = now.as_second() / 60;
    let job_name = format!("{object}-{minute}");
    let fits = matches(text(&c, "spec.schedule"), now).unwrap_or(false);
    if fits && at(&c, "spec.suspend") != true && cluster.find("batch/v1", "Job", ns, &job_name).is_none() {
        let fresh = names::uid(&["Job", ns, &job_name, uid(&c)]);
        cluster.put(
            json!({"apiVersion": "batch/v1", "kind": "Job",
                   "metadata": {"name": job_name, "namespace": ns, "uid": fresh, "ownerReferences": [owned_by(&c)],
                                "labels": at(&c, "spec.jobTemplate.metadata.labels"),
                                "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": times::text(now)}},
                   "spec": at(&c, "spec.jobTemplate.spec")}),
            "kube-controller-manager",
        );
        let reference =
            json!({"apiVersion": "batch/v1", "kind": "Job", "name": job_name, "namespace": ns, "uid": fresh});
        cluster.change(&c, "kube-controller-manager", |c| {
            c["status"]["lastScheduleTime"] = times::text(now).into();
            c["status"]["active"] = json!([reference]);
        });
        cluster.say(&c, "cronjob-controller", "SuccessfulCreate", format!("Created job {job_name}"));
        prune(cluster, &c);
    }
    schedule(cluster, ns, object);
}

/// Keeps as many finished jobs as the cron job wants.
fn prune(cluster: &Cluster, c: &Value) {
    let mut jobs = cluster.owned("batch/v1", "Job", c);
    jobs.retain(over);
    jobs.sort_by_key(|j| text(j, "metadata.creationTimestamp").to_owned());
    let keep = int(c, "spec.successfulJobsHistoryLimit").max(1) as usize;
    for j in jobs.iter().rev().skip(keep) {
        cluster.delete(j, None);
    }
}

/// The next whole minute within a week at which the schedule fires.
fn next(schedule: &str, now: Timestamp) -> Option<Timestamp> {
    let minute = now.as_second() / 60;
    (1..=7 * 24 * 60)
        .map(|i| Timestamp::from_second((minute + i) * 60).unwrap_or(now))
        .find(|t| matches(schedule, *t) == Some(true))
}

/// Whether the five fields of a cron schedule fit the minute (UTC).
fn matches(schedule: &str, at: Timestamp) -> Option<bool> {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return None };
    let t = at.to_zoned(jiff::tz::TimeZone::UTC);
    let values = [
        (minute, i64::from(t.minute())),
        (hour, i64::from(t.hour())),
        (day, i64::from(t.day())),
        (month, i64::from(t.month())),
        (weekday, i64::from(t.weekday().to_sunday_zero_offset())),
    ];
    Some(values.iter().all(|(field, value)| field.split(',').any(|part| field_fits(part, *value))))
}

fn field_fits(part: &str, value: i64) -> bool {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let step: i64 = step.parse().unwrap_or(1).max(1);
    match range.split_once('-') {
        _ if range == "*" => value % step == 0,
        Some((low, high)) => {
            let (low, high) = (low.parse().unwrap_or(0), high.parse().unwrap_or(0));
            (low..=high).contains(&value) && (value - low) % step == 0
        }
        None => range.parse() == Ok(value),
    }
}
