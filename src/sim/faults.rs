//! Faults on demand: what shall go wrong, for which requests, how often. Set
//! from code by tests and from text by `qd demo --fault`.

use crate::hooks::{FaultPlan, RequestFacts};
use crate::status::ApiError;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes later.
    Latency(Duration),
    /// The connection is cut after that many body bytes.
    Cut(u64),
    /// 410: the resourceVersion is too old.
    Gone,
    /// 429 with seconds to wait.
    TooMany(u32),
    /// A 5xx of that code.
    Server(u16),
    /// 401, as for an expired token.
    Unauthorized,
    /// 403, as for a user whose rights were taken.
    Forbidden,
    /// Bodies that do not parse.
    Malformed,
}

/// Which requests a fault hits. Empty parts hit everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Part of the path, e.g. `/pods`.
    pub path: String,
    /// HTTP method, upper case.
    pub method: String,
    /// Only watches (`Some(true)`) or only other requests (`Some(false)`).
    pub watch: Option<bool>,
    /// Only this user.
    pub user: String,
}

/// A fault with its target. Ends after `times` hits, if that is set.
#[derive(Debug)]
struct Rule {
    fault: Fault,
    target: Target,
    /// Hits left; `u64::MAX` for ever.
    left: AtomicU64,
    /// Hits one request in this many.
    every: u64,
    seen: AtomicU64,
}

/// All faults of one server. Clones share them.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<RwLock<Vec<Rule>>>,
    down: Arc<AtomicBool>,
    hits: Arc<AtomicU64>,
}

impl Faults {
    /// Lets the fault hit every matching request until cleared.
    pub fn add(&self, fault: Fault, target: Target) {
        self.add_times(fault, target, u64::MAX);
    }

    /// Lets the fault hit the next `times` matching requests.
    pub fn add_times(&self, fault: Fault, target: Target, times: u64) {
        self.push(fault, target, times, 1);
    }

    /// Lets the fault hit one matching request in `every`.
    pub fn add_every(&self, fault: Fault, target: Target, every: u64) {
        self.push(fault, target, u64::MAX, every.max(1));
    }

    fn push(&self, fault: Fault, target: Target, times: u64, every: u64) {
        let rule = Rule { fault, target, left: AtomicU64::new(times), every, seen: AtomicU64::new(0) };
        self.rules.write().push(rule);
    }

    /// No more faults.
    pub fn clear(&self) {
        self.rules.write().clear();
        self.down.store(false, Ordering::Relaxed);
    }

    /// The whole server is down (every connection is cut before an answer) or up again.
    /// Watches that are open go on; stop the server to cut those too.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// How many requests were hit so far.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Adds a fault from text: `latency=200ms`, `cut=4096`, `410`, `429=5`, `503`,
    /// `expired`, `forbidden`, `malformed`, `down`; then, in any order, `@PATH`,
    /// `watch`, `nowatch`, `method=GET`, `user=NAME`, `times=3`, `every=10`, separated by commas.
    ///
    /// # Errors
    /// A sentence that names the word that is not understood.
    pub fn parse(&self, text: &str) -> Result<(), String> {
        let mut words = text.split(',').map(str::trim).filter(|w| !w.is_empty());
        let first = words.next().ok_or("an empty fault")?;
        let (key, value) = first.split_once('=').unwrap_or((first, ""));
        let bad = |what: &str| format!("{what} in fault {text:?}");
        let number =
            |v: &str, other: u64| if v.is_empty() { Ok(other) } else { v.parse().map_err(|_| bad("no number")) };
        let fault = match key {
            "down" => {
                self.set_down(true);
                return Ok(());
            }
            "latency" => {
                let (digits, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len()));
                let n: u64 = digits.parse().map_err(|_| bad("no duration"))?;
                Fault::Latency(match unit {
                    "" | "ms" => Duration::from_millis(n),
                    "s" => Duration::from_secs(n),
                    _ => return Err(bad("unknown unit")),
                })
            }
            "cut" => Fault::Cut(number(value, 0)?),
            "410" | "gone" => Fault::Gone,
            "429" => Fault::TooMany(number(value, 1)? as u32),
            "401" | "expired" => Fault::Unauthorized,
            "403" | "forbidden" => Fault::Forbidden,
            "malformed" => Fault::Malformed,
            code if code.len() == 3 && code.starts_with('5') => Fault::Server(number(code, 500)? as u16),
            _ => return Err(bad(&format!("unknown word {key}"))),
        };
        let (mut target, mut times, mut every) = (Target::default(), u64::MAX, 1);
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                (path, "") if path.starts_with('@') => target.path = path[1..].to_owned(),
                ("watch", "") => target.watch = Some(true),
                ("nowatch", "") => target.watch = Some(false),
                ("method", method) => target.method = method.to_uppercase(),
                ("user", user) => target.user = user.to_owned(),
                ("times", n) => times = number(n, 1)?,
                ("every", n) => every = number(n, 1)?.max(1),
                _ => return Err(bad(&format!("unknown word {word}"))),
            }
        }
        self.push(fault, target, times, every);
        Ok(())
    }

    /// What shall go wrong with this request.
    pub fn plan(&self, request: &RequestFacts) -> FaultPlan {
        let mut plan = FaultPlan::default();
        if self.down.load(Ordering::Relaxed) {
            plan.cut_after = Some(0);
            plan.refuse =
                Some(ApiError::new(503, "ServiceUnavailable", "the server is currently unable to handle the request"));
            return plan;
        }
        for rule in self.rules.read().iter().filter(|r| r.target.fits(request)) {
            let turn = rule.seen.fetch_add(1, Ordering::Relaxed);
            if !turn.is_multiple_of(rule.every) {
                continue;
            }
            let spend = |left: u64| (left > 0).then(|| if left == u64::MAX { left } else { left - 1 });
            if rule.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
                continue;
            }
            self.hits.fetch_add(1, Ordering::Relaxed);
            apply(&rule.fault, &mut plan);
        }
        plan
    }
}

