//! What to read of a container's log.

use super::{Accept, Request};
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

impl LogRequest {
    /// The call that reads it.
    pub(super) fn request(&self) -> Request {
        let path = format!("/api/v1/namespaces/{}/pods/{}/log", self.namespace, self.pod);
        let mut request = Request::get(path).accept(Accept::Text);
        if !self.container.is_empty() {
            request = request.query("container", &*self.container);
        }
        for (name, on) in [("follow", self.follow), ("previous", self.previous), ("timestamps", self.timestamps)] {
            if on {
                request = request.query(name, "true");
            }
        }
        for (name, number) in [("tailLines", self.tail_lines), ("sinceSeconds", self.since_seconds)] {
            if let Some(number) = number {
                request = request.query(name, number.to_string());
            }
        }
        request
    }
}
