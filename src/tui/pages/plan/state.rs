//! What the plan page remembers and how it answers.

use super::form::Form;
use crate::keymap::{Code, Command, Key, Verb};
use crate::pages::{Hint, Opens, PageState};
use crate::palette::{Choice, Pick};
use crate::state::{Answer, Ask, Cx, Effect, Order, Place, Subject};
use crate::widgets::line::Line;
use quarterdeck_core::actions::{Action, Args, Confirmation, Plan, Risk};
use quarterdeck_core::guards::GuardState;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::{Problem, ProblemKind, Result};

/// What can have the keyboard while a plan is reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Typed,
    Reason,
    Cancel,
    Run,
}

/// How far it has come.
pub enum Stage {
    Form(Form),
    Planning,
    Failed(Problem),
    Review(Box<Plan>),
}

/// An action from its questions to its end.
pub struct PlanPage {
    action: String,
    /// The task of the platform that is to be set going, by its name; empty: the action is done to the targets.
    task: String,
    targets: Vec<ObjectRef>,
    /// What was known before the questions, and with their answers.
    given: Args,
    args: Args,
    pub(super) stage: Stage,
    /// The questions as they were answered, to answer them again when no plan comes of it.
    asked: Option<Form>,
    pub(super) focus: Focus,
    pub(super) typed: Line,
    pub(super) reason: Line,
    /// What stood against the last try to run.
    pub(super) refused: Option<Problem>,
    /// How the context was guarded when the plan was made.
    guard: GuardState,
    pub(super) full: bool,
    pub(super) top: usize,
}

