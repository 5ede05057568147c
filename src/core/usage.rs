//! What pods and nodes use of CPU and memory, beside what they ask for and may have at most. metrics.k8s.io cannot be
//! watched, so that it is asked when somebody looks; where the server does not offer it, there is nothing to tell.

use crate::platform::objects::Pod;
use crate::resources::quantity::{Asked, Quantities};
use crate::resources::{Cell, Column, ColumnType, Kind, Kinds, Level, Meta, Scope};
use crate::session::Session;
use crate::{Problem, Result, Str};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// How long what was told holds, in seconds: metrics-server measures every 15 s.
pub const FRESH: i64 = 15;
/// The group that metrics-server serves.
const GROUP: &str = "metrics.k8s.io";
/// Of its limit, from here on it is told as close to it.
const CLOSE: f64 = 0.9;

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    Pods,
    Nodes,
}

impl Of {
    /// The sort of objects that a kind is, when its usage can be told.
    pub fn kind(kind: &Kind) -> Option<Self> {
        match (kind.group.as_str(), kind.plural.as_str()) {
            ("", "pods") => Some(Self::Pods),
            ("", "nodes") => Some(Self::Nodes),
            _ => None,
        }
    }
    /// As it is named in paths.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Nodes => "nodes",
        }
    }
    /// What is served of it; `None` where the server has no metrics.
    pub fn served(self, kinds: &Kinds) -> Option<&Kind> {
        kinds.get(GROUP, self.plural())
    }
    /// The columns that [`Load::cells`] fills.
    pub fn columns(self) -> Vec<Column> {
        let column = |name: &str, kind: ColumnType, importance: u8, description: &str| Column {
            name: name.into(),
            column_type: kind,
            wide: false,
            importance,
            min_width: 5,
            description: description.into(),
        };
        let both = |name: &str, what: &str, importance: u8| match self {
            Self::Pods => vec![
                column(name, ColumnType::Quantity, importance, what),
                column(&format!("{name}/R"), ColumnType::Text, importance + 2, "share of what it asks for (requests)"),
                column(&format!("{name}/L"), ColumnType::Text, importance + 1, "share of what it may have (limits)"),
            ],
            Self::Nodes => vec![
                column(name, ColumnType::Quantity, importance, what),
                column(&format!("{name}%"), ColumnType::Text, importance + 1, "share of what pods may have there"),
            ],
        };
        let mut all = both("CPU", "CPU that it uses, in thousandths of a core", 6);
        all.extend(both("Mem", "memory that it uses", 6));
        all
    }
}

/// An amount that is used, and what it is measured against: cores or bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Amount {
    pub used: f64,
    /// What a pod asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<f64>,
    /// What a pod may have; of a node what pods may have there (allocatable).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

/// What one pod or node uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Load {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub namespace: Str,
    pub name: Str,
    /// Cores.
    pub cpu: Amount,
    /// Bytes.
    pub memory: Amount,
}

/// As `kubectl top` writes it: thousandths of a core, rounded up.
pub fn cpu_text(cores: f64) -> String {
    format!("{}m", (cores * 1000.0 - 1e-9).ceil().max(0.0))
}

/// As `kubectl top` writes it: whole MiB.
pub fn memory_text(bytes: f64) -> String {
    format!("{}Mi", (bytes / f64::from(1 << 20)).floor())
}

fn share(used: f64, of: Option<f64>, tight: bool) -> Cell {
    let Some(of) = of.filter(|of| *of > 0.0) else { return Cell::None };
    let words = format!("{}%", (used / of * 100.0).floor());
    match used / of {
        full if tight && full >= 1.0 => Cell::Status(Level::Bad, words.as_str().into()),
        close if tight && close >= CLOSE => Cell::Status(Level::Warn, words.as_str().into()),
        _ => Cell::Text(words.as_str().into()),
    }
}

impl Load {
    /// For the columns of [`Of::columns`].
    pub fn cells(&self, of: Of) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (amount, text) in [(self.cpu, cpu_text(self.cpu.used)), (self.memory, memory_text(self.memory.used))] {
            cells.push(Cell::Quantity(amount.used, text.as_str().into()));
            if of == Of::Pods {
                cells.push(share(amount.used, amount.request, false));
            }
            cells.push(share(amount.used, amount.limit, true));
        }
        cells
    }
}

/// What pods or nodes use, as it was told at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    pub of: Of,
    /// Seconds since 1970.
    pub at: i64,
    /// By namespace and name.
    pub loads: Vec<Load>,
}

impl Usage {
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Load> {
        let at = self.loads.binary_search_by(|l| (&*l.namespace, &*l.name).cmp(&(namespace, name))).ok()?;
        self.loads.get(at)
    }
}

