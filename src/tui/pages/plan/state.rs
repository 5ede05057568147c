//! What the plan page remembers and how it answers.

use super::form::Form;
use crate::keymap::{Code, Command, Key, Verb};
use crate::pages::{Hint, Opens, PageState};
use crate::state::{Answer, Ask, Cx, Effect, Place, Subject};
use crate::widgets::line::Line;
use quarterdeck_core::actions::{Action, Args, Confirmation, Outcome, Plan, Risk, RunEvent, RunId, StepState};
use quarterdeck_core::drafts::Draft;
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

/// How a step of a run is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum StepNow {
    Waiting,
    Going(String),
    Done(String),
    Failed(String),
}

/// How far it has come.
pub enum Stage {
    Form(Form),
    Planning,
    Failed(Problem),
    Review(Box<Plan>),
    Running { plan: Box<Plan>, run: RunId },
    Ended { plan: Box<Plan>, outcome: Outcome },
}

/// An action from its questions to its end.
pub struct PlanPage {
    action: String,
    targets: Vec<ObjectRef>,
    args: Args,
    pub(super) stage: Stage,
    pub(super) focus: Focus,
    pub(super) typed: Line,
    pub(super) reason: Line,
    /// What stood against the last try to run.
    pub(super) refused: Option<Problem>,
    pub(super) steps: Vec<StepNow>,
    pub(super) full: bool,
    pub(super) top: usize,
}

impl PlanPage {
    fn action(&self, cx: &Cx<'_>) -> Option<&'static dyn Action> {
        cx.session.catalogue().iter().copied().find(|a| a.name() == self.action)
    }
    fn make(&mut self, cx: &mut Cx<'_>) {
        self.stage = Stage::Planning;
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
        self.steps = vec![StepNow::Waiting; plan.steps.len()];
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
            (Stage::Review(_), Focus::Cancel) | (Stage::Failed(_) | Stage::Ended { .. }, _) => self.leave(cx),
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
        self.args = form.answers(&self.args);
        self.make(cx);
    }
    fn run_now(&mut self, cx: &mut Cx<'_>) {
        let Stage::Review(plan) = &self.stage else { return };
        let confirmation =
            Confirmation { typed: self.typed.text().to_owned(), reason: self.reason.text().to_owned() };
        match cx.session.run((**plan).clone(), confirmation) {
            Ok(run) => {
                let plan = plan.clone();
                self.refused = None;
                self.stage = Stage::Running { plan, run };
                cx.ask(Ask::Wait(run));
            }
            // The answer is asked again, nothing was applied and nothing that was typed is lost.
            Err(problem) => {
                self.focus = if plan.type_to_confirm.is_empty() { Focus::Cancel } else { Focus::Typed };
                self.refused = Some(problem);
            }
        }
    }
    /// Seconds of the plan as a file.
    fn save(&self, cx: &mut Cx<'_>) {
        let (Stage::Review(plan) | Stage::Running { plan, .. } | Stage::Ended { plan, .. }) = &self.stage else { return };
        match serde_json::to_string_pretty(&**plan) {
            Ok(text) => cx.effect(Effect::Save { path: format!("plan-{}.json", plan.action), text }),
            Err(error) => cx.say(Level::Bad, format!("the plan cannot be written: {error}")),
        }
    }
    fn ended(&mut self, outcome: Outcome, cx: &Cx<'_>) {
        if let Stage::Running { plan, .. } = &self.stage {
            let plan = plan.clone();
            if outcome.ok && plan.action == "edit" {
                for target in &self.targets {
                    cx.session.drafts().remove(&Draft::of(cx.context, target, "", "", cx.now).id);
                }
            }
            for (slot, result) in self.steps.iter_mut().zip(&outcome.results) {
                *slot = match result.state {
                    StepState::Waiting => StepNow::Waiting,
                    StepState::Accepted | StepState::Done => StepNow::Done(result.text.clone()),
                    StepState::Failed => StepNow::Failed(result.text.clone()),
                };
            }
            self.stage = Stage::Ended { plan, outcome };
        }
    }
    /// Leaves; after a successful edit the editor behind this page has nothing left to do.
    fn leave(&self, cx: &mut Cx<'_>) {
        if matches!(&self.stage, Stage::Ended { plan, outcome } if outcome.ok && plan.action == "edit") {
            cx.back();
        }
        cx.back();
    }
}

impl PageState for PlanPage {
    fn crumb(&self) -> String {
        match &self.stage {
            Stage::Review(plan) | Stage::Running { plan, .. } | Stage::Ended { plan, .. } => plan.title.clone(),
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
            Verb::Back => {
                if let Stage::Running { run, .. } = &self.stage {
                    cx.session.cancel(*run);
                    cx.say(Level::Warn, "stopped before its next step; the journal says what was done");
                }
                self.leave(cx);
            }
            _ => return false,
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        match &self.stage {
            Stage::Form(_) => vec![Hint::new(Verb::Next, "move"), Hint::new(Verb::Accept, "plan it"), Hint::new(Verb::Back, "cancel")],
            Stage::Review(_) => vec![
                Hint::new(Verb::Next, "move"),
                Hint::new(Verb::Open, "choose"),
                Hint::new(Verb::Diff, if self.full { "short" } else { "full diff" }),
                Hint::new(Verb::Save, "save the plan"),
                Hint::new(Verb::Back, "cancel"),
            ],
            Stage::Running { .. } => vec![Hint::new(Verb::Back, "stop")],
            Stage::Ended { .. } => vec![Hint::new(Verb::Back, "back"), Hint::new(Verb::Undo, "undo"), Hint::new(Verb::Save, "save")],
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
                    form.defaults(action, &object);
                }
            }
            Answer::Object(_, Err(problem)) if problem.kind == ProblemKind::NotFound => self.stage = Stage::Failed(problem),
            Answer::Plan(plan) => match *plan {
                Ok(plan) => self.review(plan),
                Err(problem) => self.stage = Stage::Failed(problem),
            },
            Answer::Outcome(Some(outcome)) => self.ended(outcome, cx),
            _ => {}
        }
    }
    fn run(&mut self, run: u64, event: &RunEvent, cx: &mut Cx<'_>) {
        if !matches!(&self.stage, Stage::Running { run: mine, .. } if *mine == run) {
            return;
        }
        let (step, now) = match event {
            RunEvent::StepStarted { step } => (*step, StepNow::Going(String::new())),
            RunEvent::StepDone { step } => (*step, StepNow::Done(String::new())),
            RunEvent::Progress { step, text } => (*step, StepNow::Going(text.clone())),
            RunEvent::StepFailed { step, problem } => (*step, StepNow::Failed(problem.line())),
            RunEvent::Stage { .. } => return,
            RunEvent::Finished(outcome) => return self.ended(outcome.clone(), cx),
        };
        if let Some(slot) = self.steps.get_mut(step) {
            *slot = now;
        }
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
    /// `action` and its arguments as `arg-NAME`; or a plan that was made before.
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
            targets,
            args,
            stage: Stage::Planning,
            focus: Focus::Cancel,
            typed: Line::default(),
            reason: Line::default(),
            refused: None,
            steps: Vec::new(),
            full: false,
            top: 0,
        };
        if let Some(plan) = cx.ready_plan.take() {
            page.action = plan.action.clone();
            page.review(plan);
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
