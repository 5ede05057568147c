//! Generated names and identities. All are derived from what they name, so
//! that a world with a fixed clock comes out the same every time.

use sha2::{Digest, Sha256};

/// What Kubernetes uses for generated names: no vowels, no look-alikes.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A digest of the parts in their order.
pub fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// A UID in the form of a random UUID.
pub fn uid(parts: &[&str]) -> String {
    let d = digest(parts);
    let hex = hex(&d[..16]);
    let variant = ["8", "9", "a", "b"][usize::from(d[8] & 3)];
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A suffix of `n` characters (at most 32) as `generateName` gives it.
pub fn suffix(parts: &[&str], n: usize) -> String {
    digest(parts).iter().take(n).map(|b| char::from(SAFE[usize::from(*b) % SAFE.len()])).collect()
}

/// A number below `limit`.
pub fn number(parts: &[&str], limit: u64) -> u64 {
    let d = digest(parts);
    u64::from_be_bytes(d[..8].try_into().expect("eight bytes")) % limit.max(1)
}

/// A `containerd://` id or an image digest: 64 hexadecimal digits.
pub fn long_id(parts: &[&str]) -> String {
    hex(&digest(parts))
}

/// A URL-safe token of `n` characters (at most 43), as ACME servers hand them out.
pub fn token(parts: &[&str], n: usize) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut text = URL_SAFE_NO_PAD.encode(digest(parts));
    text.truncate(n);
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uid_looks_like_one_and_is_stable() {
        let uid = super::uid(&["a", "b"]);
        assert_eq!(uid, super::uid(&["a", "b"]));
        assert_ne!(uid, super::uid(&["ab", ""]));
        let dashes: Vec<usize> = uid.match_indices('-').map(|(i, _)| i).collect();
        assert_eq!((uid.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert_eq!(&uid[14..15], "4");
    }
}
