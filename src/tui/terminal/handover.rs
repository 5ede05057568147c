//! Lends the terminal to another program ($EDITOR, a sign-in plugin, the shell after Ctrl-Z) and
//! takes it back. Input must not be read meanwhile: the caller drops its event stream first.

use super::Screen;
use super::screen::restore;
use quarterdeck_core::Problem;
use std::io;
use std::process::Command;

/// Runs a program on the real terminal. Returns whether it ended well.
pub fn run(screen: &mut Screen, command: &mut Command) -> io::Result<bool> {
    restore();
    let ended = command.status();
    screen.take()?;
    Ok(ended?.success())
}

/// Lets $EDITOR change a text. `None`: it was left as it was, or the editor failed.
///
/// # Errors
/// When no file can be written or the editor cannot be started; nothing is lost then.
pub fn edit(screen: &mut Screen, name: &str, text: &str) -> Result<Option<String>, Problem> {
    edit_with(name, text, |command| run(screen, command))
}

/// The same, with a way of one's own to run a program.
pub fn edit_with(
    name: &str,
    text: &str,
    run: impl FnOnce(&mut Command) -> io::Result<bool>,
) -> Result<Option<String>, Problem> {
    let what = "cannot edit outside";
    let folder = std::env::temp_dir().join(format!("quarterdeck-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| Problem::io(what, &e).on(folder.display().to_string()))?;
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let file = folder.join(safe);
    write_private(&file, text).map_err(|e| Problem::io(what, &e).on(file.display().to_string()))?;
    let words = editor();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(&file);
    let ended = run(&mut command);
    let after = std::fs::read_to_string(&file);
    // The text may hold secrets: it does not stay behind.
    let _ = std::fs::remove_file(&file);
    let _ = std::fs::remove_dir(&folder);
    match ended {
        Ok(true) => {
            let after = after.map_err(|e| Problem::io(what, &e).on(file.display().to_string()))?;
            Ok((after != text).then_some(after))
        }
        Ok(false) => Ok(None),
        Err(e) => Err(Problem::io(what, &e).on(words.join(" ")).next("set EDITOR, or edit inside with `e`")),
    }
}

/// Writes a file that only its owner can read.
fn write_private(file: &std::path::Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
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

/// The user's editor with its arguments: `VISUAL`, `EDITOR`, else `vi`.
pub fn editor() -> Vec<String> {
    ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .map(|value| value.split_whitespace().map(String::from).collect::<Vec<_>>())
        .find(|words| !words.is_empty())
        .unwrap_or_else(|| vec!["vi".into()])
}
