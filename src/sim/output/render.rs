//! Single objects, lists and watch events as bytes. Objects that are wanted as
//! they are stored are copied, not parsed.

use bytes::{BufMut, Bytes, BytesMut};
use http::Response;
use serde_json::{Value, json};

use super::table;
use crate::{
    http_body::Body,
    server::{Context, Form, json_reply},
    storage::{Kind, Object, Store},
};

/// How much of an object a table row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    Metadata,
    /// All of it.
    Object,
}

/// Turns objects into bytes for one client.
pub(crate) struct Renderer {
    store: Store,
    extension: std::sync::Arc<dyn crate::hooks::Extension>,
    kind: Kind,
    form: Form,
    include: Include,
    /// Column definitions have been sent.
    headed: bool,
}

impl Renderer {
    /// As the request of `context` asked for.
    pub(crate) fn new(context: &Context) -> Self {
        let include = match context.query.get("includeObject") {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            _ => Include::Metadata,
        };
        let shared = &context.shared;
        Self {
            store: shared.store.clone(),
            extension: shared.extension.clone(),
            kind: context.kind.clone(),
            form: context.accept.form,
            include,
            headed: false,
        }
    }

    /// One object as a whole answer or as the `object` of an event.
    pub(crate) fn object(&mut self, object: &Object) -> Bytes {
        match self.form {
            Form::Object | Form::Discovery(_) => object.json_as(&self.kind),
            Form::Metadata => to_bytes(&partial(&object.value_as(&self.kind))),
            Form::Table => {
                let meta = json!({"resourceVersion": object.version.to_string()});
                self.table(&meta, std::iter::once(object))
            }
        }
    }

    /// One event line of a watch.
    pub(crate) fn event(&mut self, what: &str, object: &Object) -> Bytes {
        wrap(what, &self.object(object))
    }

    /// A bookmark; `end` marks the end of the initial events.
    pub(crate) fn bookmark(&mut self, version: u64, end: bool) -> Bytes {
        let mut meta = json!({"resourceVersion": version.to_string()});
        if end {
            meta["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let value = match self.form {
            Form::Object | Form::Discovery(_) => {
                json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": meta})
            }
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
            }
            Form::Table => {
                // The real server prints the bookmark as a row of an empty object.
                let cells = table::blank(&self.store, &*self.extension, &self.kind);
                let row_object = match self.include {
                    Include::None => Value::Null,
                    Include::Metadata => {
                        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
                    }
                    Include::Object => {
                        json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": meta})
                    }
                };
                let mut row = json!({"cells": cells});
                row["object"] = row_object;
                let definitions = self.definitions();
                json!({
                    "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": version.to_string()},
                    "columnDefinitions": definitions, "rows": [row],
                })
            }
        };
        wrap("BOOKMARK", &to_bytes(&value))
    }

    /// Column definitions the first time, null after.
    fn definitions(&mut self) -> Value {
        if std::mem::replace(&mut self.headed, true) {
            Value::Null
        } else {
            table::definitions(&*self.extension, &self.kind)
        }
    }

    fn table<'a>(&mut self, meta: &Value, objects: impl Iterator<Item = &'a Object>) -> Bytes {
        let definitions = self.definitions();
        let mut out = BytesMut::with_capacity(1024);
        out.put_slice(b"{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":");
        out.put_slice(&to_bytes(meta));
        out.put_slice(b",\"columnDefinitions\":");
        out.put_slice(&to_bytes(&definitions));
        out.put_slice(b",\"rows\":[");
        for (i, object) in objects.enumerate() {
            if i > 0 {
                out.put_u8(b',');
            }
            let value = object.value_as(&self.kind);
            let mut row = json!({"cells": table::cells(&self.store, &*self.extension, &self.kind, &value)});
            if let Some(conditions) = table::row_conditions(&self.kind, &value) {
                row["conditions"] = conditions;
            }
            row["object"] = match self.include {
                Include::None => Value::Null,
                Include::Metadata => partial(&value),
                Include::Object => value,
            };
            out.put_slice(&to_bytes(&row));
        }
        out.put_slice(b"]}");
        out.freeze()
    }
}

/// A whole answer with one object.
pub(crate) fn object(context: &Context, code: u16, object: &Object) -> Response<Body> {
    json_reply(code, Renderer::new(context).object(object))
}

/// A whole answer with a list; `meta` is the list's metadata.
pub(crate) fn list(context: &Context, meta: &Value, items: &[std::sync::Arc<Object>]) -> Bytes {
    let kind = &context.kind;
    let (list_kind, api_version) = match context.accept.form {
        Form::Table => return Renderer::new(context).table(meta, items.iter().map(AsRef::as_ref)),
        Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
        _ => (format!("{}List", kind.kind), kind.api_version()),
    };
    let size: usize = items.iter().map(|o| o.json().len() + 2).sum();
    let mut out = BytesMut::with_capacity(size + 256);
    let head = if kind.custom {
        format!("{{\"apiVersion\":\"{api_version}\",\"kind\":\"{list_kind}\",\"metadata\":{meta},\"items\":[")
    } else {
        format!("{{\"kind\":\"{list_kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":{meta},\"items\":[")
    };
    out.put_slice(head.as_bytes());
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.put_u8(b',');
        }
        if context.accept.form == Form::Metadata {
            out.put_slice(&to_bytes(&partial(&item.value_as(kind))));
        } else {
            let (brace, bytes) = item.item_json(kind);
            if brace {
                out.put_u8(b'{');
            }
            out.put_slice(&bytes);
        }
    }
    out.put_slice(b"]}");
    out.freeze()
}

fn partial(value: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]})
}

fn to_bytes(value: &Value) -> Bytes {
    serde_json::to_vec(value).expect("a JSON value serializes").into()
}

/// `{"type":…,"object":…}` and a newline; clients rely on that order.
fn wrap(what: &str, object: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(object.len() + 40);
    out.put_slice(b"{\"type\":\"");
    out.put_slice(what.as_bytes());
    out.put_slice(b"\",\"object\":");
    out.put_slice(object);
    out.put_slice(b"}\n");
    out.freeze()
}

/// The ERROR event of a watch.
pub(crate) fn error_event(error: &crate::status::ApiError) -> Bytes {
    wrap("ERROR", &to_bytes(&error.to_value()))
}
