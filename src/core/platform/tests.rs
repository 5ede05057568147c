//! Apps, their origins, and the chain down to the first blocking object.

use crate::overview::Overview;
use crate::overview::testing::{add, at, from_yaml};
use crate::resources::Level;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::io::Write;

const NOW: &str = "2026-11-21T03:00:00Z";

fn overview(yaml: &str) -> Overview {
    Overview::derive(&from_yaml(yaml), at(NOW))
}

fn chain(o: &Overview, app: &str) -> Vec<String> {
    let app = o.app(app).unwrap_or_else(|| panic!("{app}: {:?}", o.apps.iter().map(|a| &a.name).collect::<Vec<_>>()));
    app.blocks.iter().map(|b| format!("{} {}", b.kind, b.name)).collect()
}

fn workload(namespace: &str, name: &str, labels: &str, ready: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}, uid: d-{namespace}-{name}, creationTimestamp: '2026-11-20T00:00:00Z', labels: {{{labels}}}}}\nspec: {{replicas: 1, selector: {{matchLabels: {{app: {name}}}}}, template: {{spec: {{containers: [{{name: main, image: 'r.io/{name}:1.2'}}]}}}}}}\nstatus: {{readyReplicas: {ready}}}"
    )
}

fn pod(namespace: &str, name: &str, status: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}-1, namespace: {namespace}, uid: p-{namespace}-{name}, labels: {{app: {name}}}}}\nspec: {{}}\nstatus: {status}"
    )
}

#[test]
fn a_helm_release_tells_chart_and_version_and_keeps_no_values() {
    let body = json!({"name": "web", "version": 2, "config": {"password": "hunter2"}, "manifest": "hunter2",
        "info": {"status": "failed", "description": "Upgrade \"web\" failed: timed out", "last_deployed": "2026-11-21T01:00:00.123456789+01:00"},
        "chart": {"metadata": {"name": "web", "version": "4.1.0", "appVersion": "1.9"}}});
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(body.to_string().as_bytes()).unwrap();
    let packed = STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()));
    let mut snapshot = from_yaml(&workload("shop", "web", "app.kubernetes.io/instance: web", 1));
    let secret = |data: serde_json::Value| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": data},
        "metadata": {"name": "sh.helm.release.v1.web.v2", "namespace": "shop", "uid": "h2",
            "labels": {"owner": "helm", "name": "web", "version": "2", "status": "failed"}}})
    };
    add(&mut snapshot, &secret(json!(packed)));
    let kept: Vec<String> = snapshot.helm_releases.values().map(|r| format!("{r:?}")).collect();
    assert!(!kept[0].contains("hunter2"), "{kept:?}");
    let o = Overview::derive(&snapshot, at(NOW));
    let web = o.app("web").expect("one app, from release and label");
    assert_eq!(o.apps.len(), 1);
    assert_eq!((&*web.chart, &*web.declared, &*web.version), ("web-4.1.0", "1.9", "1.2"));
    assert!(web.verdict.why.contains("timed out"), "{:?}", web.verdict);
    assert!(web.compared.iter().any(|c| c.what == "version" && !c.agrees()), "{:?}", web.compared);
    // What cannot be unpacked is known by its labels.
    let mut broken = from_yaml(&workload("shop", "web", "app.kubernetes.io/instance: web", 1));
    add(&mut broken, &secret(json!("bm90IGEgcmVsZWFzZQ==")));
    assert_eq!(Overview::derive(&broken, at(NOW)).app("web").map(|a| &*a.sync), Some("failed"));
}

