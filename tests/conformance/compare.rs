//! Compares a talk with the one on record. The record is what the real kube-apiserver said; whoever has no Go
//! toolchain still compares the embedded server with it.

use std::fs;
use std::path::PathBuf;

use quarterdeck_testing::repository;
use serde_json::{Value, json};

use crate::differences::Difference;
use crate::talk::Exchange;

/// Where the record of a talk is.
fn file(talk: &str) -> PathBuf {
    repository().join("snapshots/conformance").join(format!("{talk}.json"))
}

/// Writes the record anew. The result is reviewed like any other snapshot.
pub fn bless(talk: &str, exchanges: &[Exchange]) {
    let steps: Vec<Value> =
        exchanges.iter().map(|e| json!({ "step": e.step, "asked": e.asked, "answer": e.answer })).collect();
    let path = file(talk);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a writable repository");
    fs::write(&path, format!("{:#}\n", Value::Array(steps))).expect("a writable repository");
}

/// Everything in which the talk is not as recorded, but for the differences that are known; and the known ones that
/// were not seen, since a table that says too much hides the next difference.
pub fn complaints(talk: &str, exchanges: &[Exchange], known: &[Difference]) -> Vec<String> {
    let path = file(talk);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let record: Value = serde_json::from_str(&text).expect("a record in JSON");
    let record = record.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    let mut seen = vec![false; known.len()];
    for (at, step) in record.iter().enumerate() {
        let name = step["step"].as_str().unwrap_or_default();
        let Some(exchange) = exchanges.get(at).filter(|e| e.step == name) else {
            found.push(format!("{talk} / {name}: the talk did not get there"));
            break;
        };
        if step["asked"] != exchange.asked.as_str() {
            found.push(format!("{talk} / {name}: asked {} instead of {}", exchange.asked, step["asked"]));
        }
        let mut differences = Vec::new();
        let (wanted, got) = (&step["answer"], &exchange.answer);
        if wanted["status"] == got["status"] {
            compare("", wanted, got, &mut differences);
        } else {
            // Everything else follows from that.
            differences.push(("/status".to_owned(), brief(wanted), brief(got)));
        }
        for (pointer, wanted, got) in differences {
            let excuse = known.iter().position(|d| d.talk == talk && d.excuses(name, &pointer));
            match excuse {
                Some(at) => seen[at] = true,
                None => found.push(format!("{talk} / {name} at {pointer}\n    wanted {wanted}\n    got    {got}")),
            }
        }
    }
    if exchanges.len() > record.len() {
        found.push(format!("{talk}: {} steps more than recorded", exchanges.len() - record.len()));
    }
    for (difference, seen) in known.iter().zip(seen) {
        if difference.talk == talk && !seen {
            found.push(format!(
                "{talk} / {} at {}: no longer differs, so strike \"{}\" from the table",
                difference.step, difference.at, difference.why
            ));
        }
    }
    found
}

fn compare(pointer: &str, wanted: &Value, got: &Value, out: &mut Vec<(String, String, String)>) {
    match (wanted, got) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, wanted) in a {
                let below = format!("{pointer}/{}", key.replace('/', "~1"));
                match b.get(key) {
                    Some(got) => compare(&below, wanted, got, out),
                    None => out.push((below, brief(wanted), "nothing".to_owned())),
                }
            }
            for (key, got) in b {
                if !a.contains_key(key) {
                    out.push((format!("{pointer}/{}", key.replace('/', "~1")), "nothing".to_owned(), brief(got)));
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (wanted, got)) in a.iter().zip(b).enumerate() {
                compare(&format!("{pointer}/{at}"), wanted, got, out);
            }
        }
        _ if wanted != got => out.push((pointer.to_owned(), brief(wanted), brief(got))),
        _ => {}
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 600 { text } else { text.chars().take(600).chain("…".chars()).collect() }
}
