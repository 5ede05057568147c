//! A sorted and filtered look at a table. Follows its store by small steps.

use super::TableHandle;
use super::shelf::Items;
use crate::resources::query::shows_age;
use crate::resources::row::RowArc;
use crate::resources::{Column, Level, Query, Row};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// With more changes at once than this, all of them are merged in one go.
const ONE_BY_ONE: usize = 32;
/// A filter that depends on the time is applied anew after so many seconds.
const TIME_STEP: i64 = 5;

/// How rows are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sort {
    /// `None`: by namespace and name.
    column: Option<usize>,
    descending: bool,
    /// Cells are moments that are shown as ages: the youngest comes first although its moment is last.
    ages: bool,
}

impl Sort {
    fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let direct = |order: Ordering| if self.descending { order.reverse() } else { order };
        let by_cell = self.column.map_or(Ordering::Equal, |i| match (a.cells.get(i), b.cells.get(i)) {
            (Some(a), Some(b)) => match (a.is_blank(), b.is_blank()) {
                // Nothing comes last whichever way it goes.
                (false, false) if self.ages => direct(a.compare(b).reverse()),
                (false, false) => direct(a.compare(b)),
                (x, y) => x.cmp(&y),
            },
            _ => Ordering::Equal,
        });
        let name = || {
            let order = a.meta.namespace.cmp(&b.meta.namespace);
            order.then_with(|| crate::resources::cell::natural(&a.meta.name, &b.meta.name))
        };
        let name = || if self.column.is_none() { direct(name()) } else { name() };
        by_cell.then_with(name).then_with(|| a.meta.uid.cmp(&b.meta.uid))
    }
}

/// A sorted and filtered look at a table. Follows the store when [`TableView::refresh`] is called.
pub struct TableView {
    handle: TableHandle,
    query: Query,
    sort: Sort,
    /// The row that this look has of each of the store's places, if it matches.
    rows: Vec<Option<RowArc>>,
    /// Places in the order of the sort.
    order: Vec<u32>,
    levels: [usize; Level::COUNT],
    /// Where in the store's log of changes this look stands; `None`: build anew.
    seen: Option<u64>,
    version: u64,
    /// The columns that query and sort were made for.
    bound: Option<Arc<Vec<Column>>>,
    filtered_at: i64,
}

