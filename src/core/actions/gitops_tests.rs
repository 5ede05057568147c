//! Argo CD and Flux through the production client, with the embedded server and its small controllers.

use super::tests::Lab;
use super::{Args, Confirmation, Outcome, Plan};
use crate::cluster::Method;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};
use std::time::Duration;

const NS: &str = "client-acme";

fn applications() -> Kind {
    Kind::of("argoproj.io", "v1alpha1", "Application", "applications", true)
}
fn kustomizations() -> Kind {
    Kind::of("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", true)
}

/// A kind that takes everything, or only what its schema has.
async fn define(lab: &Lab, kind: &Kind, spec: Value) {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"spec": spec}});
    let names = json!({"plural": kind.plural, "singular": kind.kind.to_lowercase(), "kind": kind.kind, "listKind": format!("{}List", kind.kind)});
    let object = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{}", kind.plural, kind.group)},
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names,
            "versions": [{"name": kind.version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    lab.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", object).await;
}

fn anything() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

async fn make(lab: &Lab, kind: &Kind, name: &str, mut object: Value) -> ObjectRef {
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.as_str().into();
    object["metadata"]["name"] = name.into();
    let made = lab.post(&kind.path(Some(NS), None, None), object).await;
    super::tests::reference(kind.clone(), &made)
}

async fn application(lab: &Lab, name: &str, automated: Value) -> ObjectRef {
    let source =
        |revision: &str| json!({"repoURL": "https://git.lab/web.git", "path": "web", "targetRevision": revision});
    let one = json!({"group": "apps", "version": "v1", "kind": "Deployment", "namespace": NS, "name": "web", "status": "OutOfSync"});
    let extra = json!({"version": "v1", "kind": "ConfigMap", "namespace": NS, "name": "old", "requiresPruning": true, "status": "OutOfSync"});
    let entry = |id: i64, revision: &str| json!({"id": id, "revision": revision, "deployedAt": "2026-11-20T12:00:00Z", "source": source(revision)});
    let policy = json!({"automated": automated, "syncOptions": ["ServerSideApply=true"]});
    let object = json!({"spec": {"project": "default", "source": source("main"), "syncPolicy": policy},
        "status": {"sync": {"status": "OutOfSync", "revision": "abc"}, "health": {"status": "Healthy"}, "resources": [one, extra],
            "history": [entry(3, "aaa"), entry(4, "bbb")],
            "operationState": {"phase": "Failed", "message": "an old failure", "startedAt": "2026-11-20T12:00:00Z", "operation": {}}}});
    make(lab, &applications(), name, object).await
}

async fn run(lab: &Lab, plan: Plan) -> Outcome {
    let yes = Confirmation { typed: plan.type_to_confirm.clone(), reason: "a test".into() };
    let run = lab.session.run(plan, yes).unwrap();
    tokio::time::timeout(Duration::from_secs(60), lab.session.wait(run)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_refreshed_synced_and_rolled_back_and_each_is_seen_to_its_end() {
    let lab = Lab::new().await;
    let _controllers = lab.controllers();
    define(&lab, &applications(), anything()).await;
    let app = application(&lab, "web", Value::Null).await;

    let outcome = run(&lab, lab.plan("argocd-refresh", &app, Args::new()).await.unwrap()).await;
    assert_eq!((outcome.ok, outcome.text.as_str()), (true, "compared at abc: OutOfSync, Healthy"));

    let plan = lab.plan("argocd-sync", &app, Args::new()).await.unwrap();
    assert!(plan.can_run(), "{:?}", plan.blocked);
    assert!(
        plan.warnings.iter().any(|w| w.contains(":ConfigMap:client-acme/old; prune deletes it")),
        "{:?}",
        plan.warnings
    );
    let body = plan.steps[0].effect.body.clone().unwrap();
    assert_eq!(body["operation"]["sync"]["syncOptions"], json!(["ServerSideApply=true"]));
    let outcome = run(&lab, plan).await;
    assert!(outcome.ok && outcome.text.contains("successfully synced"), "an old failure is not this one: {outcome:?}");
    let now = lab.get(&app).await.unwrap();
    assert_eq!((&now["operation"], &now["status"]["sync"]["status"]), (&Value::Null, &json!("Synced")));

    let some = lab.plan("argocd-sync", &app, Args::new().with("resources", "apps:Deployment:web")).await.unwrap();
    let chosen = &some.steps[0].effect.body.as_ref().unwrap()["operation"]["sync"]["resources"];
    assert_eq!(*chosen, json!([{"kind": "Deployment", "name": "web", "group": "apps", "namespace": NS}]));
    let none = lab.plan("argocd-sync", &app, Args::new().with("resources", "apps:Deployment:nope")).await.unwrap_err();
    assert!(none.next.contains("apps:Deployment:client-acme/web"), "{none}");

    let plan = lab.plan("argocd-rollback", &app, Args::new().with("id", "3")).await.unwrap();
    assert_eq!(plan.type_to_confirm, "web");
    let outcome = run(&lab, plan).await;
    assert!(outcome.ok && outcome.text.contains("at aaa"), "{outcome:?}");
    assert_eq!(lab.get(&app).await.unwrap()["status"]["sync"]["status"], "OutOfSync", "git is ahead of it");
    assert!(lab.plan("argocd-rollback", &app, Args::new().with("id", "99")).await.is_err());

    lab.patch(&app, json!({"metadata": {"annotations": {"sim.quarterdeck.dev/fails": "one or more synchronization tasks completed unsuccessfully"}}})).await;
    let outcome = run(&lab, lab.plan("argocd-sync", &app, Args::new()).await.unwrap()).await;
    assert!(!outcome.ok && outcome.text.contains("hook"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_terminated_and_stands_in_the_way_of_another() {
    let lab = Lab::new().await;
    define(&lab, &applications(), anything()).await;
    let app = application(&lab, "web", Value::Null).await;
    assert!(lab.plan("argocd-terminate", &app, Args::new()).await.unwrap_err().why.contains("no operation"));
    let running = json!({"operation": {"sync": {}}, "status": {"operationState": {"phase": "Running", "message": "waiting for hook"}}});
    lab.patch(&app, running).await;
    let busy = lab.plan("argocd-sync", &app, Args::new()).await.unwrap_err();
    assert!(busy.why.contains("waiting for hook") && busy.next.contains("argocd-terminate"), "{busy}");
    let plan = lab.plan("argocd-terminate", &app, Args::new()).await.unwrap();
    assert!(plan.can_run() && !plan.changes_nothing(), "{plan:?}");
    let _controllers = lab.controllers();
    let outcome = run(&lab, plan).await;
    assert!(outcome.ok && outcome.text.contains("Operation terminated"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_sync_goes_off_and_on_and_comes_back_exactly_on_new_servers_and_old_ones() {
    for old in [false, true] {
        let lab = Lab::new().await;
        let switch = json!({"type": "boolean"});
        let known = json!({"type": "object", "properties": {"prune": switch, "selfHeal": switch}});
        let policy =
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"automated": known}});
        let spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"syncPolicy": policy}});
        define(&lab, &applications(), if old { spec } else { anything() }).await;
        let before = json!({"prune": true, "selfHeal": true});
        let app = application(&lab, "web", before.clone()).await;
        let automated = async || lab.get(&app).await.unwrap()["spec"]["syncPolicy"]["automated"].clone();

        let other = lab.plan("argocd-sync", &app, Args::new().with("revision", "v2")).await.unwrap_err();
        assert!(other.why.contains("auto-sync is on"), "{other}");
        let back = lab.plan("argocd-rollback", &app, Args::new()).await.unwrap_err();
        assert!(back.next.contains("argocd-suspend"), "{back}");

        let off = run(&lab, lab.plan("argocd-suspend", &app, Args::new()).await.unwrap()).await;
        assert!(off.ok, "{off:?}");
        let expected = if old { Value::Null } else { json!({"prune": true, "selfHeal": true, "enabled": false}) };
        assert_eq!(automated().await, expected);
        let undo = lab.session.undo(&off.journal).await.unwrap();
        assert!(run(&lab, undo).await.ok);
        assert_eq!(automated().await, before, "undo restores exactly");
        assert!(run(&lab, lab.plan("argocd-suspend", &app, Args::new()).await.unwrap()).await.ok);
        assert!(run(&lab, lab.plan("argocd-resume", &app, Args::new()).await.unwrap()).await.ok);
        assert_eq!(automated().await, before, "resume knows how it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_who_would_take_a_change_back() {
    let lab = Lab::new().await;
    define(&lab, &applications(), anything()).await;
    define(&lab, &kustomizations(), anything()).await;
    application(&lab, "web", json!({"selfHeal": true})).await;
    let web = lab.deployment("web", 1).await;
    let plan = async |object: &ObjectRef| lab.plan("scale", object, Args::new().with("replicas", "3")).await.unwrap();
    assert!(plan(&web).await.warnings.is_empty());
    lab.patch(&web, json!({"metadata": {"labels": {"app.kubernetes.io/instance": "web"}}})).await;
    let warned = plan(&web).await.warnings.join(" ");
    assert!(warned.contains("Argo CD Application client-acme/web") && warned.contains("self-heal on"), "{warned}");

    let api = lab.deployment("api", 1).await;
    let id = "web:apps/Deployment:client-acme/api";
    lab.patch(&api, json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": id}}})).await;
    assert!(plan(&api).await.warnings.join(" ").contains("argocd-suspend"));

    make(&lab, &kustomizations(), "apps", json!({"spec": {"interval": "10m"}})).await;
    let db = lab.deployment("db", 1).await;
    let labels = json!({"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": NS});
    lab.patch(&db, json!({"metadata": {"labels": labels}})).await;
    let warned = plan(&db).await.warnings.join(" ");
    assert!(warned.contains("Flux Kustomization client-acme/apps") && warned.contains("every 10m"), "{warned}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flux_reconciles_first_the_source_then_what_is_made_of_it_and_is_suspended_and_resumed() {
    let lab = Lab::new().await;
    let sources = Kind::of("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", true);
    define(&lab, &kustomizations(), anything()).await;
    define(&lab, &sources, anything()).await;
    let _controllers = lab.controllers();
    let done = json!({"observedGeneration": 1, "lastAppliedRevision": "main@sha1:abc",
        "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "old", "observedGeneration": 1}]});
    make(&lab, &sources, "main", json!({"spec": {}, "status": done})).await;
    let spec = json!({"path": "./apps", "sourceRef": {"kind": "GitRepository", "name": "main"}});
    let apps = make(&lab, &kustomizations(), "apps", json!({"spec": spec, "status": done})).await;

    let outcome = run(&lab, lab.plan("flux-reconcile", &apps, Args::new()).await.unwrap()).await;
    assert_eq!((outcome.ok, outcome.text.as_str()), (true, "ready: Applied revision: main@sha1:abc"));
    let forced = lab.plan("flux-reconcile", &apps, Args::new().with("force", "true")).await.unwrap_err();
    assert!(forced.why.contains("HelmReleases only"), "{forced}");

    let plan = lab.plan("flux-reconcile-source", &apps, Args::new()).await.unwrap();
    let order: Vec<&str> = plan.steps.iter().map(|s| s.object.kind.kind.as_str()).collect();
    assert_eq!((order.as_slice(), plan.wave), (["GitRepository", "Kustomization"].as_slice(), 1));
    assert!(plan.rights.iter().any(|(r, _)| r.line().contains("gitrepositories")), "{:?}", plan.rights);
    let outcome = run(&lab, plan).await;
    assert!(outcome.ok && outcome.results.len() == 2, "{outcome:?}");

    let off = run(&lab, lab.plan("flux-suspend", &apps, Args::new()).await.unwrap()).await;
    assert!(off.ok && off.can_undo, "{off:?}");
    let refused = lab.plan("flux-reconcile", &apps, Args::new()).await.unwrap_err();
    assert!(refused.why.contains("suspended") && refused.next.contains("flux-resume"), "{refused}");
    let wrong = "kustomization path not found: stat /tmp/k/nowhere: no such file or directory";
    lab.patch(&apps, json!({"metadata": {"annotations": {"sim.quarterdeck.dev/fails": wrong}}})).await;
    let on = run(&lab, lab.plan("flux-resume", &apps, Args::new()).await.unwrap()).await;
    assert!(!on.ok && on.text.contains("correct spec.path"), "{on:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_secret_is_refreshed_and_the_refresh_is_seen() {
    let lab = Lab::new().await;
    let kind = Kind::of("external-secrets.io", "v1", "ExternalSecret", "externalsecrets", true);
    define(&lab, &kind, anything()).await;
    let old = json!({"refreshTime": "2026-11-20T12:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]});
    let secret = make(&lab, &kind, "db", json!({"spec": {}, "status": old})).await;
    let plan = lab.plan("refresh-secret", &secret, Args::new()).await.unwrap();
    let yes = Confirmation { typed: plan.type_to_confirm.clone(), reason: "a test".into() };
    let run = lab.session.run(plan, yes).unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(300), lab.session.wait(run)).await;
    assert!(waits.is_err(), "the refresh before it does not count");
    // The controller's part.
    let url = secret.path(None);
    let now = json!({"status": {"refreshTime": "2026-11-20T12:05:00Z"}}).to_string();
    lab.admin().call(crate::cluster::Request::write(Method::MergePatch, url, now)).await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(20), lab.session.wait(run)).await.unwrap().unwrap();
    assert_eq!((outcome.ok, outcome.text.as_str()), (true, "refreshed at 2026-11-20T12:05:00Z"));
}
