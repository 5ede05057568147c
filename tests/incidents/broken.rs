//! Certificates that are wrong from the start. All are ordered at once, so that their waits pass together.

use crate::lab::{Incident, lab};
use quarterdeck_testing::acme::{ABSENT, REFUSED};
use quarterdeck_testing::edge::Answer;

const fn i(
    name: &'static str,
    code: &'static str,
    broken: &'static str,
    why: &'static str,
    next: &'static str,
) -> Incident {
    Incident { name, code, broken, why, next }
}

/// What is told of each.
const INCIDENTS: &[Incident] = &[
    i("rejected", "CERT_REJECTED_NAME", "order", "does not issue for this name", "use another issuer; next try"),
    i("no-issuer", "CERT_ISSUER_MISSING", "issuer", "no ClusterIssuer nobody", "create it"),
    i("unreachable", "CERT_ISSUER_UNREACHABLE", "issuer", "127.0.0.1:9", "egress"),
    i("untrusted", "CERT_ISSUER_UNTRUSTED", "issuer", "does not trust its authority", "caBundle"),
    i("no-ca", "CERT_ISSUER_SECRET", "issuer", "not-there", "Secret"),
    i(
        "wrong-key",
        "CERT_DNS_CREDENTIALS",
        "challenge",
        "refuses the credentials",
        "key or token in the solver's Secret",
    ),
    i("no-key", "CERT_ISSUER_SECRET", "issuer", "tsig-missing", "create the Secret that the solver names"),
    i("wrong-zone", "CERT_DNS_ZONE", "challenge", "no zone", "check the solver's zone, the delegation"),
    i("no-txt", "CERT_DNS_TXT_MISSING", "challenge", "no TXT record", "check the solver's zone"),
    i("not-found", "CERT_HTTP_WRONG_ANSWER", "challenge", "answers 404", "which route takes the host's path"),
    i("stranger", "CERT_HTTP_WRONG_ANSWER", "challenge", "something else answers", "where the name points"),
    i("redirected", "CERT_HTTP_REDIRECTED", "challenge", "redirects the challenge path", "out of the redirect"),
    i("no-record", "CERT_DNS_NO_RECORD", "challenge", "absent.lab.test has no A record", "create an A or AAAA record"),
    i("no-class", "CERT_SOLVER_CLASS", "solver", "ingress class nobody", "correct ingressClassName"),
];

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn what_is_wrong_from_the_start_is_named_with_the_next_step() {
    let Some(lab) = lab("what_is_wrong_from_the_start_is_named_with_the_next_step") else { return };
    let _calm = lab.calm();
    let namespace = lab.cluster.namespace("broken");
    lab.edge.answer("not-found.lab.test", Answer::Fixed(404, "no such page".into()));
    lab.edge.answer("stranger.lab.test", Answer::Fixed(200, "Welcome!".into()));
    lab.edge.answer("redirected.lab.test", Answer::Redirect("https://127.0.0.1:9/".into()));
    for (name, host, issuer) in [
        ("rejected", REFUSED, "acme-http"),
        ("no-issuer", "no-issuer.lab.test", "nobody"),
        ("unreachable", "unreachable.lab.test", "acme-unreachable"),
        ("untrusted", "untrusted.lab.test", "acme-untrusted"),
        ("no-ca", "no-ca.lab.test", "ca-missing"),
        ("wrong-key", "wrong-key.lab.test", "acme-wrong-key"),
        ("no-key", "no-key.lab.test", "acme-no-secret"),
        ("wrong-zone", "shop.elsewhere.test", "acme-dns"),
        ("no-txt", "no-txt.lab.test", "acme-blind"),
        ("not-found", "not-found.lab.test", "acme-http"),
        ("stranger", "stranger.lab.test", "acme-http"),
        ("redirected", "redirected.lab.test", "acme-http"),
        ("no-record", ABSENT, "acme-http"),
        ("no-class", "no-class.lab.test", "acme-no-class"),
    ] {
        lab.order(&namespace, name, host, issuer);
    }
    lab.edge.answer("no-class.lab.test", Answer::Fixed(404, String::new()));
    let unscheduled = lab.cluster.namespace("unscheduled");
    lab.edge.answer("no-node.lab.test", Answer::Fixed(503, String::new()));
    lab.order(&unscheduled, "no-node", "no-node.lab.test", "acme-http");
    lab.expect(&namespace, INCIDENTS);
    let no_node = i("no-node", "CERT_SOLVER_NOT_READY", "solver", "is not ready", "see the pod");
    lab.expect(&unscheduled, &[no_node]);
    for name in ["rejected", "wrong-key", "stranger", "no-issuer"] {
        lab.on_screen(&namespace, INCIDENTS.iter().find(|i| i.name == name).expect(name));
    }

    // What can be mended is mended, and what cert-manager tries again by itself follows.
    lab.edge.answer("not-found.lab.test", Answer::Solver);
    lab.edge.answer("stranger.lab.test", Answer::Solver);
    lab.issued(&namespace, "not-found");
    lab.issued(&namespace, "stranger");
    assert_eq!(lab.verdict(&namespace, "stranger")["verdict"]["level"], "good");
}
