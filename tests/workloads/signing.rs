//! Kubernetes' own signing requests: approved and denied on the real kube-apiserver, signed by the real controller-manager.

use super::stage::{self, go, press};
use super::{User, real};
use base64::Engine;
use quarterdeck_testing::http::{Client, Request};
use quarterdeck_testing::real::RealCluster;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

const PATH: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

/// Asks for a client certificate as a person does it; gives the key, PEM.
fn ask(user: &User, name: &str, signer: &str, usages: &[&str]) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "devs");
    let key = KeyPair::generate().expect("a key");
    let pem = params.serialize_request(&key).and_then(|r| r.pem()).expect("a request");
    let object = json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": name}, "spec": {"signerName": signer, "usages": usages, "expirationSeconds": 3600,
            "request": base64::engine::general_purpose::STANDARD.encode(pem)}});
    let answer = user.client.send(&Request::new("POST", PATH).json(&object)).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    key.serialize_pem()
}

fn get(user: &User, name: &str) -> Value {
    user.client.get(&format!("{PATH}/{name}")).expect("an answer").json()
}

fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|c| c["type"] == kind).unwrap_or(Value::Null)
}

/// Who the API server says somebody is who shows this certificate.
fn who(user: &User, certificate: &str, key: &str) -> Value {
    let admin = std::fs::read_to_string(&user.stage.kubeconfig).expect("a kubeconfig");
    let mut config: Value = serde_json::from_str(&admin).expect("JSON");
    config["users"][0]["user"] = json!({"client-certificate-data": certificate,
        "client-key-data": base64::engine::general_purpose::STANDARD.encode(key)});
    let client = Client::from_kubeconfig(&config.to_string()).expect("a kubeconfig");
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    client.send(&Request::new("POST", path).json(&review)).expect("an answer").json()["status"]["userInfo"].clone()
}

#[test]
fn a_signing_request_is_approved_once_signed_and_good_for_signing_in() {
    let Some(real) = real("a_signing_request_is_approved_once_signed_and_good_for_signing_in") else { return };
    let user = User::new(real, "signed");
    let key = ask(&user, "csr-alice", CLIENT, &["client auth"]);
    let plan = user.qd("do approve csr/csr-alice --dry-run");
    for part in [
        "kubernetes-admin (groups system:masters, system:authenticated) asks kubernetes.io/kube-apiserver-client",
        "for CN=csr-alice, O=devs, usages client auth, for at most 60m",
        "one signs in to this cluster as user csr-alice, groups devs",
        "asked by kubernetes-admin for another name than its own",
        "an approval cannot be taken back",
        "there is no way back",
        "dry run accepted by the server",
    ] {
        assert!(plan.contains(part), "{part:?}: {plan}");
    }
    assert!(get(&user, "csr-alice")["status"]["conditions"].is_null(), "a dry run changes nothing");
    let said =
        user.words(&["do", "approve", "csr/csr-alice", "--message", "known from the stand-up", "--yes", "--wait"]);
    assert!(said.contains("signed, valid until "), "{said}");
    let signed = get(&user, "csr-alice");
    assert_eq!(condition(&signed, "Approved")["message"], "known from the stand-up");
    let certificate = signed["status"]["certificate"].as_str().expect("a certificate");
    let seen = who(&user, certificate, &key);
    assert_eq!((&seen["username"], &seen["groups"][0]), (&json!("csr-alice"), &json!("devs")));
    for verb in ["approve", "deny"] {
        let (code, said) = user.fails(&format!("do {verb} csr/csr-alice --yes"));
        assert!(code == 5 && said.contains("approved already (known from the stand-up)"), "{code} {said}");
    }
    let journal = user.qd("journal");
    assert!(journal.contains("Approve CertificateSigningRequest csr-alice") && journal.contains("signed"), "{journal}");
}

