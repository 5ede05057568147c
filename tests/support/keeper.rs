//! Starts servers so that none outlives the test program, not even after `kill -9`.
//!
//! Each server runs under a small shell that holds the reading end of a pipe. The test program holds the other end:
//! when it writes, drops it or dies in any way, the shell reads end-of-file and kills the server.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

// The guard is a subshell that blocks in `read`, so that waiting costs nothing; `wait` hands on the exit code.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
( read -r _ <&3; kill -KILL "$server" ) 2>/dev/null &
guard=$!
wait "$server"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
"#;

// Runs after everything else has gone: removes the state folder once the pipe is closed.
const JANITOR: &str = r#"read -r _; n=0
while ! rm -rf "$1" 2>/dev/null && [ "$n" -lt 20 ]; do n=$((n+1)); sleep 0.2; done"#;

/// A server that runs as long as this value lives, and no longer.
#[derive(Debug)]
pub struct Kept {
    name: String,
    log: PathBuf,
    shell: Child,
    line: Option<ChildStdin>,
}

impl Kept {
    /// Starts a program with its output in `log`.
    pub fn start(name: &str, program: &Path, arguments: &[String], log: &Path) -> io::Result<Kept> {
        Kept::start_in(name, program, arguments, log, &[])
    }

    /// As [`Kept::start`], with variables added to the environment.
    pub fn start_in(
        name: &str,
        program: &Path,
        arguments: &[String],
        log: &Path,
        variables: &[(&str, &str)],
    ) -> io::Result<Kept> {
        let output = File::options().create(true).append(true).open(log)?;
        let errors = output.try_clone()?;
        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, name])
            .arg(program)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C on the terminal ends the tests, and they end this.
            .process_group(0)
            .spawn()?;
        let line = shell.stdin.take();
        Ok(Kept { name: name.to_owned(), log: log.to_owned(), shell, line })
    }

    /// Its exit code, if it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        self.shell.try_wait().ok().flatten().map(|status| status.code().unwrap_or(-1))
    }

    /// Kills it as a power failure would, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut line) = self.line.take() {
            let _ = line.write_all(b"\n");
        }
        let _ = self.shell.wait();
    }

    /// The last lines of its log, for a message about its death.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        format!("{} says, at the end of {}:\n{}", self.name, self.log.display(), tail.join("\n"))
    }

    /// Waits until `ready` says so; an error when the server dies or takes longer than a loaded machine explains.
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> Result<(), String> {
        let patience = Duration::from_secs(180);
        let since = Instant::now();
        while !ready() {
            if let Some(code) = self.ended() {
                return Err(format!("{} ended with code {code}. {}", self.name, self.last_words()));
            }
            if since.elapsed() > patience {
                return Err(format!("{} is not ready after {patience:?}. {}", self.name, self.last_words()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a server is up, asked with what it has said since it was started.
type Ready = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// A server that a test may stop and start again.
pub struct Service {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    log: PathBuf,
    ready: Ready,
    kept: Mutex<Option<Kept>>,
}

impl Service {
    /// A server that writes `NAME.log` into `folder` and is up when `ready` says so, which is asked with what the
    /// server has said since its start. It is not started yet.
    pub fn new(
        name: &str,
        program: &Path,
        arguments: Vec<String>,
        folder: &Path,
        ready: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Service {
        Service {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments,
            variables: Vec::new(),
            log: folder.join(format!("{name}.log")),
            ready: Box::new(ready),
            kept: Mutex::new(None),
        }
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Service {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it, if it does not run, and waits until it is ready.
    pub fn start(&self) -> Result<(), String> {
        let mut slot = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_mut().is_some_and(|kept| kept.ended().is_none()) {
            return Ok(());
        }
        let said = self.log().len();
        let variables: Vec<(&str, &str)> = self.variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut kept = Kept::start_in(&self.name, &self.program, &self.arguments, &self.log, &variables)
            .map_err(|e| format!("cannot start {}: {e}", self.name))?;
        kept.wait_until(|| (self.ready)(self.log().get(said..).unwrap_or_default()))?;
        *slot = Some(kept);
        Ok(())
    }

    /// Kills it as a power failure would. Nothing happens when it does not run.
    pub fn stop(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Kills it and starts it again.
    pub fn restart(&self) -> Result<(), String> {
        self.stop();
        self.start()
    }

    /// What it has said since it was first started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Whether somebody listens on this port of 127.0.0.1.
pub fn answers(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Copies the logs of a folder that will be removed to `target/real/failed` whenever a test of this program fails.
pub fn keep_logs_of(folder: &Path) {
    static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    if folders.is_empty() {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            told(info);
            if let Ok(folders) = FOLDERS.try_lock() {
                for folder in folders.iter() {
                    copy_logs(folder);
                }
            }
        }));
    }
    folders.push(folder.to_owned());
}

fn copy_logs(from: &Path) {
    let to = crate::workshop().join("failed").join(from.file_name().unwrap_or_default());
    let _ = std::fs::create_dir_all(&to);
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|e| e == "log") {
            let _ = std::fs::copy(entry.path(), to.join(entry.file_name()));
        }
    }
}

/// Removes a folder when the test program is gone, however it went. Keep the value as long as the folder is used.
#[derive(Debug)]
pub struct Janitor {
    shell: Child,
}

impl Janitor {
    /// Starts to wait for the end.
    pub fn for_folder(folder: &Path) -> io::Result<Janitor> {
        let shell = Command::new("sh")
            .args(["-c", JANITOR, "janitor"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Janitor { shell })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(pid: &str) -> bool {
        Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    }

    #[test]
    fn a_server_dies_with_the_value_that_holds_it() {
        let folder = std::env::temp_dir().join(format!("qd-keeper-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let log = folder.join("log");
        let script = "echo $$; exec sleep 600".to_owned();
        let mut kept = Kept::start("sleeper", Path::new("sh"), &["-c".to_owned(), script], &log).unwrap();
        let pid = || std::fs::read_to_string(&log).unwrap_or_default().trim().to_owned();
        kept.wait_until(|| !pid().is_empty()).unwrap();
        let pid = pid();
        assert!(alive(&pid));
        drop(kept);
        assert!(!alive(&pid), "the server outlived its keeper");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_server_that_dies_is_reported_with_its_last_words() {
        let folder = std::env::temp_dir().join(format!("qd-keeper-dead-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let script = "echo bind: address already in use; exit 3".to_owned();
        let mut kept =
            Kept::start("stillborn", Path::new("sh"), &["-c".to_owned(), script], &folder.join("log")).unwrap();
        let error = kept.wait_until(|| false).unwrap_err();
        assert!(error.contains("stillborn ended with code 3") && error.contains("address already in use"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
