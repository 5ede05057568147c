//! Looks through a tar archive while it passes: whether it is whole, what is in it, and its SHA-256.

use sha2::{Digest, Sha256};

/// Of a whole archive: its SHA-256 in hexadecimal, how many files it has, and its databases with whether they are sound.
pub type Checked = (String, u64, Vec<(String, bool)>);

const BLOCK: usize = 512;
/// How a SQLite 3 database file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// An archive that passes.
#[derive(Default)]
pub(crate) struct TarCheck {
    hash: Sha256,
    /// Bytes of the archive so far.
    pub bytes: u64,
    pub files: u64,
    /// A block that has not come whole.
    open: Vec<u8>,
    /// Blocks of the present entry's content that are still to come.
    content: u64,
    /// Whether the next content block is the first of a database.
    database: bool,
    /// Names of databases, and whether they begin as one.
    pub databases: Vec<(String, bool)>,
    zeros: u32,
    wrong: Option<String>,
}

impl TarCheck {
    pub fn feed(&mut self, mut chunk: &[u8]) {
        self.hash.update(chunk);
        self.bytes += chunk.len() as u64;
        while !chunk.is_empty() {
            let take = (BLOCK - self.open.len()).min(chunk.len());
            self.open.extend_from_slice(&chunk[..take]);
            chunk = &chunk[take..];
            if self.open.len() == BLOCK {
                let block = std::mem::take(&mut self.open);
                self.block(&block);
                self.open = block;
                self.open.clear();
            }
        }
    }

    fn block(&mut self, block: &[u8]) {
        if self.content > 0 {
            self.content -= 1;
            if std::mem::take(&mut self.database)
                && let Some(last) = self.databases.last_mut()
            {
                last.1 = block.starts_with(SQLITE);
            }
            return;
        }
        // What follows two blocks of zeros is padding.
        if self.zeros >= 2 || self.wrong.is_some() {
            return;
        }
        if block.iter().all(|b| *b == 0) {
            self.zeros += 1;
            return;
        }
        self.zeros = 0;
        let name = String::from_utf8_lossy(until_zero(&block[..100])).into_owned();
        let sum: u64 =
            block.iter().enumerate().map(|(i, b)| u64::from(if (148..156).contains(&i) { b' ' } else { *b })).sum();
        let (Some(size), Some(written)) = (number(&block[124..136]), number(&block[148..156])) else {
            self.wrong = Some("a header cannot be read".into());
            return;
        };
        if sum != written {
            self.wrong = Some(format!("the header of {name} is damaged"));
            return;
        }
        self.content = size.div_ceil(BLOCK as u64);
        if matches!(block[156], b'0' | 0 | b'S' | b'7') {
            self.files += 1;
            if name.ends_with(".sqlite3") || name.ends_with(".qd-backup") {
                self.databases.push((name, false));
                self.database = size > 0;
            }
        }
    }

    /// The SHA-256 in hexadecimal, when all that came is a whole archive; else what is wrong with it.
    pub fn finish(self) -> Result<Checked, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if self.content > 0 || !self.open.is_empty() || self.zeros < 2 {
            return Err(format!("it ends in the middle, after {} bytes", self.bytes));
        }
        if self.files == 0 {
            return Err("there is no file in it".into());
        }
        if let Some((name, _)) = self.databases.iter().find(|(_, well)| !well) {
            return Err(format!("{name} does not begin as a SQLite database"));
        }
        let hash = self.hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok((hash, self.files, self.databases))
    }
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in GNU's binary form for large ones.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        return Some(field[1..].iter().fold(u64::from(field[0] & 0x7f), |n, b| (n << 8) | u64::from(*b)));
    }
    let text = std::str::from_utf8(until_zero(field)).ok()?.trim();
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, content: &[u8]) -> Vec<u8> {
        let mut header = [0u8; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut all = header.to_vec();
        all.extend_from_slice(content);
        all.resize(all.len().div_ceil(BLOCK) * BLOCK, 0);
        all
    }

    fn check(bytes: &[u8]) -> Result<Checked, String> {
        let mut check = TarCheck::default();
        bytes.chunks(77).for_each(|c| check.feed(c));
        check.finish()
    }

    #[test]
    fn a_whole_archive_is_told_from_one_that_was_cut_or_damaged() {
        let database = [SQLITE, &[7; 900]].concat();
        let mut all = [entry("data/config.json", b"{}"), entry("data/db.sqlite3", &database)].concat();
        all.extend([0; 2 * BLOCK]);
        let (hash, files, databases) = check(&all).unwrap();
        assert_eq!((hash.len(), files), (64, 2));
        assert_eq!(databases, [("data/db.sqlite3".to_owned(), true)]);
        assert!(check(&all[..all.len() - 1500]).unwrap_err().contains("in the middle"));
        let mut damaged = all.clone();
        damaged[3] ^= 1;
        assert!(check(&damaged).unwrap_err().contains("damaged"));
        let mut empty = entry("data/db.sqlite3", b"no database");
        empty.extend([0; 2 * BLOCK]);
        assert!(check(&empty).unwrap_err().contains("does not begin as a SQLite database"));
        assert!(check(b"").is_err());
    }
}
