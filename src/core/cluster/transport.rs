//! The HTTP stack under a connection: TCP, proxy, TLS, credential, counting, and the refusal of
//! writes in read-only mode. Built lazily and anew when certificates change.

use super::credential::Credential;
use super::explain::host;
use super::kubeconfig::Kubeconfig;
use super::proxy::{self, Through, authorized};
use crate::clock::Clock;
use crate::text::clean_line;
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
use parking_lot::{Mutex, RwLock};
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
    proxy: Mutex<Option<Through>>,
}

impl Shared {
    /// The proxy through which the stack goes.
    pub(super) fn proxy(&self) -> Option<Through> {
        self.proxy.lock().clone()
    }
    pub(super) fn set_proxy(&self, through: Option<Through>) {
        *self.proxy.lock() = through;
    }
}

/// What a stack is built from.
pub(super) struct Recipe {
    /// Read again when the person signs in: what another tool has written meanwhile counts.
    pub kubeconfig: RwLock<Kubeconfig>,
    pub context: String,
    pub impersonate_user: Option<String>,
    pub impersonate_groups: Vec<String>,
}

impl Recipe {
    /// The user's entry with the credential taken out of it, and the proxy.
    pub(super) async fn credential(&self) -> Result<(Config, Credential, Option<Through>)> {
        let kubeconfig = self.kubeconfig.read().clone();
        let mut merged = kubeconfig.merged.clone();
        let mut proxy = None;
        let cluster = kubeconfig.context(Some(&self.context))?.cluster;
        let user = self.user(&kubeconfig).unwrap_or_default();
        for named in merged.clusters.iter_mut().filter(|c| c.name == cluster) {
            // The client library would hold NO_PROXY against the proxy's own address.
            proxy = named.cluster.as_mut().and_then(|c| c.proxy_url.take()).filter(|p| !p.is_empty());
        }
        if !merged.auth_infos.iter().any(|u| u.name == user) {
            merged.auth_infos.push(kube::config::NamedAuthInfo {
                name: user.clone(),
                auth_info: Some(AuthInfo::default()),
                ..Default::default()
            });
        }
        for entry in &mut merged.auth_infos {
            entry.auth_info.get_or_insert_default();
        }
        let options = KubeConfigOptions { context: Some(self.context.clone()), ..Default::default() };
        let mut config = Config::from_custom_kubeconfig(merged, &options).await.map_err(|e| {
            Problem::config("cannot use the context", chain(&e)).on(self.context.clone()).next("mend the kubeconfig")
        })?;
        let through = match proxy {
            Some(url) => Some(Through {
                url: url.parse().map_err(|e: http::uri::InvalidUri| {
                    Problem::config("cannot use the context's proxy-url", e.to_string())
                        .on(self.context.clone())
                        .next("write it as http://HOST:PORT or socks5://HOST:PORT")
                })?,
                named_by: proxy::OF_KUBECONFIG,
            }),
            None => proxy::of_environment(&config.cluster_url),
        };
        config.proxy_url = through.as_ref().map(|t| t.url.clone());
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
        let credential = Credential::take(&user, &mut config.auth_info, kubeconfig.files())?;
        Ok((config, credential, through))
    }

    /// Reads the kubeconfig again. What is open stays with the server and the user that it was opened with: rows, kinds,
    /// guards and plans are theirs.
    ///
    /// # Errors
    /// When it cannot be read, or the context leads elsewhere now.
    pub(super) fn reread(&self) -> Result<()> {
        let (before, again) = {
            let kubeconfig = self.kubeconfig.read();
            (kubeconfig.context(Some(&self.context))?, kubeconfig.reread()?)
        };
        let Some(again) = again else { return Ok(()) };
        let after = again.context(Some(&self.context))?;
        let changed = [
            ("server", &before.server, &after.server),
            ("cluster", &before.cluster, &after.cluster),
            ("user", &before.user, &after.user),
        ];
        if let Some((what, before, after)) = changed.into_iter().find(|(_, before, after)| before != after) {
            let why = format!("it leads to another {what} now: {after} instead of {before}");
            return Err(Problem::config("cannot take up the kubeconfig as it is now", clean_line(&why))
                .on(self.context.clone())
                .next("end qd and start it again; until then it stays with the one it was started with"));
        }
        *self.kubeconfig.write() = again;
        Ok(())
    }

    /// The user's entry as it stands in the kubeconfig.
    pub(super) fn user_entry(&self) -> Option<AuthInfo> {
        let kubeconfig = self.kubeconfig.read();
        let user = self.user(&kubeconfig)?;
        kubeconfig.merged.auth_infos.iter().find(|u| u.name == user)?.auth_info.clone()
    }

    fn user(&self, kubeconfig: &Kubeconfig) -> Option<String> {
        let context = kubeconfig.merged.contexts.iter().find(|c| c.name == self.context)?;
        context.context.as_ref()?.user.clone()
    }
}

/// Builds the stack. Blocks: certificates are parsed and an auth-provider may run a command.
pub(super) fn build(
    mut config: Config,
    certificate: Option<(String, secrecy::SecretString)>,
    credential: Credential,
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

fn stack<C>(
    config: Config,
    connector: C,
    credential: Credential,
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
    clean_line(&text).into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_context_is_never_led_to_another_server_or_user() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        let write = |server: &str, user: &str, token: &str| {
            let text = format!(
                "clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: {user}, user: {{token: {token}}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: {user}}}}}]\n"
            );
            std::fs::write(&file, text).expect("written");
        };
        write("https://eu", "ann", "one");
        let recipe = Recipe {
            kubeconfig: RwLock::new(Kubeconfig::load(Some(&file)).expect("a kubeconfig")),
            context: "x".into(),
            impersonate_user: None,
            impersonate_groups: Vec::new(),
        };
        let token = || recipe.user_entry().and_then(|u| u.token).map(|t| t.expose_secret().to_owned());
        write("https://eu", "ann", "two");
        recipe.reread().expect("another token of the same user");
        assert_eq!(token().as_deref(), Some("two"));
        for (server, user, told) in
            [("https://us", "ann", "server now: https://us"), ("https://eu", "bob", "user now: bob instead of ann")]
        {
            write(server, user, "three");
            let problem = recipe.reread().expect_err("elsewhere");
            assert_eq!(problem.kind, ProblemKind::Config);
            assert!(problem.why.contains(told) && problem.next.contains("start it again"), "{problem}");
            assert_eq!(token().as_deref(), Some("two"), "nothing of it is taken up");
        }
    }

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
}
