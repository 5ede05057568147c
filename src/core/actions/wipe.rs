//! What of a plan holds values of Secrets: overwritten when it goes, and not told by what shows a plan for debugging.

use super::diff::{is_secret, mask_body};
use super::patch;
use super::plan::Effect;
use crate::wipe::{is_secret_path, wipe};
use serde_json::Value;
use std::fmt;

/// Every copy of an effect on a Secret is overwritten when it goes: plans are copied into pages, runs and the journal.
impl Drop for Effect {
    fn drop(&mut self) {
        if let Some(body) = self.body.as_mut().filter(|_| is_secret_path(&self.path)) {
            wipe(body);
        }
    }
}

/// Without the values of a Secret: this ends up in panics and logs.
impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.body.as_ref().filter(|_| is_secret_path(&self.path)).map(mask_body);
        f.debug_struct("Effect")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("body", &masked.as_ref().or(self.body.as_ref()))
            .finish()
    }
}

/// An object as the server has it, or a part of one. A Secret is overwritten when it goes.
#[derive(Clone, Default, PartialEq)]
pub struct Known {
    value: Value,
    secret: bool,
}

impl Known {
    /// A part of an object: whether it is one of a Secret is not seen in it.
    pub(crate) fn part(value: Value, secret: bool) -> Self {
        Self { value, secret }
    }
    /// As a merge patch would leave it.
    pub(crate) fn patched(&self, change: &Value) -> Self {
        let mut after = self.clone();
        patch::apply(&mut after.value, change);
        after
    }
}

impl From<Value> for Known {
    fn from(value: Value) -> Self {
        Self { secret: is_secret(&value), value }
    }
}

impl std::ops::Deref for Known {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.value
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        if self.secret {
            wipe(&mut self.value);
        }
    }
}

/// Without the values of a Secret, as an [`Effect`].
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secret {
            true => mask_body(&self.value).fmt(f),
            false => self.value.fmt(f),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::actions::action::Target;
    use crate::actions::plan::Step;
    use crate::cluster::Method;
    use crate::resources::{Kind, ObjectRef};
    use crate::wipe::body_of;
    use crate::wipe::testing::{alone, in_memory, marker, text_of};
    use serde_json::json;

    fn told(text: &str, reversed: &[u8]) -> bool {
        text.as_bytes().windows(reversed.len()).any(|w| w.iter().eq(reversed.iter().rev()))
    }

    #[test]
    fn nothing_of_a_secret_is_left_in_memory_when_its_undo_is_dropped() {
        let _alone = alone();
        let reversed = marker();
        let made = || {
            let mut data = Value::Null;
            data["tls.key"] = text_of(&reversed).into();
            // Long enough that a buffer would have to grow for it.
            let filler = "x".repeat(3000);
            let body = Some(json!({"kind": "Secret", "data": data, "filler": filler}));
            wipe(&mut data);
            Effect { method: Method::Post, path: "/api/v1/namespaces/a/secrets".into(), query: Vec::new(), body }
        };
        let effect = made();
        let copy = effect.clone();
        let sent = body_of(&copy.path, copy.body.as_ref());
        assert!(in_memory(&reversed) >= 3, "it is there as long as it is needed");
        assert!(!told(&format!("{effect:?}"), &reversed));
        let shown = serde_json::to_string(&mask_body(copy.body.as_ref().unwrap())).unwrap();
        assert!(shown.contains("(hidden)"), "{shown}");
        drop((effect, copy, sent));
        assert_eq!(in_memory(&reversed), 0, "and nowhere afterwards");
    }

    #[test]
    fn a_step_on_a_secret_shows_nothing_of_it_and_leaves_nothing_behind() {
        let _alone = alone();
        let reversed = marker();
        let kind = Kind::of("", "v1", "Secret", "secrets", true);
        let mut object = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"namespace": "a", "name": "s", "uid": "u", "creationTimestamp": "2026-11-20T03:00:00Z"},
            "data": {"password": ""}});
        object["data"]["password"] = text_of(&reversed).into();
        let mut target = Target { reference: ObjectRef::new(kind, "a", "s"), object };
        // An edit of the value, and a label, which has nothing to do with it.
        let edit = Step::patch_object(&target, &json!({"data": {"password": "bmV1"}}), "edit");
        let label = Step::patch_object(&target, &json!({"metadata": {"labels": {"a": "b"}}}), "label");
        wipe(&mut target.object);
        assert!(in_memory(&reversed) >= 3, "what was there, twice, and the way back");
        for step in [&edit, &label] {
            let shown = format!("{step:?}");
            assert!(shown.contains("(hidden)") && !told(&shown, &reversed), "its values are masked");
        }
        // The object has changed in other fields: the patch goes again, for that state.
        let mut now = edit.current.clone();
        now.value["metadata"]["resourceVersion"] = "2".into();
        let mut again = edit.clone();
        again.effect = crate::actions::send::again(&again, &now).expect("its fields are as they were");
        again.current = now;
        assert_eq!(again.effect.body.as_ref().unwrap()["metadata"]["resourceVersion"], "2");
        drop((edit, label, again));
        assert_eq!(in_memory(&reversed), 0, "nothing of it is left");
    }
}
