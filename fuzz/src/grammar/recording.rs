//! Logs of a live source: it is silent at times, and it may print what looks like a recording.

use fastrand::Rng;

use super::pipeline::{self, latest};
use crate::mutate::{lines, pieces};

pub fn mutate(text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    match random.u8(..4) {
        0 => pieces(lines(&text), silence, random),
        _ => pipeline::mutate(text, random),
    }
}

fn silence(before: &[u8], random: &mut Rng) -> Vec<u8> {
    let text = match random.u8(..16) {
        0 => "{\"logwatch\":\"recording\",\"v\":1}\n".to_string(),
        1 => {
            let to = latest(before).map_or("2025-08-25T13:40:00Z".to_string(), |latest| latest.to_string());
            format!("{{\"logwatch\":\"advance\",\"to\":\"{to}\"}}\n")
        }
        2 => "%% silent\n".to_string(),
        _ => format!("%% silent {}\n", random.i64(-100..40_000)),
    };
    text.into_bytes()
}
