//! What a page is given when it has to answer, and what it can order.

use super::effect::{Ask, Effect, PageId};
use super::place::Place;
use crate::keymap::Command;
use crate::palette::Pick;
use quarterdeck_core::Problem;
use quarterdeck_core::resources::{Kinds, Level, Scope};
use quarterdeck_core::session::Session;
use std::sync::Arc;

/// Something a page wants of the program around it. Carried out after the page returned.
pub enum Order {
    Go(Place),
    /// Go, and forget the page that is left.
    Replace(Place),
    Back,
    Say(Level, String),
    SetScope(Scope),
    SetContext(String),
    /// A list to choose from, in front of the page.
    Pick(Pick),
    /// As if it had been typed.
    Command(Command),
}

/// What a page is given when it has to answer.
pub struct Cx<'a> {
    pub session: &'a Session,
    pub context: &'a str,
    /// Contexts that pages of several clusters show beside it.
    pub beside: &'a mut Vec<String>,
    pub scope: &'a Scope,
    pub kinds: &'a Arc<Kinds>,
    /// Seconds since 1970.
    pub now: i64,
    /// Columns and lines that the page has for itself.
    pub size: (u16, u16),
    pub page: PageId,
    /// A plan that was made before its page was opened (an undo); the plan page takes it.
    pub ready_plan: &'a mut Option<quarterdeck_core::actions::Plan>,
    pub(crate) effects: &'a mut Vec<Effect>,
    pub(crate) orders: &'a mut Vec<Order>,
}

impl Cx<'_> {
    pub fn height(&self) -> usize {
        usize::from(self.size.1)
    }
    /// Asks the core; the answer comes to this page's `answer`.
    pub fn ask(&mut self, ask: Ask) {
        self.effects.push(Effect::Ask(self.page, ask));
    }
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
    pub fn order(&mut self, order: Order) {
        self.orders.push(order);
    }
    pub fn go(&mut self, place: Place) {
        self.orders.push(Order::Go(place));
    }
    pub fn back(&mut self) {
        self.orders.push(Order::Back);
    }
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        self.orders.push(Order::Say(level, text.into()));
    }
    /// A passing message of what went wrong, with the next step.
    pub fn tell(&mut self, problem: &Problem) {
        let next = if problem.next.is_empty() { String::new() } else { format!(". Next: {}", problem.next) };
        self.say(Level::Bad, format!("{}{next}", problem.line()));
    }
    pub fn copy(&mut self, text: impl Into<String>, what: impl Into<String>) {
        self.effects.push(Effect::Copy { text: text.into(), what: what.into() });
    }
}
