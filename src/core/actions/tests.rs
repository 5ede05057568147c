//! The whole way of a change, through the production client, against the embedded API server.

use super::{Args, Confirmation, DryRun, Outcome, Plan, Risk, RunEvent, StepState, WhyNot};
use crate::clock::Clock;
use crate::cluster::Request;
use crate::event::{Event, Listener};
use crate::journal::ExportFormat;
use crate::resources::{Kind, ObjectRef};
use crate::session::{KubeconfigFrom, Options, Session};
use crate::{ProblemKind, Result};
use parking_lot::Mutex;
use quarterdeck_sim::{ServeOptions, SimServer, Store};
use serde_json::{Value, json};
use std::sync::Arc;

/// A served cluster, a session on it, and all that the session told.
pub(super) struct Lab {
    pub(super) server: SimServer,
    pub(super) session: Session,
    heard: Arc<Mutex<Vec<Event>>>,
    dir: tempfile::TempDir,
}

const NS: &str = "client-acme";

impl Lab {
    pub(super) async fn new() -> Self {
        Self::with(|_, _| {}).await
    }
    async fn with(set: impl FnOnce(&mut Options, &SimServer)) -> Self {
        let store = Store::new(quarterdeck_sim::Clock::system());
        let server = SimServer::start(store, ServeOptions::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options {
            kubeconfig: KubeconfigFrom::Text(server.kubeconfig_yaml()),
            state_dir: Some(dir.path().join("state")),
            config_file: Some(dir.path().join("config.toml")),
            ..Options::default()
        };
        set(&mut options, &server);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let session = session(options, &heard);
        let lab = Self { server, session, heard, dir };
        lab.post("/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}}))
            .await;
        lab
    }
    /// Controllers that do what was asked for; they end with what is returned.
    pub(super) fn controllers(&self) -> quarterdeck_sim::controllers::Controllers {
        quarterdeck_sim::controllers::start(self.server.store())
    }
    /// Another program on the same cluster and the same state.
    fn restarted(&self) -> Session {
        let options = Options {
            kubeconfig: KubeconfigFrom::Text(self.server.kubeconfig_yaml()),
            state_dir: Some(self.dir.path().join("state")),
            config_file: Some(self.dir.path().join("config.toml")),
            ..Options::default()
        };
        session(options, &Arc::default())
    }
    /// The administrator's own client: never read-only, knows no guards.
    pub(super) fn admin(&self) -> crate::cluster::Cluster {
        let kubeconfig = crate::cluster::Kubeconfig::parse(&self.server.kubeconfig_yaml(), "test").unwrap();
        crate::cluster::Cluster::connect(&kubeconfig, None, &Default::default()).unwrap()
    }
    pub(super) async fn post(&self, path: &str, object: Value) -> Value {
        let request = Request::write(crate::cluster::Method::Post, path, object.to_string());
        self.admin().json(request).await.unwrap()
    }
    pub(super) async fn patch(&self, object: &ObjectRef, patch: Value) -> Value {
        let request = Request::write(crate::cluster::Method::MergePatch, object.path(None), patch.to_string());
        self.admin().json(request).await.unwrap()
    }
    pub(super) async fn get(&self, object: &ObjectRef) -> Result<Value> {
        self.admin().json(Request::get(object.path(None))).await
    }
    async fn config_map(&self, name: &str, data: Value) -> ObjectRef {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data});
        let made = self.post(&format!("/api/v1/namespaces/{NS}/configmaps"), object).await;
        reference(Kind::of("", "v1", "ConfigMap", "configmaps", true), &made)
    }
    pub(super) async fn deployment(&self, name: &str, replicas: i64) -> ObjectRef {
        let labels = json!({"app": name});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "a:1"}, {"name": "log", "image": "l:1"}]}}}});
        let made = self.post(&format!("/apis/apps/v1/namespaces/{NS}/deployments"), object).await;
        reference(Kind::of("apps", "v1", "Deployment", "deployments", true), &made)
    }
    pub(super) async fn plan(&self, action: &str, object: &ObjectRef, args: Args) -> Result<Plan> {
        self.session.plan("sim", action, std::slice::from_ref(object), &args).await
    }
    /// Says yes to everything that is asked, and waits for the end, but not for controllers (there are none).
    async fn run(&self, plan: Plan) -> Result<Outcome> {
        run(&self.session, plan).await
    }
}

