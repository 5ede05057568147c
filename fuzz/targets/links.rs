//! What a colleague sends and what Alertmanager sends: a link that is read is written the same again, and what an alert
//! says is harmless before it is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::handover::alert;
use quarterdeck_core::link::Link;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::quantity;
use std::sync::LazyLock;

static SEEN: LazyLock<Overview> = LazyLock::new(|| {
    let mut seen = Overview::default();
    seen.context = "here".into();
    seen
});

fuzz_target!(|text: &str| {
    match Link::parse(text) {
        Ok(link) => {
            assert_eq!(Link::parse(&link.to_string()).ok(), Some(link.clone()));
            // Its parts become a path at the API server.
            assert!(![&link.namespace, &link.name].into_iter().any(|p| p.contains('/') || p == ".."), "{link:?}");
        }
        Err(problem) => quarterdeck_fuzz::line(&problem.line()),
    }
    match alert::read(text) {
        Ok(alerts) => {
            for alert in &alerts {
                quarterdeck_fuzz::line(alert.name());
                quarterdeck_fuzz::line(&alert.summary);
                alert.labels.iter().for_each(|(k, v)| {
                    quarterdeck_fuzz::line(k);
                    quarterdeck_fuzz::line(v);
                });
                for found in alert::candidates(alert, &SEEN) {
                    assert_eq!(Link::parse(&found.link.to_string()).ok(), Some(found.link));
                }
            }
        }
        Err(problem) => quarterdeck_fuzz::line(&problem.line()),
    }
    let _ = (quantity::parse_quantity(text), quantity::parse_duration(text));
});
