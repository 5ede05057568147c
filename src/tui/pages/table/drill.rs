//! Where Enter and the neighbours of an object lead.

use super::state::Table;
use crate::keymap::Verb;
use crate::state::{Answer, Ask, Cx, Order, Place, Subject};
use quarterdeck_core::resources::{Level, ObjectRef, Scope};
use serde_json::Value;

/// The pods that a workload or service selects, as a label selector; `None` when it selects none.
fn selector(object: &Value) -> Option<String> {
    let spec = object.get("spec")?;
    let selector = spec.get("selector").or_else(|| spec.pointer("/jobTemplate/spec/selector"))?;
    let labels = selector.get("matchLabels").unwrap_or(selector);
    let mut terms: Vec<String> =
        labels.as_object()?.iter().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = expression.get("key")?.as_str()?;
        let values: Vec<&str> =
            expression.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        terms.push(match expression.get("operator")?.as_str()? {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!terms.is_empty()).then(|| terms.join(","))
}

impl Table {
    /// Enter: into what the object contains, else its description.
    pub(super) fn open_current(&mut self, cx: &mut Cx<'_>) {
        let Some(object) = self.current() else { return };
        match (object.kind.group.as_str(), object.kind.plural.as_str()) {
            ("", "namespaces") => {
                cx.order(Order::SetScope(Scope::one(&object.name)));
                cx.go(Place::about("table", Subject::Name("pods".into())));
            }
            ("apps", "deployments" | "statefulsets" | "daemonsets" | "replicasets")
            | ("batch", "jobs")
            | ("", "services" | "replicationcontrollers") => cx.ask(Ask::Object(object)),
            ("batch", "cronjobs") => {
                let place = Place::about("table", Subject::Name("jobs".into()))
                    .with("namespace", &*object.namespace)
                    .with("filter", &*object.name);
                cx.go(place);
            }
            ("", "nodes") => {
                let place = Place::about("table", Subject::Name("pods".into()))
                    .with("fields", format!("spec.nodeName={}", object.name));
                cx.go(place);
            }
            ("apiextensions.k8s.io", "customresourcedefinitions") => {
                cx.go(Place::about("table", Subject::Name(object.name.to_string())));
            }
            ("cert-manager.io", "certificates") => cx.go(Place::object("certificate", object)),
            _ => cx.go(Place::object("describe", object)),
        }
    }

    /// The page of a verb for the object under the cursor.
    pub(super) fn show(&mut self, verb: Verb, cx: &mut Cx<'_>) {
        let Some(object) = self.current() else { return };
        cx.go(match verb {
            Verb::EditExternal => Place::object("edit", object).with("with", "editor"),
            Verb::LogsPrevious => Place::object("logs", object).with("previous", "true"),
            verb => Place::object(verb.name(), object),
        });
    }

    pub(super) fn owner(&mut self, cx: &mut Cx<'_>) {
        let Some(row) = self.cursor.current() else { return };
        let owner = row.meta.owners.iter().find(|o| o.controller).or_else(|| row.meta.owners.first());
        let Some(owner) = owner else {
            cx.say(Level::Off, "nothing owns this object");
            return;
        };
        let Some(kind) = cx.kinds.of_object(&owner.api_version, &owner.kind) else {
            cx.say(Level::Warn, format!("owned by {} {}, of a kind that the server does not offer", owner.kind, owner.name));
            return;
        };
        let namespace = if kind.namespaced { &*row.meta.namespace } else { "" };
        let object = ObjectRef { uid: owner.uid.clone(), ..ObjectRef::new(kind.clone(), namespace, &owner.name) };
        cx.go(Place::object("describe", object));
    }

    /// The pods that it selects, or all that names it as owner.
    pub(super) fn children(&mut self, cx: &mut Cx<'_>) {
        if let Some(object) = self.current() {
            cx.ask(Ask::Object(object));
        }
    }

    /// The answer to an ask for the object: on to its pods.
    pub(super) fn drilled(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        let Answer::Object(object, result) = answer else { return };
        match result {
            Ok(value) => match selector(&value) {
                Some(labels) => {
                    let place = Place::about("table", Subject::Name("pods".into()))
                        .with("labels", labels)
                        .with("namespace", &*object.namespace);
                    cx.go(place);
                }
                None => {
                    cx.say(Level::Off, "it selects no pods");
                    cx.go(Place::object("describe", object));
                }
            },
            Err(problem) => cx.tell(&problem),
        }
    }

    /// The same kind in this row's namespace only; from there to all.
    pub(super) fn warp(&mut self, cx: &mut Cx<'_>) {
        let Some(row) = self.cursor.current() else { return };
        if row.meta.namespace.is_empty() {
            cx.say(Level::Off, "this kind has no namespaces");
        } else {
            let scope = Scope::one(&row.meta.namespace);
            cx.order(Order::SetScope(scope));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_selector_of_workloads_and_services_is_read() {
        let deployment = json!({"spec": {"selector": {"matchLabels": {"app": "api"},
            "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}}});
        assert_eq!(selector(&deployment).unwrap(), "app=api,tier in (a,b)");
        assert_eq!(selector(&json!({"spec": {"selector": {"app": "api"}}})).unwrap(), "app=api");
        assert_eq!(selector(&json!({"spec": {}})), None);
    }
}
