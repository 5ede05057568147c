//! What becomes of an issuance when one of its objects is deleted, as cert-manager's controllers do it (acmeorders,
//! acmechallenges, certificaterequests/acme and requestmanager, v1.21).

use super::issuance::{ACME, GROUP, condition, holds, is, text};
use crate::resources::ObjectRef;
use serde_json::Value;

/// What a person should know before deleting this object; empty for other kinds.
pub(crate) fn of(reference: &ObjectRef, object: &Value) -> Vec<String> {
    let name = reference.short();
    let said = if is(&reference.kind, ACME, "challenges") {
        challenge(object)
    } else if is(&reference.kind, ACME, "orders") {
        order(object)
    } else if is(&reference.kind, GROUP, "certificaterequests") {
        request(object)
    } else if is(&reference.kind, GROUP, "certificates") {
        vec!["its Secret stays, and nobody renews it any more; requests and orders go with it".into()]
    } else {
        Vec::new()
    };
    said.into_iter().map(|words: String| format!("{name}: {words}")).collect()
}

fn challenge(object: &Value) -> Vec<String> {
    let what = match object["spec"]["type"].as_str() {
        Some("DNS-01") => "its TXT record",
        _ => "its solver (pod, service, ingress)",
    };
    let mut said = vec![format!("cert-manager takes {what} away first; while it cannot, the Challenge stays")];
    said.push(match object["status"]["state"].as_str() {
        Some("invalid" | "expired" | "errored") => {
            "its Order makes a new one, but the authority has closed this try: only a new Order helps".into()
        }
        _ => "its Order makes a new one at once, for the same token".into(),
    });
    said
}

fn order(object: &Value) -> Vec<String> {
    let mut said = vec!["its Challenges go with it, with their solvers and TXT records".to_owned()];
    said.push(match object["status"]["state"].as_str() {
        Some("valid") => "it is done: nothing is issued again".into(),
        Some("invalid" | "expired" | "errored") => {
            "its request has failed with it: a new one comes with the next try of the Certificate, not before".into()
        }
        _ => "its request makes a new Order at once: that counts (Let's Encrypt: 300 an account in 3 h), names that are validated already stay so".into(),
    });
    said
}

fn request(object: &Value) -> Vec<String> {
    let mut said = vec!["its Order and Challenges go with it".to_owned()];
    let ready = condition(object, "Ready");
    said.push(if !owned(object) {
        "no Certificate stands behind it: nobody makes it again".into()
    } else if holds(object, "Ready") {
        "it is issued: nothing is issued again".into()
    } else if holds(object, "Denied") || ready.is_some_and(|c| c["reason"] == "Failed") {
        "it has failed: a new one comes with the next try of the Certificate, not before".into()
    } else {
        "its Certificate makes a new one at once, and an Order anew: that counts (Let's Encrypt: 300 an account in 3 h)"
            .into()
    });
    said
}

/// Whether cert-manager goes on at once when this object is deleted; else not before the next try, or never.
pub(crate) fn goes_on(reference: &ObjectRef, object: &Value) -> bool {
    if is(&reference.kind, GROUP, "certificaterequests") {
        let failed = condition(object, "Ready").is_some_and(|c| c["reason"] == "Failed");
        return owned(object) && !failed && !holds(object, "Ready") && !holds(object, "Denied");
    }
    !matches!(object["status"]["state"].as_str(), Some("valid" | "invalid" | "expired" | "errored"))
}

fn owned(request: &Value) -> bool {
    let owners = request["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|all| all.iter().any(|o| o["kind"] == "Certificate"))
}

/// How an object of an issuance is, in a few words.
pub(crate) fn state(object: &Value) -> String {
    let status = &object["status"];
    let state = match status["state"].as_str() {
        Some(state) => crate::text::clean_line(state).into_owned(),
        None => condition(object, "Ready").map(|c| text(&c["reason"])).unwrap_or_default(),
    };
    let reason = match text(&status["reason"]) {
        reason if reason.is_empty() => condition(object, "Ready").map(|c| text(&c["message"])).unwrap_or_default(),
        reason => reason,
    };
    match (state.is_empty(), reason.is_empty()) {
        (true, true) => "just begun".into(),
        (_, true) => state,
        (true, _) => reason,
        _ => format!("{state}: {reason}"),
    }
}
