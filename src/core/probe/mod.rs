//! Looking at hosts from here: what DNS says, what a server presents over TLS, what it answers to an ACME challenge.
//!
//! Lives here: questions to the network that are not questions to Kubernetes, their answers as plain data, and the
//! judgement of a chain that was served. Does not live here: what an answer means for a Certificate (that is
//! `certificates`), and anything that goes on without having been asked for: a probe runs when somebody wants it.

mod answer;
mod directory;
mod dns;
mod dns_report;
mod http;
mod http01;
mod look;
mod self_check;
mod tls;
mod trust;

pub use answer::{Answered, Ports, ask};
pub use directory::{Directory, check_directory};
pub use dns::{Answer, Dns, DnsConfig, DnsFault};
pub use dns_report::{Authority, CaaReport, DnsReport, ServerReport};
pub use http01::{Http01, Http01Verdict, check_http01};
pub use look::{Probing, Script};
pub(crate) use look::{addresses, dns_of, https_port, of_routes};
pub use self_check::{CheckRequest, CheckStep, Method, self_check};
pub use tls::{Served, TlsFault, TlsTarget, probe};
pub use trust::{Roots, Trouble};
