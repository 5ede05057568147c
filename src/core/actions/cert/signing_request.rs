//! Approve and deny Kubernetes' own CertificateSigningRequests, as `kubectl certificate approve|deny` does it: a condition
//! through the subresource `approval`, which the server lets nobody take away again (certificates.k8s.io/v1).

use super::issuance::{condition, holds, text};
use crate::actions::action::{Asked, Progress, Target};
use crate::actions::plan::{DiffLine, DryRun, Effect, Step, was_read};
use crate::certificates::secret::read_chain;
use crate::clock::{format_time, human_duration};
use crate::cluster::{Method, Right};
use crate::{Problem, ProblemKind, Result};
use base64::Engine;
use serde_json::{Value, json};
use x509_parser::prelude::*;

pub(crate) const GROUP: &str = "certificates.k8s.io";
pub(crate) const PLURAL: &str = "certificatesigningrequests";

/// The right to answer at all; the one for the signer comes on top.
pub(super) fn right() -> Right {
    Right::new("update", GROUP, "certificatesigningrequests/approval", "")
}

/// What the server asks for in the `approve` of `signers`: this signer, or all of its domain.
pub(super) fn signers(request: &Value) -> Vec<String> {
    let signer = text(&request["spec"]["signerName"]);
    let all = signer.split_once('/').map(|(domain, _)| format!("{domain}/*"));
    all.into_iter().chain([signer]).collect()
}

/// The step that answers a request. `answer`: `Approved` or `Denied`.
///
/// # Errors
/// When it cannot be read whole, or is answered or signed already.
pub(super) fn step(asked: &Asked<'_>, target: &Target, answer: &str, reason: &str, message: &str) -> Result<Step> {
    let object = &target.object;
    let verb = if answer == "Approved" { "approve" } else { "deny" };
    let no = |kind, why: String| Problem::new(kind, format!("cannot {verb}"), why).on(target.reference.to_string());
    if !was_read(object) {
        return Err(no(ProblemKind::Forbidden, "you may not read it, so what is asked for cannot be shown".into()));
    }
    if condition(object, "Failed").is_some() {
        return Err(no(ProblemKind::Conflict, "its signer has given it up already".into())
            .next("whoever needs the certificate asks anew"));
    }
    // The whole object goes back with one more condition, as kubectl sends it: `update` is the right that people have.
    let mut body = object.clone();
    let now = format_time(asked.now);
    let said = json!({
        "type": answer, "status": "True", "reason": reason, "message": message,
        "lastUpdateTime": now, "lastTransitionTime": now,
    });
    match body["status"]["conditions"].as_array_mut() {
        Some(all) => all.push(said),
        None => body["status"]["conditions"] = json!([said]),
    }
    Ok(Step {
        title: format!("{verb} it for {}", text(&object["spec"]["signerName"])),
        object: target.reference.clone(),
        effect: Effect {
            method: Method::Put,
            path: target.reference.path(Some("approval")),
            query: Vec::new(),
            body: Some(body),
        },
        diff: vec![DiffLine {
            path: format!("status.conditions[{answer}]"),
            before: None,
            after: Some(format!("True, {message}")),
        }],
        dry_run: DryRun::Pending,
        undo: None,
        current: object.clone().into(),
    })
}

