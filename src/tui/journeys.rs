//! Journeys over the screen, on the embedded server. Screens are kept in the top-level `snapshots/`.

use crate::robot::{Robot, RobotOptions};
use crate::state::cursor::Rows;

/// Compares a screen with the kept one.
pub(crate) fn golden(name: &str, robot: &mut Robot) {
    let screen = robot.screen();
    kept(name, screen);
}

/// Compares what is seen with what is kept.
fn kept(name: &str, seen: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // Names that the world draws by chance are the same each time; ports of the server are not.
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT");
    settings.bind(|| insta::assert_snapshot!(name, seen));
}

#[test]
fn every_page_says_what_matters_first() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle();
    golden("home", &mut robot);
    for page in ["apps", "tenants", "certificates", "routes"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        golden(page, &mut robot);
        robot.keys("<enter>").until_idle();
        golden(&format!("{page}-first"), &mut robot);
        robot.keys("<esc>");
    }
    for page in ["contexts", "namespaces", "journal", "drafts", "deploy", "secrets"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        golden(page, &mut robot);
    }
    robot.keys("?");
    golden("help", &mut robot);
    robot.keys("<esc>:");
    golden("palette", &mut robot);
    robot.keys("<esc>v");
    golden("which-key", &mut robot);
    robot.keys("<esc>");
    robot.keys(":nosuchkind<enter>").until("cannot go to `nosuchkind`");
}

/// The pages that matter most, and the plan of a change.
fn gallery(robot: &mut Robot, mut look: impl FnMut(&str, &mut Robot)) {
    robot.until("cannot be issued").until_idle();
    look("home", robot);
    for page in ["apps", "certificates", "pods"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        look(page, robot);
        if page == "certificates" {
            robot.keys("<enter>").until_idle();
            look("certificate", robot);
            robot.keys("<esc>");
        }
    }
    robot.keys(":deploy<enter>").until_idle().keys("/ns:excalidraw<enter>").until("[ns:excalidraw]").keys("s");
    robot.until("replicas").keys("<ctrl-u>4<enter>").until("accepted by the server").until_idle();
    look("plan", robot);
}

#[test]
fn a_large_screen_is_used() {
    let mut robot = Robot::start("ominis", 200, 50);
    gallery(&mut robot, |name, robot| golden(&format!("large-{name}"), robot));
}

#[test]
fn colours_carry_what_the_symbols_say() {
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.tui.no_color = false;
    let mut robot = Robot::with(options);
    gallery(&mut robot, |name, robot| {
        let looks = robot.looks();
        kept(&format!("colour-{name}"), looks);
    });
}

#[test]
fn apps_are_grouped_their_chain_is_told_and_what_holds_the_platform_up() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle().keys(":apps<enter>").until("homer").until_idle().keys("t").until("others").until_idle();
    golden("apps-grouped", &mut robot);
    robot.keys("g<enter>").until_idle();
    assert!(!robot.screen().contains("flow-proxy"), "a heading folds its group");
    // No host: the page is behind a port-forward, which stays in a list until it is closed.
    robot.keys("<enter>ttt/flow<enter>").until_idle().keys("o").until_idle();
    robot.keys("p").until("flow-proxy/traefik");
    let opened = &robot.opened;
    assert!(opened.iter().any(|u| u.starts_with("http://127.0.0.1:") && u.ends_with("/dashboard/")), "{opened:?}");
    robot.keys("x").until("no port-forward is open");
    robot.keys(":stages<enter>").until("waits for homer").until_idle();
    golden("stages", &mut robot);
    robot.keys("G<enter>").until("apps homer").until("postgres-0").until_idle();
    golden("app-homer", &mut robot);
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_esc_removes_it() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle().keys(":po<enter>").until("client-acme").keys("/ns:client-acme");
    let screen = robot.screen();
    let rows: Vec<&str> = screen.lines().filter(|l| l.contains("Running")).collect();
    assert!(!rows.is_empty() && rows.iter().all(|l| l.contains("client-acme")), "{screen}");
    assert!(screen.contains(" of "), "how many of how many: {screen}");
    robot.keys("<enter>").keys("<esc>").until("authentik");
    robot.keys("/restarts>><enter>");
    assert!(robot.screen().contains("cannot") || robot.screen().contains("pods"), "a wrong filter ends nothing");
    robot.keys("<esc>/status=nothing-has-this<enter>").until("none of");
}

#[test]
fn the_cursor_moves_for_few_bytes() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle().keys(":po<enter>").until("client-acme").until_idle();
    for _ in 0..5 {
        let bytes = robot.bytes_of("j");
        assert!(bytes <= 400, "j costs {bytes} bytes");
    }
}

#[test]
fn no_size_of_a_terminal_and_no_page_is_too_much() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle();
    for page in ["home", "apps", "tenants", "certificates", "routes", "pods", "contexts", "namespaces", "journal"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        for (w, h) in
            [(20, 5), (1, 1), (21, 6), (40, 10), (80, 24), (200, 50), (400, 120), (30, 5), (400, 5), (20, 120)]
        {
            robot.resize(w, h);
            for keys in ["", ":", "<esc>", "?", "<esc>", "G", "l", "v", "<esc>", "/x", "<esc>", "g"] {
                robot.keys(keys);
                let screen = robot.screen();
                assert_eq!(screen.lines().count(), usize::from(h));
            }
        }
        robot.resize(80, 24);
    }
}

