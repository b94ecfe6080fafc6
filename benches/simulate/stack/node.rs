//! Express with morgan's lines; `console.error` writes to standard error.

use super::words::{NODE, Words, stack};
use super::{Level, Record, Voice, burst, stderr, stdout};
use crate::clock::{MILLISECOND, Time};
use crate::play::Request;
use crate::random::Random;
use crate::script::Problem;

pub struct Express {
    /// morgan's `dev` format instead of `combined`.
    pub dev: bool,
}

impl Voice for Express {
    fn access(&self, request: &Request, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let Request { method, target, status, agent, .. } = request;
        let bytes = random.between(20, 4_000);
        if self.dev {
            let took = request.upstream_ms;
            out.push(stdout(at, format!("{method} {target} {status} {took:.3} ms - {bytes}")));
        } else {
            let peer = request.peer();
            let address = peer.split(':').next().unwrap_or_default();
            let time = at.combined();
            let line = format!(
                "::ffff:{address} - - [{time}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\""
            );
            out.push(stdout(at, line));
        }
    }

    fn log(&self, level: Level, _: &str, text: &str, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        out.push(match level {
            Level::Info => stdout(at, text),
            Level::Warning => stderr(at, format!("Warning: {text}")),
            Level::Error => stderr(at, format!("Error: {text}")),
        });
    }

    fn exception(&self, problem: Problem, _: Option<&Request>, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        burst(at, stack(NODE.of(problem), ""), random, out);
    }

    fn crash(&self, problem: Problem, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let exception = NODE.of(problem);
        let (file, line, ..) = exception.frame;
        let head = [format!("/app/src/{file}:{line}"), "    throw error;".into(), "    ^".into(), String::new()];
        let lines = head.into_iter().chain(stack(exception, "")).chain([String::new(), "Node.js v22.11.0".into()]);
        burst(at, lines, random, out);
    }

    fn start(&self, at: Time, ready: Option<Time>, _: &mut Random, out: &mut Vec<Record>) {
        npm(at, out);
        if let Some(ready) = ready {
            out.push(stdout(ready, "Server listening on port 8080"));
        }
    }

    fn stop(&self, at: Time, out: &mut Vec<Record>) {
        out.push(stdout(at, "SIGTERM received, closing server"));
        for line in ["npm error path /app", "npm error command failed", "npm error signal SIGTERM"] {
            out.push(stderr(at + 50 * MILLISECOND, line));
        }
    }

    fn out_of_memory(&self, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        out_of_memory(at, random, out);
    }

    fn words(&self) -> &'static Words {
        &NODE
    }
}

/// What npm prints before the app does.
pub fn npm(at: Time, out: &mut Vec<Record>) {
    out.push(stdout(at, "> shop@1.4.0 start"));
    out.push(stdout(at, "> node dist/index.js"));
}

pub fn out_of_memory(at: Time, random: &mut Random, out: &mut Vec<Record>) {
    let lines = [
        "<--- Last few GCs --->",
        "[17:0x7f21c4000b70]   512031 ms: Mark-Compact 510.2 (523.9) -> 509.8 (524.4) MB, 812.1 / 0.0 ms allocation failure",
        "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory",
    ];
    burst(at, lines.map(String::from), random, out);
}
