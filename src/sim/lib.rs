//! `quarterdeck-sim`: a Kubernetes API server inside the process.
//!
//! The engine keeps objects as bytes of JSON ([`storage`]), answers the
//! Kubernetes HTTP API over a loopback socket ([`SimServer`]), and knows
//! nothing of the rest of Quarterdeck: the demo and the fast tests talk to it
//! through the very client path that talks to a real cluster.

mod apply;
pub mod auth;
pub mod clock;
pub mod container;
pub mod controllers;
mod crd;
mod defaults;
mod discovery;
pub mod exec;
pub mod extension;
pub mod faults;
pub mod forward;
pub mod hooks;
pub mod http_body;
pub mod logs;
mod openapi;
mod output;
pub mod patch;
pub mod rbac;
pub mod schema;
mod server;
pub mod shapes;
mod spdy;
pub mod status;
pub mod storage;
pub mod stories;
pub mod table;
mod validate;
pub mod value;
mod verbs;
mod watch;
pub mod websocket;
pub mod world;

pub use clock::Clock;
pub use extension::World;
pub use faults::{Fault, Faults, Target};
pub use hooks::{Attributes, Decision, Extension, FaultPlan, RequestFacts};
pub use server::{ServeOptions, SimServer};
pub use status::ApiError;
pub use storage::{KindInfo, Object, Store};
