//! Lends the terminal to another program ($EDITOR, a sign-in plugin, the shell after Ctrl-Z) and
//! takes it back. Input must not be read meanwhile: the caller drops its event stream first.

use super::Screen;
use super::screen::restore;
use crate::state::effect::Edited;
use quarterdeck_core::{Problem, ProblemKind};
use std::io;
use std::path::{Path, PathBuf};
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
    let folder = match own_folder(&std::env::temp_dir()) {
        Ok(folder) => folder,
        Err((folder, e)) => {
            return failed(Problem::io(what, &e).on(folder.display().to_string()).next("set TMPDIR, or edit inside"));
        }
    };
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let file = folder.join(safe);
    if let Err(e) = write_private(&file, text) {
        let _ = std::fs::remove_file(&file);
        let _ = std::fs::remove_dir(&folder);
        return failed(Problem::io(what, &e).on(file.display().to_string()).next("set TMPDIR, or edit inside"));
    }
    let words = editor();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(&file);
    let ended = run(&mut command);
    let after = match std::fs::read(&file).map(String::from_utf8) {
        Ok(Ok(after)) => (after != text).then_some(after),
        Ok(Err(_)) => {
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
    // The text may hold secrets: it does not stay behind.
    let _ = std::fs::remove_file(&file);
    let _ = std::fs::remove_dir(&folder);
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

/// Makes a folder that was not there: others write in this one too, and may have put a link or a folder of their own in
/// the place.
fn own_folder(within: &Path) -> Result<PathBuf, (PathBuf, io::Error)> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder.mode(0o700);
    let mut tries = 0_u32;
    loop {
        let folder = within.join(format!("quarterdeck-{}-{tries}", std::process::id()));
        match builder.create(&folder) {
            Ok(()) => return Ok(folder),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tries < 1000 => tries += 1,
            Err(e) => return Err((folder, e)),
        }
    }
}

/// Writes a new file that only its owner can read.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
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
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_somebody_else_put_in_the_place_is_not_written_into() {
        let shared = tempfile::tempdir().expect("a folder");
        let theirs = shared.path().join("theirs");
        std::fs::create_dir(&theirs).expect("a folder");
        let first = shared.path().join(format!("quarterdeck-{}-0", std::process::id()));
        std::os::unix::fs::symlink(&theirs, &first).expect("a link");
        let own = own_folder(shared.path()).expect("a folder of our own");
        assert_ne!(own, first);
        assert_eq!(own.metadata().expect("it is there").permissions().mode() & 0o777, 0o700);
        write_private(&own.join("text"), "hunter2").expect("written");
        assert!(std::fs::read_dir(&theirs).expect("it can be read").next().is_none());
        let again = write_private(&own.join("text"), "x").expect_err("it is there already");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }
}
