//! How answers are printed: aligned tables, JSON and YAML, problems on standard error, colours where a
//! terminal wants them. A closed pipe is no error. Nothing here asks a server anything.

pub mod data;
pub mod paint;
pub mod table;
pub mod write;

pub use data::{print_json, print_value};
pub use paint::Paint;
pub use table::Table;
pub use write::{line, print};