fn apply(fault: &Fault, plan: &mut FaultPlan) {
    match fault {
        Fault::Latency(by) => plan.latency = Some(*by),
        Fault::Cut(bytes) => plan.cut_after = Some(*bytes),
        Fault::Malformed => plan.malformed = true,
        Fault::Gone => plan.refuse = Some(ApiError::expired(1, 2)),
        Fault::TooMany(seconds) => {
            plan.refuse = Some(ApiError::too_many_requests(
                "the server has received too many requests and has asked us to try again later",
                *seconds,
            ));
        }
        Fault::Server(code) => {
            let (reason, message) = match code {
                503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
                504 => ("Timeout", "the server was unable to return a response in the time allotted"),
                _ => (
                    "InternalError",
                    "an error on the server (\"etcdserver: request timed out\") has prevented the request from succeeding",
                ),
            };
            plan.refuse = Some(ApiError::new(*code, reason, message));
        }
        Fault::Unauthorized => plan.refuse = Some(ApiError::unauthorized()),
        Fault::Forbidden => plan.refuse = Some(ApiError::new(403, "Forbidden", "forbidden: rights were withdrawn")),
    }
}

impl Target {
    fn fits(&self, request: &RequestFacts) -> bool {
        (self.path.is_empty() || request.path.contains(&self.path))
            && (self.method.is_empty() || request.method == self.method)
            && self.watch.is_none_or(|w| w == request.watch)
            && (self.user.is_empty() || request.user == self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, watch: bool) -> RequestFacts {
        RequestFacts { method: "GET".into(), path: path.into(), query: String::new(), watch, user: "vera".into() }
    }

    #[test]
    fn a_fault_hits_its_target_as_often_as_told() {
        let faults = Faults::default();
        faults.parse("429=7,@/pods,nowatch,times=2").unwrap();
        let code = |path: &str, watch| faults.plan(&get(path, watch)).refuse.map(|e| (e.code, e.retry_after()));
        assert_eq!(code("/api/v1/nodes", false), None);
        assert_eq!(code("/api/v1/pods", true), None);
        assert_eq!(code("/api/v1/pods", false), Some((429, Some(7))));
        assert_eq!(code("/api/v1/pods", false), Some((429, Some(7))));
        assert_eq!(code("/api/v1/pods", false), None);
        assert_eq!(faults.hits(), 2);
    }

    #[test]
    fn faults_add_up_and_mistakes_are_named() {
        let faults = Faults::default();
        faults.parse("latency=200ms").unwrap();
        faults.parse("cut=100,watch").unwrap();
        let plan = faults.plan(&get("/x", true));
        assert_eq!((plan.latency, plan.cut_after), (Some(Duration::from_millis(200)), Some(100)));
        assert!(faults.parse("latency=soon").unwrap_err().contains("no duration"));
        assert!(faults.parse("429,sometimes").unwrap_err().contains("sometimes"));
        faults.parse("down").unwrap();
        assert_eq!(faults.plan(&get("/x", false)).cut_after, Some(0));
        faults.clear();
        assert_eq!(faults.plan(&get("/x", false)).cut_after, None);
    }
}
