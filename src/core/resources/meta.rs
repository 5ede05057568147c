//! Reads an object's metadata out of JSON: what [`Meta`] keeps, and nothing else is stored.

use super::{Meta, Owner};
use crate::Str;
use crate::clock::parse_time;
use crate::intern::{bounded, intern};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Metadata as it stands in the JSON, borrowed from it where that is possible.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RawMeta<'a> {
    #[serde(borrow)]
    pub uid: Lent<'a>,
    #[serde(borrow)]
    pub namespace: Lent<'a>,
    #[serde(borrow)]
    pub name: Lent<'a>,
    #[serde(borrow)]
    pub resource_version: Lent<'a>,
    #[serde(borrow)]
    creation_timestamp: Lent<'a>,
    #[serde(borrow)]
    deletion_timestamp: Lent<'a>,
    #[serde(borrow)]
    labels: Pairs<'a>,
    #[serde(borrow)]
    pub annotations: Pairs<'a>,
    #[serde(borrow)]
    owner_references: Option<Vec<RawOwner<'a>>>,
    #[serde(borrow)]
    managed_fields: LastWrite<'a>,
    /// Of lists: the token of the next page.
    #[serde(borrow, rename = "continue")]
    pub continue_: Lent<'a>,
}

/// Text that may be null.
#[derive(Default, Clone, PartialEq)]
pub(crate) struct Lent<'a>(pub Cow<'a, str>);

impl std::ops::Deref for Lent<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Lent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Lent<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or null")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Lent(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Lent(Cow::Owned(v.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Lent::default())
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// A map from text to text; values that are no text are left out.
#[derive(Default)]
pub(crate) struct Pairs<'a>(pub Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Pairs::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<Lent<'de>, Lent<'de>>()? {
                    pairs.push((key.0, value.0));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// The latest `time` in managedFields: when something last wrote the object. Kubernetes writes all
/// of them in UTC with the same precision, so the texts sort as the times do.
#[derive(Default)]
struct LastWrite<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for LastWrite<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Entry<'a> {
            #[serde(borrow, default)]
            time: Lent<'a>,
        }
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = LastWrite<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("managedFields")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(LastWrite(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut last: Option<Cow<'de, str>> = None;
                while let Some(entry) = seq.next_element::<Entry<'de>>()? {
                    if !entry.time.is_empty() && last.as_deref().is_none_or(|l| *entry.time > *l) {
                        last = Some(entry.time.0);
                    }
                }
                Ok(LastWrite(last))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(LastWrite(None))
            }
        }
        deserializer.deserialize_any(V)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawOwner<'a> {
    #[serde(borrow)]
    api_version: Lent<'a>,
    #[serde(borrow)]
    kind: Lent<'a>,
    #[serde(borrow)]
    name: Lent<'a>,
    #[serde(borrow)]
    uid: Lent<'a>,
    controller: Option<bool>,
}

type Sets<T> = Mutex<Option<(FxHashMap<u64, Arc<[T]>>, usize)>>;
static LABEL_SETS: Sets<(Str, Str)> = Mutex::new(None);
static OWNER_SETS: Sets<Owner> = Mutex::new(None);

/// The shared copy of a set: the pods of a ReplicaSet have the same labels and the same owner.
fn shared<T: PartialEq + std::hash::Hash>(sets: &Sets<T>, items: Vec<T>) -> Arc<[T]> {
    use std::hash::BuildHasher;
    let hash = rustc_hash::FxBuildHasher.hash_one(&items);
    let mut guard = sets.lock();
    let (known, sweep_at) = guard.get_or_insert_with(|| (FxHashMap::default(), 4096));
    if let Some(set) = known.get(&hash)
        && **set == items[..]
    {
        return set.clone();
    }
    if known.len() >= *sweep_at {
        known.retain(|_, set| Arc::strong_count(set) > 1);
        *sweep_at = (known.len() * 2).max(4096);
    }
    let set: Arc<[T]> = items.into();
    known.insert(hash, set.clone());
    set
}

