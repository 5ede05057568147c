//! A bare HTTP/1.1 client over a kubeconfig: one connection a request, blocking, no retries, no caches. The tests
//! see with it exactly what a server answered.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// Talks to the server that a kubeconfig's current context names.
#[derive(Debug, Clone)]
pub struct Client {
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    token: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// More headers; `Host`, `Connection`, `Content-Length` and the bearer token are added.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Request {
        Request { method: method.to_owned(), path: path.to_owned(), ..Request::default() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a body of this content type.
    #[must_use]
    pub fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Request {
        self.body = Some(body.into());
        self.header("Content-Type", kind)
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Request {
        self.body("application/json", body.to_string())
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from chunks.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.read(buffer),
            // A server that dies closes the connection without saying so; that is an end like any other here.
            Wire::Tls(stream) => match stream.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                other => other,
            },
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.write(buffer),
            Wire::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wire::Plain(stream) => stream.flush(),
            Wire::Tls(stream) => stream.flush(),
        }
    }
}

/// An answer whose body is still coming: a watch, a followed log.
pub struct Stream {
    /// The status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    wire: BufReader<Wire>,
    body: Body,
    pending: Vec<u8>,
}

enum Body {
    Chunked,
    Length(u64),
    UntilClosed,
    Ended,
}

impl Client {
    /// Reads the current context of a kubeconfig: server, authority, client certificate or token.
    pub fn from_kubeconfig(text: &str) -> Result<Client, String> {
        let config: Value = serde_saphyr::from_str(text).map_err(|e| format!("not a kubeconfig: {e}"))?;
        let named = |list: &str, name: &Value, what: &str| -> Value {
            let items = config[list].as_array().cloned().unwrap_or_default();
            items.into_iter().find(|item| &item["name"] == name).map_or(Value::Null, |item| item[what].clone())
        };
        let context = named("contexts", &config["current-context"], "context");
        let cluster = named("clusters", &context["cluster"], "cluster");
        let user = named("users", &context["user"], "user");
        let server = cluster["server"].as_str().ok_or("the kubeconfig names no server")?;
        let (secure, rest) = match server.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(format!("cannot talk to {server}")),
        };
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').ok_or("the server has no port")?;
        let port = port.parse().map_err(|e| format!("port of {server}: {e}"))?;
        let tls = if secure { Some(Arc::new(tls(&cluster, &user)?)) } else { None };
        let token = user["token"].as_str().map(str::to_owned);
        Ok(Client { host: host.to_owned(), port, tls, token })
    }

    /// The same server, asked as the owner of a bearer token (and without a client certificate).
    pub fn with_token(&self, token: &str) -> Client {
        let mut other = self.clone();
        if let Some(tls) = &self.tls {
            let mut config = ClientConfig::clone(tls);
            config.client_auth_cert_resolver = Arc::new(NoCertificate);
            other.tls = Some(Arc::new(config));
        }
        other.token = Some(token.to_owned());
        other
    }

    /// Sends a request and reads the whole answer.
    pub fn send(&self, request: &Request) -> io::Result<Response> {
        let mut stream = self.open(request)?;
        let mut body = Vec::new();
        while let Some(part) = stream.part(Duration::from_secs(60))? {
            body.extend_from_slice(&part);
        }
        Ok(Response { status: stream.status, headers: stream.headers, body })
    }

    /// Sends a request without a body and reads the whole answer.
    pub fn get(&self, path: &str) -> io::Result<Response> {
        self.send(&Request::new("GET", path))
    }

    /// Sends a request and returns as soon as the answer's head is there.
    pub fn open(&self, request: &Request) -> io::Result<Stream> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port))?;
        tcp.set_read_timeout(Some(Duration::from_secs(60)))?;
        tcp.set_nodelay(true)?;
        let mut wire = match &self.tls {
            None => Wire::Plain(tcp),
            Some(config) => {
                let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
                let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
                Wire::Tls(Box::new(StreamOwned::new(connection, tcp)))
            }
        };
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}:{}\r\n", request.method, request.path, self.host, self.port);
        head.push_str("Connection: close\r\n");
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &request.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut message = head.into_bytes();
        message.extend_from_slice(request.body.as_deref().unwrap_or_default());
        wire.write_all(&message)?;
        wire.flush()?;
        Stream::head(BufReader::new(wire), &request.method)
    }
}

