//! Frame: a stream of bytes to chunks of whole lines.

use std::io::{self, Read};

use super::buffer::{Buffer, Buffers};
use super::known::Given;
use crate::recording;

/// Lines longer than this are cut there and counted; nothing a person reads is longer.
pub const LONGEST_LINE: usize = 1 << 20;

/// Bytes that a line may have beside its text: a byte-order mark and a carriage return. What is left of a line that was cut is
/// too long without them, too.
const ENDS: usize = 4;

/// Whole lines, each ended by a newline but perhaps the last of the stream.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Whole lines, but for the last of a stream that ends without a line's end.
    pub text: Buffer,
    /// Bytes of the stream this stands for; more than `text` has where a line was cut.
    pub bytes: u64,
    /// The stream ended here, within a line.
    pub unterminated: bool,
    /// The stream is a recording, and may hold its directives.
    pub recording: bool,
    /// Of a source that has several logs: which of them the lines are of.
    pub lane: usize,
    /// The records of logs that can be read again.
    pub given: Vec<Given>,
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
///
/// Files are read and not mapped: on the machine this was measured on, reading a cached file gives 16 GB/s, far more than
/// the lines are worked at, and a mapped file that somebody shortens ends the program.
pub struct Framer<R> {
    stream: R,
    size: usize,
    fill: Fill,
    /// Reads go straight to where their bytes stay: behind the first `filled` ones, which are still to be handed on.
    buffer: Vec<u8>,
    filled: usize,
    buffers: Buffers,
    /// Within a line that is too long: its rest is dropped up to the newline.
    cutting: bool,
    ended: bool,
    /// Whether the stream began as a recording; `None` before its first chunk.
    recording: Option<bool>,
    failed: Option<io::Error>,
}

/// What one read of a live stream is given room for: as much as a pipe holds.
const PIPE: usize = 64 << 10;

impl<R: Read> Framer<R> {
    /// Cuts a stream into chunks of `size` bytes, or a little less.
    pub fn new(stream: R, size: usize, fill: Fill) -> Self {
        Framer {
            stream,
            size,
            fill,
            buffer: Vec::new(),
            filled: 0,
            buffers: Buffers::new(),
            cutting: false,
            ended: false,
            recording: None,
            failed: None,
        }
    }

    /// The next chunk, `None` at the end. What was read before a failure comes before the error.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let mut bytes = 0;
        let mut line_start = 0;
        while !self.ended {
            let before = self.filled;
            let read = match self.read() {
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
            if let Some(newline) = memchr::memrchr(b'\n', &self.buffer[before..self.filled]) {
                line_start = before + newline + 1;
            }
            if self.filled - line_start > LONGEST_LINE + ENDS {
                self.filled = line_start + LONGEST_LINE + ENDS + 1;
                self.cutting = true;
            }
            if line_start > 0 && (self.fill == Fill::Prompt || self.filled >= self.size) {
                return Ok(Some(self.chunk(line_start, bytes, false)));
            }
        }
        if self.filled == 0 {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let unterminated = self.buffer[self.filled - 1] != b'\n';
        Ok(Some(self.chunk(self.filled, bytes, unterminated)))
    }

    /// Reads once, and says how much; what belongs to a line that is being cut is not kept.
    fn read(&mut self) -> io::Result<usize> {
        if self.filled == self.buffer.len() {
            let room = if self.fill == Fill::Full { self.size } else { self.size.min(PIPE) };
            self.buffer.resize(self.filled + room.max(1), 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..])?;
        let end = self.filled + read;
        let mut kept = self.filled..end;
        if self.cutting {
            let newline = memchr::memchr(b'\n', &self.buffer[kept.clone()]);
            self.cutting = newline.is_none();
            kept.start = newline.map_or(end, |newline| self.filled + newline);
            self.buffer.copy_within(kept.clone(), self.filled);
        }
        self.filled += kept.len();
        Ok(read)
    }

    /// Hands on the text up to `end`, and keeps the rest for the next chunk.
    fn chunk(&mut self, end: usize, bytes: u64, unterminated: bool) -> Chunk {
        let rest = end..self.filled;
        self.filled = rest.len();
        let text = if end < self.buffer.len() / 2 {
            // Little for so large a buffer, as a live stream gives: it is copied, and the buffer stays.
            let text = Buffer::from(self.buffer[..end].to_vec());
            self.buffer.copy_within(rest, 0);
            text
        } else {
            let mut next = self.buffers.take();
            next.resize(next.len().max(rest.len()), 0);
            next[..rest.len()].copy_from_slice(&self.buffer[rest]);
            let bytes = std::mem::replace(&mut self.buffer, next);
            self.buffers.lend(bytes, end)
        };
        let recording = *self.recording.get_or_insert_with(|| text.starts_with(recording::HEADER));
        Chunk { text, bytes, unterminated, recording, lane: 0, given: Vec::new() }
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
            prop_assert_eq!(chunks.iter().flat_map(|chunk| chunk.text.to_vec()).collect::<Vec<u8>>(), text.into_bytes());
        }
    }

