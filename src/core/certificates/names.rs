//! Does a certificate's name cover a host? RFC 6125 §6.4 and RFC 9525 §6.3: names are compared as A-labels without
//! regard to case, a wildcard stands for exactly one label, the leftmost one, and addresses are compared as addresses.

use std::borrow::Cow;
use std::net::IpAddr;

/// A host as it stands in certificates: without the trailing dot and brackets, in lower case, international labels as
/// A-labels (`xn--…`). `None` when it cannot be a host.
pub fn canonical(host: &str) -> Option<Cow<'_, str>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return None;
    }
    if host.is_ascii() {
        return Some(match host.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(host.to_ascii_lowercase()),
            false => Cow::Borrowed(host),
        });
    }
    idna::domain_to_ascii(host).ok().filter(|h| !h.is_empty()).map(Cow::Owned)
}

/// Whether a text can be a DNS name in a certificate: labels of letters, digits, hyphens and (in practice) underscores,
/// at most 63 bytes each and 253 in all, a wildcard alone in the leftmost label and above a name of two labels or more.
pub fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && rest.split('.').all(label)
}

/// Whether `pattern` (a name in a certificate) covers `host`.
pub fn covers(pattern: &str, host: &str) -> bool {
    let (Some(pattern), Some(host)) = (canonical(pattern), canonical(host)) else { return false };
    // An address is covered by the same address only, however it is written; never by a name.
    let (a, b) = (pattern.parse::<IpAddr>(), host.parse::<IpAddr>());
    if a.is_ok() || b.is_ok() {
        return matches!((a, b), (Ok(a), Ok(b)) if a == b);
    }
    let Some(parent) = pattern.strip_prefix("*.") else { return pattern == host };
    // RFC 9525 §6.3: nothing but the whole leftmost label, and no second wildcard.
    if parent.is_empty() || parent.contains('*') {
        return false;
    }
    // A wildcard host (in a route) is covered by the same wildcard only.
    if let Some(host_parent) = host.strip_prefix("*.") {
        return host_parent == parent;
    }
    host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
}

/// Whether any of the names covers the host.
pub fn any_covers<T: AsRef<str>>(names: &[T], host: &str) -> bool {
    names.iter().any(|n| covers(n.as_ref(), host))
}

/// A wildcard among the names that would cover the host if wildcards went deeper than one label: `*.ominis.ai` for
/// `api.app.ominis.ai`, or for `ominis.ai` itself.
pub fn wrong_depth<'a, T: AsRef<str>>(names: &'a [T], host: &str) -> Option<&'a str> {
    let host = canonical(host)?;
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    names.iter().map(AsRef::as_ref).find(|pattern| {
        let Some(parent) = pattern.strip_prefix("*.") else { return false };
        let parent = parent.to_ascii_lowercase();
        !covers(pattern, &host)
            && (*host == parent
                || host.strip_suffix(parent.as_str()).is_some_and(|l| l.ends_with('.') && l.matches('.').count() > 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wildcard_is_one_label_deep() {
        for (pattern, host, yes) in [
            ("*.app.ominis.ai", "zoo-api.app.ominis.ai", true),
            ("*.app.ominis.ai", "api.zoo.app.ominis.ai", false),
            ("*.app.ominis.ai", "app.ominis.ai", false),
            ("*.app.ominis.ai", ".app.ominis.ai", false),
            ("*.app.ominis.ai", "*.app.ominis.ai", true),
            ("*.ominis.ai", "*.app.ominis.ai", false),
            ("auth.ominis.ai", "AUTH.ominis.ai.", true),
            ("z*.ominis.ai", "zoo.ominis.ai", false),
            ("a.*.ominis.ai", "a.b.ominis.ai", false),
            ("*.*.ominis.ai", "a.b.ominis.ai", false),
            ("*", "localhost", false),
            ("xn--bcher-kva.example", "bücher.example", true),
            ("*.xn--bcher-kva.example", "shop.BÜCHER.example", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("*.0.2.1", "192.0.2.1", false),
            ("2001:db8::1", "[2001:0db8:0::1]", true),
            ("", "", false),
        ] {
            assert_eq!(covers(pattern, host), yes, "{pattern} / {host}");
        }
        let names = ["*.ominis.ai", "other.ai"];
        assert_eq!(wrong_depth(&names, "api.app.ominis.ai"), Some("*.ominis.ai"));
        assert_eq!(wrong_depth(&names, "ominis.ai"), Some("*.ominis.ai"));
        assert_eq!(wrong_depth(&names, "app.ominis.ai"), None);
        assert_eq!(wrong_depth(&names, "notominis.ai"), None);
    }

    /// The rule once more, as the standard states it, label by label.
    fn by_the_book(pattern: &[String], host: &[String]) -> bool {
        pattern.len() == host.len()
            && pattern
                .iter()
                .zip(host)
                .enumerate()
                .all(|(i, (p, h))| (i == 0 && p == "*" && pattern.len() > 1) || (p != "*" && p.eq_ignore_ascii_case(h)))
    }

    fn label() -> impl Strategy<Value = String> {
        // Few letters, so that names meet; no label that is a number, which would make an address.
        "[abAB]{1,2}|xn--a[ab]"
    }

    proptest! {
        #[test]
        fn names_match_as_the_standard_says(
            wild in any::<bool>(),
            pattern in prop::collection::vec(label(), 1..4),
            host in prop::collection::vec(label(), 1..5),
            dot in any::<bool>(),
        ) {
            let mut pattern = pattern;
            if wild {
                pattern.insert(0, "*".into());
            }
            let text = host.join(".") + if dot { "." } else { "" };
            prop_assert_eq!(covers(&pattern.join("."), &text), by_the_book(&pattern, &host));
        }

        #[test]
        fn a_name_covers_itself_in_any_case_and_a_wildcard_covers_one_label_more(
            labels in prop::collection::vec(label(), 1..4),
            more in label(),
        ) {
            let name = labels.join(".");
            prop_assert!(covers(&name, &name.to_ascii_uppercase()));
            let wildcard = format!("*.{name}");
            let child = format!("{more}.{name}");
            prop_assert!(covers(&wildcard, &child));
            prop_assert!(!covers(&wildcard, &name));
            let grandchild = format!("{more}.{child}");
            prop_assert!(!covers(&wildcard, &grandchild));
            let names = [wildcard.as_str()];
            prop_assert_eq!(wrong_depth(&names, &grandchild), Some(wildcard.as_str()));
        }

        #[test]
        fn an_address_is_covered_by_itself_only(a in any::<std::net::IpAddr>(), b in any::<std::net::IpAddr>()) {
            prop_assert!(covers(&a.to_string(), &a.to_string()));
            prop_assert_eq!(covers(&a.to_string(), &b.to_string()), a == b);
            let wildcard = format!("*.{}", a.to_string().split_once('.').map_or("", |(_, rest)| rest));
            prop_assert!(!covers(&wildcard, &a.to_string()));
        }

        #[test]
        fn no_text_at_all_is_too_odd(pattern in "\\PC{0,40}", host in "\\PC{0,40}") {
            let names = [pattern.as_str()];
            let _ = (covers(&pattern, &host), wrong_depth(&names, &host), is_name(&pattern));
        }
    }
}
