//! Everything goes through a proxy where one is named, and the proxy is named where it fails.

use super::streams::{self, Pod};
use super::{command, connect, qd, real, run};
use quarterdeck_core::ProblemKind;
use quarterdeck_core::cluster::Request;
use quarterdeck_testing::proxy::{Proxy, Speaks};
use quarterdeck_testing::real::RealCluster;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// A name that the API server's certificate has and nobody here can find.
const NAME: &str = "kubernetes.default.svc";

fn behind(real: &RealCluster, proxy: Option<&str>) -> String {
    let mut cluster = json!({ "server": format!("https://{NAME}:{}", real.port()) });
    if let Some(url) = proxy {
        cluster["proxy-url"] = json!(url);
    }
    real.kubeconfig(&json!({ "token": real.bearer() }), &cluster)
}

fn only_the_server(proxy: &Proxy, real: &RealCluster) {
    let targets = proxy.targets();
    assert!(!targets.is_empty() && targets.iter().all(|t| *t == format!("{NAME}:{}", real.port())), "{targets:?}");
}

#[test]
fn requests_watches_logs_exec_and_forwards_go_through_the_proxy_of_the_kubeconfig() {
    let Some(real) = real("requests_watches_logs_exec_and_forwards_go_through_the_proxy_of_the_kubeconfig") else {
        return;
    };
    let pod = Pod::start(real, "proxied");
    for (speaks, scheme, user) in [
        (Speaks::Http, "http", ""),
        (Speaks::HttpFor("sailor:k3lp@sea"), "http", "sailor:k3lp%40sea@"),
        (Speaks::Socks5, "socks5", ""),
    ] {
        let proxy = Proxy::start(speaks);
        let url = format!("{scheme}://{user}{}", proxy.address());
        run(async {
            let cluster = connect(&behind(real, Some(&url)));
            assert!(cluster.version().await.expect("a version").starts_with("v1."));
            streams::all(&cluster, &pod).await;
        });
        only_the_server(&proxy, real);
        assert!(proxy.targets().len() > 2, "streams have connections of their own");
    }
}

#[test]
fn the_proxy_of_the_environment_is_used_unless_no_proxy_names_the_server() {
    let Some(real) = real("the_proxy_of_the_environment_is_used_unless_no_proxy_names_the_server") else { return };
    let pod = Pod::start(real, "environment");
    let kubeconfig = real.file("environment", &behind(real, None));
    let proxy = Proxy::start(Speaks::Http);
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let url = format!("http://{}", proxy.address());
        let (code, out, err) = qd(&kubeconfig, &[(name, url.as_str())], "get namespaces -o name");
        assert!(code == Some(0) && out.contains("kube-system"), "{err}");
    }
    let address = proxy.address();
    let environment = [("HTTPS_PROXY", address.as_str())];
    let log = format!("logs {} -n {} -f", pod.name, pod.namespace);
    let mut follow = command(&kubeconfig, &environment, &log).stdout(Stdio::piped()).spawn().expect("qd runs");
    let mut line = String::new();
    BufReader::new(follow.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let _ = follow.kill().and_then(|()| follow.wait());
    assert!(line.contains("starting"), "{line}");
    only_the_server(&proxy, real);

    let before = proxy.targets().len();
    let (code, _, err) = qd(&kubeconfig, &[environment[0], ("NO_PROXY", "10.0.0.0/8,.default.svc")], "get namespaces");
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains(&format!("the name {NAME} cannot be found")) && !err.contains("proxy"), "{err}");
    assert_eq!(proxy.targets().len(), before);
    // What the kubeconfig says counts more than the environment.
    let own = Proxy::start(Speaks::Socks5);
    let named = real.file("named", &behind(real, Some(&format!("socks5://{}", own.address()))));
    assert_eq!(qd(&named, &[environment[0], ("NO_PROXY", "*")], "get namespaces").0, Some(0));
    assert_eq!(proxy.targets().len(), before);
    only_the_server(&own, real);
}

#[test]
fn a_proxy_that_fails_is_named_and_not_the_server() {
    let Some(real) = real("a_proxy_that_fails_is_named_and_not_the_server") else { return };
    let dead = Proxy::start(Speaks::Http);
    let gone = dead.address();
    drop(dead);
    let (refuses, locked) = (Proxy::start(Speaks::Refuses), Proxy::start(Speaks::HttpFor("sailor:k3lp")));
    let server = format!("{NAME}:{}", real.port());
    run(async {
        for (url, why, next) in [
            (
                format!("http://{gone}"),
                format!("the proxy {gone} refuses the connection"),
                "proxy-url of the cluster in the kubeconfig",
            ),
            (
                format!("socks5://{gone}"),
                format!("the proxy {gone} cannot be reached"),
                "proxy-url of the cluster in the kubeconfig",
            ),
            (
                format!("http://{}", refuses.address()),
                format!("the proxy {} does not let us through to {server}", refuses.address()),
                "ask those who run the proxy",
            ),
            (
                format!("http://sailor:wr0ng@{}", locked.address()),
                format!("the proxy {} wants a user name and a password", locked.address()),
                "http://USER:PASSWORD@",
            ),
            (
                "http://proxy.corp.invalid:3128".into(),
                "the name of the proxy proxy.corp.invalid:3128 cannot be found (DNS)".into(),
                "check that the proxy runs",
            ),
        ] {
            let cluster = connect(&behind(real, Some(&url)));
            let problem = cluster.call(Request::get("/api/v1/namespaces")).await.expect_err("no way");
            assert_eq!((problem.kind, problem.why.as_str()), (ProblemKind::Unreachable, why.as_str()), "{url}");
            assert!(problem.next.contains(next), "{url}: {}", problem.next);
            assert!(!problem.to_string().contains("wr0ng"), "{problem}");
        }
    });
    let kubeconfig = real.file("dead-proxy", &behind(real, None));
    let (code, _, err) = qd(&kubeconfig, &[("HTTPS_PROXY", gone.as_str())], "get namespaces");
    assert_eq!(code, Some(3), "{err}");
    assert!(
        err.contains(&format!("the proxy {gone} refuses")) && err.contains("HTTPS_PROXY in the environment"),
        "{err}"
    );
    let value: Value = serde_json::from_str(&behind(real, Some("ftp://here"))).expect("JSON");
    let odd = real.file("odd-proxy", &value.to_string());
    let (code, _, err) = qd(&odd, &[], "get namespaces");
    assert!(code == Some(2) && err.contains("ftp is not http, https or socks5"), "{code:?} {err}");
}
