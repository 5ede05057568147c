//! Homes that are not there, homes that cannot be written, and disks that are full in the wrong moment.

use crate::stage::{PATIENCE, Stage, go, press, program};
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::{Terminal, until};
use quarterdeck_testing::real::skipped;
use quarterdeck_testing::sim::SimCluster;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn world() -> (SimCluster, Stage) {
    let cluster = SimCluster::world("ominis");
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "log-book"}, "data": {"entry": "calm"}});
    let request = Request::new("POST", "/api/v1/namespaces/client-demo-client/configmaps").json(&map);
    assert_eq!(cluster.client().send(&request).expect("an answer").status, 201);
    let stage = Stage::on(&cluster);
    (cluster, stage)
}

/// What starts a program with mounts of its own, if this machine allows it.
fn unshare(test: &str) -> Option<Vec<&'static str>> {
    for way in [&["unshare", "-m"][..], &["unshare", "-Urm"]] {
        if tried_well(Command::new(way[0]).args(&way[1..]).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"])) {
            return Some(way.to_vec());
        }
    }
    skipped(test, "neither root nor a user namespace may mount here");
    None
}

fn tried_well(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// The program with a home that is a small disk of its own; `then` runs before it.
struct SmallDisk {
    terminal: Terminal,
    home: PathBuf,
}

impl SmallDisk {
    fn start(way: &[&str], stage: &Stage, arguments: &[&str]) -> Self {
        let home = stage.home.display();
        let line = format!(
            "mount -t tmpfs -o size=512k tmpfs '{home}' && cd '{home}' && mkdir tmp && TMPDIR='{home}/tmp' exec '{}' --kubeconfig '{}' {}",
            program().display(),
            stage.kubeconfig.display(),
            arguments.join(" "),
        );
        let mut all = way[1..].to_vec();
        all.extend(["sh", "-c", &line]);
        let unshare = which(way[0]);
        let terminal = Terminal::start(&unshare, &all, &stage.options(110, 30));
        terminal.wait_for("live", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
        let home = PathBuf::from(format!("/proc/{}/root{home}", terminal.pid()));
        Self { terminal, home }
    }
    /// Nothing more fits.
    fn fill(&self) {
        let mut size = 512 * 1024;
        let mut n = 0;
        while size > 0 {
            if std::fs::write(self.home.join(format!("fill-{n}")), vec![0; size]).is_err() {
                size /= 2;
            }
            n += 1;
        }
        assert!(std::fs::write(self.home.join("one-more"), "x").is_err(), "it is full");
    }
    fn make_room(&self) {
        for entry in std::fs::read_dir(&self.home).expect("the disk").flatten() {
            if entry.file_name().to_string_lossy().starts_with("fill-") || entry.file_name() == "one-more" {
                std::fs::remove_file(entry.path()).expect("removed");
            }
        }
    }
    fn texts_in(&self, folder: &str) -> String {
        let files = std::fs::read_dir(self.home.join(folder)).into_iter().flatten().flatten();
        files.map(|f| std::fs::read_to_string(f.path()).unwrap_or_default()).collect()
    }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|p| p.join(program)).find(|p| p.is_file()).unwrap_or_else(|| program.into())
}

const STATE: &str = ".local/state/quarterdeck";

#[test]
fn a_full_disk_loses_no_draft_no_action_and_no_log_in_silence() {
    let Some(way) = unshare("a_full_disk_loses_no_draft_no_action_and_no_log_in_silence") else { return };
    let (cluster, stage) = world();
    let mut disk = SmallDisk::start(&way, &stage, &["-n", "client-demo-client"]);
    let drafts = format!("{STATE}/drafts");
    go(&disk.terminal, "configmaps", "log-book");
    press(&disk.terminal, "/log-book<enter>", "[log-book]");
    press(&disk.terminal, "e", "apiVersion");
    press(&disk.terminal, "# before<enter>", "# before");
    until("the draft on disk", PATIENCE, || disk.texts_in(&drafts).contains("# before"));
    disk.fill();
    disk.terminal.keys("# in the dark<enter>");
    disk.terminal.wait_for("what is wrong, and the text", PATIENCE, |s| {
        s.contains("the draft is kept in memory only") && s.contains("No space left on") && s.contains("# in the dark")
    });
    assert!(disk.texts_in(&drafts).contains("# before"), "the draft that was there is whole");
    // Left and opened again it is all there; with room it is on disk again.
    press(&disk.terminal, "<esc>", "kept as a draft");
    press(&disk.terminal, "e", "# in the dark");
    disk.make_room();
    disk.terminal.keys("# light<enter>");
    until("the whole draft on disk", PATIENCE, || {
        let text = disk.texts_in(&drafts);
        text.contains("# in the dark") && text.contains("# light")
    });
    press(&disk.terminal, "<esc>", "[log-book]");

    // An action is done, and it is told that nobody will find it in the journal.
    go(&disk.terminal, "deployments", "api");
    press(&disk.terminal, "/api<enter>", "[api]");
    disk.fill();
    press(&disk.terminal, "s", "scale Deployment");
    disk.terminal.keys("<c-u>3<enter>");
    disk.terminal.wait_text("accepted by the server");
    disk.terminal.keys("<enter>");
    let text = disk.terminal.wait_for("what is wrong", PATIENCE, |s| s.contains("the journal is kept in memory only"));
    assert!(text.contains("No space"), "{text}");
    let replicas = || {
        let path = "/apis/apps/v1/namespaces/client-demo-client/deployments/api";
        cluster.client().get(path).map(|a| a.json()["spec"]["replicas"].clone()).unwrap_or_default()
    };
    until("the change", PATIENCE, || replicas() == 3);
    go(&disk.terminal, "journal", "Scale");

    // A log is saved whole or not at all.
    go(&disk.terminal, "pods", "postgres-0");
    press(&disk.terminal, "/postgres-0<enter>", "[postgres-0]");
    press(&disk.terminal, "l", "checkpoint complete");
    disk.fill();
    let text = press(&disk.terminal, "s", "cannot save to");
    assert!(text.contains("No space") && text.contains("Nothing was"), "{text}");
    assert!(disk.texts_in(".").is_empty() || !disk.home.join("client-demo-client-postgres-0.log").exists());
    disk.make_room();
    press(&disk.terminal, "s", "saved to ");
    let saved: Vec<_> = std::fs::read_dir(&disk.home).expect("the disk").flatten().map(|e| e.file_name()).collect();
    assert!(saved.iter().any(|n| n.to_string_lossy().ends_with("postgres-0.log")), "{saved:?}");
    assert!(!saved.iter().any(|n| n.to_string_lossy().contains(".tmp")), "{saved:?}");
    assert!(disk.terminal.alive());
}

/// A command without any terminal.
fn qd(stage: &Stage, line: &str) -> Command {
    let mut command = Command::new(program());
    command.args(line.split(' ')).env("KUBECONFIG", &stage.kubeconfig).env("HOME", &stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    command
}

fn errors(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stderr(Stdio::piped()).output().expect("qd runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_cannot_be_printed_is_told() {
    let (_cluster, stage) = world();
    for line in ["logs postgres-0 -n client-demo-client", "get pods -A -o json", "man"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let (code, err) = errors(qd(&stage, line).stdout(full));
        assert_eq!(code, Some(1), "{line}: {err}");
        assert!(err.contains("cannot write to standard output: No space left on device"), "{line}: {err}");
    }
}

#[test]
fn an_action_whose_journal_cannot_be_written_says_so_on_the_command_line() {
    let (_cluster, stage) = world();
    let state = stage.home.join(".local");
    std::fs::write(&state, "a file where a folder should be").expect("written");
    let (code, err) =
        errors(&mut qd(&stage, "do label configmap/log-book -n client-demo-client --labels at=sea --yes"));
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("the journal is kept in memory only") && err.contains("Not a directory"), "{err}");
}

#[test]
fn without_a_home_or_with_one_that_is_read_only_everything_but_memory_works() {
    let test = "without_a_home_or_with_one_that_is_read_only_everything_but_memory_works";
    let (_cluster, stage) = world();
    // Nobody whom this machine knows, and no HOME: as a container runs its program.
    let nobody = ["unshare", "-U", "--map-user=54321", "--map-group=54321"];
    if tried_well(Command::new(nobody[0]).args(&nobody[1..]).arg("true")) {
        let mut options = stage.options(100, 30);
        options.env.retain(|(name, _)| name != "HOME");
        options.unset.push("HOME".into());
        let (kubeconfig, qd) = (stage.kubeconfig.display().to_string(), program().display().to_string());
        let mut arguments = nobody[1..].to_vec();
        arguments.extend([&*qd, "--kubeconfig", &*kubeconfig, "-n", "client-demo-client"]);
        let mut terminal = Terminal::start(&which("unshare"), &arguments, &options);
        terminal.wait_for("live", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
        edits(&terminal, "there is no directory for state");
        terminal.keys(":q<enter>");
        assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0), "{}", terminal.text());
    } else {
        skipped(test, "no user namespaces here");
    }
    let Some(way) = unshare(test) else { return };
    let home = stage.home.display();
    let line = format!(
        "mount -t tmpfs -o ro tmpfs '{home}' && exec '{}' --kubeconfig '{}' -n client-demo-client",
        program().display(),
        stage.kubeconfig.display()
    );
    let mut arguments = way[1..].to_vec();
    arguments.extend(["sh", "-c", &line]);
    let terminal = Terminal::start(&which(way[0]), &arguments, &stage.options(100, 30));
    terminal.wait_for("live", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
    edits(&terminal, "Read-only file system");
}

/// Types into an editor where no draft can be written.
fn edits(terminal: &Terminal, why: &str) {
    go(terminal, "configmaps", "log-book");
    press(terminal, "/log-book<enter>", "[log-book]");
    press(terminal, "e", "apiVersion");
    terminal.keys("# here<enter>");
    terminal.wait_for("what is wrong, and the text", PATIENCE, |s| {
        s.contains("the draft is kept in memory only") && s.contains(why) && s.contains("# here")
    });
    press(terminal, "<esc>", "kept as a draft");
    press(terminal, "e", "# here");
    press(terminal, "<esc>", "[log-book]");
}

#[test]
fn the_system_is_asked_where_home_is_when_nobody_says() {
    // Without HOME the user's entry in the system's list counts, so nothing is told and nothing is lost.
    let (_cluster, stage) = world();
    let state = stage.home.join("state");
    let output =
        qd(&stage, "journal -o json").env_remove("HOME").env("XDG_STATE_HOME", &state).output().expect("qd runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["items"], json!([]));
    assert!(!Path::new(&state).exists(), "reading makes nothing");
}
