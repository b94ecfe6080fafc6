//! Reads a service's log after a deployment, and says whether to keep the deployment, look into it, or roll it back.
//!
//! One idea carries it: **lines map to seconds; seconds merge; rules read seconds.** What a line says is worked out from
//! the line alone, on any thread; it is counted in its second, whatever order lines come in; and what decides reads
//! seconds, in the time of the events and by no other clock.
//!
//! # The way of a line
//!
//! ```text
//! files, pipes ─ source ─▶ chunks of whole lines
//!                map: decode, classify, count ─▶ fragments: lines, events, partial seconds     any thread
//! ────────────────────────────────────────────────────────────────────────────────────────────────────────
//!                gather: sources by time, traces, duplicates, lateness ─▶ complete Seconds     one thread
//!                judge: timeline, rules, report, lifecycle ─▶ changes of triggers, verdict
//!                summary ─▶ output: text, JSON, HTML, GitHub annotations
//! ```
//!
//! - [`source`] opens files and standard input, unpacks them, follows a file that is rotated, and cuts all into chunks that end
//!   with a line.
//! - [`map`] makes a fragment of a chunk; it needs nothing but the chunk. Lines of one second that stand for themselves, as nearly
//!   all do, it counts together: they are a [partial](map::partial) second. [`needs`] is what has to be kept of events beside their
//!   number.
//! - [`mod@decode`] reads one line, JSON or text, as a record: time, level, message, attributes. [`time`] reads its times, and [`zone`]
//!   is what a person's clock shows.
//! - [`classify`] finds what a record is by the pattern library: events of a class, with labels and values.
//! - [`gather`] adds partial seconds up, merges the sources by time, drops what another source told already, and completes each second that the
//!   watermark has passed. [`gather::lane`] is one source in its order, with its own watermark; [`gather::assemble`] joins the
//!   records of a trace to one entry, and [`gather::pairs`] the two lines of a request; [`recording`] holds the clock's movements
//!   for a replay.
//! - [`external`] is what the program measures itself, beside the lines.
//! - [`second`] is what all of that comes to, as plain data: it can be written, read again, and added to another part of the same
//!   second. [`engine`] hands seconds from one side to the other.
//! - [`judge`] takes seconds and nothing else. [`lifecycle`] tells deployments from restarts; [`deployment`] is from when on.
//! - [`timeline`] turns the events of a second into cells, and cells into sliding windows.
//! - [`expr`] is the language that asks for numbers out of windows.
//! - [`rules`] compiles a plan's expressions, steps its triggers at every whole second, and gives the verdict.
//! - [`people`] reads what people answer and report, beside the input.
//! - [`baseline`] is what rules compare a deployment with, saved: of a log that does not reach back.
//! - [`report`] keeps the totals a reader wants beside the rules: routes, errors, silences.
//! - [`history`] keeps seconds in panes that get wider as a run gets longer, for pictures.
//! - [`summary`] is the end of a run as plain data, and [`output`] writes it.
//! - [`probe`] asks a service, its database or a program beside the log, while a run is live.
//! - [`snapshot`] is a run as it stands, and [`tail`] its newest lines, for whoever looks at it; [`serve`] shows it as a web page, an
//!   API and [`metrics`].
//! - `otlp` sends metrics and events to a receiver of OpenTelemetry's protocol, where the program is built with it.
//! - [`notify`] sends what happens to the receivers that a plan names, each on a thread of its own.
//! - [`explain`] says of lines what they were read as and why, by the same way as a run. [`text`] is what a terminal may be shown.
//! - [`state`] keeps in a file what a live run has come to, so that one that was killed goes on.
//! - [`escalation`] says which action of a plan is due, and what holds it back.
//! - [`session`] makes all this of a plan and a library; [`cli`] drives it: the only place with threads, signals and a
//!   clock besides [`source`], [`probe`], [`notify`] and [`serve`].
//!
//! # A log in, a verdict out
//!
//! ```
//! use std::error::Error;
//!
//! use logwatch::source::frame::{Fill, Framer};
//! use logwatch::{Masking, Range, Session, Summary, Verdict};
//!
//! fn main() -> Result<(), Box<dyn Error>> {
//!     let log = "\
//! 2026-01-02T10:00:00Z INFO:     Application startup complete.
//! 2026-01-02T10:00:07Z Traceback (most recent call last):
//! 2026-01-02T10:00:07Z   File \"/app/main.py\", line 7, in refresh
//! 2026-01-02T10:00:07Z AttributeError: 'Score' object has no attribute 'manipulation_risk'
//! ";
//!     let mut session = Session::load("default", &[] as &[&str], None, Range::default())?;
//!     let source = session.add_source("app.log");
//!     let mut mapper = session.mapper();
//!     let mut framer = Framer::new(log.as_bytes(), 1 << 20, Fill::Full);
//!     while let Some(chunk) = framer.next_chunk()? {
//!         session.engine.feed(source, mapper.map(chunk));
//!     }
//!     session.engine.close(source);
//!     session.engine.finish();
//!
//!     let summary = Summary::new(&session.engine, "default", None, Masking::default());
//!     assert_eq!(summary.exceptions[0].kind, "AttributeError");
//!     assert_ne!(summary.verdict, Verdict::Healthy);
//!     Ok(())
//! }
//! ```
//!
//! # What always holds
//!
//! - *Same answer.* The size of the chunks, the number of threads, and whether records came by file or pipe change
//!   nothing; a live run differs from its replay only in what the clock of a silent source moved, and a recording has
//!   that, too.
//! - *Nothing lost quietly.* Every line of the input is in exactly one of the counts of [`second::Counts`], and they add up; where
//!   lines of a followed file may be missing, that is counted, too.
//! - *Bounded.* Memory grows with the longest window and the number of series, not with the length of the input; routes
//!   and groups are capped, and what went beyond a cap is counted together.
//! - *Event time decides.* A window closes when the watermark has passed its end.
//! - *Unknown is a value.* What the input cannot tell is neither 0 nor healthy.
//!
//! # Where the time goes
//!
//! Of a line of `railway logs --json` a twelfth goes into reading it as a record, half into finding what it is, a seventh into joining
//! lines that belong together, and the rest into judging what they come to; `cargo bench -p benches --bench stages` says so in nanoseconds. What
//! keeps each of them short:
//!
//! - [`mod@decode`]: of a line as Railway writes it only the message is searched for its end, 64 bytes at a time; of any other
//!   object the members are walked from quote to quote, never parsed. The minute of a time is worked out once, and strings
//!   stay escaped until somebody reads them.
//! - [`classify`]: a request is known by its text, but for its client, if it was seen a moment ago. In other messages one scan looks at every third place for what the patterns cannot match without, at a cost that
//!   hardly grows with their number; a pattern is tried only where all of that stands, mostly at the one place where its
//!   match would begin.
//! - [`map`]: events carry the index of their label set, so that nothing is hashed, counted or allocated for the usual
//!   line but in its thread's own memory.
//!   Label sets stand one behind the other, in as few allocations as hold them all: of a scanner's requests each brings one.
//! - [`gather`]: of lines that have only to be counted it adds up what their thread counted. Only what spans lines, comes late, or stands between two sources is looked at line by line.
//! - [`timeline`]: a label set knows which series read it; the windows of a group know when something next leaves one of them, and [`rules`] look again
//!   only at what has changed.
//!
//! # What the numbers mean
//!
//! The exact rules are numbered in [`semantics`]; a comment that says `SEMANTICS 11` means rule 11 there. Units of public items are nanoseconds, bytes and millionths where they are kept as integers
//! ([`timeline`]), and seconds, bytes and ratios where they are read ([`rules`]).

