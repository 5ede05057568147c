//! What is told of a certificate.

use crate::pages::board::overview::Watched;
use crate::keymap::{Command, Verb};
use crate::pages::Hint;
use crate::pages::detail::{Item, Story, Told};
use crate::state::{Answer, Ask, Cx, Place, Subject, age};
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::certificates::truths::{Looks, Truth, findings};
use quarterdeck_core::resources::{Level, ObjectRef, Verdict};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// A certificate and its chain.
pub struct CertificateStory {
    object: ObjectRef,
    watched: Watched,
    /// What was served when it was looked at; `None` while that is under way.
    looks: Option<Looks>,
    asked: bool,
    /// Something came that no watch tells.
    news: bool,
}

/// What is wanted, said, held and served. Where they differ the line says so.
fn truths(told: &[Truth], looked: Option<i64>) -> Vec<Item> {
    let mut items = vec![Item::heading("Wanted, said, held, served")];
    items.extend(told.iter().map(|t| {
        let since = looked.filter(|at| *at > 0 && t.truth == "served");
        Item::new(t.level, t.truth, &*t.of, &*t.words).since(since)
    }));
    items
}

/// What holds of the certificate itself.
fn facts(view: &CertificateView, now: i64) -> Vec<Item> {
    let mut items = vec![Item::heading("Facts")];
    items.push(Item::new(Level::Off, "names", view.hosts.join(", "), ""));
    if !view.issuer.name.is_empty() {
        let staging = if view.staging { "staging: browsers trust nothing of it" } else { "" };
        items.push(Item::new(Level::Off, "issuer", &*view.issuer.name, staging));
    }
    if let Some(end) = view.not_after {
        let level = if end < now { Level::Bad } else { Level::Off };
        let used = view.used.map(|u| format!(", {:.0}% of its life used", u * 100.0)).unwrap_or_default();
        let date = quarterdeck_core::clock::format_time(end);
        items.push(Item::new(level, "ends", age::age(end, now), format!("{date}{used}")));
    }
    if let Some(renewal) = view.renewal_time {
        let level = if renewal < now { Level::Warn } else { Level::Off };
        items.push(Item::new(level, "renews", age::age(renewal, now), quarterdeck_core::clock::format_time(renewal)));
    }
    if view.attempts > 0 {
        let next = view.next_try.map(|at| format!("next try {}", age::age(at, now))).unwrap_or_default();
        items.push(Item::new(Level::Warn, "failed attempts", view.attempts.to_string(), next));
    }
    if let Some(leaf) = &view.leaf {
        let by = if leaf.self_signed { "self-signed".to_owned() } else { format!("by {}", leaf.issuer) };
        items.push(Item::new(Level::Off, "serial", &*leaf.serial, by));
        items.push(Item::new(Level::Off, "SHA-256", &*leaf.sha256, ""));
    }
    items
}

impl Story for CertificateStory {
    const NAME: &'static str = "certificate";
    fn crumb(&self) -> String {
        format!("certificates {}", self.object.short())
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot open a certificate", "the place names none"));
        };
        let (object, watched) = (object.clone(), Watched::open(cx)?);
        Ok(Self { object, watched, looks: None, asked: false, news: false })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) & !std::mem::take(&mut self.news) {
            return None;
        }
        let seen = &self.watched.seen;
        let Some(view) = seen.certificate(&self.object.namespace, &self.object.name) else { return Some(None) };
        self.object = view.object.clone();
        if seen.loaded && !std::mem::replace(&mut self.asked, true) {
            cx.ask(Ask::Looks { seen: seen.clone(), object: view.object.clone(), wanted: false });
        }
        let mut items = Vec::new();
        if let Some(chain) = seen.chain(view) {
            for (i, link) in chain.links.iter().enumerate() {
                let mut item = Item::new(link.level, &link.title, &link.name, &link.words)
                    .object(link.object.clone())
                    .since(link.since.filter(|_| link.level >= Level::Busy));
                item.broken = chain.broken == Some(i);
                items.push(item);
            }
        } else {
            for (level, object, words) in seen.used_by(view) {
                items.push(Item::new(level, "used by", object.short(), words).object(Some(object)));
            }
        }
        let looks = self.looks.as_ref();
        items.extend(truths(&seen.truths(view, looks), looks.filter(|l| !l.looks.is_empty()).map(|l| l.at)));
        items.extend(facts(view, cx.now));
        let (mut verdict, mut since) = (view.verdict.clone(), view.since);
        // What clients get is worse than what the objects say.
        let wrong = looks.and_then(|l| findings(view, l, cx.now).into_iter().next());
        if let Some(wrong) = wrong.filter(|w| w.level > verdict.level) {
            verdict = Verdict::new(wrong.level, "Served wrong").why(wrong.reason).next(wrong.next);
            since = None;
        }
        Some(Some(Told { verdict, since, items }))
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::SelfCheck => cx.go(Place::object("self-check", self.object.clone())),
            Verb::Note => cx.go(Place::object("note", self.object.clone())),
            Verb::Refresh => {
                self.looks = None;
                self.news = true;
                let (seen, object) = (self.watched.seen.clone(), self.object.clone());
                cx.ask(Ask::Looks { seen, object, wanted: true });
                // The program asks the rest again.
                return false;
            }
            _ => return false,
        }
        true
    }
    fn answer(&mut self, answer: Answer, _cx: &mut Cx<'_>) {
        if let Answer::Looks(looks) = answer {
            self.looks = Some(looks);
            self.news = true;
        }
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::SelfCheck, "self-check"), Hint::new(Verb::Note, "incident note")]
    }
    fn object(&self) -> Option<ObjectRef> {
        Some(self.object.clone())
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
