use super::*;
use crate::resources::query::complete;
use crate::resources::{Cell, Level, Meta, Owner};
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000;

fn columns() -> Vec<Column> {
    let column = |name: &str, column_type| Column {
        name: name.into(),
        column_type,
        wide: false,
        importance: 0,
        min_width: 4,
        description: "".into(),
    };
    vec![
        column("Name", ColumnType::Text),
        column("Ready", ColumnType::Ratio),
        column("Status", ColumnType::Status),
        column("Restarts", ColumnType::Int),
        column("Age", ColumnType::Time),
        column("Cluster-IP", ColumnType::Text),
        column("Capacity", ColumnType::Quantity),
        column("Expires", ColumnType::Time),
    ]
}

fn row(name: &str, namespace: &str, ready: (u32, u32), status: (Level, &str), restarts: i64, age: i64) -> Row {
    let owner = Owner {
        api_version: "apps/v1".into(),
        kind: "ReplicaSet".into(),
        name: "rs".into(),
        uid: "o".into(),
        controller: true,
    };
    Row {
        meta: Meta {
            uid: name.into(),
            namespace: namespace.into(),
            name: name.into(),
            created: Some(NOW - age),
            changed: Some(NOW - age),
            labels: [("app".into(), "web".into())].into(),
            owners: [owner].into(),
            ..Meta::default()
        },
        cells: [
            Cell::Text(name.into()),
            Cell::Ratio(ready.0, ready.1),
            Cell::Status(status.0, status.1.into()),
            Cell::Int(restarts),
            Cell::Time(NOW - age),
            if restarts == 0 { Cell::None } else { Cell::Text("10.0.0.7".into()) },
            Cell::Quantity(2.0 * 1024f64.powi(3), "2Gi".into()),
            Cell::Time(NOW + age),
        ]
        .into(),
        level: status.0,
    }
}

fn rows() -> Vec<Row> {
    vec![
        row("api-1", "team-a", (2, 2), (Level::Good, "Running"), 0, 90_000),
        row("api-gateway", "team-b", (1, 3), (Level::Bad, "CrashLoopBackOff"), 7, 1800),
        row("Web", "default", (0, 1), (Level::Busy, "Pending"), 1, 60),
    ]
}

fn found(query: &str) -> Vec<String> {
    let query = Query::parse(query, &columns()).unwrap_or_else(|e| panic!("{query}: {e}"));
    rows().iter().filter(|r| query.matches(r, &columns(), NOW)).map(|r| r.meta.name.to_string()).collect()
}

#[test]
fn every_kind_of_term_finds_what_it_says() {
    for (query, names) in [
        ("", vec!["api-1", "api-gateway", "Web"]),
        ("api", vec!["api-1", "api-gateway"]),
        ("API crash", vec!["api-gateway"]),
        ("crash,pending", vec!["api-gateway", "Web"]),
        ("crash|pending", vec!["api-gateway", "Web"]),
        ("!api", vec!["Web"]),
        ("/^api-\\d$/", vec!["api-1"]),
        ("re:/^api/ !/way$/", vec!["api-1"]),
        ("~apgw", vec!["api-gateway"]),
        ("status!=Running", vec!["api-gateway", "Web"]),
        ("status=running,pending", vec!["api-1", "Web"]),
        ("!status:back", vec!["api-1", "Web"]),
        ("age<1h", vec!["api-gateway", "Web"]),
        ("age>=1d", vec!["api-1"]),
        ("restarts>3", vec!["api-gateway"]),
        ("rest>=1 rest<7", vec!["Web"]),
        ("restarts=0", vec!["api-1"]),
        ("ready<1", vec!["api-gateway", "Web"]),
        ("ready>=50%", vec!["api-1"]),
        ("ready>1", vec![]),
        ("ready>=2", vec!["api-1"]),
        ("ns:team-*", vec!["api-1", "api-gateway"]),
        ("namespace=default", vec!["Web"]),
        ("name:API", vec!["api-1", "api-gateway"]),
        ("name:/y$/", vec!["api-gateway"]),
        ("clusterip:10.*", vec!["api-gateway", "Web"]),
        ("cluster-ip=", vec!["api-1"]),
        ("capacity>1.5Gi capacity<=2048Mi restarts=0", vec!["api-1"]),
        ("expires<1h", vec!["api-gateway", "Web"]),
        ("-l app=web -l app in (web, api) failing", vec!["api-gateway"]),
        ("label:app=api", vec![]),
        ("!label:app=api ~web", vec!["Web"]),
        ("owner:ReplicaSet/* level:bad", vec!["api-gateway"]),
        ("recent", vec!["Web"]),
        ("failing", vec!["api-gateway"]),
        ("\"failing\"", vec![]),
        ("status:\"crashloop\"", vec!["api-gateway"]),
        ("10.0.0.7:80", vec![]),
    ] {
        assert_eq!(found(query), names, "{query}");
    }
}

