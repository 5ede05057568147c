//! What is kept of Traefik's kinds that name TLS Secrets and are no HTTP routes: TLSStore, TLSOption, IngressRouteTCP,
//! ServersTransport.

use crate::Str;
use crate::findings::condition::nullable;
use crate::resources::Meta;
use serde::Deserialize;

/// One of them: all have the Secrets in their own namespace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TraefikTls {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: TraefikTlsSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TraefikTlsSpec {
    /// Of a TLSStore: served where a route names no Secret.
    pub default_certificate: Option<OfSecret>,
    /// Of a TLSStore: served for the names that they have.
    #[serde(deserialize_with = "nullable")]
    pub certificates: Vec<OfSecret>,
    /// Of an IngressRouteTCP.
    pub tls: Option<OfSecret>,
    /// Of a TLSOption: by whom clients' certificates are signed.
    pub client_auth: Option<ClientAuth>,
    /// Of a ServersTransport: with what Traefik shows itself to what is behind it.
    #[serde(deserialize_with = "nullable")]
    pub certificates_secrets: Vec<Str>,
    /// Of a ServersTransport: whom Traefik trusts there.
    #[serde(rename = "rootCAsSecrets", deserialize_with = "nullable")]
    pub root_cas_secrets: Vec<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OfSecret {
    pub secret_name: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientAuth {
    #[serde(deserialize_with = "nullable")]
    pub secret_names: Vec<Str>,
}

impl TraefikTls {
    /// The Secrets that it names, each with what for.
    pub fn secrets(&self) -> impl Iterator<Item = (&Str, &'static str)> {
        let s = &self.spec;
        let default = s.default_certificate.iter().map(|o| (&o.secret_name, "serves it where a route names no Secret"));
        let more = s.certificates.iter().map(|o| (&o.secret_name, "serves it for the names in it"));
        let tcp = s.tls.iter().map(|o| (&o.secret_name, "serves it"));
        let clients = s.client_auth.iter().flat_map(|c| &c.secret_names);
        let clients = clients.map(|name| (name, "checks clients' certificates with it"));
        let own = s.certificates_secrets.iter().map(|name| (name, "shows it to the services behind"));
        let roots = s.root_cas_secrets.iter().map(|name| (name, "trusts it in the services behind"));
        default.chain(more).chain(tcp).chain(clients).chain(own).chain(roots).filter(|(name, _)| !name.is_empty())
    }
}
