//! What a host serves against what its Secret holds: the last of the four truths. The probe asks; here it is compared.

use super::CertificateView;
use super::verdict::clock_time;
use crate::findings::Finding;
use crate::probe::Served;

/// What is wrong with what is served for a certificate, the worst first; empty when it is what the Secret holds and
/// clients take it. `now`: seconds since 1970.
pub fn differences(view: &CertificateView, served: &Served, now: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    let host = &served.host;
    let mut say = |code, reason: String, next: &str| {
        let finding = Finding::new(code, &view.object, reason).next(next);
        found.push(finding.evidence("served at", served.address.to_string()));
    };
    let Some(leaf) = served.leaf() else {
        say("CERT_SERVED_NONE", format!("{host} serves no certificate that can be read"), "see what listens there");
        return found;
    };
    let same = view.leaf.as_ref().is_some_and(|held| held.sha256 == leaf.sha256);
    let trouble = |code: &str| served.troubles.iter().find(|t| t.code == code);
    if !same && let Some(t) = trouble("defaultCertificate") {
        say("CERT_SERVED_DEFAULT", format!("{host}: {}", t.words), &t.next);
    } else if let Some(held) = view.leaf.as_ref().filter(|_| !same) {
        let covers = super::names::any_covers(&leaf.names, host);
        if covers && leaf.not_before <= held.not_before {
            let until = clock_time(leaf.not_after, now);
            let reason = format!("{host} still serves the certificate before (valid until {until})");
            say("CERT_SERVED_OLD", reason, "see whether the proxy has read the Secret; restart it if it does not");
        } else {
            // Many have no subject, only names.
            let which = if leaf.subject.is_empty() { leaf.names.join(", ") } else { leaf.subject.to_string() };
            let reason = format!("{host} serves another certificate than Secret {}: {which}", view.secret);
            say("CERT_SERVED_OTHER", reason, "see which route and which Secret answer for the host");
        }
    }
    for t in served.troubles.iter().filter(|t| t.code != "defaultCertificate" && t.code != "noRoots") {
        // What is told of the issuer or of the Secret is not told of its service again.
        if same && ((view.staging && t.code == "staging") || view.code == Some("CERT_EXPIRED") && t.code == "expired") {
            continue;
        }
        say("CERT_SERVED_TROUBLE", format!("{host}: {}", t.words), &t.next);
    }
    found
}
