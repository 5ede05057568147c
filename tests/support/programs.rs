//! Builds the servers and clients of the real cluster from the Go modules in and under `tests/real`, each once.
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

/// What can be built: each is a Go module under `tests/real` with a `go.mod` and a complete `go.sum` of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// etcd, kube-apiserver, kube-controller-manager, kubectl, KWOK.
    ControlPlane,
    /// cert-manager's controller and its admission webhook, under a `main` of ours that binds loopback only.
    CertManager,
    /// Let's Encrypt's ACME server for tests, and the DNS server that comes with it.
    Pebble,
    /// All roles of Argo CD; `ARGOCD_BINARY_NAME` chooses one.
    ArgoCd,
    /// Gitea with SQLite.
    Gitea,
    /// Flux's kustomize-controller.
    KustomizeController,
    /// What `kubectl top` asks.
    MetricsServer,
}

struct Recipe {
    /// Below `tests/real`; empty for the folder itself.
    folder: &'static str,
    /// In words, for who waits.
    title: &'static str,
    /// Name of the program, and the Go package it is built from. In this order, because what is built first fills
    /// the build cache for those that follow.
    packages: &'static [(&'static str, &'static str)],
    tags: &'static str,
    /// The module whose version the programs have to report. Without it they call themselves `v0.0.0-master`, which
    /// kubectl and Helm refuse to compare.
    versioned: Option<&'static str>,
    /// On two idle cores, from nothing.
    minutes: u32,
}

impl Module {
    fn recipe(self) -> Recipe {
        let plain = Recipe { folder: "", title: "", packages: &[], tags: "", versioned: None, minutes: 1 };
        match self {
            Module::ControlPlane => Recipe {
                title: "the real control plane",
                packages: &[
                    ("etcd", "go.etcd.io/etcd/server/v3"),
                    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
                    ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
                    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
                    ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
                ],
                versioned: Some("k8s.io/kubernetes"),
                minutes: 6,
                ..plain
            },
            Module::CertManager => Recipe {
                folder: "cert-manager",
                title: "the real cert-manager",
                packages: &[("cert-manager-controller", "."), ("cert-manager-webhook", "./webhook")],
                minutes: 3,
                ..plain
            },
            Module::Pebble => Recipe {
                folder: "pebble",
                title: "Pebble",
                packages: &[
                    ("pebble", "github.com/letsencrypt/pebble/v2/cmd/pebble"),
                    ("pebble-challtestsrv", "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv"),
                ],
                ..plain
            },
            Module::ArgoCd => Recipe {
                folder: "argocd",
                title: "the real Argo CD",
                packages: &[("argocd", "github.com/argoproj/argo-cd/v3/cmd")],
                minutes: 6,
                ..plain
            },
            Module::Gitea => Recipe {
                folder: "gitea",
                title: "Gitea",
                packages: &[("gitea", "code.gitea.io/gitea")],
                tags: "sqlite sqlite_unlock_notify",
                minutes: 4,
                ..plain
            },
            Module::KustomizeController => Recipe {
                folder: "kustomize-controller",
                title: "Flux's kustomize-controller",
                packages: &[("kustomize-controller", "github.com/fluxcd/kustomize-controller")],
                minutes: 3,
                ..plain
            },
            Module::MetricsServer => Recipe {
                folder: "metrics-server",
                title: "metrics-server",
                packages: &[("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server")],
                minutes: 3,
                ..plain
            },
        }
    }

    fn folder(self) -> PathBuf {
        repository().join("tests/real").join(self.recipe().folder)
    }

    /// Where a module that this one needs is unpacked on this machine.
    pub fn dependency(self, module: &str) -> Result<PathBuf, String> {
        let download = self.go(&["mod", "download", module]);
        download.and_then(|_| self.go(&["list", "-m", "-f", "{{.Dir}}", module])).map(PathBuf::from)
    }

