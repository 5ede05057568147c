//! Status, scale, eviction, tokens: what has a path of its own below an object.

use crate::talk::{Keep, Talk, get, patch, post, put};
use serde_json::{Value, json};

const WEB: &str = "/apis/apps/v1/namespaces/NS/deployments/web";

/// Each part of an object changes through its own door.
pub fn talk(t: &mut Talk) {
    let web = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
        "status": {"replicas": 7},
    });
    t.ask("a deployment with its defaults", post("/apis/apps/v1/namespaces/NS/deployments", web));
    let kept = Keep::Only(&["/metadata/generation", "/metadata/labels", "/spec/replicas", "/status"]);
    t.ask_for("its scale", get(&format!("{WEB}/scale")), Keep::All);
    let scale =
        json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 3}});
    t.ask("put a scale", put(&format!("{WEB}/scale"), scale));
    t.ask("patch a scale", patch("merge", &format!("{WEB}/scale"), json!({"spec": {"replicas": 0}})));
    t.ask("scale below nothing", patch("merge", &format!("{WEB}/scale"), json!({"spec": {"replicas": -1}})));
    t.ask_for("a scale changes the spec", get(WEB), kept);
    let status = json!({"spec": {"replicas": 9}, "metadata": {"labels": {"x": "y"}}, "status": {"replicas": 2, "updatedReplicas": 2}});
    t.ask_for("a status changes the status only", patch("merge", &format!("{WEB}/status"), status), kept);
    let main = json!({"spec": {"replicas": 4}, "status": {"replicas": 100}});
    t.ask_for("and the rest leaves it alone", patch("merge", WEB, main), kept);
    t.ask("scale what is not there", get("/apis/apps/v1/namespaces/NS/deployments/none/scale"));
    t.ask("status of what is not there", get("/apis/apps/v1/namespaces/NS/deployments/none/status"));
    t.ask_for("read a status", get(&format!("{WEB}/status")), kept);

    let pod = json!({"metadata": {"name": "p", "labels": {"app": "p"}}, "spec": {"automountServiceAccountToken": false,
        "containers": [{"name": "c", "image": "c:1"}]}});
    let defaults = Keep::Only(&[
        "/metadata/generation",
        "/spec/restartPolicy",
        "/spec/dnsPolicy",
        "/spec/serviceAccountName",
        "/spec/schedulerName",
        "/spec/terminationGracePeriodSeconds",
        "/spec/containers",
        "/spec/enableServiceLinks",
        "/spec/priority",
        "/status/phase",
        "/status/qosClass",
    ]);
    t.ask_for("a pod with its defaults", post("/api/v1/namespaces/NS/pods", pod), defaults);
    let change = json!({"spec": {"containers": [{"name": "c", "image": "c:2"}]}});
    let image = Keep::Only(&["/metadata/generation", "/spec/containers/*/image"]);
    t.ask_for("a pod's image may change", patch("strategic", "/api/v1/namespaces/NS/pods/p", change), image);
    let ready = json!({"status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}});
    let phase = Keep::Only(&["/status/phase", "/status/podIP", "/spec/containers/*/image"]);
    t.ask_for("a pod's status", patch("merge", "/api/v1/namespaces/NS/pods/p/status", ready), phase);
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"kind": "Node", "name": "berth-3"}});
    t.ask("bind it to a node", post("/api/v1/namespaces/NS/pods/p/binding", binding));
    t.ask_for("it is bound", get("/api/v1/namespaces/NS/pods/p"), Keep::Only(&["/spec/nodeName"]));
    t.ask("a log without a kubelet's node", get("/api/v1/namespaces/NS/pods/none/log"));
    let token =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}});
    let path = "/api/v1/namespaces/NS/serviceaccounts/default/token";
    t.ask_for(
        "a token",
        post(path, token.clone()),
        Keep::Only(&["/kind", "/spec", "/status/token", "/status/expirationTimestamp"]),
    );
    let mut short = token.clone();
    short["spec"]["expirationSeconds"] = json!(5);
    t.ask("a token for five seconds", post(path, short));
    t.ask("a token of nobody", post(&path.replace("default", "nobody"), token));
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
    t.ask("evict it", post("/api/v1/namespaces/NS/pods/p/eviction", eviction.clone()));
    t.ask("evict nobody", post("/api/v1/namespaces/NS/pods/none/eviction", eviction_of("none", eviction)));
    budgets(t);
    services(t);
}

/// Evictions that a disruption budget holds, and lets go.
fn budgets(t: &mut Talk) {
    let labels = json!({"app": "held"});
    let pod = json!({"metadata": {"name": "held", "labels": labels}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}});
    let name = Keep::Only(&["/metadata/name"]);
    t.ask_for("a pod for a budget", post("/api/v1/namespaces/NS/pods", pod), name);
    let ready = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    t.ask_for(
        "it is ready",
        patch("merge", "/api/v1/namespaces/NS/pods/held/status", ready),
        Keep::Only(&["/status/phase"]),
    );
    let path = "/apis/policy/v1/namespaces/NS/poddisruptionbudgets";
    let budget =
        json!({"metadata": {"name": "held"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}}});
    t.ask_for("a budget", post(path, budget), Keep::Only(&["/spec"]));
    let state = |allowed: i64, healthy: i64| {
        json!({"status": {"observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": healthy,
            "desiredHealthy": 1, "expectedPods": 1}})
    };
    let status = format!("{path}/held/status");
    let told = Keep::Only(&["/status/disruptionsAllowed"]);
    t.ask_for("it allows none", patch("merge", &status, state(0, 1)), told);
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "held"}});
    let evict = "/api/v1/namespaces/NS/pods/held/eviction";
    t.ask("evict what the budget holds", post(evict, eviction.clone()));
    t.ask("try to evict it", post(&format!("{evict}?dryRun=All"), eviction.clone()));
    t.ask_for("it allows one", patch("merge", &status, state(1, 2)), told);
    t.ask_for(
        "try one that is allowed",
        post(&format!("{evict}?dryRun=All"), eviction.clone()),
        Keep::Only(&["/status"]),
    );
    t.ask_for("a dry run takes nothing of it", get(&format!("{path}/held")), told);
    t.ask_for("evict what it allows", post(evict, eviction), Keep::Only(&["/status"]));
    t.ask_for("one is taken of the budget", get(&format!("{path}/held")), told);
}

fn services(t: &mut Talk) {
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
    t.ask("a service with its defaults", post("/api/v1/namespaces/NS/services", service));
    let headless = json!({"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "ports": [{"name": "sql", "port": 5432, "targetPort": "sql"}]}});
    t.ask("a service without an address", post("/api/v1/namespaces/NS/services", headless));
}

fn eviction_of(name: &str, mut eviction: Value) -> Value {
    eviction["metadata"]["name"] = json!(name);
    eviction
}
