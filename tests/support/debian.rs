//! Servers that are C programs: taken from the `PATH`, or else from Debian's packages, unpacked into
//! `target/real/debs` without a root's rights and without touching the system.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{say, workshop};

/// A program and what has to be in its environment.
#[derive(Debug, Clone)]
pub struct Unpacked {
    /// Where it is.
    pub program: PathBuf,
    /// `LD_LIBRARY_PATH`; empty for a program of the system.
    pub libraries: String,
}

/// The packages; their libraries come along where the system has none.
const PACKAGES: [&str; 2] = ["bind9", "redis-server"];

/// BIND's name server.
pub fn named() -> Result<Unpacked, String> {
    found("named", "usr/sbin/named")
}

/// Redis.
pub fn redis() -> Result<Unpacked, String> {
    found("redis-server", "usr/bin/redis-server")
}

fn found(name: &str, inside: &str) -> Result<Unpacked, String> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
    if let Some(program) = path.split(':').map(|folder| Path::new(folder).join(name)).find(|file| file.is_file()) {
        return Ok(Unpacked { program, libraries: String::new() });
    }
    static ROOT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let root = ROOT.get_or_init(unpack).clone().map_err(|why| format!("there is no {name} on the PATH, and {why}"))?;
    let libraries = ["usr/lib", "lib"].iter().flat_map(|folder| {
        let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
        [root.join(folder).join(triplet), root.join(folder)]
    });
    let libraries: Vec<String> = libraries.filter(|p| p.is_dir()).map(|p| p.display().to_string()).collect();
    Ok(Unpacked { program: root.join(inside), libraries: libraries.join(":") })
}

/// Downloads and unpacks the packages and what they need that is not installed here.
fn unpack() -> Result<PathBuf, String> {
    let folder = workshop().join("debs");
    let root = folder.join("root");
    let told = |e: std::io::Error| format!("{}: {e}", folder.display());
    fs::create_dir_all(&folder).map_err(told)?;
    let lock = File::create(folder.join(".lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let complete = folder.join(".complete");
    if complete.is_file() {
        return Ok(root);
    }
    say("Fetching BIND and Redis from Debian's packages: once.");
    // The system's lists first. They are missing in many images, and may name versions that the archive has
    // replaced since; then lists of our own.
    let fetched = fetch(&folder, &[]).or_else(|_| {
        let option = |key: &str, name: &str| format!("-oDir::{key}={}", folder.join(name).display());
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).map_err(told)?;
        }
        let own = [option("State::Lists", "lists"), option("Cache", "cache")];
        run(apt(&folder, &own).arg("update"))?;
        fetch(&folder, &own)
    })?;
    let packages = fs::read_dir(&folder).map_err(told)?.flatten().map(|entry| entry.path());
    for package in packages.filter(|path| path.extension().is_some_and(|e| e == "deb")) {
        run(Command::new("dpkg").arg("-x").arg(&package).arg(&root))?;
        fs::remove_file(&package).map_err(told)?;
    }
    fs::write(complete, fetched.join("\n")).map_err(told)?;
    Ok(root)
}

/// Downloads what an installation would install here, and gives its names.
fn fetch(folder: &Path, options: &[String]) -> Result<Vec<String>, String> {
    let plan = run(apt(folder, options).args(["--simulate", "--no-install-recommends", "install"]).args(PACKAGES))?;
    let names = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    run(apt(folder, options).arg("download").args(&names))?;
    Ok(names)
}

fn apt(folder: &Path, options: &[String]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-q", "-oDebug::NoLocking=true"]).args(options).current_dir(folder).env("LC_ALL", "C");
    command
}

fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name} cannot be run: {e}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
