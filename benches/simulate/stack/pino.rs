//! Express or Fastify with pino: each line a JSON object, whose members the platform keeps as attributes.

use super::node::{npm, out_of_memory};
use super::words::{NODE, Words, stack};
use super::{Level, Record, Voice, burst, quoted};
use crate::clock::{MILLISECOND, Time};
use crate::play::Request;
use crate::random::Random;
use crate::script::Problem;

pub struct Pino;

fn line(level: &'static str, at: Time, message: &str, more: Vec<(&'static str, String)>) -> Record {
    let mut attributes = vec![
        ("time", (at.0 / MILLISECOND).to_string()),
        ("pid", "17".to_owned()),
        ("hostname", "\"9f1c2d77a0b4\"".to_owned()),
    ];
    attributes.extend(more);
    Record { at, level, message: message.to_owned(), attributes }
}

/// pino-http's `req`.
fn request_member(request: &Request) -> String {
    let Request { method, target, .. } = request;
    let peer = request.peer();
    let (address, port) = peer.split_once(':').unwrap_or((&peer, "0"));
    format!(
        r#"{{"id":{},"method":"{method}","url":{},"query":{{}},"params":{{}},"headers":{{"host":"shop.up.railway.app","user-agent":{}}},"remoteAddress":"::ffff:{address}","remotePort":{port}}}"#,
        request.number,
        quoted(target),
        quoted(request.agent),
    )
}

/// A value that holds its stack, escaped as the platform gives it.
fn error_member(problem: Problem) -> String {
    let exception = NODE.of(problem);
    let text = stack(exception, "").join("\n");
    format!(
        r#"{{"type":{},"message":{},"stack":{}}}"#,
        quoted(exception.kind),
        quoted(exception.message),
        quoted(&text)
    )
}

impl Voice for Pino {
    fn access(&self, request: &Request, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        let status = request.status;
        let failed = status >= 500;
        let mut more = vec![
            ("req", request_member(request)),
            (
                "res",
                format!(r#"{{"statusCode":{status},"headers":{{"x-powered-by":"Express","content-length":"211"}}}}"#),
            ),
            ("responseTime", format!("{:.0}", request.upstream_ms)),
        ];
        if let Some(problem) = request.problem {
            more.push(("err", error_member(problem)));
        }
        let (level, message) = if failed { ("error", "request errored") } else { ("info", "request completed") };
        out.push(line(level, at, message, more));
    }

    fn log(&self, level: Level, logger: &str, text: &str, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        out.push(line(level.short(), at, text, vec![("module", quoted(logger))]));
    }

    /// The failure of a request stands in the request's own line.
    fn exception(&self, problem: Problem, request: Option<&Request>, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        if request.is_none() {
            let message = NODE.of(problem).message;
            out.push(line("error", at, message, vec![("err", error_member(problem))]));
        }
    }

    fn crash(&self, problem: Problem, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        let lines = stack(NODE.of(problem), "Uncaught ").into_iter().chain(["Node.js v22.11.0".to_owned()]);
        burst(at, lines, random, out);
    }

    fn start(&self, at: Time, ready: Option<Time>, _: &mut Random, out: &mut Vec<Record>) {
        npm(at, out);
        if let Some(ready) = ready {
            out.push(line("info", ready, "Server listening at http://0.0.0.0:8080", Vec::new()));
        }
    }

    fn stop(&self, at: Time, out: &mut Vec<Record>) {
        out.push(line("info", at, "received SIGTERM, closing", Vec::new()));
    }

    fn out_of_memory(&self, at: Time, random: &mut Random, out: &mut Vec<Record>) {
        out_of_memory(at, random, out);
    }

    fn words(&self) -> &'static Words {
        &NODE
    }
}
