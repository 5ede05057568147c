//! The kubeconfig as kubectl reads it: `--kubeconfig`, else the files of `KUBECONFIG` merged in order,
//! else `~/.kube/config`, else the service account of the pod we run in.

use crate::text::clean_line;
use crate::{Problem, Result};
use kube::config as k;
use std::path::{Path, PathBuf};

/// Where a pod finds the credential of its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Another folder for it (`token`, `ca.crt`, `namespace`): projected volumes can be mounted anywhere.
const SERVICE_ACCOUNT_VARIABLE: &str = "QD_SERVICE_ACCOUNT";

/// A context: which cluster, as whom, and in which namespace.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextInfo {
    pub name: String,
    pub cluster: String,
    /// The server's URL; empty when the cluster entry is missing.
    pub server: String,
    pub user: String,
    /// Empty when the context names none.
    pub namespace: String,
    /// Whether it is the kubeconfig's current context.
    pub current: bool,
}

/// A merged kubeconfig.
#[derive(Clone, Debug, Default)]
pub struct Kubeconfig {
    pub(super) merged: k::Kubeconfig,
    files: Vec<PathBuf>,
}

impl Kubeconfig {
    /// Reads it from where kubectl would. `explicit` is `--kubeconfig`: then only this file counts and it has to exist.
    pub fn load(explicit: Option<&Path>) -> Result<Self> {
        if let Some(path) = explicit {
            return Self::read(path)?.ok_or_else(|| missing_file(path));
        }
        let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
            .map(|list| std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()).collect())
            .unwrap_or_default();
        let paths =
            if listed.is_empty() { home().map(|h| h.join(".kube/config")).into_iter().collect() } else { listed };
        let mut all = Self::default();
        for path in &paths {
            // Files of the list that do not exist are passed over, as kubectl does.
            if let Some(next) = Self::read(path)? {
                all = all.merge(next)?;
            }
        }
        if all.merged.contexts.is_empty()
            && all.merged.clusters.is_empty()
            && let Some(own) = Self::in_cluster()
        {
            return Ok(own);
        }
        if all.files.is_empty() {
            all.files = paths;
        }
        Ok(all)
    }

    /// Reads one from text. `origin` is named in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        Self::parse_in(text, Path::new(origin), None)
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => {
                return Err(Problem::config("cannot read the kubeconfig", e.to_string())
                    .on(path.display().to_string())
                    .next("check the file's owner and permissions, or name another file with --kubeconfig"));
            }
        };
        let text = decode(bytes).ok_or_else(|| {
            Problem::config("cannot read the kubeconfig", "it is neither UTF-8 nor UTF-16 text")
                .on(path.display().to_string())
        })?;
        let folder = path.parent().map(|p| if p.is_absolute() { p.into() } else { current().join(p) });
        Self::parse_in(&text, path, folder.as_deref()).map(Some)
    }

    fn parse_in(text: &str, origin: &Path, folder: Option<&Path>) -> Result<Self> {
        let documents: Vec<k::Kubeconfig> = if text.trim().is_empty() {
            Vec::new()
        } else {
            serde_saphyr::from_multiple(text).map_err(|e| unreadable(&e, origin))?
        };
        let mut all = Self { files: vec![origin.into()], ..Self::default() };
        for mut document in documents {
            if let Some(folder) = folder {
                resolve_paths(&mut document, folder);
            }
            all = all.merge(Self { merged: document, files: Vec::new() })?;
        }
        Ok(all)
    }

    /// The first to say something wins, as in kubectl.
    pub(crate) fn merge(mut self, mut next: Self) -> Result<Self> {
        let unset = |c: &Option<String>| c.as_deref().is_none_or(str::is_empty);
        if unset(&self.merged.current_context) {
            self.merged.current_context = next.merged.current_context.take();
        }
        self.merged = self.merged.merge(next.merged).map_err(|e| {
            Problem::config("cannot merge the kubeconfig files", e.to_string())
                .next("apiVersion has to be v1 and kind has to be Config in all of them")
        })?;
        self.files.append(&mut next.files);
        Ok(self)
    }

    /// The service account of the pod we run in, as a kubeconfig of one context, `in-cluster`.
    fn in_cluster() -> Option<Self> {
        let host = std::env::var("KUBERNETES_SERVICE_HOST").ok().filter(|h| !h.is_empty())?;
        let port = std::env::var("KUBERNETES_SERVICE_PORT").unwrap_or_else(|_| "443".into());
        let folder = std::env::var(SERVICE_ACCOUNT_VARIABLE).ok().filter(|f| !f.is_empty());
        let folder = folder.unwrap_or_else(|| SERVICE_ACCOUNT.into());
        let token = format!("{folder}/token");
        std::fs::metadata(&token).ok()?;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let namespace = std::fs::read_to_string(format!("{folder}/namespace")).ok().map(|n| n.trim().to_string());
        let name = || "in-cluster".to_string();
        let merged = k::Kubeconfig {
            clusters: vec![k::NamedCluster {
                name: name(),
                cluster: Some(k::Cluster {
                    server: Some(format!("https://{host}:{port}")),
                    certificate_authority: Some(format!("{folder}/ca.crt")),
                    ..Default::default()
                }),
                ..Default::default()
            }],
            auth_infos: vec![k::NamedAuthInfo {
                name: name(),
                auth_info: Some(k::AuthInfo { token_file: Some(token), ..Default::default() }),
                ..Default::default()
            }],
            contexts: vec![k::NamedContext {
                name: name(),
                context: Some(k::Context { cluster: name(), user: Some(name()), namespace, ..Default::default() }),
                ..Default::default()
            }],
            current_context: Some(name()),
            ..Default::default()
        };
        Some(Self { merged, files: vec![folder.into()] })
    }

    /// The same files as they are now; `None` when none of them is there (a service account, a text).
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn reread(&self) -> Result<Option<Self>> {
        Self::of_files(&self.files)
    }

    /// What these files say now; `None` when none of them is there.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn of_files(files: &[PathBuf]) -> Result<Option<Self>> {
        let mut all = Self::default();
        for path in files.iter().filter(|p| p.is_file()) {
            if let Some(next) = Self::read(path)? {
                all = all.merge(next)?;
            }
        }
        Ok((!all.files.is_empty()).then_some(all))
    }

    /// The files it was read from, or would have been read from if they existed.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The name of the current context, if it names one.
    pub fn current(&self) -> Option<&str> {
        self.merged.current_context.as_deref().filter(|c| !c.is_empty())
    }

    /// All contexts by name.
    pub fn contexts(&self) -> Vec<ContextInfo> {
        let mut all: Vec<ContextInfo> = self.merged.contexts.iter().map(|c| self.info(c)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn info(&self, named: &k::NamedContext) -> ContextInfo {
        let context = named.context.clone().unwrap_or_default();
        let server = self.cluster(&context.cluster).and_then(|c| c.server.clone()).unwrap_or_default();
        ContextInfo {
            current: self.current() == Some(&named.name),
            name: named.name.clone(),
            cluster: context.cluster,
            server,
            user: context.user.unwrap_or_default(),
            namespace: context.namespace.unwrap_or_default(),
        }
    }

    fn cluster(&self, name: &str) -> Option<&k::Cluster> {
        self.merged.clusters.iter().find(|c| c.name == name)?.cluster.as_ref()
    }

    /// One context; the current one when none is named.
    pub fn context(&self, name: Option<&str>) -> Result<ContextInfo> {
        let Some(name) = name.filter(|n| !n.is_empty()).or(self.current()) else {
            return Err(self.no_context());
        };
        let Some(named) = self.merged.contexts.iter().find(|c| c.name == name) else {
            return Err(self.unknown_context(name));
        };
        let info = self.info(named);
        let incomplete = |why: String| {
            Problem::config("cannot use the context", why)
                .on(name)
                .next(format!("mend it with `kubectl config set-context {name}` or in {}", self.places()))
        };
        if self.cluster(&info.cluster).is_none() {
            return Err(incomplete(format!(
                "it names the cluster \"{}\", which the kubeconfig does not have",
                info.cluster
            )));
        }
        if info.server.is_empty() {
            return Err(incomplete(format!("the cluster \"{}\" has no server address", info.cluster)));
        }
        if !info.user.is_empty() && !self.merged.auth_infos.iter().any(|u| u.name == info.user) {
            return Err(incomplete(format!("it names the user \"{}\", whom the kubeconfig does not have", info.user)));
        }
        Ok(info)
    }

    fn places(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|f| f.display().to_string()).collect();
        if names.is_empty() { "the kubeconfig".into() } else { names.join(", ") }
    }

    fn no_context(&self) -> Problem {
        if self.merged.contexts.is_empty() {
            let why = format!("there is no context in {}", self.places());
            return Problem::config("cannot choose a cluster", why).next(
                "name a kubeconfig with --kubeconfig or KUBECONFIG, or run `qd demo` to see a cluster that is built in",
            );
        }
        Problem::config("cannot choose a cluster", format!("no current context is set in {}", self.places()))
            .next(format!("name one with --context: {}", self.names()))
    }

    fn unknown_context(&self, name: &str) -> Problem {
        let names = self.merged.contexts.iter().map(|c| c.name.as_str());
        let next = match (nearest(name, names), self.merged.contexts.is_empty()) {
            (_, true) => "name a kubeconfig with --kubeconfig or KUBECONFIG".to_string(),
            (Some(near), _) => format!("did you mean {}? There are: {}", clean_line(near), self.names()),
            (None, _) => format!("there are: {}", self.names()),
        };
        Problem::config("cannot use the context", format!("it is not in {}", self.places())).on(name).next(next)
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.contexts().iter().map(|c| clean_line(&c.name).into_owned()).collect();
        names.join(", ")
    }
}

