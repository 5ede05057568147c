//! What is declared of workloads before it reaches the cluster: in the manifest of a Helm release, in what was last
//! applied, and in the values and overrides of an Application, Kustomization or HelmRelease. Only replicas and images are
//! read; all else (values may hold passwords) is skipped while reading.

use crate::Str;
use crate::findings::condition::nullable;
use crate::intern::intern;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;

/// Replicas and images that are asked for of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub replicas: Option<u32>,
    /// Container and image.
    pub images: Vec<(Str, Str)>,
}

/// A workload that a manifest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub kind: Str,
    pub name: Str,
    pub wanted: Wanted,
}

/// What values and overrides ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// By the part of the chart; the empty one is the whole.
    pub parts: Vec<Part>,
    /// Kustomize: an image's name, and the image that stands in for it.
    pub images: Vec<(Str, Str)>,
    /// Kustomize: a workload's name and its replicas.
    pub counts: Vec<(Str, u32)>,
}

/// What Helm values ask for by the names that charts have agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub name: Str,
    pub replicas: Option<u32>,
    /// With its registry, where one is given.
    pub repository: Str,
    pub tag: Str,
}

/// An object, as far as it counts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Shape {
    kind: String,
    metadata: ShapeMeta,
    spec: ShapeSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShapeMeta {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShapeSpec {
    replicas: Option<u32>,
    template: ShapeTemplate,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShapeTemplate {
    spec: ShapePod,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShapePod {
    #[serde(deserialize_with = "nullable")]
    containers: Vec<ShapeContainer>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShapeContainer {
    name: String,
    image: String,
}

impl Shape {
    fn wanted(&self) -> Wanted {
        let containers = self.spec.template.spec.containers.iter();
        Wanted {
            replicas: self.spec.replicas,
            images: containers.map(|c| (intern(&c.name), intern(&c.image))).collect(),
        }
    }
}

/// What `kubectl apply` or Argo CD applied last, as the annotation of a workload has it.
pub fn applied(annotation: &str) -> Option<Wanted> {
    let shape: Shape = serde_json::from_str(annotation).ok()?;
    Some(shape.wanted())
}

/// The workloads of a rendered manifest: YAML documents.
pub fn manifest(text: &str) -> Vec<Named> {
    let workload = |line: &str| {
        let kind = line.strip_prefix("kind:").map(|kind| kind.trim().trim_matches(['"', '\'']));
        matches!(kind, Some("Deployment" | "StatefulSet" | "DaemonSet"))
    };
    let mut found = Vec::new();
    let mut take = |document: &str| {
        // Only what can be a workload is read as YAML: a manifest can have hundreds of documents.
        if !document.lines().any(workload) {
            return;
        }
        if let Ok(shape) = serde_saphyr::from_str::<Shape>(document) {
            let wanted = shape.wanted();
            found.push(Named { kind: intern(&shape.kind), name: intern(&shape.metadata.name), wanted });
        }
    };
    let mut from = 0;
    for (at, _) in text.match_indices("\n---") {
        // Of two separators in a row the second begins where the first one's line ends.
        take(text.get(from..at).unwrap_or_default());
        // The rest of the separator's line is no YAML of ours.
        from = text[at + 1..].find('\n').map_or(text.len(), |end| at + 1 + end + 1);
    }
    take(text.get(from..).unwrap_or_default().trim_start_matches("---"));
    found
}

/// Fields of values by which charts call replicas and image.
const KNOWN: [&str; 9] =
    ["replicas", "replicaCount", "deployment", "image", "registry", "repository", "tag", "autoscaling", "enabled"];
/// Names in the path of a parameter that are followed; what is asked for lies no deeper.
const DEPTH: usize = 8;

/// A node of Helm values. Below the top only known names are read; texts only where a name asks for one.
#[derive(Debug, Default)]
struct Node {
    number: Option<u32>,
    /// It is `true`.
    on: bool,
    text: String,
    fields: Vec<(String, Node)>,
}

/// How a node is read: at the top, and whether its text counts.
#[derive(Clone, Copy)]
struct Reading {
    top: bool,
    text: bool,
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Node;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Node;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values")
    }
    fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
        let text = if self.text { v.to_string() } else { String::new() };
        Ok(Node { number: u32::try_from(v).ok(), text, ..Node::default() })
    }
    fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
        Ok(Node { number: u32::try_from(v).ok(), ..Node::default() })
    }
    fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
        Ok(Node { text: if self.text { v.to_string() } else { String::new() }, ..Node::default() })
    }
    fn visit_bool<E>(self, on: bool) -> Result<Node, E> {
        Ok(Node { on, ..Node::default() })
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::default())
    }
    fn visit_str<E>(self, v: &str) -> Result<Node, E> {
        let text = if self.text { v.to_owned() } else { String::new() };
        Ok(Node { number: text.parse().ok(), on: text == "true", text, ..Node::default() })
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut node = Node::default();
        while let Some(key) = map.next_key::<String>()? {
            let known = KNOWN.contains(&key.as_str());
            if known || self.top {
                let value = map.next_value_seed(Reading { top: false, text: known })?;
                node.fields.push((key, value));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(node)
    }
}

impl Node {
    fn get(&self, name: &str) -> Option<&Self> {
        self.fields.iter().find(|(k, _)| k == name).map(|(_, v)| v)
    }
    fn part(&self, name: &str) -> Option<Part> {
        let count = |n: &Self| ["replicas", "replicaCount"].iter().find_map(|k| n.get(k)?.number);
        let scaled = self.get("autoscaling").and_then(|a| a.get("enabled")).is_some_and(|enabled| enabled.on);
        // Charts leave replicas to the autoscaler where there is one.
        let replicas = count(self).or_else(|| self.get("deployment").and_then(count)).filter(|_| !scaled);
        let image = self.get("image");
        let text = |k: &str| image.and_then(|i| i.get(k)).map_or("", |n| n.text.as_str());
        let repository = match (text("registry"), text("repository")) {
            ("", repository) | (_, repository @ "") => repository.to_owned(),
            (registry, repository) => format!("{registry}/{repository}"),
        };
        let part = Part { name: intern(name), replicas, repository: intern(&repository), tag: intern(text("tag")) };
        (part.replicas.is_some() || !part.repository.is_empty() || !part.tag.is_empty()).then_some(part)
    }
    /// Puts a text at `a.b.c`, as parameters of Argo CD do.
    fn put(&mut self, path: &str, text: &str) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(f, r)| (f, Some(r)));
        let at = self.fields.iter().position(|(k, _)| k == first).unwrap_or_else(|| {
            self.fields.push((first.to_owned(), Self::default()));
            self.fields.len() - 1
        });
        let node = &mut self.fields[at].1;
        match rest {
            Some(rest) => node.put(rest, text),
            None => (node.number, node.on, node.text) = (text.parse().ok(), text == "true", text.to_owned()),
        }
    }
    fn asks(&self) -> Vec<Part> {
        let inner = self.fields.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        self.part("").into_iter().chain(inner.filter_map(|(name, node)| node.part(name))).collect()
    }
}

