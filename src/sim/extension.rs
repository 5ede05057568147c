//! The world around the engine: rights from the store's Roles, the printer
//! columns, scripted containers, faults.

use crate::auth::User;
use crate::faults::Faults;
use crate::hooks::{Attributes, Column, Decision, Extension, FaultPlan, Pending, PodRequest, RequestFacts};
use crate::http_body::Body;
use crate::status::ApiError;
use crate::storage::{KindInfo, Store};
use crate::{exec, forward, logs, rbac, table};
use http::Response;
use serde_json::Value;

/// What a served world adds to the bare engine. Clones share their faults.
#[derive(Clone, Default)]
pub struct World {
    /// What goes wrong; none at first.
    pub faults: Faults,
}

impl Extension for World {
    fn authorize(&self, store: &Store, user: &User, wanted: &Attributes) -> Decision {
        rbac::authorize(store, user, wanted)
    }

    fn rules(&self, store: &Store, user: &User, namespace: &str) -> Value {
        rbac::rules(store, user, namespace)
    }

    fn columns(&self, kind: &KindInfo) -> Option<Vec<Column>> {
        let printer = table::printer(&kind.group, &kind.plural);
        let column = |c: &table::Column| {
            let definition = c.definition();
            Column {
                name: c.name.into(),
                kind: c.kind.into(),
                format: c.format.into(),
                description: crate::value::text(&definition, "description").into(),
                priority: c.priority as i32,
                json_path: None,
            }
        };
        Some(printer.columns.iter().map(column).collect())
    }

    fn cells(&self, store: &Store, kind: &KindInfo, object: &Value) -> Vec<Value> {
        (table::printer(&kind.group, &kind.plural).cells)(object, store.clock().now())
    }

    fn pod(&self, request: PodRequest) -> Pending<Result<Response<Body>, ApiError>> {
        Box::pin(async move {
            match request.subresource.as_str() {
                "log" => logs::answer(&request),
                "exec" | "attach" => exec::answer(request),
                "portforward" => forward::answer(request),
                other => Err(ApiError::internal(format!("no container runtime answers {other}"))),
            }
        })
    }

    fn fault(&self, request: &RequestFacts) -> FaultPlan {
        self.faults.plan(request)
    }
}
