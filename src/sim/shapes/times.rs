//! Stretches of time as people write them, and moments relative to now.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// `41m`, `3h12m`, `12d`, `1y` in seconds. `None` for anything else.
pub fn seconds(text: &str) -> Option<i64> {
    let (mut total, mut number) = (0, None);
    for c in text.chars() {
        match c {
            '0'..='9' => number = Some(number.unwrap_or(0) * 10 + i64::from(c as u8 - b'0')),
            _ => {
                let unit = match c {
                    's' => 1,
                    'm' => 60,
                    'h' => 3600,
                    'd' => 86_400,
                    'w' => 604_800,
                    'y' => 31_536_000,
                    _ => return None,
                };
                total += number.take()? * unit;
            }
        }
    }
    (number.is_none() && !text.is_empty()).then_some(total)
}

/// `-41m` or `+60d` in seconds from now.
pub fn offset(text: &str) -> Option<i64> {
    match text.split_at_checked(1)? {
        ("-", rest) => seconds(rest).map(|s| -s),
        ("+", rest) => seconds(rest),
        _ => None,
    }
}

/// A moment as Kubernetes writes it.
pub fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same with microseconds, for event and lease times.
pub fn micro(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// `at` moved by seconds (negative: earlier).
pub fn shift(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// Replaces every offset (`-41m`) in the value by the moment it means.
pub fn resolve(value: &mut Value, now: Timestamp) {
    match value {
        Value::String(s) => {
            if let Some(seconds) = offset(s) {
                *s = text(shift(now, seconds));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|v| resolve(v, now)),
        Value::Object(map) => map.values_mut().for_each(|v| resolve(v, now)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_offsets_are_times() {
        assert_eq!(offset("-3h12m"), Some(-11_520));
        assert_eq!(offset("+60d"), Some(5_184_000));
        for text in ["-", "--follow", "-v", "-41", "m", "41m", "", "-é"] {
            assert_eq!(offset(text), None, "{text}");
        }
    }
}
