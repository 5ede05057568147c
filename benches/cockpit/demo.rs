//! The embedded cluster in a process of its own, and the screen on it in a terminal of its own.

use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The program under measurement, built as a release.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_qd"))
}

/// A served embedded cluster. Ends with this value.
pub struct Served {
    child: Child,
    /// Held, because a program that writes to a closed pipe ends.
    _said: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Served {
    /// Serves a world with further pods and a story, and waits until it answers.
    pub fn start(world: &str, pods: usize, story: &str) -> Self {
        let name = format!("{pods}-{story}");
        Self::with(world, &["--pods", &pods.to_string(), "--story", story], &name)
    }
    /// Serves a world with these arguments; `name` is for its folder.
    pub fn with(world: &str, arguments: &[&str], name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("quarterdeck-bench-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("kubeconfig");
        let mut child = Command::new(program())
            .args(["demo", "--world", world])
            .args(arguments)
            .args(["--serve", "127.0.0.1:0", "--write-kubeconfig"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the demo starts");
        // It says where it listens once it does.
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        let mut said = BufReader::new(out);
        said.read_line(&mut line).expect("a line");
        let end = Instant::now() + Duration::from_secs(60);
        while !file.exists() {
            assert!(Instant::now() < end, "the demo wrote no kubeconfig; it said {line:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, _said: said, folder }
    }
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }
    /// The screen on this cluster.
    pub fn screen(&self, cols: u16, rows: u16) -> Terminal {
        let kubeconfig = self.kubeconfig().display().to_string();
        // A program is started in its home, so there has to be one.
        let state = self.folder.join("home");
        std::fs::create_dir_all(&state).expect("a home");
        let options = TerminalOptions::size(cols, rows).env("HOME", &state.display().to_string());
        Terminal::start(program(), &["--kubeconfig", &kubeconfig], &options)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Opens all pods and waits until at least so many are counted in the header; the world has some of its own.
pub fn open_pods(terminal: &Terminal, count: usize) {
    terminal.wait_for("the first screen", Duration::from_secs(30), |s| s.lines().count() > 3);
    // What kinds there are has to be known before one can be asked for.
    terminal.wait_quiet(Duration::from_millis(1000), Duration::from_secs(15));
    terminal.keys("0:pods<enter>");
    terminal.wait_for("all pods", Duration::from_secs(180), |s| {
        s.lines().take(2).any(|line| numbers(line).any(|n| (count..count + 500).contains(&n)))
    });
    terminal.wait_quiet(Duration::from_millis(700), Duration::from_secs(10));
}

/// The whole numbers in a line, also when they are written as 10,000.
fn numbers(line: &str) -> impl Iterator<Item = usize> {
    line.split(|c: char| !c.is_ascii_digit() && c != ',').filter_map(|part| part.replace(',', "").parse().ok())
}
