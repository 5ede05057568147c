//! How many certificates of one registered domain were issued in any seven days, and how many more may be asked for.
//! Counted from one cluster only, and from what cert-manager has kept: a lower bound. The board's budgets and the plan of a
//! renewal count by this.

use super::budget::{self, DUPLICATES_A_WEEK, WEEK};
use std::collections::HashMap;

/// Certificates for exactly the same names in a week; renewals count.
const DUPLICATES: usize = DUPLICATES_A_WEEK as usize;

/// Whether an order in this state stands for a certificate that counts: it was issued, or will be if all goes well.
pub fn counts(state: &str) -> bool {
    !matches!(state, "invalid" | "errored" | "expired")
}

/// When a Certificate whose order is no longer there was issued. Authorities date what they issue back by an hour or so.
pub fn issued_at(issuing: bool, not_before: Option<i64>, now: i64) -> Option<i64> {
    let at = if issuing { Some(now) } else { not_before.map(|at| (at + 3600).min(now)) };
    at.filter(|at| *at > now - WEEK)
}

/// What has been issued, and when (seconds since 1970).
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    domains: HashMap<String, Vec<i64>>,
    sets: HashMap<Vec<String>, Vec<i64>>,
}

/// Why one more certificate does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full {
    /// The registered domain, or the names.
    pub what: String,
    pub used: usize,
    pub limit: usize,
    /// When there is room for one again, if time alone makes it.
    pub free_at: Option<i64>,
}

/// The registered domain of a name (`ominis.ai` of `*.app.ominis.ai`), the name itself where there is none.
pub fn registered(name: &str) -> &str {
    let bare = name.strip_prefix("*.").unwrap_or(name).trim_end_matches('.');
    budget::registered(bare).unwrap_or(bare)
}

