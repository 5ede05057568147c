//! The real program in a pseudo-terminal, keys in and screen out: on the embedded cluster and on a
//! real control plane, at several sizes, without colour, without Unicode, without a screen at all.

mod bad_days;
mod disks;
mod pages;
mod platform;
mod signing_in;
mod stage;
mod stuck;
mod terminal;
mod vanishing;
