//! CA bundles that the API server goes by: of admission webhooks and of aggregated APIs. One that has expired or does not
//! fit makes the API server refuse what it should let through.

use super::verdict::clock_time;
use super::x509;
use crate::Str;
use crate::findings::Finding;
use crate::findings::condition::nullable;
use crate::overview::index::Index;
use crate::resources::meta::Lent;
use crate::resources::{Head, Kind, Level, Meta, ObjectRef};
use base64::Engine;
use serde::{Deserialize, Deserializer};
use x509_parser::pem::Pem;

/// What is kept of a `caBundle`: whose certificates, and how long they last.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// Subject and end of each certificate.
    pub authorities: Vec<(Str, i64)>,
    /// Why it cannot be read.
    pub fault: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Bundle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Lent::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        let Ok(pem) = base64::engine::general_purpose::STANDARD.decode(text.as_bytes()) else {
            return Ok(Self { fault: Some("is no base64"), ..Self::default() });
        };
        let blocks = Pem::iter_from_buffer(&pem).take(64).flatten().filter(|b| b.label == "CERTIFICATE");
        let read = blocks.filter_map(|b| x509::read(&b.contents).ok());
        let authorities: Vec<(Str, i64)> = read.map(|d| (d.subject.whole, d.not_after)).collect();
        let fault = authorities.is_empty().then_some("holds no certificate that can be read");
        Ok(Self { authorities, fault })
    }
}

/// A ValidatingWebhookConfiguration or MutatingWebhookConfiguration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WebhookConfiguration {
    #[serde(rename = "metadata")]
    pub head: Head,
    #[serde(deserialize_with = "nullable")]
    pub webhooks: Vec<Webhook>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    pub name: Str,
    pub client_config: ClientConfig,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientConfig {
    pub ca_bundle: Bundle,
}

/// An APIService: another server behind the API server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ApiService {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub spec: ClientConfig,
}

/// The annotations by which cert-manager's cainjector knows whose authority to write: a Certificate, or a Secret.
const INJECTED: [&str; 2] = ["cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret"];

/// Whose authority cainjector writes into an object: namespace, name, and whether a Certificate is named (else a Secret).
pub fn injected(head: &Head) -> Option<(&str, &str, bool)> {
    INJECTED.iter().find_map(|key| {
        let (namespace, name) = head.annotation(key)?.split_once('/')?;
        Some((namespace, name, *key == INJECTED[0]))
    })
}

impl WebhookConfiguration {
    /// What is wrong with the first of its bundles that is not well.
    pub fn fault(&self, now: i64) -> Option<(&Str, Level, String)> {
        self.webhooks.iter().find_map(|w| {
            let (level, words) = fault(&w.client_config.ca_bundle, now)?;
            Some((&w.name, level, words))
        })
    }
    /// Whether cainjector has written all of them.
    pub fn written(&self) -> bool {
        !self.webhooks.iter().any(|w| w.client_config.ca_bundle.is_empty())
    }
}

impl ApiService {
    /// What is wrong with its bundle.
    pub fn fault(&self, now: i64) -> Option<(Level, String)> {
        fault(&self.spec.ca_bundle, now)
    }
}

impl Bundle {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty() && self.fault.is_none()
    }
}

/// The state of a bundle when it is not well; `None` also when there is none (then the system's roots count).
fn fault(bundle: &Bundle, now: i64) -> Option<(Level, String)> {
    if let Some(fault) = bundle.fault {
        return Some((Level::Bad, format!("its caBundle {fault}")));
    }
    let (subject, last) = bundle.authorities.iter().max_by_key(|(_, end)| *end)?;
    (*last <= now).then(|| (Level::Bad, format!("its CA {subject} expired {}", clock_time(*last, now))))
}

/// What is wrong with the bundles.
pub fn findings(index: &Index<'_>, now: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |kind: &Kind, meta: &Meta, what: &str, (level, words): (Level, String)| {
        let object = ObjectRef::with_meta(kind.clone(), meta);
        let mut finding =
            Finding::new("CA_BUNDLE_BROKEN", &object, format!("{what}{words}: the API server cannot call it"))
                .next("see who writes the caBundle (cert-manager's cainjector, a Helm hook) and renew it");
        finding.level = level;
        found.push(finding);
    };
    for (kind, configuration) in index.snapshot.webhooks.iter() {
        if let Some((name, level, words)) = configuration.fault(now) {
            say(kind, &configuration.head.meta, &format!("webhook {name}: "), (level, words));
        }
    }
    for (kind, service) in index.snapshot.api_services.iter() {
        if let Some(fault) = service.fault(now) {
            say(kind, &service.head.meta, "", fault);
        }
    }
    found
}
