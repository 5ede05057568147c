//! An issuance as cert-manager has it in a Certificate's status: how it is asked for, and how it ended. As `cmctl renew`
//! does it, and as cert-manager's own controllers read it (pkg/controller/certificates, v1.21).

use crate::actions::action::{Progress, Target};
use crate::actions::plan::{DiffLine, Step};
use crate::clock::{format_time, human_duration, parse_time};
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// The reason of a condition that somebody has set by hand, as cmctl writes it.
pub(crate) const BY_HAND: &str = "ManuallyTriggered";
pub(crate) const GROUP: &str = "cert-manager.io";
pub(crate) const ACME: &str = "acme.cert-manager.io";

pub(crate) fn certificates() -> Kind {
    Kind::of(GROUP, "v1", "Certificate", "certificates", true)
}
pub(crate) fn requests() -> Kind {
    Kind::of(GROUP, "v1", "CertificateRequest", "certificaterequests", true)
}
pub(crate) fn orders() -> Kind {
    Kind::of(ACME, "v1", "Order", "orders", true)
}
pub(crate) fn challenges() -> Kind {
    Kind::of(ACME, "v1", "Challenge", "challenges", true)
}
pub(crate) fn secrets() -> Kind {
    Kind::of("", "v1", "Secret", "secrets", true)
}

pub(crate) fn is(kind: &Kind, group: &str, plural: &str) -> bool {
    kind.group == group && kind.plural == plural
}

pub(crate) fn is_certificate(kind: &Kind) -> bool {
    is(kind, GROUP, "certificates")
}

/// The right to ask for an issuance by hand.
pub(crate) fn status_right(target: &ObjectRef) -> Right {
    Right::new("patch", GROUP, "certificates/status", &target.namespace)
}

/// A condition of an object.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

pub(crate) fn holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| c["status"] == "True")
}

/// A text of an object, made harmless; empty when it is not there.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map(|t| crate::text::clean_line(t).into_owned()).unwrap_or_default()
}

/// A reference to an object as the server gave it.
pub(crate) fn reference(kind: Kind, object: &Value) -> ObjectRef {
    let meta = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let mut reference = ObjectRef::new(kind, meta("namespace"), meta("name"));
    reference.uid = meta("uid").into();
    reference.resource_version = meta("resourceVersion").into();
    reference
}

pub(crate) fn owned_by(object: &Value, uid: &str) -> bool {
    object["metadata"]["ownerReferences"].as_array().is_some_and(|all| all.iter().any(|o| o["uid"] == uid))
}

/// The revision of its Certificate that a request is for.
pub(crate) fn revision(request: &Value) -> i64 {
    let text = request["metadata"]["annotations"]["cert-manager.io/certificate-revision"].as_str();
    text.and_then(|t| t.parse().ok()).unwrap_or(0)
}

/// All conditions of an object with this one in its place.
pub(crate) fn with_condition(object: &Value, condition: Value) -> Vec<Value> {
    let mut all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    match all.iter_mut().find(|c| c["type"] == condition["type"]) {
        Some(old) => *old = condition,
        None => all.push(condition),
    }
    all
}

/// The merge patch that asks for an issuance, with more fields of the status.
///
/// cert-manager takes a request that failed for the one that is asked for now, unless it failed before this moment; its
/// times are whole seconds (pkg/controller/certificates/requestmanager), so that the moment is after the last failure.
fn asking(certificate: &Value, now: i64, mut status: Value) -> Value {
    let failed = certificate["status"]["lastFailureTime"].as_str().and_then(parse_time);
    let now = failed.map_or(now, |failed| now.max(failed + 1));
    let condition = json!({
        "type": "Issuing", "status": "True", "reason": BY_HAND,
        "message": "Certificate re-issuance manually triggered",
        "lastTransitionTime": format_time(now),
        "observedGeneration": certificate["metadata"]["generation"].as_i64().unwrap_or(1),
    });
    status["conditions"] = with_condition(certificate, condition).into();
    json!({ "status": status })
}

/// The step that asks for an issuance. `status`: more fields of the status to set.
pub(crate) fn ask(target: &Target, now: i64, status: Value, title: impl Into<String>) -> Step {
    let mut diff: Vec<DiffLine> = Vec::new();
    for (field, value) in status.as_object().into_iter().flatten() {
        let before = &target.object["status"][field];
        if before != value {
            diff.push(DiffLine {
                path: format!("status.{field}"),
                before: Some(crate::actions::diff::shown(before)).filter(|_| !before.is_null()),
                after: Some(crate::actions::diff::shown(value)).filter(|_| !value.is_null()),
            });
        }
    }
    let before = condition(&target.object, "Issuing");
    diff.push(DiffLine {
        path: "status.conditions[Issuing]".into(),
        before: before.map(|c| format!("{}, reason {}", text(&c["status"]), text(&c["reason"]))),
        after: Some(format!("True, reason {BY_HAND}")),
    });
    let patch = asking(&target.object, now, status);
    let mut step = Step::patch(target, target.reference.path(Some("status")), &target.object, &patch, title);
    step.diff = diff;
    step
}

