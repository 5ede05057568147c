//! The incident note in Markdown: verdict, next step, chain, evidence, timeline, what was done. What it is about is
//! `about.rs`'s business.
//! It is sent around, so nothing in it is a secret: keys and tokens of challenges and what looks like a credential in
//! a message are left out, and texts of the cluster mean nothing to Markdown.

use crate::certificates::facts::{self, Facts, Special};
use crate::clock::{format_time, human_duration};
use crate::findings::Finding;
use crate::journal::Entry;
use crate::resources::{Level, ObjectRef, Verdict};
use crate::text::{clean_line, without_login};
use crate::{Problem, ProblemKind, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The most moments of a timeline, the latest ones.
const MOMENTS: usize = 80;

/// A line of a table in the note.
#[derive(Clone, Debug)]
pub struct Row {
    pub level: Level,
    /// What it is: `Challenge  http-01`, `Deployment`.
    pub what: String,
    pub name: String,
    pub words: String,
    /// Whether it is the first broken link.
    pub first: bool,
}

impl Row {
    pub fn new(level: Level, what: impl Into<String>, name: impl Into<String>, words: impl Into<String>) -> Self {
        Self { level, what: what.into(), name: name.into(), words: words.into(), first: false }
    }
}

/// A table of the note. An empty one is left out.
#[derive(Clone, Debug)]
pub struct Part {
    pub heading: &'static str,
    /// Names of the columns for what, name and words.
    pub columns: [&'static str; 3],
    pub rows: Vec<Row>,
}

/// What a note is made from.
pub struct Note<'a> {
    pub context: &'a str,
    /// `Certificate client-acme/api-tls`, `App homer`
    pub title: String,
    pub verdict: &'a Verdict,
    pub since: Option<i64>,
    pub code: Option<&'static str>,
    /// What is wrong with what is served.
    pub served: &'a [Finding],
    pub parts: Vec<Part>,
    pub facts: &'a [Facts],
    /// Moments that the facts do not tell, seconds since 1970.
    pub moments: Vec<(i64, String)>,
    /// What could not be read.
    pub untold: &'a [Problem],
    /// The objects that it is about.
    pub objects: Vec<ObjectRef>,
    /// The journal; what is not about these objects is left out.
    pub done: &'a [Entry],
    /// What leads to it: commands and addresses, as Markdown.
    pub links: Vec<String>,
    /// Seconds since 1970.
    pub now: i64,
}

fn sign(level: Level) -> &'static str {
    match level {
        Level::Good => "ok",
        Level::Off | Level::Unknown => "–",
        Level::Busy => "…",
        Level::Warn => "warning",
        Level::Bad => "**wrong**",
    }
}

/// The whole note.
pub fn markdown(note: &Note<'_>) -> String {
    let mut text = String::new();
    let out = &mut text;
    let _ = writeln!(out, "# Incident: {}\n", plain(&note.title));
    let _ = writeln!(out, "Cluster {}, written {}.\n", plain(note.context), format_time(note.now));
    verdict(note, out);
    for part in note.parts.iter().filter(|p| !p.rows.is_empty()) {
        let [what, name, words] = part.columns;
        let _ = write!(out, "\n## {}\n\n| | {what} | {name} | {words} |\n|---|---|---|---|\n", part.heading);
        for row in &part.rows {
            let first = if row.first { " ← first broken link" } else { "" };
            let cells = [plain(&row.what), plain(&row.name), format!("{}{first}", plain(&row.words))];
            let _ = writeln!(out, "| {} | {} |", sign(row.level), cells.join(" | "));
        }
    }
    out.push_str("\n## Timeline (UTC)\n\n");
    let moments = timeline(note);
    for (at, words) in moments.iter().skip(moments.len().saturating_sub(MOMENTS)) {
        let _ = writeln!(out, "- {} {words}", format_time(*at));
    }
    if moments.is_empty() {
        out.push_str("No moment is known.\n");
    }
    out.push_str("\n## What was done\n\n");
    let done = done(note);
    if done.is_empty() {
        out.push_str("Nothing from here.\n");
    }
    for e in &done {
        let reason = if e.reason.is_empty() { String::new() } else { format!(" (reason: {})", plain(&e.reason)) };
        let undo =
            if e.can_undo && e.undone_by.is_none() { format!(", `qd undo {}`", plain(&e.id)) } else { String::new() };
        let (at, who) = (format_time(e.at), plain(&e.user));
        let _ = writeln!(out, "- {at} {who}: {}{reason}: {}{undo}", plain(&e.title), plain(&e.outcome));
    }
    evidence(note, out);
    out.push_str("\n## Links\n\n");
    for link in &note.links {
        let _ = writeln!(out, "- {link}");
    }
    text
}

fn verdict(note: &Note<'_>, out: &mut String) {
    let since = note.since.filter(|_| note.verdict.level >= Level::Warn);
    let since = since.map(|at| format!(" for {}", human_duration(note.now - at))).unwrap_or_default();
    let why = if note.verdict.why.is_empty() { String::new() } else { format!(": {}", plain(&note.verdict.why)) };
    let _ = writeln!(out, "**Verdict: {}{since}**{why}", plain(&note.verdict.word));
    if let Some(code) = note.code {
        let _ = writeln!(out, "(`{code}`)");
    }
    if !note.verdict.next.is_empty() {
        let _ = writeln!(out, "\n**Next step:** {}", plain(&note.verdict.next));
    }
    for finding in note.served {
        let _ = writeln!(out, "\n**Served:** {} (`{}`)", plain(&finding.reason), finding.code);
        if !finding.next.is_empty() {
            let _ = writeln!(out, "\n**Next step:** {}", plain(&finding.next));
        }
    }
}

