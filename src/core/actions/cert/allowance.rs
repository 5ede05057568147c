//! The limits of an authority as a plan counts them: those of the board, see [`crate::certificates::ledger`].

use crate::certificates::budget;

pub use crate::certificates::budget::WEEK;
pub use crate::certificates::ledger::{Full, Ledger, counts, domains, issued_at, registered};

/// New certificates per registered domain and week. Renewals of the same names do not count there, but do here.
pub const A_DOMAIN: usize = budget::CERTIFICATES_A_WEEK as usize;
/// Certificates for exactly the same names in a week; renewals count.
pub const SAME_NAMES: usize = budget::DUPLICATES_A_WEEK as usize;
/// Failed validations per host name and hour.
pub const FAILURES_AN_HOUR: usize = budget::FAILURES_AN_HOUR as usize;
