//! A status condition, as most Kubernetes kinds have them.

use crate::Str;
use crate::resources::meta::Lent;
use serde::{Deserialize, Deserializer};

/// One entry of `status.conditions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    #[serde(rename = "type", deserialize_with = "shared")]
    pub kind: Str,
    /// `True`, `False` or `Unknown`.
    #[serde(deserialize_with = "shared")]
    pub status: Str,
    #[serde(deserialize_with = "shared")]
    pub reason: Str,
    pub message: Str,
    /// Seconds since 1970.
    #[serde(rename = "lastTransitionTime", deserialize_with = "time")]
    pub since: Option<i64>,
}

/// All conditions of an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Conditions(#[serde(deserialize_with = "nullable")] pub Vec<Condition>);

impl Conditions {
    pub fn get(&self, kind: &str) -> Option<&Condition> {
        self.0.iter().find(|c| &*c.kind == kind)
    }
    /// Whether the condition is there and `True`.
    pub fn is(&self, kind: &str) -> bool {
        self.get(kind).is_some_and(|c| &*c.status == "True")
    }
    /// The condition if it is there and `False`.
    pub fn not(&self, kind: &str) -> Option<&Condition> {
        self.get(kind).filter(|c| &*c.status == "False")
    }
}

/// Reads a text that many objects have in common; all of them share one copy. `null` is an empty one.
pub fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Str, D::Error> {
    Ok(crate::intern::intern(&Lent::deserialize(deserializer)?))
}

/// Reads a time; what is none is none.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(crate::clock::parse_time))
}

/// Reads what may be `null` as its default: Go writes empty lists so.
pub fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
