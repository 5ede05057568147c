//! Who we are, who the server is, and what is told when one of them is not who they should be.

use super::{connect, qd, real, run};
use base64::Engine;
use quarterdeck_core::ProblemKind;
use quarterdeck_core::cluster::{Cluster, Method, Request};
use quarterdeck_testing::pki::{Authority, Identity};
use quarterdeck_testing::real::RealCluster;
use serde_json::{Value, json};
use std::time::Duration;

fn encoded(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn certificate(identity: &Identity) -> Value {
    json!({"client-certificate-data": encoded(&identity.certificate), "client-key-data": encoded(&identity.key)})
}

async fn who(cluster: &Cluster) -> Value {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}).to_string();
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer: Value = cluster.json(Request::write(Method::Post, path, review)).await.expect("an answer");
    answer["status"]["userInfo"].clone()
}

#[test]
fn somebody_else_is_acted_for_and_who_may_not_is_told() {
    let Some(real) = real("somebody_else_is_acted_for_and_who_may_not_is_told") else { return };
    let mut user = certificate(&real.authority().client("kubernetes-admin", &["system:masters"]));
    user["as"] = json!("vera");
    user["as-groups"] = json!(["crew", "night watch"]);
    user["as-user-extra"] = json!({"reason": ["ticket-7"]});
    run(async {
        let seen = who(&connect(&real.kubeconfig(&user, &Value::Null))).await;
        assert_eq!(seen["username"], "vera");
        assert_eq!(seen["groups"], json!(["crew", "night watch", "system:authenticated"]));
        assert_eq!(seen["extra"]["reason"], json!(["ticket-7"]));
    });
    let kubeconfig = real.file("nobody", &real.user("nobody", &[]));
    let (code, _, err) = qd(&kubeconfig, &[], "get namespaces --as vera --as-group crew");
    assert_eq!(code, Some(4), "{err}");
    assert!(
        err.contains("nobody may not act as vera") && err.contains("ask for the right to impersonate vera"),
        "{err}"
    );
}

#[test]
fn the_server_may_have_another_name_and_must_have_one_that_it_says() {
    let Some(real) = real("the_server_may_have_another_name_and_must_have_one_that_it_says") else { return };
    let user = json!({ "token": real.bearer() });
    let address = format!("127.0.0.1:{}", real.port());
    run(async {
        let good = connect(&real.kubeconfig(&user, &json!({"tls-server-name": "kubernetes.default.svc"})));
        assert!(good.version().await.is_ok());
        let wrong = connect(&real.kubeconfig(&user, &json!({"tls-server-name": "kubernetes.corp.example"})));
        let problem = wrong.call(Request::get("/version")).await.expect_err("another name");
        assert_eq!(problem.why, format!("the certificate of {address} is for other names"));
        assert!(problem.next.contains("tls-server-name"), "{problem}");

        let other = Authority::new("somebody-elses-ca");
        let authority = json!({"certificate-authority-data": encoded(&other.certificate)});
        let problem =
            connect(&real.kubeconfig(&user, &authority)).call(Request::get("/version")).await.expect_err("unknown");
        assert_eq!(problem.kind, ProblemKind::Unreachable);
        assert_eq!(problem.why, format!("the certificate of {address} is signed by an authority that is not trusted"));
        assert!(problem.next.contains("certificate-authority(-data)"), "{problem}");

        let plain = real.kubeconfig(&user, &json!({"server": format!("http://{address}")}));
        let problem = connect(&plain).call(Request::get("/version")).await.expect_err("it speaks TLS");
        assert!(problem.to_string().contains("https"), "{problem}");
        let server = served(&quarterdeck_testing::pki::expired("127.0.0.1"));
        let old = json!({"server": format!("https://127.0.0.1:{}", server.0), "certificate-authority-data": encoded(&server.1)});
        let problem = connect(&real.kubeconfig(&user, &old)).call(Request::get("/version")).await.expect_err("expired");
        assert_eq!(problem.why, format!("the certificate of 127.0.0.1:{} has expired", server.0));
        assert!(problem.next.contains("this machine's clock"), "{problem}");
    });
}

/// A server that shows this certificate and says nothing more. Its port, and the certificate.
fn served(identity: &Identity) -> (u16, String) {
    use rustls::pki_types::pem::PemObject;
    let certificate = rustls::pki_types::CertificateDer::from_pem_slice(identity.certificate.as_bytes()).expect("PEM");
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("PEM");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), Ok(mut tls)) = (stream, rustls::ServerConnection::new(config.clone())) else { return };
            while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
        }
    });
    (port, identity.certificate.clone())
}

#[test]
fn a_client_certificate_that_has_expired_is_told_with_its_day() {
    let Some(real) = real("a_client_certificate_that_has_expired_is_told_with_its_day") else { return };
    let user = certificate(&real.authority().expired_client("kubernetes-admin"));
    let kubeconfig = real.file("expired", &real.kubeconfig(&user, &Value::Null));
    let (code, _, err) = qd(&kubeconfig, &[], "get namespaces");
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("the client certificate of the user expired on 2020-04-01"), "{err}");
    assert!(err.contains("next: get a new client certificate"), "{err}");
}

#[test]
fn a_token_file_is_read_again_when_the_server_refuses_what_it_held() {
    let Some(real) = real("a_token_file_is_read_again_when_the_server_refuses_what_it_held") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    let config = real.kubeconfig(&json!({ "tokenFile": file }), &Value::Null);
    run(async {
        let cluster = connect(&config);
        let problem = cluster.call(Request::get("/api/v1/namespaces")).await.expect_err("there is no file");
        assert_eq!((problem.kind, problem.object.as_str()), (ProblemKind::Unauthenticated, &*file.to_string_lossy()));
        assert!(problem.next.contains("tokenFile"), "{problem}");
        std::fs::write(&file, "of-last-week\n").expect("written");
        let problem = cluster.call(Request::get("/api/v1/namespaces")).await.expect_err("an old token");
        assert_eq!((problem.kind, problem.status), (ProblemKind::Unauthenticated, Some(401)));
        std::fs::write(&file, format!("{}\n", real.bearer())).expect("written");
        tokio::time::timeout(Duration::from_secs(5), cluster.call(Request::get("/api/v1/namespaces")))
            .await
            .expect("at once")
            .expect("the new token counts");
        // Some programs take the file away after start; what was read holds.
        std::fs::remove_file(&file).expect("removed");
        cluster.call(Request::get("/api/v1/namespaces")).await.expect("still");
    });
}

#[test]
fn another_tool_signs_in_and_the_kubeconfig_is_read_again_on_request() {
    let Some(real) = real("another_tool_signs_in_and_the_kubeconfig_is_read_again_on_request") else { return };
    let config = |token: &str| real.kubeconfig(&json!({ "token": token }), &Value::Null);
    let file = real.file("rewritten", &config("of-last-week"));
    run(async {
        let read = quarterdeck_core::cluster::Kubeconfig::load(Some(&file)).expect("a kubeconfig");
        let cluster = Cluster::connect(&read, None, &Default::default()).expect("a context");
        let problem = cluster.call(Request::get("/api/v1/namespaces")).await.expect_err("an old token");
        assert_eq!(problem.status, Some(401));
        write(real, &config(real.bearer()));
        cluster.sign_in().await.expect("with what stands there now");
        cluster.call(Request::get("/api/v1/namespaces")).await.expect("it counts");
    });
    fn write(real: &RealCluster, text: &str) {
        real.file("rewritten", text);
    }
}
