//! The Certificate behind an object of an issuance: over the owners of a request, an order or a challenge, also when that
//! one is gone. What follows on it is the Certificate's: the new attempt, the Secret, the leaf that is served.

use super::issuance::{self, certificates, orders, requests, text};
use super::watch_list::{Watched, watch};
use crate::ProblemKind;
use crate::actions::action::Progress;
use crate::actions::stage::{Found, Own, Scene, Stage};
use crate::cluster::Request;
use crate::resources::ObjectRef;
use serde_json::Value;

/// A stage of the Certificate that the object belongs to. `object`: as it was when the plan was made.
pub(crate) fn stage(id: &'static str, title: &'static str, object: &Value, look: impl Own + 'static) -> Stage {
    let mut known = Value::Null;
    known["metadata"]["ownerReferences"] = object["metadata"]["ownerReferences"].clone();
    Stage::own(id, title, Behind { known, look: Box::new(look) })
}

/// The issuance of the Certificate, to its end.
pub(crate) fn issued(object: &Value) -> Stage {
    stage("secret", "Secret", object, Issued)
}

struct Behind {
    /// The owners of the object.
    known: Value,
    look: Box<dyn Own>,
}

#[async_trait::async_trait]
impl Own for Behind {
    async fn look(&self, scene: Scene<'_>) -> Found {
        match certificate(&scene, &self.known).await {
            Ok(Some(object)) => self.look.look(Scene { object: &object, ..scene }).await,
            Ok(None) => Found::Untold("no Certificate stands behind it".into()),
            Err(found) => found,
        }
    }
}

/// Climbs the owners up to the Certificate.
async fn certificate(scene: &Scene<'_>, known: &Value) -> Result<Option<ObjectRef>, Found> {
    let mut object = known.clone();
    // Challenge, Order, CertificateRequest, Certificate.
    for _ in 0..3 {
        let owners = object["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        let owner = owners.iter().find_map(|o| {
            let kind = match o["kind"].as_str()? {
                "Certificate" => certificates(),
                "CertificateRequest" => requests(),
                "Order" => orders(),
                _ => return None,
            };
            Some((kind, text(&o["name"])))
        });
        let Some((kind, name)) = owner else { return Ok(None) };
        let found = ObjectRef::new(kind, &scene.object.namespace, &name);
        object = match scene.cluster.json(Request::get(found.path(None))).await {
            Ok(object) => object,
            Err(p) if p.kind == ProblemKind::NotFound && issuance::is_certificate(&found.kind) => {
                return Err(Found::Failed("its Certificate is gone".into()));
            }
            // cert-manager takes requests and orders away before it tries anew: that says nothing of the Certificate.
            Err(p) if p.kind == ProblemKind::NotFound => {
                return Err(Found::Untold(format!("{} is gone, so its Certificate is not known", found.short())));
            }
            Err(p) => return Err(Found::Untold(format!("{} cannot be read: {}", found.short(), p.why))),
        };
        if issuance::is_certificate(&found.kind) {
            return Ok(Some(issuance::reference(found.kind, &object)));
        }
    }
    Ok(None)
}

struct Issued;

#[async_trait::async_trait]
impl Own for Issued {
    async fn look(&self, scene: Scene<'_>) -> Found {
        let (namespace, name) = (&*scene.object.namespace, Some(&*scene.object.name));
        let what = [Watched { kind: certificates(), namespace, name }];
        watch(scene.cluster, &what, scene.tell, &|seen| {
            issuance::progress(seen[0].values().next()).unwrap_or(Progress::Going("is being issued".into()))
        })
        .await
    }
}