#![deny(missing_docs)]
// Its first page is about all of it; `cargo doc --document-private-items` has what it links to.
#![allow(rustdoc::private_intra_doc_links)]

mod baseline;
mod classify;
mod cli;
mod decode;
mod deployment;
mod engine;
mod escalation;
pub mod explain;
pub mod expr;
mod external;
mod gather;
mod history;
mod judge;
mod lifecycle;
mod map;
mod mask;
mod metrics;
mod needs;
mod notify;
#[cfg(feature = "otlp")]
mod otlp;
pub mod output;
mod people;
mod probe;
pub mod recording;
mod report;
mod rules;
mod second;
mod serve;
mod session;
mod snapshot;
pub mod source;
mod state;
mod subprocess;
pub mod summary;
mod tail;
mod text;
pub mod time;
mod timeline;
mod zone;

#[doc = include_str!("../docs/semantics.md")]
pub mod semantics {}

pub use classify::{Library, Via};
pub use cli::main;
pub use decode::{Line, decode};
pub use external::External;
pub use gather::{Bound, Cause, Range, Step};
pub use judge::Notice;
pub use map::{Fragment, Mapper};
pub use mask::{Masking, mask};
pub use rules::plan::{BUILT_IN, Error as PlanError, Moment, Plan, Severity};
pub use rules::trigger::State;
pub use rules::verdict::Verdict;
pub use second::{Counts, Second};
pub use session::{Error as SessionError, Session};
pub use summary::Summary;
pub use timeline::Tick;
pub use zone::Zone;
