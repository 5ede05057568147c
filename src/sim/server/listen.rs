//! The server as others start and stop it.

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{
    handle::{self, Shared},
    tls,
};
use crate::{
    auth::{Tokens, User},
    extension::World,
    faults::Faults,
    hooks::Extension,
    storage::Store,
};

/// How a server is started.
#[derive(Clone, Default)]
pub struct ServeOptions {
    /// Where to listen; a free loopback port by default.
    pub addr: Option<SocketAddr>,
    /// The administrator's bearer token; random by default.
    pub token: Option<String>,
    /// What goes wrong on demand; nothing at first. Clones share the rules.
    pub faults: Faults,
    /// Rights, tables, containers and faults; a [`World`] with `faults` by default.
    pub extension: Option<Arc<dyn Extension>>,
}

/// A running server. Dropping it stops it.
pub struct SimServer {
    address: SocketAddr,
    token: String,
    authority_pem: String,
    faults: Faults,
    shared: Arc<Shared>,
    stop: CancellationToken,
    listener: Option<JoinHandle<()>>,
}

impl SimServer {
    /// Listens and answers from `store` until stopped.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(store: Store, options: ServeOptions) -> std::io::Result<Self> {
        let wanted = options.addr.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = TcpListener::bind(wanted).await?;
        let address = listener.local_addr()?;
        let tokens = Tokens::new(store.clock().clone());
        let token = options.token.unwrap_or_else(|| crate::auth::random_hex(24));
        tokens.insert(token.clone(), User::admin());
        let faults = options.faults;
        let extension = options.extension.unwrap_or_else(|| Arc::new(World { faults: faults.clone() }));
        let shared = Arc::new(Shared { store, tokens, extension, address });
        let stop = CancellationToken::new();
        let tls::Identity { acceptor, authority_pem } = tls::identity(address)?;
        let accepting = accept(listener, acceptor, shared.clone(), stop.clone());
        let listener = Some(tokio::spawn(accepting));
        Ok(Self { address, token, authority_pem, faults, shared, stop, listener })
    }

    /// `http://127.0.0.1:PORT`; the same port speaks HTTPS.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The certificate of the HTTPS side in PEM form, which is its own authority.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The administrator's bearer token.
    pub fn admin_token(&self) -> &str {
        &self.token
    }

    /// All tokens it accepts; more can be put in.
    pub fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }

    /// What goes wrong on demand, unless another extension was given.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The objects it serves.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// A kubeconfig with one context `sim` for the administrator, over HTTPS:
    /// kubectl sends no token over plain HTTP.
    pub fn kubeconfig_yaml(&self) -> String {
        self.kubeconfig_for("sim", "admin", &self.token)
    }

    /// A kubeconfig with one context for the holder of `token`.
    pub fn kubeconfig_for(&self, context: &str, user: &str, token: &str) -> String {
        let url = format!("https://{}", self.address);
        let authority = STANDARD.encode(&self.authority_pem);
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: {context}\n  cluster:\n    server: {url}\n    certificate-authority-data: {authority}\nusers:\n- name: {user}\n  user:\n    token: {token}\ncontexts:\n- name: {context}\n  context:\n    cluster: {context}\n    user: {user}\ncurrent-context: {context}\n"
        )
    }

    /// Stops listening and cuts all connections, as a killed server does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(listener) = self.listener.take() {
            // A panic in it has been reported already.
            let _ = listener.await;
        }
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Small events must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let (tls, shared, stop) = (tls.clone(), shared.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = converse(stream, tls, shared) => {}
            }
        });
    }
}

/// Serves one connection; its first byte tells TLS from plain HTTP.
async fn converse(stream: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>) {
    /// The first byte of a TLS handshake record.
    const HANDSHAKE: u8 = 0x16;
    let mut first = [0u8; 1];
    match stream.peek(&mut first).await {
        Ok(1) if first[0] == HANDSHAKE => match tls.accept(stream).await {
            Ok(stream) => serve(stream, shared).await,
            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
        },
        Ok(1) => serve(stream, shared).await,
        _ => {}
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let service = hyper::service::service_fn(move |request| handle::handle(shared.clone(), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}
