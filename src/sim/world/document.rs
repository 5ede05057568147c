//! World files: multi-document YAML of Kubernetes objects, with these additions.
//!
//! - `sim:` at the top of an object holds hints for the builder and is removed:
//!   `age: 41m`, `pods: {state: crashloop, restarts: 14}`, `certificate: {…}`.
//! - `template: NAME`, `params: {x: default}`, `objects: […]` declares a template;
//!   `use: NAME` with `with: {…}` or `each: [{…}, …]` stamps it out. `${x}` in any
//!   text is replaced; a text that is nothing but `${x}` takes the value's type.
//! - `if: ${x}` at the top of an object drops it when the value is empty or false.
//! - `helm: {…}` and `event: {…}` documents stand for a release and an event.
//! - Offsets such as `-41m` in `metadata` and `status` are moments relative to now.

use super::load::WorldError;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// One object to be completed, or a pseudo document (`helm`, `event`).
#[derive(Debug, Clone)]
pub struct Document {
    /// The object without its hints.
    pub object: Value,
    /// What stood under `sim:`.
    pub hints: Value,
}

#[derive(Clone)]
struct Template {
    params: Map<String, Value>,
    objects: Vec<Value>,
}

/// All documents of some world files, templates stamped out, in file order.
pub fn expand(files: &[(&str, &str)]) -> Result<Vec<Document>, WorldError> {
    let mut templates = HashMap::new();
    let mut out = Vec::new();
    for (file, text) in files {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text)
            .map_err(|e| WorldError::Syntax { file: (*file).to_owned(), problem: e.to_string() })?;
        for document in documents.into_iter().filter(|d| !d.is_null()) {
            take(document, &mut templates, &mut out)
                .map_err(|problem| WorldError::Content { file: (*file).to_owned(), problem })?;
        }
    }
    Ok(out)
}

fn take(mut document: Value, templates: &mut HashMap<String, Template>, out: &mut Vec<Document>) -> Result<(), String> {
    if let Some(name) = document["template"].as_str() {
        let objects =
            document["objects"].as_array().cloned().ok_or_else(|| format!("template {name} has no objects"))?;
        let params = document["params"].as_object().cloned().unwrap_or_default();
        templates.insert(name.to_owned(), Template { params, objects });
        return Ok(());
    }
    if let Some(name) = document["use"].as_str() {
        let template = templates.get(name).cloned().ok_or_else(|| format!("no template {name}"))?;
        let with = document["with"].as_object().cloned().unwrap_or_default();
        let each = match document["each"].as_array() {
            Some(each) => each.clone(),
            None => vec![Value::Object(Map::new())],
        };
        for item in each {
            let mut given = with.clone();
            given.extend(item.as_object().cloned().unwrap_or_default());
            let variables = variables(&template, given).map_err(|e| format!("template {name}: {e}"))?;
            for object in &template.objects {
                let mut object = object.clone();
                substitute(&mut object, &variables).map_err(|e| format!("template {name}: {e}"))?;
                take(object, templates, out)?;
            }
        }
        return Ok(());
    }
    let Some(map) = document.as_object_mut() else { return Err(format!("not an object: {document}")) };
    if map.shift_remove("if").is_some_and(|c| c.is_null() || c == false || c == "") {
        return Ok(());
    }
    let hints = map.shift_remove("sim").unwrap_or(Value::Null);
    let pseudo = map.contains_key("helm") || map.contains_key("event");
    if !pseudo && (document["kind"].as_str().is_none() || document["metadata"]["name"].as_str().is_none()) {
        return Err(format!("an object without kind or name: {document}"));
    }
    out.push(Document { object: document, hints });
    Ok(())
}

/// Given values over defaults; defaults may use the values given.
fn variables(template: &Template, given: Map<String, Value>) -> Result<Map<String, Value>, String> {
    if let Some(unknown) = given.keys().find(|k| !template.params.contains_key(*k)) {
        return Err(format!("unknown parameter {unknown}"));
    }
    let mut variables = given;
    for (key, default) in &template.params {
        if !variables.contains_key(key) {
            let mut value = default.clone();
            substitute(&mut value, &variables)?;
            variables.insert(key.clone(), value);
        }
    }
    Ok(variables)
}

fn substitute(value: &mut Value, variables: &Map<String, Value>) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains("${") => {
            if let Some(name) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'))
                && !name.contains("${")
            {
                *value = lookup(name, variables)?.clone();
                return Ok(());
            }
            *text = fill(text, variables)?;
        }
        Value::Array(items) => items.iter_mut().try_for_each(|v| substitute(v, variables))?,
        Value::Object(map) => {
            if map.keys().any(|k| k.contains("${")) {
                let old = std::mem::take(map);
                for (key, v) in old {
                    map.insert(fill(&key, variables)?, v);
                }
            }
            map.values_mut().try_for_each(|v| substitute(v, variables))?;
        }
        _ => {}
    }
    Ok(())
}

fn lookup<'a>(name: &str, variables: &'a Map<String, Value>) -> Result<&'a Value, String> {
    variables.get(name).ok_or_else(|| format!("no parameter {name}"))
}

fn fill(text: &str, variables: &Map<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').ok_or_else(|| format!("unclosed ${{ in {text}"))?;
        out.push_str(before);
        match lookup(name, variables)? {
            Value::String(s) => out.push_str(s),
            other => out.push_str(&other.to_string()),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_stamped_out_with_types_defaults_and_conditions() {
        let text = "
template: app
params: {name: x, replicas: 1, host: '${name}.example.org', extra: false}
objects:
- {kind: A, metadata: {name: 'a-${name}'}, spec: {replicas: '${replicas}', host: '${host}'}, sim: {age: 2d}}
- {if: '${extra}', kind: B, metadata: {name: '${name}'}}
---
use: app
with: {replicas: 3}
each: [{name: one}, {name: two, extra: true}]
";
        let documents = expand(&[("t", text)]).unwrap();
        assert_eq!(documents.len(), 3);
        assert_eq!(documents[0].object["spec"], serde_json::json!({"replicas": 3, "host": "one.example.org"}));
        assert_eq!(documents[0].hints["age"], "2d");
        assert!(documents[0].object["sim"].is_null());
        assert_eq!(documents[2].object, serde_json::json!({"kind": "B", "metadata": {"name": "two"}}));
    }

    #[test]
    fn mistakes_name_the_file_and_the_place() {
        let problem = |text: &str| expand(&[("w.yaml", text)]).unwrap_err().to_string();
        assert!(problem("{use: nothing}").contains("w.yaml"));
        assert!(problem("{kind: A}").contains("without kind or name"));
        assert!(
            problem("template: t\nparams: {}\nobjects: [{kind: '${x}', metadata: {name: a}}]\n---\nuse: t\n")
                .contains("no parameter x")
        );
    }
}
