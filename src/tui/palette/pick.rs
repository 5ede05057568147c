//! A list to choose from: typed narrowing, keys, one or several choices, a preview while moving.

use super::fuzzy::Fuzzy;
use crate::keymap::{Code, Command, Key, Verb};
use crate::widgets::line::Line;
use std::collections::BTreeSet;

/// Something to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub label: String,
    /// What it is, in few words.
    pub detail: String,
    /// Its key, so that the list teaches keys.
    pub key: String,
    /// What happens when it is chosen.
    pub command: Option<Command>,
    /// Why it cannot be chosen now.
    pub why_not: Option<String>,
    /// Other names that mean exactly this.
    pub aliases: Vec<String>,
    /// Comes before others that match as well.
    pub weight: u8,
}

impl Choice {
    fn is_named(&self, typed: &str) -> bool {
        typed.is_empty()
            || self.label.eq_ignore_ascii_case(typed)
            || self.aliases.iter().any(|a| a.eq_ignore_ascii_case(typed))
    }
}

/// What a key did to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// Something visible changed.
    Moved,
    /// This was chosen.
    Run(Command),
    /// It was chosen but cannot be: why.
    Refused(String),
    /// Typed as a command line and accepted, though nothing in the list matches.
    Typed(String),
    Closed,
    Ignored,
}

/// A list to choose from.
#[derive(Clone, Debug, Default)]
pub struct Pick {
    pub title: String,
    choices: Vec<Choice>,
    line: Line,
    /// Indices into `choices`, the best match first.
    matching: Vec<usize>,
    at: usize,
    top: usize,
    /// Several can be chosen with Space; the command gets their labels.
    many: Option<Command>,
    chosen: BTreeSet<String>,
    /// Text that matches nothing is accepted as a command line.
    pub free: bool,
    /// More choices are still to come: only an exact name is taken from the list.
    pub uncertain: bool,
    /// Each move runs the choice at once, and closing runs this.
    pub preview: Option<Command>,
    /// Lines that the view has; for scrolling.
    height: usize,
}

impl Pick {
    pub fn new(title: &str, choices: Vec<Choice>) -> Self {
        let mut pick = Self { title: title.into(), choices, height: 10, ..Self::default() };
        pick.narrow();
        pick
    }
    /// Several can be chosen with Space; Enter runs the command with their labels, separated by commas.
    #[must_use]
    pub fn many(mut self, command: Command, chosen: impl IntoIterator<Item = String>) -> Self {
        self.many = Some(command);
        self.chosen = chosen.into_iter().collect();
        self
    }
    #[must_use]
    pub fn free(mut self) -> Self {
        self.free = true;
        self
    }
    /// Each move runs the choice; Esc runs `back`.
    #[must_use]
    pub fn preview(mut self, back: Command) -> Self {
        self.preview = Some(back);
        self
    }
    /// Starts with the cursor on the entry of this label.
    #[must_use]
    pub fn on(mut self, label: &str) -> Self {
        self.at = self.matching.iter().position(|i| self.choices[*i].label == label).unwrap_or(0);
        self.scroll();
        self
    }
    #[must_use]
    pub fn typed(mut self, text: &str) -> Self {
        self.line.set(text);
        self.narrow();
        self
    }
    pub fn line(&self) -> &Line {
        &self.line
    }
    pub fn is_many(&self) -> bool {
        self.many.is_some()
    }
    pub fn is_chosen(&self, label: &str) -> bool {
        self.chosen.contains(label)
    }
    pub fn len(&self) -> usize {
        self.matching.len()
    }
    pub fn is_empty(&self) -> bool {
        self.matching.is_empty()
    }
    /// The entries of the window, each with whether the cursor is on it.
    pub fn window(&self, height: usize) -> Vec<(&Choice, bool)> {
        let last = (self.top + height).min(self.matching.len());
        (self.top.min(last)..last).map(|i| (&self.choices[self.matching[i]], i == self.at)).collect()
    }
    pub fn current(&self) -> Option<&Choice> {
        self.matching.get(self.at).map(|i| &self.choices[*i])
    }
    /// Lines that can be shown, told when the screen is known.
    pub fn set_height(&mut self, height: usize) {
        self.height = height.max(1);
        self.scroll();
    }

    fn scroll(&mut self) {
        if self.at < self.top {
            self.top = self.at;
        } else if self.at >= self.top + self.height {
            self.top = self.at + 1 - self.height;
        }
    }

    fn narrow(&mut self) {
        let typed = self.line.text().trim();
        self.at = 0;
        self.top = 0;
        if typed.is_empty() {
            self.matching = (0..self.choices.len()).collect();
            return;
        }
        // The first word decides; what follows it are arguments of a typed command.
        let word = if self.free { typed.split_whitespace().next().unwrap_or(typed) } else { typed };
        let mut fuzzy = Fuzzy::new(word);
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (i, choice) in self.choices.iter().enumerate() {
            let named =
                choice.label.eq_ignore_ascii_case(word) || choice.aliases.iter().any(|a| a.eq_ignore_ascii_case(word));
            let by_label = if named { Some(0) } else { None };
            let by_label = by_label.or_else(|| fuzzy.score(&choice.label).map(|s| s + 20));
            let Some(score) = by_label.or_else(|| fuzzy.score(&choice.detail)) else { continue };
            let exact = if named { 5_000 } else { 0 };
            let starts = if choice.label.to_lowercase().starts_with(&word.to_lowercase()) { 60 } else { 0 };
            let usable = if choice.why_not.is_none() { 10 } else { 0 };
            found.push((score + exact + starts + usable + u32::from(choice.weight), i));
        }
        found.sort_by_key(|(score, i)| (std::cmp::Reverse(*score), *i));
        self.matching = found.into_iter().map(|(_, i)| i).collect();
    }

