//! What to read of a container's log.

use crate::Str;

/// Which log lines are wanted (`pods/log` of the API).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    pub namespace: Str,
    pub pod: Str,
    /// Empty: the pod's only or default container.
    pub container: Str,
    pub follow: bool,
    /// The log of the container's previous run.
    pub previous: bool,
    pub timestamps: bool,
    pub tail_lines: Option<u64>,
    pub since_seconds: Option<u64>,
    /// RFC 3339; the API counts in whole seconds.
    pub since_time: Option<String>,
}
