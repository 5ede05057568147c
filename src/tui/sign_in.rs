//! Lends the terminal to a credential plugin, and comes back to the same view.

use crate::signals::{Signals, Told};
use crate::state::{Input, State};
use crate::terminal::{Screen, handover, screen};
use quarterdeck_core::Problem;
use quarterdeck_core::ProblemKind;
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A plugin that was interrupted may take so long to end by itself.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Signs in with the plugin. What a plugin that failed has said stays on the terminal until Enter is pressed. Gives
/// the signal that came instead of an end, if one did.
pub async fn sign_in(
    context: &str,
    command: &str,
    state: &mut State,
    shown: &mut Screen,
    signals: &mut Signals,
) -> io::Result<Option<Told>> {
    screen::restore();
    say(&format!("Signing in to {} with {command} (ctrl-c gives up) …", clean_line(context)));
    let session = state.session.clone();
    let mut told = None;
    let result = {
        let signing = session.sign_in(context);
        let mut signing = std::pin::pin!(signing);
        let mut given_up = false;
        loop {
            tokio::select! {
                result = &mut signing => break Some(result),
                () = tokio::time::sleep(LAST_WORDS), if given_up => break Some(Err(gave_up(command))),
                signal = signals.lent() => match signal {
                    Told::Interrupt => given_up = true,
                    end => {
                        told = Some(end);
                        break None;
                    }
                },
            }
        }
    };
    if let Some(Err(problem)) = &result {
        screen::as_found();
        say(&format!("\n{problem}\n\nPress Enter to go back to the screen."));
        told = enter(signals).await;
    }
    shown.take()?;
    state.size = screen::size();
    signals.forget_interrupts().await;
    let said = match result {
        Some(Ok(())) => Input::Say(Level::Good, format!("signed in to {context}")),
        Some(Err(problem)) => Input::Say(Level::Bad, problem.to_string()),
        None => return Ok(told),
    };
    crate::state::update(state, said).into_iter().for_each(|e| state.push_effect(e));
    state.dirty = true;
    Ok(told)
}

fn gave_up(command: &str) -> Problem {
    Problem::new(ProblemKind::Unauthenticated, "cannot sign in with the credential plugin", "it was interrupted")
        .on(command)
}

/// The terminal may be what is gone.
fn say(text: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Waits for Enter or Ctrl-C; leaves nothing behind that would read the next key.
async fn enter(signals: &mut Signals) -> Option<Told> {
    let over = Arc::new(AtomicBool::new(false));
    let seen = over.clone();
    let mut pressed = tokio::task::spawn_blocking(move || handover::enter(|| seen.load(Ordering::SeqCst)));
    let told = tokio::select! {
        _ = &mut pressed => return None,
        told = signals.lent() => Some(told).filter(|t| *t != Told::Interrupt),
    };
    over.store(true, Ordering::SeqCst);
    let _ = pressed.await;
    told
}
