//! Intake: the sources of a run, each read on threads of its own. Whichever has something is served, and none waits for
//! another: neither to be opened, nor to be read, nor to be given up.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender};

use super::clock::Clock;
use super::progress::Aside;
use super::record::Record;
use super::tui::Shared;
use crate::external::{self, External};
use crate::map::{Fragment, Kind};
use crate::mask::Masking;
use crate::session::Session;
use crate::source::railway::{Followed, Link};
use crate::source::{Opened, Pump, Received};
use crate::state::Journal;
use crate::text::escape;
use crate::time::Time;

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
    /// Its logs among the engine's sources: one, but for an API that gives those of several services.
    lanes: Range<usize>,
    /// One for each log; none for a file that is read to its end.
    clocks: Vec<Clock>,
    /// Of a source behind a connection, how that stands.
    link: Option<Arc<Link>>,
    /// Of one that may be cut off for a while, whether it is not.
    connected: Option<Arc<AtomicBool>>,
    /// What a platform measures beside it.
    measured: Option<Receiver<External>>,
    /// What is to be said of it.
    notes: Option<Receiver<String>>,
    ended: bool,
    lost: Arc<AtomicU64>,
    newest_first: Arc<AtomicU64>,
    /// How often lines of it were lost as far as the engine knows.
    known_lost: u64,
}

impl Source {
    /// Something was measured at this time. A platform's connection that has all that was written by then gives no reason to wait
    /// for a service that wrote nothing for long: from here on its clock goes.
    fn is_silent_at(&mut self, time: Time) {
        let Some((proved, _)) = self.link.as_ref().and_then(|link| link.proved()) else { return };
        self.clocks.iter_mut().for_each(|clock| clock.advance(time, proved));
    }
}

/// All sources.
pub struct Intake {
    sources: Vec<Source>,
    /// When the clocks of silent sources were looked at last.
    looked: Instant,
    /// When something came last.
    heard: Instant,
    /// What broke off.
    pub failures: Vec<String>,
    /// What is measured beside the sources.
    external: (Sender<External>, Receiver<External>),
    /// What platforms measured, until there is a line.
    measured: Vec<External>,
    aside: Aside,
    /// The dashboard that shows the newest lines.
    shown_on: Option<(Arc<Shared>, Masking)>,
}

impl Intake {
    /// Begins to read, on so many threads for the lines of files.
    pub fn start(session: &mut Session, opened: Vec<Opened>, jobs: usize, aside: Aside) -> io::Result<Intake> {
        let several = opened.len().max(1);
        let chunk_size = (CHUNK / several.next_power_of_two()).max(64 << 10);
        let workers = (jobs / several).max(1);
        let mut sources = Vec::new();
        for input in opened {
            let lane = session.add_source(&input.label);
            let pump = if input.live {
                Pump::live(input.stream, chunk_size, session.mapper())?
            } else if jobs == 1 && several == 1 && input.size.is_some() {
                Pump::inline(input.stream, chunk_size, session.mapper())
            } else {
                Pump::threads(input.stream, chunk_size, (0..workers).map(|_| session.mapper()).collect())?
            };
            let clocks = if input.live { vec![Clock::new()] } else { Vec::new() };
            sources.push(Source {
                pump,
                lanes: lane..lane + 1,
                clocks,
                link: None,
                connected: input.connected,
                measured: None,
                notes: input.notes,
                ended: false,
                lost: input.lost,
                newest_first: input.newest_first,
                known_lost: 0,
            });
        }
        let now = Instant::now();
        Ok(Intake {
            sources,
            looked: now,
            heard: now,
            failures: Vec::new(),
            external: external::channel(),
            measured: Vec::new(),
            aside,
            shown_on: None,
        })
    }

    /// Where what is measured beside the sources is handed in.
    pub fn measured(&self) -> Sender<External> {
        self.external.0.clone()
    }

    /// How far the clock that stamps the log is ahead of this machine's, in nanoseconds: a platform has its own.
    pub fn ahead(&self) -> i64 {
        self.sources.iter().find_map(|source| source.link.as_ref()).map_or(0, |link| link.ahead())
    }

