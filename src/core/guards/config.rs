//! The guards as they are written in `config.toml` (see `docs/guards.md`).

use super::pattern::any;
use super::state::Environment;
use crate::{Problem, Result};
use serde::Deserialize;
use std::path::Path;

/// Which contexts are which environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRule {
    /// Patterns of context names.
    pub contexts: Vec<String>,
    pub class: Environment,
    /// Starts read-only. Production does unless told otherwise.
    pub read_only: Option<bool>,
    /// Whether `qd unlock` can lift read-only for a while.
    #[serde(default = "yes")]
    pub unlock: bool,
    /// Whether the reason of a change is written on the object; as `[guards] annotate` says when absent.
    #[serde(default)]
    pub annotate: Option<bool>,
}

fn yes() -> bool {
    true
}

/// What a rule says to an action that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleEffect {
    Allow,
    Deny,
}

/// A rule; the first one that matches decides. An empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub effect: RuleEffect,
    #[serde(default)]
    pub contexts: Vec<String>,
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// `deployments.apps`, `pods`, `*.cert-manager.io`
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default)]
    pub actions: Vec<String>,
    /// Of an allowing rule: most objects that it allows in one plan.
    pub bulk_limit: Option<usize>,
    /// Shown to whoever is refused.
    #[serde(default)]
    pub reason: String,
}

/// All guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardConfig {
    /// Everywhere and always.
    pub read_only: bool,
    /// Most objects in one plan.
    pub bulk_limit: usize,
    /// Objects that are done at once, where a plan does not say.
    pub wave: usize,
    /// Whether the reason of a change is written on the object.
    pub annotate: bool,
    /// In order; the first one that matches a context decides.
    pub environments: Vec<EnvironmentRule>,
    pub rules: Vec<Rule>,
    /// The file could not be read: nothing may be changed before an unlock, as its guards are unknown.
    pub broken: bool,
    /// Where it was read; other tables of the same file are read by those whose they are.
    pub file: Option<std::path::PathBuf>,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            read_only: false,
            bulk_limit: 100,
            wave: 3,
            annotate: false,
            environments: Vec::new(),
            rules: Vec::new(),
            broken: false,
            file: None,
        }
    }
}

/// The tables of `config.toml` that are ours; other rooms read theirs out of the same file.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    guards: Section,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    read_only: Option<bool>,
    bulk_limit: Option<usize>,
    wave: Option<usize>,
    annotate: Option<bool>,
    #[serde(default)]
    environments: Vec<EnvironmentRule>,
    #[serde(default)]
    rules: Vec<Rule>,
}

impl GuardConfig {
    /// Reads the guards out of a configuration's text.
    ///
    /// # Errors
    /// With line and column when it is no TOML or has an unknown key.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|e| {
            let place = e.span().map(|span| {
                let before = &text[..span.start.min(text.len())];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                format!("line {line}, column {column}: ")
            });
            Problem::config("cannot read the configuration", format!("{}{}", place.unwrap_or_default(), e.message()))
                .on(origin)
                .next("mend the file; until then everything is read-only, `qd unlock` lifts that for a while")
        })?;
        let default = Self::default();
        Ok(Self {
            read_only: file.guards.read_only.unwrap_or(false),
            bulk_limit: file.guards.bulk_limit.unwrap_or(default.bulk_limit),
            wave: file.guards.wave.unwrap_or(default.wave).max(1),
            annotate: file.guards.annotate.unwrap_or(false),
            environments: file.guards.environments,
            rules: file.guards.rules,
            broken: false,
            file: None,
        })
    }
    /// Reads the file. No file is an empty one. What is wrong with it is told beside a configuration that
    /// guards more, not less.
    pub fn load(path: &Path) -> (Self, Option<Problem>) {
        let strict = Self { broken: true, ..Self::default() };
        match std::fs::read_to_string(path) {
            Ok(text) => match Self::parse(&text, &path.display().to_string()) {
                Ok(config) => (Self { file: Some(path.to_owned()), ..config }, None),
                Err(problem) => (strict, Some(problem)),
            },
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                (Self::default(), None)
            }
            Err(e) => (strict, Some(Problem::io("cannot read the configuration", &e).on(path.display().to_string()))),
        }
    }
    /// The environment rule of a context: the first of the file's that matches, else what its name says.
    pub fn environment(&self, context: &str) -> EnvironmentRule {
        let listed = self.environments.iter().find(|e| !e.contexts.is_empty() && any(&e.contexts, context));
        listed.cloned().unwrap_or_else(|| EnvironmentRule {
            contexts: Vec::new(),
            class: by_name(context),
            read_only: None,
            unlock: true,
            annotate: None,
        })
    }
    /// The rule that decides, if one matches.
    pub fn rule(&self, context: &str, namespace: &str, kind: &str, action: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| {
            any(&r.contexts, context) && any(&r.namespaces, namespace) && any(&r.kinds, kind) && any(&r.actions, action)
        })
    }
}

/// What a context's name says: a word of it (`prod-eu`, `k8s_staging`), as people name their clusters.
fn by_name(context: &str) -> Environment {
    let lower = context.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.trim_end_matches(|c: char| c.is_ascii_digit())));
    if has(&["prod", "production", "prd", "live"]) && !has(&["pre", "non", "nonprod", "preprod"]) {
        Environment::Prod
    } else if has(&["stage", "staging", "stg", "preprod", "acceptance", "uat"]) || has(&["pre"]) {
        Environment::Stage
    } else if has(&["dev", "development", "test", "testing", "kind", "minikube", "local", "sandbox", "demo"]) {
        Environment::Dev
    } else {
        Environment::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_names_the_line_and_guards_more_not_less() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        assert_eq!(GuardConfig::load(&file), (GuardConfig::default(), None));
        std::fs::write(&file, "theme = \"x\"\n[guards]\nreadonly = true\n").unwrap();
        let (config, problem) = GuardConfig::load(&file);
        let line = problem.unwrap().line();
        assert!(config.broken && line.contains("line 3") && line.contains("readonly"), "{line}");
    }

    #[test]
    fn environments_and_rules_are_found_in_order() {
        let config = GuardConfig::parse(
            "[guards]\nbulk_limit = 5\n[[guards.environments]]\ncontexts = [\"hetzner-*\"]\nclass = \"prod\"\nunlock = false\n\
             [[guards.rules]]\neffect = \"allow\"\nkinds = [\"pods\"]\n[[guards.rules]]\neffect = \"deny\"\nnamespaces = [\"kube-system\"]\nreason = \"not ours\"\n",
            "config.toml",
        )
        .unwrap();
        assert_eq!(config.environment("hetzner-1").class, Environment::Prod);
        assert!(!config.environment("hetzner-1").unlock);
        assert_eq!(config.rule("a", "kube-system", "pods", "delete").unwrap().effect, RuleEffect::Allow);
        assert_eq!(config.rule("a", "kube-system", "services", "delete").unwrap().reason, "not ours");
        assert!(config.rule("a", "default", "services", "delete").is_none());
    }

    #[test]
    fn names_tell_the_environment() {
        for (name, class) in [
            ("prod-eu", Environment::Prod),
            ("arn:aws:eks:eu-west-1:123:cluster/prod2", Environment::Prod),
            ("reproduction", Environment::Unknown),
            ("non-prod", Environment::Unknown),
            ("pre-prod", Environment::Stage),
            ("gke_x_staging", Environment::Stage),
            ("kind-kind", Environment::Dev),
            ("ominis", Environment::Unknown),
        ] {
            assert_eq!(by_name(name), class, "{name}");
        }
    }
}
