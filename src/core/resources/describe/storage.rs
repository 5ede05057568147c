//! Nodes, claims, Secrets and ConfigMaps.

use super::generic::tree;
use super::model::{Description, ago, list, words};
use crate::resources::Level;
use serde_json::Value;

pub(super) fn node(d: &mut Description, object: &Value, now: i64) {
    let (spec, status) = (&object["spec"], &object["status"]);
    d.section("Node");
    if spec["unschedulable"] == true {
        d.item(0, "Cordoned", "no new pods are placed here", Level::Warn);
    }
    for address in list(&status["addresses"]) {
        d.field(&words(&address["type"]), &address["address"]);
    }
    for taint in list(&spec["taints"]) {
        d.line("Taint", format!("{}={} {}", words(&taint["key"]), words(&taint["value"]), words(&taint["effect"])));
    }
    let info = &status["nodeInfo"];
    d.field("Kubelet", &info["kubeletVersion"])
        .field("System", &info["osImage"])
        .field("Kernel", &info["kernelVersion"]);
    d.field("Runtime", &info["containerRuntimeVersion"]).field("Architecture", &info["architecture"]);
    d.field("Pod range", &spec["podCIDR"]);
    let lease = list(&status["conditions"]).find(|c| c["type"] == "Ready").map(|c| ago(&c["lastHeartbeatTime"], now));
    d.line("Last heartbeat", lease.unwrap_or_default());
    d.section("Room");
    for (name, value) in status["capacity"].as_object().into_iter().flatten() {
        d.line(name, format!("{}, of which pods may use {}", words(value), words(&status["allocatable"][name])));
    }
    d.end();
}

pub(super) fn claim(d: &mut Description, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    d.section("Claim");
    let phase = words(&status["phase"]);
    d.item(0, "Phase", &phase, if phase == "Bound" { Level::Good } else { Level::Warn });
    d.field("Volume", &spec["volumeName"]).field("Class", &spec["storageClassName"]);
    d.field("Asked for", &spec["resources"]["requests"]["storage"]).field("Has", &status["capacity"]["storage"]);
    d.field("Access", &spec["accessModes"]).field("Mode", &spec["volumeMode"]);
}

/// Takes the object with its values, and shows of them only how long they are.
pub(super) fn secret(d: &mut Description, object: &Value) {
    d.section("Secret");
    d.field("Type", &object["type"]);
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or("");
        let bytes = (text.len() / 4 * 3).saturating_sub(text.bytes().rev().take_while(|b| *b == b'=').count().min(2));
        d.line(key, format!("{bytes} bytes, masked"));
    }
}

pub(super) fn config_map(d: &mut Description, object: &Value) {
    d.section("Data");
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        tree(d, 0, key, value);
    }
    for key in object["binaryData"].as_object().into_iter().flat_map(|m| m.keys()) {
        d.line(key, "binary");
    }
    d.end();
}
