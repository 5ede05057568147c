//! Bodies in Kubernetes' protobuf, which kubectl sends for built-in kinds.
//! Answers are JSON always; clients read what the content type says.
//!
//! The wire says less than JSON: Go writes zero values of plain fields and of
//! pointers alike. What is left out as a zero here is what Go's JSON leaves out.

use std::{collections::HashMap, sync::LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{schema::root_type, status::ApiError};

/// Starts every body.
const MAGIC: &[u8] = b"k8s\0";

/// A message's fields by number: name and type.
type Message = HashMap<u64, (&'static str, &'static str)>;

/// Field numbers of all messages: message → number → name and type.
static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let mut messages = HashMap::new();
    let mut current = "";
    for line in include_str!("../schema/builtin.wire").lines() {
        if !line.starts_with(' ') {
            current = line.trim();
            messages.insert(current, HashMap::new());
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(number), Some(name), Some(kind)) = (words.next(), words.next(), words.next()) else { continue };
        if let (Ok(number), Some(message)) = (number.parse(), messages.get_mut(current)) {
            message.insert(number, (name, kind));
        }
    }
    messages
});

/// Zero is a wish in these, in all others it is nothing.
const MEANT_ZERO: [&str; 28] = [
    "replicas",
    "terminationGracePeriodSeconds",
    "gracePeriodSeconds",
    "deletionGracePeriodSeconds",
    "runAsUser",
    "runAsGroup",
    "fsGroup",
    "backoffLimit",
    "parallelism",
    "completions",
    "ttlSecondsAfterFinished",
    "partition",
    "revisionHistoryLimit",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "immutable",
    "suspend",
    "allowPrivilegeEscalation",
    "privileged",
    "readOnlyRootFilesystem",
    "runAsNonRoot",
    "optional",
    "controller",
    "blockOwnerDeletion",
    "orphanDependents",
    "allocateLoadBalancerNodePorts",
];

/// Structs that are nothing when they are empty.
const PLAIN_STRUCTS: [&str; 8] =
    ["status", "strategy", "updateStrategy", "resources", "metadata", "loadBalancer", "roleRef", "source"];

/// Decodes a body into JSON.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, ApiError> {
    let broken = || ApiError::bad_request("the body of the request could not be read as protobuf");
    let body = bytes.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, field) in fields(body).ok_or_else(broken)? {
        match (number, field) {
            (1, Wire::Bytes(meta)) => {
                for (number, field) in fields(meta).ok_or_else(broken)? {
                    if let Wire::Bytes(text) = field {
                        let text = String::from_utf8_lossy(text).into_owned();
                        if number == 1 { api_version = text } else { kind = text }
                    }
                }
            }
            (2, Wire::Bytes(inner)) => raw = inner,
            _ => {}
        }
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let options = matches!(kind.as_str(), "DeleteOptions").then_some("meta.v1.DeleteOptions");
    let name = options.or_else(|| root_type(group, version, &kind)).ok_or_else(|| {
        ApiError::bad_request(format!("no kind \"{kind}\" is registered for version \"{api_version}\""))
    })?;
    let mut value = message(name, raw).ok_or_else(broken)?;
    value.insert("apiVersion".into(), api_version.into());
    value.insert("kind".into(), kind.into());
    Ok(Value::Object(value))
}

enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}

fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Wire<'_>)>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let field = match tag & 7 {
            0 => Wire::Number(varint(&mut bytes)?),
            1 => Wire::Number(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Wire::Bytes(take(&mut bytes, length)?)
            }
            5 => Wire::Number(u64::from(u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?))),
            _ => return None,
        };
        out.push((tag >> 3, field));
    }
    Some(out)
}

fn message(name: &str, bytes: &[u8]) -> Option<Map<String, Value>> {
    let known = MESSAGES.get(name)?;
    let mut out = Map::new();
    for (number, field) in fields(bytes)? {
        // A field that is newer than the table.
        let Some((key, kind)) = known.get(&number).copied() else { continue };
        if key == "~" {
            if let Wire::Bytes(inner) = field {
                out.extend(message(kind, inner)?);
            }
            continue;
        }
        if let Some(items) = kind.strip_prefix('[').and_then(|k| k.strip_suffix(']')) {
            let item = single(items, &field)?;
            if let Value::Array(list) = out.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
                list.push(item);
            }
        } else if let Some(values) = kind.strip_prefix('{').and_then(|k| k.strip_suffix('}')) {
            let Wire::Bytes(entry) = field else { return None };
            let (mut name, mut value) = (String::new(), empty(values));
            for (number, part) in fields(entry)? {
                match (number, &part) {
                    (1, Wire::Bytes(text)) => name = String::from_utf8_lossy(text).into_owned(),
                    (2, _) => value = single(values, &part)?,
                    _ => {}
                }
            }
            if let Value::Object(map) = out.entry(key).or_insert_with(|| Value::Object(Map::new())) {
                map.insert(name, value);
            }
        } else {
            let value = single(kind, &field)?;
            if !nothing(key, &value) {
                out.insert(key.to_owned(), value);
            }
        }
    }
    Some(out)
}

