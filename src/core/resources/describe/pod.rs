//! Pods and their containers.

use super::model::{Description, ago, list, words};
use crate::resources::Level;
use serde_json::Value;

pub(super) fn pod(d: &mut Description, pod: &Value, now: i64) {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    d.section("Pod");
    let phase = words(&status["phase"]);
    let level = match phase.as_str() {
        "Failed" => Level::Bad,
        "Pending" => Level::Warn,
        _ => Level::Good,
    };
    d.item(0, "Phase", &phase, level);
    d.item(0, "Reason", words(&status["reason"]), Level::Warn);
    d.item(0, "Message", words(&status["message"]), Level::Warn);
    d.field("Node", &spec["nodeName"]).field("IP", &status["podIP"]).field("QoS", &status["qosClass"]);
    d.field("Service account", &spec["serviceAccountName"]).field("Priority", &spec["priorityClassName"]);
    d.line("Started", ago(&status["startTime"], now));
    for (title, specs, statuses) in [
        ("Init container", "initContainers", "initContainerStatuses"),
        ("Container", "containers", "containerStatuses"),
    ] {
        for container in list(&spec[specs]) {
            let found = list(&status[statuses]).find(|s| s["name"] == container["name"]);
            d.section(&format!("{title} {}", words(&container["name"])));
            run_of(d, found.unwrap_or(&Value::Null), now);
            template(d, container);
        }
    }
    volumes(d, &spec["volumes"]);
    d.section("Tolerations and node");
    d.field("Selector", &spec["nodeSelector"]);
    d.end();
}

fn run_of(d: &mut Description, status: &Value, now: i64) {
    if status.is_null() {
        return;
    }
    let (text, level) = state(&status["state"], now);
    let ready = if status["ready"] == true { "ready" } else { "not ready" };
    let level = if level == Level::Good && status["ready"] != true { Level::Warn } else { level };
    d.item(0, "State", format!("{text}, {ready}"), level);
    let restarts = status["restartCount"].as_i64().unwrap_or(0);
    if restarts > 0 {
        let (before, _) = state(&status["lastState"], now);
        let before = if before.is_empty() { String::new() } else { format!(", before: {before}") };
        d.item(0, "Restarts", format!("{restarts}{before}"), Level::Warn);
    }
}

fn state(state: &Value, now: i64) -> (String, Level) {
    if let Some(waiting) = state.get("waiting") {
        let message = words(&waiting["message"]);
        let message = if message.is_empty() { String::new() } else { format!(": {message}") };
        let reason = words(&waiting["reason"]);
        let level =
            if matches!(reason.as_str(), "ContainerCreating" | "PodInitializing") { Level::Busy } else { Level::Bad };
        return (format!("waiting, {reason}{message}"), level);
    }
    if let Some(ended) = state.get("terminated") {
        let code = ended["exitCode"].as_i64().unwrap_or(0);
        let text = format!("ended {}, {}, exit code {code}", ago(&ended["finishedAt"], now), words(&ended["reason"]));
        return (text, if code == 0 { Level::Good } else { Level::Bad });
    }
    match state.get("running") {
        Some(running) => (format!("running, started {}", ago(&running["startedAt"], now)), Level::Good),
        None => (String::new(), Level::Unknown),
    }
}

/// The parts of a container's specification that matter when something is wrong.
pub(super) fn template(d: &mut Description, container: &Value) {
    d.field("Image", &container["image"])
        .field("Command", &container["command"])
        .field("Arguments", &container["args"]);
    for (label, list_of) in [("Requests", "requests"), ("Limits", "limits")] {
        let parts = container["resources"][list_of].as_object().into_iter().flatten();
        d.line(label, parts.map(|(k, v)| format!("{k} {}", words(v))).collect::<Vec<_>>().join(", "));
    }
    let ports = list(&container["ports"]).map(|p| format!("{} {}", words(&p["containerPort"]), words(&p["name"])));
    d.line("Ports", ports.map(|p| p.trim().to_string()).collect::<Vec<_>>().join(", "));
    for (label, probe) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
    {
        d.line(label, probe_words(&container[probe]));
    }
    let env = list(&container["env"]).map(|e| match e["valueFrom"].as_object().and_then(|m| m.iter().next()) {
        Some((from, of)) => {
            let key = words(&of["key"]);
            format!("{}: {from} {} {key}", words(&e["name"]), words(&of["name"]))
        }
        None => format!("{}={}", words(&e["name"]), words(&e["value"])),
    });
    d.line("Environment", env.collect::<Vec<_>>().join("\n"));
    let mounts = list(&container["volumeMounts"]).map(|m| {
        let read_only = if m["readOnly"] == true { " (read-only)" } else { "" };
        format!("{} ← {}{read_only}", words(&m["mountPath"]), words(&m["name"]))
    });
    d.line("Mounts", mounts.collect::<Vec<_>>().join("\n"));
}

fn probe_words(probe: &Value) -> String {
    let how = if let Some(http) = probe.get("httpGet") {
        format!("GET {} on {}", words(&http["path"]), words(&http["port"]))
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("connect to {}", words(&tcp["port"]))
    } else if let Some(exec) = probe.get("exec") {
        format!("run {}", words(&exec["command"]).replace(", ", " "))
    } else if let Some(grpc) = probe.get("grpc") {
        format!("gRPC on {}", words(&grpc["port"]))
    } else {
        return String::new();
    };
    let every = probe["periodSeconds"].as_i64().unwrap_or(10);
    format!("{how}, every {every}s")
}

/// Volumes of a pod or a pod template.
pub(super) fn volumes(d: &mut Description, volumes: &Value) {
    d.section("Volumes");
    for volume in list(volumes) {
        let source = volume.as_object().into_iter().flatten().find(|(k, _)| *k != "name");
        if let Some((kind, of)) = source {
            let names = ["claimName", "secretName", "name", "path", "medium"];
            let what = names.iter().map(|n| words(&of[n])).find(|w| !w.is_empty()).unwrap_or_default();
            d.line(&words(&volume["name"]), format!("{kind} {what}"));
        }
    }
    d.end();
}
