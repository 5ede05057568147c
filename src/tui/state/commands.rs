//! What the program itself answers to commands that no page takes.

use super::app::{Overlay, PROGRAM, State};
use super::effect::{Ask, Effect};
use super::place::{Place, Subject};
use crate::keymap::{Command, Verb};
use crate::palette::{Pick, choices, sources, typed};
use crate::widgets::line::Line;
use quarterdeck_core::actions::command::TASK;
use quarterdeck_core::actions::{Outcome, Plan, RunEvent, RunId, WhyNot};
use quarterdeck_core::cluster::Connection;
use quarterdeck_core::drafts::Draft;
use quarterdeck_core::resources::{Level, Scope};

/// Verbs that change or open the object under the cursor: on a ghost they only say so.
const ON_OBJECTS: &[Verb] = &[
    Verb::Open,
    Verb::Do,
    Verb::Edit,
    Verb::EditExternal,
    Verb::Yaml,
    Verb::Describe,
    Verb::Events,
    Verb::Logs,
    Verb::LogsPrevious,
    Verb::Mark,
    Verb::Owner,
    Verb::Children,
    Verb::Warp,
    Verb::Browse,
];

impl State {
    /// Carries a command out: the page first, then the program.
    pub fn command(&mut self, command: &Command) {
        self.dirty = true;
        if self.page().is_some_and(|p| p.on_ghost()) && ON_OBJECTS.contains(&command.verb) {
            self.say(Level::Warn, "this object is gone; move the cursor to another one");
            return;
        }
        // What the page says now is not among those that have been seen.
        let seen: Vec<String> = self.toasts.shown().iter().map(|t| t.text.clone()).collect();
        if self.with_top(|page, cx| page.command(command, cx)).unwrap_or(false) {
            return;
        }
        let arg = command.arg.as_str();
        match command.verb {
            Verb::Palette => {
                let pick = sources::palette(self);
                self.show_pick(pick);
            }
            Verb::Help => {
                let pick = sources::help(self);
                self.show_pick(pick);
            }
            Verb::Filter => self.filter_prompt(arg),
            Verb::FilterClear => self.set_filter(""),
            Verb::Back => self.step_back(&seen),
            Verb::Last => match self.left.take() {
                Some(place) => {
                    self.go(place);
                    self.recall_here();
                }
                None => self.say(Level::Off, "there is no view before this one"),
            },
            Verb::Go if !arg.is_empty() => self.typed(arg),
            Verb::Context if arg.is_empty() => self.go(Place::new("contexts")),
            Verb::Context => self.set_context(arg),
            Verb::Namespace => self.namespace(arg),
            Verb::NamespacePick => {
                let pick = choices::namespaces(self);
                self.show_pick(pick);
            }
            Verb::Theme if arg.is_empty() => {
                self.theme_before = Some(self.theme.name.clone());
                let pick = choices::themes(self);
                self.show_pick(pick);
            }
            Verb::Theme => {
                self.set_theme(arg);
                self.session.memory().set("theme", &arg);
            }
            Verb::Keymap if arg.is_empty() => {
                let pick = choices::keymaps(self);
                self.show_pick(pick);
            }
            Verb::Keymap => self.set_keymap(arg),
            Verb::Problems => {
                let pick = choices::problems(self);
                self.show_pick(pick);
            }
            Verb::Mouse => {
                self.mouse = !self.mouse;
                self.effects.push(Effect::Mouse(self.mouse));
                self.say(Level::Off, if self.mouse { "mouse on" } else { "mouse off: text can be selected" });
            }
            Verb::Find => {
                self.with_top(|page, cx| page.find(arg, cx));
            }
            Verb::CopyLink => self.copy_link(),
            Verb::Do => self.act(arg),
            Verb::CopyRole if arg.is_empty() => self.say(Level::Off, "an action that may not be done tells its Role"),
            Verb::CopyRole => self.effects.push(Effect::Copy { text: arg.into(), what: "the Role".into() }),
            Verb::Undo => {
                let id = if arg.is_empty() { "last" } else { arg };
                self.effects.push(Effect::Ask(PROGRAM, Ask::Undo(id.into())));
            }
            Verb::Unlock => self.unlock(arg),
            Verb::SignIn => {
                let context = self.context.clone();
                self.effects.push(Effect::SignIn { context });
            }
            // After an expired credential the key that asks again lets the user sign in first.
            Verb::Refresh if matches!(self.connection, Connection::SignIn { .. }) => {
                let context = self.context.clone();
                self.effects.push(Effect::SignIn { context });
            }
            Verb::Refresh => {
                self.effects.push(Effect::Ask(PROGRAM, Ask::Kinds { again: true }));
                self.effects.push(Effect::Ask(PROGRAM, Ask::Namespaces));
                self.stale = true;
                self.say(Level::Off, "asking the server again");
            }
            Verb::Redraw => self.effects.push(Effect::Redraw),
            Verb::Suspend => self.effects.push(Effect::Suspend),
            Verb::Quit => {
                self.remember_here();
                self.quit = true;
            }
            _ => self.say(Level::Off, format!("`{}` means nothing here", command.verb.name())),
        }
    }