/// The candidate that is most like what was typed, if one is like it at all.
pub fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    candidates
        .map(|c| {
            let lower = c.to_lowercase();
            let away = if !typed.is_empty() && lower.contains(&typed) { 1 } else { distance(&typed, &lower) };
            (away, c)
        })
        .filter(|(away, c)| *away <= 2.max(c.chars().count() / 3))
        .min_by_key(|(away, _)| *away)
        .map(|(_, c)| c)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|d| d.home_dir().to_path_buf())
}

fn current() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

fn missing_file(path: &Path) -> Problem {
    Problem::config("cannot read the kubeconfig", "there is no such file")
        .on(path.display().to_string())
        .next("check --kubeconfig")
}

/// Where in the file it is wrong. The text itself is not shown: the next line may be a token.
fn unreadable(error: &serde_saphyr::Error, origin: &Path) -> Problem {
    let place = match error.location() {
        Some(at) => format!("{}:{}:{}", origin.display(), at.line(), at.column()),
        None => origin.display().to_string(),
    };
    let why = error.without_snippet().to_string();
    let why = why.lines().next().unwrap_or("not a kubeconfig").trim().to_string();
    Problem::config("cannot read the kubeconfig", clean_line(&why).into_owned())
        .on(place)
        .next("mend the file, or name another one with --kubeconfig")
}

