//! What was done and what may be done: the journal, hand-over notes, guards and unlocks.

use super::front::*;
use crate::Result;
use crate::actions::Risk;
use crate::event::Event;
use crate::guards::GuardState;
use crate::journal::{Entry, ExportFormat, Record, export};
use std::time::Duration;

impl Session {
    /// What was done, the latest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.inner.journal.records().into_iter().rev().map(|r| r.entry).collect()
    }
    /// The journal for a hand-over.
    pub fn export_journal(&self, format: ExportFormat) -> String {
        match format {
            ExportFormat::Markdown => export::markdown(&self.journal()),
            ExportFormat::Json => export::json(&self.journal()),
        }
    }
    /// A note for whoever comes next: what was done since a moment, in these contexts (none: all).
    pub fn hand_over(&self, format: ExportFormat, since: Option<i64>, contexts: &[String]) -> String {
        let mut entries = self.journal();
        entries.retain(|e| e.at >= since.unwrap_or(i64::MIN));
        entries.retain(|e| contexts.is_empty() || contexts.contains(&e.context));
        match format {
            ExportFormat::Markdown => export::hand_over(&entries, since, self.clock().now()),
            ExportFormat::Json => export::json(&entries),
        }
    }

    /// How a context is guarded now.
    pub fn guard(&self, context: &str) -> GuardState {
        self.inner.guards.state(context, self.clock().now())
    }
    /// Lifts read-only for some minutes, for all programs of this user. The reason stands in the journal.
    ///
    /// # Errors
    /// When this context cannot be unlocked, or no reason is given.
    pub fn unlock(&self, context: &str, minutes: u32, reason: &str) -> Result<GuardState> {
        self.unlock_for(context, minutes, reason, false)
    }
    /// The same for this program alone.
    ///
    /// # Errors
    /// As [`Session::unlock`].
    pub fn unlock_alone(&self, context: &str, minutes: u32, reason: &str) -> Result<GuardState> {
        self.unlock_for(context, minutes, reason, true)
    }
    pub(super) fn unlock_for(&self, context: &str, minutes: u32, reason: &str, alone: bool) -> Result<GuardState> {
        let before = self.guard(context);
        let who = (self.user(context), self.clock().now());
        let state = self.inner.guards.unlock(context, minutes, reason, (&who.0, who.1), alone)?;
        if state != before {
            let title = format!("Unlock {context} for {minutes} min");
            self.note(context, "unlock", title, Vec::new(), reason, "unlocked");
            self.guard_changed(context);
            let (session, context) = (self.clone(), context.to_owned());
            self.inner.runtime.spawn(async move {
                tokio::time::sleep(Duration::from_secs(u64::from(minutes) * 60)).await;
                session.guard_changed(&context);
            });
        }
        Ok(state)
    }
    /// Ends an unlock before its time.
    pub fn lock(&self, context: &str) -> GuardState {
        self.inner.guards.lock(context, self.clock().now());
        self.guard_changed(context);
        self.guard(context)
    }
    /// Makes the client follow its guard, and tells.
    pub(super) fn guard_changed(&self, context: &str) {
        if let Some(cluster) = self.inner.clusters.lock().get(context) {
            cluster.set_read_only(self.guard(context).read_only.is_some());
        }
        (self.inner.listener)(Event::GuardChanged { context: context.into() });
    }
    /// Who the journal says it was.
    pub(super) fn user(&self, context: &str) -> String {
        let own = || self.inner.kubeconfig.context(Some(context)).map(|c| c.user).unwrap_or_default();
        self.inner.options.impersonate_user.clone().unwrap_or_else(own)
    }
    /// Writes down something that needs no plan.
    pub(super) fn note(
        &self,
        context: &str,
        action: &str,
        title: String,
        objects: Vec<String>,
        reason: &str,
        outcome: &str,
    ) {
        let inner = &self.inner;
        let entry = Entry {
            id: inner.journal.new_id(self.clock(), &title),
            at: self.clock().now(),
            context: context.into(),
            user: self.user(context),
            action: action.into(),
            title,
            objects,
            risk: Risk::None,
            reason: crate::text::clean_line(reason.trim()).into_owned(),
            ok: true,
            outcome: outcome.into(),
            can_undo: false,
            undone_by: None,
            took: None,
            stages: Vec::new(),
        };
        inner.journal.keep(Record { entry, undo: Vec::new() }, &inner.listener);
    }
}
