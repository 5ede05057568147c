//! quarterdeck-core: everything Quarterdeck knows and does, without a screen.
//!
//! Both faces of `qd` (the screen and the command line) and other programs use this library
//! through [`session::Session`]. No terminal crate is in its tree; a Kubernetes client is used
//! in [`cluster`] only. Everything that depends on the time takes a [`clock::Clock`].

pub mod actions;
pub mod ask;
pub mod certificates;
pub mod clock;
pub mod cluster;
pub mod drafts;
pub mod event;
pub mod findings;
pub mod forwards;
pub mod guards;
pub mod handover;
pub mod intern;
pub mod journal;
pub mod link;
pub mod logs;
pub mod memory;
pub mod overview;
pub mod platform;
pub mod probe;
pub mod problem;
pub mod resources;
pub mod routes;
pub mod session;
pub mod store;
pub mod tenants;
pub mod text;
pub mod usage;
pub(crate) mod wipe;

pub use problem::{Problem, ProblemKind, Result};

/// Text that many rows share (namespaces, nodes, images, reasons). Cheap to clone.
pub type Str = std::sync::Arc<str>;
