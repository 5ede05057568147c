//! Keeps the guards of all contexts and the unlocks that hold at the moment.

use super::config::{GuardConfig, RuleEffect};
use super::state::{Environment, GuardState};
use crate::actions::Risk;
use crate::resources::ObjectRef;
use crate::{Problem, ProblemKind, Result};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Longest unlock, in minutes.
pub const LONGEST_UNLOCK: u32 = 480;

/// The guards of all contexts.
#[derive(Debug, Default)]
pub struct Guards {
    config: GuardConfig,
    /// `--read-only` or its environment variable, in words.
    forced: Option<String>,
    /// Context → until when, seconds since 1970.
    unlocked: Mutex<HashMap<String, i64>>,
}

impl Guards {
    /// `forced`: why everything is read-only and stays so, in words.
    pub fn new(config: GuardConfig, forced: Option<String>) -> Self {
        let forced = forced.or_else(|| config.read_only.then(|| "read-only by the configuration".to_owned()));
        Self { config, forced, unlocked: Mutex::default() }
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
        state.unlocked_until = self.unlocked.lock().get(context).copied().filter(|until| *until > now);
        if state.unlocked_until.is_none() {
            state.read_only = Some(if self.config.broken {
                "read-only: the configuration is broken, so its guards are unknown".into()
            } else {
                format!("read-only: {context} is {}", rule.class.word())
            });
        }
        state
    }
    /// Lifts read-only until a time.
    ///
    /// # Errors
    /// When this context cannot be unlocked, or no reason is given.
    pub fn unlock(&self, context: &str, minutes: u32, reason: &str, now: i64) -> Result<GuardState> {
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
        self.unlocked.lock().insert(context.into(), now + i64::from(minutes) * 60);
        Ok(self.state(context, now))
    }
    /// Ends an unlock before its time.
    pub fn lock(&self, context: &str) {
        self.unlocked.lock().remove(context);
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
    pub fn refuses_number(&self, number: usize) -> Option<String> {
        let limit = self.config.bulk_limit;
        (number > limit).then(|| format!("{number} objects are more than the bulk limit of {limit}"))
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
        assert_eq!(guards.unlock("prod-eu", 15, " ", 100).unwrap_err().kind, ProblemKind::Usage);
        let state = guards.unlock("prod-eu", 15, "ticket 7", 100).unwrap();
        assert_eq!((state.unlocked_until, state.read_only), (Some(1000), None));
        assert!(guards.refuses("prod-eu", "delete", &pod("a"), 999).is_none());
        assert!(guards.refuses("prod-eu", "delete", &pod("a"), 1000).is_some(), "expired on the second");
        assert_eq!(guards.risk("prod-eu", Risk::Reversible), Risk::Severe);
        assert_eq!(guards.risk("prod-eu", Risk::None), Risk::None);
        assert_eq!(guards.risk("lab", Risk::Reversible), Risk::Reversible);
    }

    #[test]
    fn the_flag_cannot_be_unlocked() {
        let guards = Guards::new(GuardConfig::default(), Some("read-only by --read-only".into()));
        assert!(guards.refuses("lab", "delete", &pod("a"), 0).unwrap().contains("--read-only"));
        assert_eq!(guards.unlock("lab", 5, "x", 0).unwrap_err().kind, ProblemKind::Guarded);
    }

    #[test]
    fn a_broken_configuration_locks_every_context_until_unlocked() {
        let guards = Guards::new(GuardConfig { broken: true, ..GuardConfig::default() }, None);
        assert!(guards.state("lab", 0).read_only.unwrap().contains("broken"));
        assert!(guards.unlock("lab", 5, "mending it", 0).unwrap().read_only.is_none());
    }
}
