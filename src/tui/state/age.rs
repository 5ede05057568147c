//! Ages as the screen shows them: in whole minutes, hours, days, so that a screen on which nothing
//! happens stands still; and the next moment at which one of them changes.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The length that is shown and when it changes next, in seconds of age.
fn step(age: i64) -> (i64, i64) {
    let unit = if age < 2 * HOUR {
        MINUTE
    } else if age < 2 * DAY {
        HOUR
    } else {
        DAY
    };
    (age - age % unit, age - age % unit + unit)
}

/// A length of time in one unit: `<1m`, `41m`, `5h`, `12d`, `3y`.
pub fn length(seconds: i64) -> String {
    let s = seconds.max(0);
    match s {
        _ if s < MINUTE => "<1m".into(),
        _ if s < 2 * HOUR => format!("{}m", s / MINUTE),
        _ if s < 2 * DAY => format!("{}h", s / HOUR),
        _ if s < 2 * 365 * DAY => format!("{}d", s / DAY),
        _ => format!("{}y", s / (365 * DAY)),
    }
}

/// A moment as it is seen now: `41m` ago, or `in 3d`.
pub fn age(at: i64, now: i64) -> String {
    if at > now { format!("in {}", length(at - now)) } else { length(now - at) }
}

/// When the text of [`age`] changes next (seconds since 1970).
pub fn next_change(at: i64, now: i64) -> i64 {
    if at > now {
        let left = at - now;
        // The text changes as soon as less than the shown length is left; from the last minute on, when it is there.
        if left < MINUTE { at } else { at - step(left).0 + 1 }
    } else {
        at + step(now - at).1
    }
}

/// The next moment for many ages, rounded up to a whole minute of the clock so that they change together.
pub fn next_of(times: impl IntoIterator<Item = i64>, now: i64) -> Option<i64> {
    let next = times.into_iter().map(|at| next_change(at, now)).min()?;
    Some((next.max(now + 1) + MINUTE - 1) / MINUTE * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_stands_still_until_the_moment_that_is_foretold() {
        let now = 1_000_000;
        for at in [now, now - 59, now - 3 * MINUTE, now - 7300, now - 3 * DAY, now + 30, now + 3 * HOUR, now + 90 * DAY]
        {
            let next = next_change(at, now);
            assert!(next > now);
            assert_eq!(age(at, now), age(at, next - 1), "at {}", at - now);
            assert_ne!(age(at, now), age(at, next), "at {}", at - now);
        }
        assert_eq!(age(now - 41 * MINUTE, now), "41m");
        assert_eq!(age(now + 61 * DAY + 5, now), "in 61d");
    }
}
