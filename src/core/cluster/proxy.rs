//! Proxies on the way to a server: `proxy-url` of the kubeconfig, else what the environment names; and what is told
//! when it is the proxy that fails and not the server.

use super::explain::Target;
use crate::text::clean_line;
use crate::{Problem, ProblemKind};
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use std::io::ErrorKind;

/// `named_by` of a proxy that stands in the kubeconfig.
pub(super) const OF_KUBECONFIG: &str = "proxy-url of the cluster in the kubeconfig";

/// A proxy, and where it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Through {
    pub url: Uri,
    pub named_by: &'static str,
}

impl Through {
    /// Without the name and password that its URL may hold.
    fn address(&self) -> String {
        let port = self.url.port_u16().unwrap_or(match self.url.scheme_str() {
            Some("https") => 443,
            Some("http") => 80,
            _ => 1080,
        });
        clean_line(&format!("{}:{port}", self.url.host().unwrap_or_default())).into_owned()
    }
}

/// What went wrong at the proxy or behind it, if that is what failed. `text` is the error with its causes.
pub(super) fn problem(
    through: &Through,
    target: &Target,
    place: &str,
    io: Option<ErrorKind>,
    text: &str,
) -> Option<Problem> {
    let text = text.to_lowercase();
    let at_proxy = ["tunnel", "proxy", "socks"].iter().any(|word| text.contains(word));
    let address = through.address();
    let told = |why: String, next: String| Some(target.problem(ProblemKind::Unreachable, why).next(next));
    let check = || match through.named_by {
        OF_KUBECONFIG => format!("check that the proxy runs, and {OF_KUBECONFIG}"),
        variable => {
            format!("check that the proxy runs, and {variable} in the environment; NO_PROXY names what it is not for")
        }
    };
    // A server's name is looked up by the proxy, never here.
    if text.contains("dns error") || text.contains("lookup address") {
        return told(format!("the name of the proxy {address} cannot be found (DNS)"), check());
    }
    match io {
        Some(ErrorKind::ConnectionRefused) => {
            return told(format!("the proxy {address} refuses the connection"), check());
        }
        Some(ErrorKind::TimedOut) => {
            return told(format!("neither the proxy {address} nor {place} behind it answers in time"), check());
        }
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => {
            return told(format!("there is no way to the proxy {address}"), check());
        }
        _ if !at_proxy => return None,
        _ => {}
    }
    if text.contains("authorization required") {
        let next = format!("put them into the proxy's URL, http://USER:PASSWORD@{address} ({})", through.named_by);
        return told(format!("the proxy {address} wants a user name and a password"), next);
    }
    if text.contains("underlying connection") {
        return told(format!("the proxy {address} cannot be reached"), check());
    }
    if text.contains("end of file") || text.contains("io error") {
        return told(format!("the proxy {address} closed the connection before {place} was reached"), check());
    }
    let next = format!("ask those who run the proxy whether it may connect to {place}; {}", check());
    told(format!("the proxy {address} does not let us through to {place}"), next)
}

/// With the name and password of the URL.
pub(super) fn authorized<C>(tunnel: Tunnel<C>, url: &Uri) -> Tunnel<C> {
    use base64::Engine;
    let user = url.authority().and_then(|a| a.as_str().rsplit_once('@')).map(|(user, _)| unescape(user));
    let value = user.and_then(|u| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(u);
        HeaderValue::from_str(&format!("Basic {encoded}")).ok()
    });
    match value {
        Some(value) => tunnel.with_auth(value),
        None => tunnel,
    }
}

/// Percent escapes undone; what is none stays.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = digit(i + 1).zip(digit(i + 2)).filter(|_| bytes[i] == b'%');
        let value = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        out.push(value.unwrap_or(bytes[i]));
        i += if value.is_some() { 3 } else { 1 };
    }
    out
}

/// HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go reads them: never for this machine itself.
pub(super) fn of_environment(server: &Uri) -> Option<Through> {
    let variable = |name: &str| {
        let set = |n: &str| std::env::var(n).ok().filter(|v| !v.is_empty());
        set(name).or_else(|| set(&name.to_lowercase()))
    };
    let host = server.host()?.trim_matches(['[', ']']).to_lowercase();
    let address = host.parse::<std::net::IpAddr>().ok();
    if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
        return None;
    }
    let named_by = if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" };
    let named = variable(named_by)?;
    if variable("NO_PROXY").is_some_and(|list| bypassed(&host, server.port_u16(), address, &list)) {
        return None;
    }
    let named = if named.contains("://") { named } else { format!("http://{named}") };
    Some(Through { url: named.parse().ok()?, named_by })
}

fn bypassed(host: &str, port: Option<u16>, address: Option<std::net::IpAddr>, list: &str) -> bool {
    list.split(',').map(|e| e.trim().to_lowercase()).filter(|e| !e.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return match (network.parse(), bits.parse()) {
                (Ok(network), Ok(bits)) => in_network(address, network, bits),
                _ => false,
            };
        }
        let (name, entry_port) = match entry.rsplit_once(':') {
            Some((name, p)) if !name.contains(':') => (name.to_string(), p.parse::<u16>().ok()),
            _ => (entry.clone(), None),
        };
        if entry_port.is_some() && entry_port != port {
            return false;
        }
        let suffix = name.trim_start_matches('*').trim_start_matches('.');
        host == suffix && !name.starts_with('.') || host.ends_with(&format!(".{suffix}"))
    })
}

fn in_network(address: std::net::IpAddr, network: std::net::IpAddr, bits: u32) -> bool {
    use std::net::IpAddr::{V4, V6};
    let same = |a: u128, b: u128, width: u32| bits <= width && (bits == 0 || (a ^ b) >> (width - bits) == 0);
    match (address, network) {
        (V4(a), V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32),
        (V6(a), V6(b)) => same(a.into(), b.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        let hit = |host: &str, list: &str| bypassed(host, Some(6443), host.parse().ok(), list);
        assert!(hit("api.corp.example", "corp.example"));
        assert!(hit("corp.example", "corp.example"));
        assert!(!hit("corp.example", ".corp.example"));
        assert!(!hit("notcorp.example", "corp.example"));
        assert!(hit("10.1.2.3", "localhost, 10.0.0.0/8"));
        assert!(!hit("11.1.2.3", "10.0.0.0/8"));
        assert!(hit("api.example", "api.example:6443") && !hit("api.example", "api.example:443"));
        assert_eq!(unescape("user:p%40ss%zz"), b"user:p@ss%zz");
    }
}
