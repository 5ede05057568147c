//! `qd cert why` tells everything that `cmctl status certificate` does (cmctl v2, `pkg/status/certificate`). Its module
//! cannot be had from the proxy, so what it prints is listed here and taken from the same objects.

use crate::lab::{Lab, lab};
use base64::Engine;
use quarterdeck_testing::acme::REFUSED;
use quarterdeck_testing::edge::Answer;
use serde_json::Value;
use x509_parser::prelude::*;

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn everything_that_cmctl_tells_of_a_certificate_is_told() {
    let Some(lab) = lab("everything_that_cmctl_tells_of_a_certificate_is_told") else { return };
    let namespace = lab.cluster.namespace("facts");
    let _alone = lab.alone();
    lab.edge.answer("facts-pending.lab.test", Answer::Fixed(404, String::new()));
    lab.order(&namespace, "pending", "facts-pending.lab.test", "acme-http");
    lab.order(&namespace, "rejected", REFUSED, "acme-http");
    lab.order(&namespace, "by-http", "facts.lab.test", "acme-http");
    lab.order(&namespace, "by-ca", "facts-ca.lab.test", "ca");
    lab.order(&namespace, "no-issuer", "facts-none.lab.test", "nobody");
    lab.issued(&namespace, "by-http");
    lab.issued(&namespace, "by-ca");
    let says_why = |c: &Value| c["status"]["reason"].as_str().is_some_and(|r| r.contains("404"));
    lab.wait_for_any("challenges", &namespace, "says why", says_why);
    lab.wait_for_any("orders", &namespace, "ended", |o| o["status"]["state"] == "errored");
    let all = lab.client().get("/apis/cert-manager.io/v1/certificates").expect("an answer").json();
    let mut count = 0;
    for certificate in all["items"].as_array().expect("certificates") {
        let name = text(&certificate["metadata"]["name"]);
        let place = format!("{}/{name}", text(&certificate["metadata"]["namespace"]));
        // A controller may write between the two looks.
        let missing = (0..4).map(|_| missing(lab, certificate)).find(|m| m.1.is_empty() && m.0 > 0);
        let (facts, _) = missing.unwrap_or_else(|| {
            let (n, missing) = self::missing(lab, certificate);
            panic!("{place}: of {n} facts not told: {missing:#?}\n{}", why(lab, &place))
        });
        count += facts;
    }
    assert!(count > 100, "{count} facts were looked for");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Spaces and case do not count.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn why(lab: &Lab, place: &str) -> String {
    plain(&String::from_utf8_lossy(&lab.qd(&["cert", "why", place]).stdout))
}

/// How many facts there are, and which of them are not told.
fn missing(lab: &Lab, certificate: &Value) -> (usize, Vec<String>) {
    let (namespace, name) = (text(&certificate["metadata"]["namespace"]), text(&certificate["metadata"]["name"]));
    let facts: Vec<String> = facts(lab, &namespace, &name).into_iter().filter(|f| !f.trim().is_empty()).collect();
    let told = why(lab, &format!("{namespace}/{name}"));
    (facts.len(), facts.into_iter().filter(|f| !told.contains(&plain(f))).collect())
}

/// All that cmctl prints of one certificate.
fn facts(lab: &Lab, namespace: &str, name: &str) -> Vec<String> {
    let client = lab.client();
    let get = |path: String| client.get(&path).expect("an answer").json();
    let core = format!("/api/v1/namespaces/{namespace}");
    let own = format!("/apis/cert-manager.io/v1/namespaces/{namespace}");
    let acme = format!("/apis/acme.cert-manager.io/v1/namespaces/{namespace}");
    let list = |path: String| get(path)["items"].as_array().cloned().unwrap_or_default();
    let certificate = get(format!("{own}/certificates/{name}"));
    let (spec, status) = (&certificate["spec"], &certificate["status"]);
    let mut all = vec![name.to_owned(), namespace.to_owned(), text(&certificate["metadata"]["creationTimestamp"])];
    all.extend(["notBefore", "notAfter", "renewalTime"].map(|key| text(&status[key])));
    all.extend(spec["dnsNames"].as_array().into_iter().flatten().map(text));
    conditions(&certificate, &mut all);

    let events = list(format!("{core}/events"));
    let about = |object: &Value, all: &mut Vec<String>| {
        for event in events.iter().filter(|e| e["involvedObject"]["uid"] == object["metadata"]["uid"]) {
            all.extend([text(&event["reason"]), text(&event["message"]), text(&event["type"])]);
        }
    };
    about(&certificate, &mut all);
    let issuer = get(format!("{}/{}", crate::lab::ISSUERS, text(&spec["issuerRef"]["name"])));
    if issuer["kind"] == "ClusterIssuer" {
        all.extend([text(&issuer["metadata"]["name"]), text(&issuer["kind"])]);
        conditions(&issuer, &mut all);
    }
    let secret = get(format!("{core}/secrets/{}", text(&spec["secretName"])));
    if let Some(chain) = secret["data"]["tls.crt"].as_str() {
        all.push(text(&secret["metadata"]["name"]));
        leaf(chain, &mut all);
        about(&secret, &mut all);
    }
    // The request of the next revision, or of the present one where nothing is under way.
    let revision = status["revision"].as_i64().unwrap_or_default();
    let issuing = |c: &Value| c["type"] == "Issuing" && c["status"] == "True";
    let under_way = status["conditions"].as_array().into_iter().flatten().any(issuing) || revision == 0;
    let wanted = (revision + i64::from(under_way)).to_string();
    let owned = |object: &&Value, owner: &Value| {
        let owners = object["metadata"]["ownerReferences"].as_array();
        owners.into_iter().flatten().any(|o| o["uid"] == owner["metadata"]["uid"])
    };
    let requests = list(format!("{own}/certificaterequests"));
    let current = requests.iter().filter(|r| owned(r, &certificate));
    let mut current =
        current.filter(|r| r["metadata"]["annotations"]["cert-manager.io/certificate-revision"] == *wanted);
    let Some(request) = current.next() else { return all };
    all.push(text(&request["metadata"]["name"]));
    conditions(request, &mut all);
    about(request, &mut all);
    let orders = list(format!("{acme}/orders"));
    let Some(order) = orders.iter().find(|o| owned(o, request)) else { return all };
    let state = &order["status"];
    all.extend([text(&order["metadata"]["name"]), text(&state["state"]), text(&state["reason"])]);
    all.push(text(&state["failureTime"]));
    for one in state["authorizations"].as_array().into_iter().flatten() {
        all.extend(["url", "identifier", "initialState"].map(|key| text(&one[key])));
    }
    for challenge in list(format!("{acme}/challenges")).iter().filter(|c| owned(c, order)) {
        all.push(text(&challenge["metadata"]["name"]));
        all.extend(["type", "token", "key"].map(|key| text(&challenge["spec"][key])));
        let state = &challenge["status"];
        all.extend([text(&state["state"]), text(&state["reason"])]);
        all.extend(["processing", "presented"].map(|key| {
            let yes = state[key].as_bool().unwrap_or_default();
            format!("{key}: {yes}")
        }));
    }
    all
}

fn conditions(object: &Value, all: &mut Vec<String>) {
    for condition in object["status"]["conditions"].as_array().into_iter().flatten() {
        all.push(format!("{}: {}", text(&condition["type"]), text(&condition["status"])));
        all.extend([text(&condition["reason"]), text(&condition["message"])]);
    }
}

/// What cmctl prints of the X.509 certificate.
fn leaf(chain: &str, all: &mut Vec<String>) {
    let pem = base64::engine::general_purpose::STANDARD.decode(chain).expect("base64");
    let (_, block) = parse_x509_pem(&pem).expect("PEM");
    let leaf = block.parse_x509().expect("a certificate");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let issuer = leaf.issuer();
    for part in issuer.iter_common_name().chain(issuer.iter_organization()).chain(issuer.iter_country()) {
        all.push(part.as_str().expect("text").to_owned());
    }
    all.push(hex(&leaf.serial.to_bytes_be()));
    all.push(match leaf.public_key().parsed().expect("a key") {
        x509_parser::public_key::PublicKey::RSA(_) => "RSA".into(),
        _ => "ECDSA".into(),
    });
    all.push(match leaf.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11" => "SHA256-RSA".into(),
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256".into(),
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384".into(),
        other => panic!("{other}: how does cmctl call it?"),
    });
    for extension in leaf.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => all.push(hex(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => all.extend(id.key_identifier.as_ref().map(|k| hex(k.0))),
            ParsedExtension::KeyUsage(usage) => {
                let words = [
                    (usage.digital_signature(), "Digital Signature"),
                    (usage.key_encipherment(), "Key Encipherment"),
                    (usage.key_cert_sign(), "Cert Sign"),
                    (usage.crl_sign(), "CRL Sign"),
                ];
                all.extend(words.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let words =
                    [(usage.server_auth, "Server Authentication"), (usage.client_auth, "Client Authentication")];
                all.extend(words.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()));
            }
            _ => {}
        }
    }
}
