//! The last part of an issuance: the hosts of the routes that use the Secret serve its leaf, seen from here.

use super::issuance::{is, secrets};
use crate::actions::stage::{Found, Own, Scene, Stage};
use crate::certificates::secret::{Leaf, TlsSecret};
use crate::clock::format_time;
use crate::cluster::Request;
use crate::probe::{self, Dns, Probing, Roots, TlsTarget};
use crate::resources::ObjectRef;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Hosts that are looked at; more say nothing new.
const HOSTS: usize = 5;
/// Proxies that mount a Secret see a new one within the kubelet's period and its cache.
const TRIES: u64 = 12;

pub(crate) fn stage() -> Stage {
    Stage::own("served", "served", Served)
}

/// See [`stage`].
pub(crate) struct Served;

#[async_trait::async_trait]
impl Own for Served {
    async fn look(&self, scene: Scene<'_>) -> Found {
        match self.at(scene).await {
            Ok(done) => Found::Done(done),
            Err(found) => found,
        }
    }
}

impl Served {
    async fn at(&self, scene: Scene<'_>) -> Result<String, Found> {
        if let Probing::Off(why) = scene.probing {
            return Err(Found::Untold((*why).into()));
        }
        let secret = secret_of(&scene).await?;
        let hosts = hosts(&scene, &secret).await?;
        let wanted = leaf(&scene, &secret).await?;
        let dns = probe::dns_of(scene.config)
            .map_err(|p| Found::Untold(format!("cannot be looked at from here: {}", p.why)))?;
        let port = probe::https_port(scene.config);
        let mut open: Vec<String> = hosts.clone();
        let mut last = Vec::new();
        for round in 0..TRIES {
            last.clear();
            let mut still = Vec::new();
            for host in open {
                match look(&dns, scene.probing, (&host, port), &wanted).await {
                    Look::Same => continue,
                    seen => last.push((host.clone(), seen)),
                }
                still.push(host);
            }
            open = still;
            if open.is_empty() {
                let until = &format_time(wanted.not_after)[..10];
                return Ok(format!("{} serves the new one, until {until}", words(&hosts)));
            }
            if let Some((host, Look::Other(what))) = last.iter().find(|(_, l)| matches!(l, Look::Other(_))) {
                (scene.tell)(&format!("{host} {what}"));
            } else if round >= 1 {
                break;
            }
            // What is served cannot be watched: looked at again, less often each time.
            tokio::time::sleep(Duration::from_secs(2 + 2 * round)).await;
        }
        for (host, seen) in &last {
            if let Look::Other(what) = seen {
                return Err(Found::Failed(format!("{host} {what}: see whether its proxy has read the Secret")));
            }
        }
        let (host, why) = last
            .into_iter()
            .find_map(|(host, seen)| match seen {
                Look::Unreachable(why) => Some((host, why)),
                _ => None,
            })
            .unwrap_or_default();
        Err(Found::Untold(format!("{host} cannot be looked at from here: {why}")))
    }
}

enum Look {
    Same,
    /// Another certificate is served; in words.
    Other(String),
    Unreachable(String),
}

async fn look(dns: &Dns, probing: &Probing, (host, port): (&str, u16), wanted: &Leaf) -> Look {
    let target = TlsTarget { host: host.to_owned(), address: None, port };
    // What is served is compared, not trusted: no roots are needed.
    let seen = match probing {
        Probing::Script(script) => script(&target),
        _ => probe::probe(dns, &target, &Roots::default(), wanted.not_before).await,
    };
    match seen {
        Err(fault) => Look::Unreachable(fault.words()),
        Ok(served) => match served.leaf() {
            Some(leaf) if leaf.sha256 == wanted.sha256 => Look::Same,
            Some(leaf) if leaf.names == wanted.names => Look::Other("still serves the certificate before".into()),
            // Authorities leave the subject empty by now.
            Some(leaf) if leaf.subject.is_empty() => {
                Look::Other(format!("serves another certificate: {}", leaf.names.join(", ")))
            }
            Some(leaf) => Look::Other(format!("serves another certificate: {}", leaf.subject)),
            None => Look::Other("serves no certificate that can be read".into()),
        },
    }
}

fn words(hosts: &[String]) -> String {
    match hosts {
        [one] => one.clone(),
        [one, ..] => format!("{one} and {} more", hosts.len() - 1),
        [] => String::new(),
    }
}

/// The Secret that is followed.
async fn secret_of(scene: &Scene<'_>) -> Result<ObjectRef, Found> {
    let mut secret = scene.object.clone();
    if !is(&secret.kind, "", "secrets") {
        let certificate: Result<Value, _> = scene.cluster.json(Request::get(scene.object.path(None))).await;
        let certificate = certificate.map_err(|p| Found::Untold(format!("cannot be read: {}", p.why)))?;
        let name = certificate["spec"]["secretName"].as_str().unwrap_or_default();
        secret = ObjectRef::new(secrets(), &scene.object.namespace, name);
    }
    secret.uid = "".into();
    Ok(secret)
}

/// The hosts of the routes that use it.
async fn hosts(scene: &Scene<'_>, secret: &ObjectRef) -> Result<Vec<String>, Found> {
    let Some(mut changes) = scene.overview.changes() else {
        return Err(Found::Untold("routes are not watched".into()));
    };
    let seen =
        changes.wait_for(|o| o.loaded).await.map_err(|_| Found::Untold("routes are not watched any more".into()))?;
    let uses = seen.routes.iter().filter(|r| r.tls.serves(&secret.namespace, &secret.name));
    let hosts: BTreeSet<String> =
        uses.filter(|r| !r.host.is_empty() && !r.host.starts_with('*')).map(|r| r.host.to_string()).collect();
    if hosts.is_empty() {
        return Err(Found::Untold("no route with a host uses the Secret".into()));
    }
    Ok(hosts.into_iter().take(HOSTS).collect())
}

/// The leaf that the Secret holds now; the rest is dropped.
async fn leaf(scene: &Scene<'_>, secret: &ObjectRef) -> Result<Leaf, Found> {
    let held: Result<TlsSecret, _> = scene.cluster.json(Request::get(secret.path(None))).await;
    let held = held.map_err(|p| Found::Untold(format!("Secret {} cannot be read: {}", secret.short(), p.why)))?;
    held.leaf.map_err(|why| Found::Failed(format!("Secret {}: {why}", secret.short())))
}
