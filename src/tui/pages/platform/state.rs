//! What is told of the platform.

use super::parts;
use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::detail::{Story, Told};
use crate::pages::page::Hint;
use crate::state::{Answer, Ask, Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::platform::StateView;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::store::Freshness;

/// The platform of the context.
pub struct PlatformStory {
    watched: Watched,
    /// What its operator says; not watched, but asked when the page opens and by ctrl-r.
    states: Option<Result<Vec<StateView>>>,
    /// The profile whose operator was asked.
    asked: String,
}

impl Story for PlatformStory {
    const NAME: &'static str = "platform";
    const TITLE: &'static str = "which platform this is and by what one can tell, its rules, gateways and tasks";
    fn crumb(&self) -> String {
        format!("platform {}", self.watched.seen.platform.id).trim_end().to_owned()
    }
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)?, states: None, asked: String::new() })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let seen = &self.watched.seen;
        if !seen.loaded {
            return None;
        }
        if self.asked != seen.platform.id {
            self.asked.clone_from(&seen.platform.id);
            self.states = None;
            cx.ask(Ask::OperatorState);
        }
        let known = cx.session.platforms().known();
        let source = known.iter().find(|k| k.profile.id == seen.profile.id).map(|k| k.source.to_string());
        let source = source.unwrap_or_else(|| seen.platform.chosen_by.clone());
        let items = parts::all(seen, self.states.as_ref(), &source);
        Some(Some(Told { verdict: parts::verdict(seen, self.states.as_ref()), since: None, items }))
    }
    fn object(&self) -> Option<ObjectRef> {
        None
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        if command.verb == Verb::Refresh {
            // The program asks the server what it offers as well.
            self.asked.clear();
            self.watched.forget();
            cx.say(Level::Off, "asking the operator's state again");
        }
        false
    }
    fn answer(&mut self, answer: Answer, _cx: &mut Cx<'_>) {
        if let Answer::OperatorState(states) = answer {
            self.states = Some(states);
            self.watched.forget();
        }
    }
    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(Verb::Refresh, "ask again"),
            Hint::new(Command::new(Verb::Go, "apps"), "apps"),
            Hint::new(Command::new(Verb::Go, "stages"), "stages"),
        ]
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
