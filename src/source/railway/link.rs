//! How a connection stands: told by the thread that follows, looked at by the one that judges.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::budget::Budget;
use crate::time::Time;

/// What is known of the connection to the API.
#[derive(Debug)]
pub struct Link(Mutex<State>);

/// How the connection stands.
#[derive(Clone, Debug)]
pub struct State {
    /// What it is at.
    pub phase: Phase,
    /// When the server last showed that it is there, of what has been taken in. What a service is silent since then is not known.
    pub proved: Instant,
    /// How far the server's clock is ahead of this machine's, in nanoseconds.
    pub ahead: i64,
    /// Records that came again, which overlapping reads bring.
    pub repeated: u64,
    /// Records that only a second look has found.
    pub found_late: u64,
    /// How often it was made anew.
    pub reconnects: u64,
    /// What is left of the calls that the API allows.
    pub budget: Budget,
    /// What is to be said, once.
    messages: Vec<String>,
}

/// What a connection is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What was written before is read, up to this time so far.
    ReadingBack(Option<Time>),
    /// All that is known to the server is here, and more comes as it is written.
    Following,
    /// There is no connection, since when and why.
    Broken {
        /// The last time it stood.
        since: Time,
        /// What broke it.
        because: String,
    },
}

impl Default for Link {
    fn default() -> Self {
        Link(Mutex::new(State {
            phase: Phase::ReadingBack(None),
            proved: Instant::now(),
            ahead: 0,
            repeated: 0,
            found_late: 0,
            reconnects: 0,
            budget: Budget::default(),
            messages: Vec::new(),
        }))
    }
}

impl Link {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it stands now.
    pub fn look(&self) -> State {
        self.state().clone()
    }

    /// When the server last showed that it is there, if all that it knows was read; and how far its clock is ahead.
    pub fn proved(&self) -> Option<(Instant, i64)> {
        let state = self.state();
        (state.phase == Phase::Following).then_some((state.proved, state.ahead))
    }

    /// How far the server's clock is ahead, in nanoseconds.
    pub fn ahead(&self) -> i64 {
        self.state().ahead
    }

    /// What there is to be told since the last time.
    pub fn take_messages(&self) -> Vec<String> {
        std::mem::take(&mut self.state().messages)
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.state().phase = phase;
    }

    /// The server was there at this moment, and all that it had said by then is given out.
    pub(super) fn alive(&self, at: Instant) {
        self.state().proved = at;
    }

    pub(super) fn say(&self, message: String) {
        self.state().messages.push(message);
    }

    pub(super) fn update(&self, update: impl FnOnce(&mut State)) {
        update(&mut self.state());
    }
}