#[test]
fn a_denied_signing_request_stays_denied_and_a_signer_that_cannot_sign_says_why() {
    let Some(real) = real("a_denied_signing_request_stays_denied_and_a_signer_that_cannot_sign_says_why") else {
        return;
    };
    let user = User::new(real, "refused");
    ask(&user, "csr-mallory", CLIENT, &["client auth"]);
    let said = user.qd("do deny csr/csr-mallory --message stranger --yes");
    assert!(said.contains("a denied request cannot be approved later") && said.contains("denied"), "{said}");
    let (code, said) = user.fails("do approve csr/csr-mallory --yes");
    assert!(code == 5 && said.contains("denied already (stranger)") && said.contains("asks anew"), "{code} {said}");
    assert!(get(&user, "csr-mallory")["status"]["certificate"].is_null());

    ask(&user, "csr-server", CLIENT, &["server auth"]);
    let (code, said) = user.fails("do approve csr/csr-server --yes --wait");
    assert!(code == 1 && said.contains("the signer could not sign"), "{code} {said}");
    ask(&user, "csr-vpn", "example.com/vpn", &["client auth"]);
    let plan = user.qd("do approve csr/csr-vpn --dry-run");
    assert!(plan.contains("Kubernetes itself does not sign for example.com/vpn"), "{plan}");
}

fn bound(real: &RealCluster, name: &str, rules: Value) -> User {
    let reads = json!({"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests"],
        "verbs": ["get", "list", "watch"]});
    let rules = [vec![reads], rules.as_array().cloned().unwrap_or_default()].concat();
    let api = "rbac.authorization.k8s.io/v1";
    real.apply(
        "clusterroles",
        &json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}),
    );
    let subject = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name});
    real.apply("clusterrolebindings", &json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "subjects": [subject], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}}));
    User { stage: stage::Stage::new(&real.user(name, &[])), client: real.client(), namespace: "default".to_owned() }
}

#[test]
fn an_answer_needs_the_right_to_answer_and_the_right_for_the_signer_as_the_server_asks_for_it() {
    let name = "an_answer_needs_the_right_to_answer_and_the_right_for_the_signer_as_the_server_asks_for_it";
    let Some(real) = real(name) else { return };
    let admin = User::new(real, "rights");
    ask(&admin, "csr-rights", CLIENT, &["client auth"]);
    let answer = json!({"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests/approval"],
        "verbs": ["update"]});
    let signer = json!({"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": ["approve"],
        "resourceNames": ["kubernetes.io/*"]});
    let half = bound(real, "csr-half", json!([answer]));
    let (code, said) = half.fails("do approve csr/csr-rights --yes");
    assert!(code == 4 && said.contains("approve signers.certificates.k8s.io"), "{code} {said}");
    assert!(said.contains(&format!("resourceNames: [\"{CLIENT}\"]")), "the Role that gives it: {said}");
    let other = bound(real, "csr-other", json!([signer]));
    let (code, said) = other.fails("do approve csr/csr-rights --yes");
    assert!(
        code == 4 && said.contains("update certificatesigningrequests/approval.certificates.k8s.io"),
        "{code} {said}"
    );
    assert!(get(&admin, "csr-rights")["status"]["conditions"].is_null());
    let both = bound(real, "csr-both", json!([answer, signer]));
    let said = both.qd("do approve csr/csr-rights --yes");
    assert!(said.contains("signed, valid until "), "{said}");
}

#[test]
fn by_key_signing_requests_are_approved_and_denied() {
    let Some(real) = real("by_key_signing_requests_are_approved_and_denied") else { return };
    let user = User::new(real, "csr-keys");
    ask(&user, "csr-yes", CLIENT, &["client auth"]);
    ask(&user, "csr-no", CLIENT, &["client auth"]);
    let terminal = user.stage.live(&user.stage.options(100, 32), &["-n", &user.namespace]);
    let answer = |name: &str, key: &str, end: &str| {
        go(&terminal, "csr", name);
        press(&terminal, &format!("/{name}<enter>"), &format!("[{name}]"));
        press(&terminal, key, "message");
        let plan = press(&terminal, "by key<enter>", "accepted by the server");
        assert!(plan.contains(&format!("CN={name}, O=devs")), "{plan}");
        press(&terminal, &format!("{name}<tab><tab><enter>"), end);
        stage::back_to(&terminal, "ertificatesigningrequests");
        press(&terminal, "<esc>", "csr-no");
    };
    answer("csr-yes", "a", "signed, valid until ");
    assert_eq!(condition(&get(&user, "csr-yes"), "Approved")["message"], "by key");
    answer("csr-no", "D", "denied");
    assert_eq!(condition(&get(&user, "csr-no"), "Denied")["message"], "by key");
}
