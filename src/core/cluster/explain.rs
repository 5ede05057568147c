//! Failures told to a person: what was asked, why it failed, what to do next.

use super::proxy::Through;
use super::{Method, Request, Right};
use crate::problem::FieldError;
use crate::text::clean_line;
use crate::{Problem, ProblemKind};
use std::error::Error;

/// What a request is about, read from its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// As RBAC names it: `list`, `watch`, `deletecollection`, …
    pub verb: String,
    pub group: String,
    pub version: String,
    /// Plural, with `/subresource`; empty for paths that are no resource.
    pub resource: String,
    pub namespace: String,
    pub name: String,
}

impl Target {
    pub fn of(request: &Request) -> Self {
        let mut parts = request.path.split('/').filter(|p| !p.is_empty());
        let mut target = Self::default();
        match parts.next() {
            Some("api") => target.version = parts.next().unwrap_or_default().into(),
            Some("apis") => {
                target.group = parts.next().unwrap_or_default().into();
                target.version = parts.next().unwrap_or_default().into();
            }
            _ => {}
        }
        let rest: Vec<&str> = parts.collect();
        let rest = match rest.as_slice() {
            ["namespaces", namespace, more @ ..] if !more.is_empty() && !matches!(more, ["status" | "finalize"]) => {
                target.namespace = (*namespace).into();
                more
            }
            all => all,
        };
        if target.version.is_empty() {
            return Self { verb: "get".into(), ..Self::default() };
        }
        target.resource = rest.first().copied().unwrap_or_default().into();
        target.name = rest.get(1).copied().unwrap_or_default().into();
        if let Some(subresource) = rest.get(2) {
            target.resource = format!("{}/{subresource}", target.resource);
        }
        let watch = request.query.iter().any(|(k, v)| k == "watch" && v != "false" && v != "0");
        target.verb = match request.method {
            Method::Get if watch => "watch",
            Method::Get if target.name.is_empty() => "list",
            Method::Get => "get",
            Method::Post => "create",
            Method::Put => "update",
            Method::Delete if target.name.is_empty() => "deletecollection",
            Method::Delete => "delete",
            _ => "patch",
        }
        .into();
        target
    }

    /// `cannot list pods`
    pub fn what(&self) -> String {
        if self.resource.is_empty() {
            return "cannot ask the server".into();
        }
        let verb = match self.verb.as_str() {
            "get" => "read",
            "deletecollection" => "delete all",
            "patch" | "update" => "change",
            other => other,
        };
        let (plural, subresource) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let of = if subresource.is_empty() { String::new() } else { format!("the {subresource} of ") };
        format!("cannot {verb} {of}{}", clean_line(plural))
    }

    /// The object or the place: `client-acme/api`, `in client-acme`, `in all namespaces`.
    pub fn place(&self) -> String {
        match (self.namespace.as_str(), self.name.as_str()) {
            ("", "") => String::new(),
            ("", name) => clean_line(name).into_owned(),
            (namespace, "") => format!("in {}", clean_line(namespace)),
            (namespace, name) => clean_line(&format!("{namespace}/{name}")).into_owned(),
        }
    }

    /// The right that it takes.
    pub fn right(&self) -> Right {
        let mut right = Right::new(&self.verb, &self.group, &self.resource, &self.namespace);
        right.name.clone_from(&self.name);
        right
    }

    pub(super) fn problem(&self, kind: ProblemKind, why: impl Into<String>) -> Problem {
        Problem::new(kind, self.what(), why).on(self.place())
    }
}

/// metav1.Status, as far as it is told on.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Status {
    kind: String,
    message: String,
    reason: String,
    code: Option<u16>,
    details: Details,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    causes: Vec<Cause>,
    retry_after_seconds: Option<u64>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Cause {
    message: String,
    field: String,
}

/// Tells an error answer. `body` is a Status or any text; also used for `ERROR` events of a watch (status 200).
pub fn status_problem(target: &Target, status: u16, retry_after: Option<u64>, body: &[u8]) -> Problem {
    let parsed: Status = serde_json::from_slice(body).unwrap_or_default();
    let is_status = parsed.kind == "Status";
    let code = parsed.code.filter(|c| is_status && *c != 0).unwrap_or(status);
    let said = if is_status { parsed.message.clone() } else { short_text(body) };
    let kind = kind_of(code, &parsed.reason);
    let mut problem = target.problem(kind, why(kind, code, &said, target));
    problem.status = Some(code);
    problem.retry_after = retry_after.or(parsed.details.retry_after_seconds);
    problem.fields = parsed
        .details
        .causes
        .into_iter()
        .filter(|c| kind == ProblemKind::Invalid && !c.message.is_empty())
        .map(|c| FieldError { field: clean_line(&c.field).into_owned(), message: clean_line(&c.message).into_owned() })
        .collect();
    problem.next = next(kind, target, problem.retry_after);
    // What Go's server says before it knows what is asked.
    if !is_status && said.contains("HTTP request to an HTTPS server") {
        problem.kind = ProblemKind::Unreachable;
        problem.why = "the server speaks TLS, and is asked without it".into();
        problem.next = "write https:// before the server's address in the kubeconfig".into();
    }
    problem
}

