//! Retry and temporary certificates, through the production client, on the embedded platform; what is kept of a deleted
//! Secret.

use super::tests::{Place, certificate};
use crate::ProblemKind;
use crate::actions::{Args, DryRun, Plan, StageState};
use crate::cluster::Access;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// Its renewal has failed three times: the authority was down.
fn failed() -> ObjectRef {
    certificate("authentik", "auth-tls")
}

fn warned(plan: &Plan, part: &str) -> bool {
    plan.warnings.iter().any(|w| w.contains(part))
}

fn issuing(certificate: &Value) -> Value {
    let all = certificate["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|c| c["type"] == "Issuing").unwrap_or(Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_begins_the_backoff_anew_and_can_be_taken_back_while_nothing_came_of_it() {
    let place = Place::still().await;
    let object = failed();
    let before = place.get(&object).await.unwrap();
    assert_eq!(before["status"]["failedIssuanceAttempts"], 3, "{before:#}");
    let plan = place.plan("retry", &object, Args::new()).await.unwrap();
    assert!(plan.can_run() && plan.steps[0].dry_run == DryRun::Accepted, "{:?}", plan.blocked);
    assert_eq!(plan.steps[0].title, "try again now; the count of 3 failures and its backoff begin anew");
    let paths: Vec<&str> = plan.steps[0].diff.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(paths, ["status.failedIssuanceAttempts", "status.lastFailureTime", "status.conditions[Issuing]"]);
    assert!(warned(&plan, "failed last: ") && warned(&plan, "down for maintenance"), "{:#?}", plan.warnings);
    assert!(warned(&plan, "unless the cause is mended it fails again"), "{:#?}", plan.warnings);
    let rights: Vec<(String, Access)> = plan.rights.iter().map(|(r, a)| (r.line(), *a)).collect();
    assert_eq!(rights, [("patch certificates/status.cert-manager.io in authentik".to_owned(), Access::Allowed)]);
    assert_eq!(place.get(&object).await.unwrap(), before, "planning changes nothing");

    let run = place.begin(plan, false);
    let asked = place.until(&object, |c| issuing(c)["status"] == "True").await;
    assert_eq!(issuing(&asked)["reason"], "ManuallyTriggered");
    assert!(asked["status"]["failedIssuanceAttempts"].is_null() && asked["status"]["lastFailureTime"].is_null());
    let again = place.plan("retry", &object, Args::new()).await.unwrap_err();
    assert!(again.why.contains("it is being issued now"), "{again}");
    place.session.cancel(run);
    let outcome = place.session.wait(run).await.unwrap();
    let undo = place.session.undo(&outcome.journal).await.unwrap();
    assert!(place.run(undo, false).await.0.ok);
    let after = place.get(&object).await.unwrap();
    for field in ["failedIssuanceAttempts", "lastFailureTime", "conditions"] {
        assert_eq!(after["status"][field], before["status"][field], "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_without_a_failure_one_too_late_and_one_without_the_right_are_refused() {
    let place = Place::still().await;
    let well = certificate("homer", "homer-ominis-ai-tls");
    let refused = place.plan("retry", &well, Args::new()).await.unwrap_err();
    assert!(refused.why.contains("nothing of it failed") && refused.next.contains("renew"), "{refused}");
    let both = place.session.plan("sim", "retry", &[well, failed()], &Args::new()).await.unwrap();
    assert_eq!(both.steps.len(), 1);
    assert!(warned(&both, "homer-ominis-ai-tls left out: nothing of it failed"), "{:#?}", both.warnings);

    // cert-manager came back by itself between the plan and the yes, and failed again.
    place.status(&failed(), json!({"failedIssuanceAttempts": 4})).await;
    let (outcome, _) = place.run(both, false).await;
    assert!(!outcome.ok && outcome.text.contains("failedIssuanceAttempts is 4 now and was 3"), "{outcome:?}");
    assert_eq!(outcome.problem.unwrap().kind, ProblemKind::Conflict);
    assert_eq!(place.get(&failed()).await.unwrap()["status"]["failedIssuanceAttempts"], 4);

    place.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "reader"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]}));
    place.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "reader"}, "subjects": [{"kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}}));
    for (action, right) in [
        ("retry", "patch certificates/status.cert-manager.io in authentik"),
        ("temporary-certificate", "patch certificates.cert-manager.io in authentik"),
    ] {
        let plan = place.session_of("eve").plan("sim", action, &[failed()], &Args::new()).await.unwrap();
        assert!(plan.blocked.iter().any(|b| b.contains(right)), "{action}: {:?}", plan.blocked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_fails_as_before_while_the_cause_lasts_and_issues_when_it_is_gone() {
    let place = Place::moving().await;
    let object = failed();
    let plan = place.plan("retry", &object, Args::new()).await.unwrap();
    let (outcome, view) = place.run(plan, true).await;
    assert!(!outcome.ok && outcome.text.contains("down for maintenance"), "{outcome:?}");
    assert!(view.steps[0].stages.iter().any(|s| s.state == StageState::Failed), "{:?}", view.steps[0].stages);
    let again = place.get(&object).await.unwrap();
    assert_eq!(again["status"]["failedIssuanceAttempts"], 1, "the count has begun anew");

    for order in place.all("acme.cert-manager.io/v1", "orders", "authentik").await {
        let kind = Kind::of("acme.cert-manager.io", "v1", "Order", "orders", true);
        place.delete(&super::issuance::reference(kind, &order)).await;
    }
    let plan = place.plan("retry", &object, Args::new()).await.unwrap();
    let (outcome, view) = place.run(plan, true).await;
    assert!(outcome.ok && outcome.text.starts_with("issued, revision "), "{outcome:?}");
    let stages: Vec<(&str, StageState)> = view.steps[0].stages.iter().map(|s| (s.id.as_str(), s.state)).collect();
    assert_eq!(stages[..5], ["written", "request", "order", "challenge", "secret"].map(|id| (id, StageState::Done)));
    let late = place.session.undo(&outcome.journal).await.unwrap_err();
    assert!(late.why.contains("somebody changed it since"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_certificate_is_asked_for_told_what_it_is_worth_and_taken_back() {
    const ANNOTATION: &str = "cert-manager.io/issue-temporary-certificate";
    let place = Place::still().await;
    let object = certificate("homer", "homer-ominis-ai-tls");
    let full = place.plan("temporary-certificate", &object, Args::new()).await.unwrap();
    assert!(warned(&full, "nobody trusts it"), "{:#?}", full.warnings);
    assert!(warned(&full, "puts a temporary one only where there is none"), "{:#?}", full.warnings);

    let name = place.get(&object).await.unwrap()["spec"]["secretName"].as_str().unwrap().to_owned();
    place.delete(&ObjectRef::new(super::issuance::secrets(), "homer", &name)).await;
    let plan = place.plan("temporary-certificate", &object, Args::new()).await.unwrap();
    assert!(plan.can_run() && !warned(&plan, "puts a temporary one only"), "{:#?}", plan.warnings);
    let titles: Vec<&str> = plan.steps.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["allow a temporary certificate", "issue again: attempt 1, no backoff"]);
    let (outcome, _) = place.run(plan.clone(), false).await;
    assert!(outcome.ok, "{outcome:?}");
    let asked = place.get(&object).await.unwrap();
    assert_eq!(
        (&asked["metadata"]["annotations"][ANNOTATION], &issuing(&asked)["status"]),
        (&json!("true"), &json!("True"))
    );

    // What is under way already is not asked for a second time.
    let busy = place.plan("temporary-certificate", &object, Args::new()).await.unwrap();
    assert!(busy.changes_nothing() && busy.steps.len() == 1, "{:?}", busy.steps);
    let undo = place.session.undo(&outcome.journal).await.unwrap();
    assert!(place.run(undo, false).await.0.ok);
    let after = place.get(&object).await.unwrap();
    assert!(after["metadata"]["annotations"][ANNOTATION].is_null(), "{after:#}");
    assert_eq!(issuing(&after)["status"], "True", "the issuance goes on");
    let (late, _) = place.run(plan, false).await;
    assert!(!late.ok, "what was planned before the issuance began is not done twice: {late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_that_is_kept_for_the_way_back_is_never_written_down() {
    let place = Place::still().await;
    let object = certificate("homer", "homer-ominis-ai-tls");
    let name = place.get(&object).await.unwrap()["spec"]["secretName"].as_str().unwrap().to_owned();
    let secret = ObjectRef::new(super::issuance::secrets(), "homer", &name);
    let before = place.get(&secret).await.unwrap();
    let plan = place.plan("recreate-secret", &object, Args::new()).await.unwrap();
    assert!(plan.undo_ends_with_program());
    let key = before["data"]["tls.key"].as_str().unwrap().to_owned();
    let chain = before["data"]["tls.crt"].as_str().unwrap().to_owned();
    assert!(key.len() > 100 && chain.len() > 100);
    let held = |text: &str| text.contains(&key) || text.contains(&chain);
    let saved = serde_json::to_string(&plan).unwrap();
    assert!(saved.contains("(hidden)") && !held(&saved), "a saved plan has no key: {saved}");
    assert!(!held(&format!("{plan:?}")), "nor has a panic");
    let run = place.begin(plan, false);
    let outcome = place.session.wait(run).await.unwrap();
    assert!(outcome.ok && outcome.can_undo, "{outcome:?}");
    assert!(!held(&serde_json::to_string(&place.session.run_view(run)).unwrap()));
    assert!(!held(&place.session.export_journal(crate::journal::ExportFormat::Json)));
    let undo = place.session.undo(&outcome.journal).await.unwrap();
    assert!(!held(&serde_json::to_string(&undo).unwrap()));
    let mut folders = vec![place.folder().to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.iter().any(|f| f.ends_with("journal.jsonl")), "{files:?}");
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!held(&text), "{} holds it", file.display());
        assert!(!text.contains("tls.key"), "{} has a Secret: {text}", file.display());
    }
    // Another program reads the journal and says that it cannot.
    let other = place.session_of("kubernetes-admin").undo(&outcome.journal).await.unwrap_err();
    assert!(other.why.contains("no way back"), "{other}");
    assert!(place.run(undo, false).await.0.ok);
    let after = place.get(&secret).await.unwrap();
    assert_eq!((&after["data"], &after["type"]), (&before["data"], &before["type"]), "it is the old one, to the byte");
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
}
