//! What the run page remembers and how it answers.

use crate::keymap::{Command, Verb};
use crate::pages::page::{Hint, Opens, PageState};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Cx, Effect, Order, Place, Subject};
use quarterdeck_core::actions::{Blocked, RunEvent, RunView, StageState};
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::{Problem, Result};
use std::collections::BTreeSet;

/// A line of the page, by place in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The first step of a wave follows: which, of how many.
    Wave(usize, usize),
    Step(usize),
    Stage(usize, usize),
    /// What the stage waits for.
    Blocked(usize, usize),
}

/// A run.
pub struct RunPage {
    pub(super) view: RunView,
    /// Steps whose stages are shown although there are several steps.
    open: BTreeSet<usize>,
    pub(super) cursor: usize,
}

impl RunPage {
    pub(super) fn going(&self) -> bool {
        self.view.outcome.is_none()
    }
    pub(super) fn lines(&self) -> Vec<Line> {
        let (steps, wave) = (&self.view.steps, self.view.wave.max(1));
        let waves = steps.len().div_ceil(wave);
        let mut lines = Vec::new();
        for (i, step) in steps.iter().enumerate() {
            if waves > 1 && i % wave == 0 {
                lines.push(Line::Wave(i / wave + 1, waves));
            }
            if steps.len() > 1 {
                lines.push(Line::Step(i));
            }
            for (n, stage) in step.stages.iter().enumerate() {
                let shown = steps.len() == 1 || self.open.contains(&i);
                if shown {
                    lines.push(Line::Stage(i, n));
                }
                // What is stuck is said without being asked.
                if stage.blocked.is_some() {
                    lines.push(Line::Blocked(i, n));
                }
            }
            if steps.len() == 1 && step.stages.is_empty() {
                lines.push(Line::Step(i));
            }
        }
        lines
    }
    fn current(&self) -> Option<Line> {
        self.lines().get(self.cursor).copied()
    }
    pub(super) fn blocked(&self, i: usize, n: usize) -> Option<&Blocked> {
        self.view.steps.get(i)?.stages.get(n)?.blocked.as_ref()
    }
    fn step(&mut self, by: isize) {
        let lines = self.lines();
        let last = lines.len().saturating_sub(1) as isize;
        let mut at = (self.cursor as isize + by).clamp(0, last);
        // A headline is stepped over.
        if matches!(lines.get(at as usize), Some(Line::Wave(..))) {
            at = (at + if by < 0 && at > 0 { -1 } else { 1 }).min(last);
        }
        self.cursor = at.max(0) as usize;
    }
    fn take(&mut self, cx: &Cx<'_>) -> bool {
        let Some(view) = cx.session.run_view(self.view.id) else { return false };
        let line = self.current();
        let changed = view != self.view;
        self.view = view;
        // The cursor stays on what it was on while lines come and go above it.
        if let Some(line) = line {
            self.cursor = self.lines().iter().position(|l| *l == line).unwrap_or(self.cursor);
        }
        self.step(0);
        changed
    }
    fn enter(&mut self, cx: &mut Cx<'_>) {
        match self.current() {
            Some(Line::Step(i)) if self.view.steps.len() > 1 => {
                let was_open = self.open.remove(&i);
                if !was_open {
                    self.open.insert(i);
                }
            }
            Some(Line::Blocked(i, n)) => {
                if let Some(object) = self.blocked(i, n).map(|b| b.object.clone()) {
                    cx.go(Place::object("describe", object));
                }
            }
            Some(Line::Stage(i, _) | Line::Step(i)) => {
                cx.go(Place::object("describe", self.view.steps[i].object.clone()));
            }
            _ => {}
        }
    }
    fn leave(&self, cx: &mut Cx<'_>) {
        if self.going() {
            cx.say(Level::Off, "it goes on: `:runs` comes back to it");
        } else if self.view.action == "edit" && self.view.outcome.as_ref().is_some_and(|o| o.ok) {
            // The editor behind this page has nothing left to do.
            cx.back();
        }
        cx.back();
    }
    /// The stage that is under way or failed, of the first step that has one.
    pub(super) fn stuck(&self) -> Option<(usize, usize)> {
        let all = self.view.steps.iter().enumerate();
        all.flat_map(|(i, step)| step.stages.iter().enumerate().map(move |(n, stage)| (i, n, stage)))
            .find(|(_, _, stage)| matches!(stage.state, StageState::Going | StageState::Failed))
            .map(|(i, n, _)| (i, n))
    }
}

