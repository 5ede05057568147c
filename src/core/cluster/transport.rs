//! The HTTP stack under a connection: TCP, proxy, TLS, credential, counting, and the refusal of
//! writes in read-only mode. Built lazily and anew when certificates change.

use super::credential::Credential;
use super::explain::host;
use super::kubeconfig::Kubeconfig;
use crate::clock::Clock;
use crate::{Problem, ProblemKind, Result};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::config::{AuthInfo, Config, KubeConfigOptions};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tower::{BoxError, Service, ServiceBuilder};

const USER_AGENT: &str = concat!("quarterdeck/", env!("CARGO_PKG_VERSION"));
/// TCP, proxy and TLS together must not take longer.
const CONNECT: Duration = Duration::from_secs(5);

/// What the stack tells and is told while it runs.
#[derive(Default)]
pub(super) struct Shared {
    pub requests: AtomicU64,
    pub bytes: AtomicU64,
    pub watches: AtomicU64,
    pub read_only: AtomicBool,
    pub interactive: AtomicBool,
}

/// What a stack is built from.
pub(super) struct Recipe {
    pub kubeconfig: Kubeconfig,
    pub context: String,
    pub impersonate_user: Option<String>,
    pub impersonate_groups: Vec<String>,
}

impl Recipe {
    /// The user's entry with the credential taken out of it.
    pub(super) async fn credential(&self) -> Result<(Config, Credential)> {
        let mut merged = self.kubeconfig.merged.clone();
        let mut proxy = None;
        let cluster = self.kubeconfig.context(Some(&self.context))?.cluster;
        for named in merged.clusters.iter_mut().filter(|c| c.name == cluster) {
            // The client library would hold NO_PROXY against the proxy's own address.
            proxy = named.cluster.as_mut().and_then(|c| c.proxy_url.take()).filter(|p| !p.is_empty());
        }
        if !merged.auth_infos.iter().any(|u| Some(&u.name) == self.user().as_ref()) {
            merged.auth_infos.push(kube::config::NamedAuthInfo {
                name: self.user().unwrap_or_default(),
                auth_info: Some(AuthInfo::default()),
                ..Default::default()
            });
        }
        for user in &mut merged.auth_infos {
            user.auth_info.get_or_insert_default();
        }
        let options = KubeConfigOptions { context: Some(self.context.clone()), ..Default::default() };
        let mut config = Config::from_custom_kubeconfig(merged, &options).await.map_err(|e| {
            Problem::config("cannot use the context", chain(&e)).on(self.context.clone()).next("mend the kubeconfig")
        })?;
        config.proxy_url = match proxy {
            Some(url) => Some(url.parse().map_err(|e: http::uri::InvalidUri| {
                Problem::config("cannot use the context's proxy-url", e.to_string()).on(self.context.clone())
            })?),
            None => proxy_of_environment(&config.cluster_url),
        };
        if let Some(user) = &self.impersonate_user {
            config.auth_info.impersonate = Some(user.clone());
        }
        if !self.impersonate_groups.is_empty() {
            config.auth_info.impersonate_groups = Some(self.impersonate_groups.clone());
        }
        config.headers.push((HeaderName::from_static("user-agent"), HeaderValue::from_static(USER_AGENT)));
        let loopback = matches!(host(&config.cluster_url.to_string()).as_str(), "localhost" | "127.0.0.1" | "[::1]");
        // On one machine the processor is slower than the wire.
        config.disable_compression |= loopback;
        let credential = Credential::take(&mut config.auth_info)?;
        Ok((config, credential))
    }

    fn user(&self) -> Option<String> {
        let context = self.kubeconfig.merged.contexts.iter().find(|c| c.name == self.context)?;
        context.context.as_ref()?.user.clone()
    }
}

