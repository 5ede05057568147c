//! Names with one `*` in them, as profiles write them: `client-*`.

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

#[cfg(test)]
mod tests {
    use super::star;

    #[test]
    fn the_star_stands_for_at_least_one_character() {
        assert_eq!(star("client-*", "client-acme"), Some("acme"));
        assert_eq!(star("client-*", "client-"), None);
        assert_eq!(star("cert-manager", "cert-manager"), Some(""));
        assert_eq!(star("*-tls", "a-tls"), Some("a"));
        assert_eq!(star("client-*", "team-a"), None);
    }
}
