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
        talk: "collection",
        step: "an owner without its own",
        at: "/body",
        why: "garbage is collected before the answer, so that a test need not wait: the owner is gone already",
    },
    Difference {
        talk: "kubectl",
        step: "60 explain deployment.spec.replicas",
        at: "/out",
        why: "the embedded schemas of Kubernetes' own kinds carry types, not the megabytes of documentation",
    },
    Difference {
        talk: "custom",
        step: "a fraction for a whole number",
        at: "/body",
        why: "the real server adds what its expression language and its Go types say about the same mistake",
    },
    Difference {
        talk: "lists",
        step: "label: nonsense",
        at: "/body/message",
        why: "the words of Go's selector parser about its place in the text",
    },
    Difference {
        talk: "lists",
        step: "label: bad value",
        at: "/body/message",
        why: "the words of Go's selector parser about its place in the text",
    },
    Difference {
        talk: "lists",
        step: "a token that is none",
        at: "/body/message",
        why: "the words of Go's JSON parser about bytes that nobody wrote",
    },
    Difference {
        talk: "objects",
        step: "replace another one of that name",
        at: "/body/message",
        why: "the real server lets its storage speak, with a key of etcd; there is no etcd here",
    },
    Difference { talk: "refusals", step: "not JSON", at: "/body/message", why: "the words of Go's JSON parser" },
    Difference { talk: "refusals", step: "an empty body", at: "/body/message", why: "the words of Go's JSON parser" },
    Difference {
        talk: "refusals",
        step: "the wrong kind",
        at: "/body/message",
        why: "the real server names its Go types and the conversion between them",
    },
    Difference {
        talk: "refusals",
        step: "the wrong version",
        at: "/body/message",
        why: "the real server names a line of its own source",
    },
    Difference {
        talk: "refusals",
        step: "a wrong type in a field",
        at: "/body/message",
        why: "the field is named to its end here; Go's decoder stops at the map",
    },
    Difference {
        talk: "refusals",
        step: "an unknown accept",
        at: "/body",
        why: "the real server offers protobuf too, which is not served here",
    },
    Difference {
        talk: "refusals",
        step: "a deployment without anything",
        at: "/body/details/causes",
        why: "the checks that people run into are made, not all that follow from one missing selector",
    },
    Difference {
        talk: "rights",
        step: "not to be others",
        at: "/body",
        why: "the real server tries its newer, constrained kind of impersonation first and words the refusal after it",
    },
    Difference {
        talk: "tables",
        step: "no table of that version",
        at: "/body/message",
        why: "the real server offers protobuf too, which is not served here",
    },
];
