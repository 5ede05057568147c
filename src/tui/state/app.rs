//! Everything that the screen remembers.

use super::cx::{Cx, Order};
use super::effect::{Answer, Ask, Effect, PageId};
use super::place::Place;
use super::toasts::Toasts;
use crate::TuiOptions;
use crate::keymap::{self, Key, Keymap};
use crate::pages::{Page, PageState};
use crate::palette::Pick;
use crate::theme::{self, Depth, Theme};
use crate::widgets::line::Line;
use quarterdeck_core::actions::{Action, Offer};
use quarterdeck_core::cluster::{Cluster, Connection};
use quarterdeck_core::guards::GuardState;
use quarterdeck_core::resources::{Kinds, Level, ObjectRef, Scope};
use quarterdeck_core::session::Session;
use quarterdeck_core::{Problem, Result};
use std::path::PathBuf;
use std::sync::Arc;

/// A page on the stack.
pub struct Entry {
    pub id: PageId,
    pub place: Place,
    pub page: Page,
}

/// What is in front of the page.
pub enum Overlay {
    Pick(Pick),
    /// The filter line; what the filter was before.
    Filter {
        line: Line,
        before: String,
        problem: String,
    },
    /// A search or another one-line question of the page: label and what is typed. Enter runs the command with it.
    Ask {
        label: String,
        line: Line,
        command: crate::keymap::Verb,
    },
}

/// Everything that the screen remembers.
pub struct State {
    pub session: Session,
    pub context: String,
    /// Contexts that pages of several clusters show beside it.
    pub beside: Vec<String>,
    pub cluster: Option<Cluster>,
    pub connection: Connection,
    pub guard: GuardState,
    pub scope: Scope,
    pub kinds: Arc<Kinds>,
    pub kinds_problem: Option<Problem>,
    /// Known namespaces, those that were used last first.
    pub namespaces: Vec<String>,
    pub namespaces_complete: bool,
    pub stack: Vec<Entry>,
    /// The place that was left last, for `-`.
    pub left: Option<Place>,
    pub overlay: Option<Overlay>,
    /// Keys of a sequence pressed so far.
    pub pending: Vec<Key>,
    pub toasts: Toasts,
    pub keymap: Keymap,
    pub theme: Theme,
    pub theme_problems: Vec<String>,
    pub depth: Depth,
    pub ascii: bool,
    pub ssh: bool,
    pub config_dir: Option<PathBuf>,
    pub size: (u16, u16),
    pub mouse: bool,
    pub focused: bool,
    /// Tell beyond the terminal when a run has ended and nobody looks.
    pub notify: bool,
    pub quit: bool,
    /// Something visible changed.
    pub dirty: bool,
    /// The core said that something changed which was not read so far.
    pub stale: bool,
    /// The version of the server, once known.
    pub version: String,
    /// The theme before a preview.
    pub theme_before: Option<String>,
    /// A plan that was made already and waits for its page.
    pub ready_plan: Option<quarterdeck_core::actions::Plan>,
    /// A link that waits until the kinds of its cluster are known.
    pub(super) link: Option<quarterdeck_core::link::Link>,
    /// Filter, sort and cursor of views that were left, by place.
    views: std::collections::HashMap<String, serde_json::Value>,
    /// Where the user was when the program ended the last time: the place and what was kept of it.
    pub(super) kept: Option<serde_json::Value>,
    pub(super) effects: Vec<Effect>,
    next_id: PageId,
}

/// The page id under which the program itself asks.
pub const PROGRAM: PageId = 0;

