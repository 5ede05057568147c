//! The verdict over a Certificate: one word, why, the next step. Ranked by the share of the lifetime that is used and
//! against cert-manager's own renewal time, never by fixed days: a 160-hour certificate must not cry wolf.

use super::diagnose::{GRACE, Role, Trail};
use super::key::KeyState;
use super::names;
use super::secret::ChainFault;
use crate::clock::{format_time, human_duration};
use crate::findings::Cause;
use crate::resources::{Level, Verdict};

/// What is the matter with a certificate.
#[derive(Clone, Debug)]
pub struct Judged {
    pub verdict: Verdict,
    /// What is wrong or, at [`Level::Busy`], stands in the way so far; only what is wrong becomes a finding.
    pub code: Option<&'static str>,
    /// The first broken link.
    pub broken: Option<Role>,
    /// Since when it is so.
    pub since: Option<i64>,
    /// When the verdict may change by the time alone.
    pub until: Option<i64>,
}

impl Judged {
    pub fn new(level: Level, word: &str) -> Self {
        Self { verdict: Verdict::new(level, word), code: None, broken: None, since: None, until: None }
    }
    fn because(mut self, role: Role, cause: Cause) -> Self {
        self.code = Some(cause.code);
        self.broken = Some(role);
        self.verdict.why = cause.why;
        self.verdict.next = cause.next;
        self
    }
}

/// `04:12 UTC`, with the date when it is not within a day from now.
pub fn clock_time(at: i64, now: i64) -> String {
    let text = format_time(at);
    let (date, time) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
    if (at - now).abs() < 86_400 { format!("{time} UTC") } else { format!("{date} {time} UTC") }
}

/// `1 h`, `4 h`, `90 min`: lengths of time as they stand in sentences.
pub fn length(seconds: i64) -> String {
    match seconds {
        s if s >= 3600 && s % 3600 == 0 => format!("{} h", s / 3600),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s => human_duration(s),
    }
}

/// The verdict over a Certificate of cert-manager at this moment.
pub fn judge(trail: &Trail<'_>, now: i64) -> Judged {
    let c = trail.certificate;
    let status = &c.status;
    let ready = status.conditions.get("Ready");
    let since_ready = ready.and_then(|r| r.since);
    let leaf = trail.secret.and_then(|(_, s)| s.leaf.as_ref().ok());
    let not_after = leaf.map(|l| l.not_after).or(status.not_after);
    let had_one = status.revision.is_some() || not_after.is_some();
    let gone = trail.secret_known && trail.secret.is_none();
    let obstacle = || trail.obstacle().or_else(|| idle(trail));

    if let Some(end) = not_after.filter(|end| *end <= now && !gone) {
        let mut judged = Judged::new(Level::Bad, "Expired");
        let when = format!("expired {}", clock_time(end, now));
        judged.since = Some(end);
        judged.code = Some("CERT_EXPIRED");
        judged.broken = Some(Role::Secret);
        judged.verdict.why = when.clone();
        judged.verdict.next = "see why it was not renewed, then renew it".into();
        if let Some((role, cause)) = obstacle() {
            judged.broken = Some(role);
            judged.verdict.why = format!("{when}; {}", cause.why);
            judged.verdict.next = cause.next;
        }
        return with_retry(judged, trail, now);
    }
    if !had_one || gone || !c.ready() {
        return not_issued(trail, since_ready, had_one && gone, now);
    }
    if let Some(ahead) = since_ready.filter(|s| *s > now + SKEW) {
        let mut judged = Judged::new(Level::Warn, "Clocks differ");
        judged.code = Some("CERT_CLOCK_SKEW");
        judged.broken = Some(Role::Certificate);
        judged.until = Some(ahead);
        judged.verdict.why = format!("cert-manager's clock is {} ahead of this one", human_duration(ahead - now));
        judged.verdict.next = "check the clocks of the nodes and of this computer (NTP)".into();
        return judged;
    }
    if c.renewal_off()
        && let (Some(from), Some(end)) = (leaf.map(|l| l.not_before).or(status.not_before), not_after)
    {
        return renewal_off(from, end, since_ready, now);
    }
    // There is a valid certificate. Is its renewal on its way?
    if let (Some(renewal), Some(end)) = (status.renewal_time, not_after) {
        let start = status.issuing_since().unwrap_or(renewal);
        if renewal + GRACE <= now {
            return overdue(trail, renewal, end, start, now);
        }
        if c.issuing().is_some() {
            let mut judged = Judged::new(Level::Busy, "Renewing");
            judged.since = status.issuing_since();
            judged.until = Some(renewal.max(now) + GRACE);
            return judged;
        }
    }
    if let Some(problem) = mismatch(trail, now) {
        return problem;
    }
    let mut judged = Judged::new(Level::Good, "Ready");
    judged.since = since_ready;
    judged.until = [status.renewal_time.map(|t| t + GRACE), not_after].into_iter().flatten().filter(|t| *t > now).min();
    judged
}

