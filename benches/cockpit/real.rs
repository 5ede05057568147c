//! A real kube-apiserver with many pods.

use futures::StreamExt;
use quarterdeck_testing::real::{Options, RealCluster};
use serde_json::{Value, json};

/// Starts a control plane with `count` pods of about 6.5 KB JSON in 20 namespaces. Only service accounts are looked after.
pub fn with_pods(count: usize) -> Option<RealCluster> {
    if let Err(why) = quarterdeck_testing::programs::programs() {
        println!("skipped: no real control plane here: {why}");
        return None;
    }
    let options = Options {
        controllers: Some("serviceaccount-controller,serviceaccount-token-controller"),
        ..Options::default()
    };
    let cluster = RealCluster::start_with("bench", &options);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = client(&cluster.admin()).await;
        for n in 0..20 {
            post(&client, "/api/v1/namespaces", &json!({"metadata": {"name": format!("bench-{n:02}")}})).await;
            let account = format!("/api/v1/namespaces/bench-{n:02}/serviceaccounts");
            post(&client, &account, &json!({"metadata": {"name": "default"}})).await;
        }
        futures::stream::iter(0..count)
            .for_each_concurrent(24, |i| {
                let client = client.clone();
                async move {
                    let path = format!("/api/v1/namespaces/bench-{:02}/pods", i % 20);
                    post(&client, &path, &pod(i)).await;
                }
            })
            .await;
    });
    Some(cluster)
}

/// A client that knows nothing of Quarterdeck.
pub async fn client(kubeconfig: &str) -> kube::Client {
    let parsed = kube::config::Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(parsed, &kube::config::KubeConfigOptions::default())
        .await
        .expect("config");
    kube::Client::try_from(config).expect("a client")
}

pub async fn post(client: &kube::Client, path: &str, body: &Value) {
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .body(serde_json::to_vec(body).expect("json"))
        .expect("a request");
    if let Err(error) = client.request_text(request).await {
        let text = error.to_string();
        assert!(text.contains("already exists") || text.contains("AlreadyExists"), "{path}: {text}");
    }
}

fn pod(i: usize) -> Value {
    let env: Vec<Value> = (0..16)
        .map(|n| json!({"name": format!("SETTING_{n:02}"), "value": format!("value-{n}-of-some-length-in-a-real-pod")}))
        .collect();
    json!({
        "metadata": {
            "name": format!("svc-{:03}-{i:05}", i / 50),
            "labels": {"app.kubernetes.io/name": format!("svc-{:03}", i / 50), "pod-template-hash": format!("{:08x}", i / 50)},
            "annotations": {"example.com/note": "x".repeat(400)},
        },
        "spec": {
            "nodeName": format!("node-{:03}", i % 100),
            "automountServiceAccountToken": false,
            "containers": [{
                "name": "main", "image": format!("registry.example.com/team/svc-{:03}:1.{}.0", i / 50, i % 7), "env": env,
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                "ports": [{"name": "http", "containerPort": 8080}],
            }],
        }
    })
}

/// Changes an object by a merge patch.
pub async fn patch(client: &kube::Client, path: &str, body: &Value) {
    let request = http::Request::patch(path)
        .header("content-type", "application/merge-patch+json")
        .body(serde_json::to_vec(body).expect("json"))
        .expect("a request");
    client.request_text(request).await.expect("patched");
}

/// A client for code that waits.
pub fn blocking(kubeconfig: &std::path::Path) -> quarterdeck_testing::http::Client {
    let text = std::fs::read_to_string(kubeconfig).expect("the kubeconfig");
    quarterdeck_testing::http::Client::from_kubeconfig(&text).expect("a client")
}

/// Namespace and name of all objects below a path.
pub fn names(client: &quarterdeck_testing::http::Client, path: &str) -> Vec<(String, String)> {
    let list = client.get(path).expect("a list").json();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|i| (text(&i["metadata"]["namespace"]), text(&i["metadata"]["name"]))).collect()
}

/// Deletes an object.
pub fn delete(client: &quarterdeck_testing::http::Client, path: &str) {
    let answer = client.send(&quarterdeck_testing::http::Request::new("DELETE", path)).expect("an answer");
    assert!(answer.status < 300, "{path}: {}", answer.text());
}
