//! The shape of a value.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

/// How the items of a list are told apart when it is merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ListKind {
    /// Replaced as a whole.
    #[default]
    Atomic,
    /// Items are scalars, each at most once.
    Set,
    /// Items are objects, told apart by these fields.
    Map(Vec<String>),
}

/// What a value looks like.
#[derive(Debug, Clone, Default)]
pub enum Shape {
    /// Anything at all.
    #[default]
    Any,
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A whole number or text, as ports and percentages are.
    IntOrString,
    /// An amount such as `100Mi`, or a number.
    Quantity,
    /// Known fields.
    Struct {
        /// By name.
        fields: BTreeMap<String, Field>,
        /// Keep fields that are not listed.
        open: bool,
        /// Replaced as a whole by server-side apply.
        atomic: bool,
    },
    /// Any keys, values of one type.
    Map {
        /// The type of the values.
        values: Arc<Schema>,
        /// Replaced as a whole by server-side apply.
        atomic: bool,
    },
    /// Items of one type.
    List {
        /// The type of the items.
        items: Arc<Schema>,
        /// How they are told apart.
        kind: ListKind,
    },
    /// A named built-in type.
    Ref(String),
}

/// A field of a struct.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// The type of its value.
    pub schema: Arc<Schema>,
    /// Whether it must be there.
    pub required: bool,
    /// Key by which a strategic merge patch tells list items apart.
    pub merge_key: Option<String>,
    /// A strategic merge patch merges the list, instead of replacing it.
    pub merge: bool,
    /// A strategic merge patch drops the keys it does not name (unions such as volumes).
    pub retain_keys: bool,
}

/// A type.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// What values look like.
    pub shape: Shape,
    /// Refinement for readers of the API description: `date-time`, `int32`, `byte`.
    pub format: Option<&'static str>,
    /// Null is a value too.
    pub nullable: bool,
    /// Filled in when the field is missing.
    pub default: Option<Value>,
    /// A whole object with its own apiVersion, kind and metadata.
    pub embedded: bool,
    /// The OpenAPI schema of a CRD that this was made from; only at its root.
    pub source: Option<Value>,
}

impl Schema {
    /// A type of this shape and nothing else.
    pub fn of(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// Follows a name to the type it stands for.
    pub fn resolve(&self) -> &Schema {
        match &self.shape {
            Shape::Ref(name) => super::named(name).unwrap_or(self),
            _ => self,
        }
    }

    /// A struct's field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        match &self.resolve().shape {
            Shape::Struct { fields, .. } => fields.get(name),
            _ => None,
        }
    }

    /// The type of `name` inside this type: a struct's field or a map's values.
    pub fn child(&self, name: &str) -> Option<&Schema> {
        match &self.resolve().shape {
            Shape::Struct { fields, .. } => fields.get(name).map(|f| f.schema.resolve()),
            Shape::Map { values, .. } => Some(values.resolve()),
            _ => None,
        }
    }

    /// The type of a list's items.
    pub fn items(&self) -> Option<&Schema> {
        match &self.resolve().shape {
            Shape::List { items, .. } => Some(items.resolve()),
            _ => None,
        }
    }
}
