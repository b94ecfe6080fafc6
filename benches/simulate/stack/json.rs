//! A service with a JSON formatter: text, logger and fields as members, the traceback as one of them.

use super::words::{PYTHON, Words, traceback};
use super::{Level, Record, Voice, burst, quoted};
use crate::clock::{MILLISECOND, SECOND, Time};
use crate::play::Request;
use crate::random::Random;
use crate::script::Problem;

pub struct Json {
    /// The text is a member `event`, and the record's own message empty.
    pub structlog: bool,
}

fn exception_member(problem: Problem, random: &mut Random) -> (&'static str, String) {
    ("exception", quoted(&traceback(PYTHON.of(problem), random).join("\n")))
}

impl Json {
    fn line(&self, level: &'static str, at: Time, text: &str, mut more: Vec<(&'static str, String)>) -> Record {
        if self.structlog {
            more.push(("event", quoted(text)));
        }
        let message = if self.structlog { String::new() } else { text.to_owned() };
        Record { at, level, message, attributes: more }
    }
}

impl Voice for Json {
    fn access(&self, request: &Request, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        let more = vec![
            ("logger", quoted("app.access")),
            ("method", quoted(request.method)),
            ("path", quoted(&request.path)),
            (if self.structlog { "status_code" } else { "status" }, request.status.to_string()),
            ("duration_ms", format!("{:.1}", request.upstream_ms)),
            ("client", quoted(&request.peer())),
            ("request_id", quoted(&request.id[..12])),
        ];
        out.push(self.line("info", at, "request finished", more));
    }

    fn log(&self, level: Level, logger: &str, text: &str, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        out.push(self.line(level.short(), at, text, vec![("logger", quoted(logger))]));
    }

    fn exception(
        &self,
        problem: Problem,
        request: Option<&Request>,
        at: Time,
        random: &mut Random,
        out: &mut Vec<Record>,
    ) {
        let mut more = vec![("logger", quoted("app.errors")), exception_member(problem, random)];
        if let Some(request) = request {
            more.push(("request_id", quoted(&request.id[..12])));
        }
        let message = if request.is_some() { "unhandled exception" } else { "task failed" };
        out.push(self.line("error", at, message, more));
    }

    fn crash(&self, problem: Problem, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        burst(at, traceback(PYTHON.of(problem), random), random, out);
    }

    fn start(&self, at: Time, ready: Option<Time>, random: &mut Random, out: &mut Vec<Record>) {
        let uvicorn = || vec![("logger", quoted("uvicorn.error"))];
        let begun = Time(ready.map_or(at.0, |ready| at.0.max(ready.0 - SECOND)));
        let pid = random.between(1, 60);
        out.push(self.line("info", begun, &format!("Started server process [{pid}]"), uvicorn()));
        out.push(self.line("info", begun + MILLISECOND, "Waiting for application startup.", uvicorn()));
        let Some(ready) = ready else { return };
        out.push(self.line("info", ready, "Application startup complete.", uvicorn()));
        let text = "Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)";
        out.push(self.line("info", ready + MILLISECOND, text, uvicorn()));
    }

    fn stop(&self, at: Time, out: &mut Vec<Record>) {
        for (turn, text) in ["Shutting down", "Application shutdown complete."].into_iter().enumerate() {
            let at = at + turn as i64 * 20 * MILLISECOND;
            out.push(self.line("info", at, text, vec![("logger", quoted("uvicorn.error"))]));
        }
    }

    fn out_of_memory(&self, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        out.push(self.line("error", at, "worker failed", vec![("exception", quoted("MemoryError"))]));
        self.killed(at + random.between(1, 40) * MILLISECOND, random, out);
    }

    fn words(&self) -> &'static Words {
        &PYTHON
    }
}