impl RawMeta<'_> {
    /// What is kept. Text is cleaned and cut; what repeats is shared.
    pub(crate) fn keep(&self) -> Meta {
        let mut labels: Vec<(Str, Str)> = self.labels.0.iter().map(|(k, v)| (intern(k), intern(v))).collect();
        labels.sort_unstable();
        let owners = self.owner_references.iter().flatten().map(|o| Owner {
            api_version: intern(&o.api_version),
            kind: intern(&o.kind),
            name: intern(&o.name),
            uid: intern(&o.uid),
            controller: o.controller.unwrap_or_default(),
        });
        let created = parse_time(&self.creation_timestamp);
        let namespace = intern(&self.namespace);
        let name: Str = (&*bounded(&self.name)).into();
        // Some aggregated kinds (metrics) have no UID: there the name is all the identity there is.
        let uid =
            if self.uid.is_empty() { format!("{namespace}/{name}").into() } else { (&*bounded(&self.uid)).into() };
        Meta {
            uid,
            namespace,
            name,
            resource_version: (&*bounded(&self.resource_version)).into(),
            created,
            deleting: parse_time(&self.deletion_timestamp),
            labels: shared(&LABEL_SETS, labels),
            owners: shared(&OWNER_SETS, owners.collect()),
            changed: self.managed_fields.0.as_deref().and_then(parse_time).or(created),
        }
    }
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(RawMeta::deserialize(deserializer)?.keep())
    }
}

/// Metadata with its annotations, for projections that read some: `metadata: Head`.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub meta: Meta,
    /// In the object's order; values are cleaned and cut as all text is.
    pub annotations: Vec<(Str, Str)>,
}

impl Head {
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }
}

/// The end of the annotation's name in which kubectl and Argo CD keep the whole object as they applied it last.
pub(crate) const LAST_APPLIED: &str = "/last-applied-configuration";

impl Head {
    pub(crate) fn of(raw: &RawMeta<'_>) -> Self {
        let kept = raw.annotations.0.iter().filter(|(k, _)| !k.ends_with(LAST_APPLIED));
        let annotations = kept.map(|(k, v)| (intern(k), (&*bounded(v)).into())).collect();
        Self { meta: raw.keep(), annotations }
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(&RawMeta::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"name":"api-1","namespace":"client-acme","uid":"u1","resourceVersion":"7",
        "creationTimestamp":"2026-11-20T00:00:00Z","labels":{"b":"2","a":"1"},
        "annotations":{"x":"y","kubectl.kubernetes.io/last-applied-configuration":"{}"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"api","uid":"r1","controller":true}],
        "managedFields":[{"time":"2026-11-20T01:00:00Z","fieldsV1":{"f:a":{}}},{"time":"2026-11-20T02:00:00Z"}]}"#;

    #[test]
    fn metadata_keeps_what_rows_need() {
        let head: Head = serde_json::from_str(OBJECT).unwrap();
        let meta = &head.meta;
        assert_eq!((&*meta.name, &*meta.namespace, &*meta.uid), ("api-1", "client-acme", "u1"));
        assert_eq!(meta.label("a"), Some("1"));
        assert_eq!(meta.changed.unwrap() - meta.created.unwrap(), 7200, "the last writer's time");
        assert_eq!(&*meta.owners[0].name, "api");
        assert_eq!(head.annotation("x"), Some("y"));
        assert_eq!(head.annotations.len(), 1, "a copy of the object is not kept");
        let again: Meta = serde_json::from_str(OBJECT).unwrap();
        assert!(Arc::ptr_eq(&again.labels, &meta.labels) && Arc::ptr_eq(&again.owners, &meta.owners));
    }

    #[test]
    fn nulls_and_hostile_names_are_borne() {
        let meta: Meta =
            serde_json::from_str("{\"name\":\"a\\u001b[2J\",\"creationTimestamp\":null,\"labels\":null}").unwrap();
        assert_eq!((&*meta.name, meta.created, &*meta.uid), ("a\u{fffd}[2J", None, "/a\u{fffd}[2J"));
    }
}