fn decode(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|c| read([c[0], c[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Files that a kubeconfig names are found from its own folder.
fn resolve_paths(config: &mut k::Kubeconfig, folder: &Path) {
    let resolve = |path: &mut Option<String>| {
        if let Some(p) = path
            && !p.is_empty()
            && Path::new(p.as_str()).is_relative()
        {
            *p = folder.join(&*p).to_string_lossy().into_owned();
        }
    };
    for cluster in config.clusters.iter_mut().filter_map(|c| c.cluster.as_mut()) {
        resolve(&mut cluster.certificate_authority);
    }
    for user in config.auth_infos.iter_mut().filter_map(|u| u.auth_info.as_mut()) {
        resolve(&mut user.client_certificate);
        resolve(&mut user.client_key);
        resolve(&mut user.token_file);
        // A command without a slash is looked up in PATH.
        if let Some(exec) = user.exec.as_mut().filter(|e| e.command.as_ref().is_some_and(|c| c.contains('/'))) {
            resolve(&mut exec.command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Kubeconfig {
        let text = "clusters:\n- {name: c, cluster: {server: 'https://c:6443'}}\nusers:\n- {name: u, user: {token: t}}\ncontexts:\n- {name: prod-eu, context: {cluster: c, user: u, namespace: web}}\n- {name: prod-us, context: {cluster: gone, user: u}}\ncurrent-context: prod-eu\n";
        Kubeconfig::parse(text, "here").expect("a kubeconfig")
    }

    #[test]
    fn an_unknown_context_is_told_with_its_nearest_neighbour() {
        let problem = two().context(Some("prod-eo")).expect_err("no such context");
        assert!(problem.next.starts_with("did you mean prod-eu?"), "{problem}");
        assert!(problem.next.contains("prod-us"), "{problem}");
        assert_eq!(two().context(None).expect("the current one").namespace, "web");
        let problem = two().context(Some("prod-us")).expect_err("its cluster is gone");
        assert!(problem.why.contains("\"gone\""), "{problem}");
    }

    #[test]
    fn a_broken_file_is_told_with_its_line_and_without_its_secrets() {
        let text = "users:\n- name: u\n  user:\n    token: [s3cret\ncontexts: []\n";
        let problem = Kubeconfig::parse(text, "/tmp/broken").expect_err("broken");
        assert!(problem.object.starts_with("/tmp/broken:"), "{problem}");
        assert!(!problem.to_string().contains("s3cret"), "{problem}");
    }

    #[test]
    fn the_first_file_wins_and_paths_count_from_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&a, "current-context: ''\nclusters:\n- {name: c, cluster: {server: 'https://a', certificate-authority: ca.crt}}\n").expect("written");
        std::fs::write(&b, "current-context: x\nclusters:\n- {name: c, cluster: {server: 'https://b'}}\ncontexts: [{name: x, context: {cluster: c, user: ''}}]\nusers: null\n").expect("written");
        let read = |p: &Path| Kubeconfig::read(p).expect("readable").expect("there");
        let merged = read(&a).merge(read(&b)).expect("they fit");
        let context = merged.context(None).expect("x");
        assert_eq!(context.server, "https://a");
        let authority = merged.cluster("c").and_then(|c| c.certificate_authority.clone()).unwrap_or_default();
        assert_eq!(Path::new(&authority), folder.path().join("ca.crt"));
        assert!(Kubeconfig::read(&folder.path().join("none")).expect("no error").is_none());
    }
}
