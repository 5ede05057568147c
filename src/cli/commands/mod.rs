//! One command, one file: its arguments and what it does. A new one is a file and a line here.

pub mod act;
pub mod app;
mod carry;
pub mod cert;
mod cert_check;
mod cert_inspect;
mod cert_note;
mod cert_probe;
mod cert_renew;
mod cert_why;
pub mod certs;
pub mod check;
mod check_certs;
pub mod completions;
pub mod contexts;
pub mod demo;
pub mod describe;
pub mod doctor;
pub mod events;
pub(crate) mod follow;
pub mod get;
pub mod journal;
pub mod logs;
pub mod man;
mod note;
pub mod open;
pub mod platform;
pub mod platforms;
pub mod route;
pub mod top;
pub mod undo;
pub mod unlock;

mod dispatch;

pub use dispatch::dispatch;

use clap::Subcommand;

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Apps of the platform: what runs where, and how it does
    Apps(platform::AppArguments),
    /// One app: why it is not ready, all about it, its page
    App(app::Arguments),
    /// Tenants (teams, customers) and their namespaces
    Tenants(platform::Arguments),
    /// Certificates: valid until when, renewed when, and what stands in the way; their timeline and coverage
    Certs(certs::Arguments),
    /// One certificate: why it is as it is; renew
    Cert(cert::Arguments),
    /// Routes: which host leads where
    Routes(platform::Arguments),
    /// One route: the incident note about it
    Route(route::Arguments),
    /// Which platform this is; profiles: show, detect, list, validate
    Platform(platforms::Arguments),
    /// What is wrong; ends with 1 when there is something. `check certs` is for monitors
    Check(check::Arguments),
    /// List any kind, with the server's own columns; without a kind: the kinds there are
    Get(get::Arguments),
    /// What pods or nodes use of CPU and memory, where the cluster has metrics-server
    Top(top::Arguments),
    /// Tell all about one object: state, belongings, events
    Describe(describe::Arguments),
    /// Print the logs of a pod, of a workload's pods, or of a selector's
    Logs(logs::Arguments),
    /// Events, the latest last
    Events(events::Arguments),
    /// Contexts of the kubeconfig
    Contexts(contexts::Arguments),
    /// Carry out an action: plan, dry run, confirm, run; without an action: list them
    Do(act::Arguments),
    /// Take back what was done
    Undo(undo::Arguments),
    /// What was done from here; `journal export` writes a hand-over note
    Journal(journal::Arguments),
    /// Allow changes in a guarded context for a while, with a reason
    Unlock(unlock::Unlock),
    /// End an unlock before its time
    Lock(unlock::Lock),
    /// Open the screen at a link (qd://…), or at what an alert of Alertmanager is about
    Open(open::Arguments),
    /// What this terminal and this cluster can do
    Doctor(doctor::Arguments),
    /// Open the screen on a cluster that is built in, or serve that cluster
    Demo(demo::Arguments),
    /// Completions for a shell
    Completions(completions::Arguments),
    /// The manual page
    Man(man::Arguments),
}