    /// Esc: first what is in the way (marks, filter), then the page.
    fn step_back(&mut self, seen: &[String]) {
        if self.page().and_then(|p| p.filter()).is_some_and(|f| !f.is_empty()) {
            self.set_filter("");
        } else if !seen.is_empty() {
            self.toasts.drop_seen(seen);
            if self.stack.len() > 1 {
                self.back();
            }
        } else if !self.back() {
            self.say(Level::Off, "this is the first page; ctrl-c or `:q` leaves");
        }
    }

    fn filter_prompt(&mut self, start: &str) {
        let Some(now) = self.page().and_then(|p| p.filter()).map(String::from) else {
            self.say(Level::Off, "there is nothing to filter here");
            return;
        };
        let line = Line::new(if start.is_empty() { &now } else { start });
        self.overlay = Some(Overlay::Filter { line, before: now, problem: String::new() });
    }

    fn set_filter(&mut self, text: &str) {
        if let Some(Err(problem)) = self.with_top(|page, cx| page.set_filter(text, cx)) {
            self.tell(&problem);
        }
        self.remember_here();
    }

    /// `0`, a number of the list of namespaces, names separated by commas, or `all`.
    fn namespace(&mut self, arg: &str) {
        if arg.is_empty() {
            let pick = choices::namespaces(self);
            self.show_pick(pick);
            return;
        }
        if matches!(arg, "all" | "0" | "*") {
            self.set_scope(Scope::All);
            return;
        }
        if let Ok(n @ 1..=9) = arg.parse::<usize>() {
            match self.namespaces.get(n - 1).cloned() {
                Some(name) => self.set_scope(Scope::one(&name)),
                None => self.say(Level::Off, format!("there is no namespace number {n}")),
            }
            return;
        }
        self.set_scope(Scope::of(arg.split(',').map(str::trim).filter(|n| !n.is_empty())));
    }

    /// What was typed into the palette or given at the start.
    pub fn typed(&mut self, text: &str) {
        match typed::parse(self, text) {
            Ok(steps) => {
                for step in steps {
                    match step {
                        typed::Step::Scope(scope) => self.set_scope(scope),
                        typed::Step::Context(name) => self.set_context(&name),
                        typed::Step::Go(place) => self.go(place),
                        typed::Step::Filter(filter) => self.set_filter(&filter),
                        typed::Step::Command(command) => self.command(&command),
                        typed::Step::Link(link) => self.follow_link(link),
                    }
                }
            }
            Err(problem) => self.tell(&problem),
        }
    }

    /// Starts an action of the catalogue on what is marked or under the cursor, or a task of the platform by its name.
    fn act(&mut self, name: &str) {
        if let Some(task) = name.strip_prefix(TASK) {
            match task.trim() {
                "" => {
                    let pick = Pick::new("Reconcile", sources::tasks(self));
                    self.show_pick(pick);
                }
                task => self.go(Place::new("plan").with("action", TASK).with("task", task)),
            }
            return;
        }
        let Some(action) = self.session.catalogue().iter().copied().find(|a| a.name() == name) else {
            return self.say(Level::Off, format!("there is no action `{name}`"));
        };
        let targets = self.targets_for(action);
        let fits = !targets.is_empty() && targets.iter().all(|t| action.applies(&t.kind));
        if let Some(why) = self.page().filter(|_| !fits).and_then(|p| p.why_not(name)) {
            return self.say(Level::Off, format!("{name}: {why}"));
        }
        let Some(first) = targets.first() else {
            return self.say(Level::Off, "there is no object here to do that to");
        };
        let kind = first.kind.kind.clone();
        let offer = self.session.offers(&self.context, &targets).into_iter().find(|o| o.name == name);
        match offer.map(|o| o.enabled) {
            Some(Ok(())) => {
                let place = Place::about("plan", Subject::Objects(targets)).with("action", name);
                self.go(place);
            }
            Some(Err(WhyNot::Rights(rights))) => {
                let why = WhyNot::Rights(rights.clone()).line();
                self.say(Level::Warn, format!("{name}: {why}"));
                self.show_pick(choices::roles(&why, &rights));
            }
            Some(Err(why)) => self.say(Level::Warn, format!("{name}: {}", why.line())),
            None => self.say(Level::Off, format!("{name} makes no sense for a {kind}")),
        }
    }

    /// Shows a plan that was made already (an undo).
    pub(super) fn show_plan(&mut self, plan: Plan) {
        self.ready_plan = Some(plan);
        self.go(Place::new("plan"));
    }

