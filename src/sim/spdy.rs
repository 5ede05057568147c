//! As much of SPDY/3.1 as kubectl's port-forward tunnels through a WebSocket:
//! streams with headers and data. The dictionary of header blocks is the one
//! that the SPDY/3 draft lists.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// The preset dictionary of header compression.
const DICTIONARY: &[u8] = include_bytes!("spdy.dictionary");
/// Room for all header blocks of one connection.
const ROOM: usize = 1 << 20;

/// What the client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A new stream with its headers, names in lower case.
    Open {
        /// Stream number.
        stream: u32,
        /// Name and value.
        headers: Vec<(String, String)>,
    },
    /// Bytes of a stream, and whether they are its last.
    Data {
        /// Stream number.
        stream: u32,
        /// The bytes.
        bytes: Vec<u8>,
        /// Nothing follows.
        last: bool,
    },
    /// Are you there?
    Ping(u32),
    /// The client leaves.
    Leave,
}

/// The receiving side of a connection.
pub struct Reader {
    buffer: Vec<u8>,
    inflater: Box<DecompressorOxide>,
    window: Vec<u8>,
    filled: usize,
    begun: bool,
}

impl Default for Reader {
    fn default() -> Self {
        let mut window = vec![0; ROOM];
        window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
        Self { buffer: Vec::new(), inflater: Box::default(), window, filled: DICTIONARY.len(), begun: false }
    }
}

fn be32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

impl Reader {
    /// Takes in what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame that means something. `Err` when the stream is broken.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, &'static str> {
        loop {
            let Some(head) = self.buffer.get(..8) else { return Ok(None) };
            let (first, second) = (be32(head).unwrap_or(0), be32(&head[4..]).unwrap_or(0));
            let (flags, length) = (second >> 24, (second & 0x00ff_ffff) as usize);
            if self.buffer.len() < 8 + length {
                return Ok(None);
            }
            let body: Vec<u8> = self.buffer.drain(..8 + length).skip(8).collect();
            if first & 0x8000_0000 == 0 {
                return Ok(Some(Frame::Data { stream: first, bytes: body, last: flags & 1 != 0 }));
            }
            match first & 0xffff {
                1 => {
                    let stream = be32(&body).ok_or("a short SYN_STREAM")? & 0x7fff_ffff;
                    let headers = self.headers(body.get(10..).ok_or("a short SYN_STREAM")?)?;
                    return Ok(Some(Frame::Open { stream, headers }));
                }
                6 => return Ok(Some(Frame::Ping(be32(&body).unwrap_or(0)))),
                7 => return Ok(Some(Frame::Leave)),
                _ => {}
            }
        }
    }

    fn headers(&mut self, block: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
        // The first block begins with zlib's header and the dictionary's checksum.
        let block = if self.begun { block } else { block.get(6..).ok_or("a short header block")? };
        self.begun = true;
        let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let start = self.filled;
        let (status, _, written) = decompress(&mut self.inflater, block, &mut self.window, start, flags);
        if matches!(status, TINFLStatus::Failed | TINFLStatus::BadParam | TINFLStatus::HasMoreOutput) {
            return Err("a header block that does not inflate");
        }
        self.filled += written;
        parse_headers(&self.window[start..self.filled]).ok_or("a header block that does not parse")
    }
}

fn parse_headers(mut plain: &[u8]) -> Option<Vec<(String, String)>> {
    let mut take = |n: usize| {
        let (part, rest) = plain.split_at_checked(n)?;
        plain = rest;
        Some(part.to_vec())
    };
    let count = be32(&take(4)?)?;
    let mut headers = Vec::new();
    for _ in 0..count.min(64) {
        let mut word = || {
            let length = be32(&take(4)?)? as usize;
            Some(String::from_utf8_lossy(&take(length)?).into_owned())
        };
        headers.push((word()?, word()?));
    }
    Some(headers)
}

/// The answer that accepts a stream. `first` for the first one of a connection.
pub fn accept(stream: u32, first: bool) -> Vec<u8> {
    // No headers: a count of zero, in a stored block of a zlib stream without dictionary.
    let mut block = if first { vec![0x78, 0x01] } else { Vec::new() };
    block.extend([0x00, 4, 0, 0xfb, 0xff, 0, 0, 0, 0]);
    // An empty block behind it flushes: readers hold data back until then.
    block.extend([0x00, 0, 0, 0xff, 0xff]);
    let mut frame = vec![0x80, 3, 0, 2, 0];
    frame.extend(&((block.len() + 4) as u32).to_be_bytes()[1..]);
    frame.extend(stream.to_be_bytes());
    frame.extend(block);
    frame
}

/// Bytes of a stream.
pub fn data(stream: u32, bytes: &[u8], last: bool) -> Vec<u8> {
    let mut frame = stream.to_be_bytes().to_vec();
    frame.push(u8::from(last));
    frame.extend(&(bytes.len() as u32).to_be_bytes()[1..]);
    frame.extend_from_slice(bytes);
    frame
}

/// The answer to a ping.
pub fn pong(id: u32) -> Vec<u8> {
    let mut frame = vec![0x80, 3, 0, 6, 0, 0, 0, 4];
    frame.extend(id.to_be_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_out_of_any_pieces() {
        let mut reader = Reader::default();
        let bytes = [data(5, b"hello", true), pong(7)].concat();
        reader.push(&bytes[..9]);
        assert_eq!(reader.next_frame(), Ok(None));
        reader.push(&bytes[9..]);
        assert_eq!(reader.next_frame(), Ok(Some(Frame::Data { stream: 5, bytes: b"hello".to_vec(), last: true })));
        assert_eq!(reader.next_frame(), Ok(Some(Frame::Ping(7))));
        assert_eq!(reader.next_frame(), Ok(None));
    }
}
