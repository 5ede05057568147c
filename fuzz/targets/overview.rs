//! Objects of a cluster, one in a line of JSON: they are kept, and a whole platform is derived from them with its
//! certificates, chains, routes, coverage and findings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::overview::{Overview, Snapshot};
use quarterdeck_core::resources::Kind;
use quarterdeck_fuzz::all_harmless;
use serde_json::Value;

const NOW: i64 = 1_790_000_000;

fuzz_target!(|data: &[u8]| {
    let mut snapshot = Snapshot::default();
    for line in data.split(|b| *b == b'\n').take(40) {
        let Ok(object) = serde_json::from_slice::<Value>(line) else { continue };
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let version = text("apiVersion");
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let plural = format!("{}s", text("kind").to_lowercase());
        let kind = Kind::of(group, version, text("kind"), &plural, object["metadata"]["namespace"].is_string());
        let _ = snapshot.insert(&kind, line);
    }
    let seen = Overview::derive(&snapshot, NOW);
    for certificate in &seen.certificates {
        if let Some(chain) = seen.chain(certificate) {
            all_harmless(&serde_json::to_value(&chain).expect("JSON"));
        }
        all_harmless(&serde_json::to_value(seen.truths(certificate, None)).expect("JSON"));
    }
    all_harmless(&serde_json::to_value(seen.coverage()).expect("JSON"));
    all_harmless(&serde_json::to_value(&seen).expect("JSON"));
});
