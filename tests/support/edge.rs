//! What answers on the ports of the hosts, in place of an ingress controller: HTTP, where ACME servers look for
//! their tokens, and TLS, which serves what a Secret holds. A test says who answers what, and can pull the plug.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::Acceptor;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConfig, SignatureScheme};

use crate::http::Client;
use crate::pki::{Authority, Identity};
use crate::real::RealCluster;

/// What a host answers to plain HTTP.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The key of the challenge whose token is asked for, as cert-manager's solver would; 404 for all else.
    Solver,
    /// The same, but the authority that validates gets 404: two views of one network, and cert-manager's own check sees
    /// the better one.
    Inside,
    /// Always this status and body.
    Fixed(u16, String),
    /// A redirect to this address.
    Redirect(String),
}

/// What a host serves over TLS.
#[derive(Debug, Clone)]
pub enum Serves {
    /// What the Secret (namespace, name) holds at the moment of the handshake.
    Secret(String, String),
    /// This, whatever the Secret holds: an ingress controller that did not notice.
    Pinned(Identity),
}

/// One address on loopback with an HTTP and a TLS port.
pub struct Edge {
    shared: Arc<Shared>,
    address: String,
    ports: [u16; 2],
    listeners: [Mutex<Option<Listening>>; 2],
}

struct Shared {
    cluster: Client,
    answers: Mutex<HashMap<String, Answer>>,
    serves: Mutex<HashMap<String, Serves>>,
    /// What a host that nobody configured gets, as ingress controllers do it.
    default: Identity,
}

struct Listening {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    address: (String, u16),
}

type Serve = fn(&Shared, TcpStream) -> std::io::Result<()>;

impl Edge {
    /// Starts to listen on an address of its own in 127.0.0.0/8: on 80 and 443 where this user may, else on ports
    /// that are free (then [`Edge::environment`] sends cert-manager's self checks here).
    pub fn start(cluster: &RealCluster) -> Result<Edge, String> {
        let authority = Authority::new("the edge's default");
        let default = authority.server("default certificate", None, &["default.invalid"]);
        let shared = Shared { cluster: cluster.client(), answers: Mutex::default(), serves: Mutex::default(), default };
        let process = std::process::id();
        for attempt in 1..=50_u32 {
            let address = format!("127.77.{}.{}", process % 250 + 1, (process / 250 + attempt) % 250 + 1);
            for wish in [[80, 443], [0, 0]] {
                let Ok(http) = TcpListener::bind((address.as_str(), wish[0])) else { continue };
                let Ok(https) = TcpListener::bind((address.as_str(), wish[1])) else { continue };
                let port = |listener: &TcpListener| listener.local_addr().map(|a| a.port()).unwrap_or_default();
                let edge = Edge {
                    shared: Arc::new(shared),
                    ports: [port(&http), port(&https)],
                    listeners: [Mutex::new(None), Mutex::new(None)],
                    address,
                };
                edge.listen(0, http);
                edge.listen(1, https);
                return Ok(edge);
            }
        }
        Err("no address in 127.77.0.0/16 has two free ports".to_owned())
    }

    /// The address of all hosts.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The port of plain HTTP: 80, or a free one.
    pub fn http_port(&self) -> u16 {
        self.ports[0]
    }

    /// The port of TLS: 443, or a free one.
    pub fn https_port(&self) -> u16 {
        self.ports[1]
    }

    /// What cert-manager needs in its environment to find the hosts' HTTP port when it is not 80.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self.ports[0] {
            80 => Vec::new(),
            port => vec![("HTTP_PROXY", format!("http://{}:{port}", self.address))],
        }
    }

    /// What a host answers to plain HTTP from now on. [`Answer::Solver`] is what all do at first.
    pub fn answer(&self, host: &str, answer: Answer) {
        lock(&self.shared.answers).insert(host.to_owned(), answer);
    }

    /// What a host serves over TLS from now on. At first it is the edge's default certificate.
    pub fn serve(&self, host: &str, serves: Serves) {
        lock(&self.shared.serves).insert(host.to_owned(), serves);
    }

    /// Pins what a Secret holds now, so that a renewal is not noticed.
    pub fn pin(&self, host: &str, namespace: &str, secret: &str) -> Result<(), String> {
        let identity = held(&self.shared.cluster, namespace, secret)
            .ok_or_else(|| format!("there is no key pair in Secret {namespace}/{secret}"))?;
        self.serve(host, Serves::Pinned(identity));
        Ok(())
    }

    /// The chain that a host serves, DER, leaf first; whether anybody should trust it is not asked.
    pub fn served(&self, host: &str) -> std::io::Result<Vec<Vec<u8>>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anything(provider)))
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(std::io::Error::other)?;
        let mut stream = TcpStream::connect((self.address.as_str(), self.ports[1]))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        let chain = connection.peer_certificates().unwrap_or_default();
        Ok(chain.iter().map(|certificate| certificate.to_vec()).collect())
    }

    /// Plain HTTP is refused until [`Edge::resume_http`].
    pub fn refuse_http(&self) {
        self.stop(0);
    }

    /// Plain HTTP is answered again.
    pub fn resume_http(&self) {
        self.resume(0);
    }

    /// TLS is refused until [`Edge::resume_tls`].
    pub fn refuse_tls(&self) {
        self.stop(1);
    }

    /// TLS is answered again.
    pub fn resume_tls(&self) {
        self.resume(1);
    }

    fn listen(&self, which: usize, listener: TcpListener) {
        let serve: Serve = [plain, tls][which];
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&self.shared), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
                    let _ = serve(&shared, stream);
                });
            }
        });
        let address = (self.address.clone(), self.ports[which]);
        *lock(&self.listeners[which]) = Some(Listening { stop, thread, address });
    }

    fn stop(&self, which: usize) {
        if let Some(listening) = lock(&self.listeners[which]).take() {
            listening.stop.store(true, Ordering::SeqCst);
            // Wakes it, so that it sees the flag and gives the port back.
            let _ = TcpStream::connect((listening.address.0.as_str(), listening.address.1));
            let _ = listening.thread.join();
        }
    }

    fn resume(&self, which: usize) {
        if lock(&self.listeners[which]).is_none() {
            let port = self.ports[which];
            let listener = TcpListener::bind((self.address.as_str(), port)).expect("the edge's port is still free");
            self.listen(which, listener);
        }
    }
}

