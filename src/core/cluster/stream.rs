//! Bodies that do not end: split into lines without copying more than the pieces at the seams, and
//! given up when the peer has gone silent.

use super::WatchLine;
use crate::{Problem, ProblemKind, Result};
use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::collections::VecDeque;
use std::time::Duration;

/// No object comes near this; what is longer is not a watch line.
const LONGEST_LINE: usize = 256 << 20;

/// Cuts chunks into lines. A line within one chunk is a slice of it.
#[derive(Default)]
struct Splitter {
    open: BytesMut,
    ready: VecDeque<Bytes>,
}

impl Splitter {
    fn push(&mut self, mut chunk: Bytes) -> Result<(), ()> {
        while let Some(end) = find_newline(&chunk) {
            let mut line = chunk.split_to(end + 1);
            line.truncate(end);
            if !self.open.is_empty() {
                self.open.extend_from_slice(&line);
                line = self.open.split().freeze();
            }
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            if !line.is_empty() {
                self.ready.push_back(line);
            }
        }
        self.open.extend_from_slice(&chunk);
        if self.open.len() > LONGEST_LINE { Err(()) } else { Ok(()) }
    }
    fn rest(&mut self) -> Option<Bytes> {
        (!self.open.is_empty()).then(|| self.open.split().freeze())
    }
}

/// The lines of a body that comes in these chunks. For `fuzz/`.
#[cfg(feature = "fuzz")]
pub fn split<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Bytes> {
    let mut splitter = Splitter::default();
    for chunk in chunks {
        if splitter.push(Bytes::copy_from_slice(chunk)).is_err() {
            break;
        }
    }
    let last = splitter.rest();
    splitter.ready.into_iter().chain(last).collect()
}

fn find_newline(bytes: &[u8]) -> Option<usize> {
    // Objects are long lines: looked at in blocks that the compiler can turn into vector code.
    const BLOCK: usize = 64;
    let mut at = 0;
    for block in bytes.chunks(BLOCK) {
        if block.iter().fold(false, |found, b| found | (*b == b'\n')) {
            return block.iter().position(|b| *b == b'\n').map(|i| at + i);
        }
        at += BLOCK;
    }
    None
}

/// The lines of a stream of chunks. The last one may come without a newline.
pub(super) fn lines(chunks: BoxStream<'static, Result<Bytes>>) -> BoxStream<'static, Result<WatchLine>> {
    let state = (chunks, Splitter::default(), false);
    futures::stream::unfold(state, |(mut chunks, mut splitter, mut over)| async move {
        loop {
            if let Some(line) = splitter.ready.pop_front() {
                return Some((Ok(line), (chunks, splitter, over)));
            }
            if over {
                return None;
            }
            match chunks.next().await {
                Some(Ok(chunk)) => {
                    if splitter.push(chunk).is_err() {
                        over = true;
                        let problem =
                            Problem::new(ProblemKind::Server, "cannot read the server's stream", "a line has no end");
                        return Some((Err(problem), (chunks, splitter, over)));
                    }
                }
                Some(Err(problem)) => {
                    over = true;
                    return Some((Err(problem), (chunks, splitter, over)));
                }
                None => {
                    over = true;
                    if let Some(line) = splitter.rest() {
                        return Some((Ok(line), (chunks, splitter, over)));
                    }
                }
            }
        }
    })
    .boxed()
}

/// Ends a stream with a problem when nothing has come for this long.
pub(super) fn with_silence_limit<S>(chunks: S, limit: Duration, problem: Problem) -> BoxStream<'static, Result<Bytes>>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static,
{
    futures::stream::unfold(Some((chunks, problem)), move |state| async move {
        let (mut chunks, problem) = state?;
        match tokio::time::timeout(limit, chunks.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some((chunks, problem)))),
            Ok(Some(Err(e))) => Some((Err(e), None)),
            Ok(None) => None,
            Err(_) => Some((Err(problem), None)),
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn split(chunks: &'static [&'static str]) -> Vec<String> {
        let chunks = futures::stream::iter(chunks.iter().map(|c| Ok(Bytes::from_static(c.as_bytes())))).boxed();
        let lines: Vec<_> = lines(chunks).collect().await;
        lines.into_iter().map(|l| String::from_utf8(l.expect("no error").to_vec()).expect("text")).collect()
    }

    #[tokio::test]
    async fn lines_are_whole_wherever_the_chunks_end() {
        assert_eq!(split(&["a\nb", "b", "b\r\n\nc\nd"]).await, ["a", "bbb", "c", "d"]);
        assert_eq!(split(&["", "\n\n"]).await, Vec::<String>::new());
        let long = "x".repeat(300);
        let text: &'static str = Box::leak(format!("{long}\n{long}").into_boxed_str());
        let chunks: &'static [&'static str] = Box::leak(Box::new([text]));
        assert_eq!(split(chunks).await, [long.clone(), long]);
    }

    #[tokio::test]
    async fn a_silent_peer_is_given_up() {
        let problem = Problem::new(ProblemKind::Unreachable, "x", "silent");
        let chunks = futures::stream::iter([Ok(Bytes::from_static(b"a"))]).chain(futures::stream::pending()).boxed();
        let got: Vec<_> = with_silence_limit(chunks, Duration::from_millis(20), problem.clone()).collect().await;
        assert_eq!(got, [Ok(Bytes::from_static(b"a")), Err(problem)]);
    }
}
