//! A cell knows what it means, so that it sorts and filters by value and not by its text.

use crate::Str;
use crate::clock::human_duration;
use std::borrow::Cow;
use std::cmp::Ordering;

/// How good or bad something is. Colour, symbol and word follow from it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fine.
    Good,
    /// Switched off or finished on purpose (suspended, completed).
    Off,
    /// Cannot be told.
    Unknown,
    /// On its way; normal so far.
    Busy,
    /// Wants attention.
    Warn,
    /// Broken.
    Bad,
}

impl Level {
    /// How many levels there are.
    pub const COUNT: usize = 6;
    /// All, from good to bad.
    pub const ALL: [Self; Self::COUNT] = [Self::Good, Self::Off, Self::Unknown, Self::Busy, Self::Warn, Self::Bad];
    /// Whether somebody should look: the `failing` preset.
    pub fn failing(self) -> bool {
        self >= Self::Warn
    }
}

/// What is the matter, in one word and one sentence.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    pub level: Level,
    /// One or two words: `Ready`, `Not issued`.
    pub word: Str,
    /// Why, in plain words; empty when there is nothing to explain.
    pub why: String,
    /// The next step; empty when there is none.
    pub next: String,
}

impl Verdict {
    pub fn new(level: Level, word: &str) -> Self {
        Self { level, word: word.into(), why: String::new(), next: String::new() }
    }
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

/// One cell of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing there; sorts last.
    #[default]
    None,
    Text(Str),
    Int(i64),
    /// So many, the last one at this moment (seconds since 1970): restarts.
    Counted(i64, i64),
    /// A moment, seconds since 1970; shown as an age (or as "in 3d" when it lies ahead).
    Time(i64),
    /// A length of time in seconds.
    Duration(i64),
    /// A Kubernetes quantity: its value in base units and its text as the server wrote it.
    Quantity(f64, Str),
    /// So many of so many, e.g. ready replicas.
    Ratio(u32, u32),
    /// A state in words with its level.
    Status(Level, Str),
}

impl Cell {
    /// The text that `kubectl get` prints; empty for nothing. `now`: seconds since 1970.
    pub fn text(&self, now: i64) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(""),
            Self::Text(text) | Self::Quantity(_, text) | Self::Status(_, text) => Cow::Borrowed(text),
            Self::Int(n) => Cow::Owned(n.to_string()),
            Self::Counted(n, at) => Cow::Owned(format!("{n} ({} ago)", human_duration(now - at))),
            // A server whose clock is a little ahead does not make an object unborn.
            Self::Time(at) if *at > now + 60 => Cow::Owned(format!("in {}", human_duration(at - now))),
            Self::Time(at) => Cow::Owned(human_duration((now - at).max(0))),
            Self::Duration(seconds) => Cow::Owned(human_duration(*seconds)),
            Self::Ratio(part, whole) => Cow::Owned(format!("{part}/{whole}")),
        }
    }
    /// The text for the screen: as [`Cell::text`], and a dash for nothing.
    pub fn display(&self, now: i64, unicode: bool) -> Cow<'_, str> {
        if self.is_blank() { Cow::Borrowed(if unicode { "–" } else { "-" }) } else { self.text(now) }
    }
    /// Whether nothing is there, also in the server's words.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::None => true,
            Self::Text(text) | Self::Status(_, text) => matches!(&**text, "" | "<none>" | "<unset>" | "<nil>"),
            _ => false,
        }
    }
    /// By value. Blank cells come last; cells of different types are told apart by type.
    pub fn compare(&self, other: &Self) -> Ordering {
        use Cell::*;
        match (self, other) {
            (Text(a), Text(b)) if !self.is_blank() && !other.is_blank() => natural(a, b),
            (Int(a) | Counted(a, _), Int(b) | Counted(b, _)) => a.cmp(b),
            (Time(a), Time(b)) | (Duration(a), Duration(b)) => a.cmp(b),
            (Quantity(a, _), Quantity(b, _)) => a.total_cmp(b),
            // 1/3 is less ready than 1/2, and 0/0 is as ready as can be.
            (Ratio(a, b), Ratio(c, d)) => {
                let share = |part: u32, whole: u32| if whole == 0 { 1.0 } else { f64::from(part) / f64::from(whole) };
                share(*a, *b).total_cmp(&share(*c, *d)).then(b.cmp(d))
            }
            (Status(a, x), Status(b, y)) if !self.is_blank() && !other.is_blank() => a.cmp(b).then_with(|| x.cmp(y)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
    fn rank(&self) -> u8 {
        match self {
            _ if self.is_blank() => 9,
            Self::Int(_) | Self::Counted(..) => 0,
            Self::Ratio(..) => 1,
            Self::Quantity(..) => 2,
            Self::Duration(_) => 3,
            Self::Time(_) => 4,
            Self::Status(..) => 5,
            _ => 6,
        }
    }
    /// The level of a state; good for all else.
    pub fn level(&self) -> Level {
        match self {
            Self::Status(level, _) => *level,
            _ => Level::Good,
        }
    }
}

/// Texts in an order that people expect: `pod-2` before `pod-10`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        match (x.first(), y.first()) {
            (None, None) => return a.cmp(b),
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(p), Some(q)) if p.is_ascii_digit() && q.is_ascii_digit() => {
                let (m, n) = (number(x), number(y));
                let order = m.0.len().cmp(&n.0.len()).then_with(|| m.0.cmp(n.0));
                if order != Ordering::Equal {
                    return order;
                }
                (x, y) = (m.1, n.1);
            }
            (Some(p), Some(q)) if p != q => return p.cmp(q),
            _ => (x, y) = (&x[1..], &y[1..]),
        }
    }
}

/// The digits at the front without leading zeros, and the rest.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let zeros = text[..end].iter().position(|&c| c != b'0').unwrap_or(end);
    (&text[zeros..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_names_count() {
        assert_eq!(natural("pod-2", "pod-10"), Ordering::Less);
        assert_eq!(natural("pod-02", "pod-2"), Ordering::Less, "equal numbers, then the text");
        assert_eq!(natural("a", "a"), Ordering::Equal);
    }

    #[test]
    fn cells_read_as_kubectl_prints_them() {
        assert_eq!(Cell::Counted(3, 700).text(1000), "3 (5m ago)");
        assert_eq!(Cell::Time(1000 + 3 * 86_400).text(1000), "in 3d");
        assert_eq!((Cell::None.text(0), Cell::None.display(0, false)), ("".into(), "-".into()));
    }

    proptest! {
        #[test]
        fn the_order_is_an_order(a in "[a-c0-2]{0,5}", b in "[a-c0-2]{0,5}", c in "[a-c0-2]{0,5}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
