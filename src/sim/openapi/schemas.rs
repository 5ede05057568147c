//! Types in OpenAPI's notation.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    crd,
    schema::{Field, ListKind, Schema, Shape, full_type_name, named, root_type},
    storage::KindInfo,
};

/// Where the types of one document live, and which of them are still to be described.
pub(super) struct Schemas {
    /// `#/components/schemas/` or `#/definitions/`.
    prefix: &'static str,
    wanted: BTreeSet<String>,
    done: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self { prefix, wanted: BTreeSet::new(), done: Map::new() }
    }

    /// A reference to a built-in type, which will be described.
    pub(super) fn reference(&mut self, short: &str) -> Value {
        self.wanted.insert(short.to_owned());
        json!({"$ref": format!("{}{}", self.prefix, full_type_name(short))})
    }

    /// Describes the objects of a kind and returns the name of the type.
    pub(super) fn object(&mut self, kind: &KindInfo) -> String {
        let identity = json!([{"group": kind.group, "kind": kind.kind, "version": kind.version}]);
        if !kind.custom {
            let Some(short) = root_type(&kind.group, &kind.version, &kind.kind) else { return String::new() };
            let name = full_type_name(short);
            if let Some(schema) = named(short) {
                let mut described = self.describe(schema);
                described["x-kubernetes-group-version-kind"] = identity;
                self.done.insert(name.clone(), described);
            }
            self.list(kind, &name, &format!("{name}List"));
            return name;
        }
        let mut domain: Vec<&str> = kind.group.split('.').collect();
        domain.reverse();
        let name = format!("{}.{}.{}", domain.join("."), kind.version, kind.kind);
        let mut described = crd::source(kind).cloned().unwrap_or_else(|| json!({"type": "object"}));
        let meta = self.reference("meta.v1.ObjectMeta");
        if described["properties"].is_object() {
            described["properties"]["metadata"] = json!({"allOf": [meta]});
            described["properties"]["apiVersion"] = json!({"type": "string"});
            described["properties"]["kind"] = json!({"type": "string"});
        }
        described["x-kubernetes-group-version-kind"] = identity;
        self.done.insert(name.clone(), described);
        self.list(kind, &name, &format!("{name}List"));
        name
    }

    fn list(&mut self, kind: &KindInfo, item: &str, name: &str) {
        if kind.virtual_only {
            return;
        }
        let meta = self.reference("meta.v1.ListMeta");
        let list = json!({
            "type": "object", "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": meta,
                "items": {"type": "array", "items": {"$ref": format!("{}{item}", self.prefix)}},
            },
            "x-kubernetes-group-version-kind": [{"group": kind.group, "kind": format!("{}List", kind.kind), "version": kind.version}],
        });
        self.done.insert(name.to_owned(), list);
    }

    /// Everything described, with all that it refers to.
    pub(super) fn finish(mut self) -> Value {
        while let Some(short) = self.wanted.pop_first() {
            let name = full_type_name(&short);
            if self.done.contains_key(&name) {
                continue;
            }
            if let Some(schema) = named(&short) {
                // Marked before it is described, for types that hold themselves.
                self.done.insert(name.clone(), Value::Null);
                let described = self.describe(schema);
                self.done.insert(name, described);
            }
        }
        self.done.sort_keys();
        Value::Object(self.done)
    }

    fn describe(&mut self, schema: &Schema) -> Value {
        match &schema.shape {
            Shape::Any => json!({"type": "object"}),
            Shape::String => plain("string", schema.format),
            Shape::Integer => plain("integer", schema.format),
            Shape::Number => plain("number", schema.format),
            Shape::Boolean => plain("boolean", None),
            Shape::IntOrString => {
                json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]})
            }
            Shape::Quantity => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            Shape::Ref(name) => self.reference(name),
            Shape::Map { values, .. } => json!({"type": "object", "additionalProperties": self.describe(values)}),
            Shape::List { items, kind } => {
                let mut list = json!({"type": "array", "items": self.describe(items)});
                match kind {
                    ListKind::Atomic => list["x-kubernetes-list-type"] = "atomic".into(),
                    ListKind::Set => list["x-kubernetes-list-type"] = "set".into(),
                    ListKind::Map(keys) => {
                        list["x-kubernetes-list-type"] = "map".into();
                        list["x-kubernetes-list-map-keys"] = json!(keys);
                    }
                }
                list
            }
            Shape::Struct { fields, atomic, .. } => {
                let properties: Map<String, Value> =
                    fields.iter().map(|(name, f)| (name.clone(), self.field(f))).collect();
                let required: Vec<&String> = fields.iter().filter(|(_, f)| f.required).map(|(name, _)| name).collect();
                let mut object = json!({"type": "object", "properties": properties});
                if !required.is_empty() {
                    object["required"] = json!(required);
                }
                if *atomic {
                    object["x-kubernetes-map-type"] = "atomic".into();
                }
                object
            }
        }
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut described = self.describe(&field.schema);
        let marked = field.merge || field.retain_keys || field.merge_key.is_some();
        if described.get("$ref").is_some() && marked {
            described = json!({"allOf": [described]});
        }
        if let Some(key) = &field.merge_key {
            described["x-kubernetes-patch-merge-key"] = key.clone().into();
        }
        let strategy = match (field.merge, field.retain_keys) {
            (true, true) => "merge,retainKeys",
            (true, false) => "merge",
            (false, true) => "retainKeys",
            (false, false) => return described,
        };
        described["x-kubernetes-patch-strategy"] = strategy.into();
        described
    }
}

fn plain(kind: &str, format: Option<&str>) -> Value {
    match format {
        Some(format) => json!({"type": kind, "format": format}),
        None => json!({"type": kind}),
    }
}
