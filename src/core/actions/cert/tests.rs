//! Repair through the production client, against the embedded platform and its cert-manager in small.

use crate::actions::{Args, Confirmation, Outcome, Plan, RunId, RunView, StageState};
use crate::cluster::{Cluster, Method, Request, Right};
use crate::probe::Probing;
use crate::resources::{Kind, ObjectRef};
use crate::session::{KubeconfigFrom, Options, Session};
use quarterdeck_sim::auth::User;
use quarterdeck_sim::world::{WorldOptions, load};
use quarterdeck_sim::{ServeOptions, SimServer, World, controllers};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A session on the platform `ominis`, embedded.
pub(super) struct Place {
    pub(super) session: Session,
    server: SimServer,
    _controllers: Option<controllers::Controllers>,
    dir: tempfile::TempDir,
}

impl Place {
    /// With the platform's controllers.
    pub(super) async fn moving() -> Self {
        Self::with(true).await
    }
    /// Without controllers: nothing happens but what the test does.
    pub(super) async fn still() -> Self {
        Self::with(false).await
    }
    async fn with(moving: bool) -> Self {
        let store = load("ominis", &WorldOptions::default()).unwrap();
        let controllers = moving.then(|| controllers::start(&store));
        let options = ServeOptions { extension: Some(Arc::new(World::default())), ..ServeOptions::default() };
        let server = SimServer::start(store, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let session = session(&dir, server.kubeconfig_yaml());
        Self { session, server, _controllers: controllers, dir }
    }
    /// The same cluster for a user who has no right but those that the test gives.
    pub(super) fn session_of(&self, user: &str) -> Session {
        let token = self.server.tokens().issue(User::new(user, &[]));
        session(&self.dir, self.server.kubeconfig_for("sim", user, &token))
    }
    /// Where journal and configuration lie.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }
    fn cluster(&self) -> Cluster {
        self.session.cluster("sim").unwrap()
    }
    pub(super) async fn plan(&self, action: &str, object: &ObjectRef, args: Args) -> crate::Result<Plan> {
        self.session.plan("sim", action, std::slice::from_ref(object), &args).await
    }
    pub(super) async fn run(&self, plan: Plan, follow: bool) -> (Outcome, RunView) {
        let run = self.begin(plan, follow);
        let outcome = tokio::time::timeout(Duration::from_secs(90), self.session.wait(run)).await.unwrap().unwrap();
        (outcome, self.session.run_view(run).unwrap())
    }
    pub(super) fn begin(&self, plan: Plan, follow: bool) -> RunId {
        let yes = Confirmation { typed: plan.type_to_confirm.clone(), reason: "a test".into() };
        if follow { self.session.follow(plan, yes) } else { self.session.run(plan, yes) }.unwrap()
    }
    /// Puts an object there, with its status.
    pub(super) fn apply(&self, object: Value) -> ObjectRef {
        let kind = object["kind"].as_str().unwrap();
        let (group, version) = object["apiVersion"].as_str().unwrap().split_once('/').unwrap_or(("", "v1"));
        let plural = format!("{}s", kind.to_lowercase());
        let namespaced = object["metadata"]["namespace"].is_string();
        let kind = Kind::of(group, version, kind, &plural, namespaced);
        let stored = self.server.store().apply_object(object, "test").unwrap();
        super::issuance::reference(kind, &stored.value())
    }
    pub(super) async fn all(&self, api: &str, plural: &str, namespace: &str) -> Vec<Value> {
        let path = format!("/apis/{api}/namespaces/{namespace}/{plural}");
        let list: Value = self.cluster().json(Request::get(path)).await.unwrap();
        list["items"].as_array().cloned().unwrap_or_default()
    }
    pub(super) async fn get(&self, object: &ObjectRef) -> crate::Result<Value> {
        self.cluster().json(Request::get(object.path(None))).await
    }
    /// Waits until an object is as wanted.
    pub(super) async fn until(&self, object: &ObjectRef, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..3000 {
            let now = self.get(object).await.unwrap_or_default();
            if wanted(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{object} does not come to be as wanted")
    }
    pub(super) async fn patch(&self, path: String, patch: Value) {
        let request = Request::write(Method::MergePatch, path, patch.to_string());
        self.cluster().call(request).await.unwrap();
    }
    pub(super) async fn status(&self, object: &ObjectRef, status: Value) {
        self.patch(object.path(Some("status")), json!({ "status": status })).await;
    }
    /// Sets all conditions, as a controller does.
    pub(super) async fn conditions(&self, object: &ObjectRef, all: &[Value]) {
        self.status(object, json!({ "conditions": all })).await;
    }
    pub(super) async fn delete(&self, object: &ObjectRef) {
        self.cluster().call(Request::write(Method::Delete, object.path(None), "")).await.unwrap();
    }
}

fn session(dir: &tempfile::TempDir, kubeconfig: String) -> Session {
    let options = Options {
        kubeconfig: KubeconfigFrom::Text(kubeconfig),
        state_dir: Some(dir.path().join("state")),
        config_file: Some(dir.path().join("config.toml")),
        probing: Probing::Off("this is a test"),
        ..Options::default()
    };
    Session::new(options, Arc::new(|_| {})).unwrap()
}

pub(super) fn certificate(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(Kind::of("cert-manager.io", "v1", "Certificate", "certificates", true), namespace, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_followed_from_the_request_to_the_secret_and_says_what_cannot_be_seen() {
    let place = Place::moving().await;
    let object = certificate("homer", "homer-ominis-ai-tls");
    let plan = place.plan("renew", &object, Args::new()).await.unwrap();
    assert!(plan.can_run(), "{:?}", plan.blocked);
    assert!(plan.steps[0].title.contains("attempt 1, no backoff"), "{}", plan.steps[0].title);
    assert!(plan.warnings.iter().any(|w| w.starts_with("budget ominis.ai: ")), "{:?}", plan.warnings);
    let (outcome, view) = place.run(plan, true).await;
    assert!(outcome.ok && outcome.text.starts_with("issued, revision "), "{outcome:?}");
    let states: Vec<(&str, StageState)> = view.steps[0].stages.iter().map(|s| (s.id.as_str(), s.state)).collect();
    let done = StageState::Done;
    let wanted = ["written", "request", "order", "challenge", "secret"].map(|id| (id, done));
    assert_eq!(states[..5], wanted);
    assert_eq!(states[5], ("served", StageState::Skipped), "what cannot be looked at is no failure");
    // Everything of it is issued: the wish cannot be taken back.
    assert!(place.session.undo(&outcome.journal).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_budget_leaves_out_what_does_not_fit_and_says_when_there_is_room() {
    let place = Place::moving().await;
    let objects = [certificate("homer", "homer-ominis-ai-tls"), certificate("excalidraw", "draw-ominis-ai-tls")];
    let none = place.plan("renew", &objects[0], Args::new().with("budget", "0")).await.unwrap_err();
    assert!(none.why.contains("ominis.ai"), "{none}");
    let used = place.plan("renew", &objects[0], Args::new()).await.unwrap();
    let used = used.warnings.iter().find_map(|w| w.strip_prefix("budget ominis.ai: ")).unwrap().to_owned();
    let used: usize = used.split(' ').next().unwrap().parse().unwrap();
    let one = Args::new().with("budget", (used + 1).to_string());
    let plan = place.session.plan("sim", "renew", &objects, &one).await.unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert!(
        plan.warnings.iter().any(|w| w.contains("left out: ominis.ai: ") && w.contains("room again")),
        "{:?}",
        plan.warnings
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_made_again_and_told_beforehand() {
    let place = Place::moving().await;
    let object = certificate("excalidraw", "draw-ominis-ai-tls");
    let plan = place.plan("recreate-secret", &object, Args::new()).await.unwrap();
    assert!(plan.warnings.iter().any(|w| w.contains("in the memory of this qd only")), "{:?}", plan.warnings);
    let (outcome, view) = place.run(plan, true).await;
    let stages: Vec<_> = view.steps[0].stages.iter().map(|s| (s.id.as_str(), s.state)).collect();
    assert!(outcome.ok && stages[2] == ("secret", StageState::Done), "{stages:?}");
    let undo = place.session.undo(&outcome.journal).await.unwrap_err();
    assert!(undo.why.contains("a new one of its name is there"), "{undo}");

    let plan = place.plan("clear-stuck", &certificate("client-acme", "api-tls"), Args::new()).await.unwrap();
    assert!(plan.warnings.iter().any(|w| w.contains("makes a new one at once")), "{:?}", plan.warnings);
    let (outcome, _) = place.run(plan, false).await;
    assert!(outcome.ok && outcome.text.starts_with("gone"), "{outcome:?}");
}

#[test]
fn the_role_for_an_answer_names_the_signer() {
    let mut right = Right::new("approve", "cert-manager.io", "signers", "");
    right.name = "issuers.cert-manager.io/team.ca".into();
    assert!(right.role_yaml().contains("resourceNames: [\"issuers.cert-manager.io/team.ca\"]"));
    assert!(right.line().contains("issuers.cert-manager.io/team.ca"));
}