/// What is used, beside what is asked for.
fn amounts(asked: Asked, cpu: f64, memory: f64) -> (Amount, Amount) {
    let known = |n: f64| (n > 0.0).then_some(n);
    let amount = |used, (request, limit)| Amount { used, request: known(request), limit: known(limit) };
    (amount(cpu, asked.cpu), amount(memory, asked.memory))
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// PodMetrics or NodeMetrics.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Measured {
    metadata: Meta,
    /// Of a node.
    usage: Quantities,
    /// Of a pod.
    containers: Vec<MeasuredContainer>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MeasuredContainer {
    usage: Quantities,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Node {
    metadata: Meta,
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeStatus {
    allocatable: Quantities,
}

impl Session {
    /// What pods or nodes use at present; `None` where the server does not tell at all. What pods ask for is known from the
    /// platform where it is watched anyway; `listed` lists the pods where it is not.
    ///
    /// # Errors
    /// When it may not be read, or the server's metrics do not answer.
    pub async fn usage(&self, context: &str, of: Of, scope: &Scope, listed: bool) -> Result<Option<Usage>> {
        let cluster = self.cluster(context)?;
        let kinds = cluster.kinds().await?;
        let Some(kind) = of.served(&kinds) else { return Ok(None) };
        let measured: Vec<Measured> = self.all(context, kind, scope).await?;
        let mut loads: Vec<Load> = measured.into_iter().map(load).collect();
        match of {
            Of::Nodes => {
                let nodes = Kind::of("", "v1", "Node", "nodes", false);
                // Without the right to list nodes there is the usage alone.
                let room: Vec<Node> = self.all(context, &nodes, scope).await.unwrap_or_default();
                let room: FxHashMap<Str, (f64, f64)> =
                    room.into_iter().map(|n| (n.metadata.name, n.status.allocatable.values())).collect();
                for load in &mut loads {
                    let Some((cpu, memory)) = room.get(&load.name) else { continue };
                    (load.cpu.limit, load.memory.limit) = (Some(*cpu), Some(*memory));
                }
            }
            Of::Pods => {
                let asked = match self.watched_pods(context) {
                    Some(asked) => asked,
                    None if listed => {
                        let pods = Kind::of("", "v1", "Pod", "pods", true);
                        let pods: Vec<Pod> = self.all(context, &pods, scope).await.unwrap_or_default();
                        pods.iter().map(named).collect()
                    }
                    None => FxHashMap::default(),
                };
                for load in &mut loads {
                    let Some(asked) = asked.get(&(load.namespace.clone(), load.name.clone())) else { continue };
                    (load.cpu, load.memory) = amounts(*asked, load.cpu.used, load.memory.used);
                }
            }
        }
        loads.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(Some(Usage { of, at: self.clock().now(), loads }))
    }

    /// What the pods ask for, where the platform is watched already.
    fn watched_pods(&self, context: &str) -> Option<FxHashMap<(Str, Str), Asked>> {
        let seen = self.open_overview(context)?.get();
        seen.loaded.then(|| seen.pods().map(|p| named(p)).collect())
    }

    /// Everything of a kind in a scope.
    async fn all<T: serde::de::DeserializeOwned>(&self, context: &str, kind: &Kind, scope: &Scope) -> Result<Vec<T>> {
        let cluster = self.cluster(context)?;
        let mut all = Vec::new();
        for namespace in crate::cluster::Request::namespaces_of(kind, scope) {
            let request = crate::cluster::Request::list(kind, namespace.as_deref());
            let found: Items<T> = cluster.json(request).await?;
            all.extend(found.items);
        }
        Ok(all)
    }
}

fn load(m: Measured) -> Load {
    let whole = m.usage.values();
    let (cpu, memory) = m.containers.iter().map(|c| c.usage.values()).fold(whole, |a, c| (a.0 + c.0, a.1 + c.1));
    let used = |used| Amount { used, ..Amount::default() };
    Load { namespace: m.metadata.namespace, name: m.metadata.name, cpu: used(cpu), memory: used(memory) }
}

fn named(pod: &Pod) -> ((Str, Str), Asked) {
    ((pod.meta.namespace.clone(), pod.meta.name.clone()), pod.asked)
}

/// Why there is no usage to tell.
pub fn not_served() -> Problem {
    let why = "the server offers no metrics (metrics.k8s.io)";
    Problem::new(crate::ProblemKind::NotFound, "cannot tell the usage", why).next("install metrics-server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_written_as_kubectl_top_writes_it_and_told_when_it_is_close_to_its_limit() {
        assert_eq!((cpu_text(0.0115).as_str(), memory_text(67_108_863.0).as_str()), ("12m", "63Mi"));
        assert_eq!(cpu_text(0.012), "12m");
        let asked = Asked { cpu: (0.1, 0.0), memory: (0.0, 100.0) };
        let (cpu, memory) = amounts(asked, 0.05, 95.0);
        let load = Load { cpu, memory, ..Load::default() };
        let cells: Vec<String> = load.cells(Of::Pods).iter().map(|c| c.text(0).into_owned()).collect();
        assert_eq!(cells, ["50m", "50%", "", "0Mi", "", "95%"]);
        assert!(matches!(load.cells(Of::Pods)[5], Cell::Status(Level::Warn, _)));
        assert_eq!(Of::Pods.columns().len(), load.cells(Of::Pods).len());
        assert_eq!(Of::Nodes.columns().len(), load.cells(Of::Nodes).len());
    }
}
