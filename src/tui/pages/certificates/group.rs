//! How the rows of the board are grouped, and what stands above each group.

use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::certificates::budget::{self, Budget};
use quarterdeck_core::resources::Level;

/// What rows of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    None,
    Cluster,
    Domain,
    Issuer,
    Tenant,
    Verdict,
    Coverage,
}

impl Grouping {
    pub const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::None, "none", "one list, the worst first"),
        (Self::Cluster, "cluster", "by context, with its state"),
        (Self::Domain, "domain", "by registered domain, with what is left of the weekly limits"),
        (Self::Issuer, "issuer", "by issuer"),
        (Self::Tenant, "tenant", "by tenant"),
        (Self::Verdict, "verdict", "by verdict"),
        (Self::Coverage, "coverage", "hosts without a certificate, certificates that nobody uses"),
    ];
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n, _)| *n == name).map(|(g, ..)| *g)
    }
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(g, ..)| *g == self).map_or("", |(_, n, _)| n)
    }
    /// The group of a certificate.
    pub fn key(self, context: &str, view: &CertificateView, unused: bool) -> String {
        match self {
            Self::None => String::new(),
            Self::Cluster => context.to_owned(),
            Self::Domain => {
                let mut domains = view.hosts.iter().filter_map(|h| budget::registered(h));
                domains.find(|d| !d.ends_with(".local")).unwrap_or("no public name").to_owned()
            }
            Self::Issuer if view.issuer.name.is_empty() => "no issuer".into(),
            Self::Issuer => view.issuer.name.to_string(),
            Self::Tenant => view.tenant.as_ref().map_or_else(|| "no tenant".to_owned(), ToString::to_string),
            Self::Verdict => view.verdict.word.to_string(),
            Self::Coverage if unused => UNUSED.into(),
            Self::Coverage => USED.into(),
        }
    }
}

pub const UNCOVERED: &str = "hosts without a certificate of their name";
pub const UNUSED: &str = "certificates that nobody uses";
pub const USED: &str = "certificates in use";

/// A group as it is counted.
#[derive(Default)]
pub struct Counted {
    pub key: String,
    pub level: Option<Level>,
    pub all: usize,
    pub bad: usize,
    pub warn: usize,
    pub hosts: usize,
    /// When it was asked for last without an answer.
    pub since: Option<i64>,
    pub trouble: Option<(Level, String)>,
}

impl Counted {
    pub fn add(&mut self, level: Level) {
        self.all += 1;
        self.level = self.level.max(Some(level));
        self.bad += usize::from(level == Level::Bad);
        self.warn += usize::from(level == Level::Warn);
    }
    pub fn level(&self) -> Level {
        self.trouble.as_ref().map(|(l, _)| *l).max(self.level).unwrap_or(Level::Off)
    }
    /// Its heading.
    pub fn title(&self, budgets: &[Budget]) -> String {
        let mut parts = Vec::new();
        if self.hosts > 0 {
            parts.push(format!("{} of {} hosts", self.all, self.hosts));
        } else if self.all > 0 || self.trouble.is_none() {
            parts.push(self.all.to_string());
        }
        if self.bad > 0 && self.hosts == 0 {
            parts.push(format!("{} bad", self.bad));
        }
        if self.warn > 0 && self.hosts == 0 {
            parts.push(format!("{} to look at", self.warn));
        }
        for b in budgets.iter().filter(|b| *b.domain == *self.key) {
            parts.push(format!(
                "this week {} of {}, duplicates {} of {}",
                b.certificates, b.limit, b.duplicates, b.duplicates_limit
            ));
        }
        parts.extend(self.trouble.as_ref().map(|(_, words)| words.clone()));
        format!("{}  {}", self.key, parts.join(", "))
    }
}

/// The budgets of several clusters: certificates count together at an authority, duplicates are at least the most of one.
pub fn together(budgets: impl Iterator<Item = Budget>) -> Vec<Budget> {
    let mut all: Vec<Budget> = Vec::new();
    for b in budgets {
        match all.iter_mut().find(|a| a.server == b.server && a.domain == b.domain) {
            Some(known) => {
                known.certificates += b.certificates;
                known.duplicates = known.duplicates.max(b.duplicates);
            }
            None => all.push(b),
        }
    }
    all
}