/// Helm values as an object.
#[derive(Debug, Default)]
struct Values(Node);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading { top: true, text: false }.deserialize(deserializer).map(Self)
    }
}

/// `spec.values` of a HelmRelease.
pub fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Asks, D::Error> {
    let values = Values::deserialize(deserializer)?;
    Ok(Asks { parts: values.0.asks(), ..Asks::default() })
}

/// An entry of `spec.images` of a Kustomization.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FluxImage {
    name: String,
    new_name: String,
    new_tag: String,
    digest: String,
}

/// `spec.images` of a Kustomization.
pub fn flux_images<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Str, Str)>, D::Error> {
    let all: Vec<FluxImage> = nullable(deserializer)?;
    let image = |i: FluxImage| {
        let name = if i.new_name.is_empty() { &i.name } else { &i.new_name };
        let new = match (i.digest.is_empty(), i.new_tag.is_empty()) {
            (false, _) => format!("{name}@{}", i.digest),
            (true, false) => format!("{name}:{}", i.new_tag),
            // Another name alone: the tag stays.
            _ if i.new_name.is_empty() => return None,
            _ => name.clone(),
        };
        Some((intern(&i.name), intern(&new)))
    };
    Ok(all.into_iter().filter_map(image).collect())
}

/// The parts of an Application's source that override what is in git.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ArgoHelm {
    values: Option<String>,
    values_object: Option<Values>,
    #[serde(deserialize_with = "nullable")]
    parameters: Vec<ArgoParameter>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ArgoParameter {
    name: String,
    value: String,
}

/// `source.helm` of an Application.
pub fn argo_helm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    let helm: ArgoHelm = nullable(deserializer)?;
    // The object comes before the text; parameters come before both.
    let text = || serde_saphyr::from_str::<Values>(helm.values.as_deref().unwrap_or_default()).ok();
    let Values(mut node) = helm.values_object.or_else(text).unwrap_or_default();
    let known = |p: &&ArgoParameter| {
        p.name.rsplit('.').next().is_some_and(|last| KNOWN.contains(&last)) && p.name.split('.').count() <= DEPTH
    };
    for p in helm.parameters.iter().filter(known) {
        node.put(&p.name, &p.value);
    }
    Ok(node.asks())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ArgoKustomize {
    #[serde(deserialize_with = "nullable")]
    images: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    replicas: Vec<ArgoCount>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ArgoCount {
    name: String,
    count: serde_json::Value,
}

/// Images and replicas of `source.kustomize` of an Application.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub images: Vec<(Str, Str)>,
    pub counts: Vec<(Str, u32)>,
}

