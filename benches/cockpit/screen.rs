//! Memory, idling, keys and targets of the screen, on the embedded cluster served by another process.

use crate::demo::{Served, open_pods};
use crate::figures::{Figures, median, percentile};
use quarterdeck_testing::pty::{Terminal, cpu_ticks, resident};
use std::time::{Duration, Instant};

const MIB: f64 = 1024.0 * 1024.0;

/// Resident memory with nothing open, with 10,000 pods and with 50,000.
pub fn memory(figures: &mut Figures) {
    let served = Served::start("plain", 0, "quiet");
    let terminal = served.screen(80, 24);
    terminal.wait_for("the first screen", Duration::from_secs(30), |s| s.lines().count() > 3);
    terminal.wait_quiet(Duration::from_secs(1), Duration::from_secs(10));
    let base = resident(terminal.pid()) as f64 / MIB;
    figures.at_most("resident memory, nothing open", base, "MiB", 26.0, "sofka 26, k9s 127");
    drop(terminal);
    for (pods, bound, peers) in [(10_000, 60.0, "sofka 738, k9s 1269"), (50_000, 200.0, "")] {
        let served = Served::start("plain", pods, "quiet");
        let terminal = served.screen(80, 24);
        open_pods(&terminal, pods);
        let used = resident(terminal.pid()) as f64 / MIB;
        let name = if pods == 10_000 { "resident memory, 10,000 pods" } else { "resident memory, 50,000 pods" };
        figures.at_most(name, used, "MiB", bound, peers);
    }
}

/// CPU and bytes while nothing changes, and CPU at 20 changes a second.
pub fn idle(figures: &mut Figures) {
    let served = Served::start("plain", 10_000, "quiet");
    let terminal = served.screen(80, 24);
    open_pods(&terminal, 10_000);
    terminal.wait_quiet(Duration::from_secs(3), Duration::from_secs(30));
    let (cpu, bytes) = over(&terminal, Duration::from_secs(20));
    figures.at_most("CPU while nothing changes, 10,000 pods open", cpu, "%", 0.1, "k9s 25.6, kdash 38.9");
    figures.at_most("bytes to the terminal in 20 s without a change", bytes, "B", 0.0, "k9s 100, kdash 4000");
    drop((terminal, served));
    let served = Served::start("plain", 10_000, "churn=20");
    let terminal = served.screen(80, 24);
    open_pods(&terminal, 10_000);
    let (cpu, _) = over(&terminal, Duration::from_secs(20));
    figures.at_most("CPU at 20 changes a second, 10,000 pods open", cpu, "%", 3.0, "k9s 23, sofka 30");
}

/// Share of one core (in percent) and bytes over a time.
fn over(terminal: &Terminal, time: Duration) -> (f64, f64) {
    let (ticks, bytes, start) = (cpu_ticks(terminal.pid()), terminal.bytes(), Instant::now());
    std::thread::sleep(time);
    let seconds = start.elapsed().as_secs_f64();
    let used = (cpu_ticks(terminal.pid()) - ticks) as f64 / 100.0;
    (used / seconds * 100.0, (terminal.bytes() - bytes) as f64)
}

/// How quickly and with how many bytes a key is answered among 10,000 rows at 200 changes a second.
pub fn keys(figures: &mut Figures) {
    let served = Served::start("plain", 10_000, "quiet");
    let terminal = served.screen(80, 24);
    open_pods(&terminal, 10_000);
    let mut bytes = Vec::new();
    for _ in 0..15 {
        let before = terminal.bytes();
        terminal.keys("j");
        terminal.wait_byte_after(before, Duration::from_secs(2));
        terminal.wait_quiet(Duration::from_millis(60), Duration::from_secs(1));
        bytes.push((terminal.bytes() - before) as f64);
    }
    figures.at_most("bytes that `j` costs at 80x24", median(&mut bytes), "B", 400.0, "sofka 682, k9s 722");
    drop((terminal, served));

    let served = Served::start("plain", 10_000, "churn=200");
    let terminal = served.screen(80, 24);
    open_pods(&terminal, 10_000);
    let mut times = Vec::new();
    let start = Instant::now();
    let drawn_before = terminal.writes();
    for i in 0..300 {
        let before = terminal.bytes();
        let pressed = Instant::now();
        terminal.keys(if i % 40 < 20 { "j" } else { "k" });
        if let Some(seen) = terminal.wait_byte_after(before, Duration::from_secs(2)) {
            times.push((seen - pressed).as_secs_f64() * 1e3);
        }
        // As fast as a held key repeats; below the 30 frames a second that are drawn at most.
        std::thread::sleep(Duration::from_millis(40));
    }
    let seconds = start.elapsed().as_secs_f64();
    figures.at_most(
        "a key answered, 200 changes a second: median",
        median(&mut times),
        "ms",
        4.0,
        "sofka 15.6, k9s 90",
    );
    let slow = percentile(&mut times, 0.99);
    figures.at_most("a key answered, 200 changes a second: 99th percentile", slow, "ms", 16.0, "sofka 45.5 (p95)");
    let drawn = (terminal.writes() - drawn_before) as f64 / seconds;
    figures.at_most("frames a second while keys are pressed", drawn, "/s", 30.0, "");
}

/// Deleting rows above the cursor 1,000 times while keys are pressed must never move it to another object.
pub fn targets(figures: &mut Figures) {
    let served = Served::start("plain", 3_000, "quiet");
    let terminal = served.screen(120, 40);
    open_pods(&terminal, 3_000);
    let client = crate::real::blocking(&served.kubeconfig());
    let pods = crate::real::names(&client, "/api/v1/pods");
    // The cursor goes to the last row; the 1,000 rows that are deleted all lie above it.
    for key in ["N", "G"] {
        let before = terminal.bytes();
        terminal.keys(key);
        terminal.wait_byte_after(before, Duration::from_secs(5));
    }
    terminal.wait_quiet(Duration::from_millis(500), Duration::from_secs(5));
    let line = |screen: &str| {
        screen.lines().find(|l| l.contains('▶')).map(|l| l.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
    };
    let wanted = line(&terminal.text()).expect("a cursor");
    let mut wrong = 0;
    let victims: Vec<_> = pods.iter().filter(|(_, name)| !wanted.contains(name.as_str())).take(1_000).collect();
    for (i, (namespace, name)) in victims.iter().enumerate() {
        crate::real::delete(&client, &format!("/api/v1/namespaces/{namespace}/pods/{name}"));
        match i % 10 {
            // Off the row and back to it; from here on nothing but deletions could move the cursor.
            0 => {
                terminal.keys("kG");
                let back = |screen: &str| line(screen).as_deref() == Some(wanted.as_str());
                if let Err(screen) = terminal.try_wait(Duration::from_secs(3), &back) {
                    println!("after {i} deletions G went to {:?} instead of {wanted:?}", line(&screen));
                    wrong += 1;
                }
            }
            // The second press takes back what the first one marked.
            3 | 5 => terminal.keys("<space>"),
            9 => {
                terminal.wait_quiet(Duration::from_millis(80), Duration::from_secs(2));
                let there = line(&terminal.text());
                if there.as_deref() != Some(wanted.as_str()) {
                    println!("after {i} deletions the cursor is on {there:?} instead of {wanted:?}");
                    wrong += 1;
                }
            }
            _ => {}
        }
    }
    figures.at_most(
        "wrong targets in 1,000 deletions above the cursor",
        wrong as f64,
        "",
        0.0,
        "all four peers hit a neighbour",
    );
}
