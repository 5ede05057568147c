//! Verbs that repair certificates of cert-manager, one file each, and what they share: which objects are meant, what a
//! renewal uses of a budget, what becomes of objects of an issuance that are deleted, and how an issuance is followed
//! to the leaf that is served; and the answer to Kubernetes' own signing requests. Does not live here: finding out what
//! is wrong (that is `certificates`).

pub mod allowance;
pub mod answer;
pub(crate) mod behind;
pub mod clear_stuck;
pub(crate) mod consequences;
pub(crate) mod issuance;
pub mod recreate_secret;
pub mod renew;
pub mod retry;
pub(crate) mod served;
pub mod set_issuer;
pub(crate) mod signing_request;
pub(crate) mod stages;
pub mod temporary;
pub(crate) mod used;
pub(crate) mod watch_list;

#[cfg(test)]
mod answers_tests;
#[cfg(test)]
mod retry_tests;
#[cfg(test)]
mod tests;