/// The registered domains of some names, each once.
pub fn domains(names: &[String]) -> Vec<&str> {
    let mut domains: Vec<&str> = names.iter().map(|n| registered(n)).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

fn within(times: Option<&Vec<i64>>, now: i64) -> usize {
    times.into_iter().flatten().filter(|at| **at > now - WEEK).count()
}

/// When the oldest that still counts does so no more.
fn free_at(times: Option<&Vec<i64>>, limit: usize, now: i64) -> Option<i64> {
    let mut counted: Vec<i64> = times.into_iter().flatten().copied().filter(|at| *at > now - WEEK).collect();
    counted.sort_unstable();
    // So many have to go that one fits.
    counted.get(counted.len().checked_sub(limit)?).map(|at| at + WEEK)
}

fn set(names: &[String]) -> Vec<String> {
    let mut set = names.to_vec();
    set.sort_unstable();
    set.dedup();
    set
}

impl Ledger {
    /// Notes a certificate for these names.
    pub fn add(&mut self, names: &[String], at: i64) {
        for domain in domains(names) {
            self.domains.entry(domain.to_owned()).or_default().push(at);
        }
        self.sets.entry(set(names)).or_default().push(at);
    }
    /// Certificates of a registered domain in the week before now.
    pub fn of_domain(&self, domain: &str, now: i64) -> usize {
        within(self.domains.get(domain), now)
    }
    /// When the oldest that counts for a registered domain does so no more.
    pub fn next_free(&self, domain: &str, now: i64) -> Option<i64> {
        let counted = self.domains.get(domain).into_iter().flatten().filter(|at| **at > now - WEEK);
        counted.min().map(|at| at + WEEK)
    }
    /// The registered domains for which something counts.
    pub fn all_domains(&self) -> impl Iterator<Item = &str> {
        self.domains.keys().map(String::as_str)
    }
    /// Of each registered domain the most certificates for one exact set of names in the week before now.
    pub fn most_of_sets(&self, now: i64) -> HashMap<&str, usize> {
        let mut most: HashMap<&str, usize> = HashMap::new();
        for (names, times) in &self.sets {
            let count = within(Some(times), now);
            for domain in domains(names) {
                let known = most.entry(domain).or_default();
                *known = count.max(*known);
            }
        }
        most
    }
    /// Certificates for exactly these names in the week before now.
    pub fn of_names(&self, names: &[String], now: i64) -> usize {
        within(self.sets.get(&set(names)), now)
    }
    /// Whether one more for these names stays within `budget` for each of its registered domains.
    ///
    /// # Errors
    /// The first domain that is full.
    pub fn fits(&self, names: &[String], budget: usize, now: i64) -> Result<(), Full> {
        for domain in domains(names) {
            let times = self.domains.get(domain);
            let used = within(times, now);
            if used >= budget {
                let free_at = free_at(times, budget, now);
                return Err(Full { what: domain.to_owned(), used, limit: budget, free_at });
            }
        }
        Ok(())
    }
    /// Whether one more for exactly these names stays within the authority's limit for duplicates.
    ///
    /// # Errors
    /// When it does not.
    pub fn fits_again(&self, names: &[String], now: i64) -> Result<(), Full> {
        let times = self.sets.get(&set(names));
        let used = within(times, now);
        if used < DUPLICATES {
            return Ok(());
        }
        let what = match names {
            [one] => one.clone(),
            [one, ..] => format!("{one} and {} more", names.len() - 1),
            [] => "no name".into(),
        };
        Err(Full { what, used, limit: DUPLICATES, free_at: free_at(times, DUPLICATES, now) })
    }
}

impl Full {
    /// In words: `ominis.ai: 10 of 10 this week are used, room again on 27 Nov 03:00`.
    pub fn words(&self) -> String {
        let again =
            self.free_at.map(|at| format!(", room again on {}", crate::clock::format_time(at)[..16].replace('T', " ")));
        format!("{}: {} of {} this week are used{}", self.what, self.used, self.limit, again.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_renewals_never_exceed_the_budget_of_any_seven_days_and_all_get_their_turn() {
        const BUDGET: usize = 10;
        let mut now = 1_790_000_000;
        let mut ledger = Ledger::default();
        let mut log: Vec<(i64, Vec<String>)> = Vec::new();
        // Three have been issued already; 200 are to come, in two domains and some in both.
        for days in 1..4 {
            let names = vec![String::from("old.ominis.ai")];
            ledger.add(&names, now - days * 86_400);
            log.push((now - days * 86_400, names));
        }
        let mut waiting: Vec<Vec<String>> = (0..200)
            .map(|n| match n % 5 {
                0 => vec![format!("a{n}.otomi.cloud")],
                1 => vec![format!("b{n}.ominis.ai"), format!("b{n}.otomi.cloud")],
                _ => vec![format!("c{n}.app.ominis.ai")],
            })
            .collect();
        let mut rounds = 0;
        while !waiting.is_empty() {
            rounds += 1;
            assert!(rounds < 1000, "{} are left", waiting.len());
            let mut next = None;
            waiting.retain(|names| match ledger.fits(names, BUDGET, now) {
                Ok(()) => {
                    ledger.add(names, now);
                    log.push((now, names.clone()));
                    // The next one is asked for some seconds later.
                    now += 7;
                    false
                }
                Err(full) => {
                    let at = full.free_at.expect("time makes room");
                    next = Some(next.map_or(at, |n: i64| n.min(at)));
                    true
                }
            });
            now = now.max(next.unwrap_or(now));
        }
        assert_eq!(log.len(), 203);
        for domain in ["ominis.ai", "otomi.cloud"] {
            for (end, _) in &log {
                let in_week =
                    log.iter().filter(|(at, names)| *at > end - WEEK && at <= end && domains(names).contains(&domain));
                assert!(in_week.count() <= BUDGET, "{domain} at {end}");
            }
        }
    }

    #[test]
    fn the_same_names_in_any_order_are_duplicates_and_a_full_budget_says_when_there_is_room() {
        let mut ledger = Ledger::default();
        let (one, two) = (
            ["a.ominis.ai".to_owned(), "b.ominis.ai".to_owned()],
            ["b.ominis.ai".to_owned(), "a.ominis.ai".to_owned()],
        );
        for n in 0..5 {
            assert_eq!(ledger.fits_again(&two, 1000 + n), Ok(()));
            ledger.add(&one, 1000 + n);
        }
        let full = ledger.fits_again(&two, 2000).unwrap_err();
        assert_eq!((full.used, full.free_at), (5, Some(1000 + WEEK)));
        assert_eq!(ledger.fits_again(&two, 1000 + WEEK), Ok(()), "the oldest counts no more");
        assert_eq!(ledger.fits(&one, 3, 2000).unwrap_err().free_at, Some(1002 + WEEK));
        assert_eq!(ledger.fits(&one, 0, 2000).unwrap_err().free_at, None, "there is never room");
        assert_eq!(registered("*.shop.example.co.uk"), "example.co.uk");
    }
}