fn evidence(note: &Note<'_>, out: &mut String) {
    out.push_str("\n## Evidence\n");
    for facts in note.facts {
        let place = if facts.namespace.is_empty() { String::new() } else { format!("{}/", facts.namespace) };
        let _ = writeln!(out, "\n### {} {}{}\n", plain(&facts.kind), plain(&place), plain(&facts.name));
        // Whoever has the key of a challenge can answer it.
        let open = |label: &str| !(matches!(label, "token" | "answer (key)"));
        for (label, value) in facts::lines(facts).iter().filter(|(label, _)| open(label)) {
            let _ = writeln!(out, "- {}: {}", plain(label), plain(value));
        }
    }
    for problem in note.untold {
        let _ = writeln!(out, "\nNot read: {}", plain(&problem.line()));
    }
}

fn done<'a>(note: &Note<'a>) -> Vec<&'a Entry> {
    let objects: Vec<String> = note.objects.iter().map(ToString::to_string).collect();
    let about = |e: &&Entry| e.context == note.context && e.objects.iter().any(|o| objects.contains(o));
    let mut done: Vec<&Entry> = note.done.iter().filter(about).collect();
    done.sort_by_key(|e| e.at);
    done
}

/// What happened when, the earliest first.
fn timeline(note: &Note<'_>) -> Vec<(i64, String)> {
    let mut all: Vec<(i64, String)> = note.moments.iter().map(|(at, words)| (*at, plain(words))).collect();
    for f in note.facts {
        let name = format!("{} {}", plain(&f.kind), plain(&f.name));
        all.extend(f.created_at.map(|at| (at, format!("{name} created"))));
        for c in &f.conditions {
            let words = format!("{} {}: {} {} ({}) {}", f.kind, f.name, c.kind, c.status, c.reason, c.message);
            all.extend(c.since.map(|at| (at, plain(&words))));
        }
        for e in &f.events {
            let times = if e.count > 1 { format!(", {} times, the last", e.count) } else { String::new() };
            let words = format!("{} {}: event {}{times}: {}", f.kind, f.name, e.reason, e.message);
            all.extend(e.last.map(|at| (at, plain(&words))));
        }
        if let Special::Certificate { failed_issuance_attempts: Some(n), last_failure_time: Some(at), .. } = &f.special
        {
            all.push((*at, format!("{name}: failed attempt {n}")));
        }
    }
    all.extend(done(note).iter().map(|e| (e.at, format!("done here: {}", plain(&e.title)))));
    all.sort();
    all.dedup();
    all
}

/// Text of one line that means nothing to Markdown, without what looks like a credential.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in without_credentials(&clean_line(text)).chars() {
        if matches!(c, '\\' | '|' | '`' | '*' | '<' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Words before the `=` or `:` of a value that nobody should read.
const HIDDEN: &[&str] = &["password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "access_key", "key"];

fn without_credentials(text: &str) -> String {
    if text.contains("PRIVATE KEY-----") {
        return "(a private key was here)".into();
    }
    let mut after = false;
    let mut hide = |word: &str| {
        if std::mem::take(&mut after) && word.len() > 7 {
            return "…".to_owned();
        }
        let low = word.to_ascii_lowercase();
        after = matches!(low.trim_end_matches(':'), "bearer" | "basic" | "password" | "tsigsecret");
        word.split_inclusive(['?', '&', ';', ',']).map(part_without).collect()
    };
    text.split(' ').map(&mut hide).collect::<Vec<String>>().join(" ")
}

/// A part of a URL or of a list without the value of a credential, and without the user of a URL.
fn part_without(part: &str) -> String {
    let body = part.trim_end_matches(['?', '&', ';', ',']);
    let (end, mut kept) = (&part[body.len()..], without_login(body));
    if let Some((key, value)) = kept.split_once('=') {
        let name = key.trim_matches(['"', '\'', '(', '{']).to_ascii_lowercase();
        if HIDDEN.contains(&&*name) && !value.is_empty() {
            kept = format!("{key}=…");
        }
    }
    kept + end
}

/// A name for the file of a note about this: `client-acme/api-tls`, `app-homer`.
pub fn file_name(about: &str, now: i64) -> String {
    let stamp: String = format_time(now).chars().filter(char::is_ascii_alphanumeric).take(13).collect();
    let safe = about.replace(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c), "-");
    // A host may be as long as a file's name.
    let safe = safe.get(..120).unwrap_or(&safe).trim_matches('-');
    format!("incident-{safe}-{stamp}.md")
}

/// Writes a note for its owner's eyes (0600) and never over a file that is there.
///
/// # Errors
/// When the file is there or cannot be written.
pub fn save(path: &Path, text: &str) -> Result<PathBuf> {
    use std::io::Write;
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let told = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Problem::new(ProblemKind::Conflict, "cannot write the note", "the file is there already")
                .next("give another name; nothing is overwritten")
        }
        _ => Problem::io("cannot write the note", &e),
    };
    let written = open.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| told(e).on(path.display().to_string()))?;
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_is_left_out_and_markdown_is_harmless() {
        let told = plain("GET https://u:hunter22@a.b/x?token=abc Bearer eyJhbGciOi | <img> password=geheim done");
        assert_eq!(told, "GET https://a.b/x?token=… Bearer … \\| \\<img> password=… done");
        assert_eq!(plain("from https://ghp_geheim@git.lab/x.git, path web"), "from https://git.lab/x.git, path web");
        assert_eq!(plain("-----BEGIN PRIVATE KEY----- x"), "(a private key was here)");
        assert_eq!(
            plain("_acme-challenge.a.b has 3 records\u{1b}[2J"),
            "_acme-challenge.a.b has 3 records\u{fffd}\\[2J"
        );
    }
}
