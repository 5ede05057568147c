//! Starting the program as a user does, with a home of its own.

use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use quarterdeck_testing::sim::SimCluster;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a screen may take to show something; generous, because other tests run beside.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// The program that is tested.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_qd"))
}

/// A cluster's kubeconfig in a file, and a home for the program.
pub struct Stage {
    _folder: tempfile::TempDir,
    pub home: PathBuf,
    pub kubeconfig: PathBuf,
}

impl Stage {
    pub fn new(kubeconfig: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        std::fs::create_dir(&home).expect("a home");
        let file = folder.path().join("kubeconfig");
        std::fs::write(&file, kubeconfig).expect("the kubeconfig");
        Self { _folder: folder, home, kubeconfig: file }
    }
    pub fn on(cluster: &SimCluster) -> Self {
        Self::new(&cluster.admin())
    }
    pub fn options(&self, cols: u16, rows: u16) -> TerminalOptions {
        let home = self.home.display().to_string();
        let mut options = TerminalOptions::size(cols, rows).env("HOME", &home);
        options
            .unset
            .extend(["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"].map(String::from));
        options
    }
    /// Starts the screen.
    pub fn start(&self, options: &TerminalOptions, more: &[&str]) -> Terminal {
        let kubeconfig = self.kubeconfig.display().to_string();
        let mut arguments = vec!["--kubeconfig", &kubeconfig];
        arguments.extend_from_slice(more);
        Terminal::start(program(), &arguments, options)
    }
    /// Starts the screen and waits until it says that it is connected.
    pub fn live(&self, options: &TerminalOptions, more: &[&str]) -> Terminal {
        let terminal = self.start(options, more);
        terminal.wait_for("a live connection", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
        terminal
    }
}

/// Goes to a view by typing its name.
pub fn go(terminal: &Terminal, name: &str, expect: &str) -> String {
    terminal.keys(&format!(":{name}<enter>"));
    terminal.wait_for(&format!("{name}: {expect:?}"), PATIENCE, |s| s.contains(expect))
}

/// Sends keys and waits for a text.
pub fn press(terminal: &Terminal, keys: &str, expect: &str) -> String {
    terminal.keys(keys);
    terminal.wait_for(&format!("{expect:?} after {keys:?}"), PATIENCE, |s| s.contains(expect))
}

/// Goes back until the first line says where we are.
pub fn back_to(terminal: &Terminal, place: &str) {
    let there = |s: &str| s.lines().next().is_some_and(|l| l.contains(place));
    for _ in 0..8 {
        // Long enough for a busy machine: one esc too many would take away what comes next.
        let before = terminal.text().lines().next().map(str::to_owned);
        if terminal.try_wait(Duration::from_millis(400), &there).is_ok() {
            return;
        }
        terminal.keys("<esc>");
        let _ = terminal.try_wait(Duration::from_secs(3), &|s: &str| s.lines().next() != before.as_deref());
    }
    panic!("{place} is not reached by esc; the screen was:\n{}", terminal.text());
}
