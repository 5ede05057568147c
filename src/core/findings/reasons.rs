//! The dictionary of cert-manager's reasons: every word that its controllers write into a condition or an event, in
//! plain words, with what was checked and what to do. The words stand in `reasons.txt`; that none of the pinned
//! version is missing is held by `tests/dictionary.rs`, which reads cert-manager's source.

use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// On which object a reason stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    Certificate,
    Request,
    /// Kubernetes' own CertificateSigningRequest.
    SigningRequest,
    Issuer,
    Order,
    Challenge,
    /// An Ingress or a Gateway that asks for a certificate by an annotation.
    Route,
}

/// What a reason means.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    pub on: On,
    /// As cert-manager writes it.
    pub word: &'static str,
    /// In plain words.
    pub means: &'static str,
    /// What the controller looked at before it wrote this.
    pub checked: &'static str,
    /// What to do; empty when there is nothing to do.
    pub next: &'static str,
}

static ALL: LazyLock<FxHashMap<On, FxHashMap<&'static str, Reason>>> = LazyLock::new(|| {
    let mut all: FxHashMap<On, FxHashMap<&str, Reason>> = FxHashMap::default();
    for reason in include_str!("reasons.txt").lines().filter(|l| !l.starts_with('#')).filter_map(read) {
        all.entry(reason.on).or_default().insert(reason.word, reason);
    }
    all
});

fn read(line: &'static str) -> Option<Reason> {
    let mut parts = line.split('|').map(str::trim);
    let on = match parts.next()? {
        "Certificate" => On::Certificate,
        "Request" => On::Request,
        "SigningRequest" => On::SigningRequest,
        "Issuer" => On::Issuer,
        "Order" => On::Order,
        "Challenge" => On::Challenge,
        "Route" => On::Route,
        _ => return None,
    };
    let (word, means, checked) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Reason { on, word, means, checked, next: parts.next().unwrap_or_default() })
}

/// What a reason on an object means. A reason that a request and a signing request have in common is told once.
pub fn reason(on: On, word: &str) -> Option<&'static Reason> {
    let find = |on: On| ALL.get(&on)?.get(word);
    find(on).or_else(|| if on == On::SigningRequest { find(On::Request) } else { None })
}

/// States of orders and challenges (RFC 8555 §7.1.6 and cert-manager's own `errored`), in plain words.
pub fn state(word: &str) -> Option<&'static str> {
    Some(match word {
        "" => "new",
        "pending" => "waits for its challenges",
        "ready" => "all challenges are met",
        "processing" => "the authority is at it",
        "valid" => "valid",
        "invalid" => "refused by the authority",
        "expired" => "took too long: the authority gave it up",
        "errored" => "the authority did not take it",
        _ => return None,
    })
}

/// What a type of condition says when it is `True`.
pub fn condition(on: On, kind: &str) -> Option<&'static str> {
    Some(match (on, kind) {
        (On::Certificate, "Ready") => "a certificate that fits is in the Secret",
        (On::Certificate, "Issuing") => "a new certificate is being issued",
        (On::Request | On::SigningRequest, "Ready") => "signed",
        (On::Request | On::SigningRequest, "Approved") => "may be signed",
        (On::Request | On::SigningRequest, "Denied") => "must not be signed",
        (On::Request | On::SigningRequest, "InvalidRequest") => "cannot be signed as it is",
        (On::SigningRequest, "Failed") => "the signer could not sign",
        (On::Issuer, "Ready") => "can issue",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_dictionary_is_whole_and_told_once() {
        let lines: Vec<&str> = include_str!("reasons.txt").lines().filter(|l| l.contains('|')).skip(1).collect();
        for line in &lines {
            let reason = read(line).unwrap_or_else(|| panic!("{line}"));
            assert!(!reason.means.is_empty() && !reason.checked.is_empty(), "{line}");
        }
        assert_eq!(lines.len(), ALL.values().map(FxHashMap::len).sum::<usize>(), "a reason stands there twice");
        assert_eq!(reason(On::SigningRequest, "SigningError").map(|r| r.on), Some(On::Request));
        assert!(reason(On::Issuer, "Nonsense").is_none());
    }
}
