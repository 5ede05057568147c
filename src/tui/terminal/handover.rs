//! Lends the terminal to another program ($EDITOR, a sign-in plugin, the shell after Ctrl-Z) and
//! takes it back. Input must not be read meanwhile: the caller drops its event stream first.

use super::Screen;
use super::screen::restore;
use crate::state::effect::Edited;
use quarterdeck_core::{Problem, ProblemKind};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, ExitStatus};

/// Runs a program on the real terminal. How it ended, and whether the terminal is ours again.
pub fn run(screen: &mut Screen, command: &mut Command) -> (io::Result<ExitStatus>, io::Result<()>) {
    restore();
    let ended = command.status();
    (ended, screen.take())
}

/// Lets $EDITOR change a text. Nothing that it has written is lost, however it or the terminal ends.
pub fn edit(screen: &mut Screen, name: &str, text: &str) -> Edited {
    edit_with(name, text, |command| {
        let (ended, taken) = run(screen, command);
        taken.and(ended)
    })
}

/// The same, with a way of one's own to run a program.
pub fn edit_with(name: &str, text: &str, run: impl FnOnce(&mut Command) -> io::Result<ExitStatus>) -> Edited {
    let what = "cannot edit outside";
    let failed = |problem: Problem| Edited::Failed { problem, text: None };
    let next = "set TMPDIR, or edit inside";
    // The text may hold secrets: the folder goes with all that is in it, backups of the editor's too.
    let made = tempfile::Builder::new().prefix("quarterdeck-").permissions(Permissions::from_mode(0o700)).tempdir();
    let folder = match made {
        Ok(folder) => folder,
        Err(e) => {
            return failed(Problem::io(what, &e).on(std::env::temp_dir().display().to_string()).next(next));
        }
    };
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let file = folder.path().join(safe);
    if let Err(e) = write_private(&file, text) {
        return failed(Problem::io(what, &e).on(file.display().to_string()).next(next));
    }
    let words = editor();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(&file);
    let ended = run(&mut command);
    let after = match std::fs::read(&file).map(String::from_utf8) {
        Ok(Ok(after)) => (after != text).then_some(after),
        Ok(Err(_)) => {
            let _ = folder.keep();
            let why = "the editor did not write UTF-8 text";
            return failed(
                Problem::new(ProblemKind::Io, what, why)
                    .on(words.join(" "))
                    .next(format!("what it wrote is kept in {}", file.display())),
            );
        }
        // Some editors move a file away while they fail.
        Err(_) => None,
    };
    drop(folder);
    match ended {
        Ok(status) if status.success() => after.map_or(Edited::Same, Edited::Changed),
        Ok(status) => {
            let next = match &after {
                Some(_) => "what it had written stands here as a draft; nothing was sent",
                None => "the text is as it was; VISUAL or EDITOR name another editor",
            };
            let problem = Problem::new(ProblemKind::Io, "the editor failed", status.to_string());
            Edited::Failed { problem: problem.on(words.join(" ")).next(next), text: after }
        }
        Err(e) => {
            let problem = Problem::io(what, &e).on(words.join(" "));
            Edited::Failed { problem: problem.next("set VISUAL or EDITOR, or edit inside"), text: after }
        }
    }
}

/// Writes a new file that only its owner can read.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(file)?.write_all(text.as_bytes())
}

/// Stops this program as Ctrl-Z does in a shell; returns when it is continued.
pub fn suspend(screen: &mut Screen) -> io::Result<()> {
    restore();
    // The whole process group, as the terminal itself would: a pipeline stops as one.
    let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
    screen.take()?;
    stopped.map_err(io::Error::from)
}

/// Waits until a line was typed at the terminal, or `over` says that nobody waits any more.
pub fn enter(over: impl Fn() -> bool) {
    use std::io::Read;
    use std::os::fd::AsFd;
    let Ok(mut terminal) = std::fs::File::open("/dev/tty") else { return };
    let mut one = [0_u8; 1];
    while !over() {
        let fd = terminal.as_fd();
        let mut fds = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
        let limit = rustix::event::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        match rustix::event::poll(&mut fds, Some(&limit)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => match terminal.read(&mut one) {
                Ok(1) if one[0] != b'\n' => {}
                _ => return,
            },
            Err(_) => return,
        }
    }
}

/// The user's editor with its arguments: `VISUAL`, `EDITOR`, else `vi`.
pub fn editor() -> Vec<String> {
    ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .map(|value| value.split_whitespace().map(String::from).collect::<Vec<_>>())
        .find(|words| !words.is_empty())
        .unwrap_or_else(|| vec!["vi".into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::path::PathBuf;

    #[test]
    fn only_the_owner_can_look_and_nothing_stays_behind_of_what_an_editor_leaves_beside_the_text() {
        let mut folder = PathBuf::new();
        let edited = edit_with("db.yaml", "password: hunter2", |command| {
            let file = PathBuf::from(command.get_args().last().expect("the file"));
            folder = file.parent().expect("a folder").to_owned();
            let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
            assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
            // As Emacs and others keep what was there before.
            std::fs::copy(&file, folder.join("db.yaml~")).expect("a backup");
            std::fs::write(&file, "password: geheim").expect("written");
            Ok(ExitStatus::from_raw(0))
        });
        assert_eq!(edited, Edited::Changed("password: geheim".into()));
        assert!(!folder.exists(), "{}", folder.display());
    }
}
