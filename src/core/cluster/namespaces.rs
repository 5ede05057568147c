//! Which namespaces there are, for users who may not ask the server for the list too.
//!
//! The server tells nobody "you have rights in these three": SelfSubjectRulesReview answers for one
//! namespace that is named. So names are gathered wherever they can be had without asking people
//! (contexts and their names, the user's name and groups, what was used before, other tools' notes,
//! objects that may be listed over all namespaces), and each is checked by its rules review.

use super::connection::Namespaces;
use super::{Accept, Cluster, Method, Request};
use crate::{ProblemKind, Result};
use futures::StreamExt;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// No more names than this are checked by asking.
const MOST_GUESSES: usize = 96;
/// A namespace that nobody has: what is allowed here is allowed everywhere.
const NOWHERE: &str = "quarterdeck-no-such-namespace";

impl Cluster {
    /// Namespaces by every way there is: the server's list, the kubeconfig, rules reviews, what was typed before.
    pub async fn namespaces(&self) -> Namespaces {
        let request = Request::get("/api/v1/namespaces").accept(Accept::Metadata).query("resourceVersion", "0");
        let refused = match self.names(request).await {
            Ok(names) => return Namespaces { names: names.into_iter().collect(), complete: true },
            Err(problem) => problem,
        };
        let mut sure: BTreeSet<String> = self.inner.options.namespaces.iter().cloned().collect();
        sure.extend(self.own_contexts().map(|c| c.namespace.clone()).filter(|n| !n.is_empty()));
        sure.extend(self.remembered());
        if matches!(refused.kind, ProblemKind::Forbidden | ProblemKind::NotFound) {
            // OpenShift gives everybody the list of their own projects.
            let projects = Request::get("/apis/project.openshift.io/v1/projects").accept(Accept::Metadata);
            if self.known_kinds().get("project.openshift.io", "projects").is_some()
                && let Ok(names) = self.names(projects).await
            {
                sure.extend(names);
            }
            sure.extend(self.seen_in_lists().await);
            let mut guesses = self.hints().await;
            guesses.retain(|name| !sure.contains(name));
            sure.extend(self.reachable(guesses).await);
        }
        sure.retain(|name| is_name(name));
        if sure.is_empty() {
            sure.insert(self.default_namespace().to_string());
        }
        Namespaces { names: sure.into_iter().collect(), complete: false }
    }

    /// Notes that a namespace was used, so that it is known in the next session. Never fails: a home
    /// that cannot be written to only means that it is not remembered.
    pub fn remember_namespace(&self, name: &str) {
        if !is_name(name) {
            return;
        }
        let mut names = self.remembered();
        if names.iter().any(|n| n == name) {
            return;
        }
        names.push(name.into());
        let Some(path) = self.memory() else { return };
        let Some(folder) = path.parent() else { return };
        let _ = std::fs::create_dir_all(folder);
        // Replaced in one step, so that a second session never reads half a file.
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        if std::fs::write(&temporary, names.join("\n") + "\n").is_ok() && std::fs::rename(&temporary, &path).is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
    }

    fn remembered(&self) -> Vec<String> {
        let text = self.memory().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        text.lines().map(str::trim).filter(|n| is_name(n)).map(str::to_string).collect()
    }

    /// One file for each server and user; the context's name may change.
    fn memory(&self) -> Option<PathBuf> {
        use sha2::{Digest, Sha256};
        let folder = match &self.inner.options.state_dir {
            Some(folder) => folder.clone(),
            None => {
                let own = directories::ProjectDirs::from("", "", "quarterdeck")?;
                own.state_dir().unwrap_or_else(|| own.data_local_dir()).to_path_buf()
            }
        };
        let digest = Sha256::digest(format!("{}\n{}", self.server(), self.inner.info.user));
        let name: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        Some(folder.join("namespaces").join(name))
    }

    /// The contexts of the same server.
    fn own_contexts(&self) -> impl Iterator<Item = &super::ContextInfo> {
        self.inner.contexts.iter().filter(|c| c.server == self.server())
    }

    async fn names(&self, request: Request) -> Result<BTreeSet<String>> {
        let list: List = self.json(request).await?;
        Ok(list.items.into_iter().map(|i| i.metadata.name).filter(|n| !n.is_empty()).collect())
    }

    /// Who may list something over all namespaces sees their names there.
    async fn seen_in_lists(&self) -> BTreeSet<String> {
        let paths = [
            "/apis/rbac.authorization.k8s.io/v1/rolebindings",
            "/api/v1/services",
            "/apis/networking.k8s.io/v1/ingresses",
            "/api/v1/pods",
        ];
        let mut names = BTreeSet::new();
        for path in paths {
            let request = Request::get(path).accept(Accept::Metadata).query("limit", "500");
            let right = super::explain::Target::of(&request).right();
            if self.may(&right).await != super::Access::Allowed {
                continue;
            }
            if let Ok(list) = self.json::<List>(request).await {
                names.extend(list.items.into_iter().map(|i| i.metadata.namespace));
            }
        }
        names
    }

    /// Names that may be namespaces: of the user, their groups, contexts, clusters, other tools' notes.
    async fn hints(&self) -> BTreeSet<String> {
        let mut texts: Vec<String> = Vec::new();
        for context in self.own_contexts() {
            texts.extend([&context.name, &context.user, &context.cluster].map(String::clone));
        }
        if let Ok(me) = self.who_am_i().await {
            texts.push(me.username);
            texts.extend(me.groups);
        }
        let mut names = BTreeSet::from(["default".to_string()]);
        for text in &texts {
            names.extend(names_in(text));
        }
        names.extend(notes_of_other_tools(self.own_contexts().map(|c| c.name.as_str())));
        names
    }