fn not_issued(trail: &Trail<'_>, since: Option<i64>, gone: bool, now: i64) -> Judged {
    let c = trail.certificate;
    let started = c.status.issuing_since().or(since).or(c.meta().created);
    let failed = c.status.failed_issuance_attempts.unwrap_or_default() > 0;
    let young = started.is_some_and(|s| now < s + GRACE);
    let idle = idle(trail);
    if gone {
        let mut judged = Judged::new(Level::Bad, "Secret missing");
        judged.code = Some("CERT_SECRET_MISSING");
        judged.broken = Some(Role::Secret);
        judged.since = started;
        judged.verdict.why = format!("Secret {} is gone", c.spec.secret_name);
        judged.verdict.next = "cert-manager issues again by itself; see who deleted it".into();
        if let Some((role, cause)) = trail.obstacle() {
            judged.broken = Some(role);
            judged.verdict.why = format!("Secret {} is gone; {}", c.spec.secret_name, cause.why);
            judged.verdict.next = cause.next;
        } else if let Some((_, cause)) = idle {
            judged.verdict.why = format!("Secret {} is gone; {}", c.spec.secret_name, cause.why);
            judged.verdict.next = cause.next;
        } else if c.issuing().is_some() && young {
            judged.verdict.level = Level::Busy;
            judged.until = started.map(|s| s + GRACE);
        }
        return with_retry(judged, trail, now);
    }
    let obstacle = trail.obstacle();
    // Early on only what cannot heal by itself is called broken.
    let settled = failed
        || (obstacle.is_none() && idle.is_some())
        || obstacle.as_ref().is_some_and(|(_, cause)| {
            !matches!(
                cause.code,
                "CERT_CHALLENGE_PENDING"
                    | "CERT_DNS_TXT_MISSING"
                    | "CERT_HTTP_UNREACHABLE"
                    | "CERT_NOT_APPROVED"
                    | "CERT_HTTP_WRONG_ANSWER"
                    | "CERT_DNS_NO_RECORD"
                    | "CERT_DNS_BROKEN"
            )
        });
    if young && !settled {
        let mut judged = Judged::new(Level::Busy, "Issuing");
        judged.since = started;
        judged.until = started.map(|s| s + GRACE);
        return match obstacle {
            Some((role, cause)) => judged.because(role, cause),
            None => judged,
        };
    }
    let mut judged = Judged::new(Level::Bad, "Not issued");
    judged.since = started;
    let judged = match obstacle.or(idle) {
        Some((role, cause)) => judged.because(role, cause),
        None if trail.request.is_none() => judged.because(
            Role::Certificate,
            Cause::new(
                "CERT_UNKNOWN",
                "cert-manager has not begun",
                "see whether cert-manager runs and what its log says",
            ),
        ),
        None => {
            let (role, state) = match (trail.order, trail.challenges.first()) {
                (_, Some((_, ch))) => {
                    (Role::Challenge, format!("the challenge for {} does not get on", ch.spec.dns_name))
                }
                (Some(_), None) => (Role::Order, "the order does not get on".to_owned()),
                _ => (Role::Request, "the request is not answered".to_owned()),
            };
            judged.because(
                role,
                Cause::new("CERT_CHALLENGE_PENDING", state, "see whether cert-manager runs and what its log says"),
            )
        }
    };
    with_retry(judged, trail, now)
}

