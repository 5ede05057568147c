//! Any kind of object at all: what a kind is, how its rows and cells look, how they are sorted,
//! filtered, described and written as YAML, and who owns whom. Nothing here talks to a server and
//! nothing here knows a platform (see `platform`) or keeps state (see `store`).

pub mod cell;
pub mod columns;
pub mod describe;
pub mod events;
pub mod family;
pub mod kind;
pub mod levels;
pub mod meta;
pub mod object;
pub mod quantity;
pub mod query;
pub mod row;
pub mod scope;
pub mod status;
pub mod yaml;

pub use cell::{Cell, Level, Verdict};
pub use kind::{Kind, KindInfo, Kinds};
pub use meta::Head;
pub use object::{Meta, ObjectRef, Owner};
pub use query::Query;
pub use row::{Column, ColumnType, Row};
pub use scope::Scope;
