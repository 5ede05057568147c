//! The screen without a terminal, for tests: keys in, screen out, on a world of the embedded server
//! and with a clock that stands still. What happens behind it is the real thing: the production
//! client, the stores, the same update and the same views. Nothing sleeps and hopes: data is waited
//! for by the events that announce it.

use crate::driver::Driver;
use crate::keymap::{Code, Key};
use crate::options::TuiOptions;
use crate::state::effect::{Answer, Edited, Effect};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::update::{refresh, update};
use crate::state::{Input, State};
use crate::view;
use quarterdeck_core::clock::Clock;
use quarterdeck_core::probe::Probing;
use quarterdeck_core::resources::{Level, Scope};
use quarterdeck_core::session::{KubeconfigFrom, Options, Session};
use quarterdeck_sim::world::{self, WorldOptions};
use quarterdeck_sim::{ServeOptions, SimServer};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The moment at which the worlds of tests stand still: 2026-11-20T03:00:00Z.
pub const NOW: i64 = 1_795_143_600;
/// How long something may take that is waited for. Generous: it only matters when a test fails.
const PATIENCE: Duration = Duration::from_secs(40);

/// How a robot is started.
#[derive(Clone)]
pub struct RobotOptions {
    pub world: String,
    pub size: (u16, u16),
    pub pods: usize,
    pub tui: TuiOptions,
    /// Kept between robots: journal, drafts, memory. `None`: nothing is kept.
    pub state_dir: Option<PathBuf>,
    /// The kubeconfig of another server instead of an embedded one.
    pub kubeconfig: Option<String>,
    /// As the administrator; else as a user who may do nothing at all.
    pub rights: bool,
    /// As this user of the world instead.
    pub user: Option<String>,
    /// How hosts are looked at; tests ask nobody outside.
    pub probing: Probing,
    /// What stands in `config.toml`.
    pub config: String,
    /// The world's clock runs as that of the computer; for tests that measure.
    pub clock_runs: bool,
}

impl RobotOptions {
    pub fn new(world: &str, width: u16, height: u16) -> Self {
        Self {
            world: world.into(),
            size: (width, height),
            pods: 0,
            tui: TuiOptions { no_color: true, ..TuiOptions::default() },
            state_dir: None,
            kubeconfig: None,
            rights: true,
            user: None,
            probing: Probing::Off("this is a test"),
            config: String::new(),
            clock_runs: false,
        }
    }
}

/// What $EDITOR would do with a text.
pub type Edit = Box<dyn Fn(&str) -> String + Send>;