/// `source.kustomize` of an Application.
pub fn argo_kustomize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Overrides, D::Error> {
    let kustomize: ArgoKustomize = nullable(deserializer)?;
    let image = |text: &String| {
        let (old, new) = text.split_once('=').unwrap_or((base(text), text));
        (intern(old), intern(new))
    };
    let count = |c: &ArgoCount| {
        let number = c.count.as_u64().or_else(|| c.count.as_str()?.parse().ok())?;
        Some((intern(&c.name), u32::try_from(number).ok()?))
    };
    Ok(Overrides {
        images: kustomize.images.iter().map(image).collect(),
        counts: kustomize.replicas.iter().filter_map(count).collect(),
    })
}

/// An image without tag and digest.
pub fn base(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let slash = image.rfind('/').map_or(0, |at| at + 1);
    image[slash..].find(':').map_or(image, |at| &image[..slash + at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_manifest_tells_its_workloads_and_nothing_else() {
        let text = "---\n# Source: shop/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData: {password: hunter2}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n        - {name: web, image: \"r.io/web:1.2\"}\n--- # the last\nkind: Deployment\nmetadata: [broken\n";
        let found = manifest(text);
        let wanted = Wanted { replicas: Some(3), images: vec![("web".into(), "r.io/web:1.2".into())] };
        assert_eq!(found, [Named { kind: "Deployment".into(), name: "web".into(), wanted }]);
    }

    #[test]
    fn no_manifest_breaks_its_reader() {
        for text in [
            "a\n---\n---\nkind: Deployment\nmetadata: {name: web}",
            "\n---\n---\nkind: 'Deployment'\nmetadata: {name: web}\n---",
        ] {
            let found = manifest(text);
            assert_eq!(found.iter().map(|n| &*n.name).collect::<Vec<_>>(), ["web"], "{text}");
        }
        assert_eq!(manifest("kind: \"StatefulSet\"\nmetadata: {name: db}\n---\n---").len(), 1);
        assert!(manifest("\n---\n---\n---\n---").is_empty() && manifest("\n---").is_empty());
        // Nor a parameter without end.
        let deep = json!({"parameters": [{"name": format!("{}tag", "a.".repeat(100_000)), "value": "v1"}]});
        assert_eq!(argo_helm(deep).expect("parts"), []);
    }

    #[test]
    fn where_an_autoscaler_is_asked_for_no_replicas_are_declared() {
        let values = json!({"replicaCount": 1, "image": {"tag": "v1"}, "autoscaling": {"enabled": true, "minReplicas": 2},
            "worker": {"replicas": 2, "autoscaling": {"enabled": false}}, "proxy": {"replicas": 2, "autoscaling": {"enabled": "true"}}});
        let told: Vec<_> = values_of(&values).parts.into_iter().map(|p| (p.name.to_string(), p.replicas)).collect();
        assert_eq!(told, [(String::new(), None), ("worker".into(), Some(2))]);
        let helm = json!({"values": "replicaCount: 1\nimage: {tag: v1}",
            "parameters": [{"name": "autoscaling.enabled", "value": "true"}]});
        assert_eq!(argo_helm(helm).expect("parts")[0].replicas, None);
    }

    #[test]
    fn values_are_read_by_the_names_that_charts_have_agreed_on_and_no_password_is_kept() {
        let values = json!({"replicaCount": 2, "image": {"repository": "web", "tag": 1.5}, "password": "hunter2",
            "worker": {"replicas": "4", "password": "hunter2", "image": {"registry": "r.io", "repository": "worker"}},
            "extra": [{"replicas": 9}]});
        let asks = values_of(&values);
        assert!(!format!("{asks:?}").contains("hunter2"), "{asks:?}");
        let part = |name: &str, replicas, repository: &str, tag: &str| Part {
            name: name.into(),
            replicas: Some(replicas),
            repository: repository.into(),
            tag: tag.into(),
        };
        assert_eq!(asks.parts, [part("", 2, "web", "1.5"), part("worker", 4, "r.io/worker", "")]);
        let helm =
            json!({"values": "image: {tag: v1}\nreplicas: 1", "parameters": [{"name": "image.tag", "value": "v2"}]});
        let parts = argo_helm(helm).expect("parts");
        assert_eq!((parts[0].replicas, &*parts[0].tag), (Some(1), "v2"), "a parameter comes first");
    }

    fn values_of(value: &serde_json::Value) -> Asks {
        values(value.clone()).expect("values")
    }

    #[test]
    fn images_are_told_from_their_tags_also_with_a_port_in_the_registry() {
        for (image, name) in
            [("web:1", "web"), ("r.io:5000/web", "r.io:5000/web"), ("r.io:5000/web:1@sha256:a", "r.io:5000/web")]
        {
            assert_eq!(base(image), name);
        }
    }
}