/// Failed attempts in a row.
pub(crate) fn attempts(certificate: &Value) -> i64 {
    let counted = certificate["status"]["failedIssuanceAttempts"].as_i64().unwrap_or(0);
    // A failure of a cert-manager that did not count yet.
    counted.max(i64::from(!certificate["status"]["lastFailureTime"].is_null()))
}

/// Why the last attempt failed; empty when none did.
pub(crate) fn last_failure(certificate: &Value) -> String {
    let failed = condition(certificate, "Issuing").filter(|c| c["status"] == "False");
    failed.map(|c| reason(&c["message"])).unwrap_or_default()
}

/// A message of a failed issuance without what cert-manager says before each of them.
fn reason(message: &Value) -> String {
    let said = text(message);
    let said =
        said.strip_prefix("The certificate request has failed to complete and will be retried: ").unwrap_or(&said);
    said.chars().take(300).collect()
}

/// The names a certificate is for.
pub(crate) fn names(certificate: &Value) -> Vec<String> {
    let spec = &certificate["spec"];
    let of = |field: &str| spec[field].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let mut names: Vec<String> = of("dnsNames").chain(of("ipAddresses")).collect();
    names.extend(spec["commonName"].as_str().filter(|n| !n.is_empty()).map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    names
}

/// How an issuance stands, by a Certificate's status. cert-manager takes the condition `Issuing` away (or sets it to
/// `False` with the reason `Issued`) when it has stored the new pair, and sets it to `False` when it failed.
pub(crate) fn progress(certificate: Option<&Value>) -> Option<Progress> {
    let Some(object) = certificate else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    let status = &object["status"];
    match condition(object, "Issuing") {
        Some(c) if c["status"] == "True" => return Some(Progress::Going("is being issued".into())),
        Some(c) if c["status"] == "False" && c["reason"] != "Issued" => {
            return Some(Progress::Failed(format!("not issued: {}", reason(&c["message"]))));
        }
        _ => {}
    }
    let Some(ready) = condition(object, "Ready") else { return Some(Progress::Going("waits for cert-manager".into())) };
    let seen = ready["observedGeneration"].as_i64().unwrap_or(i64::MAX);
    if ready["status"] != "True" || seen < object["metadata"]["generation"].as_i64().unwrap_or(0) {
        return Some(Progress::Going(format!("not ready: {}", text(&ready["message"]))));
    }
    let revision = status["revision"].as_i64().map(|n| format!(", revision {n}")).unwrap_or_default();
    let until = status["notAfter"].as_str().and_then(parse_time);
    let until = until.map(|t| format!(", valid until {}", &format_time(t)[..16].replace('T', " "))).unwrap_or_default();
    Some(Progress::Done(format!("issued{revision}{until}")))
}

/// What is said of attempts: `attempt 3 in a row; if it fails, the next comes 4h later`.
pub(crate) fn attempt_words(certificate: &Value) -> String {
    match attempts(certificate) {
        0 => "attempt 1, no backoff".into(),
        n => {
            let wait = human_duration(crate::certificates::objects::backoff(n + 1));
            format!("attempt {}; if it fails too, the next comes {wait} later", n + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_issuance_is_read_as_the_controller_writes_it() {
        let of = |issuing: Value, seen: i64| {
            json!({"metadata": {"generation": 2}, "status": {"revision": 3, "notAfter": "2027-02-01T00:00:00Z",
                "conditions": [issuing, {"type": "Ready", "status": "True", "observedGeneration": seen}]}})
        };
        let none = json!({"type": "Other"});
        let issuing = |status: &str, reason: &str| {
            json!({"type": "Issuing", "status": status, "reason": reason,
                "message": "The certificate request has failed to complete and will be retried: no such host"})
        };
        assert_eq!(
            progress(Some(&of(none.clone(), 2))),
            Some(Progress::Done("issued, revision 3, valid until 2027-02-01 00:00".into()))
        );
        assert!(matches!(progress(Some(&of(none, 1))), Some(Progress::Going(_))), "the spec has not been seen");
        assert!(matches!(progress(Some(&of(issuing("True", BY_HAND), 2))), Some(Progress::Going(_))));
        assert_eq!(
            progress(Some(&of(issuing("False", "Failed"), 2))),
            Some(Progress::Failed("not issued: no such host".into()))
        );
        // With server-side apply cert-manager cannot take the condition away.
        assert!(matches!(progress(Some(&of(issuing("False", "Issued"), 2))), Some(Progress::Done(_))));
    }
}
