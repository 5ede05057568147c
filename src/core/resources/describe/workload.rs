//! Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs.

use super::model::{Description, ago, list, words};
use super::pod;
use crate::resources::Level;
use serde_json::Value;

pub(super) fn workload(d: &mut Description, object: &Value, now: i64) {
    let (spec, status) = (&object["spec"], &object["status"]);
    d.section("Rollout");
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    let daemon = object["kind"] == "DaemonSet";
    let want = if daemon { n(&status["desiredNumberScheduled"]) } else { spec["replicas"].as_i64().unwrap_or(1) };
    let ready = if daemon { n(&status["numberReady"]) } else { n(&status["readyReplicas"]) };
    let updated = if daemon { n(&status["updatedNumberScheduled"]) } else { n(&status["updatedReplicas"]) };
    let level = if ready < want { Level::Warn } else { Level::Good };
    d.item(0, "Replicas", format!("{ready} of {want} ready, {updated} of the newest template"), level);
    if spec["paused"] == true {
        d.item(0, "Paused", "changes of the template are not rolled out", Level::Warn);
    }
    let strategy = if spec["strategy"].is_null() { &spec["updateStrategy"] } else { &spec["strategy"] };
    d.field("Strategy", &strategy["type"]).field("", &strategy["rollingUpdate"]);
    d.field("Selector", &spec["selector"]["matchLabels"]);
    d.field("Service", &spec["serviceName"]);
    let restarted = &spec["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"];
    d.line("Restarted", ago(restarted, now));
    template(d, &spec["template"]["spec"]);
    for claim in list(&spec["volumeClaimTemplates"]) {
        d.section(&format!("Claim template {}", words(&claim["metadata"]["name"])));
        d.field("Size", &claim["spec"]["resources"]["requests"]["storage"]);
        d.field("Class", &claim["spec"]["storageClassName"]).field("Access", &claim["spec"]["accessModes"]);
    }
}

fn template(d: &mut Description, spec: &Value) {
    for (title, field) in [("Init container", "initContainers"), ("Container", "containers")] {
        for container in list(&spec[field]) {
            d.section(&format!("{title} {}", words(&container["name"])));
            pod::template(d, container);
        }
    }
    pod::volumes(d, &spec["volumes"]);
}

pub(super) fn batch(d: &mut Description, object: &Value, now: i64) {
    let (spec, status) = (&object["spec"], &object["status"]);
    if object["kind"] == "CronJob" {
        d.section("Schedule");
        d.field("Schedule", &spec["schedule"]).field("Time zone", &spec["timeZone"]);
        if spec["suspend"] == true {
            d.item(0, "Suspended", "no new jobs are started", Level::Warn);
        }
        d.field("If one runs", &spec["concurrencyPolicy"]);
        d.line("Last start", ago(&status["lastScheduleTime"], now));
        d.line("Last success", ago(&status["lastSuccessfulTime"], now));
        d.line("Running", list(&status["active"]).map(|a| words(&a["name"])).collect::<Vec<_>>().join(", "));
        template(d, &spec["jobTemplate"]["spec"]["template"]["spec"]);
        return;
    }
    d.section("Job");
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    let want = spec["completions"].as_i64().unwrap_or(1);
    d.line("Completions", format!("{} of {want}", n(&status["succeeded"])));
    d.line("Running", n(&status["active"]).to_string());
    let failed = n(&status["failed"]);
    let level = if failed > 0 { Level::Warn } else { Level::Good };
    d.item(0, "Failed", format!("{failed} of at most {}", spec["backoffLimit"].as_i64().unwrap_or(6)), level);
    d.line("Started", ago(&status["startTime"], now)).line("Completed", ago(&status["completionTime"], now));
    template(d, &spec["template"]["spec"]);
}
