//! The real Argo CD, its repositories in the real Gitea.

use std::sync::OnceLock;

use quarterdeck_testing::argocd::{ArgoCd, NAMESPACE};
use quarterdeck_testing::gitea::Gitea;
use serde_json::{Value, json};

use crate::ground::{Ground, NODE, given, ground, settings};

struct Stand {
    ground: &'static Ground,
    gitea: Gitea,
    _argocd: ArgoCd,
}

fn stand(test: &str) -> Option<&'static Stand> {
    static STAND: OnceLock<Result<Stand, String>> = OnceLock::new();
    given(
        test,
        STAND.get_or_init(|| {
            let ground = ground()?;
            let gitea = Gitea::start()?;
            Ok(Stand { ground, gitea, _argocd: ArgoCd::start(&ground.cluster)? })
        }),
    )
}

/// One Application with a repository and a namespace of its own, all of the same name.
struct Shop {
    stand: &'static Stand,
    name: &'static str,
    namespace: String,
}

impl Shop {
    /// The Application is there and was compared once.
    fn new(stand: &'static Stand, name: &'static str, files: &[(&str, Option<&str>)], policy: Value) -> Shop {
        let repository = stand.gitea.repository(name);
        stand.gitea.commit(name, "begin", files);
        let namespace = stand.ground.cluster.namespace(name);
        let mut application = ArgoCd::application(name, &repository, "app", &namespace);
        if !policy.is_null() {
            application["spec"]["syncPolicy"] = policy;
        }
        stand.ground.cluster.apply("applications", &application);
        let shop = Shop { stand, name, namespace };
        shop.wait("was compared", |app| app["status"]["sync"]["status"].is_string());
        shop
    }

    fn path(&self) -> String {
        format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications/{}", self.name)
    }

    fn wait(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.stand.ground.wait(&self.path(), what, wanted)
    }

    fn sync(&self) -> String {
        self.stand.ground.get(&self.path())["status"]["sync"]["status"].as_str().unwrap_or_default().to_owned()
    }

    fn commit(&self, message: &str, files: &[(&str, Option<&str>)]) -> String {
        self.stand.gitea.commit(self.name, message, files)
    }

    /// `qd do ACTION` on the Application with more words, to a good end.
    fn done(&self, action: &str, more: &str) -> Value {
        self.stand.ground.done(format!("{action} application/{NAMESPACE}/{} {more}", self.name).trim_end())
    }

    fn mode(&self, name: &str) -> Value {
        self.stand.ground.mode(&self.namespace, name)
    }
}

fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 1\n  selector: {{matchLabels: \
         {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{nodeName: {NODE}, containers: \
         [{{name: web, image: '{image}'}}]}}\n"
    )
}

/// A Job that runs before each sync. Without a node its pod waits for ever; with a deadline the Job fails.
fn hook(more: &str) -> String {
    let annotations = "{argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation}";
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, annotations: {annotations}}}\nspec:\n  \
         backoffLimit: 0\n{more}  template: {{spec: {{restartPolicy: Never, containers: [{{name: migrate, image: 'a:1'}}]}}}}\n"
    )
}

#[test]
#[ignore = "heavy: Argo CD and Gitea"]
fn a_commit_is_refreshed_synced_and_followed_to_the_changed_object() {
    let Some(stand) = stand("a_commit_is_refreshed_synced_and_followed_to_the_changed_object") else { return };
    let (one, web) = (settings("settings", "one"), deployment("web:1"));
    let files = [("app/settings.yaml", Some(one.as_str())), ("app/web.yaml", Some(web.as_str()))];
    let shop = Shop::new(stand, "commit", &files, Value::Null);
    let app = stand.ground.app("commit");
    assert_eq!(app["sync"], "OutOfSync", "{app:#}");

    shop.done("argocd-sync", "");
    assert_eq!(shop.mode("settings"), "one");
    shop.wait("is healthy", |app| app["status"]["health"]["status"] == "Healthy");
    assert_eq!(stand.ground.app("commit")["sync"], "Synced");

    let two = settings("settings", "two");
    let commit = shop.commit("two", &[("app/settings.yaml", Some(&two)), ("app/web.yaml", Some(&deployment("web:2")))]);
    assert_eq!(shop.sync(), "Synced", "nobody has looked at the commit yet");
    shop.done("argocd-refresh", "");
    assert_eq!(shop.sync(), "OutOfSync");
    shop.done("argocd-sync", "");
    let synced = shop.wait("is in sync", |app| app["status"]["sync"]["status"] == "Synced");
    assert_eq!(synced["status"]["operationState"]["syncResult"]["revision"], *commit);
    assert_eq!(shop.mode("settings"), "two");
    let pods = stand.ground.get(&format!("/api/v1/namespaces/{}/pods", shop.namespace));
    assert!(pods.to_string().contains("web:2"), "the run was not followed to the new pods: {pods:#}");
}

