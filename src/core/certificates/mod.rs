//! Certificates and what issues them: cert-manager's objects as they are kept, TLS Secrets (their leaf only, the
//! bytes are dropped), the chain from Certificate to Secret and its users, the verdict with its next step. Pure
//! functions of a [`crate::overview::Snapshot`]; nothing here asks a server or opens a connection.

pub mod budget;
pub mod bundles;
#[cfg(test)]
mod cases;
pub mod chain;
pub mod controller;
pub mod copies;
#[cfg(test)]
mod corpus;
pub mod coverage;
pub mod diagnose;
pub mod facts;
pub mod issuer;
pub mod key;
pub mod ledger;
pub mod names;
pub mod objects;
pub mod rank;
pub mod secret;
pub mod served;
pub mod signing;
pub mod solver;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod tls_secrets;
pub mod truths;
pub mod users;
pub mod verdict;
pub mod view;
pub mod x509;

pub use budget::Budget;
pub use chain::{Chain, Link};
pub use objects::{Certificate, CertificateRequest, Challenge, Issuer, Order};
pub use secret::{Leaf, TlsSecret};
pub use view::{CertificateView, IssuerView};
