//! Times as the server prints them: `41m`, `3h12m`, `<unknown>`.

use crate::value::at;
use jiff::Timestamp;
use serde_json::Value;

/// A number of seconds in the server's approximation: two units where the
/// second still matters, one where it does not. Slightly negative is `0s`,
/// clearly negative (a clock that is off) `<invalid>`.
pub fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let two = |big: i64, unit: char, small: i64, small_unit: char| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{small_unit}"),
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(hours / 24, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{}d", hours / 24),
        63_072_000..252_288_000 => two(hours / 8760, 'y', hours / 24 % 365, 'd'),
        _ => format!("{}y", hours / 8760),
    }
}

/// The time at a path of an object, if there is one that parses.
pub fn time(value: &Value, path: &str) -> Option<Timestamp> {
    at(value, path).as_str()?.parse().ok()
}

/// How long ago that was, `<unknown>` for no time.
pub fn since(then: Option<Timestamp>, now: Timestamp) -> String {
    then.map_or_else(|| "<unknown>".into(), |t| human(seconds_between(t, now)))
}

/// Time since the object was created.
pub fn of(object: &Value, now: Timestamp) -> Value {
    since(time(object, "metadata.creationTimestamp"), now).into()
}

/// Whole seconds from `from` to `to`, rounded towards zero as Go converts durations.
pub fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        for (seconds, text) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_520, "3h12m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (691_200, "8d"),
            (63_071_999, "729d"),
            (63_072_000, "2y"),
            (94_700_000, "3y1d"),
            (252_288_000, "8y"),
        ] {
            assert_eq!(human(seconds), text, "{seconds} s");
        }
    }
}