impl State {
    /// The screen before its first page; call [`State::start`] next.
    pub fn new(session: Session, options: &TuiOptions, size: (u16, u16)) -> Self {
        let folder = |name: &str| options.config_dir.as_ref().map(|d| d.join(name));
        let depth = if options.no_color { Depth::None } else { options.depth };
        let (themes, keymaps) = (folder("themes"), folder("keymaps"));
        // What was chosen last, unless its file is gone.
        let chosen = |key: &str, there: Vec<String>| session.memory().get::<String>(key).filter(|n| there.contains(n));
        let theme_name = match &options.theme {
            None => chosen("theme", theme::load::names(themes.as_deref())),
            named => named.clone(),
        };
        let theme_name = theme_name.unwrap_or_else(|| options.theme_name());
        let (theme, theme_problems) = theme::load::theme(&theme_name, themes.as_deref());
        let keymap_name = match &options.keymap {
            None => chosen("keymap", keymap::load::names(keymaps.as_deref())),
            named => named.clone(),
        };
        let keymap = keymap::load::keymap(keymap_name.as_deref().unwrap_or("default"), keymaps.as_deref());
        let context = options.context.clone().unwrap_or_else(|| session.current_context());
        Self {
            session,
            beside: options.beside.iter().filter(|c| **c != context).cloned().collect(),
            context,
            cluster: None,
            connection: Connection::Connecting,
            guard: GuardState::default(),
            scope: Scope::All,
            kinds: Arc::default(),
            kinds_problem: None,
            namespaces: Vec::new(),
            namespaces_complete: false,
            stack: Vec::new(),
            left: None,
            overlay: None,
            pending: Vec::new(),
            toasts: Toasts::default(),
            keymap,
            theme: theme.fitted(depth, options.ascii),
            theme_problems,
            depth,
            ascii: options.ascii,
            ssh: options.ssh,
            config_dir: options.config_dir.clone(),
            size,
            mouse: options.mouse,
            focused: true,
            notify: options.notify,
            quit: false,
            dirty: true,
            stale: false,
            version: String::new(),
            theme_before: None,
            ready_plan: None,
            link: None,
            kept: None,
            views: std::collections::HashMap::new(),
            effects: Vec::new(),
            next_id: PROGRAM + 1,
        }
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.session.clock().now()
    }
    /// What the page has for itself: all but the header and the hint line.
    pub fn body(&self) -> (u16, u16) {
        (self.size.0, self.size.1.saturating_sub(2))
    }
    pub fn top(&self) -> Option<&Entry> {
        self.stack.last()
    }
    pub fn page(&self) -> Option<&dyn PageState> {
        self.stack.last().map(|e| e.page.state())
    }
    pub fn targets(&self) -> Vec<ObjectRef> {
        self.page().map(PageState::targets).unwrap_or_default()
    }
    /// The objects that this action would be done to.
    pub fn targets_for(&self, action: &dyn Action) -> Vec<ObjectRef> {
        if let Some(aim) = self.page().and_then(|p| p.aim(action.name())) {
            return vec![aim];
        }
        let targets = self.targets();
        let fits = |objects: &[ObjectRef]| objects.iter().all(|o| action.applies(&o.kind));
        match self.page().and_then(|p| p.origin()) {
            Some(origin) if (targets.is_empty() || !fits(&targets)) && action.applies(&origin.kind) => vec![origin],
            _ => targets,
        }
    }
    /// The actions that make sense here, each with what it would be done to.
    pub fn offers(&self) -> Vec<(Offer, Vec<ObjectRef>)> {
        let targets = self.targets();
        let offers = self.session.offers(&self.context, &targets);
        let mut all: Vec<_> = offers.into_iter().map(|offer| (offer, targets.clone())).collect();
        if let Some(origin) = self.page().and_then(|p| p.origin()).map(|o| vec![o]) {
            for offer in self.session.offers(&self.context, &origin) {
                if all.iter().all(|(known, _)| known.name != offer.name) {
                    all.push((offer, origin.clone()));
                }
            }
        }
        let aims = self.session.catalogue().iter().map(|a| a.name());
        for (name, aim) in aims.filter_map(|name| Some((name, self.page()?.aim(name)?))) {
            all.retain(|(known, _)| known.name != name);
            let aim = vec![aim];
            let own = self.session.offers(&self.context, &aim).into_iter().find(|o| o.name == name);
            all.extend(own.map(|offer| (offer, aim)));
        }
        all
    }
    /// Scopes of the key map that are valid now, the narrowest first.
    pub fn scopes(&self) -> Vec<String> {
        let mut scopes = self.page().map(PageState::scopes).unwrap_or_default();
        scopes.push("global".into());
        scopes
    }
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        let now = self.now();
        self.toasts.say(level, text, now);
        self.dirty = true;
    }
    pub fn tell(&mut self, problem: &Problem) {
        let next = if problem.next.is_empty() { String::new() } else { format!(". Next: {}", problem.next) };
        self.say(Level::Bad, format!("{}{next}", problem.line()));
    }
    /// Everything that is to be done outside since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn push_effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Lets a page do something and carries out what it orders.
    pub(super) fn with_page<T>(
        &mut self,
        id: PageId,
        call: impl FnOnce(&mut dyn PageState, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let (now, size) = (self.now(), self.body());
        let mut orders = Vec::new();
        let entry = self.stack.iter_mut().find(|e| e.id == id)?;
        let mut cx = Cx {
            session: &self.session,
            context: &self.context,
            beside: &mut self.beside,
            scope: &self.scope,
            kinds: &self.kinds,
            now,
            size,
            page: id,
            ready_plan: &mut self.ready_plan,
            effects: &mut self.effects,
            orders: &mut orders,
        };
        let result = call(entry.page.state_mut(), &mut cx);
        self.carry_out(orders);
        Some(result)
    }
    /// Lets the page in front do something.
    pub(super) fn with_top<T>(&mut self, call: impl FnOnce(&mut dyn PageState, &mut Cx<'_>) -> T) -> Option<T> {
        let id = self.stack.last()?.id;
        self.with_page(id, call)
    }

    fn carry_out(&mut self, orders: Vec<Order>) {
        for order in orders {
            self.dirty = true;
            match order {
                Order::Go(place) => self.go(place),
                Order::Replace(place) => {
                    if let Err(problem) = self.open(place, true) {
                        self.tell(&problem);
                    }
                }
                Order::Back => {
                    self.back();
                }
                Order::Say(level, text) => self.say(level, text),
                Order::SetScope(scope) => self.set_scope(scope),
                Order::SetContext(context) => self.set_context(&context),
                Order::Pick(pick) => self.show_pick(pick),
                Order::Command(command) => self.command(&command),
            }
        }
    }

    /// Shows a list in front of the page.
    pub fn show_pick(&mut self, mut pick: Pick) {
        pick.set_height(crate::palette::view::lines(self.size));
        self.overlay = Some(Overlay::Pick(pick));
        self.dirty = true;
    }

    /// Opens the program's first page: what was asked for, else where the user was, else home.
    pub fn start(&mut self, view: Option<&str>) {
        self.connect();
        for problem in self.session.problems() {
            self.tell(&problem);
        }
        if !self.keymap.problems.is_empty() || !self.theme_problems.is_empty() {
            let n = self.keymap.problems.len() + self.theme_problems.len();
            self.say(Level::Warn, format!("{n} problems in key map or theme: `:problems` lists them"));
        }
        if let Err(problem) = self.open(Place::new("home"), true) {
            self.tell(&problem);
        }
        match view {
            Some(view) => self.typed(view),
            None => self.offer_last_place(),
        }
        self.offer_drafts();
    }

    /// Opens the present context: connection, guard, kinds and namespaces.
    pub(super) fn connect(&mut self) {
        self.kinds = Arc::default();
        self.kinds_problem = None;
        self.namespaces = self.session.memory().namespaces(&self.context);
        self.namespaces_complete = false;
        self.version = String::new();
        self.guard = self.session.guard(&self.context);
        match self.session.cluster(&self.context) {
            Ok(cluster) => {
                self.connection = cluster.connection().borrow().clone();
                self.kinds = cluster.known_kinds();
                self.cluster = Some(cluster);
                for ask in [Ask::Kinds { again: false }, Ask::Namespaces, Ask::Version] {
                    self.effects.push(Effect::Ask(PROGRAM, ask));
                }
            }
            Err(problem) => {
                self.cluster = None;
                self.connection = Connection::Lost { since: self.now(), problem: problem.clone() };
                self.tell(&problem);
            }
        }
        self.dirty = true;
    }

    /// Opens a page on top of the stack, or in place of its top.
    pub(super) fn open(&mut self, place: Place, replace: bool) -> Result<()> {
        let (now, size, id) = (self.now(), self.body(), self.next_id);
        self.next_id += 1;
        let mut orders = Vec::new();
        let mut cx = Cx {
            session: &self.session,
            context: &self.context,
            beside: &mut self.beside,
            scope: &self.scope,
            kinds: &self.kinds,
            now,
            size,
            page: id,
            ready_plan: &mut self.ready_plan,
            effects: &mut self.effects,
            orders: &mut orders,
        };
        let page = Page::open(&place, &mut cx)?;
        if replace && let Some(old) = self.stack.pop() {
            self.close(old);
        }
        self.overlay = None;
        self.pending.clear();
        self.stack.push(Entry { id, place, page });
        // Long walks do not pile up: the oldest pages but the first are forgotten.
        if self.stack.len() > 30 {
            let old = self.stack.remove(1);
            self.close(old);
        }
        self.carry_out(orders);
        let kept = self.top().and_then(|e| e.place.to_json()).and_then(|p| self.views.get(&p.to_string()).cloned());
        self.with_top(|page, cx| {
            page.refresh(cx);
            if let Some(kept) = &kept {
                page.recall(kept, cx);
            }
        });
        self.dirty = true;
        Ok(())
    }

    fn close(&mut self, entry: Entry) {
        // Filter, sort and cursor are kept per view for as long as the program lives.
        let kept = entry.page.state().remember();
        if !kept.is_null()
            && let Some(place) = entry.place.to_json()
        {
            self.views.insert(place.to_string(), kept);
        }
        self.effects.push(Effect::Forget(entry.id));
    }

    /// Goes to a place; the page that is left stays behind it.
    pub fn go(&mut self, place: Place) {
        self.remember_here();
        if let Some(here) = self.top() {
            if here.place == place {
                self.overlay = None;
                self.dirty = true;
                return;
            }
            self.left = Some(here.place.clone());
        }
        if place == Place::new("home") {
            // Home is the ground floor.
            while self.stack.len() > 1 {
                if let Some(entry) = self.stack.pop() {
                    self.close(entry);
                }
            }
            if self.top().is_some_and(|e| e.place == place) {
                self.overlay = None;
                self.came_back();
                return;
            }
        }
        match self.open(place, false) {
            Ok(()) => self.remember_here(),
            Err(problem) => self.tell(&problem),
        }
    }

    /// Leaves the page; false when it is the last one.
    pub fn back(&mut self) -> bool {
        if self.stack.len() < 2 {
            return false;
        }
        self.remember_here();
        if let Some(entry) = self.stack.pop() {
            self.left = Some(entry.place.clone());
            self.close(entry);
        }
        self.came_back();
        true
    }

    fn came_back(&mut self) {
        self.overlay = None;
        self.with_top(|page, cx| page.refresh(cx));
        self.remember_here();
        self.dirty = true;
    }

    /// Looks at other namespaces.
    pub fn set_scope(&mut self, scope: Scope) {
        if let Scope::Namespaces(set) = &scope {
            for namespace in set {
                self.session.memory().add_namespace(&self.context, namespace);
                if !self.namespaces.iter().any(|n| **n == **namespace) {
                    self.namespaces.push(namespace.to_string());
                }
            }
        }
        if scope != self.scope {
            self.scope = scope;
            for id in self.stack.iter().map(|e| e.id).collect::<Vec<_>>() {
                self.with_page(id, |page, cx| page.scope_changed(cx));
            }
            self.with_top(|page, cx| page.refresh(cx));
        }
        self.overlay = None;
        self.dirty = true;
    }

    /// Looks at another cluster; starts at its home page.
    pub fn set_context(&mut self, context: &str) {
        self.overlay = None;
        if context == self.context {
            self.go(Place::new("home"));
            return;
        }
        self.remember_here();
        self.keep_looked();
        // One that was shown beside is open already and stays so; the one that is left takes its place.
        let _open = self.session.overview(context);
        if let Some(other) = self.beside.iter_mut().find(|c| **c == context) {
            *other = self.context.clone();
        }
        while let Some(entry) = self.stack.pop() {
            self.close(entry);
        }
        self.effects.push(Effect::Forget(PROGRAM));
        self.context = context.into();
        self.kept = None;
        self.link = None;
        self.views.clear();
        self.scope = Scope::All;
        self.left = None;
        self.connect();
        if let Err(problem) = self.open(Place::new("home"), true) {
            self.tell(&problem);
        }
    }

    /// The answer to something the program itself asked.
    pub(super) fn program_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Kinds(Ok(kinds)) => {
                self.kinds = kinds;
                self.kinds_problem = None;
                // A palette that was opened before gets the kinds while it is open.
                if let Some(Overlay::Pick(pick)) = &self.overlay
                    && pick.free
                {
                    let typed = pick.line().text().to_owned();
                    let pick = crate::palette::sources::palette(self).typed(&typed);
                    self.show_pick(pick);
                }
                for id in self.stack.iter().map(|e| e.id).collect::<Vec<_>>() {
                    self.with_page(id, |page, cx| page.refresh(cx));
                }
                self.follow_waiting_link();
            }
            Answer::Kinds(Err(problem)) => {
                self.link = None;
                self.kinds_problem = Some(problem);
                self.with_top(|page, cx| page.refresh(cx));
            }
            Answer::Namespaces(known) => {
                self.namespaces_complete = known.complete;
                for name in known.names {
                    if !self.namespaces.contains(&name) {
                        self.namespaces.push(name);
                    }
                }
                // Who may not list namespaces mostly may not list anything over all of them either: look
                // at those that are known. `0` still asks for all.
                if !known.complete && self.scope == Scope::All && !self.namespaces.is_empty() {
                    let known = self.namespaces.clone();
                    self.set_scope(Scope::of(known.iter().map(String::as_str)));
                    self.say(Level::Off, format!("you may not list namespaces: these {} are known", known.len()));
                }
            }
            Answer::Version(Ok(version)) => self.version = version,
            Answer::SignedIn(Ok(())) => self.say(Level::Good, format!("signed in to {}", self.context)),
            Answer::SignedIn(Err(problem)) => self.tell(&problem),
            Answer::Plan(plan) => match *plan {
                Ok(plan) => self.show_plan(plan),
                Err(problem) => self.tell(&problem),
            },
            _ => {}
        }
        self.dirty = true;
    }

    /// The next moment at which something visible changes by itself.
    pub fn next_change(&self) -> Option<i64> {
        let now = self.now();
        let page = self.page().and_then(|p| p.next_change(now));
        let stale = self.stale_since().map(|since| {
            let age = now - since;
            // Coarse: every five seconds at first, later once a minute.
            if age < 60 { now + 5 - age.rem_euclid(5) } else { now + 60 - age.rem_euclid(60) }
        });
        let unlocked =
            self.guard.unlocked_until.filter(|until| *until > now).map(|until| super::age::next_change(until, now));
        [page, stale, unlocked, self.toasts.next_change()].into_iter().flatten().min()
    }

    /// Since when the data of the page is not live, if so.
    pub fn stale_since(&self) -> Option<i64> {
        use quarterdeck_core::store::Freshness;
        match (&self.connection, self.page().and_then(PageState::freshness)) {
            (_, Some(Freshness::Stale { since, .. })) => Some(since),
            (Connection::Lost { since, .. }, _) => Some(*since),
            _ => None,
        }
    }
}
