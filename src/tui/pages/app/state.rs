//! What is told of an app.

use super::{open, parts};
use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::detail::{Story, Told};
use crate::pages::page::Hint;
use crate::state::{Answer, Ask, Cx, Place, Subject};
use quarterdeck_core::platform::Operation;
use quarterdeck_core::resources::ObjectRef;
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// An app and what it hangs on.
pub struct AppStory {
    name: String,
    object: Option<ObjectRef>,
    /// The Application, Kustomization or HelmRelease that declares it.
    origin: Option<ObjectRef>,
    /// The workload that has its data, where the profile says so.
    data: Option<ObjectRef>,
    watched: Watched,
    /// Of its Deployments; asked for once they are known.
    revisions: Vec<Operation>,
    asked: Vec<ObjectRef>,
    /// Facts that agree are shown, too.
    whole: bool,
}

impl Story for AppStory {
    const NAME: &'static str = "app";
    fn crumb(&self) -> String {
        format!("apps {}", self.name)
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Name(name) = &place.subject else {
            return Err(Problem::usage("cannot open an app", "the place names none"));
        };
        let watched = Watched::open(cx)?;
        let name = name.clone();
        Ok(Self {
            name,
            object: None,
            origin: None,
            data: None,
            watched,
            revisions: Vec::new(),
            asked: Vec::new(),
            whole: false,
        })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let Some(app) = self.watched.seen.app(&self.name) else { return Some(None) };
        self.object = app.object().cloned();
        self.origin = app.declared_by().cloned();
        let backup = self.watched.seen.profile.app(&self.name).and_then(|entry| entry.backup.as_ref());
        self.data = backup.and_then(|b| app.workloads.iter().find(|w| *w.name == *b.workload)).map(|w| w.object.clone());
        let deployments: Vec<ObjectRef> =
            app.workloads.iter().filter(|w| w.kind == "Deployment").map(|w| w.object.clone()).take(20).collect();
        if deployments != self.asked {
            self.asked.clone_from(&deployments);
            cx.ask(Ask::Revisions(deployments));
        }
        let items = parts::all(app, &self.watched.seen, &self.revisions, self.whole);
        Some(Some(Told { verdict: app.verdict.clone(), since: app.since, items }))
    }
    fn object(&self) -> Option<ObjectRef> {
        self.object.clone()
    }
    fn origin(&self) -> Option<ObjectRef> {
        self.origin.clone()
    }
    fn aim(&self, action: &str) -> Option<ObjectRef> {
        // Wherever the cursor is, the data is where the profile says.
        self.data.clone().filter(|_| action == "backup")
    }
    fn why_not(&self, action: &str) -> Option<String> {
        let keeps = action.starts_with("argocd-") || action.starts_with("flux-");
        let why = "no Argo CD Application and nothing of Flux declares this app";
        (keeps && self.origin.is_none()).then(|| why.to_owned())
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Wide => {
                self.whole = !self.whole;
                self.watched.forget();
            }
            Verb::Browse => {
                if let Some(app) = self.watched.seen.app(&self.name) {
                    open::browse(app, command, cx);
                }
            }
            Verb::Note => cx.go(Place::name("note", &*self.name)),
            _ => return false,
        }
        true
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        match answer {
            // Without the right to list ReplicaSets the page has everything else.
            Answer::Revisions(found) => {
                self.revisions = found.unwrap_or_default();
                self.watched.forget();
            }
            other => open::opened(other, cx),
        }
    }
    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Browse, "its page")];
        match self.origin.as_ref().map(|o| o.kind.group.as_str()) {
            Some("argoproj.io") => {
                hints.extend([Hint::action("argocd-sync", "sync"), Hint::action("argocd-refresh", "refresh")]);
            }
            Some(_) => hints.push(Hint::action("flux-reconcile", "reconcile")),
            None => {}
        }
        if self.data.is_some() {
            hints.push(Hint::action("backup", "back up"));
        }
        hints.push(Hint::new(Command::new(Verb::Go, "stages"), "stages"));
        hints.push(Hint::new(Verb::Note, "incident note"));
        if !self.whole {
            hints.push(Hint::new(Verb::Wide, "all facts"));
        }
        hints
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
