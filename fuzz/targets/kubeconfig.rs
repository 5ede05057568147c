//! A kubeconfig. What is wrong with it is told on one line, and never with what it holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::cluster::{Kubeconfig, nearest};

fuzz_target!(|text: &str| {
    match Kubeconfig::parse(text, "fuzz") {
        Ok(read) => {
            let all = read.contexts();
            for context in &all {
                let _ = read.context(Some(&context.name)).map_err(|e| quarterdeck_fuzz::line(&e.line()));
            }
            let _ = read.context(None).map_err(|e| quarterdeck_fuzz::line(&e.line()));
            let _ = read.context(Some("nowhere")).map_err(|e| quarterdeck_fuzz::line(&e.line()));
            let _ = nearest("prod", all.iter().map(|c| c.name.as_str()));
        }
        Err(problem) => quarterdeck_fuzz::line(&problem.line()),
    }
});
