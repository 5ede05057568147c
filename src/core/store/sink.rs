//! Where a feed puts what comes: decoder and shelf behind one door. Feeds are the same for every kind; only this knows
//! what the items are, so that listing and watching is compiled once and not for each of some thirty kinds.

use super::decode::{Decode, Line};
use super::shelf::{FeedState, Item, Shelf};
use crate::cluster::Accept;
use crate::{Problem, Result};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a page of a list leaves to the feed.
pub(crate) struct Listed {
    pub resource_version: String,
    /// The token of the next page; empty on the last.
    pub next: String,
}

/// What a line of a watch leaves to the feed.
pub(crate) enum Told {
    /// An object came, changed or went; its version, empty when it tells none.
    Change {
        resource_version: String,
    },
    Bookmark {
        resource_version: String,
        initial_end: bool,
    },
    /// The server ends the watch with this.
    Failed(Problem),
    /// Nothing that the feed has to know.
    Nothing,
}

pub(crate) trait Sink: Send {
    /// The form in which lists and watches are asked for.
    fn accept(&self) -> Accept;
    /// See [`Decode::STREAMS`].
    fn streams(&self) -> bool;
    /// A list begins: what it does not name is gone when it ends.
    fn begin(&mut self);
    /// The list is complete.
    fn end(&mut self);
    /// Takes a page of a list over.
    fn page(&mut self, body: &[u8]) -> Result<Listed>;
    /// Takes a line of a watch in; what it puts is seen after [`Sink::flush`].
    fn line(&mut self, line: &[u8]) -> Result<Told>;
    /// What came since is seen from now on.
    fn flush(&mut self);
    fn set_state(&self, state: FeedState);
    /// The state of a feed that was complete and broke.
    fn stale(&self, since: i64, problem: Problem) -> FeedState;
    /// Waits until somebody asks for another attempt.
    fn again(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// One feed's way onto a shelf.
pub(crate) struct Filler<D: Decode> {
    decoder: D,
    shelf: Arc<Shelf<D::Item>>,
    /// Which of the shelf's feeds this is.
    feed: usize,
    /// A list is under way: what comes is newer whatever its version says.
    listing: bool,
    batch: Vec<D::Item>,
}

impl<D: Decode> Filler<D> {
    pub(crate) fn new(decoder: D, shelf: Arc<Shelf<D::Item>>, feed: usize) -> Self {
        Self { decoder, shelf, feed, listing: false, batch: Vec::new() }
    }
}

impl<D: Decode> Sink for Filler<D> {
    fn accept(&self) -> Accept {
        D::ACCEPT
    }
    fn streams(&self) -> bool {
        D::STREAMS
    }
    fn begin(&mut self) {
        self.listing = true;
        self.shelf.begin(self.feed);
    }
    fn end(&mut self) {
        self.flush();
        self.listing = false;
        self.shelf.end(self.feed);
    }
    fn page(&mut self, body: &[u8]) -> Result<Listed> {
        let page = self.decoder.page(body)?;
        self.shelf.put(self.feed, page.items, true);
        if page.unreadable.0 > 0 {
            self.shelf.unreadable(self.feed, page.unreadable.0, page.unreadable.1);
        }
        Ok(Listed { resource_version: page.resource_version, next: page.next })
    }
    fn line(&mut self, line: &[u8]) -> Result<Told> {
        Ok(match self.decoder.line(line)? {
            Line::Put(item) => {
                let resource_version = item.meta().resource_version.to_string();
                self.batch.push(item);
                Told::Change { resource_version }
            }
            Line::Remove { uid, resource_version } => {
                // What was put before it has to be there before it goes.
                self.flush();
                self.shelf.remove(self.feed, &uid);
                Told::Change { resource_version: resource_version.to_string() }
            }
            Line::Bookmark { resource_version, initial_end } => Told::Bookmark { resource_version, initial_end },
            Line::Failed(problem) => Told::Failed(problem),
            Line::Unreadable(why) => {
                self.shelf.unreadable(self.feed, 1, why);
                Told::Nothing
            }
        })
    }
    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.shelf.put(self.feed, std::mem::take(&mut self.batch), self.listing);
        }
    }
    fn set_state(&self, state: FeedState) {
        self.shelf.set_state(self.feed, state);
    }
    fn stale(&self, since: i64, problem: Problem) -> FeedState {
        self.shelf.stale(self.feed, since, problem)
    }
    fn again(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.shelf.again.notified())
    }
}