fn kind_of(code: u16, reason: &str) -> ProblemKind {
    match (code, reason) {
        (401, _) => ProblemKind::Unauthenticated,
        (403, _) => ProblemKind::Forbidden,
        (404, _) => ProblemKind::NotFound,
        (409 | 412, _) => ProblemKind::Conflict,
        (410, _) => ProblemKind::Gone,
        (400 | 405 | 406 | 413 | 415 | 422, _) => ProblemKind::Invalid,
        (429, _) => ProblemKind::Throttled,
        (_, "Expired") => ProblemKind::Gone,
        _ => ProblemKind::Server,
    }
}

fn why(kind: ProblemKind, code: u16, said: &str, target: &Target) -> String {
    let said = clean_line(said.trim()).into_owned();
    match kind {
        // The server repeats user, verb and resource; what counts is behind the last colon, if anything.
        ProblemKind::Forbidden if !target.resource.is_empty() && said.contains("cannot ") => {
            let who = said.split("User \"").nth(1).and_then(|r| r.split('"').next()).unwrap_or("this user");
            let mut why = format!("{who} may not {}", target.right().line());
            if let Some((_, more)) = said.split_once("\": ").filter(|(_, m)| !m.is_empty() && !m.contains("cannot ")) {
                why.push_str(": ");
                why.push_str(more);
            }
            why
        }
        ProblemKind::Unauthenticated if said.is_empty() || said == "Unauthorized" => {
            "the server does not accept this credential".into()
        }
        ProblemKind::NotFound if target.resource.is_empty() || said.is_empty() => "the server has no such thing".into(),
        _ if said.is_empty() => format!("the server answered {code}"),
        ProblemKind::Server => format!("the server answered {code}: {said}"),
        _ => said,
    }
}

fn next(kind: ProblemKind, target: &Target, retry_after: Option<u64>) -> String {
    match kind {
        ProblemKind::Forbidden if !target.resource.is_empty() => {
            format!("ask for the right to {}", target.right().line())
        }
        ProblemKind::Unauthenticated => "sign in again; `qd doctor` shows how this context signs in".into(),
        ProblemKind::Conflict => "it was changed meanwhile: read it again and repeat the change".into(),
        ProblemKind::Gone => "list it again".into(),
        ProblemKind::Throttled => match retry_after {
            Some(seconds) => format!("the server asks to try again in {seconds} s"),
            None => "try again in a moment".into(),
        },
        ProblemKind::Server => "try again; if it stays, look at the API server's log".into(),
        _ => String::new(),
    }
}

/// The first words of an answer that is not a Status (a proxy's HTML page, for one).
fn short_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(2048)]);
    if text.trim_start().starts_with('<') {
        return "not the answer of an API server but a web page, perhaps of a proxy".into();
    }
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars().take(300).collect()
}

/// Tells why no answer came at all.
pub(super) fn transport_problem(
    target: &Target,
    server: &str,
    through: Option<&Through>,
    error: &(dyn Error + 'static),
) -> Problem {
    let chain = || causes(error);
    // A problem of ours (credential) travels through the stack as it is.
    if let Some(problem) = chain().find_map(|e| e.downcast_ref::<Problem>()) {
        let mut problem = problem.clone();
        if problem.what.is_empty() {
            problem.what = target.what();
        }
        return problem;
    }
    let unreachable = |why: String| target.problem(ProblemKind::Unreachable, why);
    if let Some(tls) = chain().find_map(|e| e.downcast_ref::<rustls::Error>()) {
        return tls_problem(target, server, tls);
    }
    let text = chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let place = host_and_port(server);
    let io = chain().filter_map(|e| e.downcast_ref::<std::io::Error>()).last().map(std::io::Error::kind);
    let lower = text.to_lowercase();
    if let Some(problem) = through.and_then(|t| super::proxy::problem(t, target, &place, io, &text)) {
        return problem;
    }
    if lower.contains("dns error") || lower.contains("lookup address") {
        return unreachable(format!("the name {} cannot be found (DNS)", host(server)))
            .next("check the server's name in the kubeconfig, the VPN and the DNS of this machine");
    }
    use std::io::ErrorKind as K;
    match io {
        Some(K::ConnectionRefused) => unreachable(format!("{place} refuses the connection"))
            .next("check that the API server runs and that the port in the kubeconfig is right"),
        Some(K::TimedOut) => unreachable(format!("{place} does not answer in time"))
            .next("check the network, the VPN and firewalls between here and the API server"),
        Some(K::NetworkUnreachable | K::HostUnreachable) => {
            unreachable(format!("there is no way to {place}")).next("check the network and the VPN")
        }
        _ => unreachable(format!("the connection to {place} broke: {}", clean_line(innermost(error)))),
    }
}

/// An error and its causes. An `io::Error` that wraps another error tells that one's cause as its own
/// and so would hide it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let now = next?;
        let wrapped = now.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|e| e as &(dyn Error + 'static)).or_else(|| now.source());
        Some(now)
    })
}

