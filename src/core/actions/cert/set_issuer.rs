//! Set issuer: let another issuer sign a Certificate. cert-manager issues it again at once.

use super::issuance::{self, GROUP, holds, is_certificate, names, text};
use crate::actions::action::{Action, Arg, ArgKind, Asked, Progress, Proposal, Target};
use crate::actions::plan::{Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::{Request, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::time::Duration;

/// See [`Action::help`].
pub struct SetIssuer;

#[async_trait::async_trait]
impl Action for SetIssuer {
    fn name(&self) -> &'static str {
        "set-issuer"
    }
    fn title(&self) -> &'static str {
        "Set issuer"
    }
    fn help(&self) -> &'static str {
        "Let another issuer sign a Certificate; it is issued again at once."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_certificate(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", GROUP, "certificates", &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[
            Arg { name: "issuer", kind: ArgKind::Text, help: "name of the issuer", required: true },
            Arg {
                name: "kind",
                kind: ArgKind::Text,
                help: "Issuer, ClusterIssuer, or the kind of an external issuer; as it is now when not given",
                required: false,
            },
            Arg { name: "group", kind: ArgKind::Text, help: "group of an external issuer", required: false },
        ]
    }
    fn default_of(&self, arg: &str, object: &Value) -> Option<String> {
        let field = if arg == "issuer" { "name" } else { arg };
        object["spec"]["issuerRef"][field].as_str().map(str::to_owned)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let name = asked.args.need("set-issuer", "issuer")?;
        let (mut steps, mut warnings) = (Vec::new(), Vec::new());
        for target in asked.targets {
            let now = &target.object["spec"]["issuerRef"];
            let kind = asked.args.get("kind").or(now["kind"].as_str()).filter(|k| !k.is_empty()).unwrap_or("Issuer");
            let given = asked.args.get("group").or(now["group"].as_str().filter(|_| asked.args.get("kind").is_none()));
            let group = given.filter(|g| !g.is_empty()).unwrap_or(GROUP);
            let reference = json!({"name": name, "kind": kind, "group": group});
            match issuer(&asked, target, name, kind, group).await? {
                Some(issuer) => warnings.extend(doubts(target, name, &issuer)),
                None => {
                    warnings.push(format!("you may not read {kind} {name}: whether it is there and ready is not known"))
                }
            }
            warnings.extend(shim(target));
            let title = format!("from {} {} to {kind} {name}", text(&now["kind"]), text(&now["name"]));
            steps.push(Step::patch_object(target, &json!({"spec": {"issuerRef": reference}}), title));
        }
        Ok(Proposal {
            title: format!("Set issuer {name} for {}", crate::actions::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "set the former issuer, which issues again".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        issuance::progress(object)
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        super::stages::of_certificate(object)
    }
    fn patience(&self) -> Duration {
        super::renew::PATIENCE
    }
}

/// The issuer that is meant; `None` when it may not be read.
///
/// # Errors
/// When it is not there.
async fn issuer(asked: &Asked<'_>, target: &Target, name: &str, kind: &str, group: &str) -> Result<Option<Value>> {
    let known = match (group, kind) {
        (GROUP, "Issuer") => Some(Kind::of(GROUP, "v1", "Issuer", "issuers", true)),
        (GROUP, "ClusterIssuer") => Some(Kind::of(GROUP, "v1", "ClusterIssuer", "clusterissuers", false)),
        _ => asked.cluster.kinds().await?.iter().find(|k| k.group == group && k.kind == kind).cloned(),
    };
    let wrong = |why: String, next: &str| {
        Problem::usage("cannot set the issuer", why).on(target.reference.to_string()).next(next)
    };
    let known =
        known.ok_or_else(|| wrong(format!("the server has no kind {kind} of {group}"), "Issuer or ClusterIssuer"))?;
    let path = known.path(target.reference.namespace(), Some(name), None);
    match asked.cluster.json::<Value>(Request::get(path)).await {
        Ok(issuer) => Ok(Some(issuer)),
        Err(p) if p.kind == ProblemKind::NotFound => {
            let place = if known.namespaced { format!(" in {}", target.reference.namespace) } else { String::new() };
            Err(wrong(format!("there is no {kind} {name}{place}"), &format!("qd get {} lists them", known.resource())))
        }
        Err(p) if p.kind == ProblemKind::Forbidden => Ok(None),
        Err(p) => Err(p),
    }
}

/// What the issuer cannot do for this Certificate.
fn doubts(target: &Target, name: &str, issuer: &Value) -> Vec<String> {
    let (spec, certificate) = (&issuer["spec"], target.reference.short());
    let mut said = Vec::new();
    if !holds(issuer, "Ready") {
        let why = issuance::condition(issuer, "Ready").map(|c| text(&c["message"])).unwrap_or_default();
        said.push(format!("{name} is not ready, so {certificate} will wait: {why}"));
    }
    if !spec["selfSigned"].is_null() || !spec["ca"].is_null() {
        said.push(format!("{certificate}: clients trust {name} only where its certificate was given to them"));
    }
    let acme = &spec["acme"];
    if !acme.is_object() {
        return said;
    }
    if acme["server"].as_str().is_some_and(|s| s.contains("staging")) {
        said.push(format!("{certificate}: {name} is a staging issuer, browsers do not trust it"));
    }
    if target.object["spec"]["isCA"] == true {
        said.push(format!("{certificate}: an ACME issuer signs no certificate that signs others (isCA)"));
    }
    let odd =
        ["emailAddresses", "uris"].iter().any(|f| target.object["spec"][*f].as_array().is_some_and(|a| !a.is_empty()));
    if odd {
        said.push(format!("{certificate}: an ACME issuer takes DNS names and addresses only"));
    }
    let solvers = acme["solvers"].as_array().cloned().unwrap_or_default();
    for host in names(&target.object) {
        let fits = |s: &&Value| {
            (!host.starts_with("*.") || s["dns01"].is_object()) && selects(&s["selector"], &host, &target.object)
        };
        if !solvers.iter().any(|s| fits(&s)) {
            let why = if host.starts_with("*.") { " (a wildcard needs DNS-01)" } else { "" };
            said.push(format!("{certificate}: no solver of {name} is for {host}{why}"));
        }
    }
    said
}

/// Whether a solver's selector takes a host of a Certificate: names, zones and labels all have to fit where given.
fn selects(selector: &Value, host: &str, certificate: &Value) -> bool {
    let list = |field: &str| selector[field].as_array().filter(|a| !a.is_empty());
    let bare = host.trim_start_matches("*.");
    let labels = selector["matchLabels"]
        .as_object()
        .is_none_or(|labels| labels.iter().all(|(k, v)| certificate["metadata"]["labels"][k] == *v));
    let zone = |z: &str| bare == z || bare.strip_suffix(z).is_some_and(|rest| rest.ends_with('.'));
    labels
        && list("dnsNames").is_none_or(|all| all.iter().any(|n| n == host))
        && list("dnsZones").is_none_or(|all| all.iter().filter_map(Value::as_str).any(zone))
}

/// Who made the Certificate from an annotation of its own, and will set the issuer back.
fn shim(target: &Target) -> Option<String> {
    let owners = target.object["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|o| {
        o["controller"] == true
            && matches!(o["kind"].as_str(), Some("Ingress" | "Gateway" | "ListenerSet" | "XListenerSet"))
    })?;
    Some(format!(
        "{} {} made {} and sets its issuer back: change the annotation cert-manager.io/issuer or cert-manager.io/cluster-issuer there",
        text(&owner["kind"]),
        text(&owner["name"]),
        target.reference.short()
    ))
}
