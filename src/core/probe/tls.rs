//! What a server presents: the TLS handshake with a name (SNI), the chain taken as it comes, judged afterwards.

use super::trust::{Roots, Trouble};
use crate::certificates::secret::{Leaf, read_der};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Connecting and shaking hands may take this long together.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where to look and which name to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsTarget {
    /// The name that goes into the handshake (SNI, RFC 6066 §3) and that the leaf has to cover.
    pub host: String,
    /// Where to connect to; `None`: where DNS leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    pub port: u16,
}

/// Why nothing was served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "fault", content = "detail")]
pub enum TlsFault {
    /// The name has no address; in the words of DNS.
    NoAddress(String),
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    Silent,
    /// Something listens, but it does not speak TLS, or the handshake failed: its words.
    Handshake(String),
    /// The network says no.
    Failed(String),
}

impl TlsFault {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::NoAddress(why) => why.clone(),
            Self::Refused => "connection refused".into(),
            Self::Silent => "no answer in time".into(),
            Self::Handshake(why) => format!("no TLS handshake: {why}"),
            Self::Failed(why) => why.clone(),
        }
    }
}

/// What was served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    pub host: String,
    pub address: SocketAddr,
    /// Seconds since 1970.
    pub at: i64,
    /// `TLSv1_3`
    pub protocol: String,
    /// The leaf and what followed it, in the order of the handshake; a certificate that cannot be read is left out.
    pub chain: Vec<Leaf>,
    /// What is wrong with it, the worst first.
    pub troubles: Vec<Trouble>,
}

impl Served {
    pub fn leaf(&self) -> Option<&Leaf> {
        self.chain.first()
    }
}

/// Connects, takes what is presented, and judges it against the roots at this time (seconds since 1970).
///
/// # Errors
/// When there is nothing to judge.
pub async fn probe(dns: &super::Dns, target: &TlsTarget, roots: &Roots, now: i64) -> Result<Served, TlsFault> {
    let mut addresses = match target.address {
        Some(address) => vec![address],
        None => match target.host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = dns.addresses(&target.host).await;
                found.map_err(|e| TlsFault::NoAddress(format!("{}: {}", target.host, e.words())))?.addresses()
            }
        },
    };
    // As clients do: the next address when one does not answer.
    addresses.truncate(4);
    let mut last = TlsFault::Silent;
    for ip in addresses {
        let address = SocketAddr::new(ip, target.port);
        match tokio::time::timeout(PATIENCE, handshake(address, &target.host)).await {
            Ok(Ok((ders, protocol))) => {
                let chain = ders.iter().filter_map(|der| read_der(der).ok()).collect();
                let troubles = roots.judge(&ders, &target.host, now);
                return Ok(Served { host: target.host.clone(), address, at: now, protocol, chain, troubles });
            }
            Ok(Err(fault)) => last = fault,
            Err(_) => last = TlsFault::Silent,
        }
    }
    Err(last)
}

async fn handshake(address: SocketAddr, host: &str) -> Result<(Vec<CertificateDer<'static>>, String), TlsFault> {
    let tcp = TcpStream::connect(address).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::ConnectionRefused => TlsFault::Refused,
        std::io::ErrorKind::TimedOut => TlsFault::Silent,
        _ => TlsFault::Failed(e.to_string()),
    })?;
    let stream = connect(tcp, host).await?;
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default().iter().take(16).cloned().collect::<Vec<_>>();
    let protocol = session.protocol_version().map(|v| format!("{v:?}")).unwrap_or_default();
    if chain.is_empty() {
        return Err(TlsFault::Handshake("no certificate was presented".into()));
    }
    Ok((chain, protocol))
}

/// A handshake that takes every certificate; what it is worth is judged from what was presented.
pub(super) async fn connect(
    tcp: TcpStream,
    host: &str,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, TlsFault> {
    let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
        .map_err(|_| TlsFault::Failed(format!("{} is no host name", crate::text::clean_line(host))))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsFault::Failed(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TakeAll(provider)))
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect(name, tcp).await.map_err(|e| TlsFault::Handshake(words(&e)))
}

fn words(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => "the answer is not TLS".into(),
        Some(rustls::Error::AlertReceived(alert)) => format!("the server refused with the alert {alert:?}"),
        Some(other) => other.to_string(),
        None => error.to_string(),
    }
}

/// Takes every chain: it is looked at, nothing is ever sent over the connection. Signatures of the handshake are
/// still checked, so that the server has proved that it holds the leaf's key.
#[derive(Debug)]
struct TakeAll(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for TakeAll {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