    fn step(&mut self, by: isize) -> Picked {
        let last = self.matching.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
        self.scroll();
        match (&self.preview, self.current().and_then(|c| c.command.clone())) {
            (Some(_), Some(command)) => Picked::Run(command),
            _ => Picked::Moved,
        }
    }

    fn accept(&mut self) -> Picked {
        if let Some(command) = &self.many {
            let mut chosen: Vec<String> = self.chosen.iter().cloned().collect();
            if chosen.is_empty() {
                chosen.extend(self.current().map(|c| c.label.clone()));
            }
            if chosen.is_empty() && !self.line.is_empty() {
                chosen.push(self.line.text().trim().to_owned());
            }
            return Picked::Run(Command::new(command.verb, chosen.join(",")));
        }
        let typed = self.line.text().trim().to_owned();
        match self.current() {
            // An action that cannot be done here says more of it itself: the Role that is missing.
            Some(Choice { why_not: Some(_), command: Some(command), .. }) if command.verb == Verb::Do => {
                Picked::Run(command.clone())
            }
            Some(Choice { why_not: Some(why), .. }) => Picked::Refused(why.clone()),
            Some(choice @ Choice { command: Some(command), .. })
                if !(self.free && typed.contains(' ')) && (!self.uncertain || choice.is_named(&typed)) =>
            {
                Picked::Run(command.clone())
            }
            _ if self.free && !typed.is_empty() => Picked::Typed(typed),
            _ => Picked::Ignored,
        }
    }

    pub fn paste(&mut self, text: &str) {
        self.line.insert(text);
        self.narrow();
    }

    /// What a key does.
    pub fn key(&mut self, key: Key) -> Picked {
        match (key.code, key.ctrl) {
            (Code::Esc, _) | (Code::Char('c'), true) => return Picked::Closed,
            (Code::Enter, _) => return self.accept(),
            (Code::Down, _) | (Code::Char('n' | 'j'), true) => return self.step(1),
            (Code::Up, _) | (Code::Char('p' | 'k'), true) => return self.step(-1),
            (Code::PageDown, _) | (Code::Char('f'), true) => return self.step(self.height as isize),
            (Code::PageUp, _) => return self.step(-(self.height as isize)),
            (Code::Tab, _) if !self.free => return self.step(if key.shift { -1 } else { 1 }),
            (Code::Tab, _) => {
                if let Some(label) = self.current().map(|c| c.label.clone()) {
                    self.line.set(format!("{label} "));
                    self.narrow();
                }
                return Picked::Moved;
            }
            (Code::Char(' '), false) if self.many.is_some() => {
                if let Some(label) = self.current().map(|c| c.label.clone())
                    && !self.chosen.remove(&label)
                {
                    self.chosen.insert(label);
                }
                return self.step(1);
            }
            (Code::Backspace, _) if self.line.is_empty() && self.free => return Picked::Closed,
            _ => {}
        }
        if self.line.key(key) {
            self.narrow();
            Picked::Moved
        } else {
            Picked::Ignored
        }
    }

    /// A click on a line of the window.
    pub fn click(&mut self, line: usize) -> Picked {
        let at = self.top + line;
        if at >= self.matching.len() {
            return Picked::Ignored;
        }
        self.at = at;
        self.accept()
    }
    /// The wheel.
    pub fn wheel(&mut self, by: isize) -> Picked {
        self.step(by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(label: &str, arg: &str) -> Choice {
        Choice { label: label.into(), command: Some(Command::new(Verb::Go, arg)), ..Choice::default() }
    }
    fn type_in(pick: &mut Pick, text: &str) {
        for c in text.chars() {
            pick.key(Key::char(c));
        }
    }

    #[test]
    fn an_exact_word_wins_over_better_fuzzy_matches() {
        let mut pick = Pick::new("", vec![choice("podmonitors", "a"), choice("pods", "b"), choice("po", "c")]).free();
        type_in(&mut pick, "po");
        assert_eq!(pick.key(Key::plain(Code::Enter)), Picked::Run(Command::new(Verb::Go, "c")));
        type_in(&mut pick, "ds");
        assert_eq!(pick.current().unwrap().label, "pods");
    }

    #[test]
    fn a_typed_command_with_arguments_is_handed_on() {
        let mut pick = Pick::new("", vec![choice("deployments", "d")]).free();
        type_in(&mut pick, "deploy team-a");
        assert_eq!(pick.key(Key::plain(Code::Enter)), Picked::Typed("deploy team-a".into()));
    }

    #[test]
    fn what_cannot_be_chosen_says_why() {
        let mut refused = choice("Delete", "x");
        refused.why_not = Some("you may not delete pods in demo".into());
        let mut pick = Pick::new("", vec![refused]);
        assert_eq!(pick.key(Key::plain(Code::Enter)), Picked::Refused("you may not delete pods in demo".into()));
    }

    #[test]
    fn several_are_chosen_with_space() {
        let mut pick = Pick::new("", vec![choice("a", ""), choice("b", ""), choice("c", "")])
            .many(Command::from(Verb::Namespace), ["c".to_owned()]);
        pick.key(Key::char(' '));
        assert_eq!(pick.key(Key::plain(Code::Enter)), Picked::Run(Command::new(Verb::Namespace, "a,c")));
    }
}
