//! One input in, what is to be done outside out. Nothing here waits.

use super::app::{Overlay, PROGRAM, State};
use super::effect::{Ask, Effect};
use super::input::{Input, Mouse, MouseWhat};
use crate::keymap::{Code, Command, Found, Key, Verb};
use crate::palette::Picked;
use quarterdeck_core::cluster::Connection;
use quarterdeck_core::event::Event;
use quarterdeck_core::resources::Level;

/// Takes one input in.
pub fn update(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Key(key) => state.key(key),
        Input::Paste(text) => state.paste(&text),
        Input::Mouse(mouse) => state.mouse(mouse),
        Input::Resize(w, h) => {
            state.size = (w, h);
            if let Some(Overlay::Pick(pick)) = &mut state.overlay {
                pick.set_height(crate::palette::view::lines((w, h)));
            }
            state.with_top(|page, cx| page.refresh(cx));
            state.dirty = true;
        }
        Input::Focus(on) => {
            // Coming back to the window draws what was put off.
            state.focused = on;
            state.stale |= on;
        }
        Input::Core(event) => state.core(event),
        Input::Answer(PROGRAM, answer) => state.program_answer(answer),
        Input::Answer(page, answer) => {
            state.with_page(page, |p, cx| p.answer(answer, cx));
            state.dirty = true;
        }
        Input::Tick => {
            let now = state.now();
            state.toasts.pass(now);
            state.with_top(|page, cx| page.tick(cx));
            state.dirty = true;
        }
        Input::ConfigChanged => state.reload_config(),
        Input::Say(level, text) => state.say(level, text),
        Input::Link { url, text } => {
            let now = state.now();
            state.toasts.link(&url, text, now);
            state.dirty = true;
        }
    }
    state.take_effects()
}

/// Reads what changed in the core since the last call. Called before a frame, not for each change.
pub fn refresh(state: &mut State) -> Vec<Effect> {
    if std::mem::take(&mut state.stale) && state.with_top(|page, cx| page.refresh(cx)).unwrap_or(false) {
        state.dirty = true;
    }
    state.take_effects()
}

impl State {
    fn core(&mut self, event: Event) {
        match event {
            Event::TableChanged => self.stale = true,
            Event::OverviewChanged { context } => {
                self.stale |= context == self.context || self.beside.contains(&context)
            }
            Event::ConnectionChanged { context } => {
                self.stale |= self.beside.contains(&context);
                if context == self.context
                    && let Some(cluster) = &self.cluster
                {
                    self.connection = cluster.connection().borrow().clone();
                    // What could not be had before the server answered (or the user signed in) is asked again.
                    if self.connection == Connection::Live
                        && self.kinds.is_empty()
                        && self.kinds_problem.take().is_some()
                    {
                        for ask in [Ask::Kinds { again: false }, Ask::Namespaces, Ask::Version] {
                            self.push_effect(Effect::Ask(PROGRAM, ask));
                        }
                    }
                    self.stale = true;
                    self.dirty = true;
                }
            }
            Event::AccessChanged { context } => self.stale |= context == self.context,
            Event::GuardChanged { context } => {
                if context == self.context {
                    self.guard = self.session.guard(&self.context);
                    self.dirty = true;
                    self.stale = true;
                }
            }
            Event::Run { run, event } => {
                for id in self.stack.iter().map(|e| e.id).collect::<Vec<_>>() {
                    self.with_page(id, |page, cx| page.run(run, &event, cx));
                }
                self.run_ended(run, &event);
                self.dirty = true;
                self.stale = true;
            }
            Event::Notice(problem) => {
                let next = if problem.next.is_empty() { String::new() } else { format!(". Next: {}", problem.next) };
                self.say(Level::Warn, format!("{}{next}", problem.line()));
            }
        }
    }

    fn key(&mut self, key: Key) {
        self.dirty = true;
        // Another program may have unlocked or locked meanwhile, and an unlock ends by itself.
        let guard = self.session.guard(&self.context);
        if guard != self.guard {
            self.guard = guard;
            self.stale = true;
        }
        if let Some(overlay) = self.overlay.take() {
            self.overlay_key(overlay, key);
            return;
        }
        if self.pending.is_empty() && self.with_top(|page, cx| page.key(key, cx)).unwrap_or(false) {
            return;
        }
        let scopes = self.scopes();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        if !self.pending.is_empty() && key.code == Code::Esc {
            self.pending.clear();
            return;
        }
        self.pending.push(key);
        match self.keymap.find(&scopes, &self.pending) {
            Found::Command(command) => {
                self.pending.clear();
                self.command(&command);
            }
            Found::Prefix(_) => {}
            Found::Nothing => {
                let keys = crate::keymap::map::written(&self.pending);
                self.pending.clear();
                let help = self.keymap.keys_of(&scopes, Verb::Help);
                self.say(Level::Off, format!("`{keys}` does nothing here; `{help}` lists what does"));
            }
        }
    }

