//! All actions, in the order in which menus show them.

use super::action::Action;
use super::cert::{answer, clear_stuck, recreate_secret, renew, retry, set_issuer, temporary};
use super::{
    annotate, argocd, backup, delete, drain, edit, flux, label, refresh_secret, rerun, restart, rollback, scale,
    set_image, toggle, trigger,
};

static ALL: &[&dyn Action] = &[
    &edit::Edit,
    &scale::Scale,
    &restart::Restart,
    &rollback::RolloutUndo,
    &set_image::SetImage,
    &toggle::PAUSE,
    &trigger::Trigger,
    &rerun::Rerun,
    &toggle::SUSPEND,
    &toggle::RESUME,
    &toggle::CORDON,
    &toggle::UNCORDON,
    &drain::Drain,
    &backup::Backup,
    &argocd::Sync,
    &argocd::REFRESH,
    &argocd::HARD_REFRESH,
    &argocd::Terminate,
    &argocd::Rollback,
    &argocd::SuspendAutoSync,
    &argocd::ResumeAutoSync,
    &flux::Reconcile,
    &flux::ReconcileWithSource,
    &flux::Suspend,
    &flux::Resume,
    &refresh_secret::RefreshSecret,
    &renew::Renew,
    &retry::Retry,
    &clear_stuck::ClearStuck,
    &answer::APPROVE,
    &answer::DENY,
    &set_issuer::SetIssuer,
    &temporary::Temporary,
    &recreate_secret::RecreateSecret,
    &label::Label,
    &annotate::Annotate,
    &delete::Delete,
];

/// All actions.
pub fn all() -> &'static [&'static dyn Action] {
    ALL
}

/// The action of this name, in capitals or not.
pub fn find(name: &str) -> Option<&'static dyn Action> {
    ALL.iter().copied().find(|a| a.name().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn every_action_can_be_named_and_says_what_it_does() {
        let mut names: Vec<&str> = all().iter().map(|a| a.name()).collect();
        assert!(all().iter().all(|a| a.help().ends_with('.') && !a.title().is_empty()));
        assert!(all().iter().flat_map(|a| a.args()).all(|arg| !arg.help.is_empty()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len(), "names are unique");
    }
}
