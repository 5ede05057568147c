//! get and list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::options::list_query;
use crate::{
    output,
    server::{Context, Form, Reply, json_reply},
    status::{ApiError, Cause},
    storage::ObjectKey,
};

/// One object.
pub(crate) fn get(context: &Context) -> Reply {
    too_new(context)?;
    let object = context.store().get(&context.kind, context.namespace(), context.name())?;
    Ok(output::object(context, 200, &object))
}

/// Refuses a resourceVersion that has not happened yet.
fn too_new(context: &Context) -> Result<(), ApiError> {
    let Some(asked) = context.query.get("resourceVersion") else { return Ok(()) };
    let Ok(asked) = asked.parse::<u64>() else {
        let message = format!("Invalid value: \"{asked}\": strconv.ParseUint: parsing \"{asked}\": invalid syntax");
        return Err(ApiError::bad_request(format!("invalid resource version: resourceVersion: {message}")));
    };
    let current = context.store().version();
    if asked <= current {
        return Ok(());
    }
    let message = format!("Too large resource version: {asked}, current: {current}");
    let mut error = ApiError::new(504, "Timeout", message).with_detail("retryAfterSeconds", 1);
    error.set_causes(&[Cause {
        reason: "ResourceVersionTooLarge",
        message: "Too large resource version".into(),
        field: String::new(),
    }]);
    Err(error)
}

/// All objects, or a page of them.
pub(crate) fn list(context: &Context) -> Reply {
    let mut query = list_query(context)?;
    let asked = context.query.get("resourceVersion");
    let matching = context.query.get("resourceVersionMatch");
    let token = context.query.get("continue");
    check_list_options(context)?;
    let limit = context.query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(0);
    // From its cache, the real server answers whole.
    query.limit = if asked == Some("0") && token.is_none() && matching.is_none() { 0 } else { limit };
    let mut at = None;
    if let Some(token) = token {
        if asked.is_some_and(|v| v != "0") {
            return Err(ApiError::bad_request("specifying resource version is not allowed when using continue"));
        }
        let (version, after) = read_token(token).ok_or_else(|| {
            ApiError::bad_request(format!("invalid continue token: continue key is not valid: {}", complaint(token)))
        })?;
        query.after = Some(after);
        at = (version > 0).then_some(version);
    } else {
        too_new(context)?;
        if matching == Some("Exact") {
            at = asked.and_then(|v| v.parse().ok());
        }
    }
    let page = match at {
        None => context.store().list(&context.kind, &query),
        Some(version) => {
            context.store().list_at(&context.kind, &query, version).ok_or_else(|| too_old(&query.after))?
        }
    };
    let selective = !query.labels.is_empty() || !query.fields.is_empty();
    let mut meta = json!({"resourceVersion": page.version.to_string()});
    if context.kind.custom && context.accept.form == Form::Object {
        meta["continue"] = "".into();
    }
    if page.remaining > 0
        && let Some(last) = page.items.last()
    {
        meta["continue"] = token_for(page.version, &last.key()).into();
        if !selective {
            meta["remainingItemCount"] = page.remaining.into();
        }
    }
    Ok(json_reply(200, output::list(context, &meta, &page.items)))
}

/// What a list may not ask for, all of it in one refusal.
fn check_list_options(context: &Context) -> Result<(), ApiError> {
    let matching = context.query.get("resourceVersionMatch");
    let mut causes = Vec::new();
    let mut cause = |reason: &'static str, field: &str, message: &str| {
        causes.push(Cause { reason, message: message.to_owned(), field: field.to_owned() });
    };
    let field = "resourceVersionMatch";
    if matching.is_some() && context.query.get("resourceVersion").is_none() {
        let message = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
        cause("FieldValueForbidden", field, message);
    }
    if let Some(other) = matching.filter(|m| !matches!(*m, "Exact" | "NotOlderThan")) {
        let message = format!("Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
        cause("FieldValueNotSupported", field, &message);
    }
    if context.query.maybe_flag("sendInitialEvents").is_some() {
        let message = "Forbidden: sendInitialEvents is forbidden for list";
        cause("FieldValueForbidden", "sendInitialEvents", message);
    }
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid("meta.k8s.io", "ListOptions", "", causes)) }
}

/// 410, with a token that goes on from the same place in a newer state.
fn too_old(after: &Option<ObjectKey>) -> ApiError {
    let Some(after) = after else {
        return ApiError::new(410, "Expired", "The resourceVersion for the provided list is too old.");
    };
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
    let mut error = ApiError::new(410, "Expired", message);
    error.details = None;
    error.with_continue(token_for(0, after))
}

fn token_for(version: u64, after: &ObjectKey) -> String {
    let start = if after.0.is_empty() { format!("{}\u{0}", after.1) } else { format!("{}/{}\u{0}", after.0, after.1) };
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": version, "start": start}).to_string())
}

/// What the real server says of a token that is none.
fn complaint(token: &str) -> String {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return "illegal base64 data at input byte 0".into() };
    match bytes.first() {
        Some(b'{') => "incorrect encoded start field".into(),
        Some(byte) if byte.is_ascii_graphic() => {
            format!("invalid character '{}' looking for beginning of value", *byte as char)
        }
        Some(byte) => format!("invalid character '\\u{byte:04x}' looking for beginning of value"),
        None => "unexpected end of JSON input".into(),
    }
}

fn read_token(token: &str) -> Option<(u64, ObjectKey)> {
    let value: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let start = value["start"].as_str()?.trim_end_matches('\0');
    let (namespace, name) = start.split_once('/').unwrap_or(("", start));
    Some((value["rv"].as_u64()?, (namespace.to_owned(), name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_where_to_go_on() {
        let key = ("shop".to_owned(), "web-1".to_owned());
        assert_eq!(read_token(&token_for(7, &key)), Some((7, key)));
        assert_eq!(read_token("nonsense"), None);
    }
}
