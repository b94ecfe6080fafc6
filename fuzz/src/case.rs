//! Cases: an input read as logs, and how they are to be read.
//!
//! Lines that begin with `%% ` are not of the log:
//!
//! ```text
//! %% plan=dl-034 step=7 size=700 since=+30 until=2025-08-25T13:50:00Z deployed=2025-08-25T13:30:00Z
//! %% source               a new source begins
//! %% long 1048577 bom cr  a line of so many letters, perhaps behind a byte-order mark and before a carriage return and more
//! %% silent 2500          the source is silent, and its clock moves to so many milliseconds past its latest time
//! ```

use logwatch::source::frame::LONGEST_LINE;
use logwatch::time::parse_time;
use logwatch::{Bound, Moment, Range};

/// Logs, and how to read them.
#[derive(Debug)]
pub struct Case {
    pub plan: PlanName,
    /// Bytes a read gives.
    pub step: usize,
    /// Bytes a chunk has.
    pub size: usize,
    pub range: Range,
    pub deployed_at: Option<Moment>,
    /// At least one.
    pub sources: Vec<Source>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanName {
    Default,
    #[default]
    Dl034,
    /// The fuzz targets' own, which uses everything an expression can say.
    All,
}

/// The log of one source.
#[derive(Debug, Default)]
pub struct Source {
    pub text: Vec<u8>,
    /// Places in the text at which the source is silent, ascending; each with milliseconds past the latest time, `None` for
    /// a clock that is not to be trusted.
    pub silences: Vec<(usize, Option<i64>)>,
}

const MARK: &[u8] = b"%% ";
/// A case may have three sources; what more it has belongs to the last.
const MOST_SOURCES: usize = 3;
/// Long lines take long, and two are enough.
const MOST_LONG: usize = 2;

impl Case {
    pub fn read(input: &[u8]) -> Case {
        let mut case = Case {
            plan: PlanName::default(),
            step: 911,
            size: 700,
            range: Range::default(),
            deployed_at: None,
            sources: vec![Source::default()],
        };
        let mut long = 0;
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            let sources = case.sources.len();
            let source = case.sources.last_mut().expect("there is one from the start");
            let Some(words) = line.strip_prefix(MARK).and_then(|line| std::str::from_utf8(line).ok()) else {
                source.text.extend_from_slice(line);
                continue;
            };
            let mut words = words.split_ascii_whitespace();
            match words.next() {
                Some("source") if sources < MOST_SOURCES => case.sources.push(Source::default()),
                Some("long") if long < MOST_LONG => {
                    long += 1;
                    source.long(words);
                }
                Some("silent") => {
                    let past = words.next().and_then(|past| past.parse().ok());
                    source.silences.push((source.text.len(), past));
                }
                Some(first) => [first].into_iter().chain(words).for_each(|setting| case.set(setting)),
                None => {}
            }
        }
        case
    }

    fn set(&mut self, setting: &str) {
        let Some((name, value)) = setting.split_once('=') else { return };
        match name {
            "plan" => {
                self.plan = match value {
                    "default" => PlanName::Default,
                    "all" => PlanName::All,
                    _ => PlanName::Dl034,
                }
            }
            "step" => self.step = value.parse().map_or(1, |step: usize| step.clamp(1, 1 << 20)),
            "size" => self.size = value.parse().map_or(1, |size: usize| size.clamp(1, 1 << 20)),
            "since" => self.range.since = bound(value),
            "until" => self.range.until = bound(value),
            "deployed" => self.deployed_at = value.parse().ok(),
            _ => {}
        }
    }
}

/// As `--since` and `--until` take it, but for the units.
fn bound(text: &str) -> Option<Bound> {
    match text.strip_prefix('+') {
        Some(seconds) => seconds.parse().ok().map(|seconds: u32| Bound::AfterDeployment(seconds.into())),
        None => parse_time(text).ok().map(Bound::At),
    }
}

impl Source {
    fn long<'a>(&mut self, mut words: impl Iterator<Item = &'a str> + Clone) {
        let has = |word| words.clone().any(|other| other == word);
        let (bom, cr) = (has("bom"), has("cr"));
        let length = words.next().and_then(|length| length.parse().ok()).unwrap_or(LONGEST_LINE);
        if bom {
            self.text.extend_from_slice(b"\xef\xbb\xbf");
        }
        self.text.resize(self.text.len() + length.min(LONGEST_LINE + 8), b'x');
        if cr {
            self.text.extend_from_slice(b"\rxxx");
        }
        self.text.push(b'\n');
    }
}