    /// Runs `go` in the module and gives what it printed.
    fn go(self, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(arguments).output().map_err(|e| format!("cannot run go: {e}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(format!("go {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
        }
    }

    fn command(self, arguments: &[&str]) -> Command {
        let mut command = Command::new("go");
        command.args(arguments).current_dir(self.folder()).env("GOWORK", "off").stdin(Stdio::null());
        command.env("GOFLAGS", "-buildvcs=false");
        command
    }
}

impl Programs {
    /// Where a program is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The programs of the control plane, built if they have to be. The error is why there are none.
pub fn programs() -> Result<Programs, String> {
    built(Module::ControlPlane)
}

/// The programs of a module, built if they have to be. The error is why there are none.
pub fn built(module: Module) -> Result<Programs, String> {
    static BUILT: [OnceLock<Result<Programs, String>>; 7] = [const { OnceLock::new() }; 7];
    BUILT[module as usize].get_or_init(|| find_or_build(module)).clone()
}

fn find_or_build(module: Module) -> Result<Programs, String> {
    let Recipe { title, packages, .. } = module.recipe();
    if let Some(folder) = std::env::var_os("QD_REAL_BIN").map(PathBuf::from) {
        match packages.iter().find(|(name, _)| !folder.join(name).is_file()) {
            None => return Ok(Programs { folder }),
            // The folder is for the control plane; what is more may lie there.
            Some((name, _)) if module == Module::ControlPlane => {
                return Err(format!("QD_REAL_BIN is {}, but there is no {name} in it", folder.display()));
            }
            Some(_) => {}
        }
    }
    let version = module
        .go(&["env", "GOVERSION"])
        .map_err(|why| format!("there is no Go toolchain to build {title} with ({why}); install Go 1.26 or later"))?;
    build(module, &workshop().join("bin"), &version)
}

fn build(module: Module, folder: &Path, version: &str) -> Result<Programs, String> {
    let recipe = module.recipe();
    let told = |what: &str, e: std::io::Error| format!("{what} {}: {e}", folder.display());
    fs::create_dir_all(folder).map_err(|e| told("cannot create", e))?;
    let mark = |kind: &str| match recipe.folder {
        "" => folder.join(format!(".{kind}")),
        name => folder.join(format!(".{kind}-{name}")),
    };
    let lock = File::create(mark("lock")).map_err(|e| told("cannot lock", e))?;
    lock.lock().map_err(|e| told("cannot lock", e))?;
    let flags = link_flags(module, &recipe)?;
    let wanted = stamp(module, &flags, version)?;
    let programs = Programs { folder: folder.to_owned() };
    let stamp = mark("stamp");
    let complete = recipe.packages.iter().all(|(name, _)| programs.path(name).is_file());
    if complete && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    let _ = fs::remove_file(&stamp);
    let (title, minutes) = (recipe.title, recipe.minutes);
    let place = module.folder().join("go.mod");
    say(&format!("Building {title} from {}: once, about {minutes} min on two idle cores.", place.display()));
    let since = Instant::now();
    for (step, (name, _)) in recipe.packages.iter().enumerate() {
        let label = format!("[{}/{}] {name}", step + 1, recipe.packages.len());
        build_one(module, &programs.path(name), &flags, recipe.packages[step].1, &label)?;
    }
    fs::write(&stamp, wanted).map_err(|e| told("cannot write the stamp in", e))?;
    say(&format!("Built {title} in {} s.", since.elapsed().as_secs()));
    Ok(programs)
}

fn build_one(module: Module, target: &Path, flags: &str, package: &str, label: &str) -> Result<(), String> {
    say(&format!("{label}: building"));
    let since = Instant::now();
    let log = target.with_extension("log");
    let output = File::create(&log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut child = module
        .command(&["build", "-tags", module.recipe().tags, "-ldflags", flags, "-o"])
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

fn link_flags(module: Module, recipe: &Recipe) -> Result<String, String> {
    let Some(versioned) = recipe.versioned else { return Ok("-s -w".to_owned()) };
    let version = module.go(&["list", "-m", "-f", "{{.Version}}", versioned])?;
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("0"));
    let set = |key: &str, value: &str| format!(" -X k8s.io/component-base/version.{key}={value}");
    Ok(["-s -w".to_owned(), set("gitVersion", &version), set("gitMajor", major), set("gitMinor", minor)].concat()
        + &set("gitTreeState", "archive"))
}

fn stamp(module: Module, flags: &str, version: &str) -> Result<String, String> {
    let mut hash = Sha256::new();
    let recipe = module.recipe();
    for file in ["go.mod", "go.sum", "main.go", "webhook/main.go"] {
        let path = module.folder().join(file);
        match fs::read(&path) {
            Ok(bytes) => hash.update(bytes),
            // Only cert-manager has sources of ours.
            Err(_) if file.ends_with(".go") => {}
            Err(e) => return Err(format!("cannot read {}: {e}", path.display())),
        }
    }
    for (name, package) in recipe.packages {
        hash.update(format!("{name}={package}\n"));
    }
    hash.update(recipe.tags);
    hash.update(flags);
    hash.update(version);
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Where a module of `tests/real/go.mod` is unpacked on this machine.
pub fn module_folder(module: &str) -> Result<PathBuf, String> {
    Module::ControlPlane.dependency(module)
}

/// Runs `go` in the module of the control plane and gives what it printed.
pub fn go(arguments: &[&str]) -> Result<String, String> {
    Module::ControlPlane.go(arguments)
}
