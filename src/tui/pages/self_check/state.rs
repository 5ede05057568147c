//! What is told of a self-check.

use crate::keymap::{Command, Verb};
use crate::pages::Hint;
use crate::pages::board::overview::Watched;
use crate::pages::detail::{Item, Story, Told};
use crate::state::{Answer, Ask, Cx, Place, Subject};
use quarterdeck_core::probe::CheckStep;
use quarterdeck_core::resources::{Level, ObjectRef, Verdict};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// The checks of a certificate.
pub struct SelfCheckStory {
    object: ObjectRef,
    watched: Watched,
    steps: Vec<CheckStep>,
    /// How it ended.
    done: Option<Result<()>>,
    asked: bool,
    news: bool,
}

impl SelfCheckStory {
    fn verdict(&self) -> Verdict {
        let wrong: Vec<&CheckStep> = self.steps.iter().filter(|s| s.level >= Level::Warn).collect();
        let made = self.steps.len();
        let worst = wrong.iter().max_by_key(|s| s.level);
        let verdict = match (&self.done, worst) {
            (Some(Err(problem)), _) => {
                return Verdict::new(Level::Warn, "Not checked").why(problem.line()).next(problem.next.clone());
            }
            (None, _) => Verdict::new(Level::Busy, "Checking").why(format!("{made} made, {} wrong", wrong.len())),
            (Some(Ok(())), None) => {
                let why = format!("nothing stands in the way, seen from here ({made} checks)");
                return Verdict::new(Level::Good, "Passed").why(why);
            }
            (Some(Ok(())), Some(worst)) => {
                let why = format!("{} of {made} checks found something: {}: {}", wrong.len(), worst.of, worst.words);
                Verdict::new(worst.level, "Found").why(why)
            }
        };
        verdict.next(worst.map(|s| s.next.clone()).unwrap_or_default())
    }
    fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let first = self.steps.iter().position(|s| s.level >= Level::Bad);
        for (i, step) in self.steps.iter().enumerate() {
            let mut item = Item::new(step.level, step.check, &*step.of, &*step.words);
            item.broken = first == Some(i);
            items.push(item);
            if step.level >= Level::Warn {
                let told = step.evidence.iter().take(4);
                items.extend(told.map(|e| Item::new(Level::Off, "", "", format!("  {e}"))));
            }
        }
        if self.done.is_none() {
            items.push(Item::new(Level::Busy, "…", "", "the next check is under way"));
        }
        items
    }
}

impl Story for SelfCheckStory {
    const NAME: &'static str = "self-check";
    fn crumb(&self) -> String {
        format!("self-check {}", self.object.short())
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot check a certificate", "the place names none"));
        };
        let (object, watched) = (object.clone(), Watched::open(cx)?);
        Ok(Self { object, watched, steps: Vec::new(), done: None, asked: false, news: true })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        self.watched.refresh(cx);
        if !self.asked && self.watched.seen.loaded {
            self.asked = true;
            cx.ask(Ask::SelfCheck { seen: self.watched.seen.clone(), object: self.object.clone() });
        }
        if !std::mem::take(&mut self.news) {
            return None;
        }
        Some(Some(Told { verdict: self.verdict(), since: None, items: self.items() }))
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            // One at a time.
            Verb::Refresh if self.done.is_some() => {
                (self.steps, self.done, self.asked, self.news) = (Vec::new(), None, false, true);
                cx.say(Level::Off, "checking again");
            }
            Verb::Refresh => cx.say(Level::Off, "the checks are still under way"),
            Verb::Note => cx.go(Place::object("note", self.object.clone())),
            _ => return false,
        }
        true
    }
    fn answer(&mut self, answer: Answer, _cx: &mut Cx<'_>) {
        match answer {
            Answer::CheckStep(step) => self.steps.push(step),
            Answer::Checked(result) => self.done = Some(result),
            _ => return,
        }
        self.news = true;
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Refresh, "check again"), Hint::new(Verb::Note, "incident note")]
    }
    fn object(&self) -> Option<ObjectRef> {
        Some(self.object.clone())
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
