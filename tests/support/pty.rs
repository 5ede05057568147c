//! The program in a pseudo-terminal: keys in, screen out, bytes counted.
//!
//! The terminal answers the questions that the program asks of it (device attributes, cursor
//! position, modes), as a modern terminal does, or keeps silent as a dumb one.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// What the terminal has shown so far.
struct Shown {
    parser: vt100::Parser,
    /// When the last byte came.
    last: Instant,
    closed: bool,
    raw: Vec<u8>,
}

/// A program under test in a terminal of its own.
pub struct Terminal {
    shown: Arc<(Mutex<Shown>, Condvar)>,
    writer: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    master: Option<Box<dyn MasterPty + Send>>,
    reading: Option<std::thread::JoinHandle<()>>,
    hung_up: Arc<AtomicBool>,
    child: Box<dyn Child + Send + Sync>,
    bytes: Arc<AtomicU64>,
    writes: Arc<AtomicU64>,
}

/// How the terminal behaves.
#[derive(Clone, Debug)]
pub struct TerminalOptions {
    pub cols: u16,
    pub rows: u16,
    /// Answer queries as a modern terminal does.
    pub answers: bool,
    pub env: Vec<(String, String)>,
    /// Variables that are taken away.
    pub unset: Vec<String>,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self {
            cols: 80,
            rows: 24,
            answers: true,
            env: vec![
                ("TERM".into(), "xterm-256color".into()),
                ("COLORTERM".into(), "truecolor".into()),
                ("LANG".into(), "C.UTF-8".into()),
            ],
            unset: ["NO_COLOR", "SSH_TTY", "SSH_CONNECTION", "TMUX", "LC_ALL", "KUBECONFIG"].map(String::from).to_vec(),
        }
    }
}

impl TerminalOptions {
    pub fn size(cols: u16, rows: u16) -> Self {
        Self { cols, rows, ..Self::default() }
    }
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(n, _)| n != name);
        self.env.push((name.into(), value.into()));
        self
    }
}