    /// The newest lines are shown there.
    pub fn show_on(&mut self, dashboard: Arc<Shared>, masking: Masking) {
        self.shown_on = Some((dashboard, masking));
    }

    /// Takes what is followed as one more source, with a log for each label.
    pub fn follow(
        &mut self,
        session: &mut Session,
        labels: &[String],
        followed: Followed,
        record: &mut Record,
    ) -> io::Result<()> {
        let first = session.engine.gather.lanes.len();
        for label in labels {
            let (_, lateness) = session.add_remote_source(label);
            record.lateness(lateness);
        }
        self.sources.push(Source {
            pump: Pump::chunks(followed.chunks, session.mapper())?,
            lanes: first..first + labels.len(),
            clocks: labels.iter().map(|_| Clock::new()).collect(),
            link: Some(followed.link),
            connected: None,
            measured: Some(followed.measured),
            notes: None,
            ended: false,
            lost: followed.lost,
            newest_first: Arc::default(),
            known_lost: 0,
        });
        Ok(())
    }

    /// Hands the engine what the next source has that it waits for, or after a while of nothing what the clock says. `false`
    /// when all sources have ended.
    pub fn turn(&mut self, session: &mut Session, record: &mut Record, journal: &mut Journal) -> bool {
        let is_awaited = |index: &usize| {
            let source = &self.sources[*index];
            !source.ended && source.lanes.clone().any(|lane| session.engine.is_waiting_for(lane))
        };
        let awaited: Vec<usize> = (0..self.sources.len()).filter(is_awaited).collect();
        if awaited.is_empty() {
            self.pass_on_notes();
            return false;
        }
        if let Some(index) = self.ready(&awaited) {
            self.take(index, session, record, journal);
        }
        self.take_external(session, record, journal);
        if self.looked.elapsed() >= PATIENCE {
            self.looked = Instant::now();
            awaited.into_iter().for_each(|index| self.look_at_clock(index, session, record, journal));
            let links = self.sources.iter().filter_map(|source| source.link.as_ref());
            links.flat_map(|link| link.take_messages()).for_each(|message| self.aside.warn(&message));
            self.pass_on_notes();
        }
        true
    }

    /// Says what there is to say of sources.
    fn pass_on_notes(&self) {
        let notes = self.sources.iter().filter_map(|source| source.notes.as_ref());
        notes.flat_map(Receiver::try_iter).for_each(|note| self.aside.warn(&note));
    }