    fn overlay_key(&mut self, overlay: Overlay, key: Key) {
        match overlay {
            Overlay::Pick(mut pick) => {
                let picked = pick.key(key);
                self.picked(pick, picked);
            }
            Overlay::Filter { mut line, before, .. } => match key.code {
                Code::Esc => {
                    self.with_top(|page, cx| page.set_filter(&before, cx));
                }
                Code::Enter => self.remember_here(),
                Code::Up | Code::Down | Code::PageUp | Code::PageDown => {
                    let verb = match key.code {
                        Code::Up => Verb::Up,
                        Code::Down => Verb::Down,
                        Code::PageUp => Verb::PageUp,
                        _ => Verb::PageDown,
                    };
                    self.with_top(|page, cx| page.command(&verb.into(), cx));
                    self.overlay = Some(Overlay::Filter { line, before, problem: String::new() });
                }
                _ => {
                    if !line.key(key) && key == Key::ctrl('c') {
                        self.with_top(|page, cx| page.set_filter(&before, cx));
                        return;
                    }
                    self.filter_typed(line, before);
                }
            },
            Overlay::Ask { label, mut line, command } => match key.code {
                Code::Esc => {}
                Code::Enter => {
                    let command = Command::new(command, line.text().trim());
                    self.command(&command);
                }
                _ => {
                    if !line.key(key) && key == Key::ctrl('c') {
                        return;
                    }
                    self.overlay = Some(Overlay::Ask { label, line, command });
                }
            },
        }
    }

    fn filter_typed(&mut self, line: crate::widgets::line::Line, before: String) {
        let text = line.text().to_owned();
        let problem = match self.with_top(|page, cx| page.set_filter(&text, cx)) {
            Some(Err(problem)) => problem.why,
            _ => String::new(),
        };
        self.overlay = Some(Overlay::Filter { line, before, problem });
    }

    fn picked(&mut self, pick: crate::palette::Pick, picked: Picked) {
        match picked {
            Picked::Moved | Picked::Ignored => self.overlay = Some(Overlay::Pick(pick)),
            Picked::Refused(why) => {
                self.say(Level::Warn, why);
                self.overlay = Some(Overlay::Pick(pick));
            }
            Picked::Typed(text) => self.typed(&text),
            Picked::Run(command) => {
                if pick.preview.is_some() && !pick.current().is_none_or(|c| c.command.as_ref() != Some(&command)) {
                    self.preview(&command);
                    self.overlay = Some(Overlay::Pick(pick));
                } else {
                    self.command(&command);
                }
            }
            Picked::Closed => {
                if let Some(back) = pick.preview {
                    self.preview(&back);
                }
            }
        }
    }

    fn paste(&mut self, text: &str) {
        self.dirty = true;
        match self.overlay.take() {
            Some(Overlay::Pick(mut pick)) => {
                pick.paste(text);
                self.overlay = Some(Overlay::Pick(pick));
            }
            Some(Overlay::Filter { mut line, before, .. }) => {
                line.insert(text);
                self.filter_typed(line, before);
            }
            Some(Overlay::Ask { label, mut line, command }) => {
                line.insert(text);
                self.overlay = Some(Overlay::Ask { label, line, command });
            }
            None => {
                if !self.with_top(|page, cx| page.paste(text, cx)).unwrap_or(false) {
                    self.say(Level::Off, "pasted text was ignored: nothing here takes text");
                }
            }
        }
    }

    fn mouse(&mut self, mouse: Mouse) {
        self.dirty = true;
        if let Some(Overlay::Pick(mut pick)) = self.overlay.take() {
            let picked = match mouse.what {
                MouseWhat::WheelDown => pick.wheel(3),
                MouseWhat::WheelUp => pick.wheel(-3),
                MouseWhat::Click | MouseWhat::Menu => {
                    match crate::palette::view::line_at(self.size, &pick, mouse.x, mouse.y) {
                        Some(line) => pick.click(line),
                        None => Picked::Closed,
                    }
                }
            };
            self.picked(pick, picked);
            return;
        }
        let body = self.body();
        if mouse.what == MouseWhat::Click && mouse.y == 0 {
            self.command(&Verb::Back.into());
        } else if mouse.what == MouseWhat::Click && mouse.y > body.1 {
            self.command(&Verb::Help.into());
        } else if mouse.y > 0 {
            let inside = Mouse { y: mouse.y - 1, ..mouse };
            self.with_top(|page, cx| page.mouse(inside, cx));
        }
    }
}
