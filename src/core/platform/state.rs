//! What the platform's operator says of itself: its ConfigMaps in words, without what is nobody's business.

use super::task::OperatorState;
use crate::Problem;
use crate::resources::{Level, ObjectRef, Verdict};
use crate::text::{clean_line, without_login};
use serde::Serialize;
use serde_json::Value;

/// Longest value that is shown, in characters.
const LONGEST: usize = 400;
/// Words in a key whose value is not shown.
const HIDDEN: [&str; 6] = ["password", "secret", "token", "credential", "private", "apikey"];

/// One ConfigMap of an operator's state, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StateView {
    pub title: String,
    pub namespace: String,
    pub name: String,
    /// From the field `status`.
    pub verdict: Verdict,
    /// Field and value, in the order of their names.
    pub facts: Vec<Fact>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A field and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    pub field: String,
    pub value: String,
}

/// The ConfigMap of a state.
pub fn object(state: &OperatorState) -> ObjectRef {
    let kind = crate::resources::Kind::of("", "v1", "ConfigMap", "configmaps", true);
    ObjectRef::new(kind, &state.namespace, &state.name)
}

/// A state in words, from its ConfigMap or from why that could not be read.
pub fn view(state: &OperatorState, found: Result<&Value, Problem>) -> StateView {
    let (facts, problem) = match found {
        Ok(config_map) => read(state, config_map),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let verdict = match &problem {
        Some(p) if p.kind == crate::ProblemKind::NotFound => verdict(Level::Off, "not there", ""),
        Some(p) => verdict(Level::Unknown, "unknown", &p.line()),
        None => judge(&facts),
    };
    let title = if state.title.is_empty() { &state.name } else { &state.title };
    let (title, namespace) = (clean_line(title).into_owned(), state.namespace.clone());
    StateView { title, namespace, name: state.name.clone(), verdict, facts, problem }
}

fn read(state: &OperatorState, config_map: &Value) -> (Vec<Fact>, Option<Problem>) {
    let data = &config_map["data"];
    if state.json.is_empty() {
        return (facts(data), None);
    }
    let text = data[&state.json].as_str().unwrap_or_default();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => (facts(&value), None),
        Err(error) => {
            let why = format!("its key {} is no JSON: {error}", state.json);
            let problem = Problem::new(crate::ProblemKind::Invalid, "cannot tell the operator's state", why);
            (Vec::new(), Some(problem.on(format!("ConfigMap {}/{}", state.namespace, state.name))))
        }
    }
}

fn facts(fields: &Value) -> Vec<Fact> {
    let all = fields.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null());
    all.map(|(field, value)| Fact { field: clean_line(field).into_owned(), value: told(field, value) }).collect()
}

fn told(field: &str, value: &Value) -> String {
    let plain: String = field.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if HIDDEN.iter().any(|word| plain.contains(word)) {
        return "(hidden)".into();
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = without_login(&clean_line(&text));
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn verdict(level: Level, word: &str, why: &str) -> Verdict {
    Verdict::new(level, word).why(why)
}

/// The states of apl-operator are in-progress, succeeded, failed and unknown; of Otomi's deployment `deployed`.
fn judge(facts: &[Fact]) -> Verdict {
    let of = |name: &str| facts.iter().find(|f| f.field.eq_ignore_ascii_case(name)).map_or("", |f| f.value.as_str());
    let status = of("status");
    let why = [of("errorMessage"), of("error"), of("message")].into_iter().find(|t| !t.is_empty()).unwrap_or_default();
    let level = match status.to_lowercase().as_str() {
        "failed" | "failure" | "error" => Level::Bad,
        "succeeded" | "success" | "completed" | "deployed" | "ready" => Level::Good,
        "in-progress" | "deploying" | "pending" | "running" | "installing" => Level::Busy,
        _ => Level::Unknown,
    };
    verdict(level, if status.is_empty() { "unknown" } else { status }, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_is_told_without_passwords_and_control_characters() {
        let state = OperatorState { json: "state".into(), ..OperatorState::default() };
        let text = json!({"status": "failed", "gitToken": "hunter2", "attempt": 3,
            "errorMessage": "cannot clone https://otomi-admin:hunter2@git.lab/values.git\u{1b}[31m: refused"});
        let seen = view(&state, Ok(&json!({"data": {"state": text.to_string()}})));
        assert_eq!((seen.verdict.level, &*seen.verdict.word), (Level::Bad, "failed"));
        assert!(seen.verdict.why.starts_with("cannot clone https://git.lab/values.git"), "{}", seen.verdict.why);
        let all = serde_json::to_string(&seen).unwrap();
        assert!(!all.contains("hunter2") && !all.contains("\\u001b") && all.contains("(hidden)"), "{all}");
        let broken = view(&state, Ok(&json!({"data": {"state": "{"}})));
        assert!(broken.problem.is_some_and(|p| p.why.contains("is no JSON")) && broken.verdict.level == Level::Unknown);
    }
}
