//! The questions of an action, with their answers so far.

use crate::keymap::{Code, Key};
use crate::widgets::line::Line;
use quarterdeck_core::actions::{Action, Arg, ArgKind, Args};

/// A question and its answer.
pub struct Field {
    pub arg: Arg,
    pub line: Line,
    /// Somebody typed here: what the object has comes too late.
    touched: bool,
}

/// The questions of an action.
pub struct Form {
    pub fields: Vec<Field>,
    pub at: usize,
    /// Why the form could not be accepted.
    pub problem: String,
}

impl Form {
    /// The questions that are asked on the screen; `None` when there are none.
    pub fn of(action: &dyn Action, given: &Args) -> Option<Self> {
        let fields: Vec<Field> = action
            .args()
            .iter()
            .filter(|a| a.kind != ArgKind::Yaml && given.get(a.name).is_none())
            .map(|a| Field { arg: *a, line: Line::default(), touched: false })
            .collect();
        (!fields.is_empty()).then_some(Self { fields, at: 0, problem: String::new() })
    }
    /// Whether one of the questions has to be answered.
    pub fn must_ask(&self) -> bool {
        self.fields.iter().any(|f| f.arg.required)
    }
    /// Fills in what the object has at present, where nothing was typed.
    pub fn defaults(&mut self, of: impl Fn(&str) -> Option<String>) {
        for field in &mut self.fields {
            if !field.touched
                && field.line.is_empty()
                && let Some(value) = of(field.arg.name)
            {
                field.line.set(value);
            }
        }
    }
    /// The answers, added to those that were given.
    pub fn answers(&self, given: &Args) -> Args {
        let mut args = given.clone();
        for field in &self.fields {
            if !field.line.is_empty() {
                args.set(field.arg.name, field.line.text());
            }
        }
        args
    }
    /// Moves to another question.
    pub fn step(&mut self, by: isize) {
        let count = self.fields.len() as isize;
        self.at = (self.at as isize + by).rem_euclid(count.max(1)) as usize;
    }
    /// Whether the key was for a question.
    pub fn key(&mut self, key: Key) -> bool {
        let Some(field) = self.fields.get_mut(self.at) else { return false };
        let turn = matches!(key.code, Code::Char(' ') | Code::Left | Code::Right) && !key.ctrl;
        let choices: &[&str] = match field.arg.kind {
            ArgKind::Switch => &["false", "true"],
            ArgKind::Choice(choices) => choices,
            _ => {
                self.problem.clear();
                let taken = field.line.key(key);
                field.touched |= taken;
                return taken;
            }
        };
        if !turn {
            return key.typed().is_some();
        }
        let now = choices.iter().position(|c| *c == field.line.text());
        let next = match (now, key.code) {
            // A switch that was not touched is off.
            (None, _) if field.arg.kind == ArgKind::Switch => 1,
            (None, _) => 0,
            (Some(i), Code::Left) => (i + choices.len() - 1) % choices.len(),
            (Some(i), _) => (i + 1) % choices.len(),
        };
        field.line.set(choices.get(next).copied().unwrap_or_default());
        true
    }
}
