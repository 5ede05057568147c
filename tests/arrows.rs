//! The walls of the house that crates cannot hold: who may know whom, how long a file may be, and that every room
//! has a sign on its door. `src/README.md` says why; `deny.toml` holds the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quarterdeck_testing::{repository, say};

/// Lines at which a file makes its author think, and at which it stops them.
const LONG: usize = 400;
const TOO_LONG: usize = 600;

/// A crate that only some rooms may name.
struct Wall {
    /// As it is written in code.
    names: &'static [&'static str],
    /// Where it may be named: folders end in `/`, `*` stands for any path.
    rooms: &'static [&'static str],
    why: &'static str,
}

const WALLS: &[Wall] = &[
    Wall {
        names: &["crossterm"],
        rooms: &["src/tui/terminal/"],
        why: "one room knows the terminal, so that everything else can be tested without one",
    },
    Wall {
        names: &["ratatui", "ratatui_core", "ratatui_textarea", "ansi_to_tui"],
        // The robot is the screen's stand-in for tests: it draws into memory.
        rooms: &[
            "src/tui/terminal/",
            "src/tui/widgets/",
            "src/tui/theme/",
            "src/tui/*/view.rs",
            "src/tui/*/view/",
            "src/tui/robot.rs",
            "src/tui/plain.rs",
        ],
        why: "what the screen remembers and decides is not how it is drawn",
    },
    Wall {
        names: &["kube", "kube_client", "kube_core", "k8s_openapi"],
        rooms: &["src/core/cluster/"],
        why: "one room talks to the cluster, so that read-only mode and the journal cannot be walked around",
    },
    Wall {
        names: &["quarterdeck_core", "quarterdeck_tui", "quarterdeck_cli"],
        rooms: &["src/cli/", "src/tui/", "src/main.rs", "src/program/"],
        why: "the core and the embedded cluster know nothing of those that use them",
    },
];

/// Crates that draw or read a terminal; the core's users may have none.
const TERMINAL: &[&str] = &["crossterm", "ratatui", "ratatui-core", "termion", "termwiz", "portable-pty", "vt100"];

fn sources(top: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(top)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                // Examples and a crate's own outer tests are programs of their own.
                let aside = path.ends_with("examples") || (top == "src" && path.ends_with("tests"));
                if !aside {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a readable source file");
                found.push((named(&path), text));
            }
        }
    }
    found.sort();
    found
}

/// The path inside the repository.
fn named(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap_or(path).to_string_lossy().into_owned()
}

fn belongs(file: &str, room: &str) -> bool {
    match room.split_once('*') {
        Some((start, end)) => file.strip_prefix(start).is_some_and(|rest| {
            let rest = format!("/{rest}");
            if end.ends_with('/') { rest.contains(end) } else { rest.ends_with(end) }
        }),
        None if room.ends_with('/') => file.starts_with(room),
        None => file == room,
    }
}

/// Whether a line of code, not of comment, names a crate as a path: `use x::`, `x::y`, `extern crate x`.
fn names(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(name).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let path = after.starts_with("::") || (code.trim_start().starts_with("use ") && after.starts_with([';', ' ']));
        // `self::kube::x` or `crate::kube::x` are rooms of ours, `"kube::x"` is text.
        path && !before.is_some_and(|c| word(c) || c == ':' || c == '"')
    })
}

