//! What a service is written in: how it says what a script has it say, and how the platform passes it on.

mod gunicorn;
mod json;
mod node;
mod pino;
mod uvicorn;
mod words;

use crate::clock::{MICROSECOND, SECOND, Stamp, Time};
use crate::draw::Draw;
use crate::play::Request;
use crate::random::Random;
use crate::script::{Problem, Saying, Start};
use words::Words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// FastAPI.
    Uvicorn,
    /// Flask.
    Gunicorn,
    /// Express with morgan's `combined` lines.
    Express,
    /// Express with morgan's `dev` lines, which have durations.
    ExpressDev,
    /// Fastify or Express with pino's JSON.
    Pino,
    /// Python with a JSON formatter of its own.
    Json,
    /// The same with structlog, whose text is a member of its own.
    Structlog,
}

pub const STACKS: [Stack; 7] =
    [Stack::Uvicorn, Stack::Gunicorn, Stack::Express, Stack::ExpressDev, Stack::Pino, Stack::Json, Stack::Structlog];

/// One record of `railway logs --json`.
#[derive(Clone)]
pub struct Record {
    pub at: Time,
    /// The platform's: by the stream, or the app's own where it writes JSON.
    pub level: &'static str,
    pub message: String,
    /// Names, and values as JSON text.
    pub attributes: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    /// As Python writes it.
    fn python(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        }
    }

    /// As the platform and JSON loggers write it.
    fn short(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warn",
            Level::Error => "error",
        }
    }
}

/// How a stack writes. Each function adds records at the times it is given.
trait Voice {
    fn access(&self, request: &Request, at: Time, random: &mut Random, out: &mut Vec<Record>);
    fn log(&self, level: Level, logger: &str, text: &str, at: Time, random: &mut Random, out: &mut Vec<Record>);
    /// An exception that was caught where a request is answered, or anywhere else.
    fn exception(
        &self,
        problem: Problem,
        request: Option<&Request>,
        at: Time,
        random: &mut Random,
        out: &mut Vec<Record>,
    );
    /// One that ends the process.
    fn crash(&self, problem: Problem, at: Time, random: &mut Random, out: &mut Vec<Record>);
    /// From the start of the process; up to serving, if it comes to that.
    fn start(&self, at: Time, ready: Option<Time>, random: &mut Random, out: &mut Vec<Record>);
    fn stop(&self, at: Time, out: &mut Vec<Record>);
    /// By the kernel, which the shell tells; under a parent, who tells it and starts another.
    fn killed(&self, at: Time, _: &mut Random, out: &mut Vec<Record>) {
        out.push(stderr(at, "Killed"));
    }
    fn out_of_memory(&self, at: Time, random: &mut Random, out: &mut Vec<Record>);
    fn words(&self) -> &'static Words;
}

