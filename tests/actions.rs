//! Changes on the real control plane: what the server really does with a dry run, a precondition, a wrong
//! field, a scale, a rollout; and what a user without rights is told.

use quarterdeck_core::actions::{Args, Confirmation, DryRun, Outcome, Plan, WhyNot};
use quarterdeck_core::cluster::{Method, Request};
use quarterdeck_core::event::Event;
use quarterdeck_core::resources::{Kind, ObjectRef};
use quarterdeck_core::session::{KubeconfigFrom, Options, Session};
use quarterdeck_core::{ProblemKind, Result};
use quarterdeck_testing::real::{self, RealCluster, shared_with};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn real(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &real::Options { kwok: true, controllers: None })
}

fn run(future: impl std::future::Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime").block_on(future);
}

/// A session as the user of this kubeconfig, with a folder of its own, and what it hears.
fn session(kubeconfig: String) -> (Session, std::sync::mpsc::Receiver<Event>) {
    let dir = tempfile::tempdir().expect("a folder").keep();
    let (tell, heard) = std::sync::mpsc::channel();
    let options = Options {
        kubeconfig: KubeconfigFrom::Text(kubeconfig),
        state_dir: Some(dir.join("state")),
        config_file: Some(dir.join("config.toml")),
        ..Options::default()
    };
    let session = Session::new(options, Arc::new(move |event| drop(tell.send(event)))).expect("a session");
    (session, heard)
}

struct Lab {
    session: Session,
    context: String,
    namespace: String,
}

impl Lab {
    fn new(real: &RealCluster, name: &str) -> Self {
        let (session, _) = session(real.admin());
        Self { context: session.current_context(), session, namespace: real.namespace(name) }
    }
    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        self.session.cluster(&self.context)?.json(Request::write(method, path, body.to_string())).await
    }
    async fn make(&self, kind: &Kind, mut object: Value) -> ObjectRef {
        object["apiVersion"] = kind.api_version().into();
        object["kind"] = kind.kind.as_str().into();
        let made = self.call(Method::Post, &kind.path(Some(&self.namespace), None, None), object).await.expect("made");
        let mut reference = ObjectRef::new(kind.clone(), &self.namespace, made["metadata"]["name"].as_str().unwrap());
        reference.uid = made["metadata"]["uid"].as_str().unwrap().into();
        reference
    }
    async fn get(&self, object: &ObjectRef) -> Result<Value> {
        self.session.cluster(&self.context)?.json(Request::get(object.path(None))).await
    }
    async fn plan(&self, action: &str, object: &ObjectRef, args: Args) -> Result<Plan> {
        self.session.plan(&self.context, action, std::slice::from_ref(object), &args).await
    }
    async fn run(&self, plan: Plan) -> Outcome {
        let yes = Confirmation { typed: plan.type_to_confirm.clone(), reason: "a test".into() };
        let run = self.session.run(plan, yes).expect("it may run");
        let end = tokio::time::timeout(Duration::from_secs(120), self.session.wait(run)).await;
        end.expect("it ends").expect("it is known")
    }
}

/// There is no scheduler; pods are told where to go.
const NODE: &str = "actions-1";

fn config_maps() -> Kind {
    Kind::of("", "v1", "ConfigMap", "configmaps", true)
}

fn deployment(name: &str, replicas: i64) -> Value {
    let labels = json!({"app": name});
    json!({"metadata": {"name": name}, "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels},
            "spec": {"nodeName": NODE, "containers": [{"name": "app", "image": "a:1"}]}}}})
}

