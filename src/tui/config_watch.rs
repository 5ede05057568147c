//! Tells when a file of the themes or keymaps folder changes. Watched by the system, not polled.

use crate::state::Input;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Editors write a file in several steps: it is read when they are through.
const SETTLED: Duration = Duration::from_millis(100);

/// Watches for as long as it lives.
pub struct ConfigWatch {
    watcher: RecommendedWatcher,
    dir: PathBuf,
    watched: Vec<PathBuf>,
}

impl ConfigWatch {
    /// Watches the configuration folder, if it is there. Must be called within a tokio runtime.
    pub fn new(dir: &Path, inputs: UnboundedSender<Input>) -> Option<Self> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let waiting = Arc::new(AtomicBool::new(false));
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let changed = event.is_ok_and(|e| e.kind.is_modify() || e.kind.is_create() || e.kind.is_remove());
            if changed && !waiting.swap(true, Ordering::SeqCst) {
                let (inputs, waiting) = (inputs.clone(), waiting.clone());
                runtime.spawn(async move {
                    tokio::time::sleep(SETTLED).await;
                    waiting.store(false, Ordering::SeqCst);
                    let _ = inputs.send(Input::ConfigChanged);
                });
            }
        })
        .ok()?;
        let mut watch = Self { watcher, dir: dir.to_owned(), watched: Vec::new() };
        watch.widen();
        (!watch.watched.is_empty()).then_some(watch)
    }

    /// Watches folders that have come since; those that went and came again, too, which are others under the same name.
    pub fn widen(&mut self) {
        for gone in self.watched.drain(..) {
            let _ = self.watcher.unwatch(&gone);
        }
        for folder in [self.dir.clone(), self.dir.join("themes"), self.dir.join("keymaps")] {
            if self.watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
                self.watched.push(folder);
            }
        }
    }
}
