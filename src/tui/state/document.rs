//! Text that is read on a page: moved through, folded, searched; its content may change underneath
//! and the reader keeps the place.

use quarterdeck_core::resources::Level;
use regex::Regex;
use std::collections::BTreeSet;
use std::ops::Range;

/// What a part of a line means, for its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Heading,
    Label,
    Key,
    Text,
    Number,
    Word,
    Muted,
    Added,
    Removed,
    Level(Level),
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Harmless text without a line break.
    pub text: String,
    /// Parts with a look of their own, in order; what lies between is plain.
    pub tones: Vec<(Range<usize>, Tone)>,
    /// Names the line across changes of the content, e.g. a YAML path.
    pub anchor: String,
    /// Index of the last line that folds away under this one; its own when nothing does.
    pub fold_end: usize,
    /// Continued lines of a wrapped text are indented by so many cells.
    pub indent: usize,
}

impl Line {
    /// A line in one tone that folds nothing.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        let text = text.into();
        let whole = 0..text.len();
        let tones = if tone == Tone::Plain { Vec::new() } else { vec![(whole, tone)] };
        Self { text, tones, anchor: String::new(), fold_end: 0, indent: 0 }
    }
}

/// Text that is read on a page.
#[derive(Debug, Default)]
pub struct Document {
    lines: Vec<Line>,
    /// Anchors of lines that are folded.
    folded: BTreeSet<String>,
    /// Indexes of the lines that are not folded away.
    visible: Vec<usize>,
    /// Place in `visible`.
    at: usize,
    top: usize,
    pub left: usize,
    pub wrap: bool,
    search: Option<Regex>,
    typed: String,
    /// Anchors of lines that changed at the last replacement.
    changed: BTreeSet<String>,
}

impl Document {
    /// Puts new content in place. The cursor and the top stay on the lines of the same anchors; lines that
    /// are new or other than before are remembered as changed.
    pub fn replace(&mut self, mut lines: Vec<Line>, height: usize) {
        for (i, line) in lines.iter_mut().enumerate() {
            line.fold_end = line.fold_end.max(i);
        }
        let first = self.lines.is_empty();
        self.changed.clear();
        if !first {
            let before: std::collections::HashMap<(&str, &str), ()> =
                self.lines.iter().map(|l| ((l.anchor.as_str(), l.text.as_str()), ())).collect();
            for line in &lines {
                if !line.anchor.is_empty() && !before.contains_key(&(line.anchor.as_str(), line.text.as_str())) {
                    self.changed.insert(line.anchor.clone());
                }
            }
        }
        let on_screen = self.at.saturating_sub(self.top);
        let here = self.current().map(|l| l.anchor.clone()).filter(|a| !a.is_empty());
        let was = self.at;
        self.lines = lines;
        self.show();
        let found = here.and_then(|anchor| self.visible.iter().position(|i| self.lines[*i].anchor == anchor));
        self.at = found.unwrap_or(was).min(self.visible.len().saturating_sub(1));
        self.top = self.at.saturating_sub(on_screen);
        self.scroll(height);
    }

