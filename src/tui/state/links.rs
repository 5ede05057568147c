//! Links that colleagues send: followed, and made.

use super::app::State;
use super::effect::Effect;
use super::place::Place;
use quarterdeck_core::Problem;
use quarterdeck_core::link::Link;
use quarterdeck_core::resources::{Level, ObjectRef};

/// Whether a certificate's page is the best one for an object.
fn is_certificate(object: &ObjectRef) -> bool {
    object.kind.group == "cert-manager.io" && object.kind.plural == "certificates"
}

fn place(view: &str, object: ObjectRef) -> Place {
    match view {
        "chain" => Place::object("certificate", object),
        "" if is_certificate(&object) => Place::object("certificate", object),
        "yaml" => Place::object("yaml", object),
        // Events stand in the description.
        _ => Place::object("describe", object),
    }
}

impl State {
    /// Goes where a link leads; into another context if it says so.
    pub(super) fn follow_link(&mut self, link: Link) {
        if link.context != self.context {
            if !self.session.contexts().iter().any(|c| c.name == link.context) {
                let problem = Problem::usage("cannot follow the link", "the kubeconfig has no context of that name")
                    .on(quarterdeck_core::text::clean_line(&link.context).into_owned())
                    .next("where yours is called otherwise: qd open LINK --context NAME");
                self.tell(&problem);
                return;
            }
            self.set_context(&link.context);
        }
        match link.object(&self.kinds) {
            Some(object) => self.go(place(&link.view, object)),
            // As soon as the cluster has told its kinds.
            None if self.kinds.is_empty() && self.kinds_problem.is_none() => self.link = Some(link),
            None => {
                let problem = Problem::usage("cannot follow the link", "the cluster offers no such kind")
                    .on(quarterdeck_core::text::clean_line(&link.kind).into_owned());
                self.tell(&problem);
            }
        }
    }
    /// Follows the link that waits for the kinds.
    pub(super) fn follow_waiting_link(&mut self) {
        if let Some(link) = self.link.take()
            && !self.kinds.is_empty()
        {
            self.follow_link(link);
        }
    }
    /// Copies links to what is marked or under the cursor, one a line.
    pub(super) fn copy_link(&mut self) {
        let page = self.top().map(|e| e.place.page.clone()).unwrap_or_default();
        let link = |object: &ObjectRef| {
            let view = match page.as_str() {
                "yaml" => "yaml",
                _ if is_certificate(object) => "chain",
                _ => "describe",
            };
            Link::to(&self.context, object, view).to_string()
        };
        let links: Vec<String> = self.targets().iter().map(link).collect();
        let what = match links.as_slice() {
            [] => {
                self.say(Level::Off, "there is no object here to link to");
                return;
            }
            [one] => one.clone(),
            many => format!("{} links", many.len()),
        };
        self.push_effect(Effect::Copy { text: links.join("\n"), what });
    }
}
