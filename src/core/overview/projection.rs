//! How the objects of the overview are read: text from outside is made harmless before it is kept.

use crate::certificates::bundles::{ApiService, WebhookConfiguration};
use crate::certificates::objects::{Certificate, CertificateRequest, Challenge, Issuer, Order};
use crate::certificates::secret::TlsSecret;
use crate::certificates::signing::SigningRequest;
use crate::intern::bounded;
use crate::platform::objects as p;
use crate::resources::meta::LAST_APPLIED;
use crate::resources::{Kind, Meta};
use crate::routes::objects_traefik::TraefikTls;
use crate::routes::{objects as r, objects_mesh as m};
use crate::store::Projection;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Objects larger than this are read with every text cut.
const LARGE: usize = 128 << 10;

/// Reads one object. What can act on a terminal, and texts without end, are taken out first; objects of plain ASCII
/// (nearly all) are read as they are.
///
/// # Errors
/// When it is no JSON or none of this kind.
pub fn read<P: DeserializeOwned>(object: &[u8]) -> serde_json::Result<P> {
    if object.len() <= LARGE && !suspicious(object) {
        return serde_json::from_slice(object);
    }
    let mut value: Value = serde_json::from_slice(object)?;
    clean(&mut value);
    serde_json::from_slice(&serde_json::to_vec(&value)?)
}

/// Whether a text in it may hold anything but printable ASCII, newline and tab.
fn suspicious(object: &[u8]) -> bool {
    object.iter().any(|b| !b.is_ascii())
        || object.windows(2).any(|w| w[0] == b'\\' && matches!(w[1], b'u' | b'b' | b'f' | b'r'))
        || object.contains(&0x7f)
}

fn clean(value: &mut Value) {
    clean_under("", value);
}

/// Cleans what stands under this key.
fn clean_under(key: &str, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(harmless) = bounded(text) {
                *text = harmless;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        // The data of a Secret and a bundle are base64 of their own length and are not shown; what was last applied is
        // JSON and the `helm.values` of an Application is YAML (which is no YAML any more in one line): of both replicas
        // and images are read, and these are cleaned then.
        Value::Object(map) => {
            let shown = |k: &str, v: &Value| {
                let values = key == "helm" && k == "values" && v.is_string();
                k != "data" && k != "caBundle" && !k.ends_with(LAST_APPLIED) && !values
            };
            map.iter_mut().filter(|(k, v)| shown(k, v)).for_each(|(k, v)| clean_under(k, v));
        }
        _ => {}
    }
}

macro_rules! projection {
    ($($type:ty: $meta:ident $(. $inner:ident)?;)*) => {$(
        impl Projection for $type {
            fn decode(_: &Kind, object: &[u8]) -> serde_json::Result<Self> {
                read(object)
            }
            fn meta(&self) -> &Meta {
                &self.$meta $(. $inner)?
            }
        }
    )*};
}

projection! {
    Certificate: head.meta;
    CertificateRequest: head.meta;
    Order: meta;
    Challenge: meta;
    Issuer: meta;
    TlsSecret: head.meta;
    WebhookConfiguration: head.meta;
    ApiService: head.meta;
    SigningRequest: meta;
    r::Service: meta;
    r::EndpointSlice: meta;
    r::Ingress: head.meta;
    r::IngressClass: head.meta;
    r::IngressRoute: head.meta;
    r::Middleware: meta;
    TraefikTls: meta;
    m::HttpRoute: meta;
    m::Gateway: meta;
    m::VirtualService: meta;
    m::IstioGateway: meta;
    m::KnativeService: head.meta;
    p::Namespace: head.meta;
    p::Workload: head.meta;
    p::Pod: meta;
    p::CronJob: meta;
    p::VolumeClaim: meta;
    p::Quota: meta;
    p::Application: meta;
    p::FluxObject: meta;
    p::FluxSource: meta;
    p::HelmRelease: meta;
    p::WarningEvent: meta;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_an_application_are_read_whatever_signs_are_in_it() {
        let app = |values: &str, long: &str| {
            let object = serde_json::json!({"metadata": {"name": "web"}, "status": {"health": {"message": long}},
                "spec": {"source": {"helm": {"values": values}}}});
            // As an API server writes it.
            let object = object.to_string().replace('&', "\\u0026");
            let app: p::Application = read(object.as_bytes()).unwrap();
            app.spec.source.unwrap().helm
        };
        let tag =
            |parts: &[crate::platform::declared::Part]| parts.iter().map(|p| p.tag.to_string()).collect::<Vec<_>>();
        assert_eq!(tag(&app("# a & b\nimage:\n  tag: v2", "")), ["v2"]);
        assert_eq!(tag(&app("# für uns\nimage:\n  tag: v2", "")), ["v2"]);
        let long = format!("# {}\nimage:\n  tag: v2", "x".repeat(5_000));
        assert_eq!(tag(&app(&long, &"y".repeat(LARGE))), ["v2"]);
        let hostile = app("image:\n  tag: \"v2\\e[2J\"\nwo\u{202e}rker:\n  image:\n    tag: v3", "");
        assert!(!hostile.iter().any(|p| p.tag.contains('\u{1b}') || p.name.contains('\u{202e}')), "{hostile:?}");
    }

    #[test]
    fn no_escape_sequence_gets_into_a_projection() {
        let order: Order =
            read(b"{\"metadata\":{\"name\":\"a\"},\"status\":{\"reason\":\"x\\u001b[2Jy\\u202ez\",\"state\":null}}")
                .unwrap_or_default();
        assert!(!order.status.reason.contains('\u{1b}') && !order.status.reason.contains('\u{202e}'));
        let long = format!("{{\"metadata\":{{\"name\":\"a\"}},\"status\":{{\"reason\":\"{}\"}}}}", "x".repeat(1 << 20));
        let order: Order = read(long.as_bytes()).unwrap();
        assert!(order.status.reason.len() <= crate::intern::CELL_LIMIT && !order.status.reason.is_empty());
    }
}
