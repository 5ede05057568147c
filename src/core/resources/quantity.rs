//! Kubernetes quantities (`128Mi`, `250m`) and lengths of time (`3d4h`, `1h30m`) as numbers, and CPU and memory as they
//! are measured, asked for and limited.

use serde::Deserialize;

/// CPU and memory as quantities.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Quantities {
    cpu: String,
    memory: String,
}

impl Quantities {
    /// Cores and bytes.
    pub(crate) fn values(&self) -> (f64, f64) {
        let value = |text: &str| parse_quantity(text).unwrap_or_default();
        (value(&self.cpu), value(&self.memory))
    }
}

/// Requests and limits, of CPU and of memory; 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Asked {
    pub cpu: (f64, f64),
    pub memory: (f64, f64),
}

/// The value of a quantity in base units (bytes, cores, pieces); `None` when it is none.
/// Suffixes as in `k8s.io/apimachinery/pkg/api/resource`.
pub fn parse_quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[i + 1..].trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
            let sign = matches!(c, '+' | '-') && (i == 0 || text[..i].ends_with(['e', 'E']));
            !(c.is_ascii_digit() || c == '.' || exponent || sign)
        })
        .map_or(text.len(), |(i, _)| i);
    let number: f64 = text[..end].parse().ok()?;
    let factor = match &text[end..] {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    };
    Some(number * factor)
}

/// Seconds of a length of time as kubectl and Go print it: `45s`, `3m12s`, `5h`, `3d4h`, `2y30d`,
/// `1w`, `1.5h`, `300ms`; `None` when it is none.
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let negative = rest.starts_with('-');
    rest = rest.trim_start_matches('-');
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "ms" => 0.001,
                "us" | "µs" | "ns" => 0.0,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                "w" => 7.0 * 86_400.0,
                "y" => 365.0 * 86_400.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    let whole = seconds as i64;
    Some(if negative { -whole } else { whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::human_duration;
    use proptest::prelude::*;

    #[test]
    fn quantities_have_their_value() {
        for (text, value) in [
            ("128Mi", 134_217_728.0),
            ("250m", 0.25),
            ("2", 2.0),
            ("1e3", 1000.0),
            ("1.5Gi", 1_610_612_736.0),
            ("2E", 2e18),
        ] {
            assert_eq!(parse_quantity(text), Some(value), "{text}");
        }
        assert_eq!(parse_quantity("abc"), None);
        assert_eq!(parse_quantity(""), None);
        assert_eq!(parse_quantity("5 apples"), None);
    }

    proptest! {
        #[test]
        fn what_kubectl_prints_is_read_back_to_the_same_text(seconds in 0i64..500_000_000) {
            let text = human_duration(seconds);
            let back = parse_duration(&text).unwrap();
            prop_assert!(back <= seconds);
            prop_assert_eq!(human_duration(back), text);
        }
        #[test]
        fn no_text_breaks_the_parsers(text in "\\PC{0,12}") {
            let _ = (parse_quantity(&text), parse_duration(&text));
        }
    }
}
