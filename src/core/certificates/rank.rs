//! How far a certificate is in its life, against its own renewal time and never against a number of days: a certificate
//! of 160 hours is as calm as one of 90 days until its renewal is due.

use super::CertificateView;
use crate::findings::Finding;
use crate::resources::Level;

/// The share of its lifetime after which a certificate without a renewal time is due: where cert-manager's default lies.
const DUE: f64 = 2.0 / 3.0;
/// Seconds that a renewal may take before it is late: also what the verdict leaves it.
const GRACE: i64 = 600;

/// When its renewal is due; for one that nobody renews after two thirds of its life.
pub fn due(view: &CertificateView) -> Option<i64> {
    view.renewal_time.or_else(|| {
        let (from, to) = (view.not_before?, view.not_after?);
        (to > from).then(|| from + ((to - from) as f64 * DUE) as i64)
    })
}

/// -1 when it was just issued, 0 when its renewal is due, 1 when it ends, more after that. `None` without a certificate.
pub fn position(view: &CertificateView, now: i64) -> Option<f64> {
    let (from, to, due) = (view.not_before?, view.not_after?, due(view)?);
    let part = |from: i64, to: i64| (now - from) as f64 / (to - from).max(1) as f64;
    Some(if now < due { part(from, due).clamp(0.0, 1.0) - 1.0 } else { part(due.min(to - 1), to) })
}

/// The order of a board: the worst first, among equals what has no certificate, then who is furthest.
pub fn order(a: &CertificateView, b: &CertificateView, now: i64) -> std::cmp::Ordering {
    let far = |v: &CertificateView| position(v, now).unwrap_or(f64::MAX);
    (b.verdict.level.cmp(&a.verdict.level))
        .then_with(|| far(b).total_cmp(&far(a)))
        .then_with(|| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)))
}

/// What a monitor is told of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Alarm {
    Ok,
    Warning,
    Critical,
}

/// Shares of the lifetime from which on a certificate that was not renewed is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    pub warn: f64,
    pub critical: f64,
}

/// Age is told by the thresholds, and only once the renewal is due; whatever else is wrong by the level of the verdict.
pub fn alarm(view: &CertificateView, at: Thresholds, now: i64) -> Alarm {
    let late = due(view).is_some_and(|due| now >= due + GRACE);
    let age = match view.used {
        Some(used) if used >= 1.0 => Alarm::Critical,
        Some(used) if late && used >= at.critical => Alarm::Critical,
        Some(used) if late && used >= at.warn => Alarm::Warning,
        _ => Alarm::Ok,
    };
    let of_age = matches!(view.code, Some("CERT_RENEWAL_OVERDUE" | "CERT_UNMANAGED_EXPIRING" | "CERT_RENEWAL_OFF"));
    let verdict = match view.verdict.level {
        _ if of_age => Alarm::Ok,
        Level::Bad => Alarm::Critical,
        Level::Warn => Alarm::Warning,
        _ => Alarm::Ok,
    };
    age.max(verdict)
}

/// One line of what is wrong with it, for a monitor.
pub fn words(view: &CertificateView) -> String {
    let name = format!("{}/{}", view.namespace, view.name);
    let reason = view.finding().map(|f: Finding| f.reason).unwrap_or_default();
    let used = view.used.map(|u| format!("{:.0}% of its life used", u * 100.0)).unwrap_or_default();
    match (reason.is_empty(), used.is_empty()) {
        (false, _) => format!("{name} {}: {reason}", view.verdict.word),
        (true, false) => format!("{name} {}: {used}", view.verdict.word),
        (true, true) => format!("{name} {}", view.verdict.word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::Overview;
    use crate::overview::testing::world;
    use std::sync::LazyLock;

    const NOW: i64 = 1_795_143_600;
    const HOUR: i64 = 3600;

    /// A world takes its time: it is built once.
    static GOOD: LazyLock<CertificateView> = LazyLock::new(|| {
        let all = Overview::derive(&world("ominis", NOW), NOW);
        all.certificates.iter().find(|c| &*c.verdict.word == "Ready").expect("a good one").clone()
    });

    fn short(used_hours: i64, renewal_hours: i64) -> CertificateView {
        let mut view = GOOD.clone();
        view.not_before = Some(NOW - used_hours * HOUR);
        view.not_after = Some(NOW + (160 - used_hours) * HOUR);
        view.renewal_time = Some(NOW + (renewal_hours - used_hours) * HOUR);
        view.used = Some(used_hours as f64 / 160.0);
        view
    }

    #[test]
    fn a_certificate_of_160_hours_raises_nothing_before_its_renewal_time() {
        let at = Thresholds { warn: 0.5, critical: 0.6 };
        for hour in 0..130 {
            let view = short(hour, 130);
            assert_eq!(alarm(&view, at, NOW), Alarm::Ok, "after {hour} h");
            assert!(position(&view, NOW).is_some_and(|p| (-1.0..0.0).contains(&p)), "after {hour} h");
        }
        assert_eq!(alarm(&short(130, 130), at, NOW), Alarm::Ok, "a renewal takes a moment");
        assert_eq!(alarm(&short(131, 130), at, NOW), Alarm::Critical);
        assert_eq!(alarm(&short(131, 106), Thresholds { warn: 0.8, critical: 0.95 }, NOW), Alarm::Warning);
        assert_eq!(alarm(&short(160, 106), at, NOW), Alarm::Critical);
    }

    #[test]
    fn who_is_late_for_its_renewal_comes_before_who_has_more_of_its_life_behind_it() {
        // 85% used and late, against 90% used and not due yet.
        let (late, calm) = (short(136, 106), short(144, 150));
        assert_eq!(order(&late, &calm, NOW), std::cmp::Ordering::Less);
    }
}
