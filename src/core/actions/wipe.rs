//! Values of Secrets in memory: overwritten as soon as nobody needs them. What the HTTP and TLS libraries have buffered on
//! the way is theirs.

use super::plan::Effect;
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

/// Overwrites an answer of the server, unless somebody else holds its bytes too.
pub(crate) fn wipe_bytes(bytes: Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.as_mut().zeroize();
    }
}

/// Whether a call to this path carries Secrets.
pub(crate) fn is_secret_path(path: &str) -> bool {
    path.starts_with("/api/v1/") && path.split('/').any(|part| part == "secrets")
}

/// The body of a call as it is sent; that of a Secret is overwritten after the last use.
pub(crate) fn body_of(effect: &Effect) -> Bytes {
    match &effect.body {
        None => Bytes::new(),
        Some(body) if is_secret_path(&effect.path) => {
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

/// Every copy of an effect on a Secret is overwritten when it goes: plans are copied into pages, runs and the journal.
impl Drop for Effect {
    fn drop(&mut self) {
        if let Some(body) = self.body.as_mut().filter(|_| is_secret_path(&self.path)) {
            wipe(body);
        }
    }
}

/// Without the values of a Secret: this ends up in panics and logs.
impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let masked = self.body.as_ref().filter(|_| is_secret_path(&self.path)).map(super::diff::mask_body);
        f.debug_struct("Effect")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("body", &masked.as_ref().or(self.body.as_ref()))
            .finish()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::cluster::Method;
    use serde_json::json;
    use std::io::{Read, Seek, SeekFrom};

    /// How often a text lies in the memory of this program. The text is given with its bytes turned round, so that
    /// what looks for it does not find itself.
    fn in_memory(reversed: &[u8]) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        for line in maps.lines().filter(|l| l.contains(" rw-p ") && !l.contains("[vvar")) {
            let (from, to) = line.split_whitespace().next().and_then(|range| range.split_once('-')).unwrap();
            let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
            if memory.seek(SeekFrom::Start(from)).is_err() {
                continue;
            }
            let mut left = usize::try_from(to - from).unwrap();
            let mut piece = vec![0_u8; 1 << 20];
            let mut kept = 0;
            while left > 0 {
                let want = left.min(piece.len() - kept);
                let Ok(read) = memory.read(&mut piece[kept..kept + want]) else { break };
                if read == 0 {
                    break;
                }
                left -= read;
                // What was read is a copy of its own: it is taken away again, or the next pieces would hold it.
                found +=
                    piece[..kept + read].windows(reversed.len()).filter(|w| w.iter().eq(reversed.iter().rev())).count();
                let whole = kept + read;
                kept = (reversed.len() - 1).min(whole);
                piece.copy_within(whole - kept..whole, 0);
                piece[kept..].zeroize();
            }
            piece.zeroize();
        }
        found
    }

    /// A text that nobody has in memory, the other way round.
    fn marker() -> Vec<u8> {
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        format!("{seed:040}").bytes().map(|digit| digit + 33).collect()
    }

    #[test]
    fn nothing_of_a_secret_is_left_in_memory_when_its_undo_is_dropped() {
        let reversed = marker();
        let made = || {
            let mut data = Value::Null;
            data["tls.key"] = String::from_utf8(reversed.iter().rev().copied().collect()).unwrap().into();
            // Long enough that a buffer would have to grow for it.
            let filler = "x".repeat(3000);
            let body = Some(json!({"kind": "Secret", "data": data, "filler": filler}));
            wipe(&mut data);
            Effect { method: Method::Post, path: "/api/v1/namespaces/a/secrets".into(), query: Vec::new(), body }
        };
        let effect = made();
        let copy = effect.clone();
        let sent = body_of(&copy);
        assert!(in_memory(&reversed) >= 3, "it is there as long as it is needed");
        assert!(!format!("{effect:?}").as_bytes().windows(reversed.len()).any(|w| w.iter().eq(reversed.iter().rev())));
        let shown = serde_json::to_string(&super::super::diff::mask_body(copy.body.as_ref().unwrap())).unwrap();
        assert!(shown.contains("(hidden)"), "{shown}");
        drop((effect, copy, sent));
        assert_eq!(in_memory(&reversed), 0, "and nowhere afterwards");
    }
}
