//! Follows a step through its stages: watches what each is about, names what stands in the way, and tells.

use super::action::{Action, Progress};
use super::answers::{Asking, Round};
use super::observe::{Seen, watch};
use super::run::{Blocked, StageState};
use super::stage::{self, Found, Judge, Look, Scene, Stage};
use crate::cluster::{Cluster, Request};
use crate::overview::{Overview, OverviewHandle};
use crate::resources::{Kind, ObjectRef};
use crate::routes::RouteView;
use futures::{FutureExt, StreamExt};
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;

/// Workloads that are watched at once.
const AT_ONCE: usize = 8;
/// A block of a lower rank is only that something has just begun.
const HARD: u8 = 20;

/// Follows stages.
pub(crate) struct Follower<'a> {
    pub cluster: &'a Cluster,
    pub action: Option<&'static dyn Action>,
    /// The step's object.
    pub object: &'a ObjectRef,
    /// For routes, and for what stands in the way.
    pub overview: OverviewHandle,
    /// The configuration file, where there is one.
    pub config: Option<&'a std::path::Path>,
    /// How hosts are looked at.
    pub probing: &'a crate::probe::Probing,
}

/// What became of a stage.
pub(crate) struct Ended {
    pub state: StageState,
    pub text: String,
}

impl Ended {
    fn new(state: StageState, text: impl Into<String>) -> Self {
        Self { state, text: text.into() }
    }
    fn of(seen: Seen) -> Self {
        match seen {
            Seen::Done(text) => Self::new(StageState::Done, text),
            Seen::Failed(text) => Self::new(StageState::Failed, text),
            Seen::Unseen(text) => Self::new(StageState::Skipped, text),
        }
    }
}