impl Stream {
    fn head(mut wire: BufReader<Wire>, method: &str) -> io::Result<Stream> {
        let malformed = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut line = String::new();
        wire.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| malformed(&format!("no status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            wire.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = find(&headers, "content-length").and_then(|n| n.parse().ok());
        let body = if method == "HEAD" || status == 204 || status == 304 {
            Body::Ended
        } else if find(&headers, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            Body::Chunked
        } else {
            length.map_or(Body::UntilClosed, Body::Length)
        };
        Ok(Stream { status, headers, wire, body, pending: Vec::new() })
    }

    /// The next piece of the body as it came; `None` at its end, an error of kind `WouldBlock` or `TimedOut` when
    /// nothing comes in time.
    pub fn part(&mut self, patience: Duration) -> io::Result<Option<Vec<u8>>> {
        match self.wire.get_ref() {
            Wire::Plain(tcp) => tcp.set_read_timeout(Some(patience))?,
            Wire::Tls(tls) => tls.sock.set_read_timeout(Some(patience))?,
        }
        let size = match self.body {
            Body::Ended => return Ok(None),
            Body::Chunked => {
                let mut line = String::new();
                self.wire.read_line(&mut line)?;
                let digits = line.trim().split(';').next().unwrap_or_default();
                if digits.is_empty() {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body was cut"));
                }
                u64::from_str_radix(digits, 16).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?
            }
            Body::Length(left) => left,
            Body::UntilClosed => {
                let mut all = Vec::new();
                self.wire.read_to_end(&mut all)?;
                self.body = Body::Ended;
                return Ok(Some(all));
            }
        };
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        self.wire.read_exact(&mut bytes)?;
        if matches!(self.body, Body::Chunked) {
            let mut end = [0; 2];
            self.wire.read_exact(&mut end)?;
        }
        if size == 0 || matches!(self.body, Body::Length(_)) {
            self.body = Body::Ended;
        }
        Ok(if size == 0 { None } else { Some(bytes) })
    }

    /// The next line of the body, without its end.
    pub fn line(&mut self, patience: Duration) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = self.pending.iter().position(|byte| *byte == b'\n') {
                let rest = self.pending.split_off(at + 1);
                let line = std::mem::replace(&mut self.pending, rest);
                return Ok(Some(String::from_utf8_lossy(&line[..at]).into_owned()));
            }
            match self.part(patience)? {
                Some(part) => self.pending.extend_from_slice(&part),
                None if self.pending.is_empty() => return Ok(None),
                None => return Ok(Some(String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned())),
            }
        }
    }

    /// The next line of the body as JSON: one watch event.
    pub fn event(&mut self, patience: Duration) -> io::Result<Option<Value>> {
        Ok(self.line(patience)?.map(|line| serde_json::from_str(&line).unwrap_or(Value::Null)))
    }
}

#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(
        &self,
        _hints: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn tls(cluster: &Value, user: &Value) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let authority = data(cluster, "certificate-authority")?.ok_or("the kubeconfig has no authority")?;
    for certificate in CertificateDer::pem_slice_iter(&authority) {
        roots.add(certificate.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots);
    match (data(user, "client-certificate")?, data(user, "client-key")?) {
        (Some(certificate), Some(key)) => {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificate).collect();
            let key = PrivateKeyDer::from_pem_slice(&key).map_err(|e| e.to_string())?;
            builder.with_client_auth_cert(chain.map_err(|e| e.to_string())?, key).map_err(|e| e.to_string())
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

/// A field that is given as a file, or in base64 under the same name with `-data`.
fn data(of: &Value, name: &str) -> Result<Option<Vec<u8>>, String> {
    if let Some(text) = of[format!("{name}-data")].as_str() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        return bytes.map(Some).map_err(|e| format!("{name}-data: {e}"));
    }
    of[name].as_str().map(|path| std::fs::read(path).map_err(|e| format!("{path}: {e}"))).transpose()
}