    /// Whether all that was written before a time has been read, as far as can be told: nothing more has come for a while.
    pub fn has_settled(&self, since: Instant) -> bool {
        let is_live = self.sources.iter().any(|source| !source.clocks.is_empty() && !source.ended);
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

    /// Hands the engine what was measured. Before the first line there is no time of the log that it could stand in, and it waits.
    fn take_external(&mut self, session: &mut Session, record: &mut Record, journal: &mut Journal) {
        self.collect_measured();
        if session.engine.latest().is_none() {
            return;
        }
        for event in self.measured.drain(..) {
            if journal.is_measured_anew(&event) {
                take_in(&event, session, record, journal);
            }
        }
        let ahead = self.ahead();
        for event in self.external.1.try_iter() {
            let event = External { at: event.at.saturating_add(ahead), ..event };
            take_in(&event, session, record, journal);
            self.sources.iter_mut().for_each(|source| source.is_silent_at(event.at));
        }
    }

    /// Hands the engine what a platform measured since the time of the first line, which is about to be fed: each in its second.
    fn take_early(&mut self, first: &Fragment, session: &mut Session, record: &mut Record, journal: &mut Journal) {
        self.collect_measured();
        let begins = first.lines.iter().filter_map(|line| line.time).min();
        let since_then = |event: &External| begins.is_none_or(|begins| event.at >= begins);
        for event in self.measured.drain(..).filter(since_then) {
            if journal.is_measured_anew(&event) {
                take_in(&event, session, record, journal);
            }
        }
    }

    fn collect_measured(&mut self) {
        let new = self.sources.iter().filter_map(|source| source.measured.as_ref()).flat_map(Receiver::try_iter);
        self.measured.extend(new);
    }

    /// Hands the engine what a source has.
    fn take(&mut self, index: usize, session: &mut Session, record: &mut Record, journal: &mut Journal) {
        let source = &mut self.sources[index];
        let received = source.pump.receive();
        self.heard = Instant::now();
        match received {
            // A channel may be called ready when it is not.
            Received::Nothing => {}
            Received::Fragment(mut fragment) => {
                let lines = source.newest_first.swap(0, Ordering::Acquire);
                if lines > 0 {
                    let lane = &mut session.engine.gather.lanes[source.lanes.start];
                    lane.newest_first = Some(lines);
                    self.aside.warn(&format!("{} is newest first, and is read from its end", escape(&lane.label)));
                }
                let lane = source.lanes.start + fragment.lane;
                let lost = source.lost.load(Ordering::Relaxed);
                for _ in std::mem::replace(&mut source.known_lost, lost)..lost {
                    // A connection says itself what it lost.
                    if source.link.is_none() {
                        let label = escape(&session.engine.gather.lanes[lane].label);
                        self.aside.warn(&format!("{label} was cut while it was followed; lines may be missing"));
                    }
                    record.lost();
                    journal.lost(lane);
                    session.lose(lane);
                }
                if session.engine.latest().is_none() {
                    self.take_early(&fragment, session, record, journal);
                }
                if journal.recognise(lane, &mut fragment) {
                    let label = escape(&session.engine.gather.lanes[lane].label);
                    self.aside.warn(&format!("{label}: what was written while logwatch did not run may be missing"));
                    journal.lost(lane);
                    session.lose(lane);
                }
                let source = &mut self.sources[index];
                record.lines(&fragment);
                if let Some((dashboard, masking)) = &self.shown_on {
                    dashboard.tail().add(&fragment, &session.engine.judge.library, *masking);
                }
                if ends_within_a_record(&fragment) {
                    self.failures.push("the input ends within a line".into());
                }
                journal.lines(source.lanes.clone(), &mut fragment);
                session.feed(source.lanes.clone(), lane, *fragment);
                if let Some(clock) = source.clocks.get_mut(lane - source.lanes.start) {
                    let ahead = source.link.as_ref().map_or(0, |link| link.ahead());
                    clock.heard(session.engine.gather.lanes[lane].latest(), ahead);
                }
            }
            Received::Ended => {
                source.ended = true;
                close(source, session, journal);
            }
            Received::Failed(error) => {
                source.ended = true;
                self.failures.push(format!(
                    "{}: {}",
                    session.engine.gather.lanes[source.lanes.start].label,
                    plainly(&error)
                ));
                close(source, session, journal);
            }
        }
    }

    /// Moves the clock of a source that is silent, or lets the others go on without it. Silence of a connection that does not
    /// stand, or does not have all that was written yet, is no silence of a service.
    fn look_at_clock(&mut self, index: usize, session: &mut Session, record: &mut Record, journal: &mut Journal) {
        let source = &self.sources[index];
        let has_more = source.pump.arrivals().is_some_and(|arrivals| !arrivals.is_empty());
        let proved = source.link.as_ref().map_or(Some(Instant::now()), |link| link.proved().map(|(proved, _)| proved));
        let is_cut_off = source.connected.as_ref().is_some_and(|connected| !connected.load(Ordering::Acquire));
        let Some(proved) = proved.filter(|_| !source.ended && !has_more && !is_cut_off) else { return };
        for (clock, lane) in source.clocks.iter().zip(source.lanes.clone()) {
            if let Some(to) = clock.silent(proved) {
                record.advance(to);
                journal.advance(lane, to);
                session.advance(lane, to);
            } else if clock.is_idle() {
                journal.leave_out(lane);
                session.engine.leave_out(lane);
            }
        }
    }
}

fn close(source: &Source, session: &mut Session, journal: &mut Journal) {
    for lane in source.lanes.clone() {
        journal.ended(lane);
        session.close(lane);
    }
}

fn take_in(event: &External, session: &mut Session, record: &mut Record, journal: &mut Journal) {
    record.external(event);
    journal.external(event);
    session.external(event);
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
