//! Approve and deny: the answer of a person to a CertificateRequest that waits for one, as `cmctl approve` and `cmctl
//! deny` give it, or to one of Kubernetes' own (`signing_request`). It cannot be changed afterwards.

use super::issuance::{GROUP, condition, is, text, with_condition};
use super::signing_request;
use crate::actions::action::{Action, Arg, ArgKind, Asked, Progress, Proposal, Target};
use crate::actions::plan::{DiffLine, Risk, Step};
use crate::actions::stage::Stage;
use crate::clock::format_time;
use crate::cluster::{Access, Cluster, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use base64::Engine;
use serde_json::{Value, json};
use x509_parser::prelude::*;

/// One of the two answers.
pub struct Answer {
    name: &'static str,
    title: &'static str,
    help: &'static str,
    /// The condition that it sets.
    condition: &'static str,
}

pub static APPROVE: Answer = Answer {
    name: "approve",
    title: "Approve",
    help: "Let a CertificateRequest or CertificateSigningRequest be signed.",
    condition: "Approved",
};
pub static DENY: Answer = Answer {
    name: "deny",
    title: "Deny",
    help: "Refuse a CertificateRequest (its Certificate asks again after its backoff) or CertificateSigningRequest.",
    condition: "Denied",
};

/// Who has answered, as the condition says.
const REASON: &str = "quarterdeck.dev";

#[async_trait::async_trait]
impl Action for Answer {
    fn name(&self) -> &'static str {
        self.name
    }
    fn title(&self) -> &'static str {
        self.title
    }
    fn help(&self) -> &'static str {
        self.help
    }
    fn applies(&self, kind: &Kind) -> bool {
        is(kind, GROUP, "certificaterequests") || is_own(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        if is_own(&target.kind) {
            return vec![signing_request::right()];
        }
        vec![Right::new("patch", GROUP, "certificaterequests/status", &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg { name: "message", kind: ArgKind::Text, help: "why, for those who look at the request", required: false }]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let (mut steps, mut warnings) = (Vec::new(), Vec::new());
        for target in asked.targets {
            let object = &target.object;
            for (kind, word) in [("Approved", "approved"), ("Denied", "denied")] {
                if let Some(answer) = condition(object, kind) {
                    let why =
                        format!("it is {word} already ({}), and that cannot be changed", text(&answer["message"]));
                    return Err(Problem::new(ProblemKind::Conflict, format!("cannot {}", self.name), why)
                        .on(target.reference.to_string())
                        .next(match is_own(&target.reference.kind) {
                            true => "whoever needs the certificate asks anew",
                            false => "delete the request; its Certificate makes a new one",
                        }));
                }
            }
            let (group, signers) = match is_own(&target.reference.kind) {
                true => (signing_request::GROUP, signing_request::signers(object)),
                false => (GROUP, signers(asked.cluster, &target.reference, object).await),
            };
            may_answer(asked.cluster, self.name, &target.reference, group, signers).await?;
            let said = asked.args.get("message").map(crate::text::clean_line);
            let message = said.map_or_else(|| format!("{} with Quarterdeck", self.condition), |m| m.into_owned());
            if is_own(&target.reference.kind) {
                steps.push(signing_request::step(&asked, target, self.condition, REASON, &message)?);
                warnings.extend(signing_request::about(target, self.condition));
                continue;
            }
            warnings.extend(about(&target.reference, object));
            steps.push(self.step(&asked, target, &message));
        }
        let certificates = asked.targets.iter().any(|t| !is_own(&t.reference.kind));
        if self.condition == "Denied" && certificates {
            warnings.push(
                "a Certificate behind it fails, and asks again after its backoff (1h, doubling up to 32h)".into(),
            );
        }
        Ok(Proposal {
            title: format!("{} {}", self.title, crate::actions::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Wide,
            warnings,
            undo: String::new(),
        })
    }
    fn stages_of(&self, step: &Step, object: &ObjectRef) -> Vec<Stage> {
        match self.condition {
            "Approved" if !is_own(&object.kind) => super::stages::after_approval(&step.current),
            "Approved" => vec![Stage::progress("signed", "signed")],
            _ => vec![Stage::progress("denied", "denied")],
        }
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        let Some(request) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
        let ready = condition(request, "Ready");
        let said = |c: &Value| text(&c["message"]);
        Some(match ready {
            _ if self.condition == "Denied" => Progress::Done("denied".into()),
            _ if request["kind"] == "CertificateSigningRequest" => signing_request::progress(request),
            Some(c) if c["status"] == "True" => Progress::Done("signed".into()),
            Some(c) if c["reason"] == "Failed" => Progress::Failed(said(c)),
            Some(c) => Progress::Going(said(c)),
            None => Progress::Going("approved, waits for its issuer".into()),
        })
    }
    fn patience(&self) -> std::time::Duration {
        super::renew::PATIENCE
    }
}

impl Answer {
    fn step(&self, asked: &Asked<'_>, target: &Target, message: &str) -> Step {
        let object = &target.object;
        let answer = json!({
            "type": self.condition, "status": "True", "reason": REASON, "message": message,
            "lastTransitionTime": format_time(asked.now),
        });
        let patch = json!({"status": {"conditions": with_condition(object, answer)}});
        let path = target.reference.path(Some("status"));
        let mut step = Step::patch(target, path, object, &patch, self.name).without_undo();
        step.diff = vec![DiffLine {
            path: format!("status.conditions[{}]", self.condition),
            before: None,
            after: Some(format!("True, {message}")),
        }];
        step
    }
}

/// Whether it is one of Kubernetes' own.
fn is_own(kind: &Kind) -> bool {
    is(kind, signing_request::GROUP, signing_request::PLURAL)
}

/// The names under which cert-manager's webhook asks for the verb `approve` on an issuer's signer.
async fn signers(cluster: &Cluster, reference: &ObjectRef, request: &Value) -> Vec<String> {
    let issuer = &request["spec"]["issuerRef"];
    let or = |field: &str, other: &str| match text(&issuer[field]) {
        given if given.is_empty() => other.to_owned(),
        given => given,
    };
    let (group, kind, name) = (or("group", GROUP), or("kind", "Issuer"), text(&issuer["name"]));
    let found = cluster.kinds().await.ok();
    let found = found.as_ref().and_then(|kinds| kinds.iter().find(|k| k.group == group && k.kind == kind));
    let plural = found.map_or_else(|| format!("{}s", kind.to_lowercase()), |k| k.plural.clone());
    let namespaced = found.map_or(kind != "ClusterIssuer", |k| k.namespaced);
    let own = if namespaced { format!("{}.{name}", reference.namespace) } else { name };
    vec![format!("{plural}.{group}/*"), format!("{plural}.{group}/{own}")]
}

/// Whether the user may answer for one of these signers; the last one is named when not.
async fn may_answer(
    cluster: &Cluster,
    verb: &str,
    reference: &ObjectRef,
    group: &str,
    signers: Vec<String>,
) -> Result<()> {
    let mut right = Right::new("approve", group, "signers", "");
    for name in signers {
        right.name = name;
        if cluster.may(&right).await != Access::Denied {
            return Ok(());
        }
    }
    Err(Problem::new(ProblemKind::Forbidden, format!("cannot {verb}"), format!("you may not {}", right.line()))
        .on(reference.to_string())
        .next(format!("ask for this Role:\n{}", right.role_yaml())))
}

/// What is asked for, as far as it can be read.
fn about(reference: &ObjectRef, request: &Value) -> Vec<String> {
    let spec = &request["spec"];
    let mut said = vec![format!(
        "{}: {} asks {} {} for {}",
        reference.short(),
        text(&spec["username"]),
        text(&spec["issuerRef"]["kind"]),
        text(&spec["issuerRef"]["name"]),
        wanted(&spec["request"]).unwrap_or_else(|| "names that cannot be read".into())
    )];
    if spec["isCA"] == true {
        said.push(format!("{}: it asks for a certificate that can sign others (isCA)", reference.short()));
    }
    said
}

/// The names in a signing request (PEM, base64).
fn wanted(request: &Value) -> Option<String> {
    let pem = base64::engine::general_purpose::STANDARD.decode(request.as_str()?).ok()?;
    let (_, pem) = parse_x509_pem(&pem).ok()?;
    let (_, csr) = X509CertificationRequest::from_der(&pem.contents).ok()?;
    let mut names = alternative_names(&csr);
    if names.is_empty() {
        names.extend(
            csr.certification_request_info
                .subject
                .iter_common_name()
                .filter_map(|n| n.as_str().ok())
                .map(str::to_owned),
        );
    }
    (!names.is_empty()).then(|| crate::text::clean_line(&names.join(", ")).into_owned())
}

/// The subject alternative names that a signing request asks for.
pub(super) fn alternative_names(csr: &X509CertificationRequest<'_>) -> Vec<String> {
    let extensions = csr.requested_extensions().into_iter().flatten();
    let names = extensions.filter_map(|e| match e {
        ParsedExtension::SubjectAlternativeName(san) => Some(&san.general_names),
        _ => None,
    });
    let words = names.flatten().map(|n| match n {
        GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => (*name).to_owned(),
        other => other.to_string(),
    });
    words.map(|name| crate::text::clean_line(&name).into_owned()).collect()
}
