//! cert-manager's kinds.

use super::generic;
use super::model::{Description, ago, words};
use crate::resources::Level;
use serde_json::Value;

pub(super) fn certificate(d: &mut Description, object: &Value, now: i64) {
    let (spec, status) = (&object["spec"], &object["status"]);
    if object["kind"] != "Certificate" {
        // PEM and other encodings say nothing to a reader.
        let mut short = object.clone();
        for path in ["/spec/request", "/status/certificate", "/status/ca", "/spec/key"] {
            if let Some(value) = short.pointer_mut(path) {
                *value = format!("({} bytes)", words(value).len()).into();
            }
        }
        return generic::body(d, &short);
    }
    d.section("Certificate");
    d.line("Names", [words(&spec["dnsNames"]), words(&spec["ipAddresses"]), words(&spec["uris"])].join(" ").trim());
    d.field("Common name", &spec["commonName"]).field("Secret", &spec["secretName"]);
    let issuer = &spec["issuerRef"];
    let kind = issuer["kind"].as_str().unwrap_or("Issuer");
    d.line("Issuer", format!("{kind} {}", words(&issuer["name"])));
    d.field("Duration", &spec["duration"])
        .field("Renew before", &spec["renewBefore"])
        .field("Key", &spec["privateKey"]);
    d.section("Issued");
    d.field("Revision", &status["revision"]);
    d.line("Valid from", ago(&status["notBefore"], now)).line("Valid until", ago(&status["notAfter"], now));
    d.line("Renewal", ago(&status["renewalTime"], now));
    let attempts = status["failedIssuanceAttempts"].as_i64().unwrap_or(0);
    if attempts > 0 {
        let last = ago(&status["lastFailureTime"], now);
        d.item(0, "Failed attempts", format!("{attempts}, the last {last}"), Level::Bad);
    }
    d.end();
}
