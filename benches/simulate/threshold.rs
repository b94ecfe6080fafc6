//! What a plain threshold would have done: the share of 5xx in the last minutes, looked at with each request.

use std::collections::VecDeque;

use crate::clock::{MINUTE, Time};
use crate::play::Answer;

const WINDOW: i64 = 5 * MINUTE;
const LEAST: usize = 5;
const SHARE: f64 = 0.05;

/// The first time it is passed at or after `from`.
pub fn first_alarm(answers: impl Iterator<Item = Answer>, from: Time) -> Option<Time> {
    let mut window: VecDeque<Answer> = VecDeque::new();
    let mut failed = 0;
    for answer in answers {
        while window.front().is_some_and(|first| first.at <= answer.at - WINDOW) {
            failed -= usize::from(window.pop_front().is_some_and(|first| first.failed));
        }
        failed += usize::from(answer.failed);
        window.push_back(answer);
        if answer.at >= from && window.len() >= LEAST && failed as f64 > SHARE * window.len() as f64 {
            return Some(answer.at);
        }
    }
    None
}
