//! The HTTP-01 challenge seen as the authority sees it: fetch the token's path over plain HTTP, follow redirects as
//! it follows them, and compare (RFC 8555 §8.3).

use super::{Dns, DnsFault, http};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// Let's Encrypt gives up after about this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// And follows so many redirects.
const REDIRECTS: usize = 10;
/// A key authorization has about 90 bytes; more than this was never one.
const LARGEST: usize = 16 * 1024;

/// What was found at the token's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Http01 {
    /// Each address that was asked for, in order, with the answer's status.
    pub hops: Vec<(String, u16)>,
    /// Where the last request went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// `Server` of the last answer: who answered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    pub verdict: Http01Verdict,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "verdict", content = "detail")]
pub enum Http01Verdict {
    /// The answer is the key authorization.
    Right,
    /// Something answered, with another content: its beginning.
    Wrong(String),
    /// Something answered with this status.
    Status(u16),
    /// A redirect that an authority does not follow: why.
    Redirect(String),
    NoAddress(DnsFault),
    Refused,
    Silent,
    Failed(String),
}

impl Http01 {
    /// In words, with the next step.
    pub fn line(&self) -> (String, &'static str) {
        let who = if self.server.is_empty() { String::new() } else { format!(" (answered by {})", self.server) };
        match &self.verdict {
            Http01Verdict::Right => ("the token is answered as it should be".into(), ""),
            Http01Verdict::Wrong(text) => (
                format!("something else answers the token's path{who}: {text}"),
                "let /.well-known/acme-challenge/ reach the solver's ingress: check class and rules of other routes",
            ),
            Http01Verdict::Status(code) => (
                format!("the token's path answers {code}{who}"),
                "check that the solver's ingress has the class of this host's controller, and that its pod is ready",
            ),
            Http01Verdict::Redirect(why) => {
                (format!("the token's path redirects where no authority follows: {why}"), "exempt the token's path")
            }
            Http01Verdict::NoAddress(fault) => (fault.words(), "create the DNS record of the host"),
            Http01Verdict::Refused => {
                ("nobody listens on port 80".into(), "open port 80 to the ingress controller; HTTP-01 needs it")
            }
            Http01Verdict::Silent => {
                ("port 80 does not answer in time".into(), "look for a firewall before the ingress controller")
            }
            Http01Verdict::Failed(why) => (why.clone(), "ask again; the connection broke off"),
        }
    }
}

/// Fetches `http://host:port/.well-known/acme-challenge/token`; at `address` where one is given (an ingress address, a
/// port-forward), else where DNS leads. With no `expected` text any 200 is taken as right.
pub async fn check_http01(
    dns: &Dns,
    host: &str,
    address: Option<SocketAddr>,
    token: &str,
    expected: Option<&str>,
) -> Http01 {
    let mut found = Http01 { hops: Vec::new(), address: None, server: String::new(), verdict: Http01Verdict::Silent };
    let mut url = format!("http://{host}/.well-known/acme-challenge/{token}");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    found.verdict = loop {
        let first = found.hops.is_empty();
        match tokio::time::timeout_at(deadline, get(dns, &url, address.filter(|_| first), &mut found)).await {
            Err(_) => break Http01Verdict::Silent,
            Ok(Err(verdict)) => break verdict,
            Ok(Ok(Got { status, location: Some(to), .. })) if (300..400).contains(&status) => {
                if found.hops.len() > REDIRECTS {
                    break Http01Verdict::Redirect(format!("more than {REDIRECTS} redirects"));
                }
                match follow(&url, &to) {
                    Ok(next) => url = next,
                    Err(why) => break Http01Verdict::Redirect(why),
                }
            }
            Ok(Ok(Got { status: 200, body, .. })) => {
                break match expected {
                    Some(text) if body.trim_end() != text => {
                        Http01Verdict::Wrong(crate::text::clean_line(&body).chars().take(80).collect())
                    }
                    _ => Http01Verdict::Right,
                };
            }
            Ok(Ok(Got { status, .. })) => break Http01Verdict::Status(status),
        }
    };
    found
}

struct Got {
    status: u16,
    location: Option<String>,
    body: String,
}

