//! 1,000 log lines a second for 60 s with pause, filter and resume: no line may be missing without a mark.

use crate::demo::Served;
use crate::figures::Figures;
use quarterdeck_core::clock::Clock;
use quarterdeck_core::logs::{Entry, LogFilter, LogOptions, LogTarget, LogView};
use quarterdeck_core::session::{KubeconfigFrom, Options, Session};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SECONDS: u64 = 60;

pub fn run(figures: &mut Figures) {
    let served = Served::start("plain", 0, "quiet");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (missing, seen) = runtime.block_on(follow(&served));
    println!("{seen} lines followed");
    figures.at_most("log lines missing without a mark, 1,000 a second", missing as f64, "", 0.0, "k9s loses 91 %");
}

async fn follow(served: &Served) -> (u64, u64) {
    let kubeconfig = std::fs::read_to_string(served.kubeconfig()).expect("the kubeconfig");
    let client = crate::real::client(&kubeconfig).await;
    let now = Clock::system().now();
    let annotations = json!({"sim.quarterdeck.dev/log-rate": "1000", "sim.quarterdeck.dev/log-style": "numbered"});
    let pod = json!({
        "metadata": {"name": "talker", "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "talker"}], "nodeName": "node-1"},
    });
    crate::real::post(&client, "/api/v1/namespaces/default/pods", &pod).await;
    let running = json!({"status": {"phase": "Running", "startTime": quarterdeck_core::clock::format_time(now),
        "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0, "image": "talker", "imageID": "",
            "state": {"running": {"startedAt": quarterdeck_core::clock::format_time(now)}}}]}});
    crate::real::patch(&client, "/api/v1/namespaces/default/pods/talker/status", &running).await;

    let wake = Arc::new(tokio::sync::Notify::new());
    let waker = wake.clone();
    let options = Options { kubeconfig: KubeconfigFrom::Text(kubeconfig), ..Options::default() };
    let session = Session::new(options, Arc::new(move |_| waker.notify_one())).expect("a session");
    let target = LogTarget { namespace: "default".into(), pod: "talker".into(), container: "main".into() };
    let options = LogOptions { tail_lines: None, ..LogOptions::default() };
    let follower = session.follow_logs(&session.current_context(), vec![target], &options).expect("logs");
    let (mut view, mut last, mut missing, mut lines, mut next) = (LogView::default(), None, 0, 0, 0);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let _ = tokio::time::timeout(Duration::from_millis(500), wake.notified()).await;
        let second = start.elapsed().as_secs();
        follower.read(|buffer| {
            // Paused from 15 to 25 s, filtered from 30 to 40 s: neither may cost a line.
            buffer.pin((15..25).contains(&second));
            let filtered = (30..40).contains(&second);
            if filtered != view.filter().is_active() {
                view.set_filter(LogFilter::parse(if filtered { "7" } else { "" }).expect("a filter"));
            }
            view.refresh(buffer);
            for (number, entry) in buffer.from(next) {
                next = number + 1;
                match entry {
                    Entry::Line(line) => {
                        lines += 1;
                        let here = number_of(&line.text);
                        if let (Some(before), Some(here)) = (last, here) {
                            missing += u64::abs_diff(here, before + 1);
                        }
                        last = here.or(last);
                    }
                    // What a gap says is missing is not missing in silence.
                    Entry::Gap { .. } => last = None,
                }
            }
        });
    }
    // Fewer lines than were written would be a silence too.
    missing += (SECONDS * 1_000 * 9 / 10).saturating_sub(lines);
    (missing, lines)
}

/// The number that a line of style `numbered` carries.
fn number_of(line: &str) -> Option<u64> {
    line.split(|c: char| !c.is_ascii_digit()).find(|p| p.len() >= 3)?.parse().ok()
}