/// Who asks whom for what, and what a yes or no brings about.
pub(super) fn about(target: &Target, answer: &str) -> Vec<String> {
    let (name, spec) = (target.reference.short(), &target.object["spec"]);
    let (user, signer) = (text(&spec["username"]), text(&spec["signerName"]));
    let list = |field: &str| {
        let all: Vec<String> = spec[field].as_array().into_iter().flatten().map(text).collect();
        all.join(", ")
    };
    let groups = list("groups");
    let groups = if groups.is_empty() { String::new() } else { format!(" (groups {groups})") };
    let asked = Wanted::of(&spec["request"]);
    let what = asked.as_ref().map_or_else(|| "a subject that cannot be read".to_owned(), Wanted::words);
    let time = match spec["expirationSeconds"].as_i64() {
        Some(seconds) => format!("for at most {}", human_duration(seconds)),
        None => "for as long as the signer gives".into(),
    };
    let mut said = vec![
        format!("{name}: {user}{groups} asks {signer}"),
        format!("{name}: for {what}, usages {}, {time}", list("usages")),
    ];
    if answer == "Denied" {
        said.push(format!(
            "{name}: a denied request cannot be approved later: whoever needs the certificate asks anew"
        ));
        return said;
    }
    said.push(format!("{name}: an approval cannot be taken back, and Kubernetes cannot revoke what is signed"));
    let asked = asked.unwrap_or_default();
    if matches!(&*signer, "kubernetes.io/kube-apiserver-client" | "kubernetes.io/kube-apiserver-client-kubelet") {
        let groups =
            if asked.groups.is_empty() { String::new() } else { format!(", groups {}", asked.groups.join(", ")) };
        said.push(format!("{name}: with it one signs in to this cluster as user {}{groups}", asked.user));
        if asked.user != user {
            said.push(format!("{name}: it is asked by {user} for another name than its own"));
        }
    }
    if asked.groups.iter().any(|g| g == "system:masters") {
        said.push(format!("{name}: group system:masters may do everything in the cluster, whatever its roles say"));
    }
    if signer == "kubernetes.io/kubelet-serving" && asked.user != user {
        said.push(format!("{name}: a kubelet asks for its own name only, and {user} asks for {}", asked.user));
    }
    if !signer.starts_with("kubernetes.io/") {
        said.push(format!("{name}: Kubernetes itself does not sign for {signer}: a controller of its own has to run"));
    }
    said
}

/// How far an approved request is.
pub(super) fn progress(request: &Value) -> Progress {
    if let Some(failed) = condition(request, "Failed").filter(|_| holds(request, "Failed")) {
        return Progress::Failed(format!("the signer could not sign: {}", text(&failed["message"])));
    }
    let Some(pem) = request["status"]["certificate"].as_str().filter(|c| !c.is_empty()) else {
        return Progress::Going(format!("approved, waits for {} to sign", text(&request["spec"]["signerName"])));
    };
    let pem = base64::engine::general_purpose::STANDARD.decode(pem).unwrap_or_default();
    Progress::Done(match read_chain(&pem).0 {
        Ok(leaf) => format!("signed, valid until {}", &format_time(leaf.not_after)[..16].replace('T', " ")),
        Err(_) => "signed".into(),
    })
}

/// What is read of a signing request.
#[derive(Default)]
struct Wanted {
    /// The common name: the user that the certificate is for, where one signs in with it.
    user: String,
    /// The organisations: that user's groups.
    groups: Vec<String>,
    names: Vec<String>,
}

impl Wanted {
    /// From PEM in base64.
    fn of(request: &Value) -> Option<Self> {
        let pem = base64::engine::general_purpose::STANDARD.decode(request.as_str()?).ok()?;
        let (_, pem) = parse_x509_pem(&pem).ok()?;
        let (_, csr) = X509CertificationRequest::from_der(&pem.contents).ok()?;
        let subject = &csr.certification_request_info.subject;
        let texts =
            |all: Vec<&str>| all.into_iter().map(|t| crate::text::clean_line(t).into_owned()).collect::<Vec<_>>();
        let user = texts(subject.iter_common_name().filter_map(|n| n.as_str().ok()).take(1).collect());
        Some(Self {
            user: user.into_iter().next().unwrap_or_default(),
            groups: texts(subject.iter_organization().filter_map(|n| n.as_str().ok()).collect()),
            names: super::answer::alternative_names(&csr),
        })
    }
    fn words(&self) -> String {
        let groups = self.groups.iter().map(|g| format!("O={g}"));
        let mut words: Vec<String> = [format!("CN={}", self.user)].into_iter().chain(groups).collect();
        words.extend(self.names.iter().cloned());
        words.join(", ")
    }
}
