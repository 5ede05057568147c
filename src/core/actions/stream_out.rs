//! A directory of a container as a tar archive in a local file: made beside its name, looked through, and only then
//! given its name.

use super::action::{Carried, Work};
use super::archive::TarCheck;
use crate::cluster::{ExecRequest, Request};
use crate::{Problem, ProblemKind, Result};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The kind of the body of a step that is a stream into a file.
pub(crate) const KIND: &str = "Backup";
/// What a program may say on its error output before the rest is dropped.
const SAID: usize = 4096;
/// Progress is told after so many bytes.
const TOLD: u64 = 1 << 20;
/// So long it may take to remove a file from the container.
const REMOVAL: Duration = Duration::from_secs(10);

/// The unfinished file; it goes when the work does.
struct Part {
    path: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What is streamed out of where.
struct Source {
    namespace: String,
    pod: String,
    container: String,
    path: String,
}

impl Source {
    fn exec(&self, words: &[&str]) -> ExecRequest {
        ExecRequest {
            namespace: self.namespace.as_str().into(),
            pod: self.pod.as_str().into(),
            container: self.container.as_str().into(),
            command: words.iter().map(|w| (*w).to_owned()).collect(),
            tty: false,
            stdin: false,
        }
    }
    /// The database of the directory.
    fn database(&self) -> String {
        format!("{}/db.sqlite3", self.path.trim_end_matches('/'))
    }
    /// The copy that SQLite makes of it for us.
    fn copy(&self) -> String {
        format!("{}.qd-backup", self.database())
    }
}

/// Carries a backup out.
pub(crate) async fn stream_out(work: &Work<'_>) -> Result<Carried> {
    (work.allowed)()?;
    let object = &work.step.object;
    let body = work.step.effect.body.clone().unwrap_or_default();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let source = Source {
        namespace: object.namespace.to_string(),
        pod: object.name.to_string(),
        container: text("container"),
        path: text("path"),
    };
    let current: Value = work.cluster.json(Request::get(object.path(None))).await?;
    if current["metadata"]["uid"] != *object.uid {
        return Err(super::pipeline::recreated(object));
    }
    let copying = AtomicBool::new(false);
    let mut done = tokio::select! {
        done = run(work, &source, &body, &copying) => done,
        () = work.cancel.cancelled() => Err(work.stopped(match Path::new(&text("file")).exists() {
            true => "the file is written, but its upload was not waited for",
            false => "nothing is left of the file",
        })),
    };
    // Nothing of ours stays in the container, however it ended.
    if copying.load(Ordering::Relaxed) {
        let copy = source.copy();
        let removed = tokio::time::timeout(REMOVAL, say(work, source.exec(&["rm", "-f", &copy]))).await;
        if !matches!(removed, Ok(Ok((0, _)))) {
            let left = format!("; {copy} could not be removed from the container: remove it");
            match &mut done {
                Ok(carried) => carried.text.push_str(&left),
                Err(problem) => problem.why.push_str(&left),
            }
        }
    }
    done
}

/// Lets SQLite make a copy of the database, which is whole whatever the app writes meanwhile; whether it did.
async fn copy_database(work: &Work<'_>, source: &Source, copying: &AtomicBool) -> bool {
    (work.tell)("asks SQLite for a copy of the database");
    // As a URI: a database that is not there must not be made.
    let uri = source.database().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let (uri, backup) = (format!("file:{uri}?mode=rw"), format!(".backup '{}'", source.copy()));
    copying.store(true, Ordering::Relaxed);
    if matches!(say(work, source.exec(&["sqlite3", &uri, &backup])).await, Ok((0, _))) {
        return true;
    }
    // Half a copy, or an empty one, must not get into the archive.
    let _ = say(work, source.exec(&["rm", "-f", &source.copy()])).await;
    copying.store(false, Ordering::Relaxed);
    false
}

async fn run(work: &Work<'_>, source: &Source, body: &Value, copying: &AtomicBool) -> Result<Carried> {
    let object = &work.step.object;
    let file = PathBuf::from(body["file"].as_str().unwrap_or_default());
    let part = Part { path: part_of(&file) };
    let mut out = create(&part.path)?;
    let copied = copy_database(work, source, copying).await;
    let check = archive(work, source.exec(&["tar", "-cf", "-", &source.path]), &mut out).await?;
    out.sync_all().map_err(|e| Problem::io("cannot write", &e).on(file.display().to_string()))?;
    let bytes = check.bytes;
    let (hash, files, databases) = check.finish().map_err(|why| {
        Problem::new(ProblemKind::Invalid, "the backup is not good and was thrown away", why).on(object.to_string())
    })?;
    keep(&part.path, &file)?;
    let mut said = format!("{files} files, {} in {}, SHA-256 {hash}", human(bytes), file.display());
    if copied {
        said.push_str("; db.sqlite3.qd-backup in it is SQLite's own copy");
    } else if !databases.is_empty() {
        said.push_str("; the database was copied as it lay there (the container has no sqlite3)");
    }
    let upload: Vec<String> =
        body["upload"].as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
    if !upload.is_empty() {
        (work.tell)("the file is written; it is being uploaded");
        send_away(&upload, &file).await?;
        said.push_str("; uploaded");
    }
    Ok(Carried { text: crate::text::clean_line(&said).into_owned() })
}

/// Runs a program to its end: its exit code and what it said.
async fn say(work: &Work<'_>, request: ExecRequest) -> Result<(i32, String)> {
    let mut process = work.cluster.exec(&request).await?;
    let (mut stdout, mut stderr) = (process.stdout.take(), process.stderr.take());
    let (a, b) = tokio::join!(short(&mut stdout), short(&mut stderr));
    Ok((process.wait().await?, format!("{a}{b}")))
}

async fn short(stream: &mut Option<std::pin::Pin<Box<dyn AsyncRead + Send>>>) -> String {
    let Some(stream) = stream else { return String::new() };
    let mut all = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(n) = stream.read(&mut chunk).await {
        if n == 0 {
            break;
        }
        let room = SAID.saturating_sub(all.len()).min(n);
        all.extend_from_slice(&chunk[..room]);
    }
    crate::text::clean_line(String::from_utf8_lossy(&all).trim()).into_owned()
}

/// Runs tar and writes what comes.
async fn archive(work: &Work<'_>, request: ExecRequest, out: &mut std::fs::File) -> Result<TarCheck> {
    let object = &work.step.object;
    let no_tar = |why: &str| {
        Problem::new(ProblemKind::Invalid, "cannot back up", format!("tar does not run in the container: {why}"))
            .on(object.to_string())
            .next("its image has no tar: add one beside it (kubectl debug --target, with the same volume), or take a snapshot of the volume")
    };
    let mut process = work.cluster.exec(&request).await?;
    let (mut stdout, mut stderr) = (process.stdout.take(), process.stderr.take());
    let mut check = TarCheck::default();
    let copy = async {
        let Some(stream) = &mut stdout else { return Ok(()) };
        let mut chunk = vec![0; 64 * 1024];
        let mut told = 0;
        loop {
            let n = stream.read(&mut chunk).await.map_err(|e| {
                Problem::new(ProblemKind::Unreachable, "the stream broke", e.to_string()).on(object.to_string())
            })?;
            if n == 0 {
                return Ok::<(), Problem>(());
            }
            check.feed(&chunk[..n]);
            out.write_all(&chunk[..n]).map_err(|e| Problem::io("cannot write the backup", &e))?;
            if check.bytes - told >= TOLD {
                told = check.bytes;
                (work.tell)(&format!("{} so far, {} files", human(check.bytes), check.files));
            }
        }
    };
    let (copied, said) = tokio::join!(copy, short(&mut stderr));
    copied?;
    match process.wait().await {
        Ok(0) => Ok(check),
        Ok(126 | 127) => Err(no_tar(if said.is_empty() { "not found" } else { &said })),
        Ok(code) => Err(Problem::new(ProblemKind::Invalid, "cannot back up", format!("tar ended with {code}: {said}"))
            .on(object.to_string())
            .next("check the path; 1 means that a file changed while it was read: try again")),
        Err(problem) if problem.why.contains("not found") || problem.why.contains("no such file") => {
            Err(no_tar(&problem.why))
        }
        Err(problem) => Err(problem),
    }
}

fn part_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn create(path: &Path) -> Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| Problem::io("cannot write", &e).on(path.display().to_string()))
}