fn overdue(trail: &Trail<'_>, renewal: i64, end: i64, start: i64, now: i64) -> Judged {
    // Half of the time between renewal and expiry is the margin that cert-manager's defaults leave for repair.
    let half = renewal + (end - renewal) / 2;
    let mut judged = Judged::new(if now >= half { Level::Bad } else { Level::Warn }, "Overdue");
    judged.code = Some("CERT_RENEWAL_OVERDUE");
    judged.since = Some(renewal);
    judged.until = [half, end].into_iter().find(|t| *t > now);
    match trail.obstacle().or_else(|| idle(trail)) {
        Some((role, cause)) => {
            judged.broken = Some(role);
            judged.verdict.why = cause.why;
            judged.verdict.next = cause.next;
        }
        None if trail.certificate.issuing().is_some() && now < start + GRACE => {
            let mut judged = Judged::new(Level::Busy, "Renewing");
            judged.since = Some(start);
            judged.until = Some(start + GRACE);
            return judged;
        }
        None => {
            judged.broken = Some(Role::Certificate);
            judged.verdict.why = "cert-manager has not renewed it".into();
            judged.verdict.next = "see whether cert-manager runs, then renew it".into();
        }
    }
    with_retry(judged, trail, now)
}

/// Why cert-manager does nothing for a certificate, though nothing of its own stands in the way.
fn idle(trail: &Trail<'_>) -> Option<(Role, Cause)> {
    let cause = trail.controller.clone().or_else(|| waits(trail).then(|| shared(trail)))?;
    Some((Role::Certificate, cause))
}

/// Adds when cert-manager tries again.
fn with_retry(mut judged: Judged, trail: &Trail<'_>, now: i64) -> Judged {
    let c = trail.certificate;
    if let (Some(at), Some(attempts)) = (c.next_try(), c.status.failed_issuance_attempts) {
        let words = if at > now {
            judged.until = Some(judged.until.map_or(at, |u| u.min(at)));
            let backoff = length(super::objects::backoff(attempts));
            format!("next try {} (attempt {attempts}, backoff {backoff})", clock_time(at, now))
        } else {
            format!("next try is due (after attempt {attempts})")
        };
        judged.verdict.next =
            if judged.verdict.next.is_empty() { words } else { format!("{}; {words}", judged.verdict.next) };
    }
    judged
}

/// A certificate that is there but does not fit.
fn mismatch(trail: &Trail<'_>, now: i64) -> Option<Judged> {
    let (_, secret) = trail.secret?;
    let c = trail.certificate;
    let say = |level, word: &str, code, why: String, next: &str| {
        let mut judged = Judged::new(level, word);
        judged.code = Some(code);
        judged.broken = Some(Role::Secret);
        judged.verdict.why = why;
        judged.verdict.next = next.into();
        Some(judged)
    };
    let leaf = match &secret.leaf {
        Ok(leaf) => leaf,
        Err(why) => {
            let why = format!("Secret {}: {why}", c.spec.secret_name);
            return say(
                Level::Bad,
                "Unreadable",
                "CERT_SECRET_BROKEN",
                why,
                "see who writes the Secret; delete it to have it issued again",
            );
        }
    };
    if !matches!(&*secret.kind, "kubernetes.io/tls" | "") {
        let why = format!("Secret {} is of the type {}, not kubernetes.io/tls", c.spec.secret_name, secret.kind);
        let next = "delete the Secret: cert-manager makes it anew, of the right type";
        return say(Level::Warn, "Wrong type", "CERT_SECRET_TYPE", why, next);
    }
    if leaf.not_before > now + SKEW {
        let why = format!("valid only from {}", clock_time(leaf.not_before, now));
        return say(Level::Bad, "Not yet valid", "CERT_NOT_YET_VALID", why, "check the clocks");
    }
    match secret.key {
        KeyState::Missing => {
            let why = format!("Secret {} has no private key", c.spec.secret_name);
            return say(Level::Bad, "No key", "CERT_SECRET_BROKEN", why, "delete the Secret to have it issued again");
        }
        KeyState::Differs => {
            let why = format!("the key in Secret {} does not belong to its certificate", c.spec.secret_name);
            let next = "see who writes the Secret; delete it to have it issued again";
            return say(Level::Bad, "Key differs", "CERT_KEY_MISMATCH", why, next);
        }
        KeyState::Unreadable => {
            let why = format!("the key in Secret {} cannot be read", c.spec.secret_name);
            return say(
                Level::Bad,
                "Unreadable",
                "CERT_SECRET_BROKEN",
                why,
                "delete the Secret to have it issued again",
            );
        }
        KeyState::Fits | KeyState::Untold => {}
    }
    let wanted = c.names();
    let missing: Vec<&str> =
        wanted.iter().map(|n| &**n).filter(|n| !n.contains("://") && !names::any_covers(&leaf.names, n)).collect();
    if let Some((name, wildcard)) = missing.iter().find_map(|n| Some((n, names::wrong_depth(&leaf.names, n)?))) {
        let why = format!("{wildcard} does not cover {name}: a wildcard stands for one label only");
        let next = "name the host, or a wildcard one label above it";
        return say(Level::Warn, "Differs", "CERT_WILDCARD_DEPTH", why, next);
    }
    if !missing.is_empty() {
        let why = format!("the Secret's certificate lacks {}", missing.join(", "));
        let next = match secret.head.annotation("cert-manager.io/certificate-name") {
            Some(name) if *name != *c.meta().name => format!("Certificate {name} wrote this Secret: give each its own"),
            _ => "see whether another Certificate writes this Secret".into(),
        };
        return say(Level::Warn, "Differs", "CERT_NAMES_DIFFER", why, &next);
    }
    if let Some(wanted) = c.spec.private_key.as_ref().filter(|k| !k.algorithm.is_empty()).map(|k| k.words())
        && *leaf.public_key != *wanted
    {
        let why = format!("the specification wants {wanted}, the Secret has {}", leaf.public_key);
        return say(Level::Warn, "Differs", "CERT_KEY_DIFFERS", why, "renew it; see rotationPolicy of its privateKey");
    }
    match &secret.chain {
        Some(ChainFault::Order { at, wanted, found }) => {
            let why = format!("certificate {at} after the leaf is {found}, not its issuer {wanted}");
            return say(Level::Warn, "Chain broken", "CERT_CHAIN_BROKEN", why, "renew it; some clients refuse it now");
        }
        Some(ChainFault::Ends { subject, at }) => {
            let why = format!("its issuer {subject} ends {}, before it does", clock_time(*at, now));
            let level = if *at <= now { Level::Bad } else { Level::Warn };
            return say(level, "Chain ends", "CERT_CHAIN_BROKEN", why, "renew the authority, then this certificate");
        }
        Some(ChainFault::Unreadable { at }) => {
            let why = format!("certificate {at} after the leaf cannot be read");
            return say(Level::Warn, "Chain broken", "CERT_CHAIN_BROKEN", why, "renew it");
        }
        None => {}
    }
    let odd = leaf.oddities.first().filter(|_| !leaf.is_ca)?;
    say(Level::Warn, "Odd", "CERT_ODD", odd.clone(), "correct the Certificate or the issuer, then renew it")
}

