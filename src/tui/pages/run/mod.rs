//! A run from its first call to the route that answers: one line a stage, what is stuck named. It goes on when the page
//! is left; `:runs` comes back to it.

mod state;
pub mod view;

pub use state::RunPage;
