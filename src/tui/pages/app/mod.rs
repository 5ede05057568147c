//! An app: where it comes from, its workloads, what blocks it, what it needs.

mod state;

pub use state::{AppStory, workload};

/// The page.
pub type AppPage = crate::pages::detail::Detail<AppStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