    fn show(&mut self) {
        self.visible.clear();
        let mut i = 0;
        while i < self.lines.len() {
            self.visible.push(i);
            let line = &self.lines[i];
            i = if line.fold_end > i && self.folded.contains(&line.anchor) { line.fold_end + 1 } else { i + 1 };
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
    /// Lines that are not folded away.
    pub fn len(&self) -> usize {
        self.visible.len()
    }
    pub fn at(&self) -> usize {
        self.at
    }
    pub fn top(&self) -> usize {
        self.top
    }
    pub fn current(&self) -> Option<&Line> {
        self.lines.get(*self.visible.get(self.at)?)
    }
    /// The lines of a window with their place in the view.
    pub fn window(&self, height: usize) -> impl Iterator<Item = (usize, &Line)> {
        let last = (self.top + height).min(self.visible.len());
        (self.top..last).filter_map(|place| Some((place, self.lines.get(*self.visible.get(place)?)?)))
    }
    pub fn is_folded(&self, line: &Line) -> bool {
        self.folded.contains(&line.anchor)
    }
    pub fn has_changed(&self, line: &Line) -> bool {
        !line.anchor.is_empty() && self.changed.contains(&line.anchor)
    }

    /// Moves the cursor by so many lines.
    pub fn step(&mut self, by: isize, height: usize) -> bool {
        let last = self.visible.len().saturating_sub(1);
        let to = self.at.saturating_add_signed(by).min(last);
        let moved = to != self.at;
        self.at = to;
        self.scroll(height);
        moved
    }
    pub fn go(&mut self, place: usize, height: usize) {
        self.at = place.min(self.visible.len().saturating_sub(1));
        self.scroll(height);
    }
    /// Moves the window without the cursor where that is possible (wheel).
    pub fn wheel(&mut self, by: isize, height: usize) -> bool {
        let before = (self.top, self.at);
        self.top = self.top.saturating_add_signed(by).min(self.visible.len().saturating_sub(height.max(1)));
        self.at = self.at.clamp(self.top, (self.top + height.max(1) - 1).max(self.top));
        self.at = self.at.min(self.visible.len().saturating_sub(1));
        before != (self.top, self.at)
    }
    fn scroll(&mut self, height: usize) {
        let height = height.max(1);
        if self.at < self.top {
            self.top = self.at;
        } else if self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
        self.top = self.top.min(self.visible.len().saturating_sub(height));
    }

    /// Folds what is under the cursor, or unfolds it; on a line that folds nothing, the block it is in.
    pub fn fold(&mut self, height: usize) -> bool {
        let Some(&here) = self.visible.get(self.at) else { return false };
        let line = if self.lines[here].fold_end > here {
            here
        } else {
            let Some(up) = (0..here).rev().find(|i| self.lines[*i].fold_end >= here) else { return false };
            up
        };
        let anchor = self.lines[line].anchor.clone();
        if anchor.is_empty() {
            return false;
        }
        if !self.folded.remove(&anchor) {
            self.folded.insert(anchor);
        }
        self.show();
        self.at = self.visible.partition_point(|i| *i < line).min(self.visible.len().saturating_sub(1));
        self.scroll(height);
        true
    }
    /// Folds every block below the first level, or unfolds all.
    pub fn fold_all(&mut self, height: usize) {
        let here = self.visible.get(self.at).copied().unwrap_or(0);
        if self.folded.is_empty() {
            let folds = self.lines.iter().enumerate().filter(|(i, l)| l.fold_end > *i && !l.anchor.is_empty());
            self.folded = folds.map(|(_, l)| l.anchor.clone()).collect();
        } else {
            self.folded.clear();
        }
        self.show();
        let place = self.visible.partition_point(|i| *i <= here).saturating_sub(1);
        self.at = place;
        self.scroll(height);
    }

    /// What is searched for, as typed.
    pub fn searched(&self) -> &str {
        &self.typed
    }
    /// Sets what is searched for: plain text (any case), or `/regex/`. Empty ends the search.
    ///
    /// # Errors
    /// What is wrong with the expression; the last search stays.
    pub fn set_search(&mut self, typed: &str) -> Result<(), String> {
        if typed.is_empty() {
            self.search = None;
            self.typed.clear();
            return Ok(());
        }
        let source = match typed.strip_prefix('/') {
            Some(expression) => expression.strip_suffix('/').unwrap_or(expression).to_owned(),
            None => regex::escape(typed),
        };
        let built = regex::RegexBuilder::new(&source).case_insensitive(true).size_limit(1 << 20).build();
        let built = built.map_err(|e| e.to_string().lines().last().unwrap_or("bad expression").trim().to_owned())?;
        self.search = Some(built);
        self.typed = typed.into();
        Ok(())
    }
    /// Where the search matches in a line.
    pub fn matches(&self, line: &Line) -> Vec<Range<usize>> {
        let Some(search) = &self.search else { return Vec::new() };
        search.find_iter(&line.text).map(|m| m.range()).filter(|r| !r.is_empty()).take(32).collect()
    }
    /// Lines that match, folded ones too.
    pub fn found(&self) -> usize {
        self.search.as_ref().map_or(0, |s| self.lines.iter().filter(|l| s.is_match(&l.text)).count())
    }
    /// Goes to the next or the previous line that matches, around the end, unfolding what hides it.
    pub fn find(&mut self, forward: bool, from_here: bool, height: usize) -> bool {
        let Some(search) = &self.search else { return false };
        let count = self.lines.len();
        let Some(&here) = self.visible.get(self.at) else { return false };
        let skip = usize::from(!from_here);
        let hit =
            (skip..count + skip).map(|n| if forward { (here + n) % count } else { (here + count * 2 - n) % count });
        let Some(hit) = hit.into_iter().find(|i| search.is_match(&self.lines[*i].text)) else { return false };
        let hiding: Vec<String> =
            (0..hit).filter(|i| self.lines[*i].fold_end >= hit).map(|i| self.lines[i].anchor.clone()).collect();
        for anchor in hiding {
            self.folded.remove(&anchor);
        }
        self.show();
        let place = self.visible.partition_point(|i| *i < hit);
        self.go(place, height);
        true
    }
    /// All lines as text, folded ones too.
    pub fn to_text(&self) -> String {
        self.lines.iter().map(|l| l.text.as_str()).flat_map(|t| [t, "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: &[(&str, usize)]) -> Vec<Line> {
        of.iter()
            .map(|(text, fold_end)| {
                let mut line = Line::new(*text, Tone::Plain);
                line.anchor = text.split(':').next().unwrap_or("").trim().into();
                line.fold_end = *fold_end;
                line
            })
            .collect()
    }

    #[test]
    fn the_reader_keeps_the_place_while_the_content_changes() {
        let mut document = Document::default();
        document.replace(lines(&[("a", 0), ("b: 1", 0), ("c", 0), ("d", 0)]), 2);
        document.go(2, 2);
        document.replace(lines(&[("z", 0), ("y", 0), ("a", 0), ("b: 2", 0), ("c", 0), ("d", 0)]), 2);
        assert_eq!(document.current().unwrap().text, "c");
        assert_eq!(document.top(), 3, "the line stays where it was on the screen");
        let changed: Vec<_> = document.lines().iter().filter(|l| document.has_changed(l)).map(|l| &l.text).collect();
        assert_eq!(changed, ["z", "y", "b: 2"]);
    }

    #[test]
    fn folding_hides_and_a_search_finds_what_is_hidden() {
        let mut document = Document::default();
        document.replace(lines(&[("spec:", 3), ("  one:", 2), ("  two:", 2), ("  needle:", 3), ("status:", 4)]), 10);
        document.go(1, 10);
        assert!(document.fold(10));
        assert_eq!(document.len(), 4, "one: hides two:");
        document.go(0, 10);
        document.fold(10);
        assert_eq!(document.len(), 2);
        document.set_search("NEEDLE").unwrap();
        assert!(document.find(true, true, 10));
        assert_eq!(document.current().unwrap().text, "  needle:");
        assert!(document.set_search("/(/").is_err());
        assert_eq!(document.searched(), "NEEDLE", "a wrong expression changes nothing");
    }
}
