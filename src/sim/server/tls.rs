//! HTTPS with a certificate of the server's own making. kubectl sends tokens
//! over TLS only; plain HTTP stays for programs that need no certificate.

use std::{net::SocketAddr, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What the server shows and what clients have to trust.
pub(super) struct Identity {
    pub(super) acceptor: TlsAcceptor,
    /// The certificate in PEM form, which is its own authority.
    pub(super) authority_pem: String,
}

/// A fresh certificate for loopback names and `address`.
pub(super) fn identity(address: SocketAddr) -> std::io::Result<Identity> {
    let broken =
        |error: &dyn std::fmt::Display| std::io::Error::other(format!("no certificate could be made: {error}"));
    let names =
        ["localhost".to_owned(), "127.0.0.1".into(), "::1".into(), "kubernetes".into(), address.ip().to_string()];
    let made = rcgen::generate_simple_self_signed(names).map_err(|e| broken(&e))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| broken(&e))?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(|e| broken(&e))?;
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), authority_pem: made.cert.pem() })
}
