//! From what a person types to a [`Query`].

use super::labels::Selector;
use super::term::{ColumnTest, Field, Op, Term, Test, Value, fuzzy};
use crate::resources::{Column, ColumnType, Row};
use crate::{Problem, ProblemKind};
use regex::{Regex, RegexBuilder};
use std::ops::Range;

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Bytes of the text that are at fault.
    pub range: Range<usize>,
    pub message: String,
    /// Names that could be meant, when a column is unknown.
    pub columns: Vec<String>,
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at {})", self.message, self.range.start + 1)?;
        if !self.columns.is_empty() {
            write!(f, "; columns: {}", self.columns.join(", "))?;
        }
        Ok(())
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let at = format!("at {}: {}", error.range.start + 1, error.message);
        let problem = Self::new(ProblemKind::Usage, "cannot use this filter", at);
        if error.columns.is_empty() { problem } else { problem.next(format!("columns: {}", error.columns.join(", "))) }
    }
}

/// A term for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// As it was typed.
    pub text: String,
    /// Where it stands in the query, in bytes; cut this out to drop the term.
    pub range: Range<usize>,
    pub negated: bool,
}

/// Which rows are wanted: every term holds. The default is all rows.
///
/// | typed | rows that |
/// |---|---|
/// | `api` | hold it in the name, the namespace or any cell, in any case |
/// | `api,web` | hold one of them |
/// | `"two words"` | hold it as it stands |
/// | `/^api-\d+$/`, `re:/…/` | match a regular expression |
/// | `!text` | do not; works before every term |
/// | `~apgw` | match fuzzily |
/// | `-l app=x`, `label:app=x` | match a label selector, also `app in (a,b)` |
/// | `status!=Ready`, `restarts>3` | have such a cell; `:` is "holds", `=` "is", both with `*` and `?` |
/// | `age<1h`, `changed<10m` | were created, changed within this time |
/// | `ns:team-*`, `name:api`, `owner:Job/*`, `level:bad` | by what is no column |
/// | `failing`, `recent` | need attention; changed in the last ten minutes |
#[derive(Clone, Debug, Default)]
pub struct Query {
    text: String,
    terms: Vec<Term>,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Query {
    /// Reads a query. With no columns (nothing has come yet) every column's name is accepted;
    /// [`Query::bind`] finds them later.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn parse(text: &str, columns: &[Column]) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        let mut at = 0;
        while let Some((start, end)) = word(text, at) {
            let typed = &text[start..end];
            let term = match typed {
                "-l" | "--selector" => {
                    let (from, to) = word(text, end).unwrap_or((end, end));
                    at = with_set(text, to);
                    let test = labels(&text[from..at], from)?;
                    Term { negated: false, test, start, end: at }
                }
                _ => {
                    let label = typed.trim_start_matches('!').starts_with("label:");
                    at = if label { with_set(text, end) } else { end };
                    term(text, start, at, columns)?
                }
            };
            terms.push(term);
        }
        Ok(Self { text: text.to_owned(), terms })
    }
    /// Finds the columns again that its terms name.
    pub fn bind(&mut self, columns: &[Column]) {
        for term in &mut self.terms {
            if let Test::Column(ColumnTest { field: Field::Column(name, index), .. }) = &mut term.test {
                *index = find_column(name, columns);
            }
        }
    }
    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// Whether it lets every row pass.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
    /// Whether rows may begin or cease to match without having changed.
    pub fn depends_on_time(&self) -> bool {
        self.terms.iter().any(Term::depends_on_time)
    }
    /// Whether a row matches. `now`: seconds since 1970.
    pub fn matches(&self, row: &Row, columns: &[Column], now: i64) -> bool {
        self.terms.iter().all(|term| term.matches(row, columns, now))
    }
    /// The terms for display.
    pub fn chips(&self) -> Vec<Chip> {
        let chip =
            |t: &Term| Chip { text: self.text[t.start..t.end].into(), range: t.start..t.end, negated: t.negated };
        self.terms.iter().map(chip).collect()
    }
    /// The text without one of its chips.
    pub fn without(&self, chip: &Chip) -> String {
        let mut text = self.text.clone();
        if text.get(chip.range.clone()).is_some() {
            text.replace_range(chip.range.clone(), "");
        }
        text.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The next word from here: quotes, brackets and regular expressions hold it together.
fn word(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + text[from..].find(|c: char| !c.is_whitespace())?;
    let rest = &text[start..];
    let bare = rest.trim_start_matches('!');
    let bare = bare.strip_prefix("re:").unwrap_or(bare);
    if let Some(body) = bare.strip_prefix('/') {
        // Up to a slash that ends the word; a single slash is a text like any other.
        let begin = start + (rest.len() - body.len());
        let ends = |(i, _): &(usize, &str)| {
            let after = body[i + 1..].chars().next();
            !body[..*i].ends_with('\\') && after.is_none_or(char::is_whitespace)
        };
        if let Some((i, _)) = body.match_indices('/').find(ends) {
            return Some((start, begin + i + 1));
        }
    }
    let (mut quoted, mut depth) = (false, 0usize);
    for (i, c) in rest.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if c.is_whitespace() && !quoted && depth == 0 => return Some((start, start + i)),
            _ => {}
        }
    }
    Some((start, text.len()))
}

