//! The only "now" of the sim: real time, or a story's own.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::RwLock;
use tokio::sync::watch;

/// Where timestamps come from. Clones share one clock.
///
/// A clock either follows the system (optionally shifted and sped up) or
/// stands still until [`Clock::set`] or [`Clock::advance`] moves it.
#[derive(Clone)]
pub struct Clock {
    state: Arc<RwLock<State>>,
    moved: watch::Sender<u64>,
}

struct State {
    /// What the clock showed at `anchor`.
    base: Timestamp,
    anchor: std::time::Instant,
    /// Sim seconds per real second; 0 for a clock that stands still.
    rate: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// Follows the system clock.
    pub fn system() -> Self {
        Self::with(Timestamp::now(), 1.0)
    }

    /// Stands at `at` until moved by hand; for tests and golden screens.
    pub fn fixed(at: Timestamp) -> Self {
        Self::with(at, 0.0)
    }

    /// Starts at `at` and runs `rate` sim seconds per real second.
    pub fn with(at: Timestamp, rate: f64) -> Self {
        let state = State { base: at, anchor: std::time::Instant::now(), rate };
        Self { state: Arc::new(RwLock::new(state)), moved: watch::Sender::new(0) }
    }

    /// The sim's present moment.
    pub fn now(&self) -> Timestamp {
        let state = self.state.read();
        let elapsed = state.anchor.elapsed().as_secs_f64() * state.rate;
        state.base.checked_add(Duration::from_secs_f64(elapsed.max(0.0))).unwrap_or(state.base)
    }

    /// `now` as Kubernetes writes times: UTC, whole seconds.
    pub fn rfc3339(&self) -> String {
        Self::format(self.now())
    }

    /// Any moment as Kubernetes writes times: UTC, whole seconds.
    pub fn format(at: Timestamp) -> String {
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Jumps to `at`, keeping the rate.
    pub fn set(&self, at: Timestamp) {
        let mut state = self.state.write();
        state.base = at;
        state.anchor = std::time::Instant::now();
        drop(state);
        self.moved.send_modify(|n| *n += 1);
    }

    /// Jumps ahead by `by`, keeping the rate.
    pub fn advance(&self, by: Duration) {
        let now = self.now();
        self.set(now.checked_add(by).unwrap_or(now));
    }

    /// Changes how fast sim time runs from now on (0 stops it).
    pub fn set_rate(&self, rate: f64) {
        let now = self.now();
        self.state.write().rate = rate;
        self.set(now);
    }

    /// Waits until the clock shows `at` or later; wakes early when the clock is moved.
    pub async fn sleep_until(&self, at: Timestamp) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = at.duration_since(self.now()).as_secs_f64();
            if left <= 0.0 {
                return;
            }
            let rate = self.state.read().rate;
            if rate > 0.0 {
                let real = Duration::from_secs_f64((left / rate).min(86_400.0));
                tokio::select! {
                    () = tokio::time::sleep(real) => {}
                    _ = moved.changed() => {}
                }
            } else if moved.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits for a stretch of sim time.
    pub async fn sleep(&self, by: Duration) {
        let now = self.now();
        self.sleep_until(now.checked_add(by).unwrap_or(now)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_by_hand() {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.rfc3339(), "2026-01-01T00:00:00Z");
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.rfc3339(), "2026-01-01T00:01:30Z");
    }
}
