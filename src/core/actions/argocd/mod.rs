//! Argo CD by Kubernetes rights alone: what its own server does to an Application when somebody asks it to
//! refresh, sync, terminate or roll back, done to the object itself. No login, no Argo CD account; whoever
//! may patch `applications.argoproj.io` may do it. ApplicationSets have no verbs of their own.

pub(crate) mod application;
mod auto_sync;
mod operation;
mod refresh;
mod rollback;
mod sync;
mod terminate;

pub use auto_sync::{ResumeAutoSync, SuspendAutoSync};
pub use refresh::{HARD_REFRESH, REFRESH};
pub use rollback::Rollback;
pub use sync::Sync;
pub use terminate::Terminate;
