//! What a server's refusal of a change says, in fields and few words.

use super::plan::Step;
use crate::Problem;
use crate::problem::FieldError;

/// A refusal with the fields at fault, and without what must not or need not be shown: the values of a
/// Secret, and the whole object that the server quotes when a patch does not fit.
pub(crate) fn explained(mut problem: Problem, step: &Step) -> Problem {
    if problem.fields.iter().any(|f| f.field == "patch") || problem.why.contains("patch: Invalid value:") {
        problem.why = after_quote(&problem.why).to_owned();
        problem.fields.retain(|f| f.field != "patch");
    }
    if step.holds_secrets() {
        problem.why = "the server refuses the object (its words may hold the Secret's values and are not shown)".into();
        for field in &mut problem.fields {
            field.message = "not accepted".into();
        }
        return problem;
    }
    if problem.fields.is_empty() {
        problem.fields = from_words(&problem.why);
    }
    problem
}

/// What stands behind `Invalid value: "…": ` (a Go string, with escapes); all of it when there is none.
fn after_quote(why: &str) -> &str {
    let Some(start) = why.find("Invalid value: \"") else { return why };
    let mut rest = why[start + 16..].char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '"' => return why[start + 16 + at + 1..].trim_start_matches([':', ' ']),
            _ => {}
        }
    }
    "the patch does not fit the object"
}

/// `strict decoding error: unknown field "spec.replica", duplicate field "x"` of fieldValidation=Strict, and
/// `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct
/// field DeploymentSpec.spec.replicas of type int32` of values of another type.
fn from_words(why: &str) -> Vec<FieldError> {
    let mut fields = Vec::new();
    for kind in ["unknown field", "duplicate field"] {
        for part in why.split(kind).skip(1) {
            if let Some(field) = part.split('"').nth(1) {
                fields.push(FieldError { field: field.into(), message: kind.into() });
            }
        }
    }
    if let Some((_, tail)) = why.split_once("into Go struct field ")
        && let Some((field, wanted)) = tail.split_once(" of type ")
    {
        let path = field.split_once('.').map_or(field, |(_, path)| path);
        let wanted = wanted.split_whitespace().next().unwrap_or_default();
        fields.push(FieldError { field: path.into(), message: format!("has to be of type {wanted}") });
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_object_is_cut_out_of_the_words_of_the_server() {
        let why = r#""" is invalid: patch: Invalid value: "{\"data\":{\"a\":\"aHVudGVy\"}}": strict decoding error: unknown field "spec.replica""#;
        assert_eq!(after_quote(why), "strict decoding error: unknown field \"spec.replica\"");
        assert_eq!(after_quote("plain words"), "plain words");
        assert_eq!(from_words(after_quote(why))[0].field, "spec.replica");
        let wrong_type =
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32";
        assert_eq!(from_words(wrong_type)[0].field, "spec.replicas");
    }
}
