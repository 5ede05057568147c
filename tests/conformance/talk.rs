//! A talk with an API server: each step sends one request and writes down the answer in a form that two servers
//! can agree on, without the ids, times and versions that every server makes up for itself.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use quarterdeck_testing::http::{Client, Request};
use serde_json::{Map, Value, json};

/// One question and its answer, as it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What is tried, in words; names the step.
    pub step: String,
    /// Method and path.
    pub asked: String,
    /// Status code, and the body or the events that came.
    pub answer: Value,
}

/// A talk that is being recorded. `NS` in paths and bodies stands for the namespace that the talk has to itself.
pub struct Talk {
    client: Client,
    admin: Client,
    namespace: String,
    exchanges: Vec<Exchange>,
}

/// What of an answer is recorded.
#[derive(Debug, Clone, Copy)]
pub enum Keep<'a> {
    /// All of it, but `managedFields`.
    All,
    /// All of it, with `managedFields`.
    Fields,
    /// What these JSON pointers name; `*` stands for every element.
    Only(&'a [&'a str]),
}

/// How long an event may take before the watch counts as quiet. Only servers that owe us an event are waited for.
const PATIENCE: Duration = Duration::from_secs(20);

impl Talk {
    /// Starts a talk in a new namespace. The name has to be one that no other talk with this server uses.
    pub fn new(client: Client, namespace: &str) -> Talk {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let answer = client.send(&Request::new("POST", "/api/v1/namespaces").json(&body)).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
        let talk = Talk { admin: client.clone(), client, namespace: namespace.to_owned(), exchanges: Vec::new() };
        // Pods need it. Who has no controller that makes it gets it from us.
        let account = talk.placed(get("/api/v1/namespaces/NS/serviceaccounts/default"));
        let since = Instant::now();
        while talk.client.send(&account).is_ok_and(|answer| answer.status == 404) {
            if since.elapsed() > Duration::from_millis(500) {
                talk.quietly(post("/api/v1/namespaces/NS/serviceaccounts", json!({"metadata": {"name": "default"}})));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        talk
    }

    /// What was said.
    pub fn finish(self) -> Vec<Exchange> {
        self.exchanges
    }

    /// Goes on as the owner of this bearer token.
    pub fn become_bearer(&mut self, token: &str) {
        self.client = self.admin.with_token(token);
    }

    /// Goes on as the administrator.
    pub fn become_admin(&mut self) {
        self.client = self.admin.clone();
    }

    /// Asks, records the whole answer, and gives it as it came.
    pub fn ask(&mut self, step: &str, request: Request) -> Value {
        self.ask_for(step, request, Keep::All)
    }

    /// Asks, records a part of the answer, and gives all of it as it came.
    pub fn ask_for(&mut self, step: &str, request: Request, keep: Keep<'_>) -> Value {
        let asked = format!("{} {}", request.method, request.path);
        let answer = self.client.send(&self.placed(request)).unwrap_or_else(|e| panic!("{step}: {e}"));
        let raw = match answer.header("content-type") {
            Some(kind) if kind.contains("json") => answer.json(),
            _ => Value::String(answer.text()),
        };
        let mut body = raw.clone();
        prune(&mut body, &keep);
        if let Keep::Only(pointers) = keep {
            // A refusal is recorded whole: it shows why the step went another way.
            if answer.status < 400 {
                body = picked(&body, pointers);
            }
        }
        self.normalise(&mut body);
        let mut said = json!({ "status": answer.status, "body": body });
        if let Some(warning) = answer.header("warning") {
            said["warning"] = json!(warning);
        }
        self.record(step, asked, said);
        raw
    }

    /// Asks without recording, for what only prepares a step. The server must agree.
    pub fn quietly(&self, request: Request) -> Value {
        let asked = format!("{} {}", request.method, request.path);
        let answer = self.client.send(&self.placed(request)).unwrap_or_else(|e| panic!("{asked}: {e}"));
        assert!(answer.status < 400, "{asked}: {}", answer.text());
        answer.json()
    }

    /// Asks without recording what the server must refuse.
    pub fn refused(&self, request: Request) -> Value {
        let asked = format!("{} {}", request.method, request.path);
        let answer = self.client.send(&self.placed(request)).unwrap_or_else(|e| panic!("{asked}: {e}"));
        assert!(answer.status >= 400, "{asked}: {}", answer.text());
        answer.json()
    }

    /// Records an answer that was got quietly, because its request carried something the server made up.
    pub fn note(&mut self, step: &str, answer: &Value, keep: Keep<'_>) {
        let mut body = answer.clone();
        prune(&mut body, &keep);
        if let Keep::Only(pointers) = keep {
            body = picked(&body, pointers);
        }
        self.normalise(&mut body);
        self.record(step, String::new(), json!({ "body": body }));
    }

    /// Waits until an object is there and satisfies the condition.
    pub fn until(&self, what: &str, path: &str, mut done: impl FnMut(&Value) -> bool) {
        let since = Instant::now();
        loop {
            let answer = self.admin.send(&self.placed(Request::new("GET", path))).expect("an answer");
            if answer.status == 200 && done(&answer.json()) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {}", answer.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The status code of an answer, unrecorded.
    pub fn status(&self, request: Request) -> u16 {
        self.client.send(&self.placed(request)).map_or(0, |answer| answer.status)
    }

    /// Waits until a request is answered with this code: rights and tokens take effect a moment after they change.
    pub fn settle(&self, request: &Request, status: u16) {
        let since = Instant::now();
        while self.status(request.clone()) != status {
            assert!(since.elapsed() < PATIENCE, "{} is never answered with {status}", request.path);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until an object is gone.
    pub fn until_gone(&self, path: &str) {
        let since = Instant::now();
        while self.admin.send(&self.placed(Request::new("GET", path))).expect("an answer").status != 404 {
            assert!(since.elapsed() < PATIENCE, "{path} does not go");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a watch, lets `stir` change something, and records as many events as are wanted. When the head is not
    /// 200, the answer is recorded instead.
    pub fn watch(&mut self, step: &str, request: Request, wanted: usize, keep: Keep<'_>, stir: impl FnOnce(&Talk)) {
        let asked = format!("{} {}", request.method, request.path);
        let mut stream = self.client.open(&self.placed(request)).unwrap_or_else(|e| panic!("{step}: {e}"));
        stir(self);
        let mut events = Vec::new();
        while events.len() < wanted {
            match stream.event(PATIENCE) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    events.push(json!("nothing came"));
                    break;
                }
                Err(e) => panic!("{step}: {e}"),
            }
        }
        for event in &mut events {
            prune(event, &keep);
            if let Keep::Only(pointers) = keep {
                *event = picked(event, pointers);
            }
            self.normalise(event);
        }
        self.record(step, asked, json!({ "status": stream.status, "events": events }));
    }

    /// Watches from a version that the server gave, which the record cannot hold.
    pub fn watch_from(&mut self, step: &str, path: &str, version: &str, wanted: usize, keep: Keep<'_>) {
        self.watch(step, get(&format!("{path}&resourceVersion={version}")), wanted, keep, |_| {});
        if let Some(last) = self.exchanges.last_mut() {
            last.asked = format!("GET {path}");
        }
    }

    fn record(&mut self, step: &str, asked: String, mut answer: Value) {
        assert!(self.exchanges.iter().all(|e| e.step != step), "two steps are called {step}");
        sort(&mut answer);
        self.exchanges.push(Exchange { step: step.to_owned(), asked, answer });
    }

    fn placed(&self, mut request: Request) -> Request {
        let place = |text: &str| {
            text.replace("/NS", &format!("/{}", self.namespace)).replace("\"NS", &format!("\"{}", self.namespace))
        };
        request.path = place(&request.path);
        request.body = request.body.map(|body| place(&String::from_utf8_lossy(&body)).into_bytes());
        request
    }

    fn normalise(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                // How the server stores a kind is its own affair.
                map.shift_remove("storageVersionHash");
                for (key, value) in map.iter_mut() {
                    self.normalise(value);
                    rename(key, value);
                }
                settle_causes(map);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.normalise(item)),
            Value::String(text) => *text = neutral(&text.replace(&self.namespace, "NS")),
            _ => {}
        }
    }
}

/// `GET`.
pub fn get(path: &str) -> Request {
    Request::new("GET", path)
}

/// `POST` of a JSON body.
pub fn post(path: &str, body: Value) -> Request {
    Request::new("POST", path).json(&body)
}

/// `POST` of any body.
pub fn post_text(path: &str, kind: &str, body: &str) -> Request {
    Request::new("POST", path).body(kind, body)
}

/// `PUT` of a JSON body.
pub fn put(path: &str, body: Value) -> Request {
    Request::new("PUT", path).json(&body)
}

/// `DELETE`, with options in the body unless they are null.
pub fn delete(path: &str, options: Value) -> Request {
    let request = Request::new("DELETE", path);
    if options.is_null() { request } else { request.json(&options) }
}

/// `PATCH`: `kind` is `json`, `merge`, `strategic` or `apply`.
pub fn patch(kind: &str, path: &str, body: Value) -> Request {
    let kind = match kind {
        "json" => "application/json-patch+json",
        "merge" => "application/merge-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        _ => "application/apply-patch+yaml",
    };
    Request::new("PATCH", path).body(kind, body.to_string())
}

/// Asks for a table.
pub fn as_table(request: Request) -> Request {
    request.header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
}

/// Asks for metadata only; `list` chooses the list form.
pub fn as_metadata(request: Request, list: bool) -> Request {
    let kind = if list { "PartialObjectMetadataList" } else { "PartialObjectMetadata" };
    request.header("Accept", &format!("application/json;as={kind};v=v1;g=meta.k8s.io"))
}

/// The causes of a refusal come out of a map whose order changes from run to run, and the message repeats them.
fn settle_causes(status: &mut Map<String, Value>) {
    let Some(causes) = status.get_mut("details").and_then(|d| d.get_mut("causes")).and_then(Value::as_array_mut) else {
        return;
    };
    causes.sort_by_key(Value::to_string);
    // Some come twice.
    causes.dedup();
    if let (true, Some(Value::String(message))) = (causes.len() > 1, status.get_mut("message"))
        && let Some((start, _)) = message.split_once(": [")
    {
        *message = format!("{start}: <causes>");
    }
}

/// What a server makes up for itself, by the field it is in.
fn rename(key: &str, value: &mut Value) {
    let made_up = match key.rsplit('/').next().unwrap_or_default() {
        "resourceVersion" if value.as_str().is_some_and(|s| !s.is_empty()) => "<version>",
        "continue" if value.as_str().is_some_and(|s| !s.is_empty()) => "<continue>",
        "token" if value.is_string() => "<token>",
        "clusterIP" if value.as_str().is_some_and(|s| s.starts_with(|c: char| c.is_ascii_digit())) => "<ip>",
        "clusterIPs" => "<ips>",
        _ => return,
    };
    *value = Value::String(made_up.to_owned());
}

/// Replaces times, ages and ids in a text, wherever they stand.
pub fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at_word = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let found =
            if at_word { id(rest).map(|n| (n, "<id>")).or_else(|| time(rest).map(|n| (n, "<time>"))) } else { None };
        if let Some((length, word)) = found {
            out.push_str(word);
            rest = &rest[length..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    // A failed precondition tells the version of the record.
    if let Some((before, after)) = out.split_once("ResourceVersion in record (") {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{before}ResourceVersion in record (<version>{rest}");
    }
    // Restarts are printed as `7 (3m ago)`.
    if let Some((count, _)) = out.split_once(" (").filter(|_| out.ends_with(" ago)")) {
        return format!("{count} (<age> ago)");
    }
    if is_age(&out) { "<age>".to_owned() } else { out }
}

fn id(text: &str) -> Option<usize> {
    let form = text.get(..36)?;
    let fits = form.char_indices().all(|(at, c)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    });
    fits.then_some(36)
}

fn time(text: &str) -> Option<usize> {
    let form = text.get(..19)?;
    let fits = form.bytes().zip(*b"0000-00-00T00:00:00").all(|(c, like)| match like {
        b'0' => c.is_ascii_digit(),
        other => c == other,
    });
    let end = fits.then(|| text[19..].find('Z'))??;
    text[19..19 + end].bytes().all(|c| c == b'.' || c.is_ascii_digit()).then_some(19 + end + 1)
}

/// An age as tables print it: `0s`, `3m12s`, `4d`.
fn is_age(text: &str) -> bool {
    let units = text.bytes().filter(|c| c.is_ascii_alphabetic()).count();
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h', 'd', 'y'])
        && (1..=2).contains(&units)
        && text.bytes().all(|c| c.is_ascii_digit() || b"smhdy".contains(&c))
}

/// Takes away `managedFields` wherever they are, unless a part was chosen or they are the point.
fn prune(value: &mut Value, keep: &Keep<'_>) {
    if !matches!(keep, Keep::All) {
        return;
    }
    match value {
        Value::Object(map) => {
            map.shift_remove("managedFields");
            map.values_mut().for_each(|value| prune(value, keep));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prune(item, keep)),
        _ => {}
    }
}

/// Only what the pointers name.
fn picked(value: &Value, pointers: &[&str]) -> Value {
    let mut out = Map::new();
    for pointer in pointers {
        let parts: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
        out.insert((*pointer).to_owned(), pick(value, &parts));
    }
    Value::Object(out)
}

fn pick(value: &Value, parts: &[&str]) -> Value {
    match (parts.split_first(), value) {
        (None, _) => value.clone(),
        (Some((&"*", rest)), Value::Array(items)) => items.iter().map(|item| pick(item, rest)).collect(),
        // `name=web` is the element with that name, `metadata.name=web` the one with it in its metadata.
        (Some((part, rest)), Value::Array(items)) if part.contains('=') => {
            let (path, wanted) = part.split_once('=').unwrap_or_default();
            let pointer = format!("/{}", path.replace('.', "/"));
            let wanted = wanted.replace("~1", "/");
            let found = items.iter().find(|item| item.pointer(&pointer).and_then(Value::as_str) == Some(&wanted));
            found.map_or(Value::Null, |item| pick(item, rest))
        }
        (Some((part, rest)), Value::Array(items)) => {
            part.parse::<usize>().ok().and_then(|n| items.get(n)).map_or(Value::Null, |item| pick(item, rest))
        }
        (Some((part, rest)), Value::Object(map)) => {
            map.get(&part.replace("~1", "/")).map_or(Value::Null, |item| pick(item, rest))
        }
        _ => Value::Null,
    }
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.sort_keys();
            map.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_text_is_neutral_and_the_rest_is_kept() {
        let text = "uid 3f2b1c4d-0000-4abc-8def-0123456789ab at 2026-01-02T03:04:05Z, not 2026-01-02";
        assert_eq!(neutral(text), "uid <id> at <time>, not 2026-01-02");
        assert_eq!(neutral("2026-01-02T03:04:05.123456Z"), "<time>");
        assert_eq!(
            (neutral("5m3s").as_str(), neutral("0/1").as_str(), neutral("1s3").as_str()),
            ("<age>", "0/1", "1s3")
        );
    }

    #[test]
    fn a_star_picks_from_every_element() {
        let value = json!({"items": [{"a": 1}, {"a": 2}]});
        assert_eq!(picked(&value, &["/items/*/a"]), json!({"/items/*/a": [1, 2]}));
    }
}
