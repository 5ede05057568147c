//! What the editor page remembers and how it answers.

use crate::keymap::{Code, Command, Key, Verb};
use crate::pages::{Hint, Opens, PageState};
use crate::state::document::{Document, Line, Tone};
use crate::state::effect::Edited;
use crate::state::input::{Mouse, MouseWhat};
use crate::state::reading;
use crate::state::{Answer, Ask, Cx, Effect, Place, Subject};
use crate::widgets::editor::Editor;
use quarterdeck_core::actions::edit_text::{self, EditText, line_of};
use quarterdeck_core::actions::{Args, DryRun};
use quarterdeck_core::drafts::Draft;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::{Problem, ProblemKind, Result};

/// An object being edited as YAML.
pub struct EditorPage {
    object: ObjectRef,
    /// What the edit began with; `None` until the object has come.
    base: Option<String>,
    pub(super) editor: Editor,
    pub(super) problem: Option<Problem>,
    /// Lines at which something is wrong.
    pub(super) marked: Vec<usize>,
    /// The server is trying the text.
    pub(super) checking: bool,
    /// The difference to what it began with, while it is looked at.
    pub(super) difference: Option<Document>,
    /// Told once when the draft cannot be written.
    undrafted: bool,
    external: bool,
    restored: bool,
}

impl EditorPage {
    pub(super) fn loaded(&self) -> bool {
        self.base.is_some()
    }
    pub(super) fn changed(&self) -> bool {
        self.base.as_ref().is_some_and(|b| *b != self.editor.text())
    }
    pub(super) fn restored(&self) -> bool {
        self.restored
    }
    fn draft(&self, cx: &Cx<'_>) -> Draft {
        let base = self.base.as_deref().unwrap_or("");
        Draft::of(cx.context, &self.object, base, &self.editor.text(), cx.now)
    }
    /// Keeps what was typed; an unchanged text needs no draft.
    fn keep(&mut self, cx: &mut Cx<'_>) {
        let draft = self.draft(cx);
        if !self.changed() {
            cx.session.drafts().remove(&draft.id);
            return;
        }
        match cx.session.drafts().save(draft) {
            Ok(true) => {}
            Ok(false) if !self.undrafted => {
                self.undrafted = true;
                cx.say(Level::Warn, "this draft is kept in memory only: it may hold secrets, or there is no place for it");
            }
            Err(problem) if !self.undrafted => {
                self.undrafted = true;
                cx.tell(&problem);
            }
            _ => {}
        }
    }
    fn typed(&mut self, changed: bool, cx: &mut Cx<'_>) {
        if changed {
            self.keep(cx);
            self.marked.clear();
        }
    }
    fn check(&mut self, conflicts: Option<&str>, cx: &mut Cx<'_>) {
        if !self.changed() {
            cx.say(Level::Off, "nothing has been changed");
            return;
        }
        if let Err(problem) = edit_text::parse(&self.editor.text()) {
            self.refuse(problem);
            return;
        }
        self.checking = true;
        let args = self.args(conflicts);
        cx.ask(Ask::Plan { action: "edit".into(), targets: vec![self.object.clone()], args });
    }
    fn args(&self, conflicts: Option<&str>) -> Args {
        let args = Args::new().with("yaml", self.editor.text()).with("base", self.base.clone().unwrap_or_default());
        match conflicts {
            Some(side) => args.with("conflicts", side),
            None => args,
        }
    }
    /// Shows what is wrong, at its line.
    fn refuse(&mut self, problem: Problem) {
        let text = self.editor.text();
        self.marked = problem.fields.iter().filter_map(|f| line_of(&text, &f.field)).collect();
        // "line 3, column 7" of a text that cannot be read.
        let place: Vec<usize> = problem.object.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        if self.marked.is_empty()
            && problem.object.starts_with("line ")
            && let [line, column, ..] = place[..]
        {
            self.marked.push(line.saturating_sub(1));
            self.editor.go(line.saturating_sub(1), column.saturating_sub(1));
        } else if let Some(line) = self.marked.first() {
            self.editor.go(*line, 0);
        }
        self.problem = Some(problem);
    }
    fn begin(&mut self, base: String, text: &str, cx: &mut Cx<'_>) {
        self.base = Some(base);
        self.editor = Editor::new(text);
        if std::mem::take(&mut self.external) {
            self.to_external(cx);
        }
    }
    fn to_external(&self, cx: &mut Cx<'_>) {
        let name = format!("{}.yaml", self.object.short().replace('/', "-"));
        cx.effect(Effect::Editor { page: cx.page, name, text: self.editor.text() });
    }
    fn compare(&mut self, height: usize) {
        let base = self.base.clone().unwrap_or_default();
        let text = self.editor.text();
        let diff = similar::TextDiff::from_lines(&base, &text);
        let mut lines = Vec::new();
        for group in diff.grouped_ops(3) {
            if !lines.is_empty() {
                lines.push(Line::new("…", Tone::Muted));
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (sign, tone) = match change.tag() {
                    similar::ChangeTag::Delete => ("-", Tone::Removed),
                    similar::ChangeTag::Insert => ("+", Tone::Added),
                    similar::ChangeTag::Equal => (" ", Tone::Plain),
                };
                lines.push(Line::new(format!("{sign} {}", change.value().trim_end_matches('\n')), tone));
            }
        }
        if lines.is_empty() {
            lines.push(Line::new("nothing has been changed", Tone::Muted));
        }
        let mut document = Document::default();
        document.replace(lines, height);
        self.difference = Some(document);
    }
}

