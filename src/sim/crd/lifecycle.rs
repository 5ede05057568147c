//! What a CRD does to the kinds that are served.

use std::sync::Arc;

use crate::storage::{Inner, KindInfo, Object};

/// The storage of CRDs.
pub(crate) const STORAGE: &str = "customresourcedefinitions.apiextensions.k8s.io";

impl Inner {
    pub(crate) fn after_write(&mut self, _kind: &KindInfo, _previous: Option<&Arc<Object>>, _stored: &Arc<Object>) {}
    pub(crate) fn after_remove(&mut self, _kind: &KindInfo, _gone: &Arc<Object>) {}
    pub(crate) fn retire_crd(&mut self, _crd: &Arc<Object>) {}
}
