//! From documents to complete objects.

use super::catalog::WORLDS;
use super::document::{Document, expand};
use super::load::WorldError;
use crate::shapes::{bulk, names, times};
use crate::value::{label, list, map, name, namespace, set, text};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Everything the builder has to know and has made so far.
pub(super) struct Builder {
    /// The world's present.
    pub now: Timestamp,
    /// World name; part of every UID.
    pub seed: String,
    /// Finished objects.
    pub objects: Vec<Value>,
    /// Hints that need all objects: releases and events.
    pub later: Vec<Document>,
    /// Node names and addresses.
    pub nodes: Vec<(String, String)>,
    /// Creation of each namespace.
    births: HashMap<String, Timestamp>,
    /// How many pods got an address on each node.
    addresses: Vec<usize>,
    /// Turn for the next pod.
    turn: usize,
}

/// Age of what says nothing about it, in a namespace that says nothing either.
const OLD: i64 = 120 * 86_400;

/// All objects of a world, complete but for resource versions. Deterministic
/// in the name, the time and the sizes.
pub fn build(world: &str, now: Timestamp, pods: usize, certs: usize) -> Result<Vec<Value>, WorldError> {
    let entry =
        WORLDS.iter().find(|w| w.name == world).ok_or_else(|| WorldError::Unknown { name: world.to_owned() })?;
    let documents = expand(entry.files)?;
    let mut builder = Builder {
        now: Timestamp::from_second(now.as_second()).unwrap_or(now),
        seed: world.to_owned(),
        objects: Vec::new(),
        later: Vec::new(),
        nodes: Vec::new(),
        births: HashMap::new(),
        addresses: Vec::new(),
        turn: 0,
    };
    for document in documents {
        builder.add(document);
    }
    builder.bulk(pods, certs);
    builder.settle();
    Ok(builder.objects)
}

impl Builder {
    /// Completes one document and what follows from it.
    pub fn add(&mut self, document: Document) {
        let Document { mut object, hints } = document;
        if object["helm"].is_object() || object["event"].is_object() {
            self.later.push(Document { object, hints });
            return;
        }
        self.identify(&mut object, &hints);
        match text(&object, "kind") {
            "Namespace" => self.add_namespace(object),
            "Node" => {
                let ip = list(&object, "status.addresses").first().map_or("", |a| text(a, "address")).to_owned();
                self.nodes.push((name(&object).to_owned(), ip));
                self.addresses.push(0);
                self.objects.push(object);
            }
            "Deployment" => self.add_deployment(object, &hints),
            "StatefulSet" => self.add_statefulset(object, &hints),
            "DaemonSet" => self.add_daemonset(object, &hints),
            "Job" => {
                self.add_job(object, &hints);
            }
            "CronJob" => self.add_cronjob(object, &hints),
            "Pod" => self.add_bare_pod(object, &hints),
            "PersistentVolumeClaim" => self.add_claim(object, &hints),
            "Service" => {
                crate::shapes::network::default_service(&mut object);
                self.objects.push(object);
            }
            "Ingress" => self.add_ingress(object, &hints),
            "Certificate" => self.add_certificate(object, &hints["certificate"]),
            "Secret" => {
                encode_secret(&mut object);
                if hints["x509"].is_object() {
                    self.certify(&mut object, &hints["x509"]);
                }
                self.objects.push(object);
            }
            _ => self.objects.push(object),
        }
    }