#[test]
fn rooms_know_only_whom_they_may() {
    let mut broken = Vec::new();
    for (file, text) in sources("src") {
        for wall in WALLS.iter().filter(|wall| !wall.rooms.iter().any(|room| belongs(&file, room))) {
            for (number, line) in text.lines().enumerate() {
                for name in wall.names.iter().filter(|name| names(line, name)) {
                    broken.push(format!("{file}:{} names {name}; {}", number + 1, wall.why));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What writes to the cluster takes an effect, which is data; it knows nothing of how one comes about.
#[test]
fn the_cluster_knows_of_actions_only_what_an_effect_is() {
    let mut broken = Vec::new();
    for (file, text) in sources("src/core/cluster") {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("crate::actions") && code.trim() != "use crate::actions::plan::Effect;" {
                broken.push(format!("{file}:{} {}", number + 1, line.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "actions know the cluster, not the other way round:\n{}", broken.join("\n"));
}

#[test]
fn a_broken_wall_would_be_seen() {
    for line in [
        "use crossterm::event::Event;",
        "    let x = crossterm::cursor::Hide;",
        "use crossterm as c;",
        "(crossterm::x)",
    ] {
        assert!(names(line, "crossterm"), "{line}");
    }
    for line in ["// crossterm::event", "use crate::crossterm::x;", "let crossterm_event = 1;", "say(\"crossterm::x\")"]
    {
        assert!(!names(line, "crossterm"), "{line}");
    }
    assert!(belongs("src/tui/pages/home/view.rs", "src/tui/*/view.rs"));
    assert!(belongs("src/tui/pages/home/view/rows.rs", "src/tui/*/view/"));
    assert!(!belongs("src/tui/pages/home/preview.rs", "src/tui/*/view.rs"));
    assert!(!belongs("src/tui/state/mod.rs", "src/tui/*/view.rs"));
}

#[test]
fn files_stay_short_enough_to_be_read() {
    let mut long = Vec::new();
    let mut too_long = Vec::new();
    for (file, text) in ["src", "tests", "benches"].iter().flat_map(|top| sources(top)) {
        match text.lines().count() {
            n if n > TOO_LONG => too_long.push(format!("{file}: {n} lines")),
            n if n > LONG => long.push(format!("{file}: {n}")),
            _ => {}
        }
    }
    if !long.is_empty() {
        say(&format!("Over {LONG} lines, think of a second file: {}", long.join(", ")));
    }
    assert!(too_long.is_empty(), "over {TOO_LONG} lines:\n{}", too_long.join("\n"));
}

#[test]
fn every_room_has_a_sign_on_its_door() {
    let mut rooms: BTreeMap<PathBuf, Vec<(String, String)>> = BTreeMap::new();
    for (file, text) in ["src", "tests"].iter().flat_map(|top| sources(top)) {
        rooms.entry(Path::new(&file).parent().expect("a folder").to_owned()).or_default().push((file, text));
    }
    let mut missing = Vec::new();
    for (room, files) in rooms {
        // Each file directly below `tests` is a program of its own.
        if room == Path::new("tests") {
            missing.extend(files.iter().filter(|(_, text)| !text.starts_with("//!")).map(|(file, _)| file.clone()));
            continue;
        }
        let doors = ["mod.rs", "lib.rs", "main.rs"];
        let door = files.iter().find(|(file, _)| doors.iter().any(|door| Path::new(file).ends_with(door)));
        match door {
            Some((_, text)) if text.starts_with("//!") => {}
            Some((file, _)) => {
                missing.push(format!("{file} does not start with `//!`: what lives there, what does not"))
            }
            None => missing.push(format!("{} has no mod.rs", room.display())),
        }
        for (file, text) in files.iter().filter(|(file, _)| Path::new(file).ends_with("mod.rs")) {
            let logic = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").find(|line| {
                let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                line.starts_with("fn ") || line.starts_with("async fn ")
            });
            if let Some(line) = logic {
                missing.push(format!("{file} is a sign and holds logic: {}", line.trim()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_core_has_no_terminal_below_it_and_nobody_has_openssl() {
    let lock = fs::read_to_string(repository().join("Cargo.lock")).expect("Cargo.lock");
    let mut graph = packages(&lock);
    for member in ["core", "sim", "cli", "tui"] {
        // Cargo.lock does not tell what only tests need; the manifest does.
        let manifest = repository().join("src").join(member).join("Cargo.toml");
        let needs = shipped(&fs::read_to_string(manifest).expect("a manifest"));
        if let Some(all) = graph.get_mut(&format!("quarterdeck-{member}")) {
            all.retain(|name| needs.contains(name));
        }
    }
    let core = closure(&graph, "quarterdeck-core");
    assert!(core.contains("kube"), "the graph was read wrongly: {core:?}");
    let found: Vec<&&str> = TERMINAL.iter().filter(|name| core.contains(**name)).collect();
    assert!(found.is_empty(), "the core's tree holds {found:?}");
    let sim = closure(&graph, "quarterdeck-sim");
    let ours: Vec<&String> =
        sim.iter().filter(|name| name.starts_with("quarterdeck-") && *name != "quarterdeck-sim").collect();
    assert!(ours.is_empty(), "the embedded cluster knows {ours:?}");
    assert!(!core.contains("quarterdeck-sim"), "the core knows the embedded cluster");
    let cli = closure(&graph, "quarterdeck-cli");
    assert!(!cli.contains("quarterdeck-tui") && !cli.contains("ratatui"), "the command line needs no screen");
    for banned in ["openssl", "openssl-sys", "native-tls"] {
        assert!(!graph.contains_key(banned), "{banned} is in Cargo.lock");
    }
}

/// The names under `[dependencies]` of a manifest.
fn shipped(manifest: &str) -> BTreeSet<String> {
    let table = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = table.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split(['.', ' ', '=']).next()).map(str::to_owned).collect()
}

/// Who depends on whom, by name: several versions of a crate count as one.
fn packages(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted =
            |line: &str| line.split('"').nth(1).unwrap_or_default().split(' ').next().unwrap_or_default().to_owned();
        let name = package.lines().find(|line| line.starts_with("name = ")).map(quoted).unwrap_or_default();
        let needs = graph.entry(name).or_default();
        needs.extend(
            package
                .lines()
                .skip_while(|line| !line.starts_with("dependencies"))
                .filter(|l| l.starts_with(" \""))
                .map(quoted),
        );
    }
    graph
}

fn closure(graph: &BTreeMap<String, BTreeSet<String>>, of: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![of.to_owned()];
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            open.extend(graph.get(&name).into_iter().flatten().cloned());
        }
    }
    seen
}
