//! Local ports that are open, and where each leads. They live as long as the session, or until they are closed.

use crate::cluster::{Cluster, Forward, ForwardRequest, ForwardState, ForwardTarget};
use crate::event::{Event, Listener};
use crate::platform::WayIn;
use crate::{Problem, ProblemKind, Result};
use parking_lot::Mutex;

/// An open local port.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenForward {
    pub id: u64,
    pub context: String,
    /// What it is for: the app's name.
    pub label: String,
    /// `http://127.0.0.1:41234/dashboard/`
    pub url: String,
    /// `flow-proxy/traefik-dashboard:9000`
    pub target: String,
    pub state: ForwardState,
}

struct Held {
    told: OpenForward,
    forward: Forward,
}

/// All open local ports of a session.
#[derive(Default)]
pub struct Forwards {
    held: Mutex<Vec<Held>>,
}

impl Forwards {
    /// Opens a port that leads to an app's page, or tells the one that is open already.
    ///
    /// # Errors
    /// When the Service or its pods cannot be found, or no port can be opened.
    pub async fn open(
        &self,
        cluster: &Cluster,
        label: &str,
        entry: &WayIn,
        local: u16,
        told: Listener,
    ) -> Result<OpenForward> {
        let context = cluster.context().to_owned();
        let target = format!("{}/{}:{}", entry.namespace, entry.service, entry.port);
        if let Some(open) = self.all().into_iter().find(|f| f.context == context && f.target == target) {
            return Ok(open);
        }
        let request =
            ForwardRequest { target: ForwardTarget::Object(entry.object.clone()), port: entry.port, local_port: local };
        let forward = cluster.forward(request).await?;
        let scheme = if matches!(entry.port, 443 | 8443) { "https" } else { "http" };
        let path = if entry.path.starts_with('/') { entry.path.clone() } else { format!("/{}", entry.path) };
        let mut state = forward.state();
        let open = OpenForward {
            id: 0,
            context,
            label: label.to_owned(),
            url: format!("{scheme}://{}{path}", forward.local()),
            target,
            state: state.borrow().clone(),
        };
        let what = open.label.clone();
        tokio::spawn(async move {
            let mut gone = None;
            // Ends with the forward.
            while state.changed().await.is_ok() {
                let now = state.borrow_and_update().gone.clone();
                if let (Some(pod), true) = (&now, now != gone) {
                    let why = format!("its pod {pod} has gone, its successor is waited for");
                    told(Event::Notice(Problem::new(ProblemKind::NotFound, "the port-forward pauses", why).on(&*what)));
                }
                gone = now;
                told(Event::TableChanged);
            }
        });
        let mut held = self.held.lock();
        let id = held.iter().map(|h| h.told.id).max().unwrap_or_default() + 1;
        let open = OpenForward { id, ..open };
        held.push(Held { told: open.clone(), forward });
        Ok(open)
    }
    /// Those that are open, with their state now, the first opened first.
    pub fn all(&self) -> Vec<OpenForward> {
        let held = self.held.lock();
        held.iter().map(|h| OpenForward { state: h.forward.state().borrow().clone(), ..h.told.clone() }).collect()
    }
    /// How one is doing, as it changes; `None` for one that is closed.
    pub fn state(&self, id: u64) -> Option<tokio::sync::watch::Receiver<ForwardState>> {
        self.held.lock().iter().find(|h| h.told.id == id).map(|h| h.forward.state())
    }
    /// Closes one; whether it was open. Its connections end.
    pub fn close(&self, id: u64) -> bool {
        let mut held = self.held.lock();
        let before = held.len();
        held.retain(|h| h.told.id != id);
        held.len() < before
    }
}
