//! The terminal around the screen: suspended, lent to an editor, cut, stopped, given back after a panic; clipboard,
//! links, and the files that change its look while it runs.

use crate::stage::{PATIENCE, Stage, go, press, program};
use base64::Engine;
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::{Terminal, TerminalOptions, until};
use quarterdeck_testing::sim::SimCluster;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

fn with_map() -> (SimCluster, Stage) {
    let cluster = SimCluster::world("plain");
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "log-book"}, "data": {"entry": "calm"}});
    let request = Request::new("POST", "/api/v1/namespaces/default/configmaps").json(&map);
    assert_eq!(cluster.client().send(&request).expect("an answer").status, 201);
    let stage = Stage::on(&cluster);
    (cluster, stage)
}

fn entry(cluster: &SimCluster) -> String {
    let map = cluster.client().get("/api/v1/namespaces/default/configmaps/log-book").expect("an answer").json();
    map["data"]["entry"].as_str().unwrap_or_default().to_owned()
}

/// At the row of the map.
fn at_the_map(terminal: &Terminal) {
    go(terminal, "configmaps", "log-book");
    press(terminal, "/log-book<enter>", "[log-book]");
}

#[test]
fn ctrl_z_gives_the_shell_and_fg_the_same_view() {
    let (_cluster, stage) = with_map();
    let options = stage.options(80, 24).env("PS1", "shell> ");
    let mut terminal = Terminal::start(Path::new("/bin/bash"), &["--norc", "--noprofile", "-i"], &options);
    terminal.wait_text("shell>");
    terminal.keys(&format!("{} --kubeconfig {} -n default<enter>", program().display(), stage.kubeconfig.display()));
    terminal.wait_for("live", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
    at_the_map(&terminal);
    terminal.keys("<c-z>");
    terminal.wait_for("the shell", PATIENCE, |s| s.contains("Stopped") && s.trim_end().ends_with("shell>"));
    assert!(!terminal.alternate_screen());
    // The terminal echoes again and takes whole lines.
    terminal.keys("echo $((40 + 2))<enter>");
    terminal.wait_for("the shell's answer", PATIENCE, |s| s.lines().any(|l| l.trim() == "42"));
    terminal.keys("fg<enter>");
    terminal.wait_for("the same view", PATIENCE, |s| s.contains("[log-book]") && s.contains("configmaps"));
    assert!(terminal.alternate_screen());
    press(&terminal, "d", "ConfigMap");
    press(&terminal, "<esc>", "[log-book]");
    // Stopped by somebody else, without a chance to tidy up.
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", terminal.pid())).unwrap_or_default();
    let qd: u32 = children.split_whitespace().next().and_then(|p| p.parse().ok()).expect("the program below the shell");
    quarterdeck_testing::pty::signal(qd, "STOP");
    terminal.wait_for("the shell", PATIENCE, |s| s.contains("shell>"));
    terminal.keys("fg<enter>");
    terminal.wait_for("a whole screen", PATIENCE, |s| !s.contains("shell>") && s.contains("[log-book]"));
    terminal.keys(":q<enter>");
    terminal.wait_for("the shell", PATIENCE, |s| s.trim_end().ends_with("shell>"));
    assert!(!terminal.alternate_screen() && terminal.alive());
}

/// A script as $EDITOR; it gets the file as `$1`.
fn editor(stage: &Stage, script: &str) -> TerminalOptions {
    let file = stage.home.join("editor.sh");
    std::fs::write(&file, script).expect("the editor");
    stage.options(100, 30).env("EDITOR", &format!("sh {}", file.display())).env("VISUAL", "")
}

#[test]
fn an_editor_changes_the_text_and_the_change_is_planned_and_done() {
    let (cluster, stage) = with_map();
    let options = editor(&stage, "test -t 0 && sed -i 's/calm/stormy/' \"$1\"; ls -l \"$1\" > \"$HOME/seen\"");
    let terminal = stage.live(&options, &["-n", "default"]);
    at_the_map(&terminal);
    press(&terminal, "E", "accepted by the server");
    assert!(terminal.alternate_screen() && terminal.text().contains("stormy"), "{}", terminal.text());
    let seen = std::fs::read_to_string(stage.home.join("seen")).expect("what the editor saw");
    assert!(seen.starts_with("-rw-------"), "the text is for its owner only: {seen}");
    terminal.keys("<enter>");
    until("the change", PATIENCE, || entry(&cluster) == "stormy");
    let file = seen.split_whitespace().last().expect("a name");
    assert!(!Path::new(file).exists(), "nothing stays behind in {file}");
}

#[test]
fn an_editor_that_changes_nothing_or_fails_is_told_and_loses_nothing() {
    let (cluster, stage) = with_map();
    let terminal = stage.live(&editor(&stage, "true"), &["-n", "default"]);
    at_the_map(&terminal);
    press(&terminal, "E", "the editor changed nothing");
    drop(terminal);

    let terminal = stage.live(&editor(&stage, "exit 3"), &["-n", "default"]);
    at_the_map(&terminal);
    let text = press(&terminal, "E", "the editor failed");
    assert!(text.contains("exit status: 3") && text.contains("VISUAL or EDITOR name another"), "{text}");
    drop(terminal);

    // It dies in the middle; what it had written is there and is not sent.
    let terminal = stage.live(&editor(&stage, "sed -i 's/calm/half written/' \"$1\"; kill -9 $$"), &["-n", "default"]);
    at_the_map(&terminal);
    let text = press(&terminal, "E", "the editor failed");
    assert!(text.contains("half written") && text.contains("SIGKILL"), "{text}");
    assert_eq!(entry(&cluster), "calm", "nothing was sent");
    drop(terminal);
    let terminal = stage.live(&stage.options(100, 30), &["-n", "default"]);
    at_the_map(&terminal);
    press(&terminal, "e", "half written");
    drop(terminal);

    let options = stage.options(100, 30).env("EDITOR", "no-such-editor --wait").env("VISUAL", "");
    let terminal = stage.live(&options, &["-n", "default"]);
    at_the_map(&terminal);
    let text = press(&terminal, "E", "no-such-editor");
    assert!(text.contains("VISUAL or EDITOR, or edit inside"), "{text}");
}

#[test]
fn ctrl_c_in_an_editor_is_the_editors() {
    let (_cluster, stage) = with_map();
    let mut terminal = stage.live(&editor(&stage, "echo editing; exec sleep 600"), &["-n", "default"]);
    at_the_map(&terminal);
    press(&terminal, "E", "editing");
    terminal.keys("<c-c>");
    terminal.wait_for("the screen and what happened", PATIENCE, |s| s.contains("the editor failed"));
    press(&terminal, "<esc>", "log-book");
    assert!(terminal.alive());
}

const GREEN: &str = "parent = \"terminal\"\n[roles]\nheader = { fg = \"green\" }\n";

/// A folder of the configuration.
fn config(stage: &Stage, folder: &str) -> std::path::PathBuf {
    let folder = stage.home.join(".config/quarterdeck").join(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn header_colour(terminal: &Terminal) -> String {
    terminal.colour_at(0, 2)
}

#[test]
fn an_edited_theme_changes_the_colours_without_a_key_and_a_broken_one_changes_nothing() {
    let (_cluster, stage) = with_map();
    let file = config(&stage, "themes").join("mine.toml");
    std::fs::write(&file, GREEN).expect("written");
    let terminal = stage.live(&stage.options(100, 30), &["--theme", "mine"]);
    let green = header_colour(&terminal);
    std::fs::write(&file, GREEN.replace("green", "red")).expect("written");
    until("the new colour", PATIENCE, || header_colour(&terminal) != green);
    let red = header_colour(&terminal);
    std::fs::write(&file, "[roles\nheader = ").expect("written");
    terminal.wait_for("what is wrong", PATIENCE, |s| {
        s.contains("mine.toml: line 1") && s.contains("the theme stays as it was")
    });
    assert_eq!(header_colour(&terminal), red);
    std::fs::write(&file, GREEN).expect("written");
    until("the colour of the mended file", PATIENCE, || header_colour(&terminal) == green);
    // As editors do that write a new file and put it in place of the old one.
    std::fs::write(file.with_extension("new"), GREEN.replace("green", "red")).expect("written");
    std::fs::rename(file.with_extension("new"), &file).expect("renamed");
    until("the colour of the file that was replaced", PATIENCE, || header_colour(&terminal) == red);
}

#[test]
fn an_edited_key_map_counts_at_once_and_a_broken_one_leaves_the_keys() {
    let (_cluster, stage) = with_map();
    // The folder comes while the program runs.
    std::fs::create_dir_all(stage.home.join(".config/quarterdeck")).expect("a folder");
    let terminal = stage.live(&stage.options(100, 30), &[]);
    let file = config(&stage, "keymaps").join("keys.toml");
    until("the new key", PATIENCE, || {
        std::fs::write(&file, "[global]\n\"X\" = \"go contexts\"\n").expect("written");
        terminal.keys("X");
        terminal.try_wait(Duration::from_millis(500), &|s| s.contains("SERVER")).is_ok()
    });
    std::fs::write(&file, "[global]\n\"X\" = \n").expect("written");
    terminal
        .wait_for("what is wrong", PATIENCE, |s| s.contains("keys.toml") && s.contains("the keys stay as they were"));
    go(&terminal, "configmaps", "log-book");
    press(&terminal, "X", "SERVER");
    std::fs::write(&file, "[global]\n\"X\" = \"no-such-command\"\n").expect("written");
    terminal.wait_for("a problem that stops nothing", PATIENCE, |s| s.contains("`:problems` lists them"));
    press(&terminal, ":problems<enter>", "no command `no-such");
}

#[test]
fn the_theme_and_the_keys_that_were_chosen_last_are_there_at_the_next_start() {
    let (_cluster, stage) = with_map();
    let themes = config(&stage, "themes");
    std::fs::write(themes.join("mine.toml"), GREEN).expect("written");
    let terminal = stage.live(&stage.options(100, 30), &[]);
    let before = header_colour(&terminal);
    terminal.keys(":theme mine<enter>");
    until("the chosen theme", PATIENCE, || header_colour(&terminal) != before);
    let chosen = header_colour(&terminal);
    press(&terminal, ":keymap vim<enter>", "key map vim");
    drop(terminal);
    let terminal = stage.live(&stage.options(100, 30), &[]);
    assert_eq!(header_colour(&terminal), chosen);
    drop(terminal);
    // One that is gone is passed over.
    std::fs::remove_file(themes.join("mine.toml")).expect("removed");
    let terminal = stage.live(&stage.options(100, 30), &[]);
    assert_eq!(header_colour(&terminal), before);
}

#[test]
fn over_ssh_the_terminal_gets_the_copy_and_without_a_display_it_does_too() {
    let (_cluster, stage) = with_map();
    let wanted = format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode("log-book"));
    // A desktop that is not there (any more) is passed over; the toast says which way was used.
    for (name, value) in [("SSH_TTY", "/dev/pts/0"), ("DISPLAY", ""), ("DISPLAY", ":4242")] {
        let mut options = stage.options(100, 30).env(name, value);
        options.unset.push("WAYLAND_DISPLAY".into());
        let terminal = stage.live(&options, &["-n", "default"]);
        at_the_map(&terminal);
        let text = press(&terminal, "c", "sent to the terminal (OSC 52)");
        assert!(text.contains("log-book"), "{text}");
        terminal.wait_raw(wanted.as_bytes(), PATIENCE);
    }
}

#[test]
fn a_cut_line_keeps_the_place_and_the_next_start_returns_there() {
    let (_cluster, stage) = with_map();
    let mut terminal = stage.live(&stage.options(80, 24), &["-n", "default"]);
    at_the_map(&terminal);
    terminal.hang_up();
    assert!(terminal.wait_exit(Duration::from_secs(20)).is_some(), "the program ends with its line");
    let mut terminal = stage.start(&stage.options(80, 24), &[]);
    terminal.wait_for("the place where the line was cut", PATIENCE, |s| {
        let first = s.lines().next().unwrap_or_default();
        first.contains("configmaps") && first.contains("default") && s.contains("[log-book]") && s.contains("cut off")
    });
    // The same by the signal alone, as `kill -HUP` sends it.
    go(&terminal, "secrets", "no secrets");
    terminal.signal("HUP");
    assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0), "{}", terminal.text());
    assert!(!terminal.alternate_screen());
    let mut terminal = stage.live(&stage.options(80, 24), &[]);
    terminal.wait_for("the other place", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("secrets")));
    // Who leaves by themselves begins at home, and is offered the way back.
    terminal.keys(":q<enter>");
    assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0));
    let terminal = stage.live(&stage.options(80, 24), &[]);
    terminal.wait_text("goes back to where you were");
}

