//! The incident note about a certificate, in Markdown: verdict, next step, chain, evidence, timeline, what was done.
//! It is sent around, so nothing in it is a secret: keys and tokens of challenges and what looks like a credential in
//! a message are left out, and texts of the cluster mean nothing to Markdown.

use crate::certificates::facts::{self, Facts, Special};
use crate::certificates::truths::Truth;
use crate::certificates::{CertificateView, Chain};
use crate::clock::{format_time, human_duration};
use crate::findings::Finding;
use crate::journal::Entry;
use crate::link::Link;
use crate::resources::Level;
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The most moments of a timeline, the latest ones.
const MOMENTS: usize = 80;

/// What a note is made from.
pub struct Note<'a> {
    pub context: &'a str,
    pub view: &'a CertificateView,
    pub chain: Option<&'a Chain>,
    pub facts: &'a [Facts],
    /// What could not be read.
    pub untold: &'a [Problem],
    pub truths: &'a [Truth],
    /// What is wrong with what is served.
    pub served: &'a [Finding],
    /// The journal; what is not about these objects is left out.
    pub done: &'a [Entry],
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
    let view = note.view;
    let mut text = String::new();
    let out = &mut text;
    let name = plain(&view.object.to_string());
    let _ = writeln!(out, "# Incident: {name}\n");
    let _ = writeln!(out, "Cluster {}, written {}.\n", plain(note.context), format_time(note.now));
    let since = view.since.filter(|_| view.verdict.level >= Level::Warn);
    let since = since.map(|at| format!(" for {}", human_duration(note.now - at))).unwrap_or_default();
    let why = if view.verdict.why.is_empty() { String::new() } else { format!(": {}", plain(&view.verdict.why)) };
    let _ = writeln!(out, "**Verdict: {}{since}**{why}", plain(&view.verdict.word));
    if let Some(code) = view.code {
        let _ = writeln!(out, "(`{code}`)");
    }
    if !view.verdict.next.is_empty() {
        let _ = writeln!(out, "\n**Next step:** {}", plain(&view.verdict.next));
    }
    for finding in note.served {
        let _ = writeln!(out, "\n**Served:** {} (`{}`)", plain(&finding.reason), finding.code);
        if !finding.next.is_empty() {
            let _ = writeln!(out, "\n**Next step:** {}", plain(&finding.next));
        }
    }
    if let Some(chain) = note.chain {
        out.push_str("\n## Chain\n\n| | what | name | state |\n|---|---|---|---|\n");
        for (i, link) in chain.links.iter().enumerate() {
            let first = if chain.broken == Some(i) { " ← first broken link" } else { "" };
            let cells = [plain(&link.title), plain(&link.name), format!("{}{first}", plain(&link.words))];
            let _ = writeln!(out, "| {} | {} |", sign(link.level), cells.join(" | "));
        }
    }
    out.push_str("\n## Wanted, said, held, served\n\n| | truth | of | words |\n|---|---|---|---|\n");
    for t in note.truths {
        let _ = writeln!(out, "| {} | {} | {} | {} |", sign(t.level), t.truth, plain(&t.of), plain(&t.words));
    }
    out.push_str("\n## Timeline (UTC)\n\n");
    let moments = timeline(note);
    for (at, words) in moments.iter().skip(moments.len().saturating_sub(MOMENTS)) {
        let _ = writeln!(out, "- {} {words}", format_time(*at));
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
    out.push_str("\n## Links\n\n");
    let link = Link::to(note.context, &view.object, "chain");
    let _ = writeln!(out, "- `qd open {link}`");
    let _ = writeln!(out, "- `qd cert why {} --context {}`", view.object.short(), plain(note.context));
    for host in &view.used_by {
        if !host.starts_with(['*', '~']) {
            let _ = writeln!(out, "- <https://{}>", clean_line(host).replace(['<', '>', ' '], ""));
        }
    }
    text
}

fn done<'a>(note: &Note<'a>) -> Vec<&'a Entry> {
    let mut objects: Vec<String> = vec![note.view.object.to_string()];
    objects.extend(note.chain.iter().flat_map(|c| &c.links).filter_map(|l| Some(l.object.as_ref()?.to_string())));
    let about = |e: &&Entry| e.context == note.context && e.objects.iter().any(|o| objects.contains(o));
    let mut done: Vec<&Entry> = note.done.iter().filter(about).collect();
    done.sort_by_key(|e| e.at);
    done
}

