//! How far a run is: the bar of a long replay, the status line of a live one. On standard error, only in a terminal, gone at the
//! end. And warnings, which go there, too.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal;
use super::tui::Shared;
use crate::engine::Engine;
use crate::source::Opened;
use crate::source::railway::{Link, Phase, State};
use crate::text::escape;
use crate::time::Time;
use crate::zone::Zone;

/// A replay shorter than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often a status line is written anew.
const STATUS: Duration = Duration::from_millis(500);

/// How often it is said where there is no terminal.
const SAID: Duration = Duration::from_secs(60);

/// A bar over the stored bytes of all inputs; or a status line, where one of them has no end.
pub struct Progress {
    bar: ProgressBar,
    positions: Vec<Arc<AtomicU64>>,
    began: Instant,
    /// A bar is shown once there is something to wait for.
    wanted: bool,
    status: Option<Status>,
    /// The dashboard that has the terminal.
    shown_on: Option<Arc<Shared>>,
}

/// What a live run has read.
struct Status {
    inputs: String,
    /// Where there is no terminal: whether a line is said now and then, and when it was last.
    is_said: bool,
    said: Instant,
    /// How the connection stands, if there is one.
    link: Option<Arc<Link>>,
    zone: Zone,
    /// When it was written last, and the lines there were.
    written: Option<Instant>,
    lines: u64,
}

impl Progress {
    pub fn new(inputs: &[Opened], quiet: bool, zone: Zone) -> Self {
        let total: Option<u64> = inputs.iter().map(|input| input.size).sum();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let is_live = inputs.iter().any(|input| input.live) && !quiet;
        let template = match is_live {
            true => "{wide_msg}",
            false => "{bar:30} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {eta} left",
        };
        let status = is_live.then(|| Status {
            inputs: inputs.iter().map(|input| escape(&input.label)).collect::<Vec<_>>().join(", "),
            is_said: false,
            said: Instant::now(),
            link: None,
            zone,
            written: None,
            lines: 0,
        });
        if status.is_some() {
            bar.set_draw_target(terminal::narrowed());
        }
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let positions = inputs.iter().map(|input| Arc::clone(&input.position)).collect();
        Progress { bar, positions, began: Instant::now(), wanted: total.is_some() && !quiet, status, shown_on: None }
    }

