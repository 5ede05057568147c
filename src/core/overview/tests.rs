//! The embedded worlds seen as a whole: what the home page has to say.

use super::Overview;
use super::testing::{at, world};

const NOW: &str = "2026-11-21T03:00:00Z";

fn overview(name: &str) -> Overview {
    Overview::derive(&world(name, at(NOW)), at(NOW))
}

#[test]
fn show() {
    let o = overview("ominis");
    for g in &o.groups {
        println!("{:?} {} since {:?}", g.level, g.title, g.since.map(|s| crate::clock::human_duration(at(NOW) - s)));
        for f in &g.members {
            println!("     {:30} {} {} | {}", f.title, f.code, f.reason, f.next);
        }
    }
    println!("{:?}", o.counts);
    for c in o.certificates.iter().filter(|c| c.code.is_some()) {
        println!("== {}/{} {} {}", c.namespace, c.name, c.verdict.word, c.verdict.why);
        let Some(chain) = o.chain(c) else { continue };
        for (i, l) in chain.links.iter().enumerate() {
            println!(
                "{} {:?} {} {} {}",
                if chain.broken == Some(i) { "▶" } else { " " },
                l.level,
                l.title,
                l.name,
                l.words
            );
        }
    }
}
