//! The facts about a certificate and everything that it hangs on, from the whole objects: all that
//! `cmctl status certificate` prints, and what it leaves out (attempts, the last failure, fingerprints). The verdict
//! over them is elsewhere.

use super::diagnose::Role;
use super::x509::{self, Details};
use crate::clock::parse_time;
use base64::Engine;
use serde::Serialize;
use serde_json::Value;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

/// One entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConditionFact {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// An event about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventFact {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    pub reason: String,
    pub message: String,
    pub from: String,
    pub count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
}

/// What an order has to prove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    pub url: String,
    pub identifier: String,
    pub initial_state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wildcard: Option<bool>,
}

/// What is special about an object of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum Special {
    #[serde(rename_all = "camelCase")]
    Certificate {
        dns_names: Vec<String>,
        not_before: Option<i64>,
        not_after: Option<i64>,
        renewal_time: Option<i64>,
        revision: Option<i64>,
        failed_issuance_attempts: Option<i64>,
        last_failure_time: Option<i64>,
    },
    #[serde(rename_all = "camelCase")]
    Order {
        state: String,
        reason: String,
        authorizations: Vec<Authorization>,
        failure_time: Option<i64>,
    },
    #[serde(rename_all = "camelCase")]
    Challenge {
        #[serde(rename = "type")]
        kind: String,
        dns_name: String,
        token: String,
        /// What has to be served under the path or in the record. Whoever asks gets it: that is what it is for.
        key: String,
        state: String,
        reason: String,
        processing: bool,
        presented: bool,
    },
    #[serde(rename_all = "camelCase")]
    Secret {
        #[serde(rename = "type")]
        kind: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        certificate: Option<Box<Details>>,
        /// Why there is none.
        #[serde(skip_serializing_if = "String::is_empty")]
        error: String,
        /// Certificates that follow the leaf.
        chain: Vec<String>,
    },
    None {},
}

/// The facts about one object of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    pub role: Role,
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionFact>,
    #[serde(flatten)]
    pub special: Special,
    /// The latest first.
    pub events: Vec<EventFact>,
}

fn text(value: &Value) -> String {
    value.as_str().map(|t| crate::intern::bounded(t).into_owned()).unwrap_or_default()
}

fn moment(value: &Value) -> Option<i64> {
    value.as_str().and_then(parse_time)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().take(200)
}

