//! Text that many rows share is kept once: namespaces, nodes, images, reasons, label keys.

use crate::Str;
use crate::text::clean_line;
use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use std::borrow::Cow;

/// The longest text that a cell keeps, in bytes. A hostile 1 MB string costs no more than this.
pub const CELL_LIMIT: usize = 4096;

struct Pool {
    texts: FxHashSet<Str>,
    /// Sweep out what nobody uses any more when the pool has grown to this.
    sweep_at: usize,
}

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// The shared copy of a text, cleaned and cut as [`bounded`] does. For texts that repeat; a name or
/// a UID is better kept by itself.
pub fn intern(text: &str) -> Str {
    let text = bounded(text);
    let mut guard = POOL.lock();
    let pool = guard.get_or_insert_with(|| Pool { texts: FxHashSet::default(), sweep_at: 4096 });
    if let Some(known) = pool.texts.get(&*text) {
        return known.clone();
    }
    if pool.texts.len() >= pool.sweep_at {
        pool.texts.retain(|t| std::sync::Arc::strong_count(t) > 1);
        pool.sweep_at = (pool.texts.len() * 2).max(4096);
    }
    let new: Str = (&*text).into();
    pool.texts.insert(new.clone());
    new
}

/// Text from the cluster as a single harmless line of at most [`CELL_LIMIT`] bytes, cut with `…`.
pub fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= CELL_LIMIT {
        return clean_line(text);
    }
    let mut end = CELL_LIMIT - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", clean_line(&text[..end])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        assert!(std::sync::Arc::ptr_eq(&intern("node-1"), &intern("node-1")));
    }

    #[test]
    fn a_megabyte_costs_a_cell() {
        let long = "é".repeat(1 << 20);
        let cut = bounded(&long);
        assert!(cut.len() <= CELL_LIMIT && cut.ends_with('…'));
        assert_eq!(bounded("a\u{1b}b\n"), "a\u{fffd}b ");
    }
}
