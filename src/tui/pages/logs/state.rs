//! What the logs page remembers and how it answers.

use super::source::Source;
use crate::keymap::{Command, Verb};
use crate::pages::{Hint, Opens, PageState};
use crate::palette::{Choice, Pick};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Answer, Cx, Effect, Order, Place, Subject};
use crate::widgets::text;
use quarterdeck_core::logs::buffer::without_colours;
use quarterdeck_core::logs::{Entry, LogBuffer, LogFilter, LogFollower, LogOptions, LogTarget, LogView};
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::{Problem, Result};

/// Logs of a pod, or of all pods of a workload.
pub struct Logs {
    source: Source,
    options: LogOptions,
    /// How far back, in words.
    pub(super) since: String,
    follower: Option<LogFollower>,
    pub(super) view: LogView,
    pub(super) problem: Option<Problem>,
    /// Number of the entry at the top of the window; `None` follows the end.
    pub(super) top: Option<u64>,
    pub(super) left: usize,
    pub(super) wrap: bool,
    pub(super) timestamps: bool,
    /// Containers that are shown; all when empty.
    chosen: Vec<String>,
    filter: LogFilter,
    end: u64,
}

impl Logs {
    /// Reads the buffer, when there is one.
    pub(super) fn read<R>(&self, reader: impl FnOnce(&mut LogBuffer) -> R) -> Option<R> {
        self.follower.as_ref().map(|f| f.read(reader))
    }
    pub(super) fn targets_of_follower(&self) -> &[LogTarget] {
        self.follower.as_ref().map_or(&[], LogFollower::targets)
    }
    pub(super) fn running(&self) -> bool {
        self.follower.as_ref().is_some_and(LogFollower::running)
    }
    pub(super) fn left_out(&self) -> usize {
        self.source.left_out
    }
    /// A line's prefix: time and container, as wanted.
    pub(super) fn prefix(&self, entry: &Entry) -> String {
        let mut prefix = String::new();
        if let Entry::Line(line) = entry
            && self.timestamps
            && let Some(nanos) = line.time
            && let Ok(time) = jiff::Timestamp::from_nanosecond(i128::from(nanos))
        {
            prefix.push_str(&time.strftime("%m-%d %H:%M:%S%.3f ").to_string());
        }
        let targets = self.targets_of_follower();
        if targets.len() > 1
            && let Some(target) = targets.get(usize::from(entry.source()))
        {
            prefix.push_str(&short(target, targets));
            prefix.push(' ');
        }
        prefix
    }
    /// Cells of a line as it is shown, without wrapping.
    fn cells(&self, entry: &Entry) -> usize {
        text::width(&self.prefix(entry)) + text::width(&without_colours(entry.text()))
    }
    /// Screen lines that an entry takes.
    pub(super) fn rows(&self, entry: &Entry, width: usize) -> usize {
        if self.wrap { self.cells(entry).div_ceil(width.max(1)).max(1) } else { 1 }
    }
    /// The place in the view with which a window of this height begins.
    pub(super) fn first(&self, buffer: &LogBuffer, width: usize, height: usize) -> usize {
        if let Some(top) = self.top {
            return self.view.place(top).min(self.view.len().saturating_sub(1));
        }
        let (mut at, mut used) = (self.view.len(), 0);
        while at > 0 {
            let rows = self.view.number(at - 1).and_then(|n| buffer.get(n)).map_or(0, |e| self.rows(e, width));
            if used + rows > height {
                break;
            }
            used += rows;
            at -= 1;
        }
        at
    }
    /// Lines of the page that show entries; the first says what is read.
    fn window(cx: &Cx<'_>) -> (usize, usize) {
        (usize::from(cx.size.0), cx.height().saturating_sub(1).max(1))
    }
    fn step(&mut self, by: isize, cx: &Cx<'_>) {
        let (width, height) = Self::window(cx);
        let Some((first, last)) = self.read(|buffer| {
            let last = {
                let (mut at, mut used) = (self.view.len(), 0);
                while at > 0 && used < height {
                    used += self.view.number(at - 1).and_then(|n| buffer.get(n)).map_or(0, |e| self.rows(e, width));
                    at -= 1;
                }
                at
            };
            (self.first(buffer, width, height), last)
        }) else {
            return;
        };
        let to = first.saturating_add_signed(by);
        // At the end the page follows again.
        self.top = if to >= last && by > 0 { None } else { self.view.number(to.min(last)) };
        self.pin();
    }
    fn pin(&self) {
        let paused = self.top.is_some();
        self.read(|buffer| buffer.pin(paused));
    }
    fn start(&mut self, targets: Vec<LogTarget>, cx: &mut Cx<'_>) {
        if targets.is_empty() {
            return;
        }
        match &mut self.follower {
            Some(follower) => targets.into_iter().for_each(|t| follower.add(t)),
            None => match cx.session.follow_logs(cx.context, targets, &self.options) {
                Ok(follower) => self.follower = Some(follower),
                Err(problem) => self.problem = Some(problem),
            },
        }
        self.choose();
    }
    fn restart(&mut self, cx: &mut Cx<'_>) {
        let targets = self.targets_of_follower().to_vec();
        self.follower = None;
        self.view = LogView::default();
        self.view.set_filter(self.filter.clone());
        self.top = None;
        self.start(targets, cx);
    }
    /// Hands the choice of containers to the view.
    fn choose(&mut self) {
        let targets = self.targets_of_follower();
        let sources: Vec<u16> = targets
            .iter()
            .zip(0..)
            .filter(|(t, _)| self.chosen.contains(&t.label()))
            .map(|(_, n)| n)
            .collect();
        if self.filter.sources != sources {
            self.filter.sources = sources;
            self.view.set_filter(self.filter.clone());
        }
    }
    fn shown_text(&self) -> (String, usize) {
        let mut out = String::new();
        let mut count = 0;
        self.read(|buffer| {
            for place in 0..self.view.len() {
                if let Some(entry) = self.view.number(place).and_then(|n| buffer.get(n)) {
                    match entry {
                        Entry::Line(_) => out.push_str(&format!("{}{}\n", self.prefix(entry), without_colours(entry.text()))),
                        Entry::Gap { why, .. } => out.push_str(&format!("---- {}{why} ----\n", self.prefix(entry))),
                    }
                    count += 1;
                }
            }
        });
        (out, count)
    }
    fn since(&mut self, arg: &str, cx: &mut Cx<'_>) {
        let (tail, since, words) = match arg {
            "head" => (None, None, "from the beginning"),
            "tail" | "" => (Some(500), None, "last 500 lines"),
            "1m" => (None, Some(60), "last minute"),
            "5m" => (None, Some(300), "last 5 minutes"),
            "15m" => (None, Some(900), "last 15 minutes"),
            "30m" => (None, Some(1800), "last 30 minutes"),
            "1h" => (None, Some(3600), "last hour"),
            other => {
                cx.say(Level::Warn, format!("`{other}` is none of 1m 5m 15m 30m 1h head tail"));
                return;
            }
        };
        self.options.tail_lines = tail;
        self.options.since_seconds = since;
        self.since = words.into();
        self.restart(cx);
    }
    fn pick_containers(&self, cx: &mut Cx<'_>) {
        let choices = self.targets_of_follower().iter().map(|t| Choice {
            label: t.label(),
            command: Some(Command::new(Verb::Container, t.label())),
            ..Choice::default()
        });
        let all = Choice { label: "all".into(), command: Some(Command::new(Verb::Container, "all")), ..Choice::default() };
        let choices: Vec<Choice> = std::iter::once(all).chain(choices).collect();
        let pick = Pick::new("Containers (Space chooses several)", choices)
            .many(Command::from(Verb::Container), self.chosen.iter().cloned());
        cx.order(Order::Pick(pick));
    }
}