    /// `minutes reason`; asks for the reason when there is none.
    fn unlock(&mut self, arg: &str) {
        if self.guard.read_only.is_none() {
            self.say(Level::Off, "changes are allowed here");
            return;
        }
        if !self.guard.can_unlock {
            let why = self.guard.read_only.clone().unwrap_or_default();
            self.say(Level::Warn, format!("cannot be unlocked: {why}"));
            return;
        }
        if arg.is_empty() {
            let label = "unlock for 15 minutes, why?".into();
            self.overlay = Some(Overlay::Ask { label, line: Line::default(), command: Verb::Unlock });
            return;
        }
        match self.session.unlock(&self.context, 15, arg) {
            Ok(guard) => {
                self.guard = guard;
                self.say(Level::Warn, "unlocked for 15 minutes");
            }
            Err(problem) => self.tell(&problem),
        }
    }

    /// A run ended somewhere: told wherever the user is meanwhile, once, and beyond the terminal when nobody looks.
    pub(super) fn run_ended(&mut self, run: RunId, event: &RunEvent) {
        let RunEvent::Finished(Outcome { ok, text, can_undo, .. }) = event else { return };
        let view = self.session.run_view(run);
        let here = self.top().is_some_and(|e| e.place == Place::name("run", run.to_string()));
        let undo = if *can_undo { " (`u` takes it back)" } else { "" };
        let title = view.as_ref().filter(|_| !here).map(|v| format!("{}: ", v.title)).unwrap_or_default();
        self.say(if *ok { Level::Good } else { Level::Bad }, format!("{title}{text}{undo}"));
        let Some(view) = view else { return };
        if *ok && view.action == "edit" {
            for step in &view.steps {
                let draft = Draft::of(&view.context, &step.object, "", "", self.now());
                self.session.drafts().remove(&draft.id);
            }
        }
        if !self.focused && self.notify {
            let word = if *ok { "done" } else { "failed" };
            self.effects.push(Effect::Notify(format!("{word}: {}: {text}", view.title)));
        }
    }

    /// Shows a choice of a list while it is looked at.
    pub(super) fn preview(&mut self, command: &Command) {
        if command.verb == Verb::Theme {
            self.set_theme(&command.arg);
        }
    }

    pub(super) fn set_theme(&mut self, name: &str) {
        let folder = self.config_dir.as_ref().map(|d| d.join("themes"));
        let (theme, problems) = crate::theme::load::theme(name, folder.as_deref());
        if let Some(first) = problems.first() {
            self.say(Level::Warn, first.clone());
        }
        self.theme = theme.fitted(self.depth, self.ascii);
        self.theme_problems = problems;
        self.dirty = true;
    }

    fn set_keymap(&mut self, name: &str) {
        let folder = self.config_dir.as_ref().map(|d| d.join("keymaps"));
        self.keymap = crate::keymap::load::keymap(name, folder.as_deref());
        let n = self.keymap.problems.len();
        if n > 0 {
            self.say(Level::Warn, format!("key map {name}: {n} problems, `:problems` lists them"));
        } else {
            self.say(Level::Good, format!("key map {name}"));
        }
        self.session.memory().set("keymap", &name);
    }

    /// A file in the themes or keymaps folder changed. One that cannot be read changes nothing but to be told.
    pub(super) fn reload_config(&mut self) {
        let folder = |name: &str| self.config_dir.as_ref().map(|d| d.join(name));
        let before = self.keymap.problems.len() + self.theme_problems.len();
        let (mut kept, mut told) = (Vec::new(), String::new());
        match crate::theme::load::again(&self.theme.name, folder("themes").as_deref()) {
            Ok((theme, problems)) => {
                self.theme = theme.fitted(self.depth, self.ascii);
                self.theme_problems = problems;
            }
            Err(problems) => {
                kept.push("the theme stays as it was");
                told = problems.first().cloned().unwrap_or_default();
                self.theme_problems = problems;
            }
        }
        let keymap = crate::keymap::load::keymap(&self.keymap.name, folder("keymaps").as_deref());
        if keymap.unreadable {
            kept.push("the keys stay as they were");
            told = keymap.problems.first().map(|p| format!("{}: {}", p.file, p.text)).unwrap_or_default();
            self.keymap.problems = keymap.problems;
        } else {
            self.keymap = keymap;
        }
        self.dirty = true;
        let n = self.keymap.problems.len() + self.theme_problems.len();
        if !kept.is_empty() {
            self.say(Level::Warn, format!("{told}; {}", kept.join(", ")));
        } else if n > 0 {
            self.say(Level::Warn, format!("{n} problems in key map or theme: `:problems` lists them"));
        } else if before > 0 {
            self.say(Level::Good, "key map and theme are sound again");
        }
    }
}