impl Terminal {
    /// Starts a program.
    pub fn start(program: &Path, args: &[&str], options: &TerminalOptions) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: options.rows, cols: options.cols, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        // Otherwise it would start in HOME, which a test may have made up.
        if let Ok(here) = std::env::current_dir() {
            command.cwd(here);
        }
        for name in &options.unset {
            command.env_remove(name);
        }
        for (name, value) in &options.env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = Arc::new(Mutex::new(Some(pair.master.take_writer().expect("a writer"))));
        let shown = Arc::new((
            Mutex::new(Shown {
                parser: vt100::Parser::new(options.rows, options.cols, 0),
                last: Instant::now(),
                closed: false,
                raw: Vec::new(),
            }),
            Condvar::new(),
        ));
        let bytes = Arc::new(AtomicU64::new(0));
        let writes = Arc::new(AtomicU64::new(0));
        let each = writes.clone();
        let (seen, answer, counted, answers) = (shown.clone(), writer.clone(), bytes.clone(), options.answers);
        let hung_up = Arc::new(AtomicBool::new(false));
        let hanging = hung_up.clone();
        let reading = std::thread::spawn(move || {
            let mut buffer = [0_u8; 65536];
            loop {
                let n = reader.read(&mut buffer).unwrap_or(0);
                let n = if hanging.load(Ordering::SeqCst) { 0 } else { n };
                let (lock, changed) = &*seen;
                let mut shown = lock.lock().unwrap();
                if n == 0 {
                    shown.closed = true;
                    changed.notify_all();
                    return;
                }
                counted.fetch_add(n as u64, Ordering::SeqCst);
                each.fetch_add(1, Ordering::SeqCst);
                shown.parser.process(&buffer[..n]);
                shown.last = Instant::now();
                if shown.raw.len() < 64 << 20 {
                    shown.raw.extend_from_slice(&buffer[..n]);
                }
                let (row, col) = shown.parser.screen().cursor_position();
                changed.notify_all();
                drop(shown);
                if answers {
                    let reply = reply_to(&buffer[..n], row, col);
                    if !reply.is_empty()
                        && let Some(writer) = answer.lock().unwrap().as_mut()
                    {
                        let _ = writer.write_all(&reply).and_then(|()| writer.flush());
                    }
                }
            }
        });
        Self { shown, writer, master: Some(pair.master), reading: Some(reading), hung_up, child, bytes, writes }
    }

    /// Types. `<enter> <esc> <tab> <up> <down> <left> <right> <pgup> <pgdn> <home> <end> <bs> <space> <lt>`
    /// and `<c-x>` are keys; all else is typed as it stands.
    pub fn keys(&self, keys: &str) {
        self.send(&encode(keys));
    }

    /// Sends raw bytes.
    pub fn send(&self, bytes: &[u8]) {
        if let Some(writer) = self.writer.lock().unwrap().as_mut() {
            let _ = writer.write_all(bytes).and_then(|()| writer.flush());
        }
    }

    /// The screen as text, one line a row, without trailing blanks.
    pub fn text(&self) -> String {
        let shown = self.shown.0.lock().unwrap();
        text_of(shown.parser.screen())
    }

    /// Waits until the screen satisfies a condition; panics with the last screen when it does not in time.
    pub fn wait_for(&self, what: &str, limit: Duration, condition: impl Fn(&str) -> bool) -> String {
        match self.try_wait(limit, &condition) {
            Ok(text) => text,
            Err(text) => panic!("waited {limit:?} for {what}; the screen was:\n{text}"),
        }
    }

    /// Waits for a text on the screen.
    pub fn wait_text(&self, text: &str) -> String {
        self.wait_for(&format!("{text:?}"), Duration::from_secs(30), |screen| screen.contains(text))
    }

    /// As [`Self::wait_for`], giving the last screen back instead of a panic.
    pub fn try_wait(&self, limit: Duration, condition: &dyn Fn(&str) -> bool) -> Result<String, String> {
        let end = Instant::now() + limit;
        let (lock, changed) = &*self.shown;
        let mut shown = lock.lock().unwrap();
        loop {
            let text = text_of(shown.parser.screen());
            if condition(&text) {
                return Ok(text);
            }
            let now = Instant::now();
            if now >= end || shown.closed {
                return Err(text);
            }
            shown = changed.wait_timeout(shown, end - now).unwrap().0;
        }
    }

    /// Waits until nothing has been written for so long.
    pub fn wait_quiet(&self, quiet: Duration, limit: Duration) {
        let end = Instant::now() + limit;
        let (lock, changed) = &*self.shown;
        let mut shown = lock.lock().unwrap();
        while shown.last.elapsed() < quiet && Instant::now() < end && !shown.closed {
            let left = quiet.saturating_sub(shown.last.elapsed()).max(Duration::from_millis(1));
            shown = changed.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits for the next byte after a count; the time at which it was seen.
    pub fn wait_byte_after(&self, count: u64, limit: Duration) -> Option<Instant> {
        let end = Instant::now() + limit;
        let (lock, changed) = &*self.shown;
        let mut shown = lock.lock().unwrap();
        loop {
            if self.bytes.load(Ordering::SeqCst) > count {
                return Some(Instant::now());
            }
            let now = Instant::now();
            if now >= end {
                return None;
            }
            shown = changed.wait_timeout(shown, end - now).unwrap().0;
        }
    }

    /// Bytes that the program has written to the terminal so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    /// How often something came from the program so far: a frame comes in one piece (a large one in several).
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// All that was written, undecoded.
    pub fn raw(&self) -> Vec<u8> {
        self.shown.0.lock().unwrap().raw.clone()
    }

    /// Whether the terminal is in the alternate screen.
    pub fn alternate_screen(&self) -> bool {
        self.shown.0.lock().unwrap().parser.screen().alternate_screen()
    }

    /// Whether any cell has a colour.
    pub fn has_colour(&self) -> bool {
        let shown = self.shown.0.lock().unwrap();
        let screen = shown.parser.screen();
        let (rows, cols) = screen.size();
        (0..rows).any(|r| {
            (0..cols).any(|c| {
                screen.cell(r, c).is_some_and(|cell| {
                    cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default
                })
            })
        })
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        self.shown.0.lock().unwrap().parser.screen_mut().set_size(rows, cols);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("it was not hung up").resize(size).expect("resized");
    }

    /// The line is cut: nobody holds the terminal any more. The program has to draw something once a size changes.
    pub fn hang_up(&mut self) {
        self.hung_up.store(true, Ordering::SeqCst);
        let (rows, cols) = self.shown.0.lock().unwrap().parser.screen().size();
        self.resize(cols + 1, rows);
        if let Some(reading) = self.reading.take() {
            let _ = reading.join();
        }
        *self.writer.lock().unwrap() = None;
        self.master = None;
    }

    /// Sends the program a signal by its name, e.g. `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits until these bytes have come from the program.
    pub fn wait_raw(&self, bytes: &[u8], limit: Duration) {
        let end = Instant::now() + limit;
        let (lock, changed) = &*self.shown;
        let mut shown = lock.lock().unwrap();
        while !shown.raw.windows(bytes.len()).any(|w| w == bytes) {
            let now = Instant::now();
            let screen = text_of(shown.parser.screen());
            assert!(now < end && !shown.closed, "waited for {:?}:\n{screen}", String::from_utf8_lossy(bytes));
            shown = changed.wait_timeout(shown, end - now).unwrap().0;
        }
    }

    /// The colour of the text at a place of the screen, as SGR would name it.
    pub fn colour_at(&self, row: u16, col: u16) -> String {
        let shown = self.shown.0.lock().unwrap();
        shown.parser.screen().cell(row, col).map(|cell| format!("{:?}", cell.fgcolor())).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.end();
    }

    /// The library's own way would be a hang-up, which the program hears and tidies up after.
    fn end(&mut self) {
        if self.alive() {
            signal(self.pid(), "KILL");
        }
        let _ = self.child.wait();
    }

    /// Whether the program is still there.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the program's end; its exit code.
    pub fn wait_exit(&mut self, limit: Duration) -> Option<u32> {
        let end = Instant::now() + limit;
        let (lock, changed) = &*self.shown;
        let mut shown = lock.lock().unwrap();
        while !shown.closed && Instant::now() < end {
            shown = changed.wait_timeout(shown, Duration::from_millis(50)).unwrap().0;
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status.exit_code());
            }
        }
        drop(shown);
        // The terminal is closed a moment before the program has ended.
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status.exit_code()),
                Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
                _ => return None,
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.end();
    }
}