/// Builds the stack. Blocks: certificates are parsed and an auth-provider may run a command.
pub(super) fn build(
    mut config: Config,
    certificate: Option<(String, secrecy::SecretString)>,
    credential: Arc<Credential>,
    shared: Arc<Shared>,
    clock: Clock,
) -> Result<kube::Client> {
    use base64::Engine;
    let encode = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
    if let Some((pem, key)) = certificate {
        config.auth_info.client_certificate_data = Some(encode(&pem));
        config.auth_info.client_key_data = Some(encode(key.expose_secret()).into());
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    // A peer that died without a word is noticed after about a minute, even below an idle watch.
    tcp.set_keepalive(Some(Duration::from_secs(30)));
    tcp.set_keepalive_interval(Some(Duration::from_secs(10)));
    tcp.set_keepalive_retries(Some(3));
    match config.proxy_url.clone() {
        None => stack(config, tcp, credential, shared, clock),
        Some(url) => match url.scheme_str() {
            Some("socks5" | "socks5h") => {
                let proxy = SocksV5::new(url, tcp);
                stack(config, proxy, credential, shared, clock)
            }
            Some("http") => {
                let proxy = authorized(Tunnel::new(url.clone(), tcp), &url);
                stack(config, proxy, credential, shared, clock)
            }
            Some("https") => {
                let mut plain = config.clone();
                plain.tls_server_name = None;
                let outer = plain.rustls_https_connector_with_connector(tcp).map_err(|e| tls_setup(&e))?;
                let proxy = authorized(Tunnel::new(url.clone(), outer), &url);
                stack(config, proxy, credential, shared, clock)
            }
            other => Err(Problem::config(
                "cannot use the proxy",
                format!("{} is not http, https or socks5", other.unwrap_or("a URL without a scheme")),
            )
            .on(url.host().unwrap_or_default())),
        },
    }
}

fn authorized<C>(tunnel: Tunnel<C>, url: &Uri) -> Tunnel<C> {
    use base64::Engine;
    let user = url.authority().and_then(|a| a.as_str().rsplit_once('@')).map(|(user, _)| unescape(user));
    let value = user.and_then(|u| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(u);
        HeaderValue::from_str(&format!("Basic {encoded}")).ok()
    });
    match value {
        Some(value) => tunnel.with_auth(value),
        None => tunnel,
    }
}

/// Percent escapes undone; what is none stays.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = digit(i + 1).zip(digit(i + 2)).filter(|_| bytes[i] == b'%');
        let value = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        out.push(value.unwrap_or(bytes[i]));
        i += if value.is_some() { 3 } else { 1 };
    }
    out
}

fn stack<C>(
    config: Config,
    connector: C,
    credential: Arc<Credential>,
    shared: Arc<Shared>,
    clock: Clock,
) -> Result<kube::Client>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError> + Send + Sync + std::error::Error + 'static,
{
    let tls = config.rustls_https_connector_with_connector(connector).map_err(|e| tls_setup(&e))?;
    let timed = tower::service_fn(move |uri: Uri| {
        let mut tls = tls.clone();
        Box::pin(async move {
            let connect = async {
                std::future::poll_fn(|cx| tls.poll_ready(cx)).await?;
                tls.call(uri).await
            };
            match tokio::time::timeout(CONNECT, connect).await {
                Ok(connected) => connected,
                Err(_) => Err(BoxError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
            }
        })
    });
    let http: Http<_, Body> = Http::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(60))
        .pool_max_idle_per_host(4)
        .build(timed);
    let innermost = tower::service_fn(move |mut request: http::Request<Body>| {
        let (http, credential, shared, clock) = (http.clone(), credential.clone(), shared.clone(), clock.clone());
        async move {
            if shared.read_only.load(Ordering::Relaxed) {
                refuse_writes(request.method(), request.uri())?;
            }
            let may_ask = shared.interactive.load(Ordering::Relaxed);
            if let Some(value) = credential.header(clock.now(), may_ask).await? {
                request.headers_mut().insert(AUTHORIZATION, value);
            }
            shared.requests.fetch_add(1, Ordering::Relaxed);
            let answer = http.request(request).await?;
            let counter = shared.clone();
            Ok::<_, BoxError>(answer.map(move |body| {
                body.map_frame(move |frame| {
                    let bytes = frame.data_ref().map_or(0, |d| d.len() as u64);
                    counter.bytes.fetch_add(bytes, Ordering::Relaxed);
                    frame
                })
            }))
        }
    });
    let auth = config.auth_layer().map_err(|e| {
        Problem::new(ProblemKind::Unauthenticated, "cannot sign in", chain(&e))
            .next("sign in again with the provider's own command")
    })?;
    let headers =
        config.extra_headers_layer().map_err(|e| Problem::config("cannot use the names to impersonate", chain(&e)))?;
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(tower_http::decompression::DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(auth)
        .layer(headers)
        .map_err(BoxError::from)
        .service(innermost);
    Ok(kube::Client::new(service, config.default_namespace))
}

fn tls_setup(error: &kube::Error) -> Problem {
    Problem::config("cannot set up TLS", chain(error))
        .next("check client-certificate, client-key and certificate-authority in the kubeconfig")
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        let more = e.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = e.source();
    }
    crate::text::clean_line(&text).into_owned()
}

