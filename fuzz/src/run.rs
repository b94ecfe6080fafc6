//! Runs logs through the library as the program does, without its threads, clock and files.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use logwatch::output::github;
use logwatch::output::json::Json;
use logwatch::output::text::{Style, Text};
use logwatch::source::frame::{Fill, Framer};
use logwatch::summary::{CheckpointEvent, TriggerEvent, VerdictEvent};
use logwatch::time::Time;
use logwatch::{
    Counts, Fragment, Library, Mapper, Masking, Moment, Notice, Plan, Range, Session, Summary, Zone, recording,
};

use crate::case::{Case, PlanName};

/// The packs that ship with the program.
pub static LIBRARY: LazyLock<Arc<Library>> =
    LazyLock::new(|| Arc::new(Library::load(&[] as &[&str]).expect("the built-in packs")));

static PLANS: LazyLock<[Plan; 3]> = LazyLock::new(|| {
    let all = Plan::parse("all.toml", include_str!("all.toml"));
    [Plan::load("default"), Plan::load("dl-034"), all].map(|plan| plan.expect("a plan that is tested"))
});

/// What a run told.
#[derive(PartialEq)]
pub struct Told {
    /// As `--format json` prints it.
    pub json: String,
    /// As `--format text` prints it, where that was asked for.
    pub text: String,
    pub counts: Counts,
}

/// A session, and what it told so far.
pub struct Run {
    session: Session,
    json: Json<Vec<u8>>,
    text: Option<Text<Vec<u8>>>,
    sources: usize,
}

impl Run {
    /// A run of a case, with its sources added.
    pub fn of(case: &Case) -> Run {
        let plan = &PLANS[match case.plan {
            PlanName::Default => 0,
            PlanName::Dl034 => 1,
            PlanName::All => 2,
        }];
        let library = Arc::clone(&LIBRARY);
        let mut run = Run::new(plan.clone(), library, case.deployed_at, case.range).expect("a plan that is tested");
        ["a", "b", "c"].into_iter().take(case.sources.len()).for_each(|label| run.add_source(label));
        run
    }

    pub fn new(
        plan: Plan,
        library: Arc<Library>,
        deployed_at: Option<Moment>,
        range: Range,
    ) -> Result<Run, logwatch::SessionError> {
        let session = Session::new(plan, library, deployed_at, range)?;
        Ok(Run { session, json: Json::new(Vec::new()), text: None, sources: 0 })
    }

    /// The same run, which writes for people and for GitHub, too. Takes as long as reading a few hundred lines.
    pub fn with_text(self) -> Run {
        Run { text: Some(Text::new(Vec::new(), Style::default(), false)), ..self }
    }

    /// Goes on as a new run of the case with what was saved of this one, as one with a state does that was killed.
    pub fn go_on_anew(&mut self, case: &Case) {
        let saved = self.session.save().expect("nothing waits of a source alone");
        self.session = Run::of(case).session;
        self.session.restore(&saved).expect("it was saved");
    }

    pub fn add_source(&mut self, label: &str) {
        self.session.add_source(label);
        self.sources += 1;
    }

    pub fn mapper(&self) -> Mapper {
        self.session.mapper()
    }

    pub fn is_waiting_for(&self, source: usize) -> bool {
        self.session.engine.is_waiting_for(source)
    }

    pub fn feed(&mut self, source: usize, fragment: Fragment) {
        self.session.engine.feed(source, fragment);
        self.listen();
    }

    /// Feeds a whole stream, and closes the source.
    pub fn feed_whole(&mut self, source: usize, text: &[u8]) {
        let mut stream = Stream::new(text, usize::MAX, 1 << 22, Fill::Full);
        let mut mapper = self.mapper();
        while let Some(fragment) = stream.next(&mut mapper) {
            self.feed(source, fragment);
        }
        self.close(source);
    }

    /// The latest time of a source.
    pub fn latest(&self, source: usize) -> Option<Time> {
        self.session.engine.gather.lanes[source].latest()
    }

    /// Moves the clock of a silent source.
    pub fn advance(&mut self, source: usize, to: Time) {
        self.session.engine.advance(source, to);
        self.listen();
    }

    /// A source is silent, and its clock is not to be trusted.
    pub fn leave_out(&mut self, source: usize) {
        self.session.engine.leave_out(source);
        self.listen();
    }

    pub fn close(&mut self, source: usize) {
        self.session.engine.close(source);
        self.listen();
    }

    pub fn finish(mut self) -> Told {
        self.session.engine.finish();
        self.listen();
        let summary = Summary::new(&self.session.engine, "test", None, Masking::default());
        self.json.summary(&summary).expect("writing to memory");
        let mut printed = Vec::new();
        if let Some(mut text) = self.text {
            text.summary(&summary, 0).expect("writing to memory");
            printed = text.into_inner();
            github::annotations(&mut printed, &summary, Zone::Utc).expect("writing to memory");
            github::job_summary(&summary, Zone::Utc);
        }
        let [json, text] =
            [self.json.into_inner(), printed].map(|bytes| String::from_utf8(bytes).expect("what is printed is UTF-8"));
        Told { json, text, counts: self.session.engine.gather.counts }
    }