fn empty(kind: &str) -> Value {
    match kind {
        "string" | "bytes" | "quantity" => Value::from(""),
        _ => Value::Null,
    }
}

fn nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(false) => !MEANT_ZERO.contains(&key),
        Value::Number(n) => n.as_f64() == Some(0.0) && !MEANT_ZERO.contains(&key),
        Value::Object(map) => map.is_empty() && PLAIN_STRUCTS.contains(&key),
        _ => false,
    }
}

fn single(kind: &str, field: &Wire<'_>) -> Option<Value> {
    Some(match (kind, field) {
        ("bool", Wire::Number(n)) => Value::Bool(*n != 0),
        ("double", Wire::Number(n)) => f64::from_bits(*n).into(),
        (_, Wire::Number(n)) => n.cast_signed().into(),
        ("string", Wire::Bytes(text)) => String::from_utf8_lossy(text).into_owned().into(),
        ("bytes", Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        ("quantity", Wire::Bytes(bytes)) => first_text(bytes)?.into(),
        ("raw", Wire::Bytes(bytes)) => serde_json::from_str(&first_text(bytes)?).unwrap_or(Value::Null),
        ("time", Wire::Bytes(bytes)) => time(bytes)?,
        ("int-or-string", Wire::Bytes(bytes)) => int_or_string(bytes)?,
        (name, Wire::Bytes(bytes)) => {
            let mut map = message(name, bytes)?;
            if name.ends_with(".ExtraValue") {
                map.shift_remove("items").unwrap_or(Value::Array(Vec::new()))
            } else {
                Value::Object(map)
            }
        }
    })
}

fn first_text(bytes: &[u8]) -> Option<String> {
    let text = fields(bytes)?.into_iter().find_map(|(number, field)| match field {
        Wire::Bytes(text) if number == 1 => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    });
    Some(text.unwrap_or_default())
}

fn numbers(bytes: &[u8]) -> Option<HashMap<u64, i64>> {
    let number = |(number, field): (u64, Wire<'_>)| match field {
        Wire::Number(n) => Some((number, n.cast_signed())),
        Wire::Bytes(_) => None,
    };
    Some(fields(bytes)?.into_iter().filter_map(number).collect())
}

fn time(bytes: &[u8]) -> Option<Value> {
    let parts = numbers(bytes)?;
    let Some(seconds) = parts.get(&1) else { return Some(Value::Null) };
    let nanos = i32::try_from(parts.get(&2).copied().unwrap_or(0)).ok()?;
    let at = Timestamp::new(*seconds, nanos).ok()?;
    let text = if nanos == 0 {
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    };
    Some(text.into())
}

fn int_or_string(bytes: &[u8]) -> Option<Value> {
    let parts = numbers(bytes)?;
    if parts.get(&1).copied().unwrap_or(0) == 0 {
        return Some(parts.get(&2).copied().unwrap_or(0).into());
    }
    let text = fields(bytes)?.into_iter().find_map(|(number, field)| match field {
        Wire::Bytes(text) if number == 3 => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    });
    Some(text.unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn part(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    #[test]
    fn a_config_map_as_kubectl_sends_it() {
        let meta = [part(1, b"c"), part(2, b""), part(8, &[])].concat();
        let entry = [part(1, b"k"), part(2, b"v")].concat();
        let raw = [part(1, &meta), part(2, &entry)].concat();
        let kind = [part(1, b"v1"), part(2, b"ConfigMap")].concat();
        let body = [MAGIC.to_vec(), part(1, &kind), part(2, &raw)].concat();
        let want = json!({"metadata": {"name": "c"}, "data": {"k": "v"}, "apiVersion": "v1", "kind": "ConfigMap"});
        assert_eq!(decode(&body).unwrap(), want);
        assert_eq!(decode(b"nonsense").unwrap_err().code, 400);
    }
}
