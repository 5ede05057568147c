//! Three-way merge of objects: what one began with, what one made of it, and what it has become meanwhile.

use super::diff::{name_of, named, path_text, shown};
use serde_json::{Map, Value};

/// A place that both changed, each in another way.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MergeConflict {
    /// e.g. `spec.replicas`
    pub path: String,
    pub base: Option<String>,
    pub mine: Option<String>,
    pub theirs: Option<String>,
}

/// The result of a three-way merge.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// At a conflict it holds the preferred side.
    pub value: Value,
    pub conflicts: Vec<MergeConflict>,
    /// Places that only the others changed.
    pub theirs: Vec<String>,
}

/// Which side a conflict is decided for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    Mine,
    Theirs,
}

/// Merges. Lists whose items have names (containers, env, ports) merge by name; others are one value.
pub fn merge(base: &Value, mine: &Value, theirs: &Value, prefer: Prefer) -> Merged {
    let mut m = Merger { prefer, path: Vec::new(), conflicts: Vec::new(), theirs: Vec::new() };
    let value = m.value(Some(base), Some(mine), Some(theirs)).unwrap_or(Value::Null);
    Merged { value, conflicts: m.conflicts, theirs: m.theirs }
}

struct Merger {
    prefer: Prefer,
    path: Vec<String>,
    conflicts: Vec<MergeConflict>,
    theirs: Vec<String>,
}

impl Merger {
    fn value(&mut self, base: Option<&Value>, mine: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
        if mine == theirs || base == theirs {
            return mine.cloned();
        }
        if base == mine {
            self.theirs.push(path_text(&self.path));
            return theirs.cloned();
        }
        let empty = Map::new();
        match (base, mine, theirs) {
            (None | Some(Value::Object(_)), Some(Value::Object(m)), Some(Value::Object(t))) => {
                let b = base.and_then(Value::as_object).unwrap_or(&empty);
                let mut merged = Map::new();
                for key in m.keys().chain(t.keys().filter(|k| !m.contains_key(*k))) {
                    self.path.push(key.clone());
                    if let Some(value) = self.value(b.get(key), m.get(key), t.get(key)) {
                        merged.insert(key.clone(), value);
                    }
                    self.path.pop();
                }
                Some(Value::Object(merged))
            }
            (Some(Value::Array(b)), Some(Value::Array(m)), Some(Value::Array(t)))
                if (named(b) || b.is_empty()) && named(m) && named(t) =>
            {
                let find = |list: &'_ [Value], name: &str| list.iter().position(|v| name_of(v) == name);
                let mut merged = Vec::new();
                for item in m.iter().chain(t.iter().filter(|v| find(m, name_of(v)).is_none())) {
                    let name = name_of(item);
                    self.path.push(format!("[{name}]"));
                    let (b, m, t) =
                        (find(b, name).map(|i| &b[i]), find(m, name).map(|i| &m[i]), find(t, name).map(|i| &t[i]));
                    merged.extend(self.value(b, m, t));
                    self.path.pop();
                }
                Some(Value::Array(merged))
            }
            _ => {
                self.conflicts.push(MergeConflict {
                    path: path_text(&self.path),
                    base: base.map(shown),
                    mine: mine.map(shown),
                    theirs: theirs.map(shown),
                });
                match self.prefer {
                    Prefer::Mine => mine.cloned(),
                    Prefer::Theirs => theirs.cloned(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_at_different_places_merge_and_say_what_came_from_others() {
        let base = json!({"spec": {"replicas": 2, "containers": [{"name": "app", "image": "a:1"}, {"name": "log", "image": "l:1"}]}});
        let mine = json!({"spec": {"replicas": 3, "containers": [{"name": "app", "image": "a:1"}, {"name": "log", "image": "l:2"}]}});
        let theirs = json!({"spec": {"replicas": 2, "paused": true, "containers": [{"name": "app", "image": "a:9"}, {"name": "log", "image": "l:1"}]}});
        let merged = merge(&base, &mine, &theirs, Prefer::Mine);
        assert!(merged.conflicts.is_empty(), "{:?}", merged.conflicts);
        assert_eq!(merged.theirs, ["spec.containers[app]", "spec.paused"]);
        assert_eq!(
            merged.value,
            json!({"spec": {"replicas": 3, "paused": true, "containers": [{"name": "app", "image": "a:9"}, {"name": "log", "image": "l:2"}]}})
        );
    }

    #[test]
    fn a_place_that_both_changed_is_a_conflict_and_nobody_wins_in_silence() {
        let (base, mine, theirs) = (json!({"a": 1, "b": 1}), json!({"a": 2}), json!({"a": 3, "b": 4}));
        let merged = merge(&base, &mine, &theirs, Prefer::Mine);
        let paths: Vec<&str> = merged.conflicts.iter().map(|c| c.path.as_str()).collect();
        assert_eq!(paths, ["a", "b"]);
        assert_eq!(merged.conflicts[1].mine, None, "removed by me, changed by them");
        assert_eq!(merged.value, json!({"a": 2}));
        assert_eq!(merge(&base, &mine, &theirs, Prefer::Theirs).value, json!({"a": 3, "b": 4}));
    }
}
