//! From the OpenAPI schema of a CRD to the shape that merging works with.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::{
    schema::{Field, ListKind, Schema, Shape},
    storage::KindInfo,
};

/// The OpenAPI schema of a custom kind, if its CRD has one.
pub(crate) fn source(kind: &KindInfo) -> Option<&Value> {
    if kind.custom { kind.schema.as_ref()?.source.as_ref() } else { None }
}

/// The type of whole objects.
pub(crate) fn schema_of(open_api: &Value) -> Schema {
    let mut schema = convert(open_api);
    if let Shape::Struct { fields, .. } = &mut schema.shape {
        let field = |shape: Shape| Field { schema: Arc::new(Schema::of(shape)), ..Field::default() };
        fields.insert("apiVersion".into(), field(Shape::String));
        fields.insert("kind".into(), field(Shape::String));
        fields.insert("metadata".into(), field(Shape::Ref("meta.v1.ObjectMeta".into())));
    }
    schema.source = Some(open_api.clone());
    schema
}

fn convert(source: &Value) -> Schema {
    let flag = |key: &str| source[key].as_bool() == Some(true);
    let open = flag("x-kubernetes-preserve-unknown-fields");
    let shape = match source["type"].as_str().unwrap_or_default() {
        _ if flag("x-kubernetes-int-or-string") => Shape::IntOrString,
        "object" => object(source, open),
        "array" => array(source),
        "string" => Shape::String,
        "integer" => Shape::Integer,
        "number" => Shape::Number,
        "boolean" => Shape::Boolean,
        _ => Shape::Any,
    };
    let format = match source["format"].as_str() {
        Some("date-time") => Some("date-time"),
        Some("byte") => Some("byte"),
        Some("int32") => Some("int32"),
        Some("int64") => Some("int64"),
        _ => None,
    };
    Schema {
        shape,
        format,
        nullable: flag("nullable"),
        default: source.get("default").cloned(),
        embedded: flag("x-kubernetes-embedded-resource"),
        source: None,
    }
}

fn object(source: &Value, open: bool) -> Shape {
    let atomic = source["x-kubernetes-map-type"] == "atomic";
    if let Some(values) = source.get("additionalProperties").filter(|v| v.is_object()) {
        return Shape::Map { values: Arc::new(convert(values)), atomic };
    }
    let Some(properties) = source["properties"].as_object() else {
        return if open { Shape::Any } else { Shape::Struct { fields: BTreeMap::new(), open, atomic } };
    };
    let required: Vec<&str> = source["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let field = |(name, inner): (&String, &Value)| {
        let required = required.contains(&name.as_str());
        (name.clone(), Field { schema: Arc::new(convert(inner)), required, ..Field::default() })
    };
    Shape::Struct { fields: properties.iter().map(field).collect(), open, atomic }
}

fn array(source: &Value) -> Shape {
    let items = Arc::new(convert(&source["items"]));
    let kind = match source["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = source["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
            ListKind::Map(keys.filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => ListKind::Atomic,
    };
    Shape::List { items, kind }
}
