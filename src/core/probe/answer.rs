//! Whether a route answers, seen from here: one HTTP or HTTPS request for its address. What certificate is served there
//! is not asked; that is the certificates' own question.

use super::{Dns, http};
use ::http::Uri;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// Connecting and the answer's head may take this long together.
const PATIENCE: Duration = Duration::from_secs(8);
/// Of the body nothing is needed.
const LARGEST: usize = 4 * 1024;

/// Where the hosts of routes serve, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub http: u16,
    pub https: u16,
}

/// What a route answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A status, and who says it is the server (may be empty).
    Status(u16, String),
    /// The name has no address; in the words of DNS.
    NoAddress(String),
    /// Nobody listens, or nothing came back: why.
    Nothing(String),
}

impl Answered {
    /// Whether something behind the proxy answered: all but the statuses with which proxies say that nobody did.
    pub fn by_the_app(&self) -> bool {
        matches!(self, Self::Status(code, _) if !matches!(code, 502..=504))
    }
    /// In words, to stand after the host.
    pub fn words(&self) -> String {
        match self {
            Self::Status(code, server) if server.is_empty() || self.by_the_app() => format!("answers {code}"),
            Self::Status(code, server) => format!("answers {code} ({server})"),
            Self::NoAddress(why) => format!("has no address: {why}"),
            Self::Nothing(why) => format!("does not answer: {why}"),
        }
    }
    /// The next step where it does not answer.
    pub fn next(&self) -> &'static str {
        match self {
            Self::Status(..) => "see the log of the ingress controller, and what its Service leads to",
            Self::NoAddress(_) => "create the DNS record of the host",
            Self::Nothing(_) => "see whether the ingress controller runs and can be reached from here",
        }
    }
}

/// Asks for `http://host/path` or `https://host/path`: at `address` where one is given, else where DNS leads.
pub async fn ask(dns: &Dns, url: &str, address: Option<IpAddr>, ports: Ports) -> Answered {
    match tokio::time::timeout(PATIENCE, get(dns, url, address, ports)).await {
        Ok(answered) => answered,
        Err(_) => Answered::Nothing("no answer in time".into()),
    }
}

async fn get(dns: &Dns, url: &str, address: Option<IpAddr>, ports: Ports) -> Answered {
    let Ok(uri) = url.parse::<Uri>() else { return Answered::Nothing(format!("{url} is no address")) };
    let secure = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default().to_owned();
    let ip = match address.or_else(|| host.parse().ok()) {
        Some(ip) => ip,
        None => match dns.addresses(&host).await.map(|found| found.addresses().first().copied()) {
            Ok(Some(ip)) => ip,
            Ok(None) => return Answered::NoAddress("the name has none".into()),
            Err(fault) => return Answered::NoAddress(fault.words()),
        },
    };
    let port = if secure { ports.https } else { ports.http };
    let tcp = match TcpStream::connect(SocketAddr::new(ip, port)).await {
        Ok(tcp) => tcp,
        Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
            return Answered::Nothing(format!("{ip} refuses connections on port {port}"));
        }
        Err(e) => return Answered::Nothing(e.to_string()),
    };
    let answer = if secure {
        match super::tls::connect(tcp, &host).await {
            Ok(stream) => http::get(TokioIo::new(stream), &uri, "route", LARGEST).await,
            Err(fault) => return Answered::Nothing(fault.words()),
        }
    } else {
        http::get(TokioIo::new(tcp), &uri, "route", LARGEST).await
    };
    match answer {
        Ok((status, headers, _)) => {
            Answered::Status(status, http::header(&headers, ::http::header::SERVER).unwrap_or_default())
        }
        Err(why) => Answered::Nothing(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proxies_say_when_nobody_answered_is_no_answer() {
        for (code, by_the_app) in [(200, true), (302, true), (404, true), (500, true), (502, false), (503, false)] {
            assert_eq!(Answered::Status(code, "Traefik".into()).by_the_app(), by_the_app, "{code}");
        }
        assert_eq!(Answered::Status(503, "Traefik".into()).words(), "answers 503 (Traefik)");
        assert!(!Answered::NoAddress(String::new()).by_the_app());
    }
}
