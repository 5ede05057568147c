//! Values of Secrets in memory: overwritten as soon as nobody needs them. Here is what knows of values and bytes only; what
//! is overwritten when a plan goes stands in `actions::wipe`. What the HTTP and TLS libraries have buffered on the way, in
//! either direction, is theirs and stays.

use bytes::Bytes;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

/// Overwrites every text in a value with zeros.
pub(crate) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Whether a call to this path carries Secrets.
pub(crate) fn is_secret_path(path: &str) -> bool {
    path.starts_with("/api/v1/") && path.split('/').any(|part| part == "secrets")
}

/// The body of a call to this path as it is sent; that of a Secret is overwritten after the last use.
pub(crate) fn body_of(path: &str, body: Option<&Value>) -> Bytes {
    match body {
        None => Bytes::new(),
        Some(body) if is_secret_path(path) => {
            // At its full length from the beginning: a buffer that grows leaves copies behind.
            let mut length = Length(0);
            let _ = serde_json::to_writer(&mut length, body);
            let mut text = Zeroizing::new(Vec::with_capacity(length.0));
            let _ = serde_json::to_writer(&mut *text, body);
            Bytes::from_owner(text)
        }
        Some(body) => body.to_string().into(),
    }
}

/// An answer of several pieces as one. That about a Secret is overwritten after the last use; what of the pieces is
/// nobody else's is so at once.
pub(crate) fn whole(pieces: Vec<Bytes>, secret: bool) -> Bytes {
    if let (false, [one]) = (secret, pieces.as_slice()) {
        return one.clone();
    }
    // At its full length from the beginning, as above.
    let length = pieces.iter().map(Bytes::len).sum();
    let mut text = Zeroizing::new(Vec::with_capacity(length));
    for piece in pieces {
        text.extend_from_slice(&piece);
        if secret && let Ok(mut piece) = piece.try_into_mut() {
            piece.as_mut().zeroize();
        }
    }
    match secret {
        true => Bytes::from_owner(text),
        false => std::mem::take(&mut *text).into(),
    }
}

/// Counts what is written, and keeps nothing of it.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What tests look into memory with.
#[cfg(all(test, target_os = "linux"))]
pub(crate) mod testing {
    use std::io::{Read, Seek, SeekFrom};
    use zeroize::Zeroize;

    /// Held while memory is looked at: a look has pieces of it in its own hands, where another one would find them.
    pub(crate) fn alone() -> parking_lot::MutexGuard<'static, ()> {
        static ALONE: parking_lot::Mutex<()> = parking_lot::Mutex::new(());
        ALONE.lock()
    }

    /// How often a text lies in the memory of this program. The text is given with its bytes turned round, so that
    /// what looks for it does not find itself.
    pub(crate) fn in_memory(reversed: &[u8]) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        let mut piece = vec![0_u8; 1 << 20];
        // What is read is a copy of its own: where it lies is not looked at.
        let own = piece.as_ptr() as u64..piece.as_ptr() as u64 + piece.len() as u64;
        let mut found = 0;
        for line in maps.lines().filter(|l| l.contains(" rw-p ") && !l.contains("[vvar")) {
            let (from, to) = line.split_whitespace().next().and_then(|range| range.split_once('-')).unwrap();
            let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
            for (from, to) in [(from, to.min(own.start)), (from.max(own.end), to)] {
                if from < to && memory.seek(SeekFrom::Start(from)).is_ok() {
                    found += in_range(&mut memory, to - from, reversed, &mut piece);
                }
            }
        }
        piece.zeroize();
        found
    }

    fn in_range(memory: &mut std::fs::File, length: u64, reversed: &[u8], piece: &mut [u8]) -> usize {
        let (mut left, mut kept, mut found) = (usize::try_from(length).unwrap(), 0, 0);
        while left > 0 {
            let want = left.min(piece.len() - kept);
            let Ok(read) = memory.read(&mut piece[kept..kept + want]) else { break };
            if read == 0 {
                break;
            }
            left -= read;
            let whole = kept + read;
            found += piece[..whole].windows(reversed.len()).filter(|w| w.iter().eq(reversed.iter().rev())).count();
            kept = (reversed.len() - 1).min(whole);
            piece.copy_within(whole - kept..whole, 0);
        }
        found
    }

    /// A text that nobody has in memory, the other way round.
    pub(crate) fn marker() -> Vec<u8> {
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        format!("{seed:040}").bytes().map(|digit| digit + 33).collect()
    }

    /// The text itself, for as long as it is needed.
    pub(crate) fn text_of(reversed: &[u8]) -> String {
        String::from_utf8(reversed.iter().rev().copied().collect()).unwrap()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::testing::{alone, in_memory, marker, text_of};
    use super::*;

    #[test]
    fn an_answer_about_a_secret_leaves_nothing_behind_but_what_the_http_library_has() {
        let _alone = alone();
        let reversed = marker();
        // A piece of a buffer that is somebody else's, as HTTP libraries give it, and one that is ours alone.
        let theirs = Bytes::from_owner(Zeroizing::new(text_of(&reversed).into_bytes()));
        for both in [false, true] {
            let ours = both.then(|| Bytes::from(text_of(&reversed).into_bytes()));
            let pieces: Vec<Bytes> = ours.into_iter().chain([theirs.slice(..)]).collect();
            let count = pieces.len();
            let answer = whole(pieces, true);
            assert_eq!((answer.len(), in_memory(&reversed)), (count * reversed.len(), 1 + count));
            drop(answer);
            assert_eq!(in_memory(&reversed), 1, "theirs is there, ours is not");
        }
        drop(theirs);
        assert_eq!(in_memory(&reversed), 0);
        // Of what is no secret one piece is not even copied.
        let plain = Bytes::from_static(b"{}");
        assert_eq!(whole(vec![plain.clone()], false).as_ptr(), plain.as_ptr());
        assert_eq!(whole(vec![plain.clone(), plain], false), "{}{}");
        assert_eq!(whole(Vec::new(), true), "");
    }
}
