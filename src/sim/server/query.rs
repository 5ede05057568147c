//! Query parameters.

/// Decoded pairs in the order of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    /// Decodes `a=b&c=d%20e`.
    pub(crate) fn parse(raw: &str) -> Self {
        let pair = |p: &str| {
            let (k, v) = p.split_once('=').unwrap_or((p, ""));
            (decode(k, true), decode(v, true))
        };
        Self(raw.split('&').filter(|p| !p.is_empty()).map(pair).collect())
    }

    /// The first value of a parameter; empty values count as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// `true`, `1` and a bare key are true.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.0.iter().any(|(k, v)| k == key && matches!(v.as_str(), "true" | "True" | "1" | ""))
    }

    /// Like [`Query::flag`], but tells absence from false.
    pub(crate) fn maybe_flag(&self, key: &str) -> Option<bool> {
        self.0.iter().any(|(k, _)| k == key).then(|| self.flag(key))
    }
}

/// Undoes percent-encoding; `+` is a space in queries only.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |b: u8| (b as char).to_digit(16);
        match bytes[i] {
            b'%' if i + 2 < bytes.len() => match (hex(bytes[i + 1]), hex(bytes[i + 2])) {
                (Some(h), Some(l)) => {
                    out.push((h * 16 + l) as u8);
                    i += 2;
                }
                _ => out.push(b'%'),
            },
            b'+' if plus => out.push(b' '),
            b => out.push(b),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_and_plus() {
        let query = Query::parse("labelSelector=a%3Db%2Cc&watch&x=1+2");
        assert_eq!(query.get("labelSelector"), Some("a=b,c"));
        assert!(query.flag("watch"));
        assert_eq!(query.get("x"), Some("1 2"));
    }
}
