//! The log of a pipe or a program: one that is started again may give again what an earlier run has read.

use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;

use crate::map::{Fragment, Kind};
use crate::source::{Given, Known};

/// Seconds after the last line of the earlier run: a line from then on says that what could come again has come.
const OVER: i64 = 60;

#[derive(Debug)]
pub(super) struct Pipe {
    log: Arc<str>,
    /// What an earlier run has read and has not come again; `None` where nothing can.
    known: Option<Known>,
    has_begun: bool,
}

impl Pipe {
    pub fn new(log: &str, known: Option<Known>) -> Self {
        Pipe { log: log.into(), known, has_begun: false }
    }

    /// Marks the lines that an earlier run has read, and takes note of the others. Only a line with a time of its own can be known.
    /// `true` if it cannot be said that nothing is missing before them.
    pub fn recognise(&mut self, fragment: &mut Fragment) -> bool {
        let Fragment { text, lines, given, .. } = fragment;
        let mut repeated = Vec::new();
        let is_first = !std::mem::replace(&mut self.has_begun, true) && self.known.is_some();
        let mut meets = None;
        let mut newest = i64::MIN;
        for (at, line) in (0..).zip(&*lines) {
            let Some(time) = line.time.filter(|_| matches!(line.kind, Kind::App | Kind::Edge { .. })) else { continue };
            let second = time.second();
            newest = newest.max(second);
            let mut hasher = FxHasher::default();
            hasher.write(&text[line.start as usize..(line.start + line.length) as usize]);
            let identity = hasher.finish();
            let is_repeated = self.known.as_mut().is_some_and(|known| known.take(second, identity));
            meets.get_or_insert(is_repeated);
            if is_repeated {
                repeated.push(at);
                continue;
            }
            match given.last_mut().filter(|last| last.second == second) {
                Some(last) => last.identities.push(identity),
                None => given.push(Given { log: Arc::clone(&self.log), second, identities: vec![identity] }),
            }
        }
        fragment.repeat(repeated);
        let last = self.known.as_ref().and_then(Known::last);
        if last.is_none_or(|last| newest > last + OVER) {
            self.known = None;
        }
        is_first && meets != Some(true)
    }
}
