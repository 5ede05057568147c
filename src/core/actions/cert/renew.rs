//! Renew: issue Certificates again now, as `cmctl renew` asks for it, within a budget per registered domain.

use super::allowance::{self, A_DOMAIN, FAILURES_AN_HOUR, Ledger, SAME_NAMES, WEEK};
use super::issuance::{self, GROUP, certificates, holds, is_certificate, names, orders, text};
use crate::actions::action::{Action, Arg, ArgKind, Asked, Progress, Proposal, Target};
use crate::actions::plan::Risk;
use crate::actions::stage::Stage;
use crate::clock::parse_time;
use crate::cluster::{Cluster, Request, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// See [`Action::help`].
pub struct Renew;

/// DNS-01 records take their time to spread.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1800);
const BUDGET: &str = "budget";

#[async_trait::async_trait]
impl Action for Renew {
    fn name(&self) -> &'static str {
        "renew"
    }
    fn title(&self) -> &'static str {
        "Renew"
    }
    fn help(&self) -> &'static str {
        "Issue a Certificate again now; what is served stays until the new one is there."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_certificate(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![issuance::status_right(target)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg {
            name: BUDGET,
            kind: ArgKind::Number,
            help: "most certificates of one registered domain in seven days, those issued counted; the rest is left out",
            required: false,
        }]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let budget = asked.args.number(BUDGET)?.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let mut warnings = Vec::new();
        let (mut wanted, mut busy) = (Vec::new(), Vec::new());
        for target in asked.targets {
            if holds(&target.object, "Issuing") { busy.push(target) } else { wanted.push(target) }
        }
        if !busy.is_empty() {
            warnings.push(format!("{} left out: being issued already (clear-stuck begins that anew)", list(&busy)));
        }
        // When not all fit, those that need it most come first.
        wanted.sort_by_key(|t| urgency(&t.object));
        let issuers = Issuers::of(asked.cluster, &wanted).await;
        let mut chosen = wanted.clone();
        if budget.is_some() || wanted.iter().any(|t| issuers.limited(t)) {
            let ledger = read_ledger(asked.cluster, &wanted, asked.now, &mut warnings).await;
            chosen = choose(&wanted, budget, ledger, &issuers, asked.now, &mut warnings);
        }
        for target in &chosen {
            warnings.extend(issuers.warning(target));
        }
        if chosen.is_empty() {
            let why = warnings.join("; ");
            return Err(Problem::new(ProblemKind::Guarded, "nothing is renewed", why)
                .next("wait until there is room, or give another --budget"));
        }
        let steps = chosen
            .iter()
            .map(|t| {
                issuance::ask(t, asked.now, json!({}), format!("issue again: {}", issuance::attempt_words(&t.object)))
            })
            .collect();
        let chosen: Vec<Target> = chosen.into_iter().cloned().collect();
        Ok(Proposal {
            title: format!("Renew {}", crate::actions::pipeline::objects_in_words(&chosen)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "take the wish back while nothing was issued".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        issuance::progress(object)
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        super::stages::of_certificate(object)
    }
    fn patience(&self) -> Duration {
        PATIENCE
    }
}

fn list(targets: &[&Target]) -> String {
    match targets {
        [one] => one.reference.short(),
        many if many.len() <= 3 => many.iter().map(|t| t.reference.short()).collect::<Vec<_>>().join(", "),
        [one, two, rest @ ..] => {
            format!("{}, {} and {} more", one.reference.short(), two.reference.short(), rest.len())
        }
        _ => String::new(),
    }
}

/// Sorts those that do not serve first, then those that end first.
fn urgency(certificate: &Value) -> (bool, i64) {
    let until = certificate["status"]["notAfter"].as_str().and_then(parse_time).unwrap_or(0);
    (holds(certificate, "Ready"), until)
}

/// Takes what fits; says what was left out, and what is used of each budget before and after.
fn choose<'a>(
    wanted: &[&'a Target],
    budget: Option<usize>,
    mut ledger: Ledger,
    issuers: &Issuers,
    now: i64,
    warnings: &mut Vec<String>,
) -> Vec<&'a Target> {
    let mut chosen = Vec::new();
    let mut left: BTreeMap<String, Vec<&Target>> = BTreeMap::new();
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let mut same = None;
    for target in wanted {
        let names = names(&target.object);
        let limited = issuers.limited(target);
        let fits = budget
            .map_or(Ok(()), |budget| ledger.fits(&names, budget, now))
            .and_then(|()| if limited { ledger.fits_again(&names, now) } else { Ok(()) });
        if let Err(full) = fits {
            left.entry(full.words()).or_default().push(target);
            continue;
        }
        for domain in allowance::domains(&names) {
            if budget.is_some() || limited {
                used.entry(domain.to_owned()).or_insert_with(|| ledger.of_domain(domain, now));
            }
        }
        ledger.add(&names, now);
        if limited {
            same = same.max(Some(ledger.of_names(&names, now)));
        }
        chosen.push(*target);
    }
    for (domain, before) in used {
        let limit = budget.unwrap_or(A_DOMAIN);
        warnings.push(format!(
            "budget {domain}: {before} of {limit} this week, {} after this",
            ledger.of_domain(&domain, now)
        ));
    }
    if let Some(most) = same {
        warnings.push(format!("duplicates: {most} of {SAME_NAMES} this week for the same names after this"));
        warnings.push(format!(
            "a validation that fails counts: {FAILURES_AN_HOUR} per host name and hour, then Let's Encrypt refuses"
        ));
    }
    for (why, targets) in left {
        warnings.push(format!("{} left out: {why}", list(&targets)));
    }
    chosen
}

/// What has been issued within a week: the orders that cert-manager has kept, and Certificates without one.
async fn read_ledger(cluster: &Cluster, targets: &[&Target], now: i64, warnings: &mut Vec<String>) -> Ledger {
    let mut ledger = Ledger::default();
    let spaces: BTreeSet<&str> = targets.iter().map(|t| &*t.reference.namespace).collect();
    let orders = everywhere(cluster, &orders(), &spaces, warnings).await;
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let key = |o: &Value, name: &Value| (text(&o["metadata"]["namespace"]), text(name));
    for order in &orders {
        let at = order["metadata"]["creationTimestamp"].as_str().and_then(parse_time).unwrap_or(0);
        let failed = matches!(order["status"]["state"].as_str(), Some("invalid" | "errored" | "expired"));
        if at > now - WEEK && !failed {
            ledger.add(&names(order), at);
            seen.insert(key(order, &order["metadata"]["annotations"]["cert-manager.io/certificate-name"]));
        }
    }
    for certificate in &everywhere(cluster, &certificates(), &spaces, warnings).await {
        if seen.contains(&key(certificate, &certificate["metadata"]["name"])) {
            continue;
        }
        // Authorities date what they issue back by an hour or so.
        let issued = certificate["status"]["notBefore"].as_str().and_then(parse_time).map(|at| at + 3600);
        let at = if holds(certificate, "Issuing") { Some(now) } else { issued };
        if let Some(at) = at.filter(|at| *at > now - WEEK) {
            ledger.add(&names(certificate), at.min(now));
        }
    }
    ledger
}

/// All objects of a kind, or those of some namespaces where no more may be read.
async fn everywhere(cluster: &Cluster, kind: &Kind, spaces: &BTreeSet<&str>, warnings: &mut Vec<String>) -> Vec<Value> {
    let items = |mut list: Value| match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    match cluster.json::<Value>(Request::list(kind, None)).await {
        Ok(list) => return items(list),
        Err(p) if p.kind == ProblemKind::NotFound => return Vec::new(),
        Err(_) => {}
    }
    let mut all = Vec::new();
    for space in spaces {
        all.extend(cluster.json::<Value>(Request::list(kind, Some(space))).await.map(items).unwrap_or_default());
    }
    let what = format!("you may not list all {}: the budget counts these namespaces only", kind.plural);
    if !warnings.contains(&what) {
        warnings.push(what);
    }
    all
}

/// The issuers of some Certificates.
#[derive(Default)]
struct Issuers(BTreeMap<String, Result<Value>>);

impl Issuers {
    async fn of(cluster: &Cluster, targets: &[&Target]) -> Self {
        let mut all = BTreeMap::new();
        for target in targets {
            if let Some(path) = issuer_path(target)
                && !all.contains_key(&path)
            {
                let found = cluster.json::<Value>(Request::get(path.clone())).await;
                all.insert(path, found);
            }
        }
        Self(all)
    }
    fn get(&self, target: &Target) -> Option<&Result<Value>> {
        self.0.get(&issuer_path(target)?)
    }
    /// Whether Let's Encrypt's limits hold for it.
    fn limited(&self, target: &Target) -> bool {
        let server = |issuer: &Value| text(&issuer["spec"]["acme"]["server"]);
        let Some(Ok(issuer)) = self.get(target) else { return false };
        let server = server(issuer);
        server.contains("letsencrypt.org") && !server.contains("staging")
    }
    /// What stands against an issuance beforehand.
    fn warning(&self, target: &Target) -> Option<String> {
        let reference = &target.object["spec"]["issuerRef"];
        let name = text(&reference["name"]);
        match self.get(target)? {
            Ok(issuer) if holds(issuer, "Ready") => None,
            Ok(_) => Some(format!("{}: its issuer {name} is not ready, so it waits", target.reference.short())),
            Err(p) if p.kind == ProblemKind::NotFound => {
                Some(format!("{}: its issuer {name} is not there, so it waits", target.reference.short()))
            }
            Err(_) => None,
        }
    }
}

/// Where the issuer of a Certificate is, if it is one of cert-manager's own.
pub(crate) fn issuer_path(target: &Target) -> Option<String> {
    let reference = &target.object["spec"]["issuerRef"];
    let group = reference["group"].as_str().filter(|g| !g.is_empty()).unwrap_or(GROUP);
    let name = reference["name"].as_str()?;
    let kind = match reference["kind"].as_str() {
        Some("ClusterIssuer") => Kind::of(GROUP, "v1", "ClusterIssuer", "clusterissuers", false),
        _ => Kind::of(GROUP, "v1", "Issuer", "issuers", true),
    };
    (group == GROUP).then(|| kind.path(target.reference.namespace(), Some(name), None))
}
