//! What became of a case: the verdict beside what is true.

use logwatch::Verdict;

use crate::case::{Case, Number};
use crate::clock::{SECOND, Time};
use crate::judge::{Judge, judge};
use crate::stack::Stack;
use crate::threshold;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Both,
    AppAlone,
}

pub struct Outcome {
    pub number: Number,
    pub stack: Stack,
    pub per_minute: f64,
    pub input: Input,
    pub baseline: bool,
    pub tolerated: bool,
    pub verdict: Verdict,
    pub reasons: Vec<String>,
    /// Seconds from the fault, or from the deployment of a twin, to the first alarm.
    pub delay: Option<f64>,
    /// The trigger that gave the first alarm, in a twin or before the fault, too.
    pub alarm: Option<String>,
    /// An alarm came, but none after the fault had begun.
    pub early: bool,
    /// Seconds by which the deployment was dated wrongly.
    pub misdated: Option<f64>,
    /// The same of a plain threshold.
    pub plain_delay: Option<f64>,
}

/// Faults are to be caught where at least so many requests a minute come.
pub const BUSY: f64 = 10.0;

/// Judges the case with both logs, and with the app log alone.
pub fn outcomes(judge_by: &Judge, case: &Case) -> [Outcome; 2] {
    [Input::Both, Input::AppAlone].map(|input| outcome(judge_by, case, input))
}

fn outcome(judge_by: &Judge, case: &Case, input: Input) -> Outcome {
    let Case { number, script, logs } = case;
    let mut sources = vec![("app.jsonl", logs.app.as_slice())];
    if input == Input::Both && !logs.http.is_empty() {
        sources.push(("http.jsonl", logs.http.as_slice()));
    }
    let judged = judge(judge_by, &sources);
    let times = &script.times;
    let from = script.fault.unwrap_or(times.deployed);
    let first = judged.alarms.iter().find(|alarm| alarm.at >= from);
    let seen = logs.answers.iter().copied().filter(|answer| input == Input::Both || answer.in_app);
    Outcome {
        number: *number,
        stack: script.stack,
        per_minute: script.flow.per_minute,
        input,
        baseline: times.baseline,
        tolerated: script.tolerated,
        verdict: judged.verdict,
        delay: first.map(|alarm| seconds(from, alarm.at)),
        alarm: first.or(judged.alarms.first()).map(|alarm| alarm.trigger.clone()),
        early: first.is_none() && !judged.alarms.is_empty(),
        misdated: judged.deployed.map(|deployed| seconds(times.deployed, deployed)),
        reasons: judged.reasons,
        plain_delay: threshold::first_alarm(seen, from).map(|at| seconds(from, at)),
    }
}

fn seconds(from: Time, to: Time) -> f64 {
    (to.0 - from.0) as f64 / SECOND as f64
}

impl Outcome {
    /// A fault that was caught.
    pub fn is_caught(&self) -> bool {
        self.verdict >= Verdict::Investigate && !self.early
    }

    /// A healthy twin that was called worse than is right.
    pub fn is_false_alarm(&self) -> bool {
        let worst = if self.tolerated { Verdict::Investigate } else { Verdict::Unknown };
        self.verdict > worst
    }

    pub fn is_wrong(&self) -> bool {
        if self.number.faulty { !self.is_caught() } else { self.is_false_alarm() }
    }

    pub fn is_busy(&self) -> bool {
        self.per_minute >= BUSY
    }

    pub fn is_well_dated(&self) -> bool {
        self.misdated.is_some_and(|seconds| seconds.abs() <= 30.0)
    }
}
