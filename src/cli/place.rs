//! Where a command looks: one session, one or more contexts, a scope in each.

use crate::arguments::Common;
use quarterdeck_core::cluster::{Cluster, nearest};
use quarterdeck_core::resources::{Kind, ObjectRef, Scope};
use quarterdeck_core::session::Session;
use quarterdeck_core::{Problem, ProblemKind, Result, ask};
use std::sync::Arc;

/// A session and the contexts that the arguments name.
pub struct Place {
    pub session: Session,
    pub contexts: Vec<String>,
    common: Common,
}

impl Place {
    /// Opens the session; nothing is asked of a server.
    pub fn open(common: &Common) -> Result<Self> {
        Self::open_with(common, Arc::new(|_| {}))
    }

    /// The same with somebody who listens.
    pub fn open_with(common: &Common, listener: quarterdeck_core::event::Listener) -> Result<Self> {
        let session = Session::new(common.options(), listener)?;
        for problem in session.problems() {
            eprintln!("qd: {problem}");
        }
        let mut contexts: Vec<String> = Vec::new();
        for name in &common.context {
            if !contexts.contains(name) {
                contexts.push(name.clone());
            }
        }
        if contexts.is_empty() {
            contexts.push(session.current_context());
        }
        Ok(Self { session, contexts, common: common.clone() })
    }

    /// The same for commands that take one context.
    pub fn open_one(common: &Common) -> Result<Self> {
        common.one_context()?;
        Self::open(common)
    }

    /// The first context.
    pub fn context(&self) -> &str {
        &self.contexts[0]
    }

    /// The connection of the first context.
    pub fn cluster(&self) -> Result<Cluster> {
        self.session.cluster(self.context())
    }

    /// Whether rows need a column that says from which context they are.
    pub fn many(&self) -> bool {
        self.contexts.len() > 1
    }

    /// The namespaces of `-n` and `-A`; without either the context's own.
    pub fn scope(&self, cluster: &Cluster) -> Scope {
        if self.common.all_namespaces {
            return Scope::All;
        }
        let named: Vec<&str> = self.common.namespace.iter().map(|n| n.trim()).filter(|n| !n.is_empty()).collect();
        if named.is_empty() {
            return Scope::one(cluster.default_namespace());
        }
        for name in &named {
            cluster.remember_namespace(name);
        }
        Scope::of(named)
    }

    /// All namespaces unless `-n` says otherwise: for views of the platform.
    pub fn wide_scope(&self, cluster: &Cluster) -> Scope {
        if self.common.namespace.is_empty() { Scope::All } else { self.scope(cluster) }
    }

    /// The one namespace in which an object is looked for.
    pub fn namespace(&self, cluster: &Cluster) -> Result<String> {
        match self.scope(cluster) {
            Scope::Namespaces(set) if set.len() == 1 => {
                Ok(set.into_iter().next().unwrap_or_else(|| "default".into()).to_string())
            }
            _ => Err(Problem::usage("cannot look for one object in several namespaces", "its namespace is not given")
                .next("give one namespace with -n, or the object as NAMESPACE/NAME")),
        }
    }

    /// `KIND NAME`, `KIND/NAME` or `KIND NAMESPACE/NAME`.
    pub async fn object(&self, cluster: &Cluster, kind: &str, name: Option<&str>) -> Result<ObjectRef> {
        let (kind, name) = match name {
            Some(name) => (kind, name),
            None => kind.split_once('/').ok_or_else(|| {
                Problem::usage("cannot tell which object is meant", "its name is missing")
                    .next("give KIND NAME, KIND/NAME or KIND NAMESPACE/NAME")
            })?,
        };
        let kind = find_kind(cluster, kind).await?;
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (namespace.to_string(), name),
            None if kind.namespaced => (self.namespace(cluster)?, name),
            None => (String::new(), name),
        };
        let namespace = if kind.namespaced { namespace } else { String::new() };
        Ok(ObjectRef::new(kind, &namespace, name))
    }

    /// The same, with the identity that the server gives it now.
    pub async fn existing(&self, cluster: &Cluster, kind: &str, name: Option<&str>) -> Result<ObjectRef> {
        let mut found = self.object(cluster, kind, name).await?;
        let object = ask::object(cluster, &found.kind, &found.namespace, &found.name).await?;
        found.uid = object["metadata"]["uid"].as_str().unwrap_or_default().into();
        found.resource_version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().into();
        Ok(found)
    }
}

/// The kind that was typed, or a problem that says what comes near.
pub async fn find_kind(cluster: &Cluster, typed: &str) -> Result<Kind> {
    let kinds = cluster.kinds().await?;
    if let Some(kind) = kinds.find(typed) {
        return Ok(kind.clone());
    }
    let names: Vec<&str> = kinds.iter().flat_map(|k| [k.plural.as_str(), k.singular.as_str()]).collect();
    let near = nearest(typed, names.into_iter());
    let next = near.map_or_else(|| "`qd get` without a kind lists them".to_string(), |n| format!("did you mean {n}?"));
    Err(Problem::new(ProblemKind::Usage, "cannot find the kind", "the server offers no such kind").on(typed).next(next))
}
