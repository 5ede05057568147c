//! Who may do what: refusals, reviews, tokens, impersonation.

use crate::talk::{Keep, Talk, delete, get, patch, post};
use serde_json::{Value, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

fn review(kind: &str, spec: Value) -> Value {
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec})
}

/// A service account that may read pods and one config map here, and nothing else.
pub fn talk(t: &mut Talk) {
    t.quietly(post("/api/v1/namespaces/NS/serviceaccounts", json!({"metadata": {"name": "reader"}})));
    t.quietly(post("/api/v1/namespaces/NS/configmaps", json!({"metadata": {"name": "known"}})));
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["known"], "verbs": ["get"]},
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"]},
        {"apiGroups": ["batch"], "resources": ["*"], "verbs": ["list"]},
    ]);
    t.ask(
        "a role",
        post(&format!("{RBAC}/namespaces/NS/roles"), json!({"metadata": {"name": "reader"}, "rules": rules})),
    );
    let subject = json!({"kind": "ServiceAccount", "name": "reader", "namespace": "NS"});
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"});
    let binding = json!({"metadata": {"name": "reader"}, "roleRef": role, "subjects": [subject]});
    t.ask("a binding", post(&format!("{RBAC}/namespaces/NS/rolebindings"), binding));
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token = t.quietly(post("/api/v1/namespaces/NS/serviceaccounts/reader/token", request));
    let token = token["status"]["token"].as_str().expect("a token").to_owned();

    t.become_bearer(&token);
    t.settle(&get("/api/v1/namespaces/NS/pods"), 200);
    t.ask_for(
        "who am I",
        post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}),
        ),
        Keep::Only(&["/kind", "/status/userInfo/username", "/status/userInfo/groups"]),
    );
    t.ask("what is allowed", get("/api/v1/namespaces/NS/pods"));
    t.ask("what is not", get("/api/v1/namespaces/NS/secrets"));
    t.ask("what is not, one", get("/api/v1/namespaces/NS/secrets/key"));
    t.ask("not everywhere", get("/api/v1/pods"));
    t.ask("not elsewhere", get("/api/v1/namespaces/kube-system/pods"));
    t.ask("not for the cluster", get("/api/v1/nodes"));
    t.ask("one by its name", get("/api/v1/namespaces/NS/configmaps/known"));
    t.ask("not another", get("/api/v1/namespaces/NS/configmaps/other"));
    t.ask("not all of them", get("/api/v1/namespaces/NS/configmaps"));
    t.ask("not to create", post("/api/v1/namespaces/NS/pods", json!({"metadata": {"name": "x"}})));
    t.ask("not to change", patch("merge", "/api/v1/namespaces/NS/configmaps/known", json!({})));
    t.ask("not to delete", delete("/api/v1/namespaces/NS/configmaps/known", Value::Null));
    t.ask("not to watch secrets", get("/api/v1/namespaces/NS/secrets?watch=true"));
    t.ask("not a subresource", get("/api/v1/namespaces/NS/pods/x/log"));
    t.ask("a group of resources", get("/apis/batch/v1/namespaces/NS/cronjobs"));
    t.ask("not a kind nobody knows", get("/apis/unknown.example.org/v1/things"));
    t.ask_for("discovery is for all", get("/apis/apps"), Keep::Only(&["/name"]));
    t.ask("but not every path", get("/metrics"));
    for (step, attributes) in [
        ("may I list pods here", json!({"namespace": "NS", "verb": "list", "resource": "pods"})),
        ("may I list pods everywhere", json!({"verb": "list", "resource": "pods"})),
        ("may I read this map", json!({"namespace": "NS", "verb": "get", "resource": "configmaps", "name": "known"})),
        ("may I read any map", json!({"namespace": "NS", "verb": "get", "resource": "configmaps"})),
        (
            "may I scale",
            json!({"namespace": "NS", "verb": "patch", "group": "apps", "resource": "deployments", "subresource": "scale"}),
        ),
        (
            "may I change deployments",
            json!({"namespace": "NS", "verb": "patch", "group": "apps", "resource": "deployments"}),
        ),
    ] {
        let body = review("SelfSubjectAccessReview", json!({ "resourceAttributes": attributes }));
        t.ask_for(
            step,
            post(&format!("{REVIEWS}/selfsubjectaccessreviews"), body),
            Keep::Only(&["/spec", "/status/allowed"]),
        );
    }
    let body = review("SelfSubjectAccessReview", json!({"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}));
    t.ask_for(
        "may I see metrics",
        post(&format!("{REVIEWS}/selfsubjectaccessreviews"), body),
        Keep::Only(&["/status/allowed"]),
    );
    let body = review("SelfSubjectRulesReview", json!({"namespace": "NS"}));
    let rules = t.quietly(post(&format!("{REVIEWS}/selfsubjectrulesreviews"), body));
    // The order and the rules that everybody has differ from server to server; ours must be among them.
    let pods = rules["status"]["resourceRules"].as_array().into_iter().flatten().any(|rule| {
        rule["resources"].as_array().is_some_and(|r| r.contains(&json!("pods")))
            && rule["verbs"].as_array().is_some_and(|v| v.contains(&json!("watch")))
    });
    assert!(pods && rules["status"]["incomplete"] == false, "{rules:#}");
    let body = review(
        "SubjectAccessReview",
        json!({"user": "anna", "resourceAttributes": {"verb": "get", "resource": "pods"}}),
    );
    t.ask("not to ask about others", post(&format!("{REVIEWS}/subjectaccessreviews"), body.clone()));
    let impersonating = get("/api/v1/namespaces/NS/pods").header("Impersonate-User", "anna");
    t.ask("not to be others", impersonating.clone());

    t.become_admin();
    t.ask_for("may anna", post(&format!("{REVIEWS}/subjectaccessreviews"), body), Keep::Only(&["/status/allowed"]));
    t.ask("anna may not", impersonating);
    let more = get("/api/v1/namespaces/NS/pods").header("Impersonate-User", "anna").header("Impersonate-Group", "crew");
    let crew = json!({"kind": "Group", "name": "crew", "apiGroup": "rbac.authorization.k8s.io"});
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"});
    t.quietly(post(
        &format!("{RBAC}/namespaces/NS/rolebindings"),
        json!({"metadata": {"name": "crew"}, "roleRef": role, "subjects": [crew]}),
    ));
    t.settle(&more, 200);
    t.ask_for("but the crew may", more, Keep::Only(&["/kind"]));
    let other = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "other"});
    t.ask(
        "a binding keeps its role",
        patch("merge", &format!("{RBAC}/namespaces/NS/rolebindings/reader"), json!({"roleRef": other})),
    );
    t.quietly(delete(&format!("{RBAC}/namespaces/NS/rolebindings/reader"), Value::Null));
    t.become_bearer(&token);
    t.settle(&get("/api/v1/namespaces/NS/pods"), 403);
    t.ask("no binding, no right", get("/api/v1/namespaces/NS/pods"));
    t.become_bearer("not.a.token");
    t.ask("not a token", get("/api/v1/namespaces/NS/pods"));
    t.become_admin();
    t.quietly(delete("/api/v1/namespaces/NS/serviceaccounts/reader", Value::Null));
    t.become_bearer(&token);
    t.settle(&get("/api/v1/namespaces/NS/pods"), 401);
    t.ask("a token of nobody", get("/api/v1/namespaces/NS/pods"));
}