#[test]
#[ignore = "heavy: Argo CD and Gitea"]
fn only_what_was_chosen_is_synced_and_only_pruning_deletes() {
    let Some(stand) = stand("only_what_was_chosen_is_synced_and_only_pruning_deletes") else { return };
    let old = ["a", "b", "c"].map(|name| settings(name, "old"));
    let new = ["a", "b"].map(|name| settings(name, "new"));
    let files = [("app/a.yaml", Some(&*old[0])), ("app/b.yaml", Some(&*old[1])), ("app/c.yaml", Some(&*old[2]))];
    let shop = Shop::new(stand, "prune", &files, Value::Null);
    shop.done("argocd-sync", "");
    shop.commit("new", &[("app/a.yaml", Some(&new[0])), ("app/b.yaml", Some(&new[1])), ("app/c.yaml", None)]);
    shop.done("argocd-refresh", "");

    shop.done("argocd-sync", "--resources :ConfigMap:a");
    assert_eq!((shop.mode("a"), shop.mode("b")), ("new".into(), "old".into()));
    shop.done("argocd-sync", "");
    assert_eq!((shop.mode("b"), shop.mode("c")), ("new".into(), "old".into()), "a sync does not delete");
    assert_eq!(shop.sync(), "OutOfSync");
    shop.done("argocd-sync", "--prune");
    assert_eq!(shop.mode("c"), Value::Null);
    shop.wait("is in sync", |app| app["status"]["sync"]["status"] == "Synced");
}

#[test]
#[ignore = "heavy: Argo CD and Gitea"]
fn an_earlier_deployment_comes_back_while_auto_sync_is_off() {
    let Some(stand) = stand("an_earlier_deployment_comes_back_while_auto_sync_is_off") else { return };
    let (one, two, three) = (settings("settings", "one"), settings("settings", "two"), settings("settings", "three"));
    let automated = json!({"automated": {"prune": true}});
    let shop = Shop::new(stand, "rollback", &[("app/settings.yaml", Some(&one))], automated);
    let history = |app: &Value| app["status"]["history"].as_array().map_or(0, Vec::len);
    shop.wait("has synced by itself", |app| history(app) == 1 && app["status"]["sync"]["status"] == "Synced");
    shop.commit("two", &[("app/settings.yaml", Some(&two))]);
    shop.done("argocd-refresh", "");
    shop.wait("has synced by itself", |app| history(app) == 2 && app["status"]["sync"]["status"] == "Synced");
    assert_eq!(shop.mode("settings"), "two");

    shop.done("argocd-suspend", "");
    shop.done("argocd-rollback", "");
    assert_eq!(shop.mode("settings"), "one");
    shop.commit("three", &[("app/settings.yaml", Some(&three))]);
    shop.done("argocd-refresh", "");
    assert_eq!((shop.sync().as_str(), shop.mode("settings")), ("OutOfSync", "one".into()), "auto-sync is off");

    shop.done("argocd-resume", "");
    stand.ground.wait(&stand.ground.settings(&shop.namespace, "settings"), "is that of the last commit", |found| {
        found["data"]["mode"] == "three"
    });
    let policy = stand.ground.get(&shop.path())["spec"]["syncPolicy"].clone();
    assert_eq!(policy["automated"]["prune"], true, "it syncs as it did before: {policy}");
}

#[test]
#[ignore = "heavy: Argo CD and Gitea"]
fn an_operation_that_waits_for_ever_is_terminated_and_a_failed_hook_is_named() {
    let Some(stand) = stand("an_operation_that_waits_for_ever_is_terminated_and_a_failed_hook_is_named") else {
        return;
    };
    let (one, waits) = (settings("settings", "one"), hook(""));
    let files = [("app/settings.yaml", Some(one.as_str())), ("app/hook.yaml", Some(waits.as_str()))];
    let shop = Shop::new(stand, "hooks", &files, Value::Null);
    let phase = |app: &Value| app["status"]["operationState"]["phase"].clone();
    stand.ground.patch(&shop.path(), &json!({"operation": {"sync": {"syncStrategy": {"hook": {}}}}}));
    shop.wait("waits for its hook", |app| {
        phase(app) == "Running" && app["status"]["operationState"]["syncResult"].to_string().contains("migrate")
    });
    shop.done("argocd-terminate", "");
    shop.wait("was terminated", |app| phase(app) == "Failed");
    assert_eq!(shop.mode("settings"), Value::Null, "the hook comes before everything else");

    shop.commit("a deadline", &[("app/hook.yaml", Some(&hook("  activeDeadlineSeconds: 1\n")))]);
    shop.done("argocd-refresh", "");
    let all = stand.ground.json(&format!("do argocd-sync application/{NAMESPACE}/hooks --yes --wait -o json"));
    assert_eq!(all["outcome"]["ok"], false, "{all:#}");
    let text = all["outcome"]["text"].to_string();
    assert!(text.contains("migrate") && text.contains("hook"), "{text}");
    let why = stand.ground.why("hooks");
    assert_eq!(why["verdict"]["level"], "bad", "{why:#}");
    assert!(why.to_string().contains("migrate"), "{why:#}");
}

#[test]
#[ignore = "heavy: Argo CD and Gitea"]
fn a_folder_that_is_not_in_git_is_why_an_app_cannot_be_compared() {
    let Some(stand) = stand("a_folder_that_is_not_in_git_is_why_an_app_cannot_be_compared") else { return };
    let one = settings("settings", "one");
    let shop = Shop::new(stand, "lost", &[("elsewhere/settings.yaml", Some(&one))], Value::Null);
    shop.wait("has a condition", |app| app["status"]["conditions"].to_string().contains("ComparisonError"));
    let app = stand.ground.app("lost");
    assert_eq!((&app["verdict"]["level"], &app["sync"]), (&"bad".into(), &"Unknown".into()), "{app:#}");
    let why = app["verdict"]["why"].to_string();
    assert!(why.contains("app path does not exist"), "{app:#}");
    assert_eq!(stand.ground.why("lost")["verdict"], app["verdict"]);
    assert!(app["verdict"]["next"].to_string().contains("spec.source.path"), "{app:#}");
}