#[test]
fn a_cut_line_in_the_middle_of_an_edit_loses_nothing() {
    let (_cluster, stage) = with_map();
    let mut terminal = stage.live(&stage.options(80, 24), &["-n", "default"]);
    at_the_map(&terminal);
    press(&terminal, "e", "apiVersion");
    press(&terminal, "# typed on a train<enter>", "on a train");
    terminal.hang_up();
    assert!(terminal.wait_exit(Duration::from_secs(20)).is_some());
    let terminal = stage.start(&stage.options(80, 24), &["-n", "default"]);
    terminal.wait_for("the text", PATIENCE, |s| s.contains("on a train") && s.contains("edit"));
}

#[test]
fn a_request_to_end_gives_the_terminal_back() {
    let (_cluster, stage) = with_map();
    for signal in ["TERM", "INT"] {
        let mut terminal = stage.live(&stage.options(80, 24), &["-n", "default"]);
        at_the_map(&terminal);
        terminal.signal(signal);
        assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0), "{}", terminal.text());
        assert!(!terminal.alternate_screen());
        let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
        let last = raw.rfind("\x1b[?25l").map_or(0, |at| at);
        assert!(raw[last..].contains("\x1b[?25h"), "the cursor is shown again");
    }
}

/// What runs in a terminal of its own for the test below: the screen's own loop, and a task that panics.
#[test]
#[ignore = "a part of another test"]
fn a_program_with_a_task_that_panics() {
    let Some(sign) = std::env::var_os("QD_TEST_PANIC") else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let kubeconfig = std::env::var("QD_TEST_KUBECONFIG").expect("a kubeconfig");
    let options = quarterdeck_core::session::Options {
        kubeconfig: quarterdeck_core::session::KubeconfigFrom::Paths(vec![kubeconfig.into()]),
        ..Default::default()
    };
    let ended = runtime.block_on(async {
        tokio::spawn(async move {
            while !Path::new(&sign).exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("the mast is broken");
        });
        quarterdeck_tui::run(options, quarterdeck_tui::TuiOptions::default()).await
    });
    println!("ENDED: {}", ended.expect_err("it cannot go on"));
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_reported() {
    let (_cluster, stage) = with_map();
    let sign = stage.home.join("now");
    let options = stage
        .options(100, 30)
        .env("RUST_BACKTRACE", "0")
        .env("QD_TEST_PANIC", &sign.display().to_string())
        .env("QD_TEST_KUBECONFIG", &stage.kubeconfig.display().to_string());
    let own = std::env::current_exe().expect("this program");
    let arguments = ["--exact", "terminal::a_program_with_a_task_that_panics", "--ignored", "--nocapture"];
    let mut terminal = Terminal::start(&own, &arguments, &options);
    terminal.wait_for("live", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
    assert!(terminal.alternate_screen());
    std::fs::write(&sign, "").expect("written");
    assert!(terminal.wait_exit(PATIENCE).is_some(), "it ends without a key:\n{}", terminal.text());
    assert!(!terminal.alternate_screen());
    let text = terminal.text();
    assert!(text.contains("the mast is broken"), "{text}");
    assert!(text.contains("ENDED: the screen was closed") && text.contains("start it again"), "{text}");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let (back, told) = (raw.find("\x1b[?1049l"), raw.find("the mast is broken"));
    assert!(back.is_some() && back < told, "first the terminal, then the report");
}

#[test]
fn over_ssh_an_address_is_shown_as_a_link_and_copied() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let url = "https://vault.ominis.ai";
    let copied = format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(url));
    for (term, linked) in [("xterm-kitty", true), ("xterm-256color", false)] {
        let options = stage.options(120, 30).env("SSH_TTY", "/dev/pts/0").env("TERM", term);
        let terminal = stage.live(&options, &[]);
        go(&terminal, "routes", "vault.ominis.ai");
        press(&terminal, "/host:vault.ominis.ai<enter>", "vault.ominis.ai");
        press(&terminal, "o", "sent to the terminal (OSC 52)");
        terminal.wait_raw(copied.as_bytes(), PATIENCE);
        let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
        assert_eq!(raw.contains(&format!("\x1b]8;;{url}\x1b\\")), linked, "{term}");
        assert_eq!(
            raw.matches("\x1b]8;;\x1b\\").count(),
            raw.matches(&format!("\x1b]8;;{url}\x1b\\")).count(),
            "each link ends"
        );
        assert!(terminal.text().contains(url), "{}", terminal.text());
    }
}
