//! In what the embedded server answers otherwise than the real one, and why that is right or bearable. An entry
//! that is no longer needed fails the suite.

/// One difference that is known.
pub struct Difference {
    /// The talk it is in.
    pub talk: &'static str,
    /// The step; `*` for all steps of the talk.
    pub step: &'static str,
    /// The place in the recorded answer: everything at and below this JSON pointer.
    pub at: &'static str,
    /// Why it is so.
    pub why: &'static str,
}

impl Difference {
    /// Whether it covers a difference found at this place.
    pub fn excuses(&self, step: &str, pointer: &str) -> bool {
        let below = pointer.strip_prefix(self.at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (self.step == "*" || self.step == step) && below
    }
}

/// The table.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        talk: "kubectl",
        step: "60 explain deployment.spec.replicas",
        at: "/out",
        why: "the embedded schemas of Kubernetes' own kinds carry types, not the megabytes of documentation",
    },
    Difference {
        talk: "rights",
        step: "not to be others",
        at: "/body",
        why: "the real server tries its newer, constrained kind of impersonation first and words the refusal after it",
    },
];