/// The end of a selector whose `in (…)` is set apart by blanks.
fn with_set(text: &str, mut end: usize) -> usize {
    while let Some((from, to)) = word(text, end) {
        let next = &text[from..to];
        let set = next.starts_with("in(") || next.starts_with("notin(");
        if next == "in" || next == "notin" {
            let Some((bracket, after)) = word(text, to) else { break };
            if !text[bracket..].starts_with('(') {
                break;
            }
            end = after;
        } else if set {
            end = to;
        } else {
            break;
        }
    }
    end
}

fn error(range: Range<usize>, message: impl Into<String>) -> QueryError {
    QueryError { range, message: message.into(), columns: Vec::new() }
}

fn labels(text: &str, start: usize) -> Result<Test, QueryError> {
    let selector = Selector::parse(&text.replace('"', ""));
    selector.map(Test::Labels).map_err(|why| error(start..start + text.len(), why))
}

fn regex(pattern: &str, range: Range<usize>) -> Result<Regex, QueryError> {
    let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build();
    built.map_err(|e| {
        let why = e.to_string();
        let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        error(range, format!("this is no regular expression: {last}"))
    })
}

/// The values of a term, which commas or bars part; quotes hold them together.
fn alternatives(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' | '|' if !quoted => parts.push(String::new()),
            c => parts.last_mut().expect("never empty").push(c),
        }
    }
    if parts.len() > 1 {
        parts.retain(|p| !p.is_empty());
    }
    parts
}

fn term(text: &str, start: usize, end: usize, columns: &[Column]) -> Result<Term, QueryError> {
    let typed = &text[start..end];
    let bare = typed.trim_start_matches('!');
    let negated = (typed.len() - bare.len()) % 2 == 1;
    let from = end - bare.len();
    let finish = |test| Ok(Term { negated, test, start, end });
    match bare {
        "" => return Err(error(start..end, "what should not be there is missing after the !")),
        "failing" => return finish(Test::Failing),
        "recent" => return finish(Test::Recent),
        _ => {}
    }
    if let Some(body) = bare.strip_prefix("re:").or(Some(bare)).and_then(|b| b.strip_prefix('/'))
        && let Some(pattern) = body.strip_suffix('/')
        && !pattern.is_empty()
    {
        return finish(Test::Regex(regex(pattern, start..end)?));
    }
    if let Some(pattern) = bare.strip_prefix("re:") {
        return finish(Test::Regex(regex(pattern, start..end)?));
    }
    if let Some(wanted) = bare.strip_prefix('~')
        && !wanted.is_empty()
    {
        return finish(fuzzy(wanted));
    }
    if let Some(selector) = bare.strip_prefix("label:") {
        return finish(labels(selector, end - selector.len())?);
    }
    if let Some((name, op, value)) = operator(bare) {
        match field(name, columns) {
            Some(field) => return finish(column_term(field, op, value, columns, from, end)?),
            // `nginx:1.27` is a text; `nginx=1` can only be a mistake.
            None if op == Op::Has => {}
            None => {
                let mut unknown = error(from..from + name.len(), format!("there is no column `{name}`"));
                unknown.columns = names(columns);
                return Err(unknown);
            }
        }
    }
    let any: Vec<String> = alternatives(bare).iter().map(|a| a.to_lowercase()).collect();
    finish(Test::Text(any))
}

