//! `degrading-app`: one pod after the other starts to crash; after a while they recover.

use super::start::Stage;
use crate::shapes::event::{Happening, event};
use crate::shapes::pod_state::{self, PodState};
use crate::table::age;
use crate::value::{labels_match, list, map, name, namespace, text, uid};
use serde_json::Value;

fn pods(stage: &Stage, d: &Value) -> Vec<Value> {
    let wanted = map(d, "spec.selector.matchLabels");
    let mut pods = stage.store.all("v1", "Pod", Some(namespace(d)));
    pods.retain(|p| labels_match(wanted, map(p, "metadata.labels")));
    pods
}

fn become_state(stage: &Stage, pod: &Value, state: &PodState) {
    let now = stage.clock.now();
    let begun = age::time(pod, "status.startTime").unwrap_or(now);
    let (ip, node_ip) = (text(pod, "status.podIP").to_owned(), text(pod, "status.hostIP").to_owned());
    stage.change(pod, "kubelet", |p| pod_state::apply(p, state, begun, now, &node_ip, &ip));
}

fn complain(stage: &Stage, pod: &Value) {
    let container = list(pod, "spec.containers").first().map_or("", |c| text(c, "name"));
    let what = Happening {
        warning: true,
        reason: "BackOff",
        source: "kubelet",
        host: text(pod, "spec.nodeName"),
        count: 1,
        field: format!("spec.containers{{{container}}}"),
        message: format!(
            "Back-off restarting failed container {container} in pod {}_{}({})",
            name(pod),
            namespace(pod),
            uid(pod)
        ),
    };
    let now = stage.clock.now();
    // A refused event changes nothing in the story.
    let _ = stage.store.apply_object(event(pod, &what, now, now), "kubelet");
}

/// Every 10 seconds a further pod crashes; a minute after the last they recover; and again.
pub(super) async fn tell(stage: Stage) {
    let Some(d) = stage.deployment() else { return };
    loop {
        stage.wait(3.0).await;
        for (i, pod) in pods(&stage, &d).iter().enumerate() {
            let state = PodState { kind: "crashloop".into(), restarts: 1 + i as i64, since: 1, ..PodState::default() };
            become_state(&stage, pod, &state);
            complain(&stage, pod);
            stage.wait(10.0).await;
        }
        stage.wait(60.0).await;
        for pod in pods(&stage, &d) {
            become_state(&stage, &pod, &PodState { restarts: 6, since: 1, ..PodState::default() });
            stage.wait(4.0).await;
        }
        stage.wait(90.0).await;
    }
}
