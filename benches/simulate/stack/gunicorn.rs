//! Flask under gunicorn: combined access lines, and gunicorn's own on standard error.

use super::words::{PYTHON, Words, traceback};
use super::{Level, Record, Voice, burst, stderr, stdout};
use crate::clock::{MILLISECOND, SECOND, Time};
use crate::play::Request;
use crate::random::Random;
use crate::script::Problem;

pub struct Gunicorn;

impl Voice for Gunicorn {
    fn access(&self, request: &Request, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let Request { method, target, status, .. } = request;
        let peer = request.peer();
        let address = peer.split(':').next().unwrap_or_default();
        let (time, bytes) = (at.combined(), random.between(20, 4_000));
        let agent = request.agent;
        out.push(stdout(
            at,
            format!("{address} - - [{time}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\""),
        ));
    }

    fn log(&self, level: Level, logger: &str, text: &str, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        let time = at.rfc3339_millis().replace('T', " ").replace('.', ",");
        out.push(stderr(at, format!("{} - {logger} - {} - {text}", time.trim_end_matches('Z'), level.python())));
    }

    fn exception(
        &self,
        problem: Problem,
        request: Option<&Request>,
        at: Time,
        random: &mut Random,
        out: &mut Vec<Record>,
    ) {
        let head = match request {
            Some(Request { method, path, .. }) => format!("Exception on {path} [{method}]"),
            None => "task failed".to_owned(),
        };
        self.log(Level::Error, "app", &head, at, random, out);
        burst(at + 1_000, traceback(PYTHON.of(problem), random), random, out);
    }

    /// The master goes with its last worker.
    fn crash(&self, problem: Problem, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let worker = random.between(4, 30);
        out.push(own(at, worker, "ERROR", "Exception in worker process"));
        burst(at + 1_000, traceback(PYTHON.of(problem), random), random, out);
        out.push(own(at + 5 * MILLISECOND, worker, "INFO", &format!("Worker exiting (pid: {worker})")));
        out.push(own(at + 60 * MILLISECOND, 1, "ERROR", &format!("Worker (pid:{worker}) exited with code 3")));
        out.push(own(at + 62 * MILLISECOND, 1, "ERROR", "Shutting down: Master"));
    }

    fn start(&self, at: Time, ready: Option<Time>, random: &mut Random, out: &mut Vec<Record>) {
        let begun = Time(ready.map_or(at.0, |ready| at.0.max(ready.0 - SECOND)));
        out.push(own(begun, 1, "INFO", "Starting gunicorn 23.0.0"));
        out.push(own(begun + MILLISECOND, 1, "INFO", "Listening at: http://0.0.0.0:8080 (1)"));
        out.push(own(begun + 2 * MILLISECOND, 1, "INFO", "Using worker: sync"));
        for worker in 0..random.between(2, 4) {
            let pid = 4 + worker;
            let text = format!("Booting worker with pid: {pid}");
            out.push(own(begun + (10 + 4 * worker) * MILLISECOND, pid, "INFO", &text));
        }
    }

    fn stop(&self, at: Time, out: &mut Vec<Record>) {
        out.push(own(at, 1, "INFO", "Handling signal: term"));
        for pid in 4..6 {
            out.push(own(at + pid * MILLISECOND, pid, "INFO", &format!("Worker exiting (pid: {pid})")));
        }
        out.push(own(at + 200 * MILLISECOND, 1, "INFO", "Shutting down: Master"));
    }

    /// A worker, which its master replaces.
    fn killed(&self, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let pid = random.between(4, 30);
        out.push(own(at, 1, "ERROR", &format!("Worker (pid:{pid}) was sent SIGKILL! Perhaps out of memory?")));
        let next = pid + random.between(1, 5);
        out.push(own(at + SECOND, next, "INFO", &format!("Booting worker with pid: {next}")));
    }

    fn out_of_memory(&self, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        self.killed(at, random, out);
    }

    fn words(&self) -> &'static Words {
        &PYTHON
    }
}

/// A line of gunicorn itself.
fn own(at: Time, pid: i64, level: &str, text: &str) -> Record {
    let time = at.rfc3339_seconds().replace('T', " ").replace('Z', " +0000");
    stderr(at, format!("[{time}] [{pid}] [{level}] {text}"))
}

/// `max_requests`: a worker ends after so many, and another takes its place.
pub fn recycled(at: Time, random: &mut Random, out: &mut Vec<Record>) {
    let pid = random.between(10, 400);
    out.push(own(at, pid, "WARNING", "Maximum request limit of 1000 exceeded. Terminating process."));
    out.push(own(at + 3 * MILLISECOND, pid, "INFO", &format!("Worker exiting (pid: {pid})")));
    let next = pid + random.between(1, 5);
    out.push(own(at + 400 * MILLISECOND, next, "INFO", &format!("Booting worker with pid: {next}")));
}