    /// Gives an object its UID, age and generation, and resolves offsets.
    pub fn identify(&mut self, object: &mut Value, hints: &Value) {
        let created = self.created(object, hints);
        let (kind, ns, object_name) =
            (text(object, "kind").to_owned(), namespace(object).to_owned(), name(object).to_owned());
        let uid = names::uid(&[&self.seed, &kind, &ns, &object_name]);
        let meta = &mut object["metadata"];
        if meta["uid"].is_null() {
            meta["uid"] = uid.into();
        }
        if meta["creationTimestamp"].is_null() {
            meta["creationTimestamp"] = times::text(created).into();
        }
        times::resolve(meta, self.now);
        if object["spec"].is_object() && !matches!(kind.as_str(), "Namespace" | "Service" | "ServiceAccount" | "Node") {
            crate::shapes::pod::fill(&mut object["metadata"], "generation", 1);
        }
        for key in ["status", "spec"] {
            if !object[key].is_null()
                && !matches!(kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob")
            {
                times::resolve(&mut object[key], self.now);
            }
        }
    }

    /// When the object was created: by its own hint, else with its namespace.
    pub fn created(&self, object: &Value, hints: &Value) -> Timestamp {
        match hints["age"].as_str().and_then(times::seconds) {
            Some(age) => times::shift(self.now, -age),
            None => {
                let birth = self.births.get(namespace(object)).copied();
                birth.map_or(times::shift(self.now, -OLD), |b| {
                    // Objects of one installation are not all from the same second.
                    let jitter = names::number(&[&self.seed, text(object, "kind"), name(object)], 50) as i64;
                    times::shift(b, jitter).min(self.now)
                })
            }
        }
    }

    fn add_namespace(&mut self, mut object: Value) {
        let ns = name(&object).to_owned();
        let created = crate::table::age::time(&object, "metadata.creationTimestamp").unwrap_or(self.now);
        self.births.insert(ns.clone(), created);
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = ns.clone().into();
        set(&mut object, "spec.finalizers", json!(["kubernetes"]));
        if object["status"].is_null() {
            object["status"] = json!({"phase": "Active"});
        }
        self.objects.push(object);
        for (kind, child, extra) in [
            ("ServiceAccount", "default", Value::Null),
            (
                "ConfigMap",
                "kube-root-ca.crt",
                json!({"ca.crt": crate::shapes::x509::ca_pem(crate::shapes::x509::Signer::CustomCa)}),
            ),
        ] {
            let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": child, "namespace": ns}});
            if !extra.is_null() {
                object["data"] = extra;
            }
            self.identify(&mut object, &Value::Null);
            self.objects.push(object);
        }
    }

    /// The next node in turn, or the one asked for: index, name, address.
    pub fn node(&mut self, wanted: Option<&str>) -> (usize, String, String) {
        if self.nodes.is_empty() {
            return (0, "node-1".into(), "192.0.2.11".into());
        }
        let workers: Vec<usize> = (0..self.nodes.len())
            .filter(|i| {
                let node = self.objects.iter().find(|o| o["kind"] == "Node" && name(o) == self.nodes[*i].0);
                node.is_none_or(|n| label(n, "node-role.kubernetes.io/control-plane").is_none())
            })
            .collect();
        let index = match wanted.and_then(|w| self.nodes.iter().position(|n| n.0 == w)) {
            Some(index) => index,
            None => {
                self.turn += 1;
                workers.get(self.turn % workers.len().max(1)).copied().unwrap_or(0)
            }
        };
        let (node, ip) = self.nodes[index].clone();
        (index, node, ip)
    }

    /// A fresh pod address on a node.
    pub fn pod_ip(&mut self, node: usize) -> String {
        match self.addresses.get_mut(node) {
            Some(n) => {
                *n += 1;
                format!("10.42.{}.{}", node + *n / 250 * 10, *n % 250 + 4)
            }
            None => "10.42.0.4".into(),
        }
    }

    /// Fills a TLS Secret with a real certificate: `names`, `issued` ago, `life`, `issuer`.
    fn certify(&self, secret: &mut Value, hint: &Value) {
        use crate::shapes::x509;
        use base64::{Engine, engine::general_purpose::STANDARD};
        let seconds = |key: &str, other: i64| hint[key].as_str().and_then(times::seconds).unwrap_or(other);
        let names: Vec<String> = list(hint, "names").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let not_before = times::shift(self.now, -seconds("issued", 30 * 86_400));
        let not_after = times::shift(not_before, seconds("life", 90 * 86_400));
        let signer = crate::shapes::acme::signer_of(text(hint, "issuer"));
        let chain = x509::chain_pem(&x509::Leaf { names: &names, not_before, not_after, signer });
        secret["data"] = json!({"tls.crt": STANDARD.encode(chain), "tls.key": STANDARD.encode(x509::LEAF_KEY)});
    }

    fn bulk(&mut self, pods: usize, certs: usize) {
        if pods == 0 && certs == 0 {
            return;
        }
        for i in 0..bulk::NAMESPACES {
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": bulk::namespace(i), "labels": {"bulk": "true"}}});
            self.add(Document { object, hints: json!({"age": "90d"}) });
        }
        for i in 0..pods {
            let (index, ..) = self.node(None);
            let (node, ip) = self.nodes[index].clone();
            self.objects.push(bulk::pod(i, (&node, &ip), self.now));
        }
        self.bulk_certificates(certs);
    }
}

/// `stringData` becomes `data`, as the API server does.
fn encode_secret(secret: &mut Value) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let plain = map(secret, "stringData").cloned().unwrap_or_default();
    if let Some(fields) = secret.as_object_mut() {
        fields.shift_remove("stringData");
        fields.entry("type").or_insert_with(|| "Opaque".into());
    }
    for (key, value) in plain {
        secret["data"][key] = STANDARD.encode(value.as_str().unwrap_or_default()).into();
    }
}
