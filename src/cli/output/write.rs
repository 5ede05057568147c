//! Writing to standard output. Whoever closed the pipe (`qd get … | head`) has seen enough.

use std::io::{ErrorKind, Write};

/// Writes text as it is.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let result = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(e) = result {
        if e.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        let _ = writeln!(
            std::io::stderr(),
            "qd: cannot write to standard output: {e}\n  next: make room there, or write elsewhere"
        );
        std::process::exit(1);
    }
}

/// Writes a line.
pub fn line(text: &str) {
    print(&format!("{text}\n"));
}
