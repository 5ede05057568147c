//! Builds the servers and clients of the real cluster from the Go module in `tests/real`, once.
//!
//! The programs lie in `target/real/bin` with a stamp of what they were built from; a change of `go.mod`, `go.sum`
//! or the flags builds them anew. A lock lets test programs that start at the same time wait for one build.
//! `QD_REAL_BIN=/folder` uses programs that are already there and builds nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::{repository, say, workshop};

/// The folder in which the programs are, by their usual names.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

/// Name of the program, and the Go package it is built from. In this order, because what is built first fills the
/// build cache for those that follow.
const PACKAGES: [(&str, &str); 5] = [
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
];

/// The module whose version the programs have to report. Without it they call themselves `v0.0.0-master`, which
/// kubectl and Helm refuse to compare.
const VERSIONED: &str = "k8s.io/kubernetes";

impl Programs {
    /// Where a program is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The programs, built if they have to be. The error is why there are none.
pub fn programs() -> Result<Programs, String> {
    static BUILT: OnceLock<Result<Programs, String>> = OnceLock::new();
    BUILT.get_or_init(find_or_build).clone()
}

fn find_or_build() -> Result<Programs, String> {
    if let Some(folder) = std::env::var_os("QD_REAL_BIN").map(PathBuf::from) {
        return match PACKAGES.iter().find(|(name, _)| !folder.join(name).is_file()) {
            Some((name, _)) => Err(format!("QD_REAL_BIN is {}, but there is no {name} in it", folder.display())),
            None => Ok(Programs { folder }),
        };
    }
    let version = go(&["env", "GOVERSION"]).map_err(|why| {
        format!("there is no Go toolchain to build kube-apiserver with ({why}); install Go 1.26 or later")
    })?;
    build(&workshop().join("bin"), &version)
}

fn build(folder: &Path, version: &str) -> Result<Programs, String> {
    let told = |what: &str, e: std::io::Error| format!("{what} {}: {e}", folder.display());
    fs::create_dir_all(folder).map_err(|e| told("cannot create", e))?;
    let lock = File::create(folder.join(".lock")).map_err(|e| told("cannot lock", e))?;
    lock.lock().map_err(|e| told("cannot lock", e))?;
    let flags = link_flags()?;
    let wanted = stamp(&flags, version)?;
    let programs = Programs { folder: folder.to_owned() };
    let stamp = folder.join(".stamp");
    let complete = PACKAGES.iter().all(|(name, _)| programs.path(name).is_file());
    if complete && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    let _ = fs::remove_file(&stamp);
    say("Building the real control plane from tests/real/go.mod: once, about 6 minutes on two idle cores.");
    let since = Instant::now();
    for (step, (name, package)) in PACKAGES.iter().enumerate() {
        build_one(&programs.path(name), &flags, package, &format!("[{}/{}] {name}", step + 1, PACKAGES.len()))?;
    }
    fs::write(&stamp, wanted).map_err(|e| told("cannot write the stamp in", e))?;
    say(&format!("Built the real control plane in {} s.", since.elapsed().as_secs()));
    Ok(programs)
}

fn build_one(target: &Path, flags: &str, package: &str, label: &str) -> Result<(), String> {
    say(&format!("{label}: building"));
    let since = Instant::now();
    let log = target.with_extension("log");
    let output = File::create(&log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut child = command(&["build", "-ldflags", flags, "-o"])
        .arg(target)
        .arg(package)
        .stdout(Stdio::null())
        .stderr(output)
        .spawn()
        .map_err(|e| format!("cannot run go: {e}"))?;
    let mut told = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        if since.elapsed() - told > Duration::from_secs(30) {
            told = since.elapsed();
            say(&format!("{label}: {} s", told.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let words = fs::read_to_string(&log).unwrap_or_default();
    if !status.success() {
        let lines: Vec<&str> = words.lines().collect();
        return Err(format!("go build {package} failed:\n{}", lines[lines.len().saturating_sub(20)..].join("\n")));
    }
    let _ = fs::remove_file(&log);
    Ok(())
}

fn link_flags() -> Result<String, String> {
    let version = go(&["list", "-m", "-f", "{{.Version}}", VERSIONED])?;
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("0"));
    let set = |key: &str, value: &str| format!(" -X k8s.io/component-base/version.{key}={value}");
    Ok(["-s -w".to_owned(), set("gitVersion", &version), set("gitMajor", major), set("gitMinor", minor)].concat()
        + &set("gitTreeState", "archive"))
}

fn stamp(flags: &str, version: &str) -> Result<String, String> {
    let mut hash = Sha256::new();
    for file in ["go.mod", "go.sum"] {
        let path = module().join(file);
        hash.update(fs::read(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?);
    }
    for (name, package) in PACKAGES {
        hash.update(format!("{name}={package}\n"));
    }
    hash.update(flags);
    hash.update(version);
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Where a module of `tests/real/go.mod` is unpacked on this machine.
pub fn module_folder(module: &str) -> Result<PathBuf, String> {
    go(&["mod", "download", module]).and_then(|_| go(&["list", "-m", "-f", "{{.Dir}}", module])).map(PathBuf::from)
}

/// Runs `go` in the module of the servers and gives what it printed.
pub fn go(arguments: &[&str]) -> Result<String, String> {
    let output = command(arguments).output().map_err(|e| format!("cannot run go: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("go {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("go");
    command.args(arguments).current_dir(module()).env("GOWORK", "off").env_remove("GOFLAGS").stdin(Stdio::null());
    command.env("GOFLAGS", "-buildvcs=false");
    command
}

fn module() -> PathBuf {
    repository().join("tests/real")
}