#[test]
fn a_dry_run_deletes_nothing_and_a_delete_hits_only_the_object_that_was_meant() {
    let Some(real) = real("a_dry_run_deletes_nothing_and_a_delete_hits_only_the_object_that_was_meant") else { return };
    run(async {
        let lab = Lab::new(real, "delete");
        let kind = config_maps();
        let make = || lab.make(&kind, json!({"metadata": {"name": "racer"}}));
        let mut old = make().await;
        let plan = lab.plan("delete", &old, Args::new()).await.expect("a plan");
        assert_eq!(plan.steps[0].dry_run, DryRun::Accepted);
        assert!(lab.get(&old).await.is_ok(), "the dry run has deleted it");
        let label = lab.plan("label", &old, Args::new().with("labels", "x=y")).await.expect("a plan");
        let cluster = lab.session.cluster(&lab.context).unwrap();
        for round in 0..200 {
            let effect = &if round % 2 == 0 { &plan } else { &label }.steps[0].effect;
            let (_, new) = tokio::join!(cluster.write(effect, Default::default()), async {
                let _ = cluster.call(Request::write(Method::Delete, old.path(None), "")).await;
                make().await
            });
            let there = lab.get(&new).await.expect("the new one lives");
            assert_eq!((&there["metadata"]["uid"], &there["metadata"]["labels"]), (&json!(&*new.uid), &Value::Null));
            old = new;
        }
        let outcome = lab.run(plan).await;
        assert!(!outcome.ok && outcome.text.contains("recreated"), "{outcome:?}");
        let plan = lab.plan("delete", &old, Args::new()).await.expect("a plan");
        assert_eq!(lab.run(plan).await.text, "gone");
    });
}

#[test]
fn scale_and_restart_are_followed_to_their_end_and_scale_is_undone() {
    let Some(real) = real("scale_and_restart_are_followed_to_their_end_and_scale_is_undone") else { return };
    real.apply(
        "nodes",
        &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}}}),
    );
    run(async {
        let lab = Lab::new(real, "rollout");
        let kind = Kind::of("apps", "v1", "Deployment", "deployments", true);
        let object = lab.make(&kind, deployment("api", 1)).await;
        let before = lab.get(&object).await.unwrap();
        let plan = lab.plan("scale", &object, Args::new().with("replicas", "3")).await.expect("a plan");
        assert_eq!(plan.steps[0].diff.len(), 1, "{:?}", plan.steps[0].diff);
        let scaled = lab.run(plan).await;
        assert_eq!((scaled.ok, scaled.text.as_str()), (true, "3 of 3 replicas available"), "{scaled:?}");
        let restarted = lab.run(lab.plan("restart", &object, Args::new()).await.expect("a plan")).await;
        assert_eq!((restarted.ok, restarted.text.as_str()), (true, "3 of 3 replicas available"), "{restarted:?}");
        let undo = lab.session.undo(&scaled.journal).await.expect("a way back");
        assert!(lab.run(undo).await.ok);
        let after = lab.get(&object).await.unwrap();
        assert_eq!(after["spec"]["replicas"], before["spec"]["replicas"]);
        let node = ObjectRef::new(Kind::of("", "v1", "Node", "nodes", false), "", NODE);
        for (action, now) in [("cordon", json!(true)), ("uncordon", Value::Null)] {
            let outcome = lab.run(lab.plan(action, &node, Args::new()).await.expect("a plan")).await;
            assert!(outcome.ok, "{outcome:?}");
            assert_eq!(lab.get(&node).await.unwrap()["spec"]["unschedulable"], now);
        }
        let too_late = lab.session.undo(&scaled.journal).await.expect_err("once is enough");
        assert_eq!(too_late.kind, ProblemKind::Conflict);
    });
}