impl Follower<'_> {
    /// Follows one stage to its end.
    pub(crate) async fn stage(
        &self,
        stage: &Stage,
        tell: &(dyn Fn(&str) + Sync),
        block: &(dyn Fn(Option<Blocked>) + Sync),
    ) -> Ended {
        let about = match &stage.look {
            Look::Progress | Look::Own(_) => self.object,
            Look::Object(object, _) | Look::Rollout(object) | Look::Pods(object) | Look::Routes(object) => object,
        };
        let looked = async {
            match &stage.look {
                Look::Progress => {
                    let judge =
                        |o: Option<&Value>| self.action.map_or_else(|| super::rollout::progress(o), |a| a.progress(o));
                    Ended::of(watch(self.cluster, &judge, self.object, tell).await)
                }
                Look::Object(object, judge) => Ended::of(watch(self.cluster, &|o| judge(o), object, tell).await),
                Look::Rollout(of) => self.workloads(of, Arc::new(super::rollout::progress), "rolled out", tell).await,
                Look::Pods(of) => self.workloads(of, Arc::new(stage::pods), "ready", tell).await,
                Look::Routes(of) => self.routes(of, tell, block).await,
                Look::Own(own) => {
                    let (cluster, object, overview) = (self.cluster, self.object, &self.overview);
                    let (config, probing) = (self.config, self.probing);
                    match own.look(Scene { cluster, object, overview, config, probing, tell }).await {
                        Found::Done(text) => Ended::new(StageState::Done, text),
                        Found::Failed(text) => Ended::new(StageState::Failed, text),
                        Found::Untold(text) => Ended::new(StageState::Skipped, text),
                    }
                }
            }
        };
        tokio::select! {
            ended = looked => ended,
            () = self.blocks(about, block) => Ended::new(StageState::Skipped, "not seen"),
        }
    }

    /// Tells what stands in the way, as often as it changes; does not end.
    async fn blocks(&self, object: &ObjectRef, tell: &(dyn Fn(Option<Blocked>) + Sync)) {
        let Some(mut changes) = self.overview.changes() else { return std::future::pending().await };
        let mut last = None;
        loop {
            let overview = changes.borrow_and_update().clone();
            let now = blocked(&overview, object);
            if now != last {
                tell(now.clone());
                last = now;
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Watches one workload, or all that an object brought.
    async fn workloads(&self, of: &ObjectRef, judge: Judge, done: &str, tell: &(dyn Fn(&str) + Sync)) -> Ended {
        let all = match self.brought(of).await {
            Ok(all) => all,
            Err(why) => return Ended::new(StageState::Skipped, why),
        };
        if let [one] = all.as_slice() {
            return Ended::of(watch(self.cluster, &|o| judge(o), one, tell).await);
        }
        if all.is_empty() {
            return Ended::new(StageState::Skipped, "it has no workload");
        }
        let (ready, total) = (Mutex::new(0), all.len());
        let mut follows = futures::stream::iter(all)
            .map(|object| self.one(object, judge.clone(), (&ready, total, done), tell).boxed())
            .buffer_unordered(AT_ONCE);
        while let Some((object, seen)) = follows.next().await {
            match seen {
                Seen::Failed(text) => return Ended::new(StageState::Failed, format!("{}: {text}", object.name)),
                Seen::Unseen(text) => return Ended::new(StageState::Skipped, format!("{}: {text}", object.name)),
                Seen::Done(_) => {}
            }
        }
        Ended::new(StageState::Done, format!("{total} workloads {done}"))
    }

    /// Watches one of several workloads.
    async fn one(
        &self,
        object: ObjectRef,
        judge: Judge,
        (ready, total, done): (&Mutex<usize>, usize, &str),
        tell: &(dyn Fn(&str) + Sync),
    ) -> (ObjectRef, Seen) {
        let told = |text: &str| tell(&format!("{} of {total} {done}; {}: {text}", ready.lock(), object.name));
        let seen = watch(self.cluster, &|o| judge(o), &object, told).await;
        *ready.lock() += 1;
        (object, seen)
    }

    /// The workload itself, or the workloads that an Application, Kustomization or HelmRelease brought, by what it
    /// says of itself, else by the overview.
    async fn brought(&self, of: &ObjectRef) -> Result<Vec<ObjectRef>, String> {
        if stage::is_workload(of) {
            return Ok(vec![of.clone()]);
        }
        let object: Value =
            self.cluster.json(Request::get(of.path(None))).await.map_err(|p| format!("cannot be read: {}", p.why))?;
        let mut all = listed(&object);
        if all.is_empty() {
            let overview = self.overview.get();
            all.extend(overview.app_from(of).into_iter().flat_map(|a| &a.workloads).map(|w| w.object.clone()));
        }
        Ok(all)
    }

    /// Waits until every route that leads to the workloads has a ready endpoint there, and answers.
    async fn routes(
        &self,
        of: &ObjectRef,
        tell: &(dyn Fn(&str) + Sync),
        block: &(dyn Fn(Option<Blocked>) + Sync),
    ) -> Ended {
        let Some(mut changes) = self.overview.changes() else {
            return Ended::new(StageState::Skipped, "routes are not watched");
        };
        let all = match self.brought(of).await {
            Ok(all) => all,
            Err(why) => return Ended::new(StageState::Skipped, why),
        };
        let mut labels: Vec<(ObjectRef, Value)> = Vec::new();
        for object in all {
            let Ok(now) = self.cluster.json::<Value>(Request::get(object.path(None))).await else { continue };
            if now["spec"]["replicas"] != 0 {
                labels.push((object, now["spec"]["template"]["metadata"]["labels"].clone()));
            }
        }
        if labels.is_empty() {
            return Ended::new(StageState::Skipped, "nothing of it is to run");
        }
        let mut asking = Asking::new(self.config, self.probing);
        let mut silent = false;
        loop {
            let overview = changes.borrow_and_update().clone();
            if overview.loaded {
                let (now, routes) = routes_now(&overview, &labels);
                match now {
                    Progress::Done(text) if text.is_empty() => {
                        return Ended::new(StageState::Skipped, "no route leads to it");
                    }
                    // The endpoints are there: does somebody answer?
                    Progress::Done(endpoints) => match asking.round(self.cluster, &routes).await {
                        Round::Answers(words) => {
                            let words = [words, endpoints].into_iter().filter(|w| !w.is_empty());
                            return Ended::new(StageState::Done, words.collect::<Vec<_>>().join("; "));
                        }
                        Round::Unknown(why) => return Ended::new(StageState::Skipped, format!("{endpoints}; {why}")),
                        Round::Silent(text, blocked, again) => {
                            tell(&text);
                            block(Some(blocked));
                            silent = true;
                            // That it answers cannot be watched: asked again, less often each time.
                            tokio::time::sleep(again).await;
                            continue;
                        }
                    },
                    Progress::Failed(text) => return Ended::new(StageState::Skipped, text),
                    Progress::Going(text) => {
                        // Its endpoints have gone meanwhile: nobody is asked, and that nobody answers is no news.
                        if std::mem::take(&mut silent) {
                            block(None);
                        }
                        tell(&text);
                    }
                }
            } else {
                tell("the platform is being read");
            }
            if changes.changed().await.is_err() {
                return Ended::new(StageState::Skipped, "routes are not watched any more");
            }
        }
    }
}

/// How the routes that lead to these pods are (nothing at all when there is none), and which they are.
fn routes_now(overview: &Overview, labels: &[(ObjectRef, Value)]) -> (Progress, Vec<RouteView>) {
    let (mut found, mut shown): (Vec<RouteView>, _) = (Vec::new(), String::new());
    for (object, labels) in labels {
        let Some(routes) = overview.routes_to(&object.namespace, labels) else {
            return (Progress::Failed("routes or services cannot be read".into()), Vec::new());
        };
        for (route, ready, all) in routes {
            let host = if route.host.is_empty() { &route.name } else { &route.host };
            let place = format!("{host}{}", if &*route.path == "/" { "" } else { &route.path });
            if ready == 0 {
                return (Progress::Going(format!("{place}: 0 of {all} endpoints ready")), Vec::new());
            }
            found.push(route.clone());
            if shown.is_empty() {
                shown = format!("{place}: {ready} of {all} endpoints");
            }
        }
    }
    let more = found.len().saturating_sub(1);
    (Progress::Done(if more > 0 { format!("{shown}, and {more} more") } else { shown }), found)
}

/// The hard block that is the nearest to the root.
fn blocked(overview: &Overview, object: &ObjectRef) -> Option<Blocked> {
    // What the cluster said about the root of it (an Event) comes last, and is no cause.
    let block = overview.blocks_of(object).into_iter().rev().find(|b| b.rank >= HARD && b.kind != "Event")?;
    Some(Blocked { name: block.object.to_string(), object: block.object, why: block.words, next: block.next })
}

/// The workloads that an Argo CD Application (`status.resources`) or a Flux Kustomization
/// (`status.inventory.entries[].id`: `namespace_name_group_kind`) says it manages.
fn listed(object: &Value) -> Vec<ObjectRef> {
    let status = &object["status"];
    let argo = status["resources"].as_array().into_iter().flatten().filter_map(|r| {
        let text = |field: &str| r[field].as_str().unwrap_or_default();
        workload(text("group"), text("kind"), text("namespace"), text("name"))
    });
    let flux = status["inventory"]["entries"].as_array().into_iter().flatten().filter_map(|e| {
        let mut parts = e["id"].as_str()?.split('_');
        let (namespace, name, group, kind) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        workload(group, kind, namespace, name)
    });
    argo.chain(flux).collect()
}

fn workload(group: &str, kind: &str, namespace: &str, name: &str) -> Option<ObjectRef> {
    let plural = match (group, kind) {
        ("apps", "Deployment") => "deployments",
        ("apps", "StatefulSet") => "statefulsets",
        ("apps", "DaemonSet") => "daemonsets",
        _ => return None,
    };
    Some(ObjectRef::new(Kind::of("apps", "v1", kind, plural, true), namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_application_and_a_kustomization_name_the_workloads_they_brought() {
        let argo = json!({"status": {"resources": [
            {"group": "apps", "kind": "Deployment", "namespace": "a", "name": "web"},
            {"kind": "Service", "namespace": "a", "name": "web"}]}});
        let flux = json!({"status": {"inventory": {"entries": [
            {"id": "a_web_apps_StatefulSet", "v": "v1"}, {"id": "_a__Namespace", "v": "v1"}]}}});
        let names = |o: &Value| listed(o).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&argo), ["Deployment a/web"]);
        assert_eq!(names(&flux), ["StatefulSet a/web"]);
    }
}