    fn listen(&mut self) {
        let engine = &mut self.session.engine;
        for notice in engine.take_notices() {
            let told = match notice {
                Notice::Deployed(deployment) => self.json.start("test", Some(&deployment)).and_then(|()| {
                    let sources = ["a".to_string()];
                    self.text.iter_mut().try_for_each(|text| text.start("test", &deployment, &sources))
                }),
                Notice::Reached(reached) => {
                    let event = CheckpointEvent::new(engine, &reached, Masking::default());
                    self.json
                        .reached(&event)
                        .and_then(|()| self.text.iter_mut().try_for_each(|text| text.reached(&event)))
                }
                Notice::Verdict(ruling) => {
                    let event = VerdictEvent::new(&ruling);
                    self.json
                        .verdict(&event)
                        .and_then(|()| self.text.iter_mut().try_for_each(|text| text.verdict(&event, true)))
                }
                Notice::Change(change, cause) => {
                    let event = TriggerEvent::new(engine, &change, cause, Masking::default());
                    let of = self.sources;
                    self.json
                        .trigger(&event)
                        .and_then(|()| self.text.iter_mut().try_for_each(|text| text.trigger(&event, of, true)))
                }
            };
            told.expect("writing to memory");
        }
    }
}

/// Reads that a stream takes, beside those that end at a pause: a line of a megabyte is not read byte by byte.
const MOST_READS: usize = 8_192;

/// A stream in memory, cut into chunks.
pub struct Stream<'a> {
    framer: Framer<Steps<'a>>,
    /// Bytes read so far.
    pub read: Rc<Cell<usize>>,
}

impl<'a> Stream<'a> {
    /// `step` bytes a read, and about `size` a chunk.
    pub fn new(text: &'a [u8], step: usize, size: usize, fill: Fill) -> Self {
        Stream::pausing(text, step, size, fill, Vec::new())
    }

    /// No read goes on beyond a pause: a place in the text.
    pub fn pausing(text: &'a [u8], step: usize, size: usize, fill: Fill, pauses: Vec<usize>) -> Self {
        let (read, step) = (Rc::new(Cell::new(0)), step.max(text.len() / MOST_READS));
        let framer = Framer::new(Steps { text, step, pauses, read: Rc::clone(&read) }, size, fill);
        Stream { framer, read }
    }

    /// The next fragment.
    pub fn next(&mut self, mapper: &mut Mapper) -> Option<Fragment> {
        let chunk = self.framer.next_chunk().expect("reading from memory");
        chunk.map(|chunk| mapper.map(chunk))
    }
}

/// Gives at most `step` bytes a read.
struct Steps<'a> {
    text: &'a [u8],
    step: usize,
    pauses: Vec<usize>,
    read: Rc<Cell<usize>>,
}

impl Read for Steps<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = self.read.get();
        let pause = self.pauses.iter().find(|pause| **pause > start).map_or(self.text.len(), |pause| *pause);
        let length = (pause - start).min(self.step).min(buffer.len());
        buffer[..length].copy_from_slice(&self.text[start..start + length]);
        self.read.set(start + length);
        Ok(length)
    }
}

/// Lines and bytes of a stream: what a run must account for. Directives of a recording are neither.
pub fn size(text: &[u8]) -> (u64, u64) {
    let recording = text.starts_with(recording::HEADER);
    let (mut lines, mut bytes) = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let end = line.strip_suffix(b"\n").unwrap_or(line);
        if !(recording && recording::directive(end.strip_suffix(b"\r").unwrap_or(end)).is_some()) {
            lines += 1;
            bytes += if recording { recording::unmarked(line).len() } else { line.len() } as u64;
        }
    }
    (lines, bytes)
}

/// Panics unless every line of the input is in exactly one count (SEMANTICS 21).
pub fn assert_accounted<'a>(counts: &Counts, sources: impl IntoIterator<Item = &'a [u8]>) {
    let sizes = sources.into_iter().map(size);
    let (lines, bytes) = sizes.fold((0, 0), |(lines, bytes), size| (lines + size.0, bytes + size.1));
    assert_eq!((counts.lines, counts.bytes), (lines, bytes), "lines and bytes read: {counts:?}");
    assert_eq!(counts.accounted(), counts.lines, "lines accounted for: {counts:?}");
}

/// Panics with the first difference of what two runs told.
pub fn assert_same(one: &Told, other: &Told, what: &str) {
    assert_eq!(one.counts, other.counts, "{what}");
    for (a, b) in one.json.lines().zip(other.json.lines()) {
        assert_eq!(a, b, "{what}");
    }
    assert_eq!(one.json.len(), other.json.len(), "{what}");
}
