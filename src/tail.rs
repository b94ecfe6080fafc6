//! Tail: the newest lines that are of a class, as they came, for whoever looks at a run.

use std::collections::VecDeque;

use crate::classify::{Library, Severity};
use crate::map::Fragment;
use crate::mask::Masking;
use crate::second::evidence::said;
use crate::time::Time;

/// Lines that are kept.
const MOST: usize = 1_000;

/// Bytes of a line's text.
const LONGEST: usize = 4_000;

#[derive(Clone, Debug)]
pub struct TailLine {
    /// They count up.
    pub number: u64,
    pub time: Option<Time>,
    pub classes: Vec<String>,
    /// That of its gravest class.
    pub severity: Severity,
    /// With its secrets masked.
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<TailLine>,
    numbered: u64,
}

impl Tail {
    /// Takes in the last lines of a fragment; of one with more than are kept the others are never read.
    pub fn add(&mut self, fragment: &Fragment, library: &Library, masking: Masking) {
        let ends = fragment.lines.iter().map(|line| line.events_end as usize);
        let begins = std::iter::once(0).chain(ends.clone());
        let events = begins.zip(ends).map(|(begin, end)| &fragment.events[begin..end]);
        let classed: Vec<_> = fragment.lines.iter().zip(events).filter(|(_, events)| !events.is_empty()).collect();
        let skipped = classed.len().saturating_sub(MOST);
        self.numbered += skipped as u64;
        for (line, events) in &classed[skipped..] {
            let classes = events.iter().map(|event| &library.classes[fragment.sets.get(event.set).class]);
            let severity = classes.clone().map(|class| class.severity).max().unwrap_or(Severity::Info);
            let begin = line.start as usize;
            let bytes = &fragment.text[begin..begin + line.length as usize];
            self.numbered += 1;
            self.lines.push_back(TailLine {
                number: self.numbered,
                time: line.time,
                classes: classes.map(|class| class.name.clone()).collect(),
                severity,
                text: text(bytes, masking),
            });
        }
        while self.lines.len() > MOST {
            self.lines.pop_front();
        }
    }

    /// The oldest first.
    pub fn lines(&self) -> &VecDeque<TailLine> {
        &self.lines
    }
}

fn text(line: &[u8], masking: Masking) -> String {
    let mut text = masking.text(&String::from_utf8_lossy(&said(line)));
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}
