//! `rollout`: a workload gets a new template again and again.

use super::start::Stage;
use crate::shapes::times;
use crate::value::{name, namespace};

/// A restart right away, then another every minute.
pub(super) async fn tell(stage: Stage) {
    let Some(first) = stage.deployment() else { return };
    stage.wait(2.0).await;
    loop {
        let Some(d) = stage.store.find("apps/v1", "Deployment", namespace(&first), name(&first)) else { return };
        let now = times::text(stage.clock.now());
        stage.change(&d, "kubectl-rollout", |d| {
            d["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = now.into();
        });
        stage.wait(60.0).await;
    }
}
