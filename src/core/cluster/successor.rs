//! The pod behind an open local port, watched: when it goes, its successor takes its place, and that is told meanwhile.

use super::Request;
use super::forward::{AGAIN, ForwardTarget, Found, Shared, is_ready, name_of, runs, single};
use crate::{Problem, ProblemKind, Str};
use futures::StreamExt;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a pod has not ended and is not going.
fn lives(pod: &Value) -> bool {
    let ended = pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed";
    !ended && pod["metadata"]["deletionTimestamp"].is_null()
}

impl Shared {
    fn namespace(&self) -> Str {
        match &self.request.target {
            ForwardTarget::Pod { namespace, .. } | ForwardTarget::Selector { namespace, .. } => namespace.clone(),
            ForwardTarget::Object(object) => object.namespace.clone(),
        }
    }

    /// Follows the pod: when it goes, its successor takes its place, and where there is none yet that is told. Does not
    /// end, but where there can be none.
    pub(super) async fn follow(&self) {
        let alone = single(&self.request.target).is_some();
        loop {
            let (namespace, pod) = (self.namespace(), self.told.borrow().pod.clone());
            let left = |list: &[Value]| !list.iter().any(|p| name_of(p) == pod && lives(p));
            if !self.until(&namespace, ("fieldSelector", format!("metadata.name={pod}")), &left).await {
                return;
            }
            // In a rollout the successor is ready before the pod goes.
            if !alone && let Ok(next) = self.cluster.resolve(&self.request, true).await {
                self.take(next).await;
                continue;
            }
            {
                let mut found = self.found.lock().await;
                // A connection may have found the successor already.
                if found.as_ref().is_some_and(|f| f.1 == pod) {
                    *found = None;
                }
                self.told.send_modify(|s| s.gone = Some(pod.clone()));
            }
            if alone {
                return;
            }
            let Some(next) = self.successor().await else {
                // Nobody can tell any more when it comes: each connection looks for itself.
                self.told.send_modify(|s| s.gone = None);
                return;
            };
            self.take(next).await;
        }
    }

    async fn take(&self, next: Found) {
        let pod = next.1.clone();
        *self.found.lock().await = Some(next);
        self.told.send_modify(|s| (s.pod, s.gone, s.problem) = (pod, None, None));
    }

    /// Waits for a pod that is ready: one that only runs closes what it is asked. `None`: pods may not be watched.
    async fn successor(&self) -> Option<Found> {
        let mut failures = 0;
        loop {
            match self.cluster.selected(&self.request.target).await {
                Ok((namespace, labels, _)) => {
                    let any = |list: &[Value]| list.iter().any(|p| runs(p) && is_ready(p));
                    if !self.until(&namespace, ("labelSelector", labels), &any).await {
                        return None;
                    }
                    if let Ok(next) = self.cluster.resolve(&self.request, true).await {
                        return Some(next);
                    }
                }
                Err(problem) => self.tell(problem),
            }
            tokio::time::sleep(AGAIN * (1 << failures)).await;
            failures = (failures + 1).min(6);
        }
    }

    fn tell(&self, problem: Problem) {
        self.told.send_if_modified(|s| {
            let new = s.problem.as_ref() != Some(&problem);
            s.problem = Some(problem);
            new
        });
    }

    /// Watches the pods of a selector until they are as wanted. False: they may not be watched.
    async fn until(&self, namespace: &str, query: (&str, String), wanted: &(dyn Fn(&[Value]) -> bool + Sync)) -> bool {
        let request = Request::get(format!("/api/v1/namespaces/{namespace}/pods")).query(query.0, query.1);
        let (mut failures, signed_out) = (0, AtomicBool::new(false));
        loop {
            let watched = async {
                let mut list: Value = self.cluster.json(request.clone()).await?;
                if signed_out.swap(false, Ordering::Relaxed) {
                    self.told.send_modify(|s| s.problem = None);
                }
                if wanted(list["items"].as_array().map(Vec::as_slice).unwrap_or_default()) {
                    return Ok::<_, Problem>(true);
                }
                let version = list["metadata"]["resourceVersion"].take();
                let watch = request.clone().query("watch", "true").query("allowWatchBookmarks", "true");
                let watch = watch.query("resourceVersion", version.as_str().unwrap_or_default());
                let mut lines = self.cluster.lines(watch).await?;
                let news =
                    |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok_and(|event| event["type"] != "BOOKMARK");
                while let Some(Ok(line)) = lines.next().await {
                    if news(&line) {
                        break;
                    }
                }
                Ok(false)
            };
            match watched.await {
                Ok(true) => return true,
                Ok(false) => failures = 0,
                // A forward needs no right to watch: connections go on, each looking for its pod.
                Err(problem) if problem.kind == ProblemKind::Forbidden => return false,
                Err(problem) => {
                    // Somebody has to sign in again; what has only broken off comes back by itself.
                    if problem.kind == ProblemKind::Unauthenticated {
                        signed_out.store(true, Ordering::Relaxed);
                        self.tell(problem);
                    }
                    failures = (failures + 1).min(6);
                }
            }
            tokio::time::sleep(AGAIN * (1 << failures)).await;
        }
    }
}
