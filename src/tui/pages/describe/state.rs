//! What the describe page remembers and how it answers.

use crate::keymap::{Command, Verb};
use crate::pages::{Hint, Opens, PageState};
use crate::state::document::{Document, Line, Tone};
use crate::state::input::Mouse;
use crate::state::reading::{self, Followed};
use crate::state::{Answer, Ask, Cx, Place, Subject, age};
use quarterdeck_core::resources::describe::{Description, describe};
use quarterdeck_core::resources::{Level, ObjectRef, Scope};
use quarterdeck_core::store::{Freshness, TableHandle, TableRequest, TableView};
use quarterdeck_core::{Problem, Result};
use serde_json::Value;

/// An object told in sections.
pub struct Describe {
    pub(super) document: Document,
    pub(super) followed: Followed,
    pub(super) problem: Option<Problem>,
    object: Option<Value>,
    events: Vec<Value>,
    /// Tells that there are new events about the object.
    news: Option<TableView>,
    shown_at: i64,
}

impl Describe {
    fn show(&mut self, cx: &Cx<'_>) {
        let Some(object) = &self.object else { return };
        self.shown_at = cx.now;
        self.document.replace(lines(&describe(object, &self.events, cx.now)), cx.height());
    }
    fn follow_events(&mut self, cx: &mut Cx<'_>) {
        if self.news.is_some() || self.followed.object.uid.is_empty() {
            return;
        }
        let Some(kind) = cx.kinds.get("", "events") else { return };
        let scope = Scope::one(self.followed.object.namespace().unwrap_or("default"));
        let mut request = TableRequest::new(kind.clone(), scope);
        request.fields = format!("involvedObject.uid={}", self.followed.object.uid);
        self.news = cx.session.table(cx.context, request).ok().as_ref().map(TableHandle::view);
    }
}

/// The lines of a description.
fn lines(description: &Description) -> Vec<Line> {
    let mut lines = Vec::new();
    for (n, section) in description.sections.iter().enumerate() {
        if n > 0 {
            lines.push(Line::new("", Tone::Plain));
        }
        let head = lines.len();
        let mut line = Line::new(section.title.clone(), Tone::Heading);
        line.anchor = section.title.clone();
        lines.push(line);
        let longest = section.items.iter().map(|i| i.label.chars().count() + 2 * usize::from(i.depth)).max();
        let width = longest.unwrap_or(0).min(24);
        let mut anchor = String::new();
        for item in &section.items {
            let pad = 2 * usize::from(item.depth);
            let label = format!("  {:pad$}{}", "", item.label);
            let label = format!("{label:w$}  ", w = width + 2);
            let mark = match item.level {
                Level::Bad => "✗ ",
                Level::Warn => "! ",
                _ => "",
            };
            let text = format!("{label}{mark}{}", item.value);
            let tone = match item.level {
                Level::Bad | Level::Warn => Tone::Level(item.level),
                _ => Tone::Plain,
            };
            if !item.label.is_empty() {
                anchor = format!("{}/{}", section.title, item.label);
            }
            lines.push(Line {
                tones: vec![(0..label.len(), Tone::Label), (label.len()..text.len(), tone)],
                indent: label.chars().count(),
                text,
                anchor: anchor.clone(),
                fold_end: 0,
            });
        }
        lines[head].fold_end = lines.len() - 1;
    }
    lines
}

impl PageState for Describe {
    fn crumb(&self) -> String {
        format!("{} ▪ {}", self.followed.object.kind.plural, self.followed.object.short())
    }
    fn scopes(&self) -> Vec<String> {
        let kind = self.followed.object.kind.plural.clone();
        vec!["describe".into(), "text".into(), kind]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Open | Verb::Fold => {
                self.document.fold(cx.height());
            }
            Verb::FoldAll => self.document.fold_all(cx.height()),
            Verb::Describe => cx.back(),
            Verb::Refresh => {
                cx.ask(Ask::Object(self.followed.object.clone()));
                cx.ask(Ask::Events(self.followed.object.clone()));
            }
            _ if reading::show(command.verb, &self.followed.object, cx) => {}
            _ => {
                let name = self.followed.file_name("txt");
                return reading::read(&mut self.document, command, &name, cx);
            }
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Yaml, "yaml"), Hint::new(Verb::Edit, "edit")];
        if self.followed.object.kind.has_subresource("log") {
            hints.push(Hint::new(Verb::Logs, "logs"));
        }
        hints.extend([Hint::new(Verb::Owner, "owner"), Hint::new(Verb::Search, "search"), Hint::new(Verb::Copy, "copy")]);
        hints
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        reading::mouse(&mut self.document, mouse, cx)
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let gone = self.followed.refresh(cx);
        self.follow_events(cx);
        if self.news.as_mut().is_some_and(TableView::refresh) {
            cx.ask(Ask::Events(self.followed.object.clone()));
        }
        let aged = self.next_change(self.shown_at).is_some_and(|at| at <= cx.now);
        if aged {
            self.show(cx);
        }
        gone || aged
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        match answer {
            Answer::Object(_, Ok(object)) => {
                let uid = object["metadata"]["uid"].as_str().unwrap_or("");
                if !self.followed.object.uid.is_empty() && uid != &*self.followed.object.uid {
                    self.followed.gone = true;
                    return;
                }
                let first = self.object.is_none();
                self.followed.seen(&object);
                self.object = Some(object);
                self.problem = None;
                if first {
                    cx.ask(Ask::Events(self.followed.object.clone()));
                }
            }
            Answer::Object(_, Err(problem)) => self.problem = Some(problem),
            Answer::Events(Ok(events)) => self.events = events,
            // Without the right to read events the rest is still worth showing.
            Answer::Events(Err(problem)) => cx.tell(&problem),
            _ => return,
        }
        self.show(cx);
    }
    fn targets(&self) -> Vec<ObjectRef> {
        if self.followed.gone { Vec::new() } else { vec![self.followed.object.clone()] }
    }
    fn on_ghost(&self) -> bool {
        self.followed.gone
    }
    fn next_change(&self, now: i64) -> Option<i64> {
        let created = self.object.as_ref()?["metadata"]["creationTimestamp"].as_str()?;
        let created = quarterdeck_core::clock::parse_time(created)?;
        let events = self.events.iter().filter_map(|e| quarterdeck_core::clock::parse_time(e["lastTimestamp"].as_str()?));
        age::next_of(events.chain([created]), now)
    }
    fn freshness(&self) -> Option<Freshness> {
        self.followed.freshness()
    }
    fn filter(&self) -> Option<&str> {
        Some(self.document.searched())
    }
    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<()> {
        reading::search(&mut self.document, text, cx)
    }
}

impl Opens for Describe {
    const NAME: &'static str = "describe";
    const TITLE: &'static str = "";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot describe", "no object was named"));
        };
        let mut document = Document::default();
        document.wrap = true;
        Ok(Self {
            document,
            followed: Followed::new(object.clone(), cx),
            problem: None,
            object: None,
            events: Vec::new(),
            news: None,
            shown_at: cx.now,
        })
    }
}
