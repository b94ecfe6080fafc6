//! FastAPI under uvicorn: access lines on standard output, Python's logging on standard error.

use super::words::{PYTHON, Words, traceback};
use super::{Level, Record, Voice, burst, reason, stderr, stdout};
use crate::clock::{MILLISECOND, SECOND, Time};
use crate::play::Request;
use crate::random::Random;
use crate::script::Problem;

pub struct Uvicorn;

impl Voice for Uvicorn {
    fn access(&self, request: &Request, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        let Request { method, target, status, .. } = request;
        let peer = request.peer();
        out.push(stdout(at, format!("INFO:     {peer} - \"{method} {target} HTTP/1.1\" {status} {}", reason(*status))));
    }

    fn log(&self, level: Level, logger: &str, text: &str, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        out.push(stderr(at, format!("{}:{logger}:{text}", level.python())));
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
            Some(_) => "ERROR:    Exception in ASGI application",
            None => "ERROR:services.worker:task failed",
        };
        let lines = traceback(PYTHON.of(problem), random);
        burst(at, std::iter::once(head.to_owned()).chain(lines), random, out);
    }

    fn crash(&self, problem: Problem, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        burst(at, traceback(PYTHON.of(problem), random), random, out);
    }

    fn start(&self, at: Time, ready: Option<Time>, random: &mut Random, out: &mut Vec<Record>) {
        let pid = random.between(1, 60);
        let begun = Time(ready.map_or(at.0, |ready| at.0.max(ready.0 - SECOND)));
        for (after, line) in [
            (0, format!("INFO:     Started server process [{pid}]")),
            (1, "INFO:     Waiting for application startup.".to_owned()),
        ] {
            out.push(stderr(begun + after * MILLISECOND, line));
        }
        let Some(ready) = ready else { return };
        out.push(stderr(ready, "INFO:     Application startup complete."));
        out.push(stderr(
            ready + MILLISECOND,
            "INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)",
        ));
    }

    fn stop(&self, at: Time, out: &mut Vec<Record>) {
        for (turn, line) in [
            "INFO:     Shutting down",
            "INFO:     Waiting for application shutdown.",
            "INFO:     Application shutdown complete.",
            "INFO:     Finished server process [1]",
        ]
        .into_iter()
        .enumerate()
        {
            out.push(stderr(at + turn as i64 * 10 * MILLISECOND, line));
        }
    }

    fn out_of_memory(&self, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let lines = [
            "Traceback (most recent call last):",
            "  File \"/app/services/candles.py\", line 60, in load",
            "    rows = list(reader)",
            "MemoryError",
        ];
        burst(at, lines.map(String::from), random, out);
        out.push(stderr(at + 30 * MILLISECOND, "Killed"));
    }

    fn words(&self) -> &'static Words {
        &PYTHON
    }
}
