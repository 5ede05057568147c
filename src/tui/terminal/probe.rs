//! Asks the terminal what it can do: one write, then its answers until the last question's answer
//! (device attributes, which every terminal gives) or a time limit. A silent terminal costs the
//! time limit once and is then taken at its environment's word.

use super::Caps;
use crate::keymap::Key;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::Write;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// DECRQM 2026 (synchronized output), kitty keyboard flags, light or dark, then DA1.
const QUESTIONS: &[u8] = b"\x1b[?2026$p\x1b[?u\x1b[?996n\x1b[c";

/// Takes the terminal's answers out of what it sent; what remains are keys typed meanwhile.
pub fn read_answers(bytes: &[u8], caps: &mut Caps) -> (bool, Vec<u8>) {
    let (mut typed, mut done, mut i) = (Vec::new(), false, 0);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"\x1b[?")
            && let Some(length) = bytes[i + 3..].iter().position(|b| (0x40..=0x7e).contains(b))
        {
            let answer = &bytes[i + 3..=i + 3 + length];
            let text = String::from_utf8_lossy(answer);
            match answer.last() {
                // 1: set, 2: reset, 3: always set; 0 and 4: there is no such mode.
                Some(b'y') => caps.synchronized |= ["2026;1$y", "2026;2$y", "2026;3$y"].contains(&&*text),
                Some(b'u') => caps.kitty_keys = true,
                Some(b'n') => match &*text {
                    "997;1n" => caps.dark = Some(true),
                    "997;2n" => caps.dark = Some(false),
                    _ => {}
                },
                Some(b'c') => done = true,
                _ => {}
            }
            i += 4 + length;
        } else {
            typed.push(bytes[i]);
            i += 1;
        }
    }
    (done, typed)
}

/// Asks; raw mode must be on. Returns the keys that were typed meanwhile.
pub fn probe(caps: &mut Caps) -> Vec<Key> {
    // Answers and keys come from the terminal; what is piped in is neither.
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Vec::new();
    }
    let limit = Duration::from_millis(if caps.ssh { 700 } else { 250 });
    let mut out = std::io::stdout();
    if out.write_all(QUESTIONS).and_then(|()| out.flush()).is_err() {
        return Vec::new();
    }
    let (start, mut seen) = (Instant::now(), Vec::new());
    let stdin = std::io::stdin();
    loop {
        let left = limit.saturating_sub(start.elapsed());
        let Ok(timeout) = rustix::event::Timespec::try_from(left) else { break };
        let fd = stdin.as_fd();
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(n) if n > 0 => {}
            Err(rustix::io::Errno::INTR) if !left.is_zero() => continue,
            _ => break,
        }
        let mut buffer = [0_u8; 1024];
        match rustix::io::read(fd, &mut buffer) {
            Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
            _ => break,
        }
        if read_answers(&seen, caps).0 {
            break;
        }
    }
    let (_, typed) = read_answers(&seen, caps);
    String::from_utf8_lossy(&typed).chars().filter_map(key_of).collect()
}

/// Keys typed before the program was ready: plain characters, Enter, Esc and control letters.
fn key_of(c: char) -> Option<Key> {
    use crate::keymap::Code;
    match c {
        '\r' | '\n' => Some(Key::plain(Code::Enter)),
        '\t' => Some(Key::plain(Code::Tab)),
        '\u{1b}' => Some(Key::plain(Code::Esc)),
        '\u{7f}' => Some(Key::plain(Code::Backspace)),
        '\u{1}'..='\u{1a}' => Some(Key::ctrl((c as u8 - 1 + b'a') as char)),
        c if c.is_control() => None,
        c => Some(Key::char(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_and_keys_are_kept() {
        let mut caps = Caps::from_env(|_| None);
        let (done, typed) = read_answers(b"j\x1b[?2026;2$y\x1b[?0u:\x1b[?997;2n\x1b[?62;52;c/", &mut caps);
        assert!(done);
        assert_eq!(typed, b"j:/");
        assert_eq!((caps.synchronized, caps.kitty_keys, caps.dark), (true, true, Some(false)));
        let mut caps = Caps::from_env(|_| None);
        let (done, _) = read_answers(b"\x1b[?2026;0$y", &mut caps);
        assert!(!done && !caps.synchronized);
    }
}
