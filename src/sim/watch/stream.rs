//! One watch. It reads the log of changes at its own pace; nothing is queued for it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, header};
use tokio::{sync::watch, time::Instant};

use crate::{
    http_body,
    output::{Renderer, error_event},
    server::{Context, Reply, json_reply},
    status::{ApiError, Cause},
    storage::{Change, ChangeKind, Kind, ListQuery, LogRead, Object, Store},
    verbs::list_query,
};

/// How often an idle watch is told the present version, when it allows bookmarks.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long a watch lives when the client does not say; the real server picks 30 to 60 minutes.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(45 * 60);
/// How many bytes of events go out in one piece.
const CHUNK: usize = 64 * 1024;

/// Starts a watch as the query asks.
pub(crate) fn start(context: &Context) -> Reply {
    let query = list_query(context)?;
    let asked = context.query.get("resourceVersion");
    let initial = context.query.maybe_flag("sendInitialEvents");
    let bookmarks = context.query.flag("allowWatchBookmarks");
    check_options(context, initial)?;
    let version = match asked {
        None | Some("0") => 0,
        Some(text) => text.parse().map_err(|_| {
            // An error without a reason, as the real server lets it through.
            let why = format!("strconv.ParseUint: parsing \"{text}\": invalid syntax");
            ApiError::new(500, "", format!("resourceVersion: Invalid value: \"{text}\": {why}"))
        })?,
    };
    let store = context.store().clone();
    let wake = store.wake(&context.kind);
    let mut watch = Watch {
        renderer: Renderer::new(context),
        kind: context.kind.clone(),
        query,
        wake,
        position: version,
        initial: VecDeque::new(),
        end_mark: false,
        bookmarks,
        next_bookmark: Instant::now() + BOOKMARK_EVERY,
        deadline: Instant::now() + timeout(context),
        ended: false,
        store,
    };
    // Without a version, or when asked to, the present state comes first.
    let wants_state = initial.unwrap_or(version == 0);
    if wants_state || version == 0 {
        let page = watch.store.list(&watch.kind, &watch.query);
        watch.position = page.version;
        if wants_state {
            watch.initial = page.items.into();
            watch.end_mark = initial == Some(true) && bookmarks;
        }
    }
    let chunks = futures::stream::unfold(watch, |mut watch| async move {
        let chunk = watch.next().await?;
        Some((Ok::<_, std::io::Error>(chunk), watch))
    });
    let mut response = json_reply(200, Bytes::new()).map(|_| http_body::stream(chunks));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn check_options(context: &Context, initial: Option<bool>) -> Result<(), ApiError> {
    let matching = context.query.get("resourceVersionMatch");
    let refuse = |field: &str, text: &str| {
        let cause =
            Cause { reason: "FieldValueForbidden", message: format!("Forbidden: {text}"), field: field.to_owned() };
        Err(ApiError::invalid("meta.k8s.io", "ListOptions", "", vec![cause]))
    };
    match (initial, matching) {
        (Some(_), None) => {
            refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }
        (Some(_), Some("NotOlderThan")) | (None, None) => Ok(()),
        (Some(_), Some(_)) => {
            refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }
        (None, Some(_)) => refuse(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
    }
}

fn timeout(context: &Context) -> Duration {
    let asked = context.query.get("timeoutSeconds").and_then(|t| t.parse().ok()).filter(|t| *t > 0);
    asked.map_or(DEFAULT_TIMEOUT, Duration::from_secs)
}

struct Watch {
    store: Store,
    renderer: Renderer,
    kind: Kind,
    query: ListQuery,
    wake: watch::Receiver<u64>,
    /// Everything up to this version has been sent.
    position: u64,
    initial: VecDeque<Arc<Object>>,
    /// The end of the initial events is still to be marked.
    end_mark: bool,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
    ended: bool,
}

impl Watch {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.initial.is_empty() {
            return Some(self.some_initial());
        }
        if std::mem::take(&mut self.end_mark) {
            return Some(self.renderer.bookmark(self.position, true));
        }
        loop {
            // Seen now, so that a change during the read below wakes us again.
            self.wake.borrow_and_update();
            match self.store.changes_since(&self.kind, self.position) {
                LogRead::Expired(_) if self.ended => return None,
                LogRead::Expired(oldest) => {
                    self.ended = true;
                    return Some(error_event(&ApiError::expired(self.position, oldest)));
                }
                LogRead::Changes(changes) => {
                    let events = self.render(&changes);
                    if !events.is_empty() {
                        return Some(events);
                    }
                }
            }
            // Only now, so that the last changes of a kind that goes are told.
            if self.ended {
                return None;
            }
            let next = if self.bookmarks { self.deadline.min(self.next_bookmark) } else { self.deadline };
            tokio::select! {
                changed = self.wake.changed() => {
                    // Closed: the kind is no longer served.
                    self.ended = changed.is_err();
                }
                () = tokio::time::sleep_until(next) => {
                    if Instant::now() >= self.deadline {
                        return None;
                    }
                    self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
                    self.position = self.position.max(self.quiet_version());
                    return Some(self.renderer.bookmark(self.position, false));
                }
            }
        }
    }

    /// The newest version up to which nothing has happened to this kind.
    fn quiet_version(&self) -> u64 {
        let newest = self.store.version();
        match self.store.changes_since(&self.kind, self.position) {
            LogRead::Changes(changes) if changes.is_empty() => newest,
            _ => self.position,
        }
    }

    fn some_initial(&mut self) -> Bytes {
        let mut out = BytesMut::with_capacity(CHUNK + 8192);
        while out.len() < CHUNK {
            let Some(object) = self.initial.pop_front() else { break };
            out.extend_from_slice(&self.renderer.event("ADDED", &object));
        }
        out.freeze()
    }

    fn render(&mut self, changes: &[Arc<Change>]) -> Bytes {
        let mut out = BytesMut::new();
        for change in changes {
            self.position = change.version;
            if let Some((what, object)) = self.seen(change) {
                out.extend_from_slice(&self.renderer.event(what, &object));
            }
            if out.len() >= CHUNK {
                break;
            }
        }
        out.freeze()
    }

    /// What the change is to somebody who sees only what the selectors let through.
    fn seen(&self, change: &Change) -> Option<(&'static str, Arc<Object>)> {
        let shown = |object: &Object| {
            let here = !self.kind.namespaced || self.query.namespace.as_ref().is_none_or(|n| *n == object.namespace);
            here && self.query.labels.matches(object) && self.query.fields.matches(object)
        };
        let now = change.kind != ChangeKind::Deleted && shown(&change.object);
        let before = change.previous.as_ref().is_some_and(|p| shown(p));
        match (before, now) {
            (false, true) => Some(("ADDED", change.object.clone())),
            (true, true) => Some(("MODIFIED", change.object.clone())),
            (true, false) => {
                // What left the selection is shown as it was, with the version of the change.
                let gone =
                    if change.kind == ChangeKind::Deleted { change.object.clone() } else { self.last_seen(change) };
                Some(("DELETED", gone))
            }
            (false, false) => None,
        }
    }

    fn last_seen(&self, change: &Change) -> Arc<Object> {
        let Some(previous) = &change.previous else { return change.object.clone() };
        let mut value = previous.value();
        value["metadata"]["resourceVersion"] = change.version.to_string().into();
        Arc::new(Object::new(&self.kind, change.version, &value))
    }
}
