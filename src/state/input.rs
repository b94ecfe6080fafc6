//! What the engine is told of its sources, as bytes, in the order in which it is told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pipe::Pipe;
use crate::external::External;
use crate::map::Fragment;
use crate::source::{Given, Known};
use crate::time::Time;

/// Something that the engine is told of a source.
#[derive(Debug, Serialize, Deserialize)]
pub enum Input<'a> {
    /// Lines of one of the logs of a source.
    Lines {
        lane: usize,
        /// The first of the source's logs, and the one after its last.
        lanes: (usize, usize),
        text: &'a [u8],
        bytes: u64,
        unterminated: bool,
        recording: bool,
        /// Which of them an earlier run has read.
        repeated: Vec<u32>,
    },
    Advance(usize, Time),
    LeaveOut(usize),
    Lost(usize),
    Ended(usize),
    /// What was measured beside the sources.
    External(Cow<'a, External>),
    /// What people said: a line as the file of answers has.
    Said(&'a str),
}

impl Input<'_> {
    /// # Errors
    ///
    /// Bytes that are damaged.
    pub fn read(bytes: &[u8]) -> Result<Input<'_>, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}

/// What the engine was told since it was last written.
#[derive(Debug, Default)]
pub struct Journal {
    /// Whether anybody is to write it.
    is_kept: bool,
    pub inputs: Vec<Vec<u8>>,
    /// Records of logs that can be read again.
    pub given: Vec<Given>,
    /// The sources that were left out since anything else was told: to be told again changes nothing.
    left_out: Vec<usize>,
    pipes: BTreeMap<usize, Pipe>,
    /// The second of the last number of each series that a platform measured.
    measured: BTreeMap<Arc<str>, i64>,
    /// Where the log begins that an earlier run has read.
    begins: Option<Time>,
}

impl Journal {
    /// The inputs since this was asked last.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.inputs)
    }

    pub fn keep(&mut self, is_kept: bool) {
        *self = Journal { is_kept, ..Journal::default() };
    }

    /// Follows the log of a pipe, which an earlier run may have read: `known` is what it has.
    pub fn follow(&mut self, lane: usize, log: &str, known: Option<Known>) {
        self.pipes.insert(lane, Pipe::new(log, known));
    }

    /// Marks the lines that an earlier run has read; `true` if lines may be missing before them.
    pub fn recognise(&mut self, lane: usize, fragment: &mut Fragment) -> bool {
        self.is_kept && self.pipes.get_mut(&lane).is_some_and(|pipe| pipe.recognise(fragment))
    }

    pub fn lines(&mut self, lanes: std::ops::Range<usize>, fragment: &mut Fragment) {
        let lane = lanes.start + fragment.lane;
        self.given.append(&mut fragment.given);
        self.push(&Input::Lines {
            lane,
            lanes: (lanes.start, lanes.end),
            text: &fragment.text,
            bytes: fragment.bytes,
            unterminated: fragment.unterminated,
            recording: fragment.recording,
            repeated: (0..).zip(&fragment.lines).filter(|(_, line)| line.is_repeated).map(|(at, _)| at).collect(),
        });
    }

    pub fn advance(&mut self, lane: usize, to: Time) {
        self.push(&Input::Advance(lane, to));
    }

    pub fn leave_out(&mut self, lane: usize) {
        if !self.left_out.contains(&lane) {
            let mut left_out = std::mem::take(&mut self.left_out);
            self.push(&Input::LeaveOut(lane));
            left_out.push(lane);
            self.left_out = left_out;
        }
    }

    pub fn lost(&mut self, lane: usize) {
        self.push(&Input::Lost(lane));
    }

    /// A platform may give again what it measured: `known` is what an earlier run has read, of a log that begins at a time.
    pub fn measure(&mut self, known: &BTreeMap<Arc<str>, Known>, begins: Option<Time>) {
        let last = known.iter().filter_map(|(log, known)| Some((Arc::clone(log), known.last()?)));
        (self.measured, self.begins) = (last.collect(), begins);
    }

    /// Whether something that a platform measured is new. It gives the numbers of a series in the order of time.
    pub fn is_measured_anew(&mut self, event: &External) -> bool {
        if !self.is_kept {
            return true;
        }
        let (log, second): (Arc<str>, _) = (event.series().into(), event.at.second());
        let is_new = self.measured.get(&log).is_none_or(|last| *last < second)
            && self.begins.is_none_or(|begins| event.at >= begins);
        if is_new {
            self.measured.insert(Arc::clone(&log), second);
            self.given.push(Given { log, second, identities: Vec::new() });
        }
        is_new
    }

    pub fn external(&mut self, event: &External) {
        self.push(&Input::External(Cow::Borrowed(event)));
    }

    pub fn said(&mut self, line: &str) {
        self.push(&Input::Said(line));
    }

    pub fn ended(&mut self, lane: usize) {
        self.push(&Input::Ended(lane));
    }

    fn push(&mut self, input: &Input<'_>) {
        self.left_out.clear();
        if self.is_kept {
            // Writing to memory fails only for lack of it.
            self.inputs.push(postcard::to_stdvec(input).unwrap_or_default());
        } else {
            self.given.clear();
        }
    }
}