fn innermost(error: &(dyn Error + 'static)) -> &'static str {
    let chain = causes(error);
    let text = chain.last().map(ToString::to_string).unwrap_or_default().to_lowercase();
    for (needle, words) in [
        ("reset", "it was reset"),
        ("broken pipe", "it was closed"),
        ("eof", "it was closed in the middle of an answer"),
        ("incomplete", "it was closed in the middle of an answer"),
        ("invalid http", "what answers does not speak HTTP; is the scheme (http, https) right?"),
        ("timed out", "no answer in time"),
    ] {
        if text.contains(needle) {
            return words;
        }
    }
    "it was closed"
}

fn tls_problem(target: &Target, server: &str, error: &rustls::Error) -> Problem {
    use rustls::CertificateError as C;
    let place = host_and_port(server);
    let problem = |why: String, next: &str| target.problem(ProblemKind::Unreachable, why).next(next);
    match error {
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => problem(
            format!("the certificate of {place} is signed by an authority that is not trusted"),
            "check certificate-authority(-data) of the cluster in the kubeconfig; a proxy that opens TLS has one of its own",
        ),
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => problem(
            format!("the certificate of {place} has expired"),
            "renew the API server's certificate, or check this machine's clock",
        ),
        rustls::Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            problem(format!("the certificate of {place} is not valid yet"), "check this machine's clock")
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => problem(
            format!("the certificate of {place} is for other names"),
            "use a name that the certificate has, or set tls-server-name of the cluster in the kubeconfig",
        ),
        rustls::Error::AlertReceived(_) => problem(
            format!("{place} refuses our side of TLS: {error}"),
            "check the client certificate of the user in the kubeconfig; it may have expired",
        ),
        rustls::Error::InvalidMessage(_) => {
            problem(format!("{place} does not speak TLS"), "check https:// or http:// and the port in the kubeconfig")
        }
        other => problem(
            format!("no TLS with {place}: {}", clean_line(&other.to_string())),
            "check the cluster's TLS settings in the kubeconfig",
        ),
    }
}

pub(super) fn host(server: &str) -> String {
    server.parse::<http::Uri>().ok().and_then(|u| u.host().map(str::to_string)).unwrap_or_else(|| server.to_string())
}

pub(super) fn host_and_port(server: &str) -> String {
    let Ok(uri) = server.parse::<http::Uri>() else { return server.to_string() };
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{}:{port}", uri.host().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_right_and_who_lacks_it() {
        let target = Target::of(&Request::get("/apis/cert-manager.io/v1/namespaces/client-acme/certificates"));
        let body = br#"{"kind":"Status","status":"Failure","code":403,"reason":"Forbidden","message":"certificates.cert-manager.io is forbidden: User \"vera\" cannot list resource \"certificates\" in API group \"cert-manager.io\" in the namespace \"client-acme\""}"#;
        let problem = status_problem(&target, 403, None, body);
        assert_eq!(problem.kind, ProblemKind::Forbidden);
        assert_eq!(
            problem.line(),
            "cannot list certificates in client-acme: vera may not list certificates.cert-manager.io in client-acme"
        );
        assert!(target.right().role_yaml().contains("namespace: client-acme"));
    }

    #[test]
    fn a_refused_object_names_its_fields_and_hostile_words_are_harmless() {
        let target = Target::of(&Request::write(Method::Put, "/api/v1/namespaces/a/configmaps/b", "{}"));
        let body = b"{\"kind\":\"Status\",\"code\":422,\"reason\":\"Invalid\",\"message\":\"bad \\u001b[31m\",\"details\":{\"causes\":[{\"field\":\"data\",\"message\":\"too long\"}]}}";
        let problem = status_problem(&target, 422, None, body);
        assert_eq!((problem.kind, problem.fields.len()), (ProblemKind::Invalid, 1));
        assert!(!problem.to_string().contains('\u{1b}'));
        let page = status_problem(&target, 502, None, b"<html><body>Bad gateway");
        assert!(page.why.contains("web page"), "{page}");
    }

    #[test]
    fn paths_tell_verb_resource_and_place() {
        let verb = |request: Request| {
            let t = Target::of(&request);
            format!("{} {} {} {}", t.verb, t.resource, t.namespace, t.name)
        };
        assert_eq!(verb(Request::get("/api/v1/namespaces")), "list namespaces  ");
        assert_eq!(verb(Request::get("/api/v1/namespaces/a")), "get namespaces  a");
        assert_eq!(verb(Request::get("/api/v1/pods").query("watch", "true")), "watch pods  ");
        assert_eq!(verb(Request::get("/api/v1/namespaces/a/pods/p/log")), "get pods/log a p");
        assert_eq!(
            verb(Request::write(Method::Delete, "/apis/apps/v1/namespaces/a/deployments", "")),
            "deletecollection deployments a "
        );
        assert_eq!(verb(Request::get("/version")), "get   ");
    }
}
