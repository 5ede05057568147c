//! An app: why it is not ready, its workloads with their pods, where it comes from, what it needs and who needs it, how it
//! is reached, what is declared and what runs, and what was done to it.

mod open;
mod parts;
mod state;

pub use open::{browse, opened};
pub use parts::workload;
pub use state::AppStory;

/// The page.
pub type AppPage = crate::pages::detail::Detail<AppStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
