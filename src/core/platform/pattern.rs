//! Names with `*` in them, as profiles write them: `client-*`, `*prometheus*`.

/// What the star stands for in `text`; empty for a pattern without one. `None` when it does not match.
pub fn star<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    match pattern.split_once('*') {
        None => (pattern == text).then_some(""),
        Some((before, after)) => {
            let rest = text.strip_prefix(before)?.strip_suffix(after)?;
            (!rest.is_empty()).then_some(rest)
        }
    }
}

/// Whether a name matches a pattern with any number of stars, each for any text, also none.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{matches, star};

    #[test]
    fn patterns_with_several_stars_match_parts() {
        for (pattern, name, yes) in [
            ("*nginx*", "nginx-authenticated", true),
            ("*nginx*", "ingress-nginx-platform", true),
            ("loki*", "loki", true),
            ("istio*", "knative", false),
            ("istiod", "istiod-1", false),
            ("a*b*b", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), yes, "{pattern} / {name}");
        }
    }

    #[test]
    fn the_star_stands_for_at_least_one_character() {
        assert_eq!(star("client-*", "client-acme"), Some("acme"));
        assert_eq!(star("client-*", "client-"), None);
        assert_eq!(star("cert-manager", "cert-manager"), Some(""));
        assert_eq!(star("*-tls", "a-tls"), Some("a"));
        assert_eq!(star("client-*", "team-a"), None);
    }
}
