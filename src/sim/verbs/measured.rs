//! metrics.k8s.io as metrics-server serves it: what pods and nodes use, made up when it is asked for, always the same at
//! the same moment. It can be listed and fetched; nothing of it is stored and nothing can be watched.

use serde_json::{Value, json};

use super::options::list_query;
use crate::{
    server::{Context, Reply, object_reply},
    status::ApiError,
    storage::{KindInfo, ListQuery, Store},
    value::{at, list, name, namespace, text},
};

/// How long a measurement holds, in seconds.
const WINDOW: i64 = 15;

/// The kinds of metrics.k8s.io, for a cluster that has metrics-server.
pub(crate) fn kinds() -> [KindInfo; 2] {
    let kind = |plural: &str, kind: &str, namespaced: bool| KindInfo {
        group: "metrics.k8s.io".into(),
        version: "v1beta1".into(),
        plural: plural.into(),
        kind: kind.into(),
        namespaced,
        measured: true,
        storage: format!("{plural}.metrics.k8s.io"),
        ..KindInfo::default()
    };
    [kind("nodes", "NodeMetrics", false), kind("pods", "PodMetrics", true)]
}

/// Answers a list or a get.
pub(crate) fn answer(context: &Context, verb: &str) -> Reply {
    let now = context.store().clock().now();
    match verb {
        "get" => {
            let all = all(context.store(), &context.kind, context.namespace(), now);
            let found = all.into_iter().find(|m| name(m) == context.name());
            let absent = || ApiError::not_found(&context.kind.group, &context.kind.plural, context.name());
            found.map(|m| object_reply(200, &m)).ok_or_else(absent)
        }
        "list" => {
            let query = list_query(context)?;
            let mut items = all(context.store(), &context.kind, context.namespace(), now);
            items.retain(|m| query.labels.matches_labels(|key| m["metadata"]["labels"][key].as_str()));
            let kind = format!("{}List", context.kind.kind);
            let answer =
                json!({"kind": kind, "apiVersion": context.kind.api_version(), "metadata": {}, "items": items});
            Ok(object_reply(200, &answer))
        }
        other => Err(ApiError::method_not_allowed(other)),
    }
}

/// All measurements of a kind in a namespace (empty: in all).
fn all(store: &Store, kind: &KindInfo, within: &str, now: jiff::Timestamp) -> Vec<Value> {
    let objects = |plural: &str| -> Vec<Value> {
        let Some(kind) = store.resource("", "v1", plural) else { return Vec::new() };
        let namespace = (kind.namespaced && !within.is_empty()).then(|| within.to_owned());
        let query = ListQuery { namespace, ..ListQuery::default() };
        store.list(&kind, &query).items.iter().map(|o| o.value()).collect()
    };
    // What was measured last: within a window all is the same.
    let tick = now.as_second() / WINDOW;
    let measured = |object: &Value, rest: (&str, Value)| {
        let meta = &object["metadata"];
        let mut found = json!({
            "metadata": {"name": meta["name"], "creationTimestamp": crate::shapes::times::text(now)},
            "timestamp": crate::shapes::times::text(now), "window": format!("{WINDOW}s"),
        });
        for field in ["namespace", "labels"] {
            if !meta[field].is_null() {
                found["metadata"][field] = meta[field].clone();
            }
        }
        found[rest.0] = rest.1;
        found
    };
    let running = |pod: &&Value| text(pod, "status.phase") == "Running";
    let pods = objects("pods");
    if kind.plural == "pods" {
        return pods.iter().filter(running).map(|p| measured(p, ("containers", containers(p, tick)))).collect();
    }
    let node = |node: &Value| {
        let mine = pods.iter().filter(running).filter(|p| at(p, "spec.nodeName") == &node["metadata"]["name"]);
        let sum = mine.flat_map(|p| used(p, tick)).fold((0.0, 0.0), |a, (_, cpu, memory)| (a.0 + cpu, a.1 + memory));
        // The system's own share.
        measured(node, ("usage", quantities(sum.0 + 0.11, sum.1 + 600.0 * MI)))
    };
    objects("nodes").iter().map(node).collect()
}

const MI: f64 = 1_048_576.0;

fn quantities(cpu: f64, memory: f64) -> Value {
    json!({"cpu": format!("{}n", (cpu * 1e9).round()), "memory": format!("{}Ki", (memory / 1024.0).round())})
}

fn containers(pod: &Value, tick: i64) -> Value {
    let usage = |(name, cpu, memory): (String, f64, f64)| json!({"name": name, "usage": quantities(cpu, memory)});
    used(pod, tick).into_iter().map(usage).collect()
}

/// Name, cores and bytes of each container: a part of what it asks for, and a little more or less with time.
fn used(pod: &Value, tick: i64) -> Vec<(String, f64, f64)> {
    let of = |container: &Value, what: &str| {
        let resources = &container["resources"];
        let amount = resources["requests"][what].as_str().or(resources["limits"][what].as_str());
        amount.and_then(amount_of)
    };
    let key = format!("{}/{}", namespace(pod), name(pod));
    list(pod, "spec.containers")
        .iter()
        .map(|c| {
            let seed = format!("{key}/{}", text(c, "name"));
            let (steady, wave) = (part(&seed), part(&format!("{seed}/{tick}")));
            let cpu = of(c, "cpu").unwrap_or(0.02) * (0.1 + 0.7 * steady + 0.1 * wave);
            let memory = of(c, "memory").unwrap_or(32.0 * MI) * (0.35 + 0.6 * steady + 0.02 * wave);
            (text(c, "name").to_owned(), cpu, memory)
        })
        .collect()
}

/// A number from 0 to 1 that follows from a text (FNV-1a).
fn part(text: &str) -> f64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// The quantities that worlds use: `50m`, `2`, `96Mi`, `1Gi`.
fn amount_of(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let factor = match &text[end..] {
        "" => 1.0,
        "m" => 1e-3,
        "Ki" => 1024.0,
        "Mi" => MI,
        "Gi" => 1024.0 * MI,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_the_same_at_the_same_moment_and_a_part_of_what_is_asked_for() {
        let pod = json!({"metadata": {"name": "a", "namespace": "b"}, "spec": {"containers": [
            {"name": "c", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]}});
        let first = used(&pod, 7);
        assert_eq!(first, used(&pod, 7));
        assert!(first[0].1 > 0.0 && first[0].1 < 0.1 && first[0].2 < 64.0 * MI, "{first:?}");
        assert_ne!(first, used(&pod, 8), "it moves");
    }
}
