//! Expiries and renewals to come: a moment each, counted by week or day.

use super::{CertificateView, rank};
use crate::Str;

pub const DAY: i64 = 86_400;
/// How far a timeline looks ahead, in days.
pub const DAYS: i64 = 90;

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// It ends, and no renewal comes before.
    Ends,
    /// It would end, but its renewal comes first.
    EndsUnlessRenewed,
    /// Its renewal is due.
    Renews,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ends => "ends",
            Self::EndsUnlessRenewed => "ends unless renewed",
            Self::Renews => "renews",
        }
    }
}

/// A moment.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// Seconds since 1970; before now for what is late.
    pub at: i64,
    pub what: What,
    pub namespace: Str,
    pub name: Str,
    pub uid: Str,
}

/// What happens in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    pub from: i64,
    pub to: i64,
    /// Certificates that end with no renewal before.
    pub ends: u32,
    pub renews: u32,
}

/// All moments up to so many days from now, the earliest first: ends and renewals to come, and renewals that are late.
/// What has ended already is no moment to come.
pub fn moments<'a>(certificates: impl IntoIterator<Item = &'a CertificateView>, now: i64, days: i64) -> Vec<Moment> {
    let until = now + days * DAY;
    let mut all = Vec::new();
    for c in certificates {
        let moment =
            |at, what| Moment { at, what, namespace: c.namespace.clone(), name: c.name.clone(), uid: c.uid.clone() };
        let Some(end) = c.not_after.filter(|end| *end > now) else { continue };
        // One whose renewal is late or fails ends, unless somebody does something.
        let sure = c.renewal_time.is_some_and(|at| at < end && at + 600 > now)
            && c.code != Some("CERT_RENEWAL_OFF")
            && c.verdict.level < crate::resources::Level::Warn;
        if let Some(at) = c.renewal_time.filter(|at| *at <= until && *at < end) {
            all.push(moment(at, What::Renews));
        }
        if end <= until {
            all.push(moment(end, if sure { What::EndsUnlessRenewed } else { What::Ends }));
        }
    }
    all.sort_by(|a, b| (a.at, a.what, &a.namespace, &a.name).cmp(&(b.at, b.what, &b.namespace, &b.name)));
    all
}

/// Counts moments in spans of so many days, the first of which begins with today (UTC). What is late counts today.
pub fn buckets(moments: &[Moment], now: i64, days: i64, each: i64) -> Vec<Bucket> {
    let each = each.max(1);
    let start = now - now.rem_euclid(DAY);
    let count = days.div_euclid(each) + i64::from(days % each != 0);
    let span = |i: i64| Bucket { from: start + i * each * DAY, to: start + (i + 1) * each * DAY, ..Bucket::default() };
    let mut all: Vec<Bucket> = (0..count.max(1)).map(span).collect();
    for moment in moments {
        let at = ((moment.at.max(now) - start) / (each * DAY)) as usize;
        // The last day is begun only: what comes after it belongs to it.
        let at = at.min(all.len() - 1);
        match moment.what {
            What::Ends => all[at].ends += 1,
            What::Renews => all[at].renews += 1,
            What::EndsUnlessRenewed => {}
        }
    }
    all
}

/// Whether a renewal is late.
pub fn late(view: &CertificateView, now: i64) -> bool {
    view.not_after.is_some_and(|end| end > now) && rank::position(view, now).is_some_and(|p| p > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, what: What) -> Moment {
        Moment { at: day * DAY + 7, what, namespace: "n".into(), name: "c".into(), uid: "u".into() }
    }

    #[test]
    fn each_moment_is_counted_once_and_what_is_late_counts_today() {
        let now = 100 * DAY + 3600;
        let all = [at(90, What::Renews), at(100, What::Renews), at(107, What::Ends), at(190, What::Renews)];
        let weeks = buckets(&all, now, DAYS, 7);
        assert_eq!(weeks.len(), 13);
        assert_eq!((weeks[0].renews, weeks[1].ends, weeks[12].renews), (2, 1, 1));
        let days = buckets(&all, now, DAYS, 1);
        assert_eq!(days.len(), 90);
        assert_eq!((days[0].renews, days[7].ends, days[89].renews), (2, 1, 1));
    }
}
