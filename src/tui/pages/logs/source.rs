//! Which containers a logs page reads: those of a pod, or of all pods that a workload selects.

use crate::state::{Ask, Cx};
use quarterdeck_core::logs::LogTarget;
use quarterdeck_core::resources::{Kind, ObjectRef, Scope};
use quarterdeck_core::store::{TableHandle, TableRequest, TableView};
use serde_json::Value;
use std::collections::BTreeSet;

/// No more pods than this are read at once.
const MOST_PODS: usize = 20;

/// Finds the containers.
pub struct Source {
    pub object: ObjectRef,
    pods: Option<TableView>,
    asked: BTreeSet<String>,
    /// Pods that were found and not read, because there are too many.
    pub left_out: usize,
}

impl Source {
    pub fn new(object: ObjectRef, cx: &mut Cx<'_>) -> Self {
        cx.ask(Ask::Object(object.clone()));
        Self { object, pods: None, asked: BTreeSet::new(), left_out: 0 }
    }
    fn is_pod(&self) -> bool {
        self.object.kind.group.is_empty() && self.object.kind.kind == "Pod"
    }
    /// Takes an object that was asked for: a pod gives its containers; a workload says which pods to look for.
    pub fn take(&mut self, of: &ObjectRef, object: &Value, previous: bool, cx: &mut Cx<'_>) -> Result<Vec<LogTarget>, String> {
        if of.kind.kind == "Pod" {
            return Ok(containers(of, object, previous));
        }
        if self.is_pod() || self.pods.is_some() {
            return Ok(Vec::new());
        }
        let spec = &object["spec"];
        let selector = if self.object.kind.kind == "Service" { &spec["selector"] } else { &spec["selector"]["matchLabels"] };
        let selector = match selector.as_object() {
            Some(labels) if !labels.is_empty() => labels,
            _ => return Err(format!("{} selects no pods, so there are no logs", self.object)),
        };
        let pods = cx.kinds.get("", "pods").cloned().unwrap_or_else(|| Kind::of("", "v1", "Pod", "pods", true));
        let mut request = TableRequest::new(pods, self.object.namespace().map_or(Scope::All, Scope::one));
        let labels = selector.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or("")));
        request.labels = labels.collect::<Vec<_>>().join(",");
        let handle = cx.session.table(cx.context, request).map_err(|p| p.line())?;
        self.pods = Some(TableHandle::view(&handle));
        Ok(Vec::new())
    }
    /// Asks for pods that have come; whether any did.
    pub fn refresh(&mut self, cx: &mut Cx<'_>) {
        let Some(view) = &mut self.pods else { return };
        if !view.refresh() {
            return;
        }
        let kind = view.handle().request().kind.clone();
        let rows = view.window(0..view.len());
        self.left_out = rows.len().saturating_sub(MOST_PODS);
        for row in rows.into_iter().take(MOST_PODS) {
            if self.asked.insert(row.meta.uid.to_string()) {
                cx.ask(Ask::Object(ObjectRef::with_meta(kind.clone(), &row.meta)));
            }
        }
    }
}

/// The containers of a pod; those that have not run so far are left out unless none has.
fn containers(of: &ObjectRef, pod: &Value, previous: bool) -> Vec<LogTarget> {
    let status = |name: &Value| {
        ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
            .iter()
            .flat_map(|list| pod["status"][*list].as_array().into_iter().flatten())
            .find(|s| s["name"] == *name)
    };
    let ran = |name: &Value| {
        status(name).is_some_and(|s| {
            let restarted = s["restartCount"].as_i64().unwrap_or(0) > 0;
            if previous { restarted } else { restarted || s["state"]["waiting"].is_null() }
        })
    };
    let names = |list: &str| pod["spec"][list].as_array().into_iter().flatten().map(|c| &c["name"]).collect::<Vec<_>>();
    let main = names("containers");
    let mut chosen: Vec<&Value> = names("initContainers").into_iter().filter(|n| ran(n)).collect();
    chosen.extend(main.iter().filter(|n| ran(n)));
    chosen.extend(names("ephemeralContainers").into_iter().filter(|n| ran(n)));
    if chosen.is_empty() {
        chosen = main;
    }
    chosen
        .into_iter()
        .filter_map(Value::as_str)
        .map(|name| LogTarget { namespace: of.namespace.clone(), pod: of.name.clone(), container: name.into() })
        .collect()
}
