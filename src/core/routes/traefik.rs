//! IngressRoute of traefik.io and traefik.containo.us.

use super::backend::service;
use super::claim::{Backend, Claim, Dialect, PathKind, Reference, TlsClaim};
use super::objects::{IngressRoute, TraefikRoute};
use crate::Str;
use crate::overview::index::Index;
use crate::resources::{Kind, ObjectRef};

/// What an IngressRoute claims: one claim for each host and path of each rule.
pub fn claims(index: &Index<'_>, kind: &Kind, route: &IngressRoute) -> Vec<Claim> {
    let meta = &route.head.meta;
    let mut base = Claim::new(ObjectRef::with_meta(kind.clone(), meta), meta.created, Dialect::Traefik);
    base.entry = route.spec.entry_points.join(",").as_str().into();
    base.served_by = "traefik".into();
    base.tls = match &route.spec.tls {
        None => TlsClaim::None,
        Some(tls) if tls.passthrough => TlsClaim::Passthrough,
        Some(tls) => match tls.secret_name.clone().filter(|s| !s.is_empty()) {
            Some(secret) => TlsClaim::Secret(meta.namespace.clone(), secret),
            None => TlsClaim::Default,
        },
    };
    let mut claims = Vec::new();
    for rule in &route.spec.routes {
        let mut claim = base.clone();
        claim.priority = rule.priority.filter(|p| *p != 0);
        claim.middlewares = middlewares(index, &meta.namespace, rule);
        claim.backends = backends(index, &meta.namespace, rule);
        let parsed = parse(&rule.rule);
        claim.extra = parsed.extra.as_str().into();
        for host in &parsed.hosts {
            for (path, path_kind) in &parsed.paths {
                let mut claim = claim.clone();
                claim.host = host.as_str().into();
                claim.path = path.as_str().into();
                claim.path_kind = *path_kind;
                claims.push(claim);
            }
        }
    }
    claims
}

fn middlewares(index: &Index<'_>, namespace: &Str, rule: &TraefikRoute) -> Vec<Reference> {
    let known = index.snapshot.middlewares.known();
    rule.middlewares
        .iter()
        .map(|m| {
            let namespace = m.namespace.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| namespace.clone());
            let found = index.middlewares.contains_key(&(&*namespace, &*m.name));
            // `name@provider` is defined elsewhere (a file, another provider).
            let found = if m.name.contains('@') { None } else { known.then_some(found) };
            Reference { kind: "Middleware", namespace, name: m.name.clone(), found }
        })
        .collect()
}

fn backends(index: &Index<'_>, namespace: &Str, rule: &TraefikRoute) -> Vec<Backend> {
    rule.services
        .iter()
        .map(|s| {
            let namespace = s.namespace.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| namespace.clone());
            if &*s.kind == "TraefikService" || s.name.contains('@') {
                return Backend {
                    kind: "TraefikService".into(),
                    namespace,
                    name: s.name.clone(),
                    external: true,
                    ..Backend::default()
                };
            }
            let port = s.port.as_ref().map(|p| p.text()).unwrap_or_default();
            let mut backend = service(index, &namespace, &s.name, port);
            backend.weight = s.weight;
            backend
        })
        .collect()
}

struct Parsed {
    hosts: Vec<String>,
    paths: Vec<(String, PathKind)>,
    extra: String,
}

/// Reads hosts and paths out of a rule: ``Host(`a`) && PathPrefix(`/x`)``. What else it demands is kept as text.
fn parse(rule: &str) -> Parsed {
    let mut parsed = Parsed { hosts: Vec::new(), paths: Vec::new(), extra: String::new() };
    let mut rest = rule;
    while let Some(open) = rest.find('(') {
        let word: String = rest[..open].chars().rev().take_while(|c| c.is_ascii_alphanumeric()).collect();
        let word: String = word.chars().rev().collect();
        if word.is_empty() {
            rest = &rest[open + 1..];
            continue;
        }
        let (arguments, after) = arguments(&rest[open + 1..]);
        match word.as_str() {
            "Host" | "HostSNI" => parsed.hosts.extend(arguments.iter().map(|a| a.to_ascii_lowercase())),
            "HostRegexp" => parsed.hosts.extend(arguments.iter().map(|a| format!("~{a}"))),
            "Path" => parsed.paths.extend(arguments.into_iter().map(|a| (a, PathKind::Exact))),
            "PathPrefix" => parsed.paths.extend(arguments.into_iter().map(|a| (a, PathKind::Prefix))),
            "PathRegexp" => parsed.paths.extend(arguments.into_iter().map(|a| (a, PathKind::Regex))),
            _ => {
                let text = format!("{word}({})", arguments.join(","));
                parsed.extra = if parsed.extra.is_empty() { text } else { format!("{} {text}", parsed.extra) };
            }
        }
        rest = after;
    }
    if parsed.hosts.is_empty() {
        parsed.hosts.push(String::new());
    }
    if parsed.paths.is_empty() {
        parsed.paths.push(("/".into(), PathKind::Prefix));
    }
    parsed
}

/// The quoted arguments up to the closing parenthesis, and what follows it.
fn arguments(text: &str) -> (Vec<String>, &str) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let Some(at) = rest.find(['`', '"', '\'', ')']) else { return (found, "") };
        let mark = rest.as_bytes()[at] as char;
        rest = &rest[at + 1..];
        if mark == ')' {
            return (found, rest);
        }
        let Some(end) = rest.find(mark) else { return (found, "") };
        found.push(rest[..end].to_owned());
        rest = &rest[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_traefik_writes_them() {
        let p = parse(
            "Host(`wiki.app.ominis.ai`, `Kb.app.ominis.ai`) && (PathPrefix(`/a`) || Path(`/b`)) && Header(`X`, `1`)",
        );
        assert_eq!(p.hosts, ["wiki.app.ominis.ai", "kb.app.ominis.ai"]);
        assert_eq!(p.paths, [("/a".to_owned(), PathKind::Prefix), ("/b".to_owned(), PathKind::Exact)]);
        assert_eq!(p.extra, "Header(X,1)");
        for broken in ["", "Host(", "Host(`a", ")", "Host(`a`", "((((", "Host(\u{e9}`x`)"] {
            assert!(!parse(broken).hosts.is_empty(), "{broken:?} is read without a panic");
        }
    }
}
