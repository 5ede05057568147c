//! Opens an app's page: its own address, one of its tenants' addresses, or a port-forward where it has no host.

use crate::keymap::{Command, Verb};
use crate::palette::{Choice, Pick};
use crate::state::effect::Ask;
use crate::state::{Answer, Cx, Effect, Order};
use quarterdeck_core::platform::AppView;
use quarterdeck_core::resources::Level;

/// Opens the page of an app; of several addresses the user chooses one, which comes back in the command. What a
/// port-forward says goes to [`opened`].
pub fn browse(app: &AppView, command: &Command, cx: &mut Cx<'_>) {
    if !command.arg.is_empty() {
        cx.effect(Effect::OpenLink(command.arg.clone()));
    } else if !app.addresses.is_empty() {
        let mine = app.url.iter().map(|url| ("everybody", url));
        let theirs = app.addresses.iter().map(|a| (a.tenant.as_deref().unwrap_or("everybody"), &a.url));
        let choices = mine.chain(theirs).map(|(whose, url)| Choice {
            label: whose.to_owned(),
            detail: url.clone(),
            command: Some(Command::new(Verb::Browse, url)),
            ..Choice::default()
        });
        cx.order(Order::Pick(Pick::new(&format!("{}: whose?", app.title), choices.collect())));
    } else if let Some(url) = &app.url {
        cx.effect(Effect::OpenLink(url.clone()));
    } else if let Some(entry) = &app.entry {
        cx.say(Level::Busy, format!("opening a port to {}/{}…", entry.namespace, entry.service));
        cx.ask(Ask::Forward(app.name.to_string(), entry.clone()));
    } else {
        cx.say(Level::Off, format!("no address is known of {}", app.name));
    }
}

/// A port-forward was opened, or not.
pub fn opened(answer: Answer, cx: &mut Cx<'_>) {
    match answer {
        Answer::Forwarded(Ok(forward)) => cx.effect(Effect::OpenLink(forward.url)),
        Answer::Forwarded(Err(problem)) => cx.tell(&problem),
        _ => {}
    }
}