/// The facts about an object, from the whole of it and from its events.
pub fn of(role: Role, object: &Value, events: &[Value]) -> Facts {
    let (meta, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    let special = match role {
        Role::Certificate => Special::Certificate {
            dns_names: list(&spec["dnsNames"]).map(text).collect(),
            not_before: moment(&status["notBefore"]),
            not_after: moment(&status["notAfter"]),
            renewal_time: moment(&status["renewalTime"]),
            revision: status["revision"].as_i64(),
            failed_issuance_attempts: status["failedIssuanceAttempts"].as_i64(),
            last_failure_time: moment(&status["lastFailureTime"]),
        },
        Role::Order => Special::Order {
            state: text(&status["state"]),
            reason: text(&status["reason"]),
            authorizations: list(&status["authorizations"])
                .map(|a| Authorization {
                    url: text(&a["url"]),
                    identifier: text(&a["identifier"]),
                    initial_state: text(&a["initialState"]),
                    wildcard: a["wildcard"].as_bool(),
                })
                .collect(),
            failure_time: moment(&status["failureTime"]),
        },
        Role::Challenge => Special::Challenge {
            kind: text(&spec["type"]),
            dns_name: text(&spec["dnsName"]),
            token: text(&spec["token"]),
            key: text(&spec["key"]),
            state: text(&status["state"]),
            reason: text(&status["reason"]),
            processing: status["processing"].as_bool().unwrap_or_default(),
            presented: status["presented"].as_bool().unwrap_or_default(),
        },
        Role::Secret => secret(object),
        _ => Special::None {},
    };
    Facts {
        role,
        kind: text(&object["kind"]),
        namespace: text(&meta["namespace"]),
        name: text(&meta["name"]),
        created_at: moment(&meta["creationTimestamp"]),
        conditions: list(&status["conditions"])
            .map(|c| ConditionFact {
                kind: text(&c["type"]),
                status: text(&c["status"]),
                reason: text(&c["reason"]),
                message: text(&c["message"]),
                since: moment(&c["lastTransitionTime"]),
            })
            .collect(),
        special,
        events: events.iter().take(20).map(event).collect(),
    }
}

fn event(e: &Value) -> EventFact {
    let times = [&e["series"]["lastObservedTime"], &e["lastTimestamp"], &e["eventTime"], &e["firstTimestamp"]];
    EventFact {
        kind: text(&e["type"]),
        reason: text(&e["reason"]),
        message: text(&e["message"]),
        from: match text(&e["source"]["component"]) {
            component if component.is_empty() => text(&e["reportingComponent"]),
            component => component,
        },
        count: e["series"]["count"].as_i64().or(e["count"].as_i64()).unwrap_or(1),
        last: times.into_iter().find_map(moment),
    }
}

/// What the Secret holds; its private key is not looked at.
fn secret(object: &Value) -> Special {
    let crt = object["data"]["tls.crt"].as_str().unwrap_or_default();
    let pem = Zeroizing::new(base64::engine::general_purpose::STANDARD.decode(crt).unwrap_or_default());
    let blocks = Pem::iter_from_buffer(&pem).take(32).flatten().filter(|b| b.label == "CERTIFICATE");
    let mut read: Vec<Result<Details, crate::Str>> = blocks.map(|b| x509::read(&b.contents)).collect();
    let kind = text(&object["type"]);
    let (certificate, error) = match (crt.is_empty(), read.is_empty()) {
        (true, _) => (None, "tls.crt is empty".to_owned()),
        (false, true) => (None, "tls.crt holds no PEM certificate".to_owned()),
        _ => match read.remove(0) {
            Ok(leaf) => (Some(Box::new(leaf)), String::new()),
            Err(why) => (None, why.to_string()),
        },
    };
    let chain = read.into_iter().map(|d| d.map_or_else(|why| why.to_string(), |d| d.subject.whole.to_string()));
    Special::Secret { kind, certificate, error, chain: chain.collect() }
}

/// Label and value of every fact, in the order in which people read them.
pub fn lines(facts: &Facts) -> Vec<(String, String)> {
    let time = |at: Option<i64>| at.map(crate::clock::format_time).unwrap_or_default();
    let mut out: Vec<(String, String)> = Vec::new();
    let mut say = |label: &str, value: String| {
        if !value.is_empty() {
            out.push((label.to_owned(), value));
        }
    };
    say("created", time(facts.created_at));
    match &facts.special {
        Special::Certificate {
            dns_names,
            not_before,
            not_after,
            renewal_time,
            revision,
            failed_issuance_attempts,
            last_failure_time,
        } => {
            say("DNS names", dns_names.join(", "));
            say("not before", time(*not_before));
            say("not after", time(*not_after));
            say("renewal time", time(*renewal_time));
            say("revision", revision.map(|r| r.to_string()).unwrap_or_default());
            say("failed attempts", failed_issuance_attempts.map(|r| r.to_string()).unwrap_or_default());
            say("last failure", time(*last_failure_time));
        }
        Special::Order { state, reason, authorizations, failure_time } => {
            say("state", state.clone());
            say("reason", reason.clone());
            say("failed at", time(*failure_time));
            for a in authorizations {
                let wildcard = if a.wildcard == Some(true) { ", wildcard" } else { "" };
                say("authorization", format!("{}{wildcard}, at first {}: {}", a.identifier, a.initial_state, a.url));
            }
        }
        Special::Challenge { kind, dns_name, token, key, state, reason, processing, presented } => {
            say("type", format!("{kind} for {dns_name}"));
            say("state", state.clone());
            say("reason", reason.clone());
            say("processing", processing.to_string());
            say("presented", presented.to_string());
            say("token", token.clone());
            say("answer (key)", key.clone());
        }
        Special::Secret { kind, certificate, error, chain } => {
            say("type", kind.clone());
            say("error", error.clone());
            if let Some(d) = certificate {
                details(d, &mut say);
            }
            say("chain", chain.join(" > "));
        }
        Special::None {} => {}
    }
    for c in &facts.conditions {
        let since = c.since.map(|s| format!(" since {}", crate::clock::format_time(s))).unwrap_or_default();
        say(&c.kind, format!("{} ({}{since}) {}", c.status, c.reason, c.message));
    }
    for e in &facts.events {
        let times = if e.count > 1 { format!(", {} times", e.count) } else { String::new() };
        say("event", format!("{} {} ({}{times}, {}) {}", e.kind, e.reason, time(e.last), e.from, e.message));
    }
    out
}

/// What people ask about a certificate.
pub fn details(d: &Details, say: &mut impl FnMut(&str, String)) {
    let party = |p: &x509::Party| {
        let parts = [p.common_name.to_string(), p.organisation.join(", "), p.country.join(", ")];
        parts.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ")
    };
    say("subject", party(&d.subject));
    say("issuer", party(&d.issuer));
    say("issuer common name", d.issuer.common_name.to_string());
    say("issuer organisation", d.issuer.organisation.join(", "));
    say("issuer country", d.issuer.country.join(", "));
    say("names", d.names().join(", "));
    say("valid from", crate::clock::format_time(d.not_before));
    say("valid until", crate::clock::format_time(d.not_after));
    say("key usage", d.key_usages.join(", "));
    say("extended key usage", d.extended_key_usages.join(", "));
    say("public key", d.public_key.to_string());
    say("signature", d.signature.to_string());
    say("subject key ID", d.subject_key_id.to_string());
    say("authority key ID", d.authority_key_id.to_string());
    say("serial number", d.serial.to_string());
    say("SHA-256", d.sha256.to_string());
    say("SHA-256 of the key", d.key_sha256.to_string());
    say("CA", d.is_ca.to_string());
    say("OCSP", d.ocsp.join(", "));
    say("CRL", d.crl.join(", "));
    for oddity in &d.oddities {
        say("odd", oddity.clone());
    }
}