impl Stack {
    fn voice(self) -> &'static dyn Voice {
        match self {
            Stack::Uvicorn => &uvicorn::Uvicorn,
            Stack::Gunicorn => &gunicorn::Gunicorn,
            Stack::Express => &node::Express { dev: false },
            Stack::ExpressDev => &node::Express { dev: true },
            Stack::Pino => &pino::Pino,
            Stack::Json => &json::Json { structlog: false },
            Stack::Structlog => &json::Json { structlog: true },
        }
    }

    /// The lines of a request that the service saw.
    pub fn request(self, request: &Request, random: &mut Random, out: &mut Vec<Record>) {
        let at = request.end() - random.between(100, 2_000) * MICROSECOND;
        let at = Time(at.0.max(request.start.0));
        if let Some(problem) = request.problem {
            let before = Time((at.0 - random.between(300, 1_500) * MICROSECOND).max(request.start.0));
            self.voice().exception(problem, Some(request), before, random, out);
        }
        self.voice().access(request, at, random, out);
    }

    pub fn say(self, at: Time, saying: &Saying, random: &mut Random, out: &mut Vec<Record>) {
        let voice = self.voice();
        let words = voice.words();
        match saying {
            Saying::Start(start) => {
                // The platform's own stamps were whole seconds once.
                platform(if random.one_in(2) { at } else { at.floor_second() }, "Starting Container", out);
                let process = at + random.seconds(0.3, 1.2);
                match start {
                    Start::Ready(ready) => voice.start(process, Some(*ready), random, out),
                    Start::NeverReady { begins: true } => voice.start(process, None, random, out),
                    Start::NeverReady { begins: false } | Start::Silent => {}
                }
            }
            Saying::Stop => {
                platform(at, "Stopping Container", out);
                voice.stop(at + random.between(SECOND / 20, SECOND), out);
            }
            Saying::Chatter => {
                let (logger, text) = random.pick(&words::CHATTER);
                voice.log(Level::Info, logger, &words::numbered(text, random), at, random, out);
            }
            Saying::Job => {
                let text = words::numbered("sync finished: ### rows in ## ms", random);
                voice.log(Level::Info, "jobs.sync", &text, at, random, out);
            }
            Saying::Complaint(which) => {
                let (logger, text) = words::COMPLAINTS[*which];
                voice.log(Level::Error, logger, &words::numbered(text, random), at, random, out);
            }
            Saying::Logged(problem) => voice.exception(*problem, None, at, random, out),
            Saying::Crash(problem) => voice.crash(*problem, at, random, out),
            Saying::Killed => voice.killed(at, random, out),
            Saying::OutOfMemory => voice.out_of_memory(at, random, out),
            Saying::RecycledWorker => gunicorn::recycled(at, random, out),
            Saying::Waiting => {
                let text = "Waiting for database at postgres.railway.internal:5432 ...";
                voice.log(Level::Info, "start", text, at, random, out);
            }
            Saying::MigrationFailed => {
                for (turn, line) in words.migration.iter().enumerate() {
                    out.push(stderr(at + turn as i64 * 40 * MICROSECOND, *line));
                }
            }
            Saying::HealthCheckFailed => {
                platform(at, "Healthcheck failed!", out);
                platform(at + SECOND, "1/1 replicas never became healthy!", out);
            }
            Saying::Degraded => {
                let text = "Redis not reachable, continuing without a cache";
                voice.log(Level::Error, "cache", text, at, random, out);
            }
            Saying::Disconnected => {
                voice.log(Level::Warning, "http", "client closed the connection early", at, random, out);
            }
        }
    }
}

impl Record {
    /// As `railway logs --json` prints it: the members in any order.
    pub fn write(&self, stamp: &mut Stamp, order: &mut Random, out: &mut Vec<u8>) {
        let mut time = Vec::new();
        stamp.write(self.at, &mut time);
        let time = String::from_utf8(time).unwrap_or_default();
        let mut members =
            vec![("timestamp", quoted(&time)), ("level", quoted(self.level)), ("message", quoted(&self.message))];
        members.extend(self.attributes.iter().cloned());
        order.shuffle(&mut members);
        object(&members, out);
    }
}

/// A line of JSON from members whose values are JSON text already.
pub fn object(members: &[(&str, String)], out: &mut Vec<u8>) {
    out.push(b'{');
    for (turn, (name, value)) in members.iter().enumerate() {
        let comma = if turn > 0 { "," } else { "" };
        out.extend_from_slice(format!("{comma}\"{name}\":{value}").as_bytes());
    }
    out.extend_from_slice(b"}\n");
}

pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The platform's own line.
fn platform(at: Time, message: &str, out: &mut Vec<Record>) {
    out.push(stdout(at, message));
}

fn stdout(at: Time, message: impl Into<String>) -> Record {
    Record { at, level: "info", message: message.into(), attributes: Vec::new() }
}

/// Whatever a process writes to standard error is an error to the platform.
fn stderr(at: Time, message: impl Into<String>) -> Record {
    Record { level: "error", ..stdout(at, message) }
}

/// Lines of one burst, some microseconds apart.
fn burst(at: Time, lines: impl IntoIterator<Item = String>, random: &mut Random, out: &mut Vec<Record>) {
    let mut at = at;
    for line in lines {
        out.push(stderr(at, line));
        at = at + random.between(2, 90) * MICROSECOND;
    }
}

pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        422 => "Unprocessable Entity",
        500 => "Internal Server Error",
        _ => "Unknown",
    }
}
