//! Frames of the Kubernetes API: the lines of a watch and the pages of a list, straight from bytes.

use crate::cluster::Accept;
use crate::resources::Kind;
use crate::resources::meta::{Lent, RawMeta};
use crate::{Problem, ProblemKind, Result, Str};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The annotation on the bookmark that ends a streaming list (Kubernetes: `k8s.io/initial-events-end`).
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// Turns bytes into items.
pub(crate) trait Decode: Send + 'static {
    type Item: super::shelf::Item;
    /// The form in which lists and watches are asked for.
    const ACCEPT: Accept;
    /// Whether a list is asked for as a stream of watch events, where the server has that. For a Table the server makes
    /// one of a single row for each event, which takes it about twice as long as pages of rows (docs/performance.md).
    const STREAMS: bool;
    /// One line of a watch.
    fn line(&mut self, line: &[u8]) -> Result<Line<Self::Item>>;
    /// One page of a list.
    fn page(&mut self, body: &[u8]) -> Result<Page<Self::Item>>;
}

/// A line of a watch.
pub(crate) enum Line<T> {
    Put(T),
    Remove {
        uid: Str,
        resource_version: Str,
    },
    Bookmark {
        resource_version: String,
        initial_end: bool,
    },
    /// The object cannot be read; the stream goes on.
    Unreadable(String),
    /// The server ends the watch with this.
    Failed(Problem),
}

/// A page of a list.
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub resource_version: String,
    /// The token of the next page; empty on the last.
    pub next: String,
    /// Objects that cannot be read, and why the last one.
    pub unreadable: (u64, String),
}

/// What the server says when a watch fails (`metav1.Status`).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RawStatus<'a> {
    code: Option<u16>,
    #[serde(borrow)]
    message: Lent<'a>,
    #[serde(borrow)]
    reason: Lent<'a>,
}

impl<'a> RawStatus<'a> {
    pub(crate) fn new(code: Option<u16>, message: &'a str, reason: &'a str) -> Self {
        Self { code, message: Lent(message.into()), reason: Lent(reason.into()) }
    }
    pub(crate) fn problem(&self) -> Problem {
        let kind = match (self.code.unwrap_or(0), &*self.reason) {
            (410, _) | (_, "Expired" | "Gone") => ProblemKind::Gone,
            (401, _) => ProblemKind::Unauthenticated,
            (403, _) => ProblemKind::Forbidden,
            (404, _) => ProblemKind::NotFound,
            (429, _) => ProblemKind::Throttled,
            (400 | 422, _) => ProblemKind::Invalid,
            _ => ProblemKind::Server,
        };
        let mut problem = Problem::new(kind, "the watch ended", crate::intern::bounded(&self.message).into_owned());
        problem.status = self.code;
        problem
    }
}

pub(crate) fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::new(ProblemKind::Server, "cannot read the server's answer", error.to_string())
}

/// What a bookmark says.
pub(crate) fn bookmark<T>(meta: &RawMeta<'_>) -> Line<T> {
    let initial_end = meta.annotations.0.iter().any(|(k, v)| k == INITIAL_EVENTS_END && v == "true");
    Line::Bookmark { resource_version: meta.resource_version.to_string(), initial_end }
}

#[derive(Deserialize)]
struct RawLine<'a> {
    #[serde(rename = "type", borrow)]
    verb: Lent<'a>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct RawObject<'a> {
    #[serde(borrow, default)]
    metadata: RawMeta<'a>,
}

#[derive(Deserialize)]
struct RawList<'a> {
    #[serde(borrow, default)]
    metadata: RawMeta<'a>,
    #[serde(borrow, default = "Vec::new")]
    items: Vec<&'a RawValue>,
}

/// Full objects, decoded into what `read` makes of them.
pub(crate) struct Objects<P> {
    pub kind: Kind,
    pub read: fn(&Kind, &[u8]) -> Result<P, serde_json::Error>,
}

impl<P: super::shelf::Item> Decode for Objects<P> {
    type Item = P;
    const ACCEPT: Accept = Accept::Json;
    const STREAMS: bool = true;

    fn line(&mut self, line: &[u8]) -> Result<Line<P>> {
        let raw: RawLine<'_> = serde_json::from_slice(line).map_err(|e| unreadable(&e))?;
        let object = raw.object.get();
        Ok(match &*raw.verb {
            "BOOKMARK" | "DELETED" => {
                let object: RawObject<'_> = serde_json::from_str(object).map_err(|e| unreadable(&e))?;
                if &*raw.verb == "BOOKMARK" {
                    return Ok(bookmark(&object.metadata));
                }
                let meta = object.metadata.keep();
                Line::Remove { uid: meta.uid, resource_version: meta.resource_version }
            }
            "ERROR" => {
                let status: RawStatus<'_> = serde_json::from_str(object).map_err(|e| unreadable(&e))?;
                Line::Failed(status.problem())
            }
            _ => match (self.read)(&self.kind, object.as_bytes()) {
                Ok(item) => Line::Put(item),
                Err(error) => Line::Unreadable(error.to_string()),
            },
        })
    }

    fn page(&mut self, body: &[u8]) -> Result<Page<P>> {
        let raw: RawList<'_> = serde_json::from_slice(body).map_err(|e| unreadable(&e))?;
        let mut page = Page {
            items: Vec::with_capacity(raw.items.len()),
            resource_version: raw.metadata.resource_version.to_string(),
            next: raw.metadata.continue_.to_string(),
            unreadable: (0, String::new()),
        };
        for object in raw.items {
            match (self.read)(&self.kind, object.get().as_bytes()) {
                Ok(item) => page.items.push(item),
                Err(error) => page.unreadable = (page.unreadable.0 + 1, error.to_string()),
            }
        }
        Ok(page)
    }
}

/// The token of the next page, when the list's metadata stands before its items as it does in all
/// but custom resources' lists. Lets the next page travel while this one is decoded.
pub(crate) fn peek_continue(body: &[u8]) -> Option<String> {
    let head = &body[..body.len().min(4096)];
    let head =
        std::str::from_utf8(head).unwrap_or_else(|e| std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default());
    let end = ["\"items\"", "\"rows\"", "\"columnDefinitions\""].iter().filter_map(|k| head.find(k)).min()?;
    let start = head[..end].find("\"continue\":\"")? + "\"continue\":\"".len();
    let token = head[start..end].split('"').next()?;
    (!token.is_empty() && !token.contains('\\')).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::peek_continue;

    #[test]
    fn the_next_page_is_seen_early_and_never_guessed() {
        let typed = br#"{"kind":"PodList","metadata":{"resourceVersion":"5","continue":"abc"},"items":[{}]}"#;
        assert_eq!(peek_continue(typed).as_deref(), Some("abc"));
        let custom = br#"{"apiVersion":"v1","items":[{"continue":"no"}],"metadata":{"continue":"abc"}}"#;
        assert_eq!(peek_continue(custom), None);
        assert_eq!(peek_continue(br#"{"metadata":{"continue":""},"items":[]}"#), None);
    }
}
