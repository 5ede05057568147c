//! Something wrong, told once for all faces: a stable code, the object, why, the evidence and the
//! next step, the dictionary that turns conditions and error texts into plain words, and the
//! grouping for the home page. What is wrong is found out in `certificates`, `routes`, `platform`,
//! `tenants` and `resources`; here are the words for it.

pub mod acme;
pub mod cause;
pub mod cert_manager;
pub mod codes;
pub mod condition;
pub mod dns01;
pub mod finding;
pub mod gitops;
pub mod group;
pub mod pods;
pub mod reasons;

pub use cause::Cause;
pub use codes::{Code, Topic};
pub use condition::{Condition, Conditions};
pub use finding::{Evidence, Finding};
pub use group::Group;
