//! Approve and deny, through the production client, on the embedded cluster. Nobody signs there: the test does.

use super::tests::Place;
use crate::actions::{Args, DryRun, Plan, Risk, StepState};
use crate::cluster::Access;
use crate::resources::{Kind, ObjectRef};
use crate::{ProblemKind, Result};
use base64::Engine;
use quarterdeck_sim::shapes::x509::request_pem;
use serde_json::{Value, json};

const NS: &str = "homer";

/// A request for `team.ominis.ai` that waits for approval, made by nobody's Certificate.
fn waiting(place: &Place, name: &str, ca: bool) -> ObjectRef {
    let pem = base64::engine::general_purpose::STANDARD.encode(request_pem(&["team.ominis.ai".to_owned()]));
    let issuer = json!({"name": "letsencrypt-prod", "kind": "ClusterIssuer", "group": "cert-manager.io"});
    place.apply(json!({"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"request": pem, "issuerRef": issuer, "username": "system:serviceaccount:team:deployer", "isCA": ca}}))
}

/// One of Kubernetes' own, of the user alice for a group.
fn own(place: &Place, name: &str, group: &str, signer: &str) -> ObjectRef {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "alice");
    params.distinguished_name.push(rcgen::DnType::OrganizationName, group);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();
    place.apply(json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": name}, "spec": {"signerName": signer, "username": "bob", "groups": ["devs"],
            "usages": ["client auth"], "expirationSeconds": 86_400,
            "request": base64::engine::general_purpose::STANDARD.encode(pem)}}))
}

fn warned(plan: &Plan, part: &str) -> bool {
    plan.warnings.iter().any(|w| w.contains(part))
}

fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|c| c["type"] == kind).unwrap_or(Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_says_who_asks_for_what_waits_for_the_signature_and_is_for_good() {
    let place = Place::still().await;
    let request = waiting(&place, "team-1", true);
    let plan = place.plan("approve", &request, Args::new().with("message", "seen by ops\u{1b}")).await.unwrap();
    assert!(plan.can_run() && plan.steps[0].dry_run == DryRun::Accepted, "{:?}", plan.blocked);
    assert_eq!((plan.risk, plan.type_to_confirm.as_str(), plan.undo.as_str()), (Risk::Wide, "team-1", ""));
    let rights: Vec<String> = plan.rights.iter().map(|(r, _)| r.line()).collect();
    assert_eq!(rights, ["patch certificaterequests/status.cert-manager.io in homer"]);
    let who = "system:serviceaccount:team:deployer asks ClusterIssuer letsencrypt-prod for team.ominis.ai";
    assert!(warned(&plan, who) && warned(&plan, "can sign others (isCA)"), "{:?}", plan.warnings);
    assert_eq!(condition(&place.get(&request).await.unwrap(), "Approved"), Value::Null, "planning changes nothing");

    let (run, outcome) = tokio::join!(place.run(plan, false), async {
        let approved = place.until(&request, |r| condition(r, "Approved")["status"] == "True").await;
        let said = condition(&approved, "Approved");
        assert_eq!(said["reason"], "quarterdeck.dev");
        let message = said["message"].as_str().unwrap();
        assert!(message.starts_with("seen by ops") && !message.contains('\u{1b}'), "{message:?}");
        let ready = json!({"type": "Ready", "status": "True", "reason": "Issued", "message": "fetched"});
        place.conditions(&request, &[said, ready]).await;
    });
    let () = outcome;
    let (outcome, _) = run;
    assert_eq!((outcome.ok, outcome.text.as_str(), outcome.can_undo), (true, "signed", false), "{outcome:?}");
    assert!(place.session.undo(&outcome.journal).await.unwrap_err().why.contains("no way back"));
    for action in ["approve", "deny"] {
        let refused = place.plan(action, &request, Args::new()).await.unwrap_err();
        assert_eq!(refused.kind, ProblemKind::Conflict);
        assert!(refused.why.contains("approved already (seen by ops"), "{refused}");
        assert!(refused.next.contains("delete the request"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_told_with_its_consequence_and_an_issuer_that_fails_is_no_success() {
    let place = Place::still().await;
    let request = waiting(&place, "team-1", false);
    let plan = place.plan("deny", &request, Args::new().with("message", "not ours")).await.unwrap();
    assert!(warned(&plan, "asks again after its backoff (1h, doubling up to 32h)"), "{:?}", plan.warnings);
    let (outcome, view) = place.run(plan, true).await;
    assert_eq!((outcome.ok, outcome.text.as_str()), (true, "denied"), "{outcome:?}");
    let stages: Vec<&str> = view.steps[0].stages.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(stages, ["written", "denied"]);
    let denied = condition(&place.get(&request).await.unwrap(), "Denied");
    assert_eq!((&denied["status"], &denied["message"]), (&json!("True"), &json!("not ours")));
    let refused = place.plan("approve", &request, Args::new()).await.unwrap_err();
    assert!(refused.why.contains("denied already (not ours)"), "{refused}");

    let other = waiting(&place, "team-2", false);
    let plan = place.plan("approve", &other, Args::new()).await.unwrap();
    let ((outcome, _), ()) = tokio::join!(place.run(plan, true), async {
        let approved = place.until(&other, |r| condition(r, "Approved")["status"] == "True").await;
        let failed = json!({"type": "Ready", "status": "False", "reason": "Failed", "message": "the order is invalid"});
        place.conditions(&other, &[condition(&approved, "Approved"), failed]).await;
    });
    assert!(!outcome.ok && outcome.text.contains("the order is invalid"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_or_replaced_between_the_plan_and_the_yes_is_left_alone() {
    let place = Place::still().await;
    let request = waiting(&place, "team-1", false);
    let plan = place.plan("approve", &request, Args::new()).await.unwrap();
    let denied = json!({"type": "Denied", "status": "True", "reason": "policy", "message": "by the policy engine"});
    place.conditions(&request, &[denied]).await;
    let (outcome, _) = place.run(plan, false).await;
    assert!(!outcome.ok && outcome.results[0].state == StepState::Failed, "{outcome:?}");
    assert!(outcome.problem.unwrap().next.contains("plan it again"), "{}", outcome.text);
    let there = place.get(&request).await.unwrap();
    assert_eq!(
        (condition(&there, "Approved"), &condition(&there, "Denied")["reason"]),
        (Value::Null, &json!("policy"))
    );

    let request = waiting(&place, "team-2", false);
    let plan = place.plan("approve", &request, Args::new()).await.unwrap();
    place.delete(&request).await;
    let new = waiting(&place, "team-2", false);
    assert_ne!(new.uid, request.uid);
    let (outcome, _) = place.run(plan, false).await;
    assert!(!outcome.ok && outcome.text.contains("another object has its name"), "{outcome:?}");
    assert_eq!(condition(&place.get(&new).await.unwrap(), "Approved"), Value::Null);
    let gone = place.plan("approve", &request, Args::new()).await.unwrap_err();
    assert!(gone.why.contains("deleted and recreated"), "{gone}");
}

/// What a user may do with this one rule more than read.
async fn as_user(place: &Place, rules: Value, action: &str, object: &ObjectRef) -> Result<Plan> {
    let reads = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
    let rules = [reads.as_array().unwrap().clone(), rules.as_array().unwrap().clone()].concat();
    let api = "rbac.authorization.k8s.io/v1";
    place.apply(json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "bob"}, "rules": rules}));
    place.apply(json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "bob"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "bob"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}]}));
    let session = place.session_of("bob");
    session.plan("sim", action, std::slice::from_ref(object), &Args::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_answer_or_for_the_signer_the_role_that_gives_it_is_named() {
    let place = Place::still().await;
    let request = waiting(&place, "team-1", false);
    let answer =
        json!({"apiGroups": ["cert-manager.io"], "resources": ["certificaterequests/status"], "verbs": ["patch"]});
    let signer = |name: &str| {
        json!({"apiGroups": ["cert-manager.io"], "resources": ["signers"], "verbs": ["approve"],
        "resourceNames": [name]})
    };
    let refused = as_user(&place, json!([answer]), "approve", &request).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Forbidden);
    let name = "clusterissuers.cert-manager.io/letsencrypt-prod";
    assert!(refused.why.contains(&format!("approve signers.cert-manager.io {name}")), "{refused}");
    assert!(refused.next.contains(&format!("resourceNames: [\"{name}\"]")), "{refused}");
    let plan = as_user(&place, json!([answer, signer(name)]), "approve", &request).await.unwrap();
    assert!(plan.can_run(), "{:?}", plan.blocked);
    let every = signer("clusterissuers.cert-manager.io/*");
    let plan = as_user(&place, json!([answer, every]), "deny", &request).await.unwrap();
    assert!(plan.can_run(), "{:?}", plan.blocked);
    let plan = as_user(&place, json!([every]), "deny", &request).await.unwrap();
    assert!(!plan.can_run() && plan.rights[0].1 == Access::Denied, "{:?}", plan.rights);
    assert!(plan.blocked[0].contains("certificaterequests/status"), "{:?}", plan.blocked);
}

#[tokio::test(flavor = "multi_thread")]
async fn kubernetes_own_requests_are_answered_through_their_approval_and_only_once() {
    let place = Place::still().await;
    let request = own(&place, "alice", "system:masters", "kubernetes.io/kube-apiserver-client");
    let plan = place.plan("approve", &request, Args::new()).await.unwrap();
    assert!(plan.can_run() && plan.steps[0].dry_run == DryRun::Accepted, "{:?}", plan.blocked);
    assert_eq!(plan.steps[0].effect.path, "/apis/certificates.k8s.io/v1/certificatesigningrequests/alice/approval");
    for part in [
        "bob (groups devs) asks kubernetes.io/kube-apiserver-client",
        "for CN=alice, O=system:masters, usages client auth, for at most 24h",
        "one signs in to this cluster as user alice, groups system:masters",
        "asked by bob for another name than its own",
        "may do everything in the cluster",
        "an approval cannot be taken back",
    ] {
        assert!(warned(&plan, part), "{part}: {:#?}", plan.warnings);
    }
    assert_eq!(condition(&place.get(&request).await.unwrap(), "Approved"), Value::Null, "planning changes nothing");
    let ((outcome, _), ()) = tokio::join!(place.run(plan, true), async {
        place.until(&request, |r| condition(r, "Approved")["status"] == "True").await;
        let signed = rcgen::generate_simple_self_signed(vec!["alice".to_owned()]).unwrap().cert.pem();
        let signed = base64::engine::general_purpose::STANDARD.encode(signed);
        place.status(&request, json!({"certificate": signed})).await;
    });
    assert!(outcome.ok && outcome.text.starts_with("signed, valid until "), "{outcome:?}");
    let refused = place.plan("deny", &request, Args::new()).await.unwrap_err();
    assert!(refused.why.contains("approved already") && refused.next.contains("asks anew"), "{refused}");

    let vpn = own(&place, "vpn", "team", "example.com/vpn");
    let plan = place.plan("approve", &vpn, Args::new()).await.unwrap();
    assert!(warned(&plan, "Kubernetes itself does not sign for example.com/vpn"), "{:#?}", plan.warnings);
    let plan = place.plan("deny", &vpn, Args::new().with("message", "no")).await.unwrap();
    assert!(warned(&plan, "a denied request cannot be approved later"), "{:#?}", plan.warnings);
    let stale = place.plan("approve", &vpn, Args::new()).await.unwrap();
    assert!(place.run(plan, true).await.0.ok);
    let (outcome, _) = place.run(stale, false).await;
    assert!(!outcome.ok, "{outcome:?}");
    let there = place.get(&vpn).await.unwrap();
    assert_eq!((condition(&there, "Approved"), &condition(&there, "Denied")["message"]), (Value::Null, &json!("no")));

    let answer = json!({"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests/approval"],
        "verbs": ["update"]});
    let signer = json!({"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": ["approve"],
        "resourceNames": ["example.com/*"]});
    let third = own(&place, "third", "team", "example.com/vpn");
    let refused = as_user(&place, json!([answer]), "approve", &third).await.unwrap_err();
    assert!(refused.why.contains("approve signers.certificates.k8s.io example.com/vpn"), "{refused}");
    let plan = as_user(&place, json!([signer]), "approve", &third).await.unwrap();
    assert!(plan.blocked[0].contains("update certificatesigningrequests/approval"), "{:?}", plan.blocked);
    let plan = as_user(&place, json!([answer, signer]), "approve", &third).await.unwrap();
    assert!(plan.can_run(), "{:?}", plan.blocked);
}

#[test]
fn a_kind_of_another_group_with_the_same_name_is_not_meant() {
    let other = Kind::of("example.com", "v1", "CertificateSigningRequest", "certificatesigningrequests", false);
    assert!(!crate::actions::catalogue::find("approve").unwrap().applies(&other));
}
