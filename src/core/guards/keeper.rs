//! Keeps the guards of all contexts and the unlocks that hold at the moment.

use super::config::{GuardConfig, RuleEffect};
use super::state::{Environment, GuardState};
use super::unlocks::{Unlock, Unlocks};
use crate::actions::Risk;
use crate::resources::ObjectRef;
use crate::{Problem, ProblemKind, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::Path;

/// Longest unlock, in minutes.
pub const LONGEST_UNLOCK: u32 = 480;

/// The guards of all contexts.
#[derive(Debug, Default)]
pub struct Guards {
    config: GuardConfig,
    /// `--read-only` or its environment variable, in words.
    forced: Option<String>,
    /// Context → until when (seconds since 1970), for this program alone.
    unlocked: Mutex<HashMap<String, i64>>,
    /// For all programs of this user.
    shared: Unlocks,
}

impl Guards {
    /// `forced`: why everything is read-only and stays so, in words.
    pub fn new(config: GuardConfig, forced: Option<String>) -> Self {
        let forced = forced.or_else(|| config.read_only.then(|| "read-only by the configuration".to_owned()));
        Self { config, forced, unlocked: Mutex::default(), shared: Unlocks::default() }
    }
    /// Unlocks are shared with other programs through a file in this directory.
    #[must_use]
    pub fn shared_in(mut self, dir: Option<&Path>) -> Self {
        self.shared = Unlocks::open(dir);
        self
    }
    pub fn config(&self) -> &GuardConfig {
        &self.config
    }
    /// How a context is guarded at a time (seconds since 1970).
    pub fn state(&self, context: &str, now: i64) -> GuardState {
        let rule = self.config.environment(context);
        let mut state = GuardState { environment: rule.class, ..GuardState::default() };
        if let Some(why) = &self.forced {
            state.read_only = Some(why.clone());
            return state;
        }
        let starts_locked = self.config.broken || rule.read_only.unwrap_or(rule.class == Environment::Prod);
        if !starts_locked {
            return state;
        }
        state.can_unlock = rule.unlock;
        if rule.unlock {
            let own = self.unlocked.lock().get(context).copied().filter(|until| *until > now);
            let shared = self.shared.get(context, now).map(|u| u.until);
            state.unlocked_until = own.max(shared);
        }
        if state.unlocked_until.is_none() {
            state.read_only = Some(if self.config.broken {
                "read-only: the configuration is broken, so its guards are unknown".into()
            } else {
                format!("read-only: {context} is {}", rule.class.word())
            });
        }
        state
    }
    /// Lifts read-only until a time, for all programs of this user or (`alone`) for this one.
    ///
    /// # Errors
    /// When this context cannot be unlocked, or no reason is given.
    pub fn unlock(
        &self,
        context: &str,
        minutes: u32,
        reason: &str,
        (user, now): (&str, i64),
        alone: bool,
    ) -> Result<GuardState> {
        let refuse = |why: String| Problem::new(ProblemKind::Guarded, "cannot unlock", why).on(context);
        if let Some(why) = &self.forced {
            return Err(refuse(why.clone()).next("start without --read-only"));
        }
        let state = self.state(context, now);
        if state.read_only.is_none() && state.unlocked_until.is_none() {
            return Ok(state);
        }
        if !state.can_unlock {
            return Err(refuse("the configuration does not allow it".into()));
        }
        if reason.trim().is_empty() {
            return Err(Problem::usage("cannot unlock", "a reason is needed").on(context).next("say why"));
        }
        if minutes == 0 || minutes > LONGEST_UNLOCK {
            return Err(
                Problem::usage("cannot unlock", format!("1 to {LONGEST_UNLOCK} minutes can be had")).on(context)
            );
        }
        let until = now + i64::from(minutes) * 60;
        self.unlocked.lock().insert(context.into(), until);
        if !alone {
            let reason = crate::text::clean_line(reason.trim()).into_owned();
            self.shared.set(context, Some(Unlock { since: now, until, reason, user: user.into() }), now);
            // The file alone says it from now on, so that `qd lock` elsewhere ends it here too.
            if self.shared.get(context, now).is_some() {
                self.unlocked.lock().remove(context);
            }
        }
        Ok(self.state(context, now))
    }
    /// Ends an unlock before its time, for all programs.
    pub fn lock(&self, context: &str, now: i64) {
        self.unlocked.lock().remove(context);
        if self.shared.get(context, now).is_some() {
            self.shared.set(context, None, now);
        }
    }
    /// Whether the reason of a change is written on the object in this context.
    pub fn annotates(&self, context: &str) -> bool {
        self.config.environment(context).annotate.unwrap_or(self.config.annotate)
    }
    /// Why an action on an object is refused now, in words; `None` when no guard stands against it.
    pub fn refuses(&self, context: &str, action: &str, object: &ObjectRef, now: i64) -> Option<String> {
        if let Some(why) = self.state(context, now).read_only {
            return Some(why);
        }
        let rule = self.config.rule(context, &object.namespace, &object.kind.resource(), action)?;
        (rule.effect == RuleEffect::Deny).then(|| match rule.reason.as_str() {
            "" => format!("a rule of the configuration denies {action} on {object}"),
            reason => format!("denied by the configuration: {reason}"),
        })
    }
    /// Why so many objects are refused in one plan.
    pub fn refuses_number(&self, context: &str, action: &str, objects: &[ObjectRef]) -> Option<String> {
        let (number, limit) = (objects.len(), self.config.bulk_limit);
        if number > limit {
            return Some(format!("{number} objects are more than the bulk limit of {limit}"));
        }
        let rule_of = |o: &ObjectRef| self.config.rule(context, &o.namespace, &o.kind.resource(), action);
        self.config.rules.iter().find_map(|rule| {
            let limit = rule.bulk_limit?;
            let number = objects.iter().filter(|o| rule_of(o).is_some_and(|r| std::ptr::eq(r, rule))).count();
            let why = if rule.reason.is_empty() { String::new() } else { format!(": {}", rule.reason) };
            (number > limit).then(|| format!("{number} objects are more than a rule allows at once ({limit}){why}"))
        })
    }
    /// The risk of an action in this context: in production everything that matters is severe.
    pub fn risk(&self, context: &str, risk: Risk) -> Risk {
        match self.config.environment(context).class {
            Environment::Prod if risk >= Risk::Reversible => Risk::Severe,
            _ => risk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Kind;

    fn pod(namespace: &str) -> ObjectRef {
        ObjectRef::new(Kind::of("", "v1", "Pod", "pods", true), namespace, "api")
    }

    #[test]
    fn production_starts_read_only_and_an_unlock_ends_by_itself() {
        let guards = Guards::new(GuardConfig::default(), None);
        assert!(guards.refuses("prod-eu", "delete", &pod("a"), 100).unwrap().contains("prod"));
        assert!(guards.refuses("lab", "delete", &pod("a"), 100).is_none());
        assert_eq!(guards.unlock("prod-eu", 15, " ", ("ann", 100), false).unwrap_err().kind, ProblemKind::Usage);
        let state = guards.unlock("prod-eu", 15, "ticket 7", ("ann", 100), false).unwrap();
        assert_eq!((state.unlocked_until, state.read_only), (Some(1000), None));
        assert!(guards.refuses("prod-eu", "delete", &pod("a"), 999).is_none());
        assert!(guards.refuses("prod-eu", "delete", &pod("a"), 1000).is_some(), "expired on the second");
        assert_eq!(guards.risk("prod-eu", Risk::Reversible), Risk::Severe);
        assert_eq!(guards.risk("prod-eu", Risk::None), Risk::None);
        assert_eq!(guards.risk("lab", Risk::Reversible), Risk::Reversible);
    }

    #[test]
    fn an_unlock_holds_in_other_programs_until_its_end_or_a_lock_and_no_longer_than_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let program = || Guards::new(GuardConfig::default(), None).shared_in(Some(dir.path()));
        let (one, two) = (program(), program());
        assert!(two.state("prod", 100).read_only.is_some());
        one.unlock("prod", 15, "ticket 7", ("ann", 100), false).unwrap();
        assert_eq!(two.state("prod", 101).unlocked_until, Some(1000));
        assert!(two.state("prod", 1000).read_only.is_some(), "expired on the second");
        two.lock("prod", 102);
        assert!(one.state("prod", 102).read_only.is_some(), "locked from elsewhere");
        one.unlock("prod", 15, "for this one", ("ann", 100), true).unwrap();
        assert!(one.state("prod", 101).read_only.is_none() && two.state("prod", 101).read_only.is_some());
        let file = dir.path().join("unlocks.json");
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, r#"{"prod": {"since": 0, "until": 99999999, "reason": "", "user": ""}}"#).unwrap();
        assert!(program().state("prod", 200).read_only.is_some(), "nothing holds longer than an unlock may");
    }

    #[test]
    fn a_rule_limits_how_many_objects_go_at_once() {
        let text = "[[guards.rules]]\neffect = \"allow\"\nactions = [\"delete\"]\nbulk_limit = 2\n";
        let guards = Guards::new(GuardConfig::parse(text, "config.toml").unwrap(), None);
        let three = [pod("a"), pod("b"), pod("c")];
        assert!(guards.refuses_number("lab", "delete", &three).unwrap().contains("more than a rule allows"));
        assert!(guards.refuses_number("lab", "delete", &three[1..]).is_none());
        assert!(guards.refuses_number("lab", "label", &three).is_none());
    }

    #[test]
    fn the_flag_cannot_be_unlocked() {
        let guards = Guards::new(GuardConfig::default(), Some("read-only by --read-only".into()));
        assert!(guards.refuses("lab", "delete", &pod("a"), 0).unwrap().contains("--read-only"));
        assert_eq!(guards.unlock("lab", 5, "x", ("ann", 0), false).unwrap_err().kind, ProblemKind::Guarded);
    }

    #[test]
    fn a_broken_configuration_locks_every_context_until_unlocked() {
        let guards = Guards::new(GuardConfig { broken: true, ..GuardConfig::default() }, None);
        assert!(guards.state("lab", 0).read_only.unwrap().contains("broken"));
        assert!(guards.unlock("lab", 5, "mending it", ("ann", 0), false).unwrap().read_only.is_none());
    }
}
