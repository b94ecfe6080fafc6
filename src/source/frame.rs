//! Frame: a stream of bytes to chunks of whole lines.

use std::io::{self, Read};

use crate::recording;

/// Lines longer than this are cut there and counted; nothing a person reads is longer.
pub const LONGEST_LINE: usize = 1 << 20;

/// Whole lines, each ended by a newline but perhaps the last of the stream.
#[derive(Debug, Default)]
pub struct Chunk {
    pub text: Vec<u8>,
    /// Bytes of the stream this stands for; more than `text` has where a line was cut.
    pub bytes: u64,
    /// The stream ended here, within a line.
    pub unterminated: bool,
    /// The stream is a recording, and may hold its directives.
    pub recording: bool,
}

/// How much is read before a chunk is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Full chunks: fastest for files.
    Full,
    /// Whatever one read gives: a live pipe's lines are not held back.
    Prompt,
}

/// Cuts a stream into chunks of about `size` bytes at line ends.
pub struct Framer<R> {
    stream: R,
    size: usize,
    fill: Fill,
    carry: Vec<u8>,
    block: Vec<u8>,
    /// Within a line that is too long: its rest is dropped up to the newline.
    cutting: bool,
    ended: bool,
    /// Whether the stream began as a recording; `None` before its first chunk.
    recording: Option<bool>,
    failed: Option<io::Error>,
}

impl<R: Read> Framer<R> {
    pub fn new(stream: R, size: usize, fill: Fill) -> Self {
        let block = match fill {
            Fill::Full => size,
            Fill::Prompt => size.min(64 << 10),
        };
        Framer {
            stream,
            size,
            fill,
            carry: Vec::new(),
            block: vec![0; block.max(1)],
            cutting: false,
            ended: false,
            recording: None,
            failed: None,
        }
    }

    /// The next chunk, `None` at the end. What was read before a failure comes before the error.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let mut text = std::mem::take(&mut self.carry);
        let mut bytes = 0;
        let mut line_start = 0;
        while !self.ended {
            let read = match self.stream.read(&mut self.block) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failed = Some(error);
                    0
                }
            };
            if read == 0 {
                self.ended = true;
                break;
            }
            bytes += read as u64;
            let before = text.len();
            self.append(read, &mut text);
            if let Some(newline) = memchr::memrchr(b'\n', &text[before..]) {
                line_start = before + newline + 1;
            }
            if text.len() - line_start > LONGEST_LINE {
                text.truncate(line_start + LONGEST_LINE + 1);
                self.cutting = true;
            }
            if line_start > 0 && (self.fill == Fill::Prompt || text.len() >= self.size) {
                self.carry.extend_from_slice(&text[line_start..]);
                text.truncate(line_start);
                return Ok(Some(self.chunk(text, bytes, false)));
            }
        }
        if text.is_empty() {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let unterminated = text.last() != Some(&b'\n');
        Ok(Some(self.chunk(text, bytes, unterminated)))
    }

    fn chunk(&mut self, text: Vec<u8>, bytes: u64, unterminated: bool) -> Chunk {
        let recording = *self.recording.get_or_insert_with(|| text.starts_with(recording::HEADER));
        Chunk { text, bytes, unterminated, recording }
    }

    fn append(&mut self, read: usize, text: &mut Vec<u8>) {
        let mut block = &self.block[..read];
        if self.cutting {
            match memchr::memchr(b'\n', block) {
                Some(newline) => {
                    self.cutting = false;
                    block = &block[newline..];
                }
                None => return,
            }
        }
        text.extend_from_slice(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stream that gives at most `step` bytes a read.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len());
            self.0.read(&mut buffer[..length])
        }
    }

    fn chunks(text: &[u8], step: usize, size: usize, fill: Fill) -> Vec<Chunk> {
        let mut framer = Framer::new(Slow(text, step), size, fill);
        std::iter::from_fn(|| framer.next_chunk().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn chunks_are_whole_lines_and_lose_nothing(
            text in "[a-c\n]{0,200}", step in 1usize..40, size in 1usize..60, prompt in any::<bool>()
        ) {
            let fill = if prompt { Fill::Prompt } else { Fill::Full };
            let chunks = chunks(text.as_bytes(), step, size, fill);
            let (last, others) = chunks.split_last().map_or((None, &[][..]), |(last, others)| (Some(last), others));
            prop_assert!(others.iter().all(|chunk| chunk.text.ends_with(b"\n") && !chunk.unterminated));
            prop_assert_eq!(last.is_some_and(|chunk| chunk.unterminated), !text.is_empty() && !text.ends_with('\n'));
            prop_assert_eq!(chunks.iter().map(|chunk| chunk.bytes).sum::<u64>(), text.len() as u64);
            prop_assert_eq!(chunks.into_iter().flat_map(|chunk| chunk.text).collect::<Vec<u8>>(), text.into_bytes());
        }
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 3 * LONGEST_LINE];
        text.extend_from_slice(b"\nnext\n");
        for (step, fill) in [(1000, Fill::Prompt), (1 << 16, Fill::Full), (usize::MAX, Fill::Full)] {
            let chunks = chunks(&text, step, 1 << 18, fill);
            let kept: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.text.clone()).collect();
            let lines: Vec<&[u8]> = kept.split(|byte| *byte == b'\n').collect();
            assert_eq!(lines[1..], [&b"next"[..], b""]);
            assert!(lines[0].len() > LONGEST_LINE && lines[0].len() < LONGEST_LINE + (1 << 19));
            assert_eq!(chunks.iter().map(|chunk| chunk.bytes).sum::<u64>(), text.len() as u64);
        }
    }
}
