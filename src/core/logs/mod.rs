//! Logs of one or many containers as one buffer: followed, resumed after a cut, filtered, saved.
//! Nothing is ever dropped in silence: where lines are missing, a gap says so. The HTTP call
//! itself is `cluster`'s; how a line is drawn is the screen's.

pub mod buffer;
pub mod follow;
pub mod view;

pub use buffer::{Entry, LogBuffer, LogLine};
pub use follow::{LogFollower, LogOptions, LogTarget};
pub use view::{LogFilter, LogView};