#[test]
fn argo_and_flux_say_which_object_is_in_the_way() {
    let hook = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd, uid: a1}\nspec: {destination: {namespace: shop}, source: {repoURL: 'https://git/x', path: shop, targetRevision: main}}\nstatus:\n  sync: {status: OutOfSync, revision: 4f2a91c0aa4f2a91c0aa4f2a91c0aa4f2a91c0aa}\n  health: {status: Healthy}\n  conditions: [{type: SyncError, message: 'Failed last sync attempt'}]\n  operationState: {phase: Failed, message: one or more synchronization tasks completed unsuccessfully, startedAt: '2026-11-21T02:00:00Z', finishedAt: '2026-11-21T02:01:00Z', syncResult: {revision: abc, resources: [{group: batch, version: v1, kind: Job, namespace: shop, name: migrate, hookType: PreSync, hookPhase: Failed, message: Job has reached the specified backoff limit}]}}\n  history: [{id: 3, revision: 4f2a91c0aa4f2a91c0aa4f2a91c0aa4f2a91c0aa, deployedAt: '2026-11-20T02:00:00Z', initiatedBy: {username: ann}}]";
    let o =
        overview(&[hook.to_owned(), workload("shop", "web", "app.kubernetes.io/instance: shop", 1)].join("\n---\n"));
    assert_eq!(chain(&o, "shop"), ["Application shop", "Job migrate"]);
    let shop = o.app("shop").unwrap();
    assert!(shop.verdict.why.contains("PreSync hook failed: Job has reached"), "{}", shop.verdict.why);
    assert_eq!(shop.operations.len(), 2);
    assert_eq!(shop.operations[1].what, "sync 4f2a91c0aa4f");

    let flux = |name: &str, depends: &str, ready: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system, uid: k-{name}}}\nspec: {{path: ./{name}, targetNamespace: {name}, dependsOn: [{depends}], sourceRef: {{kind: GitRepository, name: infra}}}}\nstatus: {{conditions: [{{type: Ready, {ready}}}]}}"
        )
    };
    let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: infra, namespace: flux-system, uid: g}\nstatus: {conditions: [{type: Ready, status: 'False', reason: GitOperationFailed, message: authentication required}]}";
    let o = overview(
        &[
            flux("certs", "", "status: 'False', reason: ArtifactFailed, message: no artifact"),
            flux("apps", "{name: certs}", "status: 'False', reason: DependencyNotReady, message: dependency not ready"),
            source.to_owned(),
        ]
        .join("\n---\n"),
    );
    let apps = o.app("apps").unwrap();
    assert_eq!(apps.cause.as_deref(), Some("certs"));
    assert!(apps.verdict.why.contains("authentication required"), "{}", apps.verdict.why);
    assert_eq!(apps.root().map(|b| b.kind.as_str()), Some("GitRepository"));
    assert_eq!(&*o.app("certs").unwrap().needed_by[0], "apps");
    assert_eq!(
        o.stuck().as_deref(),
        Some("stage 1 of 2 waits for certs: waits for GitRepository infra: cannot be fetched: authentication required")
    );
}

#[test]
fn the_chain_ends_at_container_volume_quota_or_a_rollout_that_does_not_go_on() {
    let crash = "{phase: Running, containerStatuses: [{name: api, ready: false, restartCount: 7, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: OOMKilled, exitCode: 137}}}]}";
    let init = "{phase: Pending, initContainerStatuses: [{name: migrate, ready: false, restartCount: 2, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: Error, exitCode: 127}}}], containerStatuses: [{name: api, ready: false, state: {waiting: {reason: PodInitializing}}}]}";
    let event = "apiVersion: v1\nkind: Event\nmetadata: {name: e1, namespace: b, uid: e1}\ntype: Warning\nreason: BackOff\nmessage: Back-off restarting failed container\ninvolvedObject: {uid: p-b-two, kind: Pod, name: two-1}";
    let quota = workload("c", "three", "app: three", 0).replace("status: {readyReplicas: 0}", "status: {conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'pods \"three-1\" is forbidden: exceeded quota: small, requested: cpu=2, used: cpu=1, limited: cpu=2'}]}");
    let full = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small, namespace: c, uid: q}\nstatus: {hard: {cpu: '2'}, used: {cpu: '1'}}";
    let stuck = workload("d", "four", "app: four", 1).replace("status: {readyReplicas: 1}", "status: {readyReplicas: 1, conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded, message: 'ReplicaSet \"four-2\" has timed out progressing.', lastTransitionTime: '2026-11-21T02:00:00Z'}]}");
    let pull = "{phase: Pending, containerStatuses: [{name: main, ready: false, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image \"r.io/four:9\"'}}}]}";
    let o = overview(
        &[
            workload("a", "one", "app: one", 0),
            pod("a", "one", crash),
            workload("b", "two", "app: two", 0),
            pod("b", "two", init),
            event.to_owned(),
            quota,
            full.to_owned(),
            stuck,
            pod("d", "four", pull),
        ]
        .join("\n---\n"),
    );
    assert_eq!(chain(&o, "one"), ["Deployment one", "Pod one-1", "container api"]);
    let root = o.app("one").unwrap().root().unwrap();
    assert_eq!(root.words, "last run: OOMKilled, exit 137 (needed more memory than its limit)");
    assert_eq!(chain(&o, "two"), ["Deployment two", "Pod two-1", "init container migrate", "Event e1"]);
    assert!(o.app("two").unwrap().root().unwrap().words.contains("command was not found"));
    assert_eq!(chain(&o, "three"), ["Deployment three", "Deployment three", "ResourceQuota small"]);
    assert!(o.app("three").unwrap().verdict.why.contains("the quota small is used up"));
    let four = o.app("four").unwrap();
    assert_eq!((&*four.verdict.word, four.verdict.level), ("Rollout stuck", Level::Warn), "old pods are all ready");
    assert!(four.verdict.why.contains("image cannot be pulled"), "{}", four.verdict.why);
}