fn session(options: Options, heard: &Arc<Mutex<Vec<Event>>>) -> Session {
    let told = heard.clone();
    let listener: Listener = Arc::new(move |event| told.lock().push(event));
    Session::new(options, listener).unwrap()
}

async fn run(session: &Session, plan: Plan) -> Result<Outcome> {
    let confirmation = Confirmation { typed: plan.type_to_confirm.clone(), reason: "a test".into() };
    let steps = plan.steps.len();
    let run = session.run(plan, confirmation)?;
    // Nobody moves a Deployment on here; following it is stopped as a user would.
    let mut done = 0;
    for _ in 0..2_000 {
        if let Ok(outcome) = tokio::time::timeout(std::time::Duration::from_millis(10), session.wait(run)).await {
            return Ok(outcome.unwrap());
        }
        done += 1;
        if done > 20 + 5 * steps {
            session.cancel(run);
        }
    }
    panic!("the run does not end");
}

pub(super) fn reference(kind: Kind, object: &Value) -> ObjectRef {
    let meta = &object["metadata"];
    let text = |field: &str| meta[field].as_str().unwrap_or_default();
    let mut reference = ObjectRef::new(kind, text("namespace"), text("name"));
    reference.uid = text("uid").into();
    reference.resource_version = text("resourceVersion").into();
    reference
}

