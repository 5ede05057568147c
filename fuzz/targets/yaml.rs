//! Text that somebody edits, read as an object and written again: nothing is lost, and every line on the screen is
//! harmless.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::actions::edit_text::{line_of, parse};
use quarterdeck_core::resources::yaml::{YamlOptions, presentable, to_lines, to_text};
use quarterdeck_fuzz::line;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(value) => {
            let written = to_text(&value);
            let again = parse(&written).unwrap_or_else(|e| panic!("what was written cannot be read: {e}\n{written}"));
            assert_eq!(again, value, "\n{written}");
            let shown = presentable(&value, YamlOptions::default());
            let lines = to_lines(&shown);
            for (i, one) in lines.iter().enumerate() {
                line(&one.text.replace('\t', " "));
                assert!(one.indent <= one.key_end && one.key_end <= one.text.len(), "{one:?}");
                assert!(one.text.is_char_boundary(one.indent) && one.text.is_char_boundary(one.key_end), "{one:?}");
                assert!(one.fold_end >= i && one.fold_end < lines.len(), "{one:?}");
                let _ = line_of(&written, &one.path);
            }
        }
        Err(problem) => line(&problem.line()),
    }
    // A server names fields as it likes.
    let (path, rest) = text.split_once('\n').unwrap_or((text, text));
    if let Some(at) = line_of(rest, path) {
        assert!(at >= 1 && at <= rest.lines().count(), "line {at}");
    }
});
