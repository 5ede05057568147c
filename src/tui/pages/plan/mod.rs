//! An action from its questions to its end: the form, the plan, the confirmation, the run. Nothing is
//! changed before the plan was on the screen and confirmed.

mod form;
mod state;
pub mod view;

pub use state::PlanPage;
