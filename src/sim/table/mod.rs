//! The server's printer columns for built-in kinds: what `kubectl get` and
//! `kubectl get -o wide` show, cell for cell as kube-apiserver computes them.
//! One file a family of kinds, [`columns`] for their names, [`print`] to find
//! the printer. The Table envelope and the columns of custom kinds live with
//! the verbs, not here.

pub mod age;
pub mod cluster;
pub mod columns;
pub mod config;
pub mod events;
pub mod network;
pub mod pods;
pub mod print;
pub mod rights;
pub mod selector;
pub mod storage;
pub mod workloads;

pub use columns::Column;
pub use print::{Printer, printer};