fn paths(plan: &Plan) -> Vec<String> {
    let line = |l: &super::DiffLine| {
        format!("{}: {} → {}", l.path, l.before.as_deref().unwrap_or("-"), l.after.as_deref().unwrap_or("-"))
    };
    plan.steps.iter().flat_map(|s| s.diff.iter().map(line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_goes_the_whole_way_and_back() {
    let lab = Lab::new().await;
    let object = lab.config_map("settings", json!({"a": "1"})).await;
    let before = lab.get(&object).await.unwrap();
    let plan = lab.plan("label", &object, Args::new().with("labels", "team=red tier='a b'")).await.unwrap();
    assert!(
        !plan.can_run() && plan.blocked[0].contains("metadata.labels"),
        "a value with a space is refused: {:?}",
        plan.blocked
    );

    let plan = lab.plan("label", &object, Args::new().with("labels", "team=red")).await.unwrap();
    assert_eq!(paths(&plan), ["metadata.labels.team: - → red"]);
    assert_eq!((plan.risk, plan.type_to_confirm.as_str()), (Risk::Reversible, ""));
    assert!(plan.steps[0].dry_run == DryRun::Accepted && plan.can_run(), "{:?}", plan.blocked);
    assert_eq!(lab.get(&object).await.unwrap(), before, "planning changes nothing");
    assert_eq!(plan.command, "qd --context sim do label configmaps/settings -n client-acme --labels team=red");

    let outcome = lab.run(plan).await.unwrap();
    assert!(outcome.ok && outcome.can_undo, "{outcome:?}");
    assert_eq!(lab.get(&object).await.unwrap()["metadata"]["labels"]["team"], "red");
    assert!(lab.heard.lock().iter().any(|e| matches!(e, Event::Run { event: RunEvent::StepDone { step: 0 }, .. })));

    let again = lab.plan("label", &object, Args::new().with("labels", "team=red")).await.unwrap();
    assert!(again.changes_nothing() && again.warnings[0].contains("already"), "{:?}", again.warnings);

    let undo = lab.session.undo("last").await.unwrap();
    assert_eq!(paths(&undo), ["metadata.labels.team: red → -"]);
    assert!(lab.run(undo).await.unwrap().ok);
    let after = lab.get(&object).await.unwrap();
    assert_eq!(after["metadata"].get("labels").filter(|l| l.as_object().is_none_or(|l| !l.is_empty())), None);
    assert_eq!(after["data"], before["data"]);
    let twice = lab.session.undo(&outcome.journal).await.unwrap_err();
    assert!(twice.why.contains("undone it already"), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scale_is_undone_only_while_its_value_is_still_there() {
    let lab = Lab::new().await;
    let object = lab.deployment("api", 2).await;
    let before = lab.get(&object).await.unwrap();
    let plan = lab.plan("scale", &object, Args::new().with("replicas", "3")).await.unwrap();
    assert_eq!(paths(&plan), ["spec.replicas: 2 → 3"]);
    assert_eq!(plan.steps[0].title, "set replicas from 2 to 3");
    let outcome = lab.run(plan).await.unwrap();
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(lab.get(&object).await.unwrap()["spec"]["replicas"], 3);

    // The journal is that of another program, after a restart.
    let later = lab.restarted();
    assert_eq!(later.journal()[0].title, "Scale Deployment client-acme/api to 3");
    lab.patch(&object, json!({"spec": {"replicas": 7}})).await;
    let refused = later.undo(&outcome.journal).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict);
    assert!(refused.why.contains("spec.replicas is 7, not 3"), "{refused}");
    lab.patch(&object, json!({"spec": {"replicas": 3}})).await;
    let plan = later.undo(&outcome.journal[..4]).await.unwrap();
    assert!(run(&later, plan).await.unwrap().ok);
    assert_eq!(lab.get(&object).await.unwrap()["spec"], before["spec"], "equal to the field");
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_asks_for_the_name_and_leaves_a_recreated_object_alone() {
    let lab = Lab::new().await;
    let object = lab.config_map("settings", json!({"a": "1"})).await;
    let plan = lab.plan("delete", &object, Args::new()).await.unwrap();
    assert_eq!((plan.risk, plan.type_to_confirm.as_str()), (Risk::Wide, "settings"));
    assert!(plan.can_run(), "{:?}", plan.blocked);
    assert!(lab.get(&object).await.is_ok(), "the dry run has deleted nothing");
    let wrong = Confirmation { typed: "setting".into(), reason: String::new() };
    assert_eq!(lab.session.run(plan.clone(), wrong).unwrap_err().kind, ProblemKind::Usage);

    // It is deleted and made again between the question and the answer.
    lab.admin().call(Request::write(crate::cluster::Method::Delete, object.path(None), "")).await.unwrap();
    let second = lab.config_map("settings", json!({"a": "2"})).await;
    let outcome = lab.run(plan).await.unwrap();
    assert!(!outcome.ok && outcome.text.contains("recreated"), "{outcome:?}");
    assert_eq!(lab.get(&second).await.unwrap()["data"]["a"], "2");
    let refused = lab.plan("delete", &object, Args::new()).await.unwrap_err();
    assert!(refused.why.contains("deleted and recreated"), "{refused}");

    let plan = lab.plan("delete", &second, Args::new()).await.unwrap();
    let outcome = lab.run(plan).await.unwrap();
    assert_eq!((outcome.ok, outcome.text.as_str(), outcome.can_undo), (true, "gone", false));
    assert_eq!(lab.get(&second).await.unwrap_err().kind, ProblemKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_times_the_new_object_survives_what_was_meant_for_the_old_one() {
    let lab = Lab::new().await;
    let cluster = lab.session.cluster("sim").unwrap();
    let admin = lab.admin();
    let path = format!("/api/v1/namespaces/{NS}/configmaps");
    let make = |n: usize| {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "racer"}, "data": {"n": n.to_string()}});
        let request = Request::write(crate::cluster::Method::Post, &path, body.to_string());
        let admin = admin.clone();
        async move { admin.json::<Value>(request).await.unwrap() }
    };
    let kind = Kind::of("", "v1", "ConfigMap", "configmaps", true);
    let old = reference(kind.clone(), &make(0).await);
    let delete = lab.plan("delete", &old, Args::new()).await.unwrap().steps[0].effect.clone();
    let label = lab.plan("label", &old, Args::new().with("labels", "x=y")).await.unwrap().steps[0].effect.clone();
    let mut newest = old;
    for n in 1..=1000 {
        let remove = Request::write(crate::cluster::Method::Delete, newest.path(None), "");
        let effect = if n % 2 == 0 { &delete } else { &label };
        // The old plan runs while the object is replaced; it may come before, between or after.
        let (shot, fresh) = tokio::join!(cluster.write(effect, Default::default()), async {
            let _ = admin.call(remove).await;
            make(n).await
        });
        let fresh = reference(kind.clone(), &fresh);
        let there = lab.get(&fresh).await.unwrap();
        assert_eq!(there["metadata"]["uid"], *fresh.uid, "round {n}: {shot:?}");
        assert_eq!(there["metadata"]["labels"], Value::Null, "round {n}");
        newest = fresh;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_status_does_not_stand_in_the_way_but_a_changed_field_does() {
    let lab = Lab::new().await;
    let object = lab.config_map("settings", json!({"a": "1"})).await;
    let plan = lab.plan("label", &object, Args::new().with("labels", "team=red")).await.unwrap();
    lab.patch(&object, json!({"data": {"other": "x"}})).await;
    assert!(lab.run(plan).await.unwrap().ok, "another field of the object has changed");

    let plan = lab.plan("label", &object, Args::new().with("labels", "team=blue")).await.unwrap();
    lab.patch(&object, json!({"metadata": {"labels": {"team": "green"}}})).await;
    let outcome = lab.run(plan).await.unwrap();
    assert!(!outcome.ok && outcome.text.contains("team is green now and was red"), "{outcome:?}");
    assert_eq!(outcome.problem.unwrap().kind, ProblemKind::Conflict);
    assert_eq!(lab.get(&object).await.unwrap()["metadata"]["labels"]["team"], "green");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_merges_with_what_others_did_and_stops_where_both_did() {
    let lab = Lab::new().await;
    let object = lab.deployment("api", 2).await;
    let before = lab.get(&object).await.unwrap();
    let text = lab.session.edit_text("sim", &object).await.unwrap();
    assert!(!text.text.contains("managedFields") && !text.text.contains("status:"), "{}", text.text);
    let mine = text.text.replace("image: l:1", "image: l:2");
    let args = |yaml: &str| Args::new().with("yaml", yaml).with("base", &text.text);

    let container = |app: &str| json!([{"name": "app", "image": app}, {"name": "log", "image": "l:1"}]);
    lab.patch(&object, json!({"spec": {"template": {"spec": {"containers": container("a:9")}}}})).await;
    let plan = lab.plan("edit", &object, args(&mine)).await.unwrap();
    assert_eq!(paths(&plan), ["spec.template.spec.containers[log].image: l:1 → l:2"]);
    assert!(
        plan.warnings.iter().any(|w| w.contains("others changed meanwhile") && w.contains("[app]")),
        "{:?}",
        plan.warnings
    );

    let both = text.text.replace("image: a:1", "image: a:5");
    let conflict = lab.plan("edit", &object, args(&both)).await.unwrap_err();
    assert_eq!((conflict.kind, conflict.kind.exit_code()), (ProblemKind::Conflict, 5));
    assert_eq!(conflict.fields[0].field, "spec.template.spec.containers[app].image");
    assert_eq!(conflict.fields[0].message, "was a:1, mine a:5, theirs a:9");
    let decided = lab.plan("edit", &object, args(&both).with("conflicts", "mine")).await.unwrap();
    assert_eq!(paths(&decided), ["spec.template.spec.containers[app].image: a:9 → a:5"]);

    let outcome = lab.run(plan).await.unwrap();
    assert!(outcome.ok, "{outcome:?}");
    let undo = lab.session.undo(&outcome.journal).await.unwrap();
    assert!(lab.run(undo).await.unwrap().ok);
    lab.patch(&object, json!({"spec": {"template": {"spec": {"containers": container("a:1")}}}})).await;
    let after = lab.get(&object).await.unwrap();
    let images = |o: &Value| {
        o["spec"]["template"]["spec"]["containers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["image"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(images(&after), images(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_edit_names_the_field_and_its_line_before_anything_is_changed() {
    let lab = Lab::new().await;
    let object = lab.deployment("api", 2).await;
    let text = lab.session.edit_text("sim", &object).await.unwrap().text;
    let args = |yaml: String| Args::new().with("yaml", yaml).with("base", &text);

    let typo = text.replace("  replicas: 2", "  replicas: 2\n  replica: 3");
    let plan = lab.plan("edit", &object, args(typo.clone())).await.unwrap();
    let DryRun::Refused(problem) = &plan.steps[0].dry_run else { panic!("{:?}", plan.steps[0].dry_run) };
    assert!(problem.fields.iter().any(|f| f.field == "spec.replica"), "{problem}");
    let line = super::edit_text::line_of(&typo, "spec.replica").unwrap();
    assert_eq!(typo.lines().nth(line - 1).unwrap().trim(), "replica: 3");
    assert!(!plan.can_run());
    assert_eq!(lab.session.run(plan, Confirmation::default()).unwrap_err().kind, ProblemKind::Guarded);

    let wrong_type = lab.plan("edit", &object, args(text.replace("replicas: 2", "replicas: many"))).await.unwrap();
    assert!(!wrong_type.can_run());
    let renamed = lab.plan("edit", &object, args(text.replace("name: api", "name: web"))).await.unwrap_err();
    assert_eq!(renamed.fields[0].field, "metadata.name");
    let broken = lab.plan("edit", &object, args(format!("{text}\n  x: [1"))).await.unwrap_err();
    assert!(broken.why.starts_with("line "), "{broken}");
    assert_eq!(lab.get(&object).await.unwrap()["spec"]["replicas"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_plans_but_neither_runs_nor_sends() {
    let lab = Lab::with(|options, _| options.read_only = true).await;
    let object = lab.config_map("settings", json!({"a": "1"})).await;
    let plan = lab.plan("label", &object, Args::new().with("labels", "team=red")).await.unwrap();
    assert_eq!(plan.steps[0].dry_run, DryRun::Accepted, "a dry run is allowed");
    assert_eq!(plan.blocked, ["read-only by --read-only"]);
    let refused = lab.session.run(plan.clone(), Confirmation::default()).unwrap_err();
    assert_eq!((refused.kind, refused.kind.exit_code()), (ProblemKind::Guarded, 4));
    // Even a mistake of ours cannot get past the client.
    let sent = lab.session.cluster("sim").unwrap().write(&plan.steps[0].effect, Default::default()).await;
    assert_eq!(sent.unwrap_err().kind, ProblemKind::Guarded);
    assert_eq!(lab.get(&object).await.unwrap()["metadata"]["labels"], Value::Null);
    let offers = lab.session.offers("sim", std::slice::from_ref(&object));
    let label = offers.iter().find(|o| o.name == "label").unwrap();
    assert_eq!(label.enabled, Err(WhyNot::Guard("read-only by --read-only".into())));
    assert!(offers.iter().all(|o| o.name != "scale"), "what makes no sense for a kind is not offered");
}

#[tokio::test(flavor = "multi_thread")]
async fn production_asks_for_name_and_reason_and_an_unlock_that_ends_ends_everything() {
    let clock = Clock::fixed(1_800_000_000);
    let (own, set) = (clock.clone(), |kubeconfig: String| kubeconfig.replace("sim", "prod-eu"));
    let lab = Lab::with(move |options, server| {
        options.clock = own;
        options.kubeconfig = KubeconfigFrom::Text(set(server.kubeconfig_yaml()));
    })
    .await;
    let object = lab.config_map("settings", json!({"a": "1"})).await;
    let args = Args::new().with("labels", "team=red");
    let plan = async || lab.session.plan("prod-eu", "label", std::slice::from_ref(&object), &args).await.unwrap();
    assert!(plan().await.blocked[0].contains("prod"), "production starts read-only");
    assert_eq!(lab.session.guard("prod-eu").environment.word(), "prod");
    assert!(lab.session.unlock("prod-eu", 15, "").is_err());
    lab.session.unlock("prod-eu", 15, "ticket 7").unwrap();
    let unlocked = plan().await;
    assert_eq!(
        (unlocked.risk, unlocked.type_to_confirm.as_str(), unlocked.needs_reason),
        (Risk::Severe, "settings", true)
    );
    let yes = |reason: &str| Confirmation { typed: "settings".into(), reason: reason.into() };
    assert_eq!(lab.session.run(unlocked.clone(), yes(" ")).unwrap_err().kind, ProblemKind::Usage);
    // The unlock ends while the question is on the screen.
    clock.advance(15 * 60);
    assert_eq!(lab.session.run(unlocked, yes("rollout")).unwrap_err().kind, ProblemKind::Guarded);
    assert_eq!(lab.get(&object).await.unwrap()["metadata"]["labels"], Value::Null);
    lab.session.unlock("prod-eu", 5, "ticket 7 again").unwrap();
    let outcome = run(&lab.session, plan().await).await.unwrap();
    assert!(outcome.ok, "{outcome:?}");
    let markdown = lab.session.export_journal(ExportFormat::Markdown);
    assert!(markdown.contains("a test") && markdown.contains("Unlock prod-eu for 5 min"), "{markdown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stop_at_the_first_failure_and_say_what_became_of_each() {
    let lab = Lab::new().await;
    let mut objects = Vec::new();
    for name in ["a", "b", "c"] {
        objects.push(lab.config_map(name, json!({})).await);
    }
    let plan = lab.session.plan("sim", "delete", &objects, &Args::new()).await.unwrap();
    assert_eq!((plan.risk, plan.type_to_confirm.as_str()), (Risk::Severe, "3 configmaps"));
    lab.admin().call(Request::write(crate::cluster::Method::Delete, objects[1].path(None), "")).await.unwrap();
    let outcome = lab.run(plan).await.unwrap();
    let states: Vec<StepState> = outcome.results.iter().map(|r| r.state).collect();
    assert_eq!(states, [StepState::Done, StepState::Failed, StepState::Waiting], "{outcome:?}");
    assert!(outcome.text.starts_with("1 of 3 done, then stopped: it is gone"), "{}", outcome.text);
    assert!(lab.get(&objects[2]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_secret_are_in_no_plan_no_journal_and_no_draft() {
    let lab = Lab::new().await;
    let (old, new) = ("b2xkLXBhc3N3b3Jk", "bmV3LXBhc3N3b3Jk");
    let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"password": old}});
    let made = lab.post(&format!("/api/v1/namespaces/{NS}/secrets"), object).await;
    let object = reference(Kind::of("", "v1", "Secret", "secrets", true), &made);
    let text = lab.session.edit_text("sim", &object).await.unwrap();
    assert!(text.secret && text.text.contains(old), "an edit shows the value");
    assert_eq!(lab.session.journal()[0].action, "reveal");
    let plan = lab
        .plan("edit", &object, Args::new().with("yaml", text.text.replace(old, new)).with("base", &text.text))
        .await
        .unwrap();
    assert_eq!(plan.steps[0].diff[0].path, "data.password");
    let printed = format!("{} {:?}", serde_json::to_string(&plan).unwrap(), plan.steps[0].diff);
    assert!(!printed.contains(old) && !printed.contains(new), "{printed}");
    let outcome = lab.run(plan).await.unwrap();
    assert!(outcome.ok && outcome.can_undo, "undo works while the program lives: {outcome:?}");
    let draft = crate::drafts::Draft::of("sim", &object, &text.text, new, 0);
    lab.session.drafts().save(draft).unwrap();
    let mut files = vec![lab.dir.path().to_path_buf()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains(old) && !text.contains(new), "{}: {text}", path.display());
            read += 1;
        }
    }
    assert!(read > 0, "there is a journal on disk");
    assert!(lab.restarted().undo(&outcome.journal).await.is_err(), "and not after it");
    let undo = lab.session.undo(&outcome.journal).await.unwrap();
    assert!(lab.run(undo).await.unwrap().ok);
    assert_eq!(lab.get(&object).await.unwrap()["data"]["password"], old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_job_is_triggered_suspended_and_resumed() {
    let lab = Lab::new().await;
    let pod = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "a:1"}]}});
    let object = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "backup"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"metadata": {"labels": {"app": "backup"}}, "spec": {"template": pod}}}});
    let made = lab.post(&format!("/apis/batch/v1/namespaces/{NS}/cronjobs"), object).await;
    let cron = reference(Kind::of("batch", "v1", "CronJob", "cronjobs", true), &made);
    let plan = lab.plan("trigger", &cron, Args::new()).await.unwrap();
    assert!(plan.can_run(), "{:?}", plan.blocked);
    let job = plan.steps[0].object.clone();
    let outcome = lab.run(plan).await.unwrap();
    let there = lab.get(&job).await.unwrap();
    assert_eq!(there["metadata"]["ownerReferences"][0]["uid"], *cron.uid);
    assert_eq!(there["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"], "manual");
    let undo = lab.session.undo(&outcome.journal).await.unwrap();
    assert!(lab.run(undo).await.unwrap().ok);
    assert!(lab.get(&job).await.is_err());
    for (action, now) in [("suspend", true), ("resume", false)] {
        let plan = lab.plan(action, &cron, Args::new()).await.unwrap();
        assert!(lab.run(plan).await.unwrap().ok);
        assert_eq!(lab.get(&cron).await.unwrap()["spec"]["suspend"], now);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_followed_until_its_pods_are_there() {
    let lab = Lab::new().await;
    let object = lab.deployment("api", 1).await;
    let plan = lab.plan("restart", &object, Args::new()).await.unwrap();
    assert_eq!(plan.steps[0].diff.len(), 1, "{:?}", paths(&plan));
    let run = lab.session.run(plan, Confirmation::default()).unwrap();
    // The controller's part.
    let status = |n: i64, generation: &Value| json!({"status": {"observedGeneration": generation, "replicas": n, "updatedReplicas": n, "readyReplicas": n, "availableReplicas": n}});
    let seen = |text: &str| {
        lab.heard
            .lock()
            .iter()
            .any(|e| matches!(e, Event::Run { event: RunEvent::Progress { text: t, .. }, .. } if t.contains(text)))
    };
    let mut steps = 0;
    while !seen("waits for its controller") && !seen("of 1 replicas updated") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        steps += 1;
        assert!(steps < 1000, "{:?}", lab.heard.lock());
    }
    let generation = lab.get(&object).await.unwrap()["metadata"]["generation"].clone();
    let request = Request::write(
        crate::cluster::Method::MergePatch,
        object.path(Some("status")),
        status(1, &generation).to_string(),
    );
    lab.admin().call(request).await.unwrap();
    let outcome =
        tokio::time::timeout(std::time::Duration::from_secs(20), lab.session.wait(run)).await.unwrap().unwrap();
    assert_eq!((outcome.ok, outcome.text.as_str()), (true, "1 of 1 replicas available"));
    assert_eq!(lab.session.journal()[0].outcome, "1 of 1 replicas available");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_that_fails_stops_the_next_one_and_the_reason_is_on_the_object_where_that_is_wanted() {
    let lab = Lab::with(|options, _| {
        std::fs::write(options.config_file.as_ref().unwrap(), "[guards]\nannotate = true\n").unwrap();
    })
    .await;
    let (bad, good) = (lab.deployment("bad", 1).await, lab.deployment("good", 1).await);
    let status = json!({"status": {"observedGeneration": 99,
        "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]}});
    let path = bad.path(Some("status"));
    lab.admin().call(Request::write(crate::cluster::Method::MergePatch, path, status.to_string())).await.unwrap();
    let args = Args::new().with("wave", "1");
    let plan = lab.session.plan("sim", "restart", &[bad.clone(), good.clone()], &args).await.unwrap();
    assert_eq!((plan.wave, plan.waves()), (1, 2));
    assert!(plan.command.contains("--wave 1"), "{}", plan.command);
    assert!(
        lab.session.plan("sim", "restart", std::slice::from_ref(&bad), &Args::new().with("wave", "0")).await.is_err()
    );
    let yes = Confirmation { typed: String::new(), reason: "ticket 7".into() };
    let run = lab.session.run(plan, yes).unwrap();
    let outcome = lab.session.wait(run).await.unwrap();
    let states: Vec<StepState> = outcome.results.iter().map(|r| r.state).collect();
    assert_eq!(states, [StepState::Failed, StepState::Waiting], "{outcome:?}");
    assert!(!outcome.ok && outcome.text.contains("stopped at the first failure"), "{}", outcome.text);
    let restarted = |o: &Value| o["spec"]["template"]["metadata"]["annotations"].is_object();
    let (bad, good) = (lab.get(&bad).await.unwrap(), lab.get(&good).await.unwrap());
    assert!(restarted(&bad) && !restarted(&good), "the second wave was not touched");
    let reason = bad["metadata"]["annotations"][super::runner::REASON].as_str().unwrap();
    assert!(reason.starts_with("ticket 7 ("), "{reason}");
    let note = lab.session.hand_over(ExportFormat::Markdown, None, &[]);
    assert!(note.contains("## Look at these first") && note.contains("Restart 2 deployments"), "{note}");
}
