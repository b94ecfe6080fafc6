//! Faults of processes: crashes, kills, and starts that come to nothing.

use crate::clock::{MINUTE, SECOND};
use crate::draw::{Draw, seconds};
use crate::random::Random;
use crate::script::{Problem, Saying, Script, Start};
use crate::service::Service;
use crate::stack::Stack;

/// How often the platform starts a failing container again, unless told otherwise.
const RETRIES: i64 = 10;

pub fn crash_loop_at_start(script: &mut Script, random: &mut Random) {
    let problem = if random.chance(0.7) { Problem::Bug(Service::new_bug(random)) } else { Problem::Refused(0) };
    starts_in_vain(script, random, Some(problem));
}

/// Nothing but the platform's own lines.
pub fn silent_loop(script: &mut Script, random: &mut Random) {
    starts_in_vain(script, random, None);
}

fn starts_in_vain(script: &mut Script, random: &mut Random, problem: Option<Problem>) {
    let mut start = script.begin_with_start();
    script.starts.clear();
    let every = random.log_uniform(4.0, 60.0);
    let begins = random.chance(0.4);
    for _ in 0..random.between(RETRIES / 2, 3 * RETRIES) {
        if start >= script.times.end {
            break;
        }
        script.starts.push((start, if problem.is_some() { Start::NeverReady { begins } } else { Start::Silent }));
        if let Some(problem) = problem {
            script.said.push((start + random.seconds(0.6, 3.0), Saying::Crash(problem)));
        }
        start = start + seconds(every * random.uniform(0.9, 1.2));
    }
    script.never_takes_over(random.chance(0.5));
}

/// Each process serves for a while.
pub fn crash_loop(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let problem = Problem::Bug(Service::new_bug(random));
    let mean = random.log_uniform(30.0, 240.0);
    let mut at = span.from + random.seconds(2.0, 60.0);
    script.fault = Some(at);
    while at < span.to {
        script.said.push((at, Saying::Crash(problem)));
        at = script.restart(at, random) + seconds(mean * random.uniform(0.5, 1.5));
    }
}

pub fn crash(script: &mut Script, random: &mut Random) {
    let at = script.begin_fault(random).from + random.seconds(1.0, 120.0);
    script.fault = Some(at);
    script.said.push((at, Saying::Crash(Problem::Bug(Service::new_bug(random)))));
    script.restart(at, random);
}

pub fn killed(script: &mut Script, random: &mut Random) {
    again_and_again(script, random, Saying::Killed);
}

pub fn out_of_memory(script: &mut Script, random: &mut Random) {
    again_and_again(script, random, Saying::OutOfMemory);
}

fn again_and_again(script: &mut Script, random: &mut Random, saying: Saying) {
    let span = script.begin_fault(random);
    let mut at = span.from + random.seconds(5.0, 200.0);
    script.fault = Some(at);
    for _ in 0..random.between(1, 5) {
        if at >= span.to {
            break;
        }
        script.said.push((at, saying.clone()));
        // gunicorn's master stays, and replaces the worker.
        if script.stack != Stack::Gunicorn {
            at = script.restart(at, random);
        }
        at = at + random.between(MINUTE, 8 * MINUTE);
    }
}

pub fn never_ready(script: &mut Script, random: &mut Random) {
    let mut at = script.begin_with_start();
    script.starts = vec![(at, Start::NeverReady { begins: random.chance(0.4) })];
    let every = random.log_uniform(2.0, 15.0);
    while at < script.times.end {
        at = at + seconds(every);
        script.said.push((at, Saying::Waiting));
    }
    script.never_takes_over(random.chance(0.5));
}

pub fn migration_fails(script: &mut Script, random: &mut Random) {
    let mut start = script.begin_with_start();
    script.starts.clear();
    for _ in 0..random.between(1, RETRIES) {
        script.starts.push((start, Start::NeverReady { begins: false }));
        script.said.push((start + random.seconds(1.0, 4.0), Saying::MigrationFailed));
        start = start + random.seconds(6.0, 30.0);
    }
    script.never_takes_over(random.chance(0.5));
}

/// It serves all the same.
pub fn startup_exceptions(script: &mut Script, random: &mut Random) {
    let start = script.begin_with_start();
    let problem = match random.below(3) {
        0 => Problem::Refused(random.below(4) as usize),
        _ => Problem::Bug(Service::new_bug(random)),
    };
    for _ in 0..random.between(1, 5) {
        let at = start + random.seconds(0.8, (script.times.switch.0 - start.0) as f64 / SECOND as f64);
        script.said.push((at, Saying::Logged(problem)));
    }
}

/// The container runs, and does not answer where the platform asks.
pub fn health_check_failed(script: &mut Script, random: &mut Random) {
    let start = script.begin_with_start();
    let at = start + random.seconds(60.0, 330.0);
    script.fault = Some(at);
    script.said.push((at, Saying::HealthCheckFailed));
    script.never_takes_over(true);
}
