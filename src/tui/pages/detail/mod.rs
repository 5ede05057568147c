//! What the pages about one thing have in common (a certificate, an app, a tenant, a route): the
//! verdict with its next step first, then the parts it hangs on, the first broken one pointed at.
//! Each part leads to its object. What is told is each page's [`Story`].

mod state;
pub mod view;

pub use state::{Detail, Item, Story, Told};
