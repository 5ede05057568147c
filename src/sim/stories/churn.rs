//! `churn`: pods are updated at a steady rate, for measurements.

use super::start::Stage;
use crate::shapes::times;
use crate::storage::{ListQuery, Object, WriteOptions};
use std::sync::Arc;

/// `rate` updates a second, over all pods in turn, in batches of 10 ms at most.
/// The restart counter and the readiness of the pod change, which views show.
pub(super) async fn tell(stage: Stage, rate: f64) {
    let Some(kind) = stage.store.kind("v1", "Pod") else { return };
    let rate = rate.clamp(0.01, 100_000.0);
    let mut pods: Vec<Arc<Object>> = stage.store.list(&kind, &ListQuery::default()).items;
    let mut next = 0;
    let mut owed = 0.0;
    let pause = (1.0 / rate).max(0.01);
    while !pods.is_empty() {
        stage.wait(pause).await;
        owed += rate * pause;
        while owed >= 1.0 {
            owed -= 1.0;
            let Some(pod) = pods.get(next) else {
                pods = stage.store.list(&kind, &ListQuery::default()).items;
                next = 0;
                continue;
            };
            next += 1;
            let now = times::text(stage.clock.now());
            // A pod that went away meanwhile is left out.
            let _ = stage.store.modify(
                &kind,
                &pod.namespace,
                &pod.name,
                &WriteOptions::trusted("kubelet").through("status"),
                |mut p| {
                    for status in p["status"]["containerStatuses"].as_array_mut().into_iter().flatten().take(1) {
                        let count = status["restartCount"].as_i64().unwrap_or(0);
                        status["restartCount"] = (count + 1).into();
                        status["lastState"]["terminated"]["exitCode"] = 1.into();
                        status["lastState"]["terminated"]["finishedAt"] = now.clone().into();
                    }
                    Ok(p)
                },
            );
        }
    }
}
