//! The figures that Quarterdeck promises, each as a ratio in one run or a count.
//!
//! `cargo bench` runs all of them; `cargo bench -- lists keys` runs some. Times on a shared machine
//! drift, so a time is only ever compared with another one taken in turn with it in the same run.
//! A figure that misses its bound makes the program end with 1.

mod certificates;
mod demo;
mod figures;
mod lists;
mod logs;
mod real;
mod screen;

use figures::Figures;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let mut figures = Figures::default();
    if is_wanted("lists") {
        lists::run(&mut figures);
    }
    if is_wanted("memory") {
        screen::memory(&mut figures);
    }
    if is_wanted("idle") {
        screen::idle(&mut figures);
    }
    if is_wanted("keys") {
        screen::keys(&mut figures);
    }
    if is_wanted("logs") {
        logs::run(&mut figures);
    }
    if is_wanted("certificates") {
        certificates::run(&mut figures);
    }
    if is_wanted("targets") {
        screen::targets(&mut figures);
    }
    std::process::exit(figures.report());
}