async fn get(dns: &Dns, url: &str, fixed: Option<SocketAddr>, found: &mut Http01) -> Result<Got, Http01Verdict> {
    let uri: ::http::Uri = url.parse().map_err(|_| Http01Verdict::Redirect(format!("{url} is no address")))?;
    let secure = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let target = match fixed {
        Some(address) => address,
        None => {
            let ip = match host.parse::<IpAddr>() {
                Ok(ip) => ip,
                Err(_) => {
                    let answer = dns.addresses(&host).await.map_err(Http01Verdict::NoAddress)?;
                    *answer.addresses().first().ok_or(Http01Verdict::NoAddress(DnsFault::NoRecords))?
                }
            };
            SocketAddr::new(ip, port)
        }
    };
    found.address = Some(target.ip());
    let tcp = TcpStream::connect(target).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::ConnectionRefused => Http01Verdict::Refused,
        std::io::ErrorKind::TimedOut => Http01Verdict::Silent,
        _ => Http01Verdict::Failed(e.to_string()),
    })?;
    let answer = if secure {
        // An authority does not check the certificate that a redirect leads to.
        let stream = super::tls::connect(tcp, &host).await.map_err(|e| Http01Verdict::Failed(e.words()))?;
        http::get(TokioIo::new(stream), &uri, "self-check", LARGEST).await
    } else {
        http::get(TokioIo::new(tcp), &uri, "self-check", LARGEST).await
    };
    let (status, headers, body) = answer.map_err(Http01Verdict::Failed)?;
    found.hops.push((crate::text::clean_line(url).into_owned(), status));
    found.server = http::header(&headers, ::http::header::SERVER).unwrap_or_default();
    Ok(Got { status, location: http::header(&headers, ::http::header::LOCATION), body })
}

/// Where a redirect leads, if an authority follows it: to http on port 80 or https on port 443, to a name.
fn follow(from: &str, to: &str) -> Result<String, String> {
    let absolute = if to.starts_with('/') {
        let end = from.find("://").and_then(|s| from[s + 3..].find('/').map(|p| s + 3 + p)).unwrap_or(from.len());
        format!("{}{to}", &from[..end])
    } else {
        to.to_owned()
    };
    let uri: ::http::Uri = absolute.parse().map_err(|_| format!("{to} is no address"))?;
    let port = uri.port_u16();
    match uri.scheme_str() {
        Some("http") if port.is_none_or(|p| p == 80) => {}
        Some("https") if port.is_none_or(|p| p == 443) => {}
        Some("http" | "https") => return Err(format!("{absolute}: only ports 80 and 443 are followed")),
        _ => return Err(format!("{absolute}: only http and https are followed")),
    }
    if uri.host().is_some_and(|h| h.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()) {
        return Err(format!("{absolute}: an address instead of a name is not followed"));
    }
    Ok(absolute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Answers every request with this text, and tells where.
    async fn answering(answer: &'static str) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut buffer = [0u8; 2048];
                let _ = socket.read(&mut buffer).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        address
    }

    async fn check(answer: &'static str) -> Http01Verdict {
        let dns = Dns::new(&super::super::DnsConfig { servers: vec!["127.0.0.1:9".into()], ..Default::default() });
        let at = answering(answer).await;
        check_http01(&dns.unwrap(), "a.lab.test", Some(at), "tok", Some("tok.key")).await.verdict
    }

    #[tokio::test]
    async fn what_answers_the_token_is_told_apart() {
        assert_eq!(check("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\ntok.key").await, Http01Verdict::Right);
        let page = check("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n<html>\u{1b}[2J\n").await;
        assert!(
            matches!(&page, Http01Verdict::Wrong(t) if t.starts_with("<html>") && !t.contains('\u{1b}')),
            "{page:?}"
        );
        assert_eq!(check("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await, Http01Verdict::Status(404));
        let away =
            check("HTTP/1.1 301 Moved\r\nlocation: https://a.lab.test:8443/x\r\ncontent-length: 0\r\n\r\n").await;
        assert!(matches!(&away, Http01Verdict::Redirect(why) if why.contains("8443")), "{away:?}");
    }

    #[test]
    fn redirects_are_followed_as_an_authority_follows_them() {
        let from = "http://a.lab.test/.well-known/acme-challenge/t";
        assert_eq!(follow(from, "/x").as_deref(), Ok("http://a.lab.test/x"));
        assert_eq!(follow(from, "https://b.lab.test/x").as_deref(), Ok("https://b.lab.test/x"));
        for bad in ["https://10.0.0.1/x", "ftp://b/x", "http://b:8080/x"] {
            assert!(follow(from, bad).is_err(), "{bad}");
        }
    }
}
