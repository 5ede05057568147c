//! What a note is made from, asked of the cluster.

use super::about::{self, About, Asked, Looking, Thing};
use super::note::markdown;
use crate::certificates::diagnose::Role;
use crate::certificates::facts::{self, Facts};
use crate::certificates::truths::{self, Looks};
use crate::certificates::{CertificateView, Chain};
use crate::overview::Overview;
use crate::platform::AppView;
use crate::resources::{Kind, ObjectRef};
use crate::routes::RouteView;
use crate::session::Session;
use crate::{Problem, Result};
use futures::StreamExt;

/// Objects that are asked for at a time.
const AT_ONCE: usize = 8;
/// Objects that are asked for about an app or a route.
const OBJECTS: usize = 16;
/// In the order in which people read them.
const ROLES: [Role; 6] = [Role::Certificate, Role::Issuer, Role::Secret, Role::Request, Role::Order, Role::Challenge];

impl Session {
    /// The facts about a certificate and all objects of its chain, and what could not be read.
    pub async fn certificate_facts(
        &self,
        context: &str,
        view: &CertificateView,
        chain: Option<&Chain>,
    ) -> (Vec<Facts>, Vec<Problem>) {
        let wanted: Vec<(Role, ObjectRef)> = match chain {
            Some(chain) => {
                let links = chain.links.iter().filter(|l| ROLES.contains(&l.role));
                links.filter_map(|l| Some((l.role, l.object.clone()?))).collect()
            }
            None => vec![(Role::Secret, view.object.clone())],
        };
        self.ask_facts(context, wanted).await
    }
    async fn ask_facts(&self, context: &str, wanted: Vec<(Role, ObjectRef)>) -> (Vec<Facts>, Vec<Problem>) {
        let asked = wanted.into_iter().map(|(role, object)| async move {
            let (value, events) = futures::join!(self.object(context, &object), self.object_events(context, &object));
            value.map(|value| facts::of(role, &value, &events.unwrap_or_default()))
        });
        let answers: Vec<Result<Facts>> = futures::stream::iter(asked).buffered(AT_ONCE).collect().await;
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for answer in answers {
            match answer {
                Ok(facts) => told.push(facts),
                Err(problem) => untold.push(problem),
            }
        }
        told.sort_by_key(|f| ROLES.iter().position(|r| *r == f.role));
        (told, untold)
    }
    /// The incident note, in Markdown: for whoever comes next.
    ///
    /// # Errors
    /// When what it is about is not there (any more). What else cannot be read is told in the note.
    pub async fn incident_note(
        &self,
        context: &str,
        seen: &Overview,
        about: &About,
        looking: Looking,
    ) -> Result<String> {
        let thing = about.find(seen)?;
        let certificate = match thing {
            Thing::Certificate(view) => Some(view),
            Thing::Route(route) => seen.certificates.iter().find(|c| Some(&c.uid) == route.tls.certificate.as_ref()),
            Thing::App(_) => None,
        };
        let now = self.clock().now();
        let looks = match certificate {
            Some(_) if looking == Looking::Never => {
                Some(Looks { at: now, none: "not asked for".into(), ..Looks::default() })
            }
            Some(view) => {
                // Of a certificate with many hosts only some are looked at: a route's note is about its own.
                let only = match thing {
                    Thing::Route(route) => Some(&*route.host),
                    _ => None,
                };
                Some(self.looks_within(context, seen, view, only, looking == Looking::Wanted).await)
            }
            None => None,
        };
        let served = match (certificate, &looks) {
            (Some(view), Some(looks)) => truths::findings(view, looks, now),
            _ => Vec::new(),
        };
        let chain = certificate.and_then(|view| seen.chain(view));
        let (facts, untold) = match thing {
            Thing::Certificate(view) => self.certificate_facts(context, view, chain.as_ref()).await,
            Thing::App(app) => self.facts_of(context, behind_app(app)).await,
            Thing::Route(route) => self.facts_of(context, behind_route(route)).await,
        };
        let revisions = match thing {
            Thing::App(app) => {
                let all = app.workloads.iter().filter(|w| w.kind == "Deployment");
                let deployments: Vec<ObjectRef> = all.map(|w| w.object.clone()).take(OBJECTS).collect();
                // Without the right to list ReplicaSets there is everything else.
                self.revisions(context, &deployments).await.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let (done, looks) = (self.journal(), looks.as_ref());
        let (facts, untold, served, revisions, done) = (&*facts, &*untold, &*served, &*revisions, &*done);
        let asked = Asked { context, seen, facts, untold, looks, served, revisions, done, now };
        Ok(markdown(&match thing {
            Thing::Certificate(view) => about::certificate(view, chain.as_ref(), &asked),
            Thing::App(app) => about::app(app, &asked),
            Thing::Route(route) => about::route(route, &asked),
        }))
    }
    /// Conditions and events of some objects, and what could not be read.
    async fn facts_of(&self, context: &str, objects: Vec<ObjectRef>) -> (Vec<Facts>, Vec<Problem>) {
        let wanted = objects.into_iter().map(|object| (Role::UsedBy, object)).collect();
        self.ask_facts(context, wanted).await
    }
}

/// What is asked about an app: what blocks it, what is not ready, what declares it.
fn behind_app(app: &AppView) -> Vec<ObjectRef> {
    let blocks = app.blocks.iter().filter(|b| b.kind != "Event").map(|b| &b.object);
    let broken = app.workloads.iter().filter(|w| w.ready < w.wanted).map(|w| &w.object);
    let origins = app.origins.iter().filter(|o| o.manager != "Helm").map(|o| &o.object);
    let all = app.workloads.iter().map(|w| &w.object);
    distinct(blocks.chain(broken).chain(origins).chain(all))
}

/// What is asked about a route: the object that claims the host, the services behind it.
fn behind_route(route: &RouteView) -> Vec<ObjectRef> {
    let service = Kind::of("", "v1", "Service", "services", true);
    let there = route.backends.iter().filter(|b| &*b.kind == "Service" && b.found == Some(true));
    let services: Vec<ObjectRef> = there.map(|b| ObjectRef::new(service.clone(), &b.namespace, &b.name)).collect();
    distinct(std::iter::once(&route.object).chain(&services))
}

/// Each once, and no more than anybody reads. What a Secret holds is not asked for.
fn distinct<'a>(objects: impl Iterator<Item = &'a ObjectRef>) -> Vec<ObjectRef> {
    let mut all: Vec<ObjectRef> = Vec::new();
    for object in objects.filter(|o| o.kind.kind != "Secret") {
        if all.len() < OBJECTS && !all.iter().any(|o| o.to_string() == object.to_string()) {
            all.push(object.clone());
        }
    }
    all
}