#[test]
fn a_deleted_object_stays_as_a_ghost_and_no_key_hits_its_neighbour() {
    let mut robot = Robot::start("ominis", 100, 30);
    robot.until_idle().keys(":cm<enter>").until("NAME").until_idle().keys("jj");
    let line = robot.cursor_line();
    let target = robot.state.targets().pop().expect("an object under the cursor");
    let server = robot.server.as_ref().expect("the embedded server").store().clone();
    let options = quarterdeck_sim::storage::DeleteOptions::default();
    let kind = server.kinds().into_iter().find(|k| k.plural == "configmaps").expect("config maps");
    server.delete(&kind, &target.namespace, &target.name, &options).expect("deleted");
    robot.until("gone");
    assert_eq!(robot.cursor_line().split_whitespace().nth(2), line.split_whitespace().nth(2), "the line stays");
    assert!(robot.state.targets().is_empty(), "nothing is aimed at");
    robot.keys("<ctrl-d>").until("this object is gone");
    robot.keys("<esc>j");
    let screen = robot.screen();
    assert!(!screen.lines().any(|l| l.ends_with(" gone")), "the ghost goes when the cursor leaves: {screen}");
    assert_ne!(robot.cursor_line(), line);
}

#[test]
fn without_unicode_every_page_is_ascii() {
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.tui.ascii = true;
    let mut robot = Robot::with(options);
    robot.until_idle();
    for page in ["home", "apps", "certificates", "routes", "pods"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        let screen = robot.screen();
        assert!(screen.is_ascii(), "{screen}");
    }
    golden("ascii-pods", &mut robot);
}

#[test]
fn where_the_user_was_is_offered_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.state_dir = Some(dir.path().join("state"));
    let mut robot = Robot::with(options.clone());
    robot.until_idle().keys(":deploy<enter>").until_idle().keys("/client<enter>jj");
    robot.state.remember_here();
    let line = robot.cursor_line();
    drop(robot);
    let mut robot = Robot::with(options);
    robot.until("goes back to where you were").until_idle().keys("-").until_idle();
    robot.until("[client]");
    let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    assert_eq!(words(&robot.cursor_line()), words(&line));
}

#[test]
fn a_place_is_opened_by_itself_once_after_the_terminal_went_and_only_offered_after_that() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.state_dir = Some(dir.path().join("state"));
    let mut robot = Robot::with(options.clone());
    robot.until_idle();
    // Cut off at the first page: there is nowhere to go back to, and the next start is as any other.
    robot.state.cut_off();
    let mut robot = Robot::with(options.clone());
    robot.until_idle().keys(":deploy<enter>").until_idle();
    robot.state.remember_here();
    let mut robot = Robot::with(options.clone());
    robot.until("goes back to where you were");
    assert_eq!(robot.state.stack.len(), 1, "offered, not opened");
    robot.state.cut_off();
    let mut robot = Robot::with(options.clone());
    robot.until("the terminal was cut off: here you were");
    // It ends there without a word, as when that page fails.
    let mut robot = Robot::with(options);
    robot.until("goes back to where you were");
    assert_eq!(robot.state.stack.len(), 1);
}

#[test]
fn a_theme_is_previewed_and_esc_takes_it_back() {
    let mut robot = Robot::start("plain", 80, 24);
    robot.until_idle();
    let before = robot.state.theme.name.clone();
    robot.keys(":theme<enter>").keys("<down><down>");
    assert_ne!(robot.state.theme.name, before, "shown while it is looked at");
    robot.keys("<esc>");
    assert_eq!(robot.state.theme.name, before);
    robot.keys(":theme<enter><down><enter>");
    assert_ne!(robot.state.theme.name, before);
}

#[test]
fn pasted_text_fires_no_keys() {
    let mut robot = Robot::start("plain", 80, 24);
    robot.until_idle().keys(":po<enter>").until_idle();
    let before = robot.state.stack.len();
    robot.paste("q\u{4}jjjdd\n:q\n");
    assert!(!robot.state.quit);
    assert_eq!(robot.state.stack.len(), before);
}

/// Rows are asked for one by one and never all at once when a frame is drawn.
#[test]
fn a_window_formats_visible_rows_only() {
    struct Counted(std::cell::Cell<usize>);
    impl Rows for Counted {
        type Row = crate::state::cursor::RowId;
        fn len(&self) -> usize {
            10_000
        }
        fn row(&self, index: usize) -> Option<Self::Row> {
            self.0.set(self.0.get() + 1);
            Some(index.to_string().into())
        }
        fn id(row: &Self::Row) -> crate::state::cursor::RowId {
            row.clone()
        }
        fn position(&self, id: &str) -> Option<usize> {
            id.parse().ok()
        }
    }
    let rows = Counted(std::cell::Cell::new(0));
    let mut cursor = crate::state::cursor::Cursor::default();
    cursor.follow(&rows, 22);
    rows.0.set(0);
    assert_eq!(cursor.window(&rows, 22).len(), 22);
    assert_eq!(rows.0.get(), 22);
}

#[test]
fn what_the_user_may_not_see_is_told_with_the_right_that_is_missing() {
    let mut robot = Robot::with(RobotOptions { rights: false, ..RobotOptions::new("ominis", 100, 40) });
    robot.until_idle().keys(":po<enter>").until("A role that gives it");
    let screen = robot.screen();
    assert!(screen.contains("resources: [\"pods\"]") && screen.contains("list"), "{screen}");
}