#[test]
fn mistakes_are_named_where_they_are() {
    let error = |query: &str| Query::parse(query, &columns()).unwrap_err();
    let unknown = error("api colour=red");
    assert_eq!(unknown.range, 4..10);
    assert!(unknown.columns.contains(&"restarts".to_owned()), "{unknown}");
    assert_eq!(error("age<soon").range, 4..8);
    assert!(error("restarts>many").message.contains("number"));
    assert!(error("api /(/").message.contains("regular expression"));
    assert!(error("-l").message.contains("selector"));
    assert!(error("restarts>").message.contains("missing"));
    assert!(error("!").message.contains("missing"));
}

#[test]
fn columns_that_come_later_are_found_then() {
    let mut query = Query::parse("restarts>3", &[]).unwrap();
    assert!(!rows().iter().any(|r| query.matches(r, &[], NOW)), "nothing can be told yet");
    query.bind(&columns());
    assert_eq!(rows().iter().filter(|r| query.matches(r, &columns(), NOW)).count(), 1);
}

#[test]
fn chips_show_the_terms_and_can_be_dropped() {
    let query = Query::parse("api  !status=Ready -l app in (a, b) /x y/", &columns()).unwrap();
    let texts: Vec<_> = query.chips().into_iter().map(|c| c.text).collect();
    assert_eq!(texts, ["api", "!status=Ready", "-l app in (a, b)", "/x y/"]);
    assert_eq!(query.without(&query.chips()[1]), "api -l app in (a, b) /x y/");
}

#[test]
fn names_and_values_are_offered() {
    let rows = rows();
    let offered = |text: &str| complete(text, text.len(), &columns(), rows.iter()).candidates;
    assert_eq!(offered("api re"), ["recent", "ready>", "restarts>"]);
    assert_eq!(offered("status:p"), ["Pending"]);
    assert_eq!(offered("status:Running,c"), ["CrashLoopBackOff"]);
    assert_eq!(offered("!ns=te"), ["team-a", "team-b"]);
    assert_eq!(complete("status:p", 8, &columns(), rows.iter()).range, 7..8);
    assert!(offered("api ").contains(&"failing".to_owned()));
}

proptest! {
    #[test]
    fn nothing_typed_breaks_it(text in "\\PC{0,24}") {
        if let Ok(query) = Query::parse(&text, &columns()) {
            for row in rows() { query.matches(&row, &columns(), NOW); }
            for chip in query.chips() { prop_assert!(!chip.text.is_empty()); query.without(&chip); }
        }
        complete(&text, text.len() / 2, &columns(), rows().iter());
    }
    #[test]
    fn signs_of_the_language_break_nothing(text in "[a!~/:=<>\",|() *?l-]{0,16}") {
        if let Ok(query) = Query::parse(&text, &columns()) {
            for row in rows() { query.matches(&row, &columns(), NOW); }
        }
    }
    #[test]
    fn a_term_and_its_inverse_part_the_rows(term in "(restarts[<>=][0-9]|status:[a-z]|[a-z]{1,2}|ready<[0-3])") {
        let (yes, no) = (found(&term), found(&format!("!{term}")));
        prop_assert_eq!(yes.len() + no.len(), rows().len());
        prop_assert!(!yes.iter().any(|n| no.contains(n)));
    }
    #[test]
    fn more_terms_never_find_more(a in "[a-z]{1,2}", b in "(restarts>[0-9]|ns:t*|!w)") {
        let both = found(&format!("{a} {b}"));
        prop_assert!(both.iter().all(|n| found(&a).contains(n) && found(&b).contains(n)));
    }
}
