//! One term of a query and whether a row fulfils it.

use super::labels::Selector;
use crate::clock::parse_time;
use crate::resources::cell::natural;
use crate::resources::quantity::{parse_duration, parse_quantity};
use crate::resources::{Cell, Column, ColumnType, Level, Row};
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::Regex;
use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;

/// How long a change stays recent.
pub(super) const RECENT: i64 = 600;

#[derive(Clone, Debug)]
pub(super) struct Term {
    pub negated: bool,
    pub test: Test,
    /// Where it stands in the text, in bytes.
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Any of these stands in the name, the namespace or a cell. Lower case.
    Text(Vec<String>),
    Regex(Regex),
    Fuzzy(Atom),
    Labels(Selector),
    Column(ColumnTest),
    Failing,
    Recent,
}

#[derive(Clone, Debug)]
pub(super) struct ColumnTest {
    pub field: Field,
    pub op: Op,
    /// One of them is enough (none of them, for `!=`).
    pub values: Vec<Value>,
    pub regex: Option<Regex>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Namespace,
    /// Time since creation.
    Age,
    /// Time since the last change.
    Changed,
    Owner,
    Level,
    /// A column by its reduced name and, when the columns are known, its index.
    Column(String, Option<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// `:` stands in it; with `*` or `?` it is the whole text.
    Has,
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// A value as it was typed, and everything it could mean.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Lower case.
    text: String,
    glob: bool,
    quantity: Option<f64>,
    duration: Option<i64>,
    moment: Option<i64>,
    /// `2/3` or `50%`
    share: Option<f64>,
}

impl Value {
    pub(super) fn new(typed: &str) -> Self {
        let share = typed.strip_suffix('%').and_then(|p| p.parse::<f64>().ok()).map(|p| p / 100.0).or_else(|| {
            let (a, b) = typed.split_once('/')?;
            let (a, b): (f64, f64) = (a.parse().ok()?, b.parse().ok()?);
            (b > 0.0).then_some(a / b)
        });
        let day = || (typed.len() == 10).then(|| parse_time(&format!("{typed}T00:00:00Z"))).flatten();
        Self {
            text: typed.to_lowercase(),
            glob: typed.contains(['*', '?']),
            quantity: parse_quantity(typed),
            duration: parse_duration(typed),
            moment: parse_time(typed).or_else(day),
            share,
        }
    }
    pub(super) fn is_duration(&self) -> bool {
        self.duration.is_some() || self.moment.is_some()
    }
    pub(super) fn is_number(&self) -> bool {
        self.quantity.is_some() || self.share.is_some()
    }
}

thread_local! {
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

impl Term {
    pub(super) fn matches(&self, row: &Row, columns: &[Column], now: i64) -> bool {
        self.negated != self.test.holds(row, columns, now)
    }
    pub(super) fn depends_on_time(&self) -> bool {
        match &self.test {
            Test::Recent => true,
            Test::Column(test) => match test.field {
                Field::Age | Field::Changed => true,
                Field::Column(..) => test.values.iter().any(Value::is_duration),
                _ => false,
            },
            _ => false,
        }
    }
}

impl Test {
    fn holds(&self, row: &Row, columns: &[Column], now: i64) -> bool {
        match self {
            Self::Text(any) => any.iter().any(|text| in_texts(row, |t| contains(t, text))),
            Self::Regex(regex) => in_texts(row, |t| regex.is_match(t)),
            Self::Fuzzy(atom) => MATCHER.with_borrow_mut(|matcher| {
                let mut buffer = Vec::new();
                let name = if row.meta.namespace.is_empty() {
                    Cow::Borrowed(&*row.meta.name)
                } else {
                    Cow::Owned(format!("{}/{}", row.meta.namespace, row.meta.name))
                };
                atom.score(Utf32Str::new(&name, &mut buffer), matcher).is_some()
            }),
            Self::Labels(selector) => selector.matches(&row.meta),
            Self::Column(test) => test.holds(row, columns, now),
            Self::Failing => row.level.failing(),
            Self::Recent => row.meta.changed.is_some_and(|at| now - at <= RECENT),
        }
    }
}

pub(super) fn fuzzy(text: &str) -> Test {
    Test::Fuzzy(Atom::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false))
}

/// Whether a text of the row passes. Ages are left out: they change by themselves.
fn in_texts(row: &Row, passes: impl Fn(&str) -> bool) -> bool {
    passes(&row.meta.name)
        || passes(&row.meta.namespace)
        || row.cells.iter().any(|cell| match cell {
            Cell::Time(_) | Cell::Duration(_) | Cell::None => false,
            Cell::Counted(count, _) => passes(&count.to_string()),
            cell => passes(&cell.text(0)),
        })
}

/// Whether a text holds another, which is lower case, in any case.
fn contains(text: &str, lower: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lower);
    }
    let (text, lower) = (text.as_bytes(), lower.as_bytes());
    lower.is_empty() || text.windows(lower.len()).any(|part| part.eq_ignore_ascii_case(lower))
}

/// Whether a whole text fits a pattern with `*` and `?`, in any case.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().flat_map(char::to_lowercase).collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Whether a column of moments is read as ages and not as dates that lie ahead.
pub(crate) fn shows_age(column: &Column) -> bool {
    let ahead = ["expir", "renew", "not after", "next", "until"];
    let name = column.name.to_lowercase();
    column.column_type == ColumnType::Time && !ahead.iter().any(|word| name.contains(word))
}

