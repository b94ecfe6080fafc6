//! Intake: the sources of a run, each read on threads of its own. Whichever has something is served, and none waits for
//! another: neither to be opened, nor to be read, nor to be given up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Select;

use super::clock::Clock;
use super::progress::Aside;
use super::record::Record;
use crate::map::{Fragment, Kind};
use crate::output::escape;
use crate::session::Session;
use crate::source::{Opened, Pump, Received};

/// Text of a chunk; large enough that its overheads vanish, small enough that a few fit into memory and caches. Between
/// 128 KiB and 1 MiB no difference in time was measured; peak memory grows by some 20 of them on two threads.
const CHUNK: usize = 1 << 19;
/// How long a run waits for input before it looks at the clock and at signals; half of the promised promptness.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long what was written before a signal may take to come through a live source that is looked at now and then.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// One source of a run.
struct Source {
    pump: Pump,
    /// `None` for a file that is read to its end.
    clock: Option<Clock>,
    ended: bool,
    lost: Arc<AtomicU64>,
    newest_first: Arc<AtomicU64>,
    /// How often lines of it were lost as far as the engine knows.
    told: u64,
}

/// All sources, in the order of the engine's.
pub struct Intake {
    sources: Vec<Source>,
    /// When the clocks of silent sources were looked at last.
    looked: Instant,
    /// When something came last.
    heard: Instant,
    /// What broke off.
    pub failures: Vec<String>,
    aside: Aside,
}

impl Intake {
    /// Begins to read, on so many threads for the lines of files.
    pub fn start(session: &mut Session, opened: Vec<Opened>, jobs: usize, aside: Aside) -> io::Result<Intake> {
        let several = opened.len();
        let chunk_size = (CHUNK / several.next_power_of_two()).max(64 << 10);
        let workers = (jobs / several).max(1);
        let mut sources = Vec::new();
        for input in opened {
            session.add_source(&input.label);
            let pump = if input.live {
                Pump::live(input.stream, chunk_size, session.mapper())?
            } else if jobs == 1 && several == 1 && input.size.is_some() {
                Pump::inline(input.stream, chunk_size, session.mapper())
            } else {
                Pump::threads(input.stream, chunk_size, (0..workers).map(|_| session.mapper()).collect())?
            };
            let clock = input.live.then(Clock::new);
            sources.push(Source {
                pump,
                clock,
                ended: false,
                lost: input.lost,
                newest_first: input.newest_first,
                told: 0,
            });
        }
        Ok(Intake { sources, looked: Instant::now(), heard: Instant::now(), failures: Vec::new(), aside })
    }

    /// Hands the engine what the next source has that it waits for, or after a while of nothing what the clock says. `false`
    /// when all sources have ended.
    pub fn turn(&mut self, session: &mut Session, record: &mut Record) -> bool {
        let is_awaited = |index: &usize| !self.sources[*index].ended && session.engine.is_waiting_for(*index);
        let awaited: Vec<usize> = (0..self.sources.len()).filter(is_awaited).collect();
        if awaited.is_empty() {
            return false;
        }
        if let Some(index) = self.ready(&awaited) {
            self.take(index, session, record);
        }
        if self.looked.elapsed() >= PATIENCE {
            self.looked = Instant::now();
            awaited.into_iter().for_each(|index| self.look_at_clock(index, session, record));
        }
        true
    }

    /// Whether all that was written before a time has been read, as far as can be told: nothing more has come for a while.
    pub fn has_settled(&self, since: Instant) -> bool {
        let is_live = self.sources.iter().any(|source| source.clock.is_some() && !source.ended);
        !is_live || self.heard.max(since).elapsed() > ON_THE_WAY
    }

    /// Waits until one of these sources has something.
    fn ready(&self, awaited: &[usize]) -> Option<usize> {
        let mut select = Select::new();
        for index in awaited {
            match self.sources[*index].pump.arrivals() {
                Some(arrivals) => select.recv(arrivals),
                None => return Some(*index),
            };
        }
        select.ready_timeout(PATIENCE).ok().map(|at| awaited[at])
    }

    /// Hands the engine what a source has.
    fn take(&mut self, index: usize, session: &mut Session, record: &mut Record) {
        let source = &mut self.sources[index];
        let received = source.pump.receive();
        self.heard = Instant::now();
        match received {
            // A channel may be called ready when it is not.
            Received::Nothing => {}
            Received::Fragment(fragment) => {
                let lines = source.newest_first.swap(0, Ordering::Acquire);
                if lines > 0 {
                    let lane = &mut session.engine.gather.lanes[index];
                    lane.newest_first = Some(lines);
                    self.aside.warn(&format!("{} is newest first, and is read from its end", escape(&lane.label)));
                }
                let lost = source.lost.load(Ordering::Relaxed);
                for _ in std::mem::replace(&mut source.told, lost)..lost {
                    let label = escape(&session.engine.gather.lanes[index].label);
                    self.aside.warn(&format!("{label} was cut while it was followed; lines may be missing"));
                    record.lost();
                    session.engine.lose(index);
                }
                record.lines(&fragment);
                if ends_within_a_record(&fragment) {
                    self.failures.push("the input ends within a line".into());
                }
                session.engine.feed(index, *fragment);
                if let Some(clock) = &mut source.clock {
                    clock.heard(session.engine.gather.lanes[index].latest());
                }
            }
            Received::Ended => {
                source.ended = true;
                session.engine.close(index);
            }
            Received::Failed(error) => {
                source.ended = true;
                self.failures.push(format!("{}: {}", session.engine.gather.lanes[index].label, plainly(&error)));
                session.engine.close(index);
            }
        }
    }

    /// Moves the clock of a source that is silent, or lets the others go on without it.
    fn look_at_clock(&mut self, index: usize, session: &mut Session, record: &mut Record) {
        let source = &self.sources[index];
        let has_more = source.pump.arrivals().is_some_and(|arrivals| !arrivals.is_empty());
        let Some(clock) = source.clock.as_ref().filter(|_| !source.ended && !has_more) else { return };
        if let Some(to) = clock.silent() {
            record.advance(to);
            session.engine.advance(index, to);
        } else if clock.is_idle() {
            session.engine.leave_out(index);
        }
    }
}

fn ends_within_a_record(fragment: &Fragment) -> bool {
    fragment.unterminated && fragment.lines.last().is_some_and(|line| line.kind == Kind::Malformed)
}

/// What broke off, without the words of a library.
fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed data ends too early; what came before it was read".into(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            format!("the compressed data is damaged ({error}); what came before it was read")
        }
        _ => error.to_string(),
    }
}
