//! Text from outside: whatever comes in, no control character and no override of the reading direction comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::certificates::names;
use quarterdeck_core::intern::{CELL_LIMIT, bounded, intern};
use quarterdeck_core::logs::LogBuffer;
use quarterdeck_core::logs::buffer::without_colours;
use quarterdeck_core::text::{clean, clean_line};
use quarterdeck_fuzz::{harmless, line};

fuzz_target!(|data: &[u8]| {
    let text = &*String::from_utf8_lossy(data);
    harmless(&clean(text));
    line(&clean_line(text));
    line(&bounded(text));
    line(&intern(text));
    assert!(bounded(text).len() <= CELL_LIMIT);
    assert_eq!(clean(&clean(text)), clean(text), "what is harmless stays as it is");
    // A log keeps its colours, and nothing else: without them it is as harmless as all the rest.
    let mut buffer = LogBuffer::new(1 << 20);
    for raw in data.split(|b| *b == b'\n') {
        buffer.push_line(0, None, raw);
    }
    for (_, entry) in buffer.from(0) {
        let mut rest = entry.text();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            harmless(before);
            let codes = after.strip_prefix('[').and_then(|a| a.split_once('m'));
            let (codes, tail) = codes.unwrap_or_else(|| panic!("no colour: {after:?}"));
            assert!(codes.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':'), "no colour: {codes:?}");
            rest = tail;
        }
        harmless(rest);
        harmless(&without_colours(entry.text()));
    }
    let (pattern, host) = text.split_once('\n').unwrap_or((text, "a.example"));
    if names::covers(pattern, host) && pattern.starts_with("*.") {
        assert!(!names::covers(pattern, &format!("x.{host}")), "{pattern} covers one label only");
    }
});