/// Splits `name op value`; a name has letters, digits and `-_.()/%` and begins with a letter.
fn operator(text: &str) -> Option<(&str, Op, &str)> {
    let at = text.find(|c: char| !(c.is_alphanumeric() || "-_.()%".contains(c)))?;
    let (name, rest) = text.split_at(at);
    if !name.starts_with(char::is_alphabetic) {
        return None;
    }
    let ops =
        [("!=", Op::IsNot), ("!:", Op::IsNot), ("<=", Op::AtMost), (">=", Op::AtLeast), ("==", Op::Is), ("=", Op::Is)];
    let more = [(":", Op::Has), ("<", Op::Less), (">", Op::More)];
    ops.iter().chain(&more).find_map(|(sign, op)| Some((name, *op, rest.strip_prefix(sign)?)))
}

fn column_term(
    field: Field,
    op: Op,
    value: &str,
    columns: &[Column],
    start: usize,
    end: usize,
) -> Result<Test, QueryError> {
    if let Some(pattern) = value.strip_prefix('/').and_then(|v| v.strip_suffix('/')).filter(|p| !p.is_empty()) {
        let regex = Some(regex(pattern, end - value.len()..end)?);
        return Ok(Test::Column(ColumnTest { field, op, values: Vec::new(), regex }));
    }
    let values: Vec<Value> = alternatives(value).iter().map(|v| Value::new(v)).collect();
    if matches!(op, Op::Less | Op::AtMost | Op::More | Op::AtLeast) {
        let kind = match &field {
            Field::Age | Field::Changed => Some(ColumnType::Time),
            Field::Column(_, Some(i)) => columns.get(*i).map(|c| c.column_type),
            _ => None,
        };
        let range = end - value.len()..end;
        let wrong = |what: &str| Err(error(if range.is_empty() { start..end } else { range.clone() }, what));
        match kind {
            _ if value.is_empty() => return wrong("a value is missing"),
            Some(ColumnType::Time | ColumnType::Duration) if !values.iter().all(Value::is_duration) => {
                return wrong("a length of time is needed, as 30m, 2h, 7d, or a day as 2026-11-20");
            }
            Some(ColumnType::Int | ColumnType::Quantity | ColumnType::Ratio)
                if !values.iter().all(Value::is_number) =>
            {
                return wrong("a number is needed, as 3, 500m, 2Gi, 50%");
            }
            _ => {}
        }
    }
    Ok(Test::Column(ColumnTest { field, op, values, regex: None }))
}

/// A name as it is compared: small letters and digits only.
fn reduced(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn find_column(name: &str, columns: &[Column]) -> Option<usize> {
    let wanted = reduced(name);
    if wanted.is_empty() {
        return None;
    }
    if let Some(i) = columns.iter().position(|c| reduced(&c.name) == wanted) {
        return Some(i);
    }
    let mut begins =
        columns.iter().enumerate().filter(|(_, c)| wanted.len() > 1 && reduced(&c.name).starts_with(&wanted));
    match (begins.next(), begins.next()) {
        (Some((i, _)), None) => Some(i),
        _ => None,
    }
}

fn field(name: &str, columns: &[Column]) -> Option<Field> {
    match reduced(name).as_str() {
        "name" => return Some(Field::Name),
        "ns" | "namespace" => return Some(Field::Namespace),
        "age" => return Some(Field::Age),
        "changed" => return Some(Field::Changed),
        "owner" => return Some(Field::Owner),
        "level" => return Some(Field::Level),
        _ => {}
    }
    match find_column(name, columns) {
        None if !columns.is_empty() => None,
        index => Some(Field::Column(name.to_owned(), index)),
    }
}

/// The names that terms may begin with: the columns, and what is no column.
pub(super) fn names(columns: &[Column]) -> Vec<String> {
    let plain = |c: &Column| c.name.to_lowercase().replace([' ', '/'], "-");
    let own = ["name", "ns", "age", "changed", "owner", "level", "label"];
    let theirs: Vec<String> = columns.iter().map(plain).filter(|n| !own.contains(&n.as_str())).collect();
    own.iter().map(|s| (*s).to_owned()).chain(theirs).collect()
}

pub(super) fn split_operator(text: &str) -> Option<(&str, &str)> {
    operator(text).map(|(name, _, value)| (name, value))
}
pub(super) fn column_index(name: &str, columns: &[Column]) -> Option<usize> {
    find_column(name, columns)
}
pub(super) fn last_word(text: &str) -> usize {
    let mut at = 0;
    let mut last = text.len();
    while let Some((start, end)) = word(text, at) {
        last = start;
        at = end;
    }
    if at < text.len() { text.len() } else { last }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
