//! A platform at one moment: what is kept of its objects ([`Snapshot`]), what follows from them ([`Overview`]: apps,
//! tenants, certificates, routes, findings) and the feed that watches and derives anew. The rules live in
//! `certificates`, `routes`, `platform`, `tenants` and `findings`; here they are put together.

pub mod derive;
pub mod feed;
pub mod house;
pub mod index;
pub mod live;
pub mod parts;
pub mod projection;
pub mod since;
pub mod snapshot;
pub mod sources;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod view;
mod why;

pub use feed::{Offered, OverviewFeed};
pub use live::{OverviewHandle, OverviewKey};
pub use parts::PodView;
pub use snapshot::{Set, Snapshot};
pub use sources::{SourceState, Sources};
pub use view::{Counts, Overview};
