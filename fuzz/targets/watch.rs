//! The body of a watch or a list, in chunks whose length the first byte gives: lines do not depend on where chunks end,
//! rows fit their columns, and no cell reaches the terminal as it came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::clock::Clock;
use quarterdeck_core::cluster::split;
use quarterdeck_core::resources::{Kind, Query, Row};
use quarterdeck_core::store::fuzz::Tables;

const NOW: i64 = 1_790_000_000;

fn look(row: &Row, tables: &Tables) {
    let columns = tables.columns();
    assert_eq!(row.cells.len(), columns.len());
    quarterdeck_fuzz::line(&row.meta.name);
    quarterdeck_fuzz::line(&row.meta.namespace);
    for cell in &row.cells {
        quarterdeck_fuzz::line(&cell.text(NOW));
    }
    let _ = Query::parse("failing !age<1h x", &columns).map(|q| q.matches(row, &columns, NOW));
}

fuzz_target!(|data: &[u8]| {
    let Some((length, body)) = data.split_first() else { return };
    let lines = split(body.chunks(usize::from(*length).max(1)));
    assert_eq!(lines, split(std::iter::once(body)), "chunks of {length}");
    let (pods, others) = (Kind::of("", "v1", "Pod", "pods", true), Kind::of("example.com", "v1", "A", "as", true));
    for kind in [pods, others] {
        let mut tables = Tables::new(&kind, &Clock::fixed(NOW));
        for line in &lines {
            if let Some(row) = tables.line(line) {
                look(&row, &tables);
            }
        }
        let rows = tables.page(body);
        rows.iter().for_each(|row| look(row, &tables));
    }
});