/// What may pass in read-only mode: reads, reviews ("may I?", "who am I?") and dry runs.
pub(super) fn refuse_writes(method: &http::Method, uri: &Uri) -> Result<()> {
    let path = uri.path();
    let read = matches!(*method, http::Method::GET | http::Method::HEAD | http::Method::OPTIONS);
    // exec and attach are GETs by name only.
    let enters = ["/exec", "/attach"].iter().any(|end| path.contains("/pods/") && path.ends_with(end));
    if read && !enters {
        return Ok(());
    }
    let group = |name: &str| path.contains(&format!("/apis/{name}/"));
    let review = *method == http::Method::POST
        && (group("authorization.k8s.io") || group("authentication.k8s.io"))
        && path.ends_with("reviews");
    let dry = uri.query().is_some_and(|q| q.split('&').any(|p| p == "dryRun=All"));
    if review || (dry && !enters) {
        return Ok(());
    }
    let verb = if enters { "open a shell in" } else { "change" };
    Err(Problem::new(ProblemKind::Guarded, format!("cannot {verb} anything"), "read-only mode is on")
        .on(path.to_string())
        .next("switch read-only mode off first"))
}

/// HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go reads them: never for this machine itself.
fn proxy_of_environment(server: &Uri) -> Option<Uri> {
    let variable = |name: &str| {
        let set = |n: &str| std::env::var(n).ok().filter(|v| !v.is_empty());
        set(name).or_else(|| set(&name.to_lowercase()))
    };
    let host = server.host()?.trim_matches(['[', ']']).to_lowercase();
    let address = host.parse::<std::net::IpAddr>().ok();
    if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
        return None;
    }
    let named = variable(if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" })?;
    if variable("NO_PROXY").is_some_and(|list| bypassed(&host, server.port_u16(), address, &list)) {
        return None;
    }
    let named = if named.contains("://") { named } else { format!("http://{named}") };
    named.parse().ok()
}

fn bypassed(host: &str, port: Option<u16>, address: Option<std::net::IpAddr>, list: &str) -> bool {
    list.split(',').map(|e| e.trim().to_lowercase()).filter(|e| !e.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return match (network.parse(), bits.parse()) {
                (Ok(network), Ok(bits)) => in_network(address, network, bits),
                _ => false,
            };
        }
        let (name, entry_port) = match entry.rsplit_once(':') {
            Some((name, p)) if !name.contains(':') => (name.to_string(), p.parse::<u16>().ok()),
            _ => (entry.clone(), None),
        };
        if entry_port.is_some() && entry_port != port {
            return false;
        }
        let suffix = name.trim_start_matches('*').trim_start_matches('.');
        host == suffix && !name.starts_with('.') || host.ends_with(&format!(".{suffix}"))
    })
}

fn in_network(address: std::net::IpAddr, network: std::net::IpAddr, bits: u32) -> bool {
    use std::net::IpAddr::{V4, V6};
    let same = |a: u128, b: u128, width: u32| bits <= width && (bits == 0 || (a ^ b) >> (width - bits) == 0);
    match (address, network) {
        (V4(a), V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32),
        (V6(a), V6(b)) => same(a.into(), b.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_only_lets_reads_reviews_and_dry_runs_pass_and_nothing_else() {
        let may = |method: &str, path: &str| {
            refuse_writes(&method.parse().expect("a method"), &path.parse().expect("a path")).is_ok()
        };
        assert!(may("GET", "/api/v1/pods"));
        assert!(may("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"));
        assert!(may("PATCH", "/apis/apps/v1/namespaces/a/deployments/d?dryRun=All&fieldManager=quarterdeck"));
        assert!(!may("PATCH", "/apis/apps/v1/namespaces/a/deployments/d?fieldManager=quarterdeck"));
        assert!(!may("DELETE", "/api/v1/namespaces/a/pods/p"));
        assert!(!may("GET", "/api/v1/namespaces/a/pods/p/exec?command=sh"));
        assert!(!may("POST", "/api/v1/namespaces/a/serviceaccounts/s/token"));
        assert!(!may("POST", "/api/v1/namespaces/a/pods?x=dryRun=All"));
    }

    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        let hit = |host: &str, list: &str| bypassed(host, Some(6443), host.parse().ok(), list);
        assert!(hit("api.corp.example", "corp.example"));
        assert!(hit("corp.example", "corp.example"));
        assert!(!hit("corp.example", ".corp.example"));
        assert!(!hit("notcorp.example", "corp.example"));
        assert!(hit("10.1.2.3", "localhost, 10.0.0.0/8"));
        assert!(!hit("11.1.2.3", "10.0.0.0/8"));
        assert!(hit("api.example", "api.example:6443") && !hit("api.example", "api.example:443"));
        assert_eq!(unescape("user:p%40ss%zz"), b"user:p@ss%zz");
    }
}