impl PageState for RunPage {
    fn crumb(&self) -> String {
        format!("run {}", self.view.id)
    }
    fn scopes(&self) -> Vec<String> {
        vec!["run".into()]
    }
    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Open, "open"), Hint::new(Verb::Back, "leave")];
        if self.going() {
            hints.push(Hint::new(Verb::Stop, "stop"));
        }
        if !self.view.journal.is_empty() {
            hints.push(Hint::new(Verb::Undo, "take back"));
        }
        hints.extend([Hint::new(Verb::Copy, "copy"), Hint::new(Verb::Save, "save")]);
        hints
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let page = (cx.height() / 2).max(1) as isize;
        match command.verb {
            Verb::Down => self.step(1),
            Verb::Up => self.step(-1),
            Verb::PageDown | Verb::HalfDown => self.step(page),
            Verb::PageUp | Verb::HalfUp => self.step(-page),
            Verb::Top => self.step(isize::MIN / 2),
            Verb::Bottom => self.step(isize::MAX / 2),
            Verb::Open => self.enter(cx),
            Verb::Back => self.leave(cx),
            Verb::Stop if self.going() => {
                cx.session.cancel(self.view.id);
                cx.say(Level::Warn, "stopped before its next step; the journal says what was done");
            }
            Verb::Stop => cx.say(Level::Off, "it has ended"),
            Verb::Undo if command.arg.is_empty() && !self.view.journal.is_empty() => {
                cx.order(Order::Command(Command::new(Verb::Undo, &self.view.journal)));
            }
            Verb::Copy => cx.copy(self.view.command.clone(), "the command"),
            Verb::Save => match serde_json::to_string_pretty(&self.view) {
                Ok(text) => cx.effect(Effect::Save { path: format!("run-{}.json", self.view.journal), text }),
                Err(error) => cx.say(Level::Bad, format!("the run cannot be written: {error}")),
            },
            _ => return false,
        }
        true
    }
    fn mouse(&mut self, mouse: Mouse, _cx: &mut Cx<'_>) -> bool {
        match mouse.what {
            MouseWhat::WheelDown => self.step(1),
            MouseWhat::WheelUp => self.step(-1),
            _ => return false,
        }
        true
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        self.take(cx)
    }
    fn run(&mut self, run: u64, _event: &RunEvent, cx: &mut Cx<'_>) {
        if run == self.view.id {
            self.take(cx);
        }
    }
    fn targets(&self) -> Vec<ObjectRef> {
        match self.current() {
            Some(Line::Blocked(i, n)) => self.blocked(i, n).map(|b| b.object.clone()).into_iter().collect(),
            Some(Line::Step(i) | Line::Stage(i, _)) => vec![self.view.steps[i].object.clone()],
            _ => Vec::new(),
        }
    }
    /// Its clock is shown in seconds, but only while it runs and somebody looks.
    fn next_change(&self, now: i64) -> Option<i64> {
        self.going().then_some(now + 1)
    }
}

impl Opens for RunPage {
    const NAME: &'static str = "run";
    const TITLE: &'static str = "";
    /// The run's number is the place's name.
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let number = match &place.subject {
            Subject::Name(name) => name.as_str(),
            _ => "",
        };
        let found = number.parse().ok().and_then(|id| cx.session.run_view(id));
        let view = found.ok_or_else(|| {
            Problem::usage(format!("cannot go to run `{number}`"), "there is none of that number in this session")
                .next("`:journal` has what was done before")
        })?;
        let mut page = Self { view, open: BTreeSet::new(), cursor: 0 };
        page.step(0);
        Ok(page)
    }
}