#[test]
fn an_edit_is_refused_at_its_field_merged_and_undone_to_an_equal_spec() {
    let Some(real) = real("an_edit_is_refused_at_its_field_merged_and_undone_to_an_equal_spec") else { return };
    run(async {
        let lab = Lab::new(real, "edit");
        let kind = Kind::of("apps", "v1", "Deployment", "deployments", true);
        let object = lab.make(&kind, deployment("api", 0)).await;
        let text = lab.session.edit_text(&lab.context, &object).await.expect("text").text;
        let args = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            Args::new().with("yaml", text.replace(from, to)).with("base", &text)
        };
        for (from, to, field) in [
            ("  replicas: 0", "  replicas: 0\n  replica: 3", "spec.replica"),
            ("  replicas: 0", "  replicas: many", "spec.replicas"),
            ("image: a:1", "image: ''", "spec.template.spec.containers[0].image"),
            (
                "imagePullPolicy: IfNotPresent",
                "imagePullPolicy: Sometimes",
                "spec.template.spec.containers[0].imagePullPolicy",
            ),
        ] {
            let plan = lab.plan("edit", &object, args(from, to)).await.expect("a plan");
            let DryRun::Refused(problem) = &plan.steps[0].dry_run else { panic!("{to}: {:?}", plan.steps[0].dry_run) };
            assert!(problem.fields.iter().any(|f| f.field == field), "{to}: {problem}");
            assert!(problem.why.len() < 300, "the server quotes the object, we do not: {problem}");
            assert!(!plan.can_run());
        }
        let before = lab.get(&object).await.unwrap();
        let plan = lab.plan("edit", &object, args("image: a:1", "image: a:2")).await.expect("a plan");
        assert!(plan.can_run(), "{:?}", plan.blocked);
        let outcome = lab.run(plan).await;
        assert!(outcome.ok, "{outcome:?}");
        let conflict = lab.plan("edit", &object, args("image: a:1", "image: a:3")).await.expect_err("both changed it");
        assert_eq!(conflict.fields[0].message, "was a:1, mine a:3, theirs a:2", "{conflict}");
        let undo = lab.session.undo(&outcome.journal).await.expect("a way back");
        assert!(lab.run(undo).await.ok);
        assert_eq!(lab.get(&object).await.unwrap()["spec"], before["spec"]);
    });
}

#[test]
fn a_missing_right_disables_an_action_and_the_role_that_is_shown_enables_it() {
    let Some(real) = real("a_missing_right_disables_an_action_and_the_role_that_is_shown_enables_it") else { return };
    run(async {
        let lab = Lab::new(real, "rights");
        let object = lab.make(&config_maps(), json!({"metadata": {"name": "settings"}})).await;
        let (session, heard) = session(real.user("rita", &["staff"]));
        let context = session.current_context();
        let label = |session: &Session| {
            let offers = session.offers(&context, std::slice::from_ref(&object));
            offers.into_iter().find(|o| o.name == "label").expect("it applies").enabled
        };
        let told = |heard: &std::sync::mpsc::Receiver<Event>| {
            while let Ok(event) = heard.recv_timeout(Duration::from_secs(20)) {
                if matches!(event, Event::AccessChanged { .. }) {
                    return;
                }
            }
            panic!("nothing was told of rights");
        };
        assert_eq!(label(&session), Ok(()), "before the server was asked it may be tried");
        tokio::task::block_in_place(|| told(&heard));
        let Err(WhyNot::Rights(missing)) = label(&session) else { panic!("{:?}", label(&session)) };
        assert_eq!(missing[0].line(), format!("patch configmaps in {}", lab.namespace));
        let args = Args::new().with("labels", "team=red");
        let refused = session.plan(&context, "label", std::slice::from_ref(&object), &args).await;
        assert!(
            refused.is_ok_and(|plan| plan.blocked[0].contains("you may not patch configmaps")),
            "seen without `get`"
        );

        let roles = Kind::of("rbac.authorization.k8s.io", "v1", "Role", "roles", true);
        let role: Value = serde_saphyr::from_str(&missing[0].role_yaml()).expect("YAML");
        let role = lab.make(&roles, role).await;
        real.apply(
            "rolebindings",
            &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "rita", "namespace": lab.namespace},
            "subjects": [{"kind": "User", "name": "rita", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "Role", "name": &*role.name, "apiGroup": "rbac.authorization.k8s.io"}}),
        );
        session.cluster(&context).unwrap().invalidate_access();
        let mut plan = None;
        // The server's authorizer sees the new binding through a watch of its own.
        for _ in 0..100 {
            let tried = session.plan(&context, "label", std::slice::from_ref(&object), &args).await.expect("a plan");
            if tried.can_run() {
                plan = Some(tried);
                break;
            }
            session.cluster(&context).unwrap().invalidate_access();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let run = session.run(plan.expect("the Role gives the right"), Confirmation::default()).expect("it may run");
        assert!(session.wait(run).await.expect("known").ok);
        assert_eq!(lab.get(&object).await.unwrap()["metadata"]["labels"]["team"], "red");
    });
}
