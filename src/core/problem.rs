//! An error told to a person: what failed, on which object, why, and what to do next.

use crate::text::{clean, clean_line};
use std::fmt;

/// The result of everything in this library that can fail.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// What sort of failure it was. Decides the exit code of the command line and how the screen reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// Wrong usage: an unknown kind, a bad filter, a missing argument.
    Usage,
    /// A configuration file (kubeconfig, keymap, theme, profile) cannot be read.
    Config,
    /// The server does not answer (DNS, TCP, TLS, proxy, time-out).
    Unreachable,
    /// The server does not accept the credential (401), or the credential plugin failed.
    Unauthenticated,
    /// The server refuses this user (403).
    Forbidden,
    /// There is no such object or kind (404).
    NotFound,
    /// The object changed or exists already (409), or a precondition failed.
    Conflict,
    /// The server or an admission webhook found the object wrong (400, 422).
    Invalid,
    /// The resource version is too old (410): list again.
    Gone,
    /// Too many requests (429).
    Throttled,
    /// The server failed (5xx).
    Server,
    /// A guard of ours refused: read-only mode, environment rules, expired unlock.
    Guarded,
    /// The user or a time limit stopped it.
    Cancelled,
    /// A local file or the terminal failed.
    Io,
    /// A mistake of ours.
    Internal,
}

impl ProblemKind {
    /// The exit code of the command line: 1 failed action, 2 wrong usage, 3 cluster not reachable,
    /// 4 not allowed, 5 conflict.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage | Self::Config => 2,
            Self::Unreachable | Self::Throttled | Self::Server => 3,
            Self::Unauthenticated | Self::Forbidden | Self::Guarded => 4,
            Self::Conflict | Self::Gone => 5,
            Self::NotFound | Self::Invalid | Self::Cancelled | Self::Io | Self::Internal => 1,
        }
    }
}

/// A field of an object that the server or a schema objects to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// Path as the server gives it, e.g. `spec.replicas`.
    pub field: String,
    /// Why, in the server's words.
    pub message: String,
}

/// An error told to a person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub kind: ProblemKind,
    /// What failed, as a short clause: "cannot list pods".
    pub what: String,
    /// The object or place it failed on, e.g. `client-acme/api-tls` or a file name. Empty when there is none.
    pub object: String,
    /// Why, in plain words.
    pub why: String,
    /// What to do next. Empty when nothing helps.
    pub next: String,
    /// Fields at fault, for refused objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// The HTTP status, where a server answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Seconds after which the server asks to try again (Retry-After).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem of a kind: what failed and why.
    pub fn new(kind: ProblemKind, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            object: String::new(),
            why: why.into(),
            next: String::new(),
            fields: Vec::new(),
            status: None,
            retry_after: None,
        }
    }
    /// Names the object it failed on.
    #[must_use]
    pub fn on(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }
    /// Says what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
    pub fn usage(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(ProblemKind::Usage, what, why)
    }
    pub fn config(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(ProblemKind::Config, what, why)
    }
    pub fn io(what: impl Into<String>, error: &std::io::Error) -> Self {
        Self::new(ProblemKind::Io, what, error.to_string())
    }
    /// One harmless line: what, where and why. Names of contexts, files and objects come from outside.
    pub fn line(&self) -> String {
        let mut line = self.what.clone();
        if !self.object.is_empty() {
            line.push(' ');
            line.push_str(&self.object);
        }
        if !self.why.is_empty() {
            line.push_str(": ");
            line.push_str(&self.why);
        }
        clean_line(&line).into_owned()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())?;
        for field in &self.fields {
            write!(f, "\n  {}: {}", clean_line(&field.field), clean_line(&field.message))?;
        }
        if !self.next.is_empty() {
            write!(f, "\n  next: {}", clean(&self.next))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_problem_acts_on_the_terminal_that_it_is_told_to() {
        let mut problem = Problem::config("cannot use the context", "it names the cluster \"\u{1b}[2Jx\"")
            .on("prod\u{202e}\n")
            .next("mend \u{9b}31m it");
        problem.fields.push(FieldError { field: "a\u{7}".into(), message: "b\r".into() });
        let told = problem.to_string();
        assert!(told.starts_with("cannot use the context prod\u{fffd} : it names"), "{told:?}");
        assert!(!told.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{told:?}");
        assert_eq!(told.lines().count(), 3, "{told:?}");
    }
}