#[test]
fn what_an_app_needs_is_named_as_the_cause_unless_it_has_its_own() {
    let namespaces = ["flow-proxy", "homer", "vaultwarden", "authentik", "cert-manager"];
    let mut all: Vec<String> = namespaces
        .iter()
        .map(|n| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}, uid: n-{n}}}"))
        .collect();
    let creating = "{phase: Pending, containerStatuses: [{name: main, ready: false, state: {waiting: {reason: CreateContainerConfigError, message: 'secret \"auth-tls\" not found'}}}]}";
    let pull = "{phase: Pending, containerStatuses: [{name: main, ready: false, state: {waiting: {reason: ImagePullBackOff, message: 'image \"r.io/cm:9\"'}}}]}";
    all.extend([
        workload("cert-manager", "cert-manager", "app: cert-manager", 0),
        pod("cert-manager", "cert-manager", pull),
        workload("authentik", "server", "app: server", 0),
        pod("authentik", "server", creating),
        workload("vaultwarden", "vaultwarden", "app: vaultwarden", 0),
        pod("vaultwarden", "vaultwarden", pull),
        workload("flow-proxy", "traefik", "app: traefik", 1),
    ]);
    let o = overview(&all.join("\n---\n"));
    assert_eq!(o.platform.id, "ominis");
    let authentik = o.app("authentik").unwrap();
    assert_eq!(authentik.cause.as_deref(), Some("cert-manager"));
    assert!(authentik.verdict.why.starts_with("waits for cert-manager: "), "{}", authentik.verdict.why);
    assert_eq!(
        chain(&o, "authentik"),
        [
            "Deployment server",
            "Pod server-1",
            "container main",
            "App cert-manager",
            "Deployment cert-manager",
            "Pod cert-manager-1",
            "container main"
        ]
    );
    assert_eq!(o.app("vaultwarden").unwrap().cause, None, "its own image cannot be pulled");
    let stuck = o.stuck().expect("stuck");
    assert!(stuck.starts_with("stage 1 of ") && stuck.contains("waits for cert-manager: "), "{stuck}");
    let later = &o.stages[2];
    assert_eq!(&*later.verdict.word, "Waits");
    assert_eq!(later.waits_for.as_deref(), Some("vaultwarden"), "its own trouble is nearer than what it waits for");
}

#[test]
fn what_agrees_is_not_told_as_a_difference() {
    let compared = |objects: &[String]| {
        let o = overview(&objects.join("\n---\n"));
        let app = o.app("web").expect("the app");
        o.compared_of(app).into_iter().filter(|c| c.what.starts_with("image")).collect::<Vec<_>>()
    };
    let deployment =
        |image: &str| workload("shop", "web", "app.kubernetes.io/instance: web", 1).replace("r.io/web:1.2", image);
    let running = |containers: &str| {
        pod("shop", "web", "{phase: Running, conditions: [{type: Ready, status: 'True'}]}")
            .replace("spec: {}", &format!("spec: {{containers: [{containers}]}}"))
    };
    let application = |source: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web, namespace: argocd, uid: a1}}\nspec: {{destination: {{namespace: shop}}, source: {{repoURL: 'https://git/x', path: web, {source}}}}}\nstatus: {{sync: {{status: Synced}}, health: {{status: Healthy}}, resources: [{{group: apps, kind: Deployment, namespace: shop, name: web, status: Synced}}]}}"
        )
    };
    // A mesh puts its container before the app's.
    let injected = running("{name: linkerd-proxy, image: 'cr.l5d.io/proxy:2'}, {name: main, image: 'r.io/web:1.2'}");
    let rows = compared(&[deployment("r.io/web:1.2"), injected]);
    assert_eq!((rows.len(), rows[0].observed.as_str(), rows[0].agrees()), (1, "r.io/web:1.2", true), "{rows:?}");

    let own = |image: &str| running(&format!("{{name: main, image: '{image}'}}"));
    for (image, source, declared) in [
        // Another name alone keeps the tag, whether it is there already or not.
        ("reg/nginx:1.27", "kustomize: {images: ['nginx=reg/nginx']}", "reg/nginx:1.27"),
        ("nginx:1.27", "kustomize: {images: ['nginx=reg/nginx']}", "reg/nginx:1.27"),
        // A tag that is asked for may be pinned by its digest.
        ("repo:v1@sha256:aa", "helm: {valuesObject: {image: {tag: v1}}}", "repo:v1@sha256:aa"),
        ("repo:v10@sha256:aa", "helm: {valuesObject: {image: {tag: v1}}}", "repo:v1"),
    ] {
        let rows = compared(&[deployment(image), own(image), application(source)]);
        assert_eq!((rows[0].declared.as_str(), rows[0].agrees()), (declared, declared == image), "{rows:?}");
        assert_eq!(rows[0].by, "Application web");
    }
}