impl ColumnTest {
    fn holds(&self, row: &Row, columns: &[Column], now: i64) -> bool {
        let meta = &row.meta;
        let mut ages = true;
        let cell = match &self.field {
            Field::Name => Cow::Owned(Cell::Text(meta.name.clone())),
            Field::Namespace => Cow::Owned(Cell::Text(meta.namespace.clone())),
            Field::Age => Cow::Owned(meta.created.map_or(Cell::None, Cell::Time)),
            Field::Changed => Cow::Owned(meta.changed.map_or(Cell::None, Cell::Time)),
            Field::Owner => {
                let owner = meta.owners.iter().find(|o| o.controller).or(meta.owners.first());
                Cow::Owned(owner.map_or(Cell::None, |o| Cell::Text(format!("{}/{}", o.kind, o.name).into())))
            }
            Field::Level => Cow::Owned(Cell::Text(level_word(row.level).into())),
            Field::Column(_, index) => {
                let Some(cell) = index.and_then(|i| row.cells.get(i)) else { return false };
                ages = index.and_then(|i| columns.get(i)).is_none_or(shows_age);
                Cow::Borrowed(cell)
            }
        };
        if let Some(regex) = &self.regex {
            return (self.op == Op::IsNot) != regex.is_match(&cell.text(now));
        }
        let mut values = self.values.iter();
        match self.op {
            Op::Has => values.any(|v| text_fits(&cell, v, now, false)),
            Op::Is => values.any(|v| text_fits(&cell, v, now, true)),
            Op::IsNot => !values.any(|v| text_fits(&cell, v, now, true)),
            _ => values.any(|v| {
                compare(&cell, v, now, ages).is_some_and(|order| match self.op {
                    Op::Less => order.is_lt(),
                    Op::AtMost => order.is_le(),
                    Op::More => order.is_gt(),
                    _ => order.is_ge(),
                })
            }),
        }
    }
}

pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Off => "off",
        Level::Unknown => "unknown",
        Level::Busy => "busy",
        Level::Warn => "warn",
        Level::Bad => "bad",
    }
}

fn text_fits(cell: &Cell, value: &Value, now: i64, whole: bool) -> bool {
    if value.text.is_empty() {
        return cell.is_blank();
    }
    if let (Cell::Int(n) | Cell::Counted(n, _), Some(number)) = (cell, value.quantity) {
        return *n as f64 == number;
    }
    if let (Cell::Quantity(n, _), Some(number), true) = (cell, value.quantity, whole) {
        return *n == number;
    }
    let text = cell.text(now);
    match (value.glob, whole) {
        (true, _) => glob(&value.text, &text),
        (false, true) => text.to_lowercase() == value.text,
        (false, false) => contains(&text, &value.text),
    }
}

/// How a cell stands to a value; `None` when that cannot be told.
fn compare(cell: &Cell, value: &Value, now: i64, ages: bool) -> Option<Ordering> {
    match cell {
        _ if cell.is_blank() => None,
        Cell::Int(n) | Cell::Counted(n, _) => (*n as f64).partial_cmp(&value.quantity?),
        Cell::Quantity(n, _) => n.partial_cmp(&value.quantity?),
        Cell::Duration(seconds) => Some(seconds.cmp(&value.duration.or(value.quantity.map(|q| q as i64))?)),
        Cell::Time(at) => match (value.moment, value.duration) {
            (Some(moment), _) => Some(at.cmp(&moment)),
            (None, Some(length)) if ages => Some((now - at).cmp(&length)),
            (None, Some(length)) => Some((at - now).cmp(&length)),
            _ => None,
        },
        // `ready<1` asks for the share, `ready<3` for the number.
        Cell::Ratio(part, whole) => {
            let share = if *whole == 0 { 1.0 } else { f64::from(*part) / f64::from(*whole) };
            match (value.share, value.quantity) {
                (Some(wanted), _) => share.partial_cmp(&wanted),
                (_, Some(number)) if number <= 1.0 => share.partial_cmp(&number),
                (_, Some(number)) => f64::from(*part).partial_cmp(&number),
                _ => None,
            }
        }
        Cell::Text(text) | Cell::Status(_, text) => match (parse_quantity(text), value.quantity) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => Some(natural(&text.to_lowercase(), &value.text)),
        },
        Cell::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{contains, glob};
    use proptest::prelude::*;

    #[test]
    fn globs_fit_whole_texts() {
        for (pattern, text, fits) in [
            ("team-*", "Team-a", true),
            ("team-*", "xteam-a", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a*b*c", "aXbYc", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_is_the_regex_that_it_stands_for(pattern in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            let regex = format!("^{}$", pattern.replace('*', ".*").replace('?', "."));
            prop_assert_eq!(glob(&pattern, &text), regex::Regex::new(&regex).unwrap().is_match(&text));
        }
        #[test]
        fn case_never_matters(text in "\\PC{0,10}", from in 0usize..10, length in 0usize..4) {
            let part: String = text.chars().skip(from).take(length).collect();
            prop_assert!(contains(&text, &part.to_lowercase()) || !text.to_lowercase().contains(&part.to_lowercase()));
            prop_assert!(contains(&text.to_uppercase(), "") );
        }
    }
}