/// A colour as a reader calls it.
fn look(colour: Option<Color>) -> String {
    match colour {
        None | Some(Color::Reset) => "default".into(),
        Some(Color::Rgb(r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
        Some(other) => format!("{other:?}").to_lowercase(),
    }
}

/// The screen without a terminal.
pub struct Robot {
    /// What the screen remembers, for assertions that no screen shows.
    pub state: State,
    /// The embedded server, unless another one was given.
    pub server: Option<SimServer>,
    /// Texts that were copied.
    pub copied: Vec<String>,
    /// Links that were opened.
    pub opened: Vec<String>,
    /// What was told beyond the terminal.
    pub notified: Vec<String>,
    /// Files that were to be saved: path and text.
    pub saved: Vec<(String, String)>,
    /// What $EDITOR would do with a text.
    pub editor: Option<Edit>,
    /// Frames that were drawn because something visible changed.
    pub frames: usize,
    driver: Driver,
    waiting: UnboundedReceiver<Input>,
    _inputs: UnboundedSender<Input>,
    clock: Clock,
    runtime: Arc<Runtime>,
    _dir: Option<tempfile::TempDir>,
}

impl Robot {
    /// Starts on a world.
    ///
    /// # Panics
    /// When the world cannot be served.
    pub fn start(world: &str, width: u16, height: u16) -> Self {
        Self::with(RobotOptions::new(world, width, height))
    }

    /// Starts with options.
    ///
    /// # Panics
    /// When the world cannot be served.
    pub fn with(options: RobotOptions) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let runtime = Arc::new(runtime);
        let entered = runtime.clone();
        let _guard = entered.enter();
        let (clock, server) = if options.kubeconfig.is_some() {
            (Clock::system(), None)
        } else {
            let (clock, sim_clock) = if options.clock_runs {
                (Clock::system(), quarterdeck_sim::Clock::system())
            } else {
                let at = jiff::Timestamp::from_second(NOW).expect("a moment");
                (Clock::fixed(NOW), quarterdeck_sim::Clock::fixed(at))
            };
            let world = WorldOptions { pods: options.pods, certs: 0, clock: sim_clock };
            let store = world::load(&options.world, &world).expect("the world loads");
            let server =
                runtime.block_on(SimServer::start(store, ServeOptions::default())).expect("the world is served");
            (clock, Some(server))
        };
        let kubeconfig = match (&options.kubeconfig, &server) {
            (Some(text), _) => text.clone(),
            (None, Some(server)) => server.kubeconfig_yaml(),
            (None, None) => String::new(),
        };
        let dir = options.state_dir.is_none().then(|| tempfile::tempdir().expect("a folder"));
        let state_dir = options.state_dir.clone().or_else(|| dir.as_ref().map(|d| d.path().join("state")));
        let config = state_dir.as_ref().map(|d| d.join("config.toml"));
        if let (Some(file), false) = (&config, options.config.is_empty()) {
            file.parent().map_or(Ok(()), std::fs::create_dir_all).expect("a folder");
            std::fs::write(file, &options.config).expect("a configuration");
        }
        let (inputs, waiting) = unbounded_channel();
        let core = inputs.clone();
        let listener = Arc::new(move |event| {
            let _ = core.send(Input::Core(event));
        });
        let session = Options {
            kubeconfig: KubeconfigFrom::Text(kubeconfig),
            state_dir,
            config_file: config,
            clock: clock.clone(),
            impersonate_user: options.user.clone().or_else(|| (!options.rights).then(|| "nobody".to_owned())),
            probing: options.probing.clone(),
            ..Options::default()
        };
        let session = Session::new(session, listener).expect("the session opens");
        let mut state = State::new(session.clone(), &options.tui, options.size);
        if !options.tui.namespaces.is_empty() {
            state.scope = Scope::of(options.tui.namespaces.iter().map(String::as_str));
        }
        state.start(options.tui.start_view.as_deref());
        let driver = Driver::new(session, inputs.clone());
        let mut robot = Self {
            state,
            server,
            copied: Vec::new(),
            opened: Vec::new(),
            notified: Vec::new(),
            saved: Vec::new(),
            editor: None,
            frames: 0,
            driver,
            waiting,
            _inputs: inputs,
            clock,
            runtime,
            _dir: dir,
        };
        robot.settle();
        robot
    }

    /// Types: keys as they are, `<enter>`, `<esc>`, `<ctrl-p>`, `<space>`, `<lt>` for `<`.
    ///
    /// # Panics
    /// When a name in angle brackets is no key.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while !rest.is_empty() {
            let named = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
            let key = match named {
                Some((name, after)) => {
                    rest = after;
                    Key::parse(name).unwrap_or_else(|| panic!("<{name}> is no key"))
                }
                None => {
                    let c = rest.chars().next().unwrap_or(' ');
                    rest = &rest[c.len_utf8()..];
                    Key::plain(Code::Char(c))
                }
            };
            self.input(Input::Key(key));
        }
        self
    }

    /// Pastes.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.input(Input::Paste(text.into()));
        self
    }
    /// Clicks on a cell of the screen.
    pub fn click(&mut self, x: u16, y: u16) -> &mut Self {
        self.input(Input::Mouse(Mouse { what: MouseWhat::Click, x, y }));
        self
    }
    /// Turns the wheel.
    pub fn wheel(&mut self, down: bool) -> &mut Self {
        let what = if down { MouseWhat::WheelDown } else { MouseWhat::WheelUp };
        self.input(Input::Mouse(Mouse { what, x: 5, y: 5 }));
        self
    }
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.input(Input::Resize(width, height));
        self
    }
    /// Moves the screen's clock (not the server's).
    pub fn advance(&mut self, seconds: i64) -> &mut Self {
        self.clock.advance(seconds);
        self.input(Input::Tick);
        self
    }

    /// The runtime on which everything runs, to change the world from outside.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The session in line mode: what is printed while these lines are typed.
    pub fn plain(&mut self, lines: &[&str]) -> String {
        let (send, mut typed) = unbounded_channel();
        for line in lines {
            let _ = send.send((*line).to_owned());
        }
        drop(send);
        let mut out = Vec::new();
        let runtime = self.runtime.clone();
        let turn = crate::plain::turn(&mut self.state, &mut self.driver, &mut self.waiting, &mut typed, &mut out);
        runtime.block_on(turn).expect("printing into memory");
        String::from_utf8_lossy(&out).into_owned()
    }

    /// One input, and everything that follows from it at once.
    pub fn input(&mut self, input: Input) {
        let runtime = self.runtime.clone();
        let _guard = runtime.enter();
        let effects = update(&mut self.state, input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut effects = effects;
        while !effects.is_empty() {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Ask(page, ask) => self.driver.ask(&self.state.context, page, ask),
                    Effect::Forget(page) => self.driver.forget(page),
                    Effect::Copy { text, what } => {
                        self.copied.push(text);
                        effects.extend(update(&mut self.state, Input::Say(Level::Good, format!("{what}: copied"))));
                    }
                    Effect::OpenLink(url) => self.opened.push(url),
                    Effect::Notify(text) => self.notified.push(text),
                    Effect::Keep { name, text } => self.saved.push((name, text)),
                    Effect::Save { path, text } => self.saved.push((path, text)),
                    Effect::Editor { page, text, .. } => {
                        let edited = self.editor.as_ref().map(|e| e(&text)).filter(|t| *t != text);
                        let edited = edited.map_or(Edited::Same, Edited::Changed);
                        effects.extend(update(&mut self.state, Input::Answer(page, Answer::Edited(edited))));
                    }
                    Effect::Mouse(_) | Effect::Suspend | Effect::Redraw | Effect::SignIn { .. } => {}
                }
            }
            effects.extend(self.state.take_effects());
        }
    }

    /// Takes in whatever waits; does not wait for more.
    pub fn settle(&mut self) -> &mut Self {
        let runtime = self.runtime.clone();
        let _guard = runtime.enter();
        let first = self.state.take_effects();
        self.carry_out(first);
        while let Ok(input) = self.waiting.try_recv() {
            self.input(input);
        }
        let effects = refresh(&mut self.state);
        self.carry_out(effects);
        self
    }

    /// Waits until the screen satisfies a condition, by the events that announce each change.
    ///
    /// # Panics
    /// When it does not in a long time; with the last screen.
    pub fn wait(&mut self, what: &str, done: impl Fn(&str) -> bool) -> &mut Self {
        let start = Instant::now();
        loop {
            self.settle();
            let screen = self.screen();
            if done(&screen) {
                return self;
            }
            let left = PATIENCE.saturating_sub(start.elapsed());
            let runtime = self.runtime.clone();
            let next = runtime.block_on(async { tokio::time::timeout(left, self.waiting.recv()).await });
            match next {
                Ok(Some(input)) => self.input(input),
                _ => panic!("waited in vain for {what}; the screen is\n{screen}"),
            }
        }
    }
    /// Waits until a text is on the screen.
    pub fn until(&mut self, text: &str) -> &mut Self {
        self.wait(&format!("`{text}`"), |screen| screen.contains(text))
    }
    /// Waits until a text is not on the screen any more.
    pub fn until_gone(&mut self, text: &str) -> &mut Self {
        self.wait(&format!("`{text}` to go"), |screen| !screen.contains(text))
    }
    /// Waits until nothing is asked any more and the data of the page is there.
    pub fn until_idle(&mut self) -> &mut Self {
        use quarterdeck_core::store::Freshness;
        let start = Instant::now();
        loop {
            self.settle();
            let loading = matches!(self.state.page().and_then(|p| p.freshness()), Some(Freshness::Loading));
            if self.driver.busy() == 0 && !loading && self.waiting.is_empty() {
                return self;
            }
            assert!(start.elapsed() < PATIENCE, "never idle; the screen is\n{}", self.screen());
            let runtime = self.runtime.clone();
            // A finished task tells nothing more, so that this looks again after a short while.
            let next =
                runtime.block_on(async { tokio::time::timeout(Duration::from_millis(20), self.waiting.recv()).await });
            if let Ok(Some(input)) = next {
                self.input(input);
            }
        }
    }

    /// The screen as text, one line a row, without trailing blanks.
    pub fn screen(&mut self) -> String {
        let buffer = self.buffer().0;
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += (crate::widgets::text::width(symbol) as u16).max(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The looks of the screen, one line for each run of cells that do not look like plain text: row, columns, look
    /// and what is written there.
    pub fn looks(&mut self) -> String {
        let buffer = self.buffer().0;
        let plain = buffer.cell((0, 0)).map(|c| look(c.style().bg)).unwrap_or_default();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut runs: Vec<(u16, String, String)> = Vec::new();
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y)];
                let style = cell.style();
                let mut words = vec![look(style.fg)];
                if look(style.bg) != plain {
                    words.push(format!("on {}", look(style.bg)));
                }
                if !style.add_modifier.is_empty() {
                    words.push(format!("{:?}", style.add_modifier).to_lowercase());
                }
                let name = words.join(" ");
                match runs.last_mut() {
                    Some((_, same, content)) if *same == name => content.push_str(cell.symbol()),
                    _ => runs.push((x, name, cell.symbol().to_owned())),
                }
            }
            for (x, name, content) in runs.iter().filter(|(_, _, content)| !content.trim().is_empty()) {
                text.push_str(&format!("{y:>3}:{x:<3} {name:<24} {}\n", content.trim_end()));
            }
        }
        text
    }

    /// The line of the screen that the cursor of the page is on; empty when there is none.
    pub fn cursor_line(&mut self) -> String {
        let cursor = self.state.theme.glyphs.cursor;
        self.screen().lines().find(|l| l.starts_with(cursor)).unwrap_or_default().to_owned()
    }

    /// The screen with its looks, and where the text cursor is.
    pub fn buffer(&mut self) -> (Buffer, Option<(u16, u16)>) {
        let (w, h) = self.state.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, w, h));
        let cursor = view::draw(&self.state, &mut buffer);
        if std::mem::take(&mut self.state.dirty) {
            self.frames += 1;
        }
        (buffer, cursor)
    }

    /// The bytes that a terminal would be sent to turn this screen into the one after some keys.
    pub fn bytes_of(&mut self, keys: &str) -> usize {
        let before = self.buffer().0;
        let mut encoder = crate::terminal::encode::Encoder::default();
        let mut warm = String::new();
        encoder.frame(&Buffer::empty(before.area), &before, &[], &mut warm);
        self.keys(keys);
        let after = self.buffer().0;
        let mut out = String::new();
        encoder.frame(&before, &after, &[], &mut out);
        out.len()
    }
}
