//! Signals: what ends the program from outside, and what was meant for another program that had the terminal.

use futures::FutureExt;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal reaches us by way of the runtime, a moment after it reached the program that was in front.
const MOMENT: Duration = Duration::from_millis(20);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// End; somebody asked for it.
    End,
    /// End; the terminal has gone.
    CutOff,
    /// Ctrl-C, while another program has the terminal.
    Interrupt,
    /// We were stopped from outside and go on: the terminal is not as we left it.
    GoOn,
}

/// The signals of a program with a screen.
pub struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    cont: Signal,
}

impl Signals {
    pub fn new() -> io::Result<Self> {
        let cont = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            cont: signal(cont)?,
        })
    }

    pub async fn any(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End,
            _ = self.hangup.recv() => Told::CutOff,
            _ = self.interrupt.recv() => Told::End,
            _ = self.cont.recv() => Told::GoOn,
        }
    }

    /// What comes while another program has the terminal; Ctrl-C is that program's first.
    pub async fn lent(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End,
            _ = self.hangup.recv() => Told::CutOff,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }

    /// Forgets what was meant for a program that had the terminal.
    pub async fn forget_interrupts(&mut self) {
        tokio::time::sleep(MOMENT).await;
        while self.interrupt.recv().now_or_never().flatten().is_some() {}
        while self.cont.recv().now_or_never().flatten().is_some() {}
    }
}
