//! Repair through the production client, against the embedded platform and its cert-manager in small.

use crate::actions::{Args, Confirmation, Outcome, Plan, RunView, StageState};
use crate::cluster::Right;
use crate::probe::Probing;
use crate::resources::{Kind, ObjectRef};
use crate::session::{KubeconfigFrom, Options, Session};
use quarterdeck_sim::world::{WorldOptions, load};
use quarterdeck_sim::{ServeOptions, SimServer, controllers};
use std::sync::Arc;
use std::time::Duration;

struct Place {
    session: Session,
    _server: SimServer,
    _controllers: controllers::Controllers,
    _dir: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let store = load("ominis", &WorldOptions::default()).unwrap();
        let controllers = controllers::start(&store);
        let server = SimServer::start(store, ServeOptions::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            kubeconfig: KubeconfigFrom::Text(server.kubeconfig_yaml()),
            state_dir: Some(dir.path().join("state")),
            config_file: Some(dir.path().join("config.toml")),
            probing: Probing::Off("this is a test"),
            ..Options::default()
        };
        let session = Session::new(options, Arc::new(|_| {})).unwrap();
        Self { session, _server: server, _controllers: controllers, _dir: dir }
    }
    async fn plan(&self, action: &str, object: &ObjectRef, args: Args) -> crate::Result<Plan> {
        self.session.plan("sim", action, std::slice::from_ref(object), &args).await
    }
    async fn run(&self, plan: Plan, follow: bool) -> (Outcome, RunView) {
        let yes = Confirmation { typed: plan.type_to_confirm.clone(), reason: "a test".into() };
        let run = if follow { self.session.follow(plan, yes) } else { self.session.run(plan, yes) }.unwrap();
        let outcome = tokio::time::timeout(Duration::from_secs(90), self.session.wait(run)).await.unwrap().unwrap();
        (outcome, self.session.run_view(run).unwrap())
    }
}

fn certificate(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(Kind::of("cert-manager.io", "v1", "Certificate", "certificates", true), namespace, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_followed_from_the_request_to_the_secret_and_says_what_cannot_be_seen() {
    let place = Place::new().await;
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
    let place = Place::new().await;
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
    let place = Place::new().await;
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