fn text_of(screen: &vt100::Screen) -> String {
    let (_, cols) = screen.size();
    let mut text = screen.rows(0, cols).map(|row| row.trim_end().to_string()).collect::<Vec<_>>().join("\n");
    text.truncate(text.trim_end().len());
    text
}

fn reply_to(output: &[u8], row: u16, col: u16) -> Vec<u8> {
    let mut reply = Vec::new();
    let has = |needle: &[u8]| output.windows(needle.len()).any(|w| w == needle);
    if has(b"\x1b[?2026$p") {
        reply.extend_from_slice(b"\x1b[?2026;2$y");
    }
    if has(b"\x1b[?996n") {
        reply.extend_from_slice(b"\x1b[?997;1n");
    }
    if has(b"\x1b[?u") {
        reply.extend_from_slice(b"\x1b[?0u");
    }
    if has(b"\x1b[6n") {
        reply.extend_from_slice(format!("\x1b[{};{}R", row + 1, col + 1).as_bytes());
    }
    if has(b"\x1b[c") || has(b"\x1b[0c") {
        reply.extend_from_slice(b"\x1b[?62;22;52c");
    }
    reply
}

/// Sends a process a signal by its name, e.g. `TERM`.
pub fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    // Who is gone already needs none; and a panic while a test fails would hide why it does.
    if !sent.is_ok_and(|s| s.success()) && !std::thread::panicking() {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "SIG{name} for {pid}");
    }
}

/// Waits for something that no terminal tells.
///
/// # Panics
/// When it does not come in time.
pub fn until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < end, "waited {limit:?} for {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Turns `jj<enter>` into the bytes that a terminal sends.
pub fn encode(keys: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        if c == '<'
            && let Some(end) = rest.find('>')
            && let Some(code) = named_key(&rest[1..end])
        {
            bytes.extend_from_slice(&code);
            rest = &rest[end + 1..];
            continue;
        }
        let mut buffer = [0; 4];
        bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        rest = &rest[c.len_utf8()..];
    }
    bytes
}

fn named_key(name: &str) -> Option<Vec<u8>> {
    Some(match name {
        "enter" => b"\r".to_vec(),
        "esc" => b"\x1b".to_vec(),
        "tab" => b"\t".to_vec(),
        "s-tab" => b"\x1b[Z".to_vec(),
        "bs" => b"\x7f".to_vec(),
        "space" => b" ".to_vec(),
        "lt" => b"<".to_vec(),
        "up" => b"\x1b[A".to_vec(),
        "down" => b"\x1b[B".to_vec(),
        "right" => b"\x1b[C".to_vec(),
        "left" => b"\x1b[D".to_vec(),
        "home" => b"\x1b[H".to_vec(),
        "end" => b"\x1b[F".to_vec(),
        "pgup" => b"\x1b[5~".to_vec(),
        "pgdn" => b"\x1b[6~".to_vec(),
        "del" => b"\x1b[3~".to_vec(),
        other => {
            let letter = other.strip_prefix("c-")?.chars().next()?;
            vec![(letter.to_ascii_lowercase() as u8) & 0x1f]
        }
    })
}

/// Resident memory of a process in bytes (VmRSS of proc(5)).
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or_default()
        * 1024
}

/// Processor time that a process has used so far (utime and stime of proc(5)), in clock ticks of 10 ms.
pub fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else { return 0 };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    fields.get(11).zip(fields.get(12)).map_or(0, |(u, s)| u.parse::<u64>().unwrap_or(0) + s.parse::<u64>().unwrap_or(0))
}
