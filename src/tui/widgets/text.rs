//! How wide text is on a terminal, and cutting it to fit.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Cells that a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The beginning of a text that fits, with an ellipsis when something is cut.
pub fn cut<'a>(text: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let Some(room) = cells.checked_sub(width(ellipsis)) else { return Cow::Borrowed("") };
    Cow::Owned(format!("{}{ellipsis}", head(text, room)))
}

/// As many whole characters from the beginning as fit.
pub fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if used > cells {
            return &text[..at];
        }
    }
    text
}

/// A name with its middle cut: beginning and end of a name tell it apart (`api-6d4…-x2xpz`).
pub fn cut_middle<'a>(text: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells < 8 {
        return cut(text, cells, ellipsis);
    }
    let room = cells - width(ellipsis);
    let end_cells = room / 3;
    let mut used = 0;
    let mut from = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += width(grapheme);
        if used > end_cells {
            break;
        }
        from = at;
    }
    let start = head(text, room - width(&text[from..]));
    Cow::Owned(format!("{start}{ellipsis}{}", &text[from..]))
}

/// What is left of a text after skipping so many cells.
pub fn skip(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= cells {
            return &text[at..];
        }
        used += width(grapheme);
    }
    ""
}

/// Breaks text into lines of at most so many cells, at blanks where there are any.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut word = word;
            let room = if line.is_empty() { cells } else { cells.saturating_sub(width(&line) + 1) };
            if width(word) <= room {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            while width(word) > cells {
                let start = match head(word, cells) {
                    // One character wider than the line: it goes alone.
                    "" => word.graphemes(true).next().unwrap_or(word),
                    start => start,
                };
                lines.push(start.to_owned());
                word = &word[start.len()..];
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_keeps_to_the_width_and_says_that_it_cut() {
        assert_eq!(cut("certificate", 6, "…"), "certi…");
        assert_eq!(cut("漢字漢字", 5, "…"), "漢字…");
        assert_eq!(cut("abc", 0, "…"), "");
        assert_eq!(cut_middle("api-6d4c9f7b8-x2xpz", 12, "…"), "api-6d4c…xpz");
        assert_eq!(skip("漢字ab", 2), "字ab");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "self check: no such host api.acme.app.ominis.ai\nnext line";
        for cells in 1..40 {
            let lines = wrap(text, cells);
            assert!(lines.iter().all(|l| width(l) <= cells), "{cells}: {lines:?}");
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }
}