    /// Those of the names in which this user has rights that they do not have everywhere.
    async fn reachable(&self, names: BTreeSet<String>) -> BTreeSet<String> {
        let Ok(everywhere) = self.rules(NOWHERE).await else { return BTreeSet::new() };
        let asked = names.into_iter().filter(|n| is_name(n)).take(MOST_GUESSES).map(|name| {
            let everywhere = everywhere.clone();
            async move {
                let rules = self.rules(&name).await.ok()?;
                (rules.any_of_substance() && rules.more_than(&everywhere)).then_some(name)
            }
        });
        futures::stream::iter(asked).buffer_unordered(8).filter_map(std::future::ready).collect().await
    }

    /// Checks names that somebody has reason to believe in (tenants of a profile, homes of known apps) and
    /// gives those in which this user has rights. They are remembered.
    pub async fn check_namespaces(&self, names: impl IntoIterator<Item = String>) -> Vec<String> {
        let found = self.reachable(names.into_iter().collect()).await;
        for name in &found {
            self.remember_namespace(name);
        }
        found.into_iter().collect()
    }

    /// Who the server thinks we are (SelfSubjectReview).
    pub async fn who_am_i(&self) -> Result<Identity> {
        #[derive(serde::Deserialize)]
        struct Answer {
            status: Status,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Status {
            user_info: Identity,
        }
        let body = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let answer: Answer = self.json(Request::write(Method::Post, path, body)).await?;
        Ok(answer.status.user_info)
    }
}

/// The user as the server sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(default)]
pub struct Identity {
    pub username: String,
    pub groups: Vec<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct List {
    items: Vec<Item>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Item {
    metadata: ItemMeta,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct ItemMeta {
    name: String,
    namespace: String,
}

/// RFC 1123 label: what a namespace may be called.
fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// The names in a text such as `oidc:/team-demo/admins`, `client-acme@prod`, `team-demo-dev`, `vera@example.org`.
fn names_in(text: &str) -> BTreeSet<String> {
    if text.starts_with("system:") && !text.starts_with("system:serviceaccount") {
        return BTreeSet::new();
    }
    let mut names = BTreeSet::new();
    for word in text.to_lowercase().split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        let word = word.trim_matches('-');
        if word.len() < 2
            || matches!(word, "system" | "serviceaccount" | "serviceaccounts" | "oidc" | "com" | "org" | "io")
        {
            continue;
        }
        names.insert(word.to_string());
        // `team-demo-admins` is the group of `team-demo`.
        if let Some((front, role)) = word.rsplit_once('-')
            && matches!(
                role,
                "admin"
                    | "admins"
                    | "dev"
                    | "devs"
                    | "developer"
                    | "developers"
                    | "viewer"
                    | "viewers"
                    | "view"
                    | "edit"
                    | "editor"
                    | "editors"
                    | "user"
                    | "users"
                    | "ops"
                    | "owner"
                    | "owners"
                    | "members"
                    | "readonly"
                    | "ro"
                    | "rw"
            )
        {
            names.insert(front.to_string());
        }
        // On the platforms that we know, a team's or a customer's namespace has a prefix.
        for prefix in ["team-", "client-"] {
            if !word.starts_with(prefix) {
                names.insert(format!("{prefix}{word}"));
            }
        }
    }
    names
}

/// kubens and k9s note which namespaces were used; both files belong to this user.
fn notes_of_other_tools<'a>(contexts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let Some(base) = directories::BaseDirs::new() else { return BTreeSet::new() };
    let mut names = BTreeSet::new();
    for context in contexts.filter(|c| !c.contains("..")) {
        let note = base.home_dir().join(".kube/kubens").join(context.replace('/', "_"));
        names.extend(std::fs::read_to_string(note).ok().map(|t| t.trim().to_string()));
    }
    let clusters = base.data_local_dir().join("k9s/clusters");
    let folders = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path());
    for file in folders(clusters).flat_map(folders).map(|f| f.join("config.yaml")).take(32) {
        // Only the list of favourites is of interest: lines such as `- team-demo` and `active: team-demo`.
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let after = text.lines().skip_while(|l| l.trim() != "namespace:").skip(1);
        for line in after.map(str::trim).take_while(|l| !l.starts_with("view:")) {
            let name = line.strip_prefix("- ").or_else(|| line.strip_prefix("active:")).map(str::trim);
            names.extend(name.filter(|n| *n != "all").map(str::to_string));
        }
    }
    names.retain(|n| is_name(n));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_groups_users_and_contexts() {
        let has = |text: &str, name: &str| names_in(text).contains(name);
        assert!(has("oidc:/team-demo/admins", "team-demo"));
        assert!(has("client-acme@prod", "client-acme"));
        assert!(has("team-demo-devs", "team-demo"));
        assert!(has("system:serviceaccount:flow-proxy:robot", "flow-proxy"));
        assert!(has("acme", "client-acme"));
        assert!(names_in("system:authenticated").is_empty());
        assert!(is_name("a-1") && !is_name("-a") && !is_name("A") && !is_name("../x") && !is_name(""));
    }
}
