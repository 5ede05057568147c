//! What the page of an incident note remembers and how it answers.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::{Hint, Opens, PageState};
use crate::state::document::{Document, Line, Tone};
use crate::state::input::Mouse;
use crate::state::{Answer, Ask, Cx, Effect, Place, Subject, reading};
use quarterdeck_core::handover::{About, note};
use quarterdeck_core::resources::ObjectRef;
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// A note in Markdown.
pub struct NotePage {
    pub(super) document: Document,
    pub(super) problem: Option<Problem>,
    about: About,
    watched: Watched,
    text: String,
    asked: bool,
}

impl PageState for NotePage {
    fn crumb(&self) -> String {
        format!("incident note {}", self.about.name())
    }
    fn scopes(&self) -> Vec<String> {
        vec!["note".into(), "text".into()]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Copy if !self.text.is_empty() => cx.copy(self.text.clone(), "incident note"),
            Verb::Save if !self.text.is_empty() => {
                let name = note::file_name(&self.about.name(), cx.now);
                cx.effect(Effect::Keep { name, text: self.text.clone() });
            }
            Verb::Refresh => {
                self.asked = false;
                self.refresh(cx);
            }
            _ => return reading::read(&mut self.document, command, "incident.md", cx),
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Copy, "copy"), Hint::new(Verb::Save, "save"), Hint::new(Verb::Search, "search")]
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        reading::mouse(&mut self.document, mouse, cx)
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let changed = self.watched.refresh(cx);
        if !self.asked && self.watched.seen.loaded {
            self.asked = true;
            cx.ask(Ask::Note { seen: self.watched.seen.clone(), about: self.about.clone() });
        }
        changed && self.document.is_empty()
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        match answer {
            Answer::Note(Ok(text)) => {
                let tone = |l: &str| if l.starts_with('#') { Tone::Heading } else { Tone::Plain };
                self.document.replace(text.lines().map(|l| Line::new(l, tone(l))).collect(), cx.height());
                self.problem = None;
                cx.copy(text.clone(), "incident note");
                self.text = text;
            }
            Answer::Note(Err(problem)) => self.problem = Some(problem),
            _ => {}
        }
    }
    fn targets(&self) -> Vec<ObjectRef> {
        self.about.object().cloned().into_iter().collect()
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
    fn filter(&self) -> Option<&str> {
        Some(self.document.searched())
    }
    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<()> {
        reading::search(&mut self.document, text, cx)
    }
}

impl Opens for NotePage {
    const NAME: &'static str = "note";
    const TITLE: &'static str = "";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let about = match &place.subject {
            Subject::Object(object) if place.args.contains_key("host") => About::Route {
                object: object.clone(),
                host: place.arg("host").into(),
                path: place.arg("path").into(),
                extra: place.arg("extra").into(),
            },
            Subject::Object(object) => About::Certificate(object.clone()),
            Subject::Name(app) => About::App(app.clone()),
            _ => return Err(Problem::usage("cannot write a note", "the place names nothing to write about")),
        };
        let mut document = Document::default();
        document.wrap = true;
        let watched = Watched::open(cx)?;
        Ok(Self { document, problem: None, about, watched, text: String::new(), asked: false })
    }
}
