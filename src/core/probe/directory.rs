//! Whether an ACME server's directory can be reached and is one (RFC 8555 §7.1.1), trusted as its issuer trusts it.

use super::tls::{TlsFault, TlsTarget, connect};
use super::{Dns, Roots, probe};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST: usize = 64 * 1024;

/// What was found at the address of an ACME server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    pub url: String,
    /// Whether it is there, trusted, and a directory.
    pub ok: bool,
    /// Names by which CAA records call the authority (`caaIdentities`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caa: Vec<String>,
    /// In words.
    pub words: String,
    pub next: String,
}

/// Asks for the directory of an ACME server.
pub async fn check_directory(dns: &Dns, url: &str, roots: &Roots, now: i64) -> Directory {
    let bad = |words: String, next: &str| Directory {
        url: url.to_owned(),
        ok: false,
        caa: Vec::new(),
        words,
        next: next.to_owned(),
    };
    let Ok(uri) = url.parse::<http::Uri>() else {
        return bad(format!("{url} is no address"), "correct spec.acme.server of the issuer");
    };
    let Some(host) = uri.host().filter(|_| uri.scheme_str() == Some("https")) else {
        return bad(format!("{url} is no https address"), "correct spec.acme.server of the issuer");
    };
    let target = TlsTarget { host: host.to_owned(), address: None, port: uri.port_u16().unwrap_or(443) };
    let served = match probe(dns, &target, roots, now).await {
        Ok(served) => served,
        Err(fault) => return bad(fault.words(), "check DNS, egress rules and proxies between here and the server"),
    };
    if let Some(trouble) = served.troubles.iter().find(|t| t.code != "staging") {
        return bad(format!("its certificate: {}", trouble.words), "give the issuer the CA as spec.acme.caBundle");
    }
    let body = match tokio::time::timeout(PATIENCE, fetch(served.address, host, &uri)).await {
        Err(_) => {
            return bad("no answer in time".into(), "try again; if it stays so, look at the server's status page");
        }
        Ok(Err(why)) => return bad(why, "try again; if it stays so, look at the server's status page"),
        Ok(Ok(body)) => body,
    };
    let directory: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    if directory["newNonce"].is_string() && directory["newOrder"].is_string() {
        let caa = directory["meta"]["caaIdentities"].as_array().into_iter().flatten();
        let caa = caa.filter_map(|v| Some(crate::text::clean_line(v.as_str()?).into_owned())).collect();
        Directory { url: url.to_owned(), ok: true, caa, words: "reachable and trusted".into(), next: String::new() }
    } else {
        bad("it answers, but not with an ACME directory".into(), "correct spec.acme.server of the issuer")
    }
}

async fn fetch(address: SocketAddr, host: &str, uri: &http::Uri) -> Result<Bytes, String> {
    let tcp = tokio::net::TcpStream::connect(address).await.map_err(|e| e.to_string())?;
    let stream = connect(tcp, host).await.map_err(|e: TlsFault| e.words())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let driver = tokio::spawn(connection);
    let request = http::Request::get(uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str))
        .header(http::header::HOST, uri.authority().map_or("", http::uri::Authority::as_str))
        .header(http::header::USER_AGENT, concat!("quarterdeck/", env!("CARGO_PKG_VERSION"), " (self-check)"))
        .body(Empty::<Bytes>::new())
        .map_err(|e| e.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await.map_err(|e| e.to_string())?;
        if status.is_success() { Ok(body.to_bytes()) } else { Err(format!("it answers {status}")) }
    };
    let answer = answer.await;
    driver.abort();
    answer
}