/// How far the clocks may differ.
const SKEW: i64 = 300;

/// Whether another Certificate owns the Secret, so that cert-manager does nothing for this one.
fn waits(trail: &Trail<'_>) -> bool {
    trail.rivals.first().is_some_and(|owner| owner.meta().uid != trail.certificate.meta().uid)
}

/// Two Certificates that write one Secret.
pub fn shared(trail: &Trail<'_>) -> Cause {
    let own = &trail.certificate.meta().name;
    let others: Vec<&str> = trail.rivals.iter().map(|c| &*c.meta().name).filter(|n| *n != &**own).collect();
    let secret = &trail.certificate.spec.secret_name;
    let why = match trail.rivals.first() {
        Some(owner) if waits(trail) => {
            format!(
                "Secret {secret} belongs to Certificate {}: cert-manager does nothing for this one",
                owner.meta().name
            )
        }
        _ => format!("{} Certificates write Secret {secret}: also {}", trail.rivals.len(), others.join(", ")),
    };
    Cause::new("CERT_SECRET_SHARED", why, "give each Certificate a Secret of its own")
}

/// A certificate that cert-manager is told not to renew: told of after two thirds of its life, as one that nobody renews.
fn renewal_off(from: i64, end: i64, since: Option<i64>, now: i64) -> Judged {
    let tell = from + (end - from) / 3 * 2;
    if tell > now {
        let mut judged = Judged::new(Level::Good, "Ready");
        judged.since = since;
        judged.until = Some(tell);
        return judged;
    }
    let mut judged = Judged::new(Level::Warn, "Ageing");
    judged.code = Some("CERT_RENEWAL_OFF");
    judged.broken = Some(Role::Certificate);
    judged.since = Some(tell);
    judged.until = Some(end);
    judged.verdict.why = format!("renewal is switched off; valid until {}", clock_time(end, now));
    judged.verdict.next = "renew it by hand in time, or set spec.renewal.policy back".into();
    judged
}

impl super::objects::CertificateStatus {
    /// Since when the present or last issuance goes on.
    pub fn issuing_since(&self) -> Option<i64> {
        let issuing = self.conditions.get("Issuing")?;
        // After a failure the condition changes to False then; the attempts began before.
        issuing.since
    }
}
