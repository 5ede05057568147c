//! quarterdeck-tui: the screen of Quarterdeck.
//!
//! One direction: an input goes through `keymap` to `state::update`, which changes the state and
//! returns effects; `driver` carries them out and answers come back as inputs; `view` draws the
//! state, and `terminal` sends what changed. `plain` is the same without a screen.

#[cfg(test)]
mod board_journeys;
pub mod config_watch;
pub mod driver;
#[cfg(test)]
mod follow_journeys;
#[cfg(test)]
mod gitops_journeys;
#[cfg(test)]
mod handover_journeys;
#[cfg(test)]
mod journeys;
pub mod keymap;
pub mod options;
pub mod pages;
pub mod palette;
pub mod plain;
#[cfg(test)]
mod platform_journeys;
#[cfg(any(test, feature = "robot"))]
pub mod robot;
pub mod run;
pub mod sign_in;
pub mod signals;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod view;
pub mod widgets;

pub use options::TuiOptions;
pub use run::run;
