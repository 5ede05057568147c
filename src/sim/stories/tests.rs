//! Stories happen, and what they start ends well.

use super::start;
use crate::Clock;
use crate::storage::Store;
use crate::value::{condition, int, list, text};
use crate::world::{WorldOptions, load};
use serde_json::Value;
use std::time::Duration;

fn world(rate: f64) -> (Store, Clock) {
    let clock = Clock::with("2026-11-20T12:00:00Z".parse().unwrap(), rate);
    (load("ominis", &WorldOptions { clock: clock.clone(), ..WorldOptions::default() }).unwrap(), clock)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never happened: {what}");
}

#[tokio::test]
async fn a_certificate_gets_stuck_and_recovers() {
    let (store, clock) = world(20.0);
    let _story = start("stuck-certificate", &store, clock).unwrap();
    let certificate =
        || store.find("cert-manager.io/v1", "Certificate", "client-demo-client", "launch-tls").unwrap_or_default();
    let challenge = || {
        store
            .all("acme.cert-manager.io/v1", "Challenge", Some("client-demo-client"))
            .into_iter()
            .next()
            .unwrap_or_default()
    };
    until("the challenge waits for DNS", || text(&challenge(), "status.reason").ends_with("no such host")).await;
    assert_eq!(condition(&certificate(), "Ready")["status"], "False");
    until("the certificate is issued", || condition(&certificate(), "Ready")["status"] == "True").await;
    assert!(challenge().is_null());
}

#[tokio::test]
async fn an_app_degrades_and_its_deployment_says_so() {
    let (store, clock) = world(20.0);
    let _story = start("degrading-app", &store, clock).unwrap();
    let ready = || {
        int(
            &store.find("apps/v1", "Deployment", "client-demo-client", "api").unwrap_or_default(),
            "status.readyReplicas",
        )
    };
    until("no pod is ready", || ready() == 0).await;
    until("all are ready again", || ready() == 2).await;
}

#[tokio::test]
async fn churn_updates_at_its_rate_and_bad_names_are_refused() {
    let (store, clock) = world(1.0);
    let before = store.version();
    let _story = start("churn=500", &store, clock.clone()).unwrap();
    until("a hundred updates", || store.version() > before + 100).await;
    let changed = |p: &Value| list(p, "status.containerStatuses").iter().any(|c| int(c, "restartCount") > 0);
    assert!(store.all("v1", "Pod", None).iter().any(changed));
    assert!(start("nothing", &store, clock.clone()).is_err());
    assert!(start("churn=fast", &store, clock).is_err());
}