/// The shortest name that tells containers apart.
fn short(target: &LogTarget, among: &[LogTarget]) -> String {
    if among.iter().all(|t| t.pod == target.pod) {
        return target.container.to_string();
    }
    let pod = target.pod.rsplit('-').next().unwrap_or(&target.pod);
    if among.iter().all(|t| t.container == target.container) { pod.to_string() } else { format!("{pod}/{}", target.container) }
}

impl PageState for Logs {
    fn crumb(&self) -> String {
        let what = if self.options.previous { "previous logs" } else { "logs" };
        format!("{} ▪ {} ▪ {what}", self.source.object.kind.plural, self.source.object.short())
    }
    fn scopes(&self) -> Vec<String> {
        vec!["logs".into()]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let page = Self::window(cx).1 as isize - 1;
        match command.verb {
            Verb::Down => self.step(1, cx),
            Verb::Up => self.step(-1, cx),
            Verb::PageDown => self.step(page, cx),
            Verb::PageUp => self.step(-page, cx),
            Verb::HalfDown => self.step(page / 2, cx),
            Verb::HalfUp => self.step(-page / 2, cx),
            Verb::Top => {
                self.top = self.view.number(0);
                self.pin();
            }
            Verb::Bottom => {
                self.top = None;
                self.pin();
            }
            Verb::Follow => {
                let (width, height) = Self::window(cx);
                let first = self.read(|b| self.first(b, width, height)).unwrap_or(0);
                self.top = if self.top.is_some() { None } else { self.view.number(first) };
                self.pin();
            }
            Verb::Left => self.left = self.left.saturating_sub(16),
            Verb::Right => self.left += 16,
            Verb::Wrap => {
                self.wrap = !self.wrap;
                self.left = 0;
            }
            Verb::Timestamps => self.timestamps = !self.timestamps,
            Verb::Since => self.since(&command.arg.clone(), cx),
            Verb::LogsPrevious => {
                self.options.previous = !self.options.previous;
                self.options.follow = !self.options.previous;
                self.restart(cx);
            }
            Verb::Logs if self.options.previous => {
                self.options.previous = false;
                self.options.follow = true;
                self.restart(cx);
            }
            Verb::Container => match command.arg.as_str() {
                "" => self.pick_containers(cx),
                "all" => {
                    self.chosen.clear();
                    self.choose();
                }
                names => {
                    self.chosen = names.split(',').filter(|n| *n != "all").map(String::from).collect();
                    self.choose();
                }
            },
            Verb::Clear => {
                self.read(LogBuffer::clear);
                self.top = None;
            }
            Verb::Copy => {
                let (text, count) = self.shown_text();
                cx.copy(text, format!("{count} lines"));
            }
            Verb::Save => {
                let name = self.source.object.short().replace('/', "-");
                match self.shown_text() {
                    (_, 0) => cx.say(Level::Warn, "there is no line to save"),
                    (text, _) => cx.effect(Effect::Save { path: format!("{name}.log"), text }),
                }
            }
            Verb::Refresh => self.restart(cx),
            _ => return false,
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        let follow = if self.top.is_some() { "follow" } else { "pause" };
        vec![
            Hint::new(Verb::Follow, follow),
            Hint::new(Verb::Filter, "filter"),
            Hint::new(Verb::Wrap, "wrap"),
            Hint::new(Verb::Timestamps, "times"),
            Hint::new(Verb::Container, "containers"),
            Hint::new(Verb::LogsPrevious, if self.options.previous { "present" } else { "previous" }),
            Hint::new(Verb::Save, "save"),
        ]
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        match mouse.what {
            MouseWhat::WheelDown => self.step(3, cx),
            MouseWhat::WheelUp => self.step(-3, cx),
            MouseWhat::Click | MouseWhat::Menu => return false,
        }
        true
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        self.source.refresh(cx);
        let Some(follower) = &self.follower else { return false };
        let view = &mut self.view;
        let (changed, end) = follower.read(|buffer| (view.refresh(buffer), buffer.end()));
        let came = std::mem::replace(&mut self.end, end) != end;
        // While paused only the count of what came changes.
        changed || came
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        let Answer::Object(of, result) = answer else { return };
        match result {
            Ok(object) => match self.source.take(&of, &object, self.options.previous, cx) {
                Ok(targets) => self.start(targets, cx),
                Err(why) => self.problem = Some(Problem::usage("cannot show logs", why)),
            },
            Err(problem) if self.follower.is_none() => self.problem = Some(problem),
            Err(problem) => cx.tell(&problem),
        }
    }
    fn targets(&self) -> Vec<ObjectRef> {
        vec![self.source.object.clone()]
    }
    fn filter(&self) -> Option<&str> {
        Some(self.filter.typed())
    }
    fn set_filter(&mut self, typed: &str, _cx: &mut Cx<'_>) -> Result<()> {
        let mut filter = LogFilter::parse(typed)?;
        filter.sources = std::mem::take(&mut self.filter.sources);
        self.filter = filter.clone();
        self.view.set_filter(filter);
        let view = &mut self.view;
        if let Some(follower) = &self.follower {
            follower.read(|buffer| view.refresh(buffer));
        }
        Ok(())
    }
}

impl Opens for Logs {
    const NAME: &'static str = "logs";
    const TITLE: &'static str = "";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot show logs", "no object was named"));
        };
        let previous = place.arg("previous") == "true";
        Ok(Self {
            source: Source::new(object.clone(), cx),
            options: LogOptions { previous, follow: !previous, ..LogOptions::default() },
            since: "last 500 lines".into(),
            follower: None,
            view: LogView::default(),
            problem: None,
            top: None,
            left: 0,
            wrap: true,
            timestamps: false,
            chosen: Vec::new(),
            filter: LogFilter::default(),
            end: 0,
        })
    }
}
