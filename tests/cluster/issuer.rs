//! `auth-provider: oidc`: id-tokens that an issuer renews, taken by a real kube-apiserver that trusts that issuer.

use super::{connect, qd};
use quarterdeck_core::ProblemKind;
use quarterdeck_core::cluster::{Kubeconfig, Request};
use quarterdeck_testing::issuer::{CLIENT, Issuer};
use quarterdeck_testing::real::{Options, RealCluster, skipped};
use serde_json::{Value, json};

/// An API server that trusts an issuer, and the issuer's only user, who may look at everything.
fn trusting(test: &str) -> Option<(RealCluster, Issuer)> {
    if let Err(why) = quarterdeck_testing::programs::programs() {
        skipped(test, &why);
        return None;
    }
    let issuer = Issuer::start("vera@corp.example", false);
    let folder = tempfile::tempdir().expect("a folder").keep();
    let authority = folder.join("issuer-ca.crt");
    std::fs::write(&authority, &issuer.authority).expect("written");
    let flags = [
        format!("--oidc-issuer-url={}", issuer.url()),
        format!("--oidc-client-id={CLIENT}"),
        format!("--oidc-ca-file={}", authority.display()),
        "--oidc-username-claim=name".into(),
        "--oidc-username-prefix=-".into(),
        "--oidc-signing-algs=ES256".into(),
    ];
    let options =
        Options { kwok: false, controllers: Some("serviceaccount-controller,clusterrole-aggregation-controller") };
    let real = RealCluster::start_with_flags("oidc", &options, &flags, &[]);
    real.apply(
        "clusterrolebindings",
        &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "vera"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "vera@corp.example"}]}),
    );
    Some((real, issuer))
}

#[test]
fn an_id_token_that_has_ended_is_renewed_and_written_back_and_a_refusal_is_told() {
    let test = "an_id_token_that_has_ended_is_renewed_and_written_back_and_a_refusal_is_told";
    let Some((real, issuer)) = trusting(test) else { return };
    // The server looks for the issuer's keys in the background.
    let fresh = issuer.id_token(3600);
    let good = real.file("good", &real.kubeconfig(&json!({ "token": fresh }), &Value::Null));
    real.patiently("the API server trusts the issuer", || qd(&good, &[], "get configmaps -n kube-system").0 == Some(0));

    let (ended, refresh) = (issuer.id_token(-300), issuer.refresh_token());
    let config = real.kubeconfig(&json!({"auth-provider": issuer.provider(&ended, &refresh)}), &Value::Null);
    let file = real.file("oidc", &config);
    let (code, out, err) = qd(&file, &[], "get configmaps -n kube-system -o name");
    assert!(code == Some(0) && out.contains("extension-apiserver-authentication"), "{code:?} {err}");
    let written = std::fs::read_to_string(&file).expect("readable");
    assert!(!written.contains(&ended) && !written.contains(&refresh), "the new tokens stand where the old ones stood");
    assert!(written.len().abs_diff(config.len()) < 200, "and nothing else has changed");
    // Refresh tokens are taken once: the second start needs the one that was written.
    let given = issuer.given();
    let (code, _, err) = qd(&file, &[], "get configmaps -n kube-system");
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(issuer.given(), given, "the written id-token holds, so nobody is asked");

    super::run(async {
        // A server that refuses a token that has not ended: another one is got, once.
        let tampered = format!("{}x", issuer.id_token(3600));
        let config = real
            .kubeconfig(&json!({"auth-provider": issuer.provider(&tampered, &issuer.refresh_token())}), &Value::Null);
        connect(&config).call(Request::get("/api/v1/namespaces/kube-system/configmaps")).await.expect("renewed");

        // Two contexts, or two windows, with one user: the refresh token is spent by one of them, for both.
        let ended = issuer.provider(&issuer.id_token(-300), &issuer.refresh_token());
        let config = real.kubeconfig(&json!({ "auth-provider": ended }), &Value::Null);
        let (one, other) = (connect(&config), connect(&config));
        let ask = || Request::get("/api/v1/namespaces/kube-system/configmaps");
        let given = issuer.given();
        let (first, second) = futures::join!(one.call(ask()), other.call(ask()));
        assert!(first.is_ok() && second.is_ok(), "{:?} {:?}", first.err(), second.err());
        connect(&config).call(ask()).await.expect("nor does a third one spend it again");
        assert_eq!(issuer.given(), given + 2, "the issuer gave one id-token and one refresh token");

        let config = json!({"auth-provider": issuer.provider(&issuer.id_token(-300), "")});
        let cluster = connect(&real.kubeconfig(&config, &Value::Null));
        let problem = cluster.call(Request::get("/api/v1/pods")).await.expect_err("no refresh token");
        assert_eq!(problem.kind, ProblemKind::Unauthenticated);
        assert!(problem.why.starts_with("it expired on ") && problem.why.contains("no refresh-token"), "{problem}");
        assert!(problem.next.contains("sign in again"), "{problem}");

        issuer.refuse();
        let config = json!({"auth-provider": issuer.provider(&issuer.id_token(-300), &issuer.refresh_token())});
        let cluster = connect(&real.kubeconfig(&config, &Value::Null));
        let problem = cluster.call(Request::get("/api/v1/pods")).await.expect_err("refused");
        assert_eq!(problem.kind, ProblemKind::Unauthenticated);
        let told = problem.to_string();
        for part in
            ["cannot renew the id-token", &issuer.url(), "invalid_grant: the session has ended", "sign in again"]
        {
            assert!(told.contains(part), "{part} in {told}");
        }
    });
}

/// Against the embedded cluster, which takes no such token: what is asked of the issuer is what counts.
#[test]
fn an_issuer_that_is_dead_or_not_trusted_is_told_as_such() {
    let config = |issuer: Value| {
        json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
            "users": [{"name": "u", "user": {"auth-provider": issuer}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})
        .to_string()
    };
    super::run(async {
        let issuer = Issuer::start("vera", true);
        let mut untrusted = issuer.provider(&issuer.id_token(-5), &issuer.refresh_token());
        untrusted["config"].as_object_mut().expect("a map").remove("idp-certificate-authority-data");
        let problem = connect(&config(untrusted)).call(Request::get("/version")).await.expect_err("not trusted");
        assert!(problem.why.contains("the issuer does not answer"), "{problem}");
        assert!(problem.why.contains(&format!("localhost:{}", issuer.port())), "{problem}");
        assert!(problem.next.contains("idp-certificate-authority"), "{problem}");

        let mut dead = issuer.provider(&issuer.id_token(-5), &issuer.refresh_token());
        dead["config"]["idp-issuer-url"] = json!("https://127.0.0.1:9");
        let problem = connect(&config(dead)).call(Request::get("/version")).await.expect_err("dead");
        assert_eq!(problem.kind, ProblemKind::Unreachable, "it is tried again by itself");
        assert!(problem.why.contains("127.0.0.1:9 refuses the connection"), "{problem}");

        // This one takes the client's secret in the form only. Then it is the API server that is not there.
        let good = issuer.provider(&issuer.id_token(-5), &issuer.refresh_token());
        let problem = connect(&config(good)).call(Request::get("/version")).await.expect_err("no server");
        assert!(problem.why == "127.0.0.1:9 refuses the connection", "{problem}");
    });
    assert!(Kubeconfig::parse(&config(json!({"name": "oidc"})), "test").is_ok());
}