impl TableView {
    pub(crate) fn new(handle: TableHandle) -> Self {
        let mut view = Self {
            handle,
            query: Query::default(),
            sort: Sort::default(),
            rows: Vec::new(),
            order: Vec::new(),
            levels: [0; Level::COUNT],
            seen: None,
            version: 0,
            bound: None,
            filtered_at: 0,
        };
        view.refresh();
        view
    }
    pub fn handle(&self) -> &TableHandle {
        &self.handle
    }
    /// Takes over what changed since the last call; whether anything did (freshness included).
    pub fn refresh(&mut self) -> bool {
        let version = self.handle.version();
        let told = version != self.version;
        self.version = version;
        let now = self.handle.data.clock.now();
        let due = self.query.depends_on_time() && now - self.filtered_at >= TIME_STEP;
        if due {
            self.seen = None;
        }
        if !told && self.seen.is_some() {
            return false;
        }
        let handle = self.handle.clone();
        let columns = handle.data.columns.load_full();
        if self.bound.as_ref().is_none_or(|b| !Arc::ptr_eq(b, &columns)) {
            // Other columns: their order may be another one, so that every row is asked again.
            self.query.bind(&columns);
            self.sort.ages = self.sort.column.and_then(|i| columns.get(i)).is_some_and(shows_age);
            self.bound = Some(columns.clone());
            self.seen = None;
        }
        let items = handle.data.shelf.read();
        let changed: Option<Vec<u32>> = self.seen.and_then(|seen| {
            let mut places: Vec<u32> = items.changed_since(seen)?.collect();
            places.sort_unstable();
            places.dedup();
            Some(places)
        });
        self.seen = Some(items.log_end());
        match changed {
            Some(places) if places.is_empty() => told,
            Some(places) if places.len() <= ONE_BY_ONE => {
                self.step(&items, &places, &columns, now);
                true
            }
            Some(places) => {
                self.merge(&items, &places, &columns, now);
                true
            }
            None => {
                let before = std::mem::take(&mut self.order);
                self.rows.clear();
                self.levels = [0; Level::COUNT];
                self.filtered_at = now;
                let all: Vec<u32> = (0..items.places() as u32).collect();
                self.merge(&items, &all, &columns, now);
                told || before != self.order
            }
        }
    }
    /// Sorts by a column (index into [`TableHandle::columns`]), ties by namespace and name; `None` is by
    /// namespace and name. Columns that show ages begin with the youngest.
    pub fn sort_by(&mut self, column: Option<usize>, descending: bool) {
        let columns = self.handle.data.columns.load();
        let ages = column.and_then(|i| columns.get(i)).is_some_and(shows_age);
        let sort = Sort { column, descending, ages };
        if sort != self.sort {
            self.sort = sort;
            let (rows, sort) = (&self.rows, &self.sort);
            self.order.sort_unstable_by(|&a, &b| compare(rows, sort, a, b));
        }
    }
    /// The column and whether it is sorted downwards.
    pub fn sorting(&self) -> (Option<usize>, bool) {
        (self.sort.column, self.sort.descending)
    }
    /// Shows only rows that match.
    pub fn set_query(&mut self, query: Query) {
        if query != self.query {
            self.query = query;
            (self.seen, self.bound) = (None, None);
            self.refresh();
        }
    }
    /// Shows only rows that match a query in the filter language; an empty one shows all.
    ///
    /// # Errors
    /// What is wrong with it, where, and the columns that exist. The view stays as it was.
    pub fn filter(&mut self, text: &str) -> crate::Result<()> {
        let query = Query::parse(text, &self.handle.data.columns.load())?;
        self.set_query(query);
        Ok(())
    }
    pub fn query(&self) -> &Query {
        &self.query
    }
    /// Rows that match.
    pub fn len(&self) -> usize {
        self.order.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Matching rows of a level.
    pub fn count(&self, level: Level) -> usize {
        self.levels[level as usize]
    }
    /// The rows of a window, in order. A range that is too long is cut.
    pub fn window(&self, range: Range<usize>) -> Vec<RowArc> {
        let end = range.end.min(self.order.len());
        let range = range.start.min(end)..end;
        self.order[range].iter().filter_map(|&p| self.rows[p as usize].clone()).collect()
    }
    pub fn get(&self, index: usize) -> Option<RowArc> {
        let place = *self.order.get(index)?;
        self.rows.get(place as usize)?.clone()
    }
    /// All matching rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &RowArc> {
        self.order.iter().filter_map(|&p| self.rows[p as usize].as_ref())
    }
    /// Where the row of this UID stands in the present order.
    pub fn position(&self, uid: &str) -> Option<usize> {
        let place = self.handle.data.shelf.read().place_of(uid);
        let ours =
            |p: &u32| self.rows.get(*p as usize).is_some_and(|r| r.as_ref().is_some_and(|r| &*r.meta.uid == uid));
        match place {
            Some(place) if ours(&place) => {
                self.order.binary_search_by(|&p| compare(&self.rows, &self.sort, p, place)).ok()
            }
            // The store is ahead of us: it has dropped or moved what we still show.
            _ => self.order.iter().position(ours),
        }
    }

    fn take(&mut self, place: u32) {
        let index = place as usize;
        if self.rows.get(index).is_some_and(Option::is_some) {
            if let Ok(at) = self.order.binary_search_by(|&p| compare(&self.rows, &self.sort, p, place)) {
                self.order.remove(at);
            }
            if let Some(row) = self.rows[index].take() {
                self.levels[row.level as usize] -= 1;
            }
        }
    }

    /// Few changes: each finds its place by bisection.
    fn step(&mut self, items: &Items<Row>, places: &[u32], columns: &[Column], now: i64) {
        self.rows.resize(items.places(), None);
        for &place in places {
            self.take(place);
            if let Some(row) = items.at(place)
                && self.query.matches(row, columns, now)
            {
                self.levels[row.level as usize] += 1;
                self.rows[place as usize] = Some(row.clone());
                let search = self.order.binary_search_by(|&p| compare(&self.rows, &self.sort, p, place));
                self.order.insert(search.unwrap_or_else(|at| at), place);
            }
        }
    }

    /// Many changes: the new ones are sorted and merged with the old ones in one pass.
    fn merge(&mut self, items: &Items<Row>, places: &[u32], columns: &[Column], now: i64) {
        self.rows.resize(items.places(), None);
        let mut touched = vec![false; items.places()];
        let mut new = Vec::new();
        for &place in places {
            touched[place as usize] = true;
            if let Some(old) = self.rows[place as usize].take() {
                self.levels[old.level as usize] -= 1;
            }
        }
        self.order.retain(|&p| !touched[p as usize]);
        for &place in places {
            if let Some(row) = items.at(place)
                && self.query.matches(row, columns, now)
            {
                self.levels[row.level as usize] += 1;
                self.rows[place as usize] = Some(row.clone());
                new.push(place);
            }
        }
        let (rows, sort) = (&self.rows, &self.sort);
        new.sort_unstable_by(|&a, &b| compare(rows, sort, a, b));
        if self.order.is_empty() {
            self.order = new;
            return;
        }
        let mut merged = Vec::with_capacity(self.order.len() + new.len());
        let mut new = new.into_iter().peekable();
        for &old in &self.order {
            while let Some(next) = new.next_if(|&n| compare(rows, sort, n, old).is_lt()) {
                merged.push(next);
            }
            merged.push(old);
        }
        merged.extend(new);
        self.order = merged;
    }
}

