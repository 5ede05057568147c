//! What the YAML page remembers and how it answers.

use crate::keymap::{Command, Verb};
use crate::pages::{Hint, Opens, PageState};
use crate::state::document::{Document, Line, Tone};
use crate::state::input::Mouse;
use crate::state::reading::{self, Followed};
use crate::state::{Answer, Ask, Cx, Place, Subject};
use quarterdeck_core::resources::yaml::{self, ValueType, YamlLine, YamlOptions};
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};
use serde_json::Value;

/// Seconds after which revealed values are masked again.
const REVEALED_FOR: i64 = 60;

/// An object as YAML.
pub struct Yaml {
    pub(super) document: Document,
    pub(super) followed: Followed,
    pub(super) problem: Option<Problem>,
    object: Option<Value>,
    options: YamlOptions,
    mask_at: Option<i64>,
}

impl Yaml {
    fn show(&mut self, height: usize) {
        if let Some(object) = &self.object {
            let shown = yaml::presentable(object, self.options);
            self.document.replace(yaml::to_lines(&shown).into_iter().map(line).collect(), height);
        }
    }
    fn is_secret(&self) -> bool {
        self.followed.object.kind.group.is_empty() && self.followed.object.kind.kind == "Secret"
    }
    /// Masks revealed values when their time is up.
    fn mask_in_time(&mut self, cx: &mut Cx<'_>) -> bool {
        let due = self.mask_at.is_some_and(|at| cx.now >= at);
        if due {
            self.mask_at = None;
            self.options.reveal = false;
            self.show(cx.height());
        }
        due
    }
}

/// A line with its tones.
pub(crate) fn line(line: YamlLine) -> Line {
    let tone = match line.value {
        ValueType::None => Tone::Plain,
        ValueType::Text => Tone::Text,
        ValueType::Number => Tone::Number,
        ValueType::Word => Tone::Word,
    };
    let mut tones = Vec::new();
    if line.key_end > line.indent {
        tones.push((line.indent..line.key_end, Tone::Key));
    }
    tones.push((line.key_end..line.text.len(), tone));
    Line { text: line.text, tones, anchor: line.path, fold_end: line.fold_end, indent: line.indent }
}

impl PageState for Yaml {
    fn crumb(&self) -> String {
        format!("{} ▪ {} ▪ yaml", self.followed.object.kind.plural, self.followed.object.short())
    }
    fn scopes(&self) -> Vec<String> {
        vec!["yaml".into(), "text".into()]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let height = cx.height();
        match command.verb {
            Verb::Open | Verb::Fold => {
                self.document.fold(height);
            }
            Verb::FoldAll => self.document.fold_all(height),
            Verb::ManagedFields => {
                self.options.managed_fields = !self.options.managed_fields;
                self.show(height);
            }
            Verb::Reveal if self.is_secret() => {
                self.options.reveal = !self.options.reveal;
                self.mask_at = self.options.reveal.then_some(cx.now + REVEALED_FOR);
                self.show(height);
                if self.options.reveal {
                    cx.say(Level::Warn, "values are shown for a minute");
                }
            }
            Verb::Reveal => cx.say(Level::Unknown, "only Secrets have values to reveal"),
            Verb::Refresh => cx.ask(Ask::Object(self.followed.object.clone())),
            Verb::Yaml => cx.back(),
            // Nothing revealed leaves the screen by a copy or a file.
            Verb::Copy | Verb::Save if self.options.reveal => {
                cx.say(Level::Warn, "mask the values first: what is revealed is neither copied nor saved");
            }
            _ if reading::show(command.verb, &self.followed.object, cx) => {}
            _ => {
                let name = self.followed.file_name("yaml");
                return reading::read(&mut self.document, command, &name, cx);
            }
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Search, "search"), Hint::new(Verb::Fold, "fold"), Hint::new(Verb::Edit, "edit")];
        if self.is_secret() {
            hints.insert(0, Hint::new(Verb::Reveal, if self.options.reveal { "mask" } else { "reveal" }));
        }
        hints.extend([
            Hint::new(Verb::ManagedFields, "managedFields"),
            Hint::new(Verb::Describe, "describe"),
            Hint::new(Verb::Copy, "copy"),
        ]);
        hints
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        reading::mouse(&mut self.document, mouse, cx)
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let masked = self.mask_in_time(cx);
        self.followed.refresh(cx) || masked
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        if let Answer::Object(_, result) = answer {
            match result {
                Ok(object) => {
                    let uid = object["metadata"]["uid"].as_str().unwrap_or("");
                    if !self.followed.object.uid.is_empty() && uid != &*self.followed.object.uid {
                        self.followed.gone = true;
                        return;
                    }
                    self.followed.seen(&object);
                    self.object = Some(object);
                    self.problem = None;
                    self.show(cx.height());
                }
                Err(problem) => self.problem = Some(problem),
            }
        }
    }
    fn targets(&self) -> Vec<ObjectRef> {
        if self.followed.gone { Vec::new() } else { vec![self.followed.object.clone()] }
    }
    fn on_ghost(&self) -> bool {
        self.followed.gone
    }
    fn next_change(&self, _now: i64) -> Option<i64> {
        self.mask_at
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

impl Opens for Yaml {
    const NAME: &'static str = "yaml";
    const TITLE: &'static str = "";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot show YAML", "no object was named"));
        };
        Ok(Self {
            document: Document::default(),
            followed: Followed::new(object.clone(), cx),
            problem: None,
            object: None,
            options: YamlOptions::default(),
            mask_at: None,
        })
    }
}