    /// The status line of what is followed through a connection. Where there is no terminal for it, it is said once a minute if
    /// that is asked for.
    pub fn following(labels: &[String], link: &Arc<Link>, quiet: bool, is_said: bool, zone: Zone) -> Self {
        let mut progress = Progress::new(&[], true, zone);
        if !quiet {
            let inputs = labels.iter().map(|label| escape(label)).collect::<Vec<_>>().join(", ");
            let link = Some(Arc::clone(link));
            let said = Instant::now();
            progress.status = Some(Status { inputs, is_said, said, link, zone, written: None, lines: 0 });
            progress.bar.set_draw_target(terminal::narrowed());
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                progress.bar.set_style(style);
            }
        }
        progress
    }

    pub fn aside(&self) -> Aside {
        Aside { bar: self.bar.clone(), shown_on: self.shown_on.clone() }
    }

    /// Everything is said on a dashboard, as long as that has the terminal.
    pub fn show_on(&mut self, dashboard: Arc<Shared>) {
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        self.wanted = false;
        self.shown_on = Some(dashboard);
    }

    pub fn update(&mut self, engine: &Engine) {
        if let Some(status) = &mut self.status {
            let since = status.written.map(|written| written.elapsed());
            let is_due = since.is_none_or(|since| since >= STATUS);
            if let Some(dashboard) = &self.shown_on {
                if is_due {
                    dashboard.say(status.text(engine, since));
                }
            } else if !self.bar.is_hidden() && is_due {
                self.bar.set_message(status.text(engine, since));
            } else if status.is_said && self.bar.is_hidden() && status.said.elapsed() >= SAID {
                let text = status.text(engine, since);
                status.said = Instant::now();
                Aside { bar: self.bar.clone(), shown_on: None }.warn(&text);
            }
            return;
        }
        if self.wanted && self.began.elapsed() > PATIENCE {
            self.wanted = false;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if !self.bar.is_hidden() {
            self.bar.set_position(self.positions.iter().map(|position| position.load(Ordering::Relaxed)).sum());
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Status {
    /// `reading stdin  deployed 13:20:05  1204 lines (12/s)  356 requests, 3 failed  last 13:30:02`
    fn text(&mut self, engine: &Engine, since: Option<Duration>) -> String {
        let clock = |time| self.zone.clock(time);
        let lines = engine.gather.counts.lines;
        let mut text = match self.link.as_ref().map(|link| link.look()) {
            None => format!("reading {}", self.inputs),
            Some(state) => connection(&self.inputs, &state, clock),
        };
        if let Some(deployment) = &engine.judge.deployment {
            text += &format!("  deployed {}", clock(deployment.at));
        }
        text += &format!("  {lines} lines");
        if let Some(since) = since {
            text += &format!(" ({:.0}/s)", (lines - self.lines) as f64 / since.as_secs_f64());
        }
        let report = &engine.judge.report;
        if report.requests_since_deployment() > 0 {
            text += &format!(
                "  {} requests, {} failed",
                report.requests_since_deployment(),
                report.failed_since_deployment()
            );
        }
        match engine.latest() {
            Some(latest) => text += &format!("  last {}", clock(latest)),
            None => text += "  nothing yet; Ctrl-C ends with the verdict",
        }
        (self.written, self.lines) = (Some(Instant::now()), lines);
        text
    }
}

/// `following api  budget 812 of 1000`
fn connection(inputs: &str, state: &State, clock: impl Fn(Time) -> String) -> String {
    let mut text = match &state.phase {
        Phase::Following => format!("following {inputs}"),
        Phase::ReadingBack(None) => format!("connecting to {inputs}"),
        Phase::ReadingBack(Some(at)) => format!("reading back {inputs}, at {}", clock(*at)),
        Phase::Broken { since, because } => format!("{inputs}: not connected since {} ({because})", clock(*since)),
    };
    if let (Some(remaining), Some(limit)) = (state.budget.remaining, state.budget.limit) {
        text += &format!("  budget {remaining} of {limit}");
    }
    text
}

/// Prints while the progress bar steps aside.
#[derive(Clone)]
pub struct Aside {
    bar: ProgressBar,
    /// The dashboard that has the terminal.
    shown_on: Option<Arc<Shared>>,
}

impl Aside {
    pub fn print(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Says on standard error what goes wrong while the run goes on.
    pub fn warn(&self, message: &str) {
        if self.shown_on.as_ref().is_some_and(|dashboard| dashboard.warn(message)) {
            return;
        }
        self.tell("warn", message);
    }

    /// Says on standard error what is good to know.
    pub fn note(&self, message: &str) {
        self.tell("info", message);
    }

    fn tell(&self, level: &str, message: &str) {
        // Railway takes what is on standard error for an error, unless it says itself what it is.
        let line = match std::env::var_os("RAILWAY_ENVIRONMENT_ID").is_some() && !io::stderr().is_terminal() {
            true => serde_json::json!({ "level": level, "message": format!("logwatch: {message}") }).to_string(),
            false => format!("logwatch: {message}"),
        };
        // Nobody is left to tell when this fails.
        self.print(|| drop(writeln!(io::stderr(), "{line}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::Range;
    use crate::session::Session;
    use crate::source::frame::Chunk;

    #[test]
    fn a_status_line_tells_what_was_read() {
        let mut session = Session::load("default", &[] as &[&str], None, Range::default()).unwrap();
        let mut status = Status {
            inputs: "stdin".into(),
            is_said: false,
            said: Instant::now(),
            link: None,
            zone: Zone::Utc,
            written: None,
            lines: 0,
        };
        let text = status.text(&session.engine, None);
        assert_eq!(text, "reading stdin  0 lines  nothing yet; Ctrl-C ends with the verdict");
        let source = session.add_source("stdin");
        let line =
            |second| format!("{{\"timestamp\":\"2025-08-25T13:30:{second:02}Z\",\"message\":\"GET /a 500 12ms\"}}\n");
        let log: String = (0..10).map(line).collect();
        let chunk = Chunk { bytes: log.len() as u64, text: log.into_bytes().into(), ..Chunk::default() };
        let mut mapper = session.mapper();
        session.engine.feed(source, mapper.map(chunk));
        let text = status.text(&session.engine, Some(Duration::from_secs(2)));
        assert!(text.contains("10 lines (5/s)") && text.ends_with("last 13:30:09"), "{text}");
    }
}