impl PlanPage {
    fn action(&self, cx: &Cx<'_>) -> Option<&'static dyn Action> {
        cx.session.catalogue().iter().copied().find(|a| a.name() == self.action)
    }
    fn make(&mut self, cx: &mut Cx<'_>) {
        self.stage = Stage::Planning;
        if !self.task.is_empty() {
            return cx.ask(Ask::Task(self.task.clone()));
        }
        let (action, targets, args) = (self.action.clone(), self.targets.clone(), self.args.clone());
        cx.ask(Ask::Plan { action, targets, args });
    }
    fn review(&mut self, plan: Plan) {
        // A slip of Enter must not do harm: what cannot be taken back begins on Cancel or with typing.
        self.focus = if plan.changes_nothing() || !plan.can_run() {
            Focus::Cancel
        } else if !plan.type_to_confirm.is_empty() {
            Focus::Typed
        } else if plan.needs_reason {
            Focus::Reason
        } else if plan.risk > Risk::Reversible {
            Focus::Cancel
        } else {
            Focus::Run
        };
        self.stage = Stage::Review(Box::new(plan));
    }
    /// What can have the keyboard, in order.
    pub(super) fn foci(plan: &Plan) -> Vec<Focus> {
        let mut foci = Vec::new();
        if plan.can_run() && !plan.changes_nothing() {
            if !plan.type_to_confirm.is_empty() {
                foci.push(Focus::Typed);
            }
            if plan.needs_reason {
                foci.push(Focus::Reason);
            }
            foci.extend([Focus::Cancel, Focus::Run]);
        } else {
            foci.push(Focus::Cancel);
        }
        foci
    }
    fn move_focus(&mut self, by: isize) {
        if let Stage::Review(plan) = &self.stage {
            let foci = Self::foci(plan);
            let at = foci.iter().position(|f| *f == self.focus).unwrap_or(0) as isize;
            self.focus = foci[(at + by).rem_euclid(foci.len() as isize) as usize];
        }
    }
    fn enter(&mut self, cx: &mut Cx<'_>) {
        match (&mut self.stage, self.focus) {
            (Stage::Form(form), _) => {
                if form.at + 1 < form.fields.len() {
                    form.step(1);
                } else {
                    self.accept_form(cx);
                }
            }
            (Stage::Review(_), Focus::Typed | Focus::Reason) => self.move_focus(1),
            (Stage::Failed(_), _) if self.asked.is_some() => {
                self.stage = self.asked.take().map_or(Stage::Planning, Stage::Form);
            }
            (Stage::Review(_), Focus::Cancel) | (Stage::Failed(_), _) => cx.back(),
            (Stage::Review(_), Focus::Run) => self.run_now(cx),
            _ => {}
        }
    }
    fn accept_form(&mut self, cx: &mut Cx<'_>) {
        let Stage::Form(form) = &mut self.stage else { return };
        if let Some(at) = form.fields.iter().position(|f| f.arg.required && f.line.is_empty()) {
            form.at = at;
            form.problem = format!("{} is needed", form.fields[at].arg.name);
            return;
        }
        self.args = form.answers(&self.given);
        if let Stage::Form(form) = std::mem::replace(&mut self.stage, Stage::Planning) {
            self.asked = Some(form);
        }
        self.make(cx);
    }
    fn run_now(&mut self, cx: &mut Cx<'_>) {
        let Stage::Review(plan) = &self.stage else { return };
        let confirmation =
            Confirmation { typed: self.typed.text().to_owned(), reason: self.reason.text().to_owned() };
        match cx.session.follow((**plan).clone(), confirmation) {
            Ok(run) => cx.order(Order::Replace(Place::name("run", run.to_string()))),
            // A guard has come between question and answer (the unlock has ended): nothing was applied, and the
            // question is asked again from its beginning.
            Err(problem) if problem.kind == ProblemKind::Guarded => {
                self.refused = Some(problem);
                self.ask_again(cx);
            }
            // The answer is asked again, nothing was applied and nothing that was typed is lost.
            Err(problem) => {
                self.focus = if plan.type_to_confirm.is_empty() { Focus::Cancel } else { Focus::Typed };
                self.refused = Some(problem);
            }
        }
    }
    /// Plans anew and forgets what was typed as the yes; the reason stays.
    fn ask_again(&mut self, cx: &mut Cx<'_>) {
        self.guard = cx.session.guard(cx.context);
        self.typed = Line::default();
        let undoes = match &self.stage {
            Stage::Review(plan) => plan.undoes.clone(),
            _ => None,
        };
        match undoes {
            Some(entry) => {
                self.stage = Stage::Planning;
                cx.ask(Ask::Undo(entry));
            }
            None => self.make(cx),
        }
    }
    /// How many objects are done at once: asked, or set.
    fn wave(&mut self, arg: &str, cx: &mut Cx<'_>) {
        let Stage::Review(plan) = &mut self.stage else { return };
        let many = plan.steps.len();
        if many < 2 {
            return cx.say(Level::Off, "there is one object only");
        }
        if plan.is_one_piece() {
            return cx.say(Level::Off, "its steps are done one after the other");
        }
        match arg.parse::<usize>() {
            Ok(wave) if wave > 0 && plan.undoes.is_some() => plan.wave = wave,
            Ok(wave) if wave > 0 => {
                self.args.set("wave", wave.to_string());
                self.make(cx);
            }
            _ => {
                let sizes = [1, 2, 3, 5, 10, many];
                let sizes = sizes.iter().enumerate().filter(|(i, n)| **n <= many && !sizes[..*i].contains(n));
                let choices = sizes.map(|(_, n)| Choice {
                    label: n.to_string(),
                    detail: format!("{} waves", many.div_ceil(*n)),
                    command: Some(Command::new(Verb::Wave, n.to_string())),
                    ..Choice::default()
                });
                cx.order(Order::Pick(Pick::new("How many at once", choices.collect())));
            }
        }
    }
    /// Seconds of the plan as a file.
    fn save(&self, cx: &mut Cx<'_>) {
        let Stage::Review(plan) = &self.stage else { return };
        match serde_json::to_string_pretty(&**plan) {
            Ok(text) => cx.effect(Effect::Save { path: format!("plan-{}.json", plan.action), text }),
            Err(error) => cx.say(Level::Bad, format!("the plan cannot be written: {error}")),
        }
    }
}

impl PageState for PlanPage {
    fn crumb(&self) -> String {
        match &self.stage {
            Stage::Review(plan) => plan.title.clone(),
            _ if !self.task.is_empty() => format!("{} {}", self.action, self.task),
            _ => match self.targets.as_slice() {
                [one] => format!("{} {one}", self.action),
                many => format!("{} {} objects", self.action, many.len()),
            },
        }
    }
    fn scopes(&self) -> Vec<String> {
        vec!["plan".into()]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Next | Verb::Right => self.move_focus(1),
            Verb::Previous | Verb::Left => self.move_focus(-1),
            Verb::Down => self.top += 1,
            Verb::Up => self.top = self.top.saturating_sub(1),
            Verb::PageDown | Verb::HalfDown => self.top += cx.height() / 2,
            Verb::PageUp | Verb::HalfUp => self.top = self.top.saturating_sub(cx.height() / 2),
            Verb::Top => self.top = 0,
            Verb::Open => self.enter(cx),
            Verb::Accept => match &self.stage {
                Stage::Form(_) => self.accept_form(cx),
                Stage::Review(plan) if Self::foci(plan).contains(&Focus::Run) => self.focus = Focus::Run,
                _ => {}
            },
            Verb::Diff => {
                self.full = !self.full;
                self.top = 0;
            }
            Verb::Save => self.save(cx),
            Verb::Refresh if matches!(self.stage, Stage::Review(_) | Stage::Failed(_)) => self.make(cx),
            Verb::Copy => {
                if let Stage::Review(plan) = &self.stage {
                    cx.copy(plan.command.clone(), "the command");
                }
            }
            Verb::Wave => self.wave(&command.arg, cx),
            Verb::Back => cx.back(),
            _ => return false,
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        match &self.stage {
            Stage::Form(_) => vec![Hint::new(Verb::Next, "move"), Hint::new(Verb::Accept, "plan it"), Hint::new(Verb::Back, "cancel")],
            Stage::Review(plan) if plan.steps.len() > 1 && !plan.is_one_piece() => vec![
                Hint::new(Verb::Next, "move"),
                Hint::new(Verb::Open, "choose"),
                Hint::new(Verb::Wave, "waves"),
                Hint::new(Verb::Diff, if self.full { "short" } else { "full diff" }),
                Hint::new(Verb::Save, "save"),
                Hint::new(Verb::Back, "cancel"),
            ],
            Stage::Review(_) => vec![
                Hint::new(Verb::Next, "move"),
                Hint::new(Verb::Open, "choose"),
                Hint::new(Verb::Diff, if self.full { "short" } else { "full diff" }),
                Hint::new(Verb::Save, "save the plan"),
                Hint::new(Verb::Back, "cancel"),
            ],
            Stage::Failed(_) if self.asked.is_some() => {
                vec![Hint::new(Verb::Open, "answer again"), Hint::new(Verb::Back, "back")]
            }
            _ => vec![Hint::new(Verb::Back, "back")],
        }
    }
    fn key(&mut self, key: Key, cx: &mut Cx<'_>) -> bool {
        // Esc and control keys stay with the key map; text goes where the cursor is.
        match key.code {
            Code::Tab => self.tab(if key.shift { -1 } else { 1 }),
            Code::Down if matches!(self.stage, Stage::Form(_)) => self.tab(1),
            Code::Up if matches!(self.stage, Stage::Form(_)) => self.tab(-1),
            Code::Enter => self.enter(cx),
            Code::Esc => return false,
            _ => {
                return match (&mut self.stage, self.focus) {
                    (Stage::Form(form), _) => form.key(key),
                    (Stage::Review(_), Focus::Typed) => self.typed.key(key),
                    (Stage::Review(_), Focus::Reason) => self.reason.key(key),
                    _ => false,
                };
            }
        }
        true
    }
    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) -> bool {
        let line = match (&mut self.stage, self.focus) {
            (Stage::Form(form), _) => form.fields.get_mut(form.at).map(|f| &mut f.line),
            (Stage::Review(_), Focus::Typed) => Some(&mut self.typed),
            (Stage::Review(_), Focus::Reason) => Some(&mut self.reason),
            _ => None,
        };
        line.map(|l| l.insert(text)).is_some()
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        match answer {
            Answer::Object(_, Ok(object)) => {
                if let Some(action) = self.action(cx)
                    && let Stage::Form(form) = &mut self.stage
                {
                    form.defaults(|arg| cx.session.default_of(cx.context, action, arg, &object));
                }
            }
            Answer::Object(_, Err(problem)) if problem.kind == ProblemKind::NotFound => self.stage = Stage::Failed(problem),
            Answer::Plan(plan) => match *plan {
                Ok(plan) => {
                    self.guard = cx.session.guard(cx.context);
                    self.review(plan);
                }
                Err(problem) => self.stage = Stage::Failed(problem),
            },
            _ => {}
        }
    }
    /// A guard that came or went changes what the question is.
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let now = cx.session.guard(cx.context);
        if !matches!(self.stage, Stage::Review(_)) || now.read_only == self.guard.read_only {
            return false;
        }
        self.refused = None;
        self.ask_again(cx);
        true
    }
}

