//! Ids of objects.

/// A random UUID (version 4) in text form.
pub fn random_uid() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut halves = [0u64; 2];
    for half in &mut halves {
        // Keys from the operating system, different for every `RandomState`.
        *half = RandomState::new().build_hasher().finish();
    }
    let (a, b) = (halves[0], (halves[1] & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}