    /// Text with what a border must not fall into: CRLF, letters of several bytes, escapes in strings, tracebacks.
    const LINES: &str = concat!(
        "{\"message\":\"a \\\"b\\\" \\\\\",\"timestamp\":\"2025-08-25T13:26:31.5Z\"}\r\n",
        "Traceback (most recent call last):\n  File \"é🔥.py\", line 1, in f\nKeyError: 'x'\n",
        "\r\n\n2025-08-25 13:26:31 señal ✅\n{\"message\":\"no end"
    );

    #[test]
    fn wherever_reads_end_the_lines_are_the_same() {
        for fill in [Fill::Full, Fill::Prompt] {
            for step in 1..=LINES.len() {
                for size in [1, 7, 64, 1 << 20] {
                    let chunks = chunks(LINES.as_bytes(), step, size, fill);
                    let lines = chunks.iter().flat_map(|chunk| chunk.text.split_inclusive(|byte| *byte == b'\n'));
                    let expected = LINES.as_bytes().split_inclusive(|byte| *byte == b'\n');
                    assert!(lines.eq(expected), "{step} {size} {fill:?}");
                    assert!(chunks.last().unwrap().unterminated);
                }
            }
        }
    }

    #[test]
    fn long_lines_are_cut_alike_wherever_reads_end() {
        let mut text = b"first\n".to_vec();
        for length in [LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 2 * LONGEST_LINE] {
            text.resize(text.len() + length, b'x');
            text.extend_from_slice(b"\r\nnext\n");
        }
        for (step, size) in [(4099, 1 << 16), (1 << 16, 1 << 20), (LONGEST_LINE + 7, 1 << 18), (usize::MAX, 1 << 20)] {
            let chunks = chunks(&text, step, size, Fill::Full);
            let lengths =
                chunks.iter().flat_map(|chunk| chunk.text.split_inclusive(|byte| *byte == b'\n')).map(<[u8]>::len);
            // What is too long is known by more than LONGEST_LINE bytes, however many there are.
            let lengths: Vec<usize> = lengths.map(|length| length.min(LONGEST_LINE + 3)).collect();
            let long = LONGEST_LINE + 3;
            assert_eq!(lengths, [6, LONGEST_LINE + 1, 5, LONGEST_LINE + 2, 5, long, 5, long, 5], "{step} {size}");
            assert_eq!(chunks.iter().map(|chunk| chunk.bytes).sum::<u64>(), text.len() as u64);
        }
    }

    #[test]
    fn what_a_used_buffer_held_is_never_seen_again() {
        let text: Vec<u8> = (0..4_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
        for step in [7, 100, 5_000] {
            let mut framer = Framer::new(Slow(&text, step), 900, Fill::Full);
            let mut kept = Vec::new();
            // Each chunk's buffer comes back before the next is read.
            while let Some(chunk) = framer.next_chunk().unwrap() {
                kept.extend_from_slice(&chunk.text);
            }
            assert!(kept == text, "reading {step} bytes at a time");
        }
    }

    #[test]
    fn a_live_stream_hands_on_what_each_read_gives() {
        let given: Vec<_> =
            chunks(b"one\ntwo\nthr", 5, 1 << 20, Fill::Prompt).into_iter().map(|chunk| chunk.text.to_vec()).collect();
        assert_eq!(given, [&b"one\n"[..], b"two\n", b"thr"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 3 * LONGEST_LINE];
        text.extend_from_slice(b"\nnext\n");
        for (step, fill) in [(1000, Fill::Prompt), (1 << 16, Fill::Full), (usize::MAX, Fill::Full)] {
            let chunks = chunks(&text, step, 1 << 18, fill);
            let kept: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.text.to_vec()).collect();
            let lines: Vec<&[u8]> = kept.split(|byte| *byte == b'\n').collect();
            assert_eq!(lines[1..], [&b"next"[..], b""]);
            assert!(lines[0].len() > LONGEST_LINE && lines[0].len() < LONGEST_LINE + (1 << 19));
            assert_eq!(chunks.iter().map(|chunk| chunk.bytes).sum::<u64>(), text.len() as u64);
        }
    }
}
