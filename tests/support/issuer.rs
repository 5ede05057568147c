//! An OpenID Connect issuer on loopback, with an authority of its own: configuration, keys, and tokens for refresh
//! tokens that are taken once only.

use crate::pki::Authority;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{KeyPair, SigningKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// The client that may ask.
pub const CLIENT: &str = "qd";
pub const SECRET: &str = "cl1ent s3cret&";

/// A running issuer; it ends with the program.
pub struct Issuer {
    port: u16,
    /// Its authority's certificate, PEM.
    pub authority: String,
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    key: KeyPair,
    user: String,
    good: Mutex<Vec<String>>,
    refuses: AtomicBool,
    by_form: bool,
    count: AtomicU64,
}

impl Issuer {
    /// Gives tokens for this user. `by_form`: it takes the client's secret in the form only.
    pub fn start(user: &str, by_form: bool) -> Issuer {
        let authority = Authority::new("issuer-ca");
        let identity = authority.server("issuer", None, &["localhost", "127.0.0.1"]);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let inner = Arc::new(Inner {
            url: format!("https://localhost:{port}"),
            key: KeyPair::generate().expect("an EC key"),
            user: user.to_owned(),
            good: Mutex::default(),
            refuses: AtomicBool::new(false),
            by_form,
            count: AtomicU64::new(0),
        });
        let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a configuration");
        let (config, serving) = (Arc::new(config), inner.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, serving) = (config.clone(), serving.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream, config, &serving);
                });
            }
        });
        Issuer { port, authority: authority.certificate, inner }
    }

    pub fn url(&self) -> String {
        self.inner.url.clone()
    }
    pub fn port(&self) -> u16 {
        self.port
    }
    /// An id-token that ends in so many seconds; a negative number is one that has ended.
    pub fn id_token(&self, seconds: i64) -> String {
        self.inner.id_token(seconds)
    }
    /// A refresh token that is taken once.
    pub fn refresh_token(&self) -> String {
        self.inner.refresh_token()
    }
    /// How many tokens it has given.
    pub fn given(&self) -> u64 {
        self.inner.count.load(Ordering::SeqCst)
    }
    /// From now on it renews nothing.
    pub fn refuse(&self) {
        self.inner.refuses.store(true, Ordering::SeqCst);
    }
    /// The `config` of an `auth-provider` with these tokens.
    pub fn provider(&self, id: &str, refresh: &str) -> serde_json::Value {
        json!({"name": "oidc", "config": {
            "idp-issuer-url": self.url(), "client-id": CLIENT, "client-secret": SECRET,
            "idp-certificate-authority-data": STANDARD.encode(&self.authority),
            "id-token": id, "refresh-token": refresh,
        }})
    }
}

impl Inner {
    fn id_token(&self, seconds: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iss": self.url, "aud": CLIENT, "sub": self.user, "name": self.user,
            "iat": now.min(now + seconds) - 60, "exp": now + seconds, "jti": n.to_string()});
        let signed = format!("{}.{}", part(json!({"alg": "ES256", "kid": "one", "typ": "JWT"})), part(claims));
        let signature = self.key.sign(signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(flat(&signature)))
    }
    fn refresh_token(&self) -> String {
        let token = format!("refresh-{}-{}", self.count.fetch_add(1, Ordering::SeqCst), self.user);
        let token = URL_SAFE_NO_PAD.encode(token);
        self.good.lock().unwrap().push(token.clone());
        token
    }
    fn answer(&self, line: &str, authorization: &str, form: &str) -> (u16, serde_json::Value) {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["GET", "/.well-known/openid-configuration", ..] => (
                200,
                json!({"issuer": self.url, "token_endpoint": format!("{}/token", self.url), "jwks_uri": format!("{}/keys", self.url),
                    "authorization_endpoint": format!("{}/auth", self.url), "response_types_supported": ["code"],
                    "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]}),
            ),
            ["GET", "/keys", ..] => {
                // An uncompressed point: 4, x, y.
                let point = self.key.public_key_raw();
                let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
                (
                    200,
                    json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "one", "x": x, "y": y}]}),
                )
            }
            ["POST", "/token", ..] => self.token(authorization, form),
            _ => (404, json!({})),
        }
    }
    fn token(&self, authorization: &str, form: &str) -> (u16, serde_json::Value) {
        let field = |name: &str| form.split('&').find_map(|f| f.strip_prefix(&format!("{name}="))).unwrap_or_default();
        let secret = "cl1ent%20s3cret%26";
        let known = match self.by_form {
            true => authorization.is_empty() && field("client_id") == CLIENT && field("client_secret") == secret,
            false => authorization == format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}"))),
        };
        if !known {
            return (401, json!({"error": "invalid_client"}));
        }
        let mut good = self.good.lock().unwrap();
        let place = good.iter().position(|token| *token == field("refresh_token"));
        let Some(place) = place.filter(|_| !self.refuses.load(Ordering::SeqCst)) else {
            return (400, json!({"error": "invalid_grant", "error_description": "the session has ended"}));
        };
        good.remove(place);
        drop(good);
        (
            200,
            json!({"token_type": "Bearer", "access_token": "x", "expires_in": 3600,
            "id_token": self.id_token(3600), "refresh_token": self.refresh_token()}),
        )
    }
}

fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>, inner: &Inner) -> io::Result<()> {
    let connection = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
    let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
    let (mut line, mut authorization, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let Some((name, value)) = header.trim().split_once(": ") else { continue };
        match name.to_lowercase().as_str() {
            "authorization" => authorization = value.to_owned(),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form)?;
    let (status, body) = inner.answer(&line, &authorization, &String::from_utf8_lossy(&form));
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let stream = reader.get_mut();
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// An ECDSA signature as JOSE has it (RFC 7518 §3.4): two numbers of 32 bytes, from the DER of two integers.
fn flat(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        out.extend(std::iter::repeat_n(0, 32 - number.len()));
        out.extend_from_slice(number);
        rest = &rest[2 + length..];
    }
    out
}
