//! Does a certificate's name cover a host? RFC 6125 §6.4.3 and RFC 9525 §6.3: a wildcard stands for exactly one
//! label, the leftmost one.

/// Whether `pattern` (a name in a certificate) covers `host`.
pub fn covers(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    if let Some(parent) = pattern.strip_prefix("*.") {
        // A wildcard host (in a route) is covered by the same wildcard only.
        if let Some(host_parent) = host.strip_prefix("*.") {
            return host_parent.eq_ignore_ascii_case(parent);
        }
        return host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent));
    }
    !pattern.is_empty() && pattern.eq_ignore_ascii_case(host)
}

/// Whether any of the names covers the host.
pub fn any_covers<T: AsRef<str>>(names: &[T], host: &str) -> bool {
    names.iter().any(|n| covers(n.as_ref(), host))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("", "", false),
        ] {
            assert_eq!(covers(pattern, host), yes, "{pattern} / {host}");
        }
    }
}