/// What happened when, the earliest first.
fn timeline(note: &Note<'_>) -> Vec<(i64, String)> {
    let mut all: Vec<(i64, String)> = Vec::new();
    for f in note.facts {
        let name = format!("{} {}", plain(&f.kind), plain(&f.name));
        all.extend(f.created_at.map(|at| (at, format!("{name} created"))));
        for c in &f.conditions {
            let words = format!("{name}: {} {} ({}) {}", c.kind, c.status, c.reason, c.message);
            all.extend(c.since.map(|at| (at, plain(&words))));
        }
        for e in &f.events {
            let times = if e.count > 1 { format!(", {} times, the last", e.count) } else { String::new() };
            let words = format!("{name}: event {}{times}: {}", e.reason, e.message);
            all.extend(e.last.map(|at| (at, plain(&words))));
        }
        if let Special::Certificate { failed_issuance_attempts: Some(n), last_failure_time: Some(at), .. } = &f.special
        {
            all.push((*at, format!("{name}: failed attempt {n}")));
        }
    }
    all.extend(done(note).iter().map(|e| (e.at, format!("done here: {}", plain(&e.title)))));
    let view = note.view;
    all.extend(view.next_try.map(|at| (at, "cert-manager tries again".to_owned())));
    all.extend(view.renewal_time.map(|at| (at, "renewal is due".to_owned())));
    all.extend(view.not_after.map(|at| (at, "the certificate ends".to_owned())));
    all.sort();
    all.dedup();
    all
}

/// Text of one line that means nothing to Markdown, without what looks like a credential.
fn plain(text: &str) -> String {
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
    let (end, mut kept) = (&part[body.len()..], body.to_owned());
    if let Some((scheme, rest)) = body.split_once("://") {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if let Some((user, host)) = authority.rsplit_once('@')
            && user.contains(':')
        {
            kept = format!("{scheme}://…@{host}{path}");
        }
    }
    if let Some((key, value)) = kept.split_once('=') {
        let name = key.trim_matches(['"', '\'', '(', '{']).to_ascii_lowercase();
        if HIDDEN.contains(&&*name) && !value.is_empty() {
            kept = format!("{key}=…");
        }
    }
    kept + end
}

/// A name for the note's file.
pub fn file_name(view: &CertificateView, now: i64) -> String {
    let stamp: String = format_time(now).chars().filter(char::is_ascii_alphanumeric).take(13).collect();
    let safe = |t: &str| t.replace(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c), "-");
    format!("incident-{}-{}-{stamp}.md", safe(&view.namespace), safe(&view.name))
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
    use crate::overview::Overview;
    use crate::overview::testing::{at, world};

    #[test]
    fn what_looks_like_a_credential_is_left_out_and_markdown_is_harmless() {
        let told = plain("GET https://u:hunter22@a.b/x?token=abc Bearer eyJhbGciOi | <img> password=geheim done");
        assert_eq!(told, "GET https://…@a.b/x?token=… Bearer … \\| \\<img> password=… done");
        assert_eq!(plain("-----BEGIN PRIVATE KEY----- x"), "(a private key was here)");
        assert_eq!(
            plain("_acme-challenge.a.b has 3 records\u{1b}[2J"),
            "_acme-challenge.a.b has 3 records\u{fffd}\\[2J"
        );
    }

    #[test]
    fn a_note_tells_verdict_chain_truths_and_what_was_done() {
        let now = at("2026-11-20T03:00:00Z");
        let mut seen = Overview::derive(&world("ominis", now), now);
        seen.context = "demo".into();
        let view = seen.certificate("client-acme", "api-tls").expect("the broken one");
        let chain = seen.chain(view).expect("a chain");
        let entry = |objects: &[&str], title: &str| -> Entry {
            let value = serde_json::json!({"id": "a1", "at": now - 60, "context": "demo", "user": "ann", "action": "label",
                "title": title, "objects": objects, "risk": "reversible", "ok": true, "outcome": "done", "canUndo": true});
            serde_json::from_value(value).expect("an entry")
        };
        let done = [
            entry(&["Certificate client-acme/api-tls"], "Renew it"),
            entry(&["Deployment client-acme/api"], "Scale something else"),
        ];
        let text = markdown(&Note {
            context: "demo",
            view,
            chain: Some(&chain),
            facts: &[],
            untold: &[],
            truths: &seen.truths(view, None),
            served: &[],
            done: &done,
            now,
        });
        assert!(text.starts_with("# Incident: Certificate client-acme/api-tls\n"), "{text}");
        for part in [
            "**Verdict: ",
            "**Next step:** ",
            "← first broken link",
            "| wanted |",
            "ann: Renew it: done, `qd undo a1`",
            "`qd open qd://demo/certificates.v1.cert-manager.io/client-acme/api-tls?view=chain`",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("Scale something else"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file_name(view, now));
        assert!(path.ends_with("incident-client-acme-api-tls-20261120T0300.md"), "{path:?}");
        save(&path, &text).expect("written");
        let again = save(&path, "other").expect_err("never over a file");
        assert_eq!((again.kind, std::fs::read_to_string(&path).expect("kept")), (ProblemKind::Conflict, text));
    }
}
