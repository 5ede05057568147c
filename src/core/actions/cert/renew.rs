//! Renew: issue Certificates again now, as `cmctl renew` asks for it, within a budget per registered domain.

use super::allowance::{self, A_DOMAIN, FAILURES_AN_HOUR, SAME_NAMES};
use super::issuance::{self, holds, is_certificate, names};
use super::used::{self, Issuers, Ledgers};
use crate::actions::action::{Action, Arg, ArgKind, Asked, Progress, Proposal, Target};
use crate::actions::plan::Risk;
use crate::actions::stage::Stage;
use crate::clock::parse_time;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
            let ledgers = used::read(asked.cluster, &wanted, &issuers, asked.now, &mut warnings).await;
            chosen = choose(&wanted, budget, ledgers, &issuers, asked.now, &mut warnings);
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
    mut ledgers: Ledgers,
    issuers: &Issuers,
    now: i64,
    warnings: &mut Vec<String>,
) -> Vec<&'a Target> {
    let mut chosen = Vec::new();
    let mut left: BTreeMap<String, Vec<&Target>> = BTreeMap::new();
    let mut used: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut same = None;
    for target in wanted {
        let names = names(&target.object);
        let (limited, authority) = (issuers.limited(target), issuers.authority(target));
        let ledger = ledgers.entry(authority.clone()).or_default();
        let fits = budget
            .map_or(Ok(()), |budget| ledger.fits(&names, budget, now))
            .and_then(|()| if limited { ledger.fits_again(&names, now) } else { Ok(()) });
        if let Err(full) = fits {
            left.entry(full.words()).or_default().push(target);
            continue;
        }
        for domain in allowance::domains(&names) {
            if budget.is_some() || limited {
                used.entry((domain.to_owned(), authority.clone())).or_insert_with(|| ledger.of_domain(domain, now));
            }
        }
        ledger.add(&names, now);
        if limited {
            same = same.max(Some(ledger.of_names(&names, now)));
        }
        chosen.push(*target);
    }
    let limit = budget.unwrap_or(A_DOMAIN);
    for ((domain, authority), before) in &used {
        let after = ledgers.get(authority).map_or(0, |ledger| ledger.of_domain(domain, now));
        let several = used.keys().any(|(d, a)| d == domain && a != authority);
        let of = if several { format!(" of {authority}") } else { String::new() };
        warnings.push(format!("budget {domain}: {before} of {limit} this week{of}, {after} after this"));
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
