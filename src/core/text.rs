//! What comes from outside is made harmless here before it may reach a terminal.

use std::borrow::Cow;

/// Whether a character may act on a terminal or reorder text: C0 and C1 controls (but not
/// newline and tab), bidirectional overrides and isolates, zero-width and other format
/// characters that hide text, and line or paragraph separators.
fn harmful(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Text from outside, over several lines: harmful characters become `\u{fffd}`; newline and tab stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(harmful) {
        Cow::Owned(text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Text from outside for a single line: as [`clean`], and newline and tab become a space.
pub fn clean_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| harmful(c) || c == '\n' || c == '\t') {
        Cow::Owned(
            text.chars()
                .map(|c| match c {
                    '\n' | '\t' => ' ',
                    c if harmful(c) => '\u{fffd}',
                    c => c,
                })
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// `https://user:password@host`, or with a token alone, without whom it is opened as: sources in git and messages about
/// them carry such addresses.
pub fn without_login(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| "/?#".contains(c) || c.is_whitespace()).unwrap_or(part.len());
        let host = part[..end].rfind('@').map_or(0, |at| at + 1);
        out.push_str("://");
        out.push_str(&part[host..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_and_no_override_survives() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\u{9b}d\ne"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\ne");
        assert_eq!(clean_line("a\r\nb\tc"), "a\u{fffd} b c");
        assert!(matches!(clean("harmless – text ✓"), Cow::Borrowed(_)));
    }
}
