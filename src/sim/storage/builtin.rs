//! The built-in kinds, from the table `schema/builtin.kinds`.

use std::sync::Arc;

use super::kinds::{KindInfo, ScalePaths};
use crate::schema::{Schema, Shape, root_type};

/// Every built-in kind in every served version.
pub(super) fn kinds() -> impl Iterator<Item = KindInfo> {
    include_str!("../schema/builtin.kinds").lines().filter_map(kind)
}

fn kind(line: &str) -> Option<KindInfo> {
    let mut words = line.split_whitespace();
    let group = words.next().filter(|g| *g != "-").unwrap_or_default().to_owned();
    let (version, plural, singular, kind) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let marks: Vec<&str> = words.collect();
    let list = |prefix: &str| -> Vec<String> {
        let found = marks.iter().find_map(|m| m.strip_prefix(prefix));
        found.map(|v| v.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let subresources = list("sub=");
    let scale = subresources.iter().any(|s| s == "scale").then(|| ScalePaths {
        spec: ".spec.replicas".into(),
        status: ".status.replicas".into(),
        selector: None,
    });
    let schema = root_type(&group, version, kind).map(|name| Arc::new(Schema::of(Shape::Ref(name.to_owned()))));
    // Events are the same objects in both of their groups.
    let storage = if plural == "events" { "events".to_owned() } else { crate::status::qualified(&group, plural) };
    Some(KindInfo {
        version: version.to_owned(),
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        kind: kind.to_owned(),
        short_names: list("short="),
        categories: list("in="),
        namespaced: marks.contains(&"namespaced"),
        generation: marks.contains(&"generation"),
        virtual_only: marks.contains(&"virtual"),
        subresources,
        scale,
        schema,
        storage,
        group,
        ..KindInfo::default()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_stored_kind_has_a_type() {
        for kind in super::kinds() {
            assert!(kind.schema.is_some(), "{} has none", kind.kind);
        }
    }
}
