//! Moments as rows, with their counts by week or day above.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::within;
use crate::pages::board::several::{self, Several};
use crate::pages::board::{Source, column, row};
use crate::pages::page::Hint;
use crate::state::{Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::certificates::timeline::{self, DAYS, Moment, What};
use quarterdeck_core::clock::format_time;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use std::collections::HashMap;

/// Room for the names of the chart's lines.
const LABEL: usize = 8;

/// Ends and renewals of the next 90 days.
pub struct TimelineSource {
    several: Several,
    own: String,
    width: usize,
    chart: Vec<Vec<(Level, String)>>,
    /// Of each row its context and certificate.
    at: HashMap<String, (usize, usize)>,
}

fn level(moment: &Moment, now: i64) -> Level {
    match moment.what {
        What::Ends => Level::Warn,
        What::Renews if moment.at + 600 < now => Level::Warn,
        What::Renews => Level::Good,
        What::EndsUnlessRenewed => Level::Off,
    }
}

/// Counts by day where two columns for each are there, else by week.
fn chart(moments: &[Moment], now: i64, width: usize) -> Vec<Vec<(Level, String)>> {
    let room = width.saturating_sub(LABEL + 2);
    let each = if room >= 2 * DAYS as usize { 1 } else { 7 };
    let buckets = timeline::buckets(moments, now, DAYS, each);
    let cell = (room / buckets.len()).clamp(2, 8);
    let mut dates = vec![(Level::Off, format!(" {:LABEL$}", if each == 1 { "by day" } else { "by week" }))];
    let step = if each == 1 { 7 } else { 6usize.div_ceil(cell) };
    for span in buckets.chunks(step) {
        let date = format_time(span[0].from).get(5..10).unwrap_or_default().to_owned();
        dates.push((Level::Off, format!("{date:<width$}", width = cell * span.len())));
    }
    let line = |name: &str, level: Level, count: &dyn Fn(&timeline::Bucket) -> u32| {
        let mut spans = vec![(Level::Off, format!(" {name:LABEL$}"))];
        for bucket in &buckets {
            let (level, text) = match count(bucket) {
                0 => (Level::Off, ".".to_owned()),
                n if n > 99 && cell < 4 => (level, "++".to_owned()),
                n => (level, n.to_string()),
            };
            spans.push((level, format!("{text:<cell$}")));
        }
        spans
    };
    let ends = line("ends", Level::Warn, &|b| b.ends);
    let renews = line("renews", Level::Good, &|b| b.renews);
    vec![dates, ends, renews]
}

impl TimelineSource {
    fn view(&self, row: &RowArc) -> Option<(&str, &CertificateView)> {
        let (context, at) = self.at.get(&*row.meta.uid)?;
        let one = self.several.iter().nth(*context)?;
        Some((&one.context, one.seen()?.certificates.get(*at)?))
    }
}

impl Source for TimelineSource {
    const NAME: &'static str = "timeline";
    const TITLE: &'static str = "certificates of the next 90 days: what ends, what is renewed when";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let mut several = Several::default();
        several.refresh(cx);
        Ok(Self { several, own: cx.context.to_owned(), width: 0, chart: Vec::new(), at: HashMap::new() })
    }
    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            column("When", ColumnType::Time, 0, 7),
            column("Date", ColumnType::Text, 3, 10),
            column("What", ColumnType::Status, 0, 8),
            column("Namespace", ColumnType::Text, 2, 10),
            column("Name", ColumnType::Text, 0, 14),
            column("Issuer", ColumnType::Text, 5, 10),
        ];
        if self.several.many() {
            columns.insert(3, column("Context", ColumnType::Text, 2, 8));
        }
        columns
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        self.own = cx.context.to_owned();
        let width = usize::from(cx.size.0);
        let changed = self.several.refresh(cx);
        if !changed && self.width == width {
            return None;
        }
        self.width = width;
        let mut all: Vec<(usize, usize, Moment)> = Vec::new();
        for (i, one) in self.several.iter().enumerate() {
            let Some(seen) = one.seen() else { continue };
            let places: HashMap<&str, usize> =
                seen.certificates.iter().enumerate().map(|(at, c)| (&*c.uid, at)).collect();
            let mine = seen.certificates.iter().filter(|c| within(cx.scope, &c.object));
            let moments = timeline::moments(mine, cx.now, DAYS);
            all.extend(moments.into_iter().filter_map(|m| Some((i, *places.get(&*m.uid)?, m))));
        }
        all.sort_by(|(_, _, a), (_, _, b)| (a.at, a.what, &a.name).cmp(&(b.at, b.what, &b.name)));
        let moments: Vec<Moment> = all.iter().map(|(_, _, m)| m.clone()).collect();
        self.chart = chart(&moments, cx.now, width);
        let many = self.several.many();
        let contexts: Vec<&str> = self.several.iter().map(|o| o.context.as_str()).collect();
        let mut at = HashMap::new();
        let rows = all.iter().map(|(i, place, m)| {
            let id = format!("{i}\u{1f}{}\u{1f}{}", m.uid, m.what.word());
            at.insert(id.clone(), (*i, *place));
            let issuer = self.several.iter().nth(*i).and_then(|o| o.seen()?.certificates.get(*place));
            let level = level(m, cx.now);
            let mut cells = vec![
                Cell::Time(m.at),
                Cell::Text(format_time(m.at).get(..10).unwrap_or_default().into()),
                Cell::Status(level, m.what.word().into()),
                Cell::Text(m.namespace.clone()),
                Cell::Text(m.name.clone()),
                issuer.map_or(Cell::None, |c| Cell::Text(c.issuer.name.clone())),
            ];
            if many {
                cells.insert(3, Cell::Text(contexts[*i].into()));
            }
            row(&id, &m.namespace, &m.name, level, cells)
        });
        let rows = rows.collect();
        self.at = at;
        Some(rows)
    }
    fn chart(&self) -> &[Vec<(Level, String)>] {
        &self.chart
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        if let Some((context, view)) = self.view(row) {
            several::go(context, Place::object("certificate", view.object.clone()), cx);
        }
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        if command.verb == Verb::Beside {
            several::beside(&command.arg, cx);
            return true;
        }
        match row.and_then(|r| self.view(r)) {
            Some((context, view)) => several::elsewhere(command, context, &view.object, cx),
            None => false,
        }
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).filter(|(context, _)| *context == self.own).map(|(_, c)| c.object.clone())
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Beside, "clusters"), Hint::new(Verb::Describe, "describe")]
    }
    fn freshness(&self) -> Option<Freshness> {
        self.several.freshness()
    }
    fn notes(&self) -> Vec<(Level, String)> {
        let lost = self.several.iter().filter(|_| self.several.many());
        let lost = lost.filter_map(|o| o.trouble().map(|(level, words, _)| (level, format!("{}: {words}", o.context))));
        let mut notes: Vec<(Level, String)> = lost.collect();
        notes.extend(self.several.notes());
        notes
    }
    fn empty(&self) -> String {
        "no certificate ends or is renewed in the next 90 days".into()
    }
}