/// Gives the finished file its name, if nobody has it.
fn keep(part: &Path, file: &Path) -> Result<()> {
    // A hard link is refused where the name is taken, a rename is not.
    match std::fs::hard_link(part, file) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists && !file.exists() => std::fs::rename(part, file)
            .map_err(|e| Problem::io("cannot name the backup", &e).on(file.display().to_string())),
        Err(_) => Err(Problem::new(ProblemKind::Conflict, "nothing was written", "there is a file of this name now")
            .on(file.display().to_string())
            .next("give another --file")),
    }
}

/// Runs the configured command on the file.
async fn send_away(command: &[String], file: &Path) -> Result<()> {
    let name = file.display().to_string();
    let mut words: Vec<String> = command.iter().map(|w| w.replace("{file}", &name)).collect();
    if words == command {
        words.push(name.clone());
    }
    let failed = |why: String| {
        Problem::new(ProblemKind::Io, "the file is written, but its upload failed", why)
            .on(&name)
            .next(format!("run it yourself: {}", crate::text::clean_line(&words.join(" "))))
    };
    let mut process = tokio::process::Command::new(&words[0]);
    process.args(&words[1..]).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = process.output().await.map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(crate::text::clean_line(said.lines().last().unwrap_or("it said nothing")).into_owned()))
}

/// `12.3 MiB`
fn human(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}
