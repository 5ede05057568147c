//! An object told in sections: what it is, how it does, what belongs to it, what happened to it.
//! One file a family of kinds; `generic` does the rest. Pure functions of the object and its events;
//! nothing is fetched here and nothing is drawn.

mod access;
mod certificate;
mod generic;
mod model;
mod network;
mod pod;
mod storage;
mod tell;
mod workload;

pub use model::{Description, Item, Section};
pub use tell::describe;
