//! All actions, in the order in which menus show them.

use super::action::Action;

static ALL: &[&dyn Action] = &[];

/// All actions.
pub fn all() -> &'static [&'static dyn Action] {
    ALL
}

/// The action of this name.
pub fn find(name: &str) -> Option<&'static dyn Action> {
    ALL.iter().copied().find(|a| a.name() == name)
}
