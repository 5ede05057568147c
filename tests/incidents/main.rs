//! Incidents with certificates, each broken for real: cert-manager, an ACME server, BIND and what serves the hosts
//! run on loopback, one of them is stopped or lied to, and `qd` has to name the first broken link and the next step.
//!
//! What can be repaired is repaired by the tool's own actions (`repairs`, `approvals`, `waves`, done with `hands`) and
//! followed to the leaf that is served then. `lab` is the ground they stand on. What no server on loopback does of itself
//! (rate limits, a deactivated account) is `scripted` on the embedded cluster. An incident that breaks what others need
//! asks for [`lab::Lab::alone`].

mod approvals;
mod broken;
mod facts;
mod hands;
mod lab;
mod outages;
mod repairs;
mod scripted;
mod secrets;
mod smoke;
mod truths;
mod waves;