impl PlanPage {
    fn tab(&mut self, by: isize) {
        match &mut self.stage {
            Stage::Form(form) => form.step(by),
            _ => self.move_focus(by),
        }
    }
}

impl Opens for PlanPage {
    const NAME: &'static str = "plan";
    const TITLE: &'static str = "";
    /// `action` and its arguments as `arg-NAME`; a `task` of the platform; or a plan that was made before.
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let targets = match &place.subject {
            Subject::Objects(objects) => objects.clone(),
            Subject::Object(object) => vec![object.clone()],
            _ => Vec::new(),
        };
        let mut args = Args::new();
        for (name, value) in &place.args {
            if let Some(name) = name.strip_prefix("arg-") {
                args.set(name, value.clone());
            }
        }
        let mut page = Self {
            action: place.arg("action").to_owned(),
            task: place.arg("task").to_owned(),
            targets,
            given: args.clone(),
            args,
            stage: Stage::Planning,
            asked: None,
            focus: Focus::Cancel,
            typed: Line::default(),
            reason: Line::default(),
            refused: None,
            guard: cx.session.guard(cx.context),
            full: false,
            top: 0,
        };
        if let Some(plan) = cx.ready_plan.take() {
            page.action = plan.action.clone();
            page.review(plan);
            return Ok(page);
        }
        if !page.task.is_empty() {
            page.make(cx);
            return Ok(page);
        }
        let Some(action) = page.action(cx) else {
            return Err(Problem::usage("cannot plan", format!("there is no action `{}`", page.action)));
        };
        match Form::of(action, &page.args).filter(|f| f.must_ask() || f.fields.iter().any(|f| f.arg.name != "reason")) {
            Some(form) => {
                page.stage = Stage::Form(form);
                if let [one] = page.targets.as_slice() {
                    cx.ask(Ask::Object(one.clone()));
                }
            }
            None => page.make(cx),
        }
        Ok(page)
    }
}