/// Accepts every certificate, as somebody does who only wants to look at it.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn plain(shared: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut target, mut host, mut agent, mut line) = (String::new(), String::new(), String::new(), String::new());
    while reader.read_line(&mut line)? > 0 && !line.trim_end().is_empty() {
        match line.split_once(':') {
            _ if target.is_empty() => target = line.split(' ').nth(1).unwrap_or_default().to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("host") => host = value.trim().to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("user-agent") => agent = value.trim().to_owned(),
            _ => {}
        }
        line.clear();
    }
    // A proxy is asked for the whole address.
    let path = match target.strip_prefix("http://") {
        Some(rest) => format!("/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        None => target,
    };
    let host = host.split(':').next().unwrap_or_default();
    let answer = lock(&shared.answers).get(host).cloned().unwrap_or(Answer::Solver);
    let (status, header, body) = match answer {
        Answer::Fixed(status, body) => (status, String::new(), body),
        Answer::Redirect(to) => (302, format!("Location: {to}\r\n"), String::new()),
        Answer::Inside if agent.starts_with("LetsEncrypt-Pebble") => (404, String::new(), "not found".to_owned()),
        Answer::Solver | Answer::Inside => match solved(&shared.cluster, host, &path) {
            Some(key) => (200, String::new(), key),
            None => (404, String::new(), "not found".to_owned()),
        },
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} -\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn solved(cluster: &Client, host: &str, path: &str) -> Option<String> {
    let token = path.strip_prefix("/.well-known/acme-challenge/")?;
    let all = cluster.get("/apis/acme.cert-manager.io/v1/challenges").ok()?.json();
    let spec = all["items"].as_array()?.iter().map(|challenge| &challenge["spec"]);
    let mut meant = spec.filter(|spec| spec["token"] == token && spec["dnsName"] == host);
    meant.next()?["key"].as_str().map(str::to_owned)
}

fn tls(shared: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        acceptor.read_tls(&mut stream)?;
        match acceptor.accept() {
            Ok(Some(accepted)) => break accepted,
            Ok(None) => {}
            Err((e, _)) => return Err(std::io::Error::other(e)),
        }
    };
    let name = accepted.client_hello().server_name().unwrap_or_default().to_owned();
    let serves = lock(&shared.serves).get(&name).cloned();
    let identity = match serves {
        Some(Serves::Pinned(identity)) => Some(identity),
        Some(Serves::Secret(namespace, secret)) => held(&shared.cluster, &namespace, &secret),
        None => None,
    };
    let config = config(identity.as_ref().unwrap_or(&shared.default)).map_err(std::io::Error::other)?;
    let mut connection = accepted.into_connection(Arc::new(config)).map_err(|(e, _)| std::io::Error::other(e))?;
    let mut tls = rustls::Stream::new(&mut connection, &mut stream);
    let mut some = [0; 1024];
    if tls.read(&mut some)? > 0 {
        tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")?;
    }
    connection.send_close_notify();
    connection.complete_io(&mut stream).map(|_| ())
}

fn held(cluster: &Client, namespace: &str, secret: &str) -> Option<Identity> {
    let found = cluster.get(&format!("/api/v1/namespaces/{namespace}/secrets/{secret}")).ok()?.json();
    let text = |key: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(found["data"][key].as_str()?).ok()?;
        String::from_utf8(bytes).ok()
    };
    Some(Identity { certificate: text("tls.crt")?, key: text("tls.key")? })
}

fn config(identity: &Identity) -> Result<ServerConfig, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(|e| e.to_string())?;
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(|e| e.to_string())?, key)
        .map_err(|e| e.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
