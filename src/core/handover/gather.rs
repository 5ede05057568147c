//! What a note is made from, asked of the cluster.

use super::note::{Note, markdown};
use crate::certificates::diagnose::Role;
use crate::certificates::facts::{self, Facts};
use crate::certificates::truths::Looks;
use crate::certificates::{CertificateView, Chain, truths};
use crate::overview::Overview;
use crate::resources::ObjectRef;
use crate::session::Session;
use crate::{Problem, Result};
use futures::StreamExt;

/// Objects that are asked for at a time.
const AT_ONCE: usize = 8;
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
    /// The incident note about a certificate, in Markdown: for whoever comes next.
    pub async fn certificate_note(
        &self,
        context: &str,
        seen: &Overview,
        view: &CertificateView,
        looks: Option<&Looks>,
    ) -> String {
        let chain = seen.chain(view);
        let (facts, untold) = self.certificate_facts(context, view, chain.as_ref()).await;
        let now = self.clock().now();
        let served = looks.map(|l| truths::findings(view, l, now)).unwrap_or_default();
        let done = self.journal();
        markdown(&Note {
            context,
            view,
            chain: chain.as_ref(),
            facts: &facts,
            untold: &untold,
            truths: &seen.truths(view, looks),
            served: &served,
            done: &done,
            now,
        })
    }
}