fn compare(rows: &[Option<RowArc>], sort: &Sort, a: u32, b: u32) -> Ordering {
    match (&rows[a as usize], &rows[b as usize]) {
        (Some(a), Some(b)) => sort.compare(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::resources::{Cell, ColumnType, Kind, Meta, Scope};
    use crate::store::registry::Share;
    use crate::store::table::{TableData, TableRequest};
    use proptest::prelude::*;

    fn table() -> TableHandle {
        let request = TableRequest::new(Kind::of("", "v1", "Pod", "pods", true), Scope::All);
        let data = TableData::new(request, 1, None, Clock::fixed(0));
        let column = |name: &str, column_type| Column {
            name: name.into(),
            column_type,
            wide: false,
            importance: 0,
            min_width: 1,
            description: "".into(),
        };
        data.columns.store(Arc::new(vec![column("Restarts", ColumnType::Int), column("Age", ColumnType::Time)]));
        TableHandle { data: Arc::new(data), share: Arc::new(Share::none()) }
    }

    fn row(uid: u8, value: i64, version: u64) -> Row {
        Row {
            meta: Meta {
                uid: format!("u{uid}").into(),
                name: format!("pod-{}", uid % 16).into(),
                namespace: format!("ns-{}", uid / 16).into(),
                resource_version: version.to_string().into(),
                ..Meta::default()
            },
            cells: [if value % 5 == 0 { Cell::None } else { Cell::Int(value) }, Cell::Time(-value)].into(),
            level: if value > 50 { Level::Bad } else { Level::Good },
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(Vec<(u8, i64)>),
        Remove(u8),
        Relist(Vec<(u8, i64)>),
        Refresh,
        Sort(Option<usize>, bool),
        Filter(&'static str),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let rows = |most| prop::collection::vec((0u8..80, 0i64..100), 1..most);
        let step = prop_oneof![
            4 => rows(4).prop_map(Step::Put),
            1 => rows(90).prop_map(Step::Put),
            3 => (0u8..80).prop_map(Step::Remove),
            1 => rows(30).prop_map(Step::Relist),
            4 => Just(Step::Refresh),
            1 => (prop::option::of(0usize..3), any::<bool>()).prop_map(|(c, d)| Step::Sort(c, d)),
            1 => prop::sample::select(vec!["", "restarts>20", "ns:ns-1", "failing", "!pod-1"]).prop_map(Step::Filter),
        ];
        prop::collection::vec(step, 1..60)
    }

    proptest! {
        #[test]
        fn small_steps_lead_where_a_new_look_does(steps in steps()) {
            let table = table();
            let shelf = &table.data.shelf;
            let mut view = table.view();
            let mut version = 0;
            for step in steps {
                let mut rows = |list: Vec<(u8, i64)>| -> Vec<Row> {
                    list.into_iter().map(|(uid, value)| { version += 1; row(uid, value, version) }).collect()
                };
                match step {
                    Step::Put(list) => shelf.put(0, rows(list), false),
                    Step::Remove(uid) => shelf.remove(0, &format!("u{uid}")),
                    Step::Relist(list) => {
                        shelf.begin(0);
                        shelf.put(0, rows(list), true);
                        shelf.end(0);
                    }
                    Step::Refresh => { view.refresh(); }
                    Step::Sort(column, descending) => view.sort_by(column, descending),
                    Step::Filter(text) => view.filter(text).unwrap(),
                }
            }
            view.refresh();
            let mut fresh = table.view();
            fresh.set_query(view.query().clone());
            let (column, descending) = view.sorting();
            fresh.sort_by(column, descending);
            let uids = |v: &TableView| v.iter().map(|r| r.meta.uid.to_string()).collect::<Vec<_>>();
            prop_assert_eq!(uids(&view), uids(&fresh));
            for (i, uid) in uids(&view).iter().enumerate() {
                prop_assert_eq!(view.position(uid), Some(i));
            }
            for level in Level::ALL {
                prop_assert_eq!(view.count(level), view.iter().filter(|r| r.level == level).count());
                prop_assert_eq!(table.count(level), table.rows().iter().filter(|r| r.level == level).count());
            }
        }
    }

    #[test]
    fn a_row_that_left_the_store_is_found_until_the_look_follows() {
        let table = table();
        table.data.shelf.put(0, vec![row(1, 1, 1), row(2, 2, 2)], true);
        let mut view = table.view();
        table.data.shelf.remove(0, "u1");
        assert_eq!(view.position("u1"), Some(0), "still on the screen");
        view.refresh();
        assert_eq!((view.position("u1"), view.position("u2")), (None, Some(0)));
    }
}