impl PageState for EditorPage {
    fn crumb(&self) -> String {
        let mark = if self.changed() { " (changed)" } else { "" };
        format!("{} ▪ {} ▪ edit{mark}", self.object.kind.plural, self.object.short())
    }
    fn scopes(&self) -> Vec<String> {
        vec!["editor".into()]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        if self.difference.is_some() {
            if matches!(command.verb, Verb::Diff | Verb::Back) {
                self.difference = None;
                return true;
            }
            if let Some(document) = &mut self.difference
                && command.verb != Verb::Save
                && reading::read(document, command, "", cx)
            {
                return true;
            }
        }
        match command.verb {
            Verb::Accept => self.check(None, cx),
            Verb::Diff => self.compare(cx.height()),
            Verb::Edit | Verb::EditExternal => self.to_external(cx),
            Verb::Save => self.check(None, cx),
            Verb::Mine => self.check(Some("mine"), cx),
            Verb::Theirs => self.check(Some("theirs"), cx),
            Verb::Back => {
                if self.changed() {
                    cx.say(Level::Warn, "left with changes: they are kept as a draft, edit again to go on");
                }
                return false;
            }
            _ => return false,
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        if self.difference.is_some() {
            return vec![Hint::new(Verb::Diff, "back to the text"), Hint::new(Verb::Accept, "check and apply")];
        }
        if self.problem.as_ref().is_some_and(|p| p.kind == ProblemKind::Conflict && !p.fields.is_empty()) {
            return vec![
                Hint::new(Verb::Mine, "take mine"),
                Hint::new(Verb::Theirs, "take theirs"),
                Hint::new(Verb::Diff, "diff"),
                Hint::new(Verb::Back, "leave, keep the draft"),
            ];
        }
        vec![
            Hint::new(Verb::Accept, "check and apply"),
            Hint::new(Verb::Diff, "diff"),
            Hint::new(Verb::EditExternal, "$EDITOR"),
            Hint::new(Verb::Back, "leave, keep the draft"),
        ]
    }
    fn key(&mut self, key: Key, cx: &mut Cx<'_>) -> bool {
        let ours = key.ctrl && matches!(key.code, Code::Char('r' | 'd' | 'p' | 'c' | 'z' | 'l' | 'o' | 't'));
        let function = matches!(key.code, Code::Esc | Code::F(_)) || (key.alt && !matches!(key.code, Code::Char('u')));
        if ours || function || self.difference.is_some() || !self.loaded() {
            return false;
        }
        let changed = self.editor.key(key);
        self.typed(changed, cx);
        true
    }
    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) -> bool {
        if self.difference.is_some() || !self.loaded() {
            return false;
        }
        self.editor.paste(text);
        self.typed(true, cx);
        true
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        if let Some(document) = &mut self.difference {
            return reading::mouse(document, mouse, cx);
        }
        match mouse.what {
            MouseWhat::WheelDown => self.editor.scroll(3),
            MouseWhat::WheelUp => self.editor.scroll(-3),
            MouseWhat::Click | MouseWhat::Menu => return false,
        }
        true
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        match answer {
            Answer::Object(_, Ok(object)) if !self.loaded() => {
                let EditText { object, text, .. } = EditText::of(&self.object, &object);
                self.object = object;
                let id = self.draft(cx).id;
                match cx.session.drafts().list().into_iter().find(|d| d.id == id) {
                    Some(draft) => {
                        self.restored = true;
                        self.begin(draft.base, &draft.text, cx);
                    }
                    None => self.begin(text.clone(), &text, cx),
                }
            }
            Answer::Object(_, Err(problem)) => self.problem = Some(problem),
            Answer::Edited(Edited::Changed(text)) => {
                self.editor.replace(&text);
                self.typed(true, cx);
                self.check(None, cx);
            }
            Answer::Edited(Edited::Same) => cx.say(Level::Off, "the editor changed nothing"),
            Answer::Edited(Edited::Failed { problem, text }) => {
                // What was written is not lost, and is not sent either.
                if let Some(text) = text {
                    self.editor.replace(&text);
                    self.typed(true, cx);
                }
                cx.tell(&problem);
            }
            Answer::Plan(plan) => {
                self.checking = false;
                match *plan {
                    Ok(plan) => {
                        let refused = plan.steps.iter().find_map(|s| match &s.dry_run {
                            DryRun::Refused(problem) => Some(problem.clone()),
                            _ => None,
                        });
                        match refused {
                            Some(problem) => self.refuse(problem),
                            None => {
                                self.problem = None;
                                self.marked.clear();
                                *cx.ready_plan = Some(plan);
                                cx.go(Place::about("plan", Subject::Objects(vec![self.object.clone()])));
                            }
                        }
                    }
                    Err(problem) => self.refuse(problem),
                }
            }
            _ => {}
        }
    }
}

impl Opens for EditorPage {
    const NAME: &'static str = "edit";
    const TITLE: &'static str = "";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot edit", "no object was named"));
        };
        cx.ask(Ask::Object(object.clone()));
        Ok(Self {
            object: object.clone(),
            base: None,
            editor: Editor::new(""),
            problem: None,
            marked: Vec::new(),
            checking: false,
            difference: None,
            undrafted: false,
            external: place.arg("with") == "editor",
            restored: false,
        })
    }
}
