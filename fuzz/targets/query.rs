//! What somebody types as a filter: an error stands where it says, and chips are parts of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::resources::query::complete;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, Meta, Query, Row};

const NOW: i64 = 1_790_000_000;

fn columns() -> Vec<Column> {
    let all = [
        ("Name", ColumnType::Text),
        ("Status", ColumnType::Status),
        ("Restarts", ColumnType::Int),
        ("CPU", ColumnType::Quantity),
        ("Ready", ColumnType::Ratio),
        ("Took", ColumnType::Duration),
        ("Age", ColumnType::Time),
    ];
    let column = |(name, column_type): (&str, ColumnType)| Column {
        name: name.into(),
        column_type,
        wide: false,
        importance: 0,
        min_width: 1,
        description: "".into(),
    };
    all.map(column).to_vec()
}

fn row() -> Row {
    let cells = vec![
        Cell::Text("web-1".into()),
        Cell::Status(Level::Bad, "CrashLoopBackOff".into()),
        Cell::Int(7),
        Cell::None,
        Cell::Text("1/2".into()),
        Cell::Text("3m".into()),
        Cell::Time(NOW - 90),
    ];
    Row { meta: Meta::default(), cells: cells.into(), level: Level::Bad }
}

fuzz_target!(|text: &str| {
    let (columns, row) = (columns(), row());
    for known in [&columns[..], &[]] {
        match Query::parse(text, known) {
            Ok(mut query) => {
                query.bind(&columns);
                let _ = (query.matches(&row, &columns, NOW), query.depends_on_time());
                for chip in query.chips() {
                    assert_eq!(text.get(chip.range.clone()), Some(chip.text.as_str()));
                    let _ = Query::parse(&query.without(&chip), known);
                }
            }
            Err(error) => {
                assert!(text.get(error.range.clone()).is_some(), "{error:?} lies in {text:?}");
            }
        }
    }
    for cursor in [0, text.len() / 2, text.len(), text.len() + 1] {
        let found = complete(text, cursor, &columns, std::iter::once(&row));
        assert!(text.get(found.range.clone()).is_some(), "{found:?} replaces a part of {text:?}");
    }
});
