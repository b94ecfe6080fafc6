//! Saved baselines: what a service is like when it runs as usual, so that a deployment can be compared with it whose log does not reach
//! back far enough.
//!
//! A baseline holds what the [series](crate::timeline::series) of a plan's baselines came to, joined over all of its time: as short
//! as that, it can be kept for each service, and several of them add up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::classify::{Carriers, Interest, Library};
use crate::engine::Engine;
use crate::rules::observed::{Covered, Observed};
use crate::rules::plan::{self, Plan, Span};
use crate::rules::{Past, Rules};
use crate::text::escape;
use crate::time::{self, Time, short_span};
use crate::timeline::cell::{self, Cell, MOST_DISTINCT};
use crate::timeline::distribution::Samples;
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Tick, Timeline};

/// The version of the format; another one is not read.
const VERSION: u32 = 1;
/// How a file tells what it is.
const KIND: &str = "baseline";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Read { path: String, source: std::io::Error },
    #[error("{path}: no baseline: {message}; `logwatch baseline FILE… -o {path}` makes one")]
    Damaged { path: String, message: String },
    #[error("{path}: a baseline in format {version}, and this program reads format {VERSION}; make it again")]
    Version { path: String, version: u32 },
    #[error(
        "{path}: the baseline was made with another plan ({made_with}), and has nothing of {lacks}; make it again with --plan {plan}"
    )]
    OtherPlan { path: String, made_with: String, lacks: String, plan: String },
    #[error("{0} and {1} were made with different plans, and do not add up")]
    Different(String, String),
    #[error(transparent)]
    Plan(#[from] plan::Error),
}

/// A baseline as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    logwatch: String,
    v: u32,
    /// The plan that it was made with.
    pub plan: String,
    /// What it was made of.
    pub sources: BTreeSet<String>,
    /// The times of the first and the last record.
    pub from: String,
    pub to: String,
    /// How much of the service's usual running was seen, by what showed it.
    pub seconds: Seconds,
    /// Whether access lines with a duration were seen.
    access_durations: bool,
    /// Whether the platform dropped messages.
    dropped: bool,
    /// By the name of the series.
    series: BTreeMap<String, Vec<Group>>,
}

/// Where a baseline stands, and what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub struct MadeOf {
    pub file: String,
    pub sources: BTreeSet<String>,
    pub from: String,
    pub to: String,
    /// How much of the service's usual running was seen.
    pub seconds: i64,
}

impl fmt::Display for MadeOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MadeOf { file, from, to, .. } = self;
        let sources: Vec<String> = self.sources.iter().map(|source| escape(source)).collect();
        let seconds = short_span(self.seconds);
        write!(f, "{file}: {seconds} of usual running, {from} to {to}, of {}", sources.join(", "))
    }
}

/// Seconds; `None` where no such source was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seconds {
    pub app: Option<i64>,
    pub edge: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<i64>,
}

/// What one group of a series came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    group: Vec<String>,
    events: u64,
    /// Events that may be of the series.
    #[serde(default, skip_serializing_if = "is_none")]
    unknown: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Values>,
    /// Hashes of distinct label values.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    distinct: BTreeSet<u64>,
}

/// The kept integers: nanoseconds, bytes or millionths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    count: u64,
    /// In decimal digits: it may be larger than the numbers of JSON.
    sum: String,
    min: i64,
    max: i64,
    /// Nanoseconds since 1970, hash, value.
    first: (i64, u64, i64),
    last: (i64, u64, i64),
    samples: Samples,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Baseline {
    /// What a run comes to as the time before a deployment that would come at its end; `None` if nothing of it was usual running.
    pub fn of(engine: &Engine, plan: &str) -> Option<Baseline> {
        let judge = &engine.judge;
        let (tick, (from, to)) = (judge.evaluated_until()?, judge.records?);
        let seconds = |carriers| {
            let covered = judge.observed.covered(carriers, false)?;
            let from = covered.from.max(judge.observed.steady_from);
            Some(judge.observed.unsteady.steady_seconds(from, tick.second())).filter(|seconds| *seconds > 0)
        };
        let seconds = Seconds {
            app: seconds(Carriers { app: true, ..Carriers::default() }),
            edge: seconds(Carriers { edge: true, ..Carriers::default() }),
            probes: seconds(Carriers { probes: true, ..Carriers::default() }),
            metrics: seconds(Carriers { metrics: true, ..Carriers::default() }),
        };
        seconds.longest()?;
        let series = judge.timeline.baselines().map(|(name, groups)| {
            let mut groups: Vec<Group> = groups.into_iter().map(|(key, cell)| Group::new(key, &cell)).collect();
            groups.sort_by(|a, b| a.group.cmp(&b.group));
            (name.to_string(), groups)
        });
        Some(Baseline {
            logwatch: KIND.into(),
            v: VERSION,
            plan: plan.into(),
            sources: engine.gather.lanes.iter().map(|lane| lane.label.clone()).collect(),
            from: from.to_string(),
            to: to.to_string(),
            seconds,
            access_durations: judge.observed.access_durations,
            dropped: judge.observed.dropped.is_some_and(|last| last >= judge.observed.steady_from),
            series: series.collect(),
        })
    }

    /// Whether a text claims to be a baseline.
    pub fn is_one(text: &[u8]) -> bool {
        text.trim_ascii_start().starts_with(br#"{"logwatch":"baseline""#)
    }

    /// Reads what [`Baseline::write`] has written; `path` is for messages.
    pub fn parse(path: &str, text: &[u8]) -> Result<Baseline, Error> {
        #[derive(Deserialize)]
        struct Head {
            logwatch: String,
            v: u32,
        }
        let damaged = |message: String| Error::Damaged { path: path.into(), message };
        let head: Head = serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        if head.logwatch != KIND {
            return Err(damaged("it is something else".into()));
        }
        if head.v != VERSION {
            return Err(Error::Version { path: path.into(), version: head.v });
        }
        let baseline: Baseline = serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        let is_sound = [&baseline.from, &baseline.to].iter().all(|at| time::parse(at.as_bytes()).is_some())
            && baseline.seconds.all().iter().flatten().all(|seconds| (1..=MOST).contains(seconds))
            && baseline.series.values().flatten().all(Group::is_sound);
        if !is_sound {
            return Err(damaged("a number or a time in it is none".into()));
        }
        Ok(baseline)
    }

    /// One line of JSON, the same for the same contents.
    pub fn write(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// Adds another one to it; `paths` are for the message.
    pub fn add(&mut self, other: Baseline, paths: (&str, &str)) -> Result<(), Error> {
        if !self.series.keys().eq(other.series.keys()) {
            return Err(Error::Different(paths.0.into(), paths.1.into()));
        }
        self.sources.extend(other.sources);
        let moment = |text: &String| time::parse(text.as_bytes());
        if moment(&other.from) < moment(&self.from) {
            self.from = other.from;
        }
        if moment(&other.to) > moment(&self.to) {
            self.to = other.to;
        }
        self.seconds = self.seconds.and(other.seconds);
        self.access_durations |= other.access_durations;
        self.dropped |= other.dropped;
        for (name, theirs) in other.series {
            let mine = self.series.entry(name).or_default();
            let mut all: BTreeMap<Vec<String>, Cell> = BTreeMap::new();
            for group in mine.drain(..).chain(theirs) {
                all.entry(group.group.clone()).or_default().then(&group.cell());
            }
            mine.extend(
                all.into_iter().map(|(group, cell)| Group { group, ..Group::new(&GroupKey::default(), &cell) }),
            );
        }
        Ok(())
    }

    /// What it was made of; `file` is where it stands.
    pub fn made_of(&self, file: String) -> MadeOf {
        let Baseline { sources, from, to, .. } = self.clone();
        MadeOf { file, sources, from, to, seconds: self.seconds.longest().unwrap_or_default() }
    }

    /// What it says to a plan; `path` is for the message.
    pub fn past(&self, plan: &Plan, library: &Library, path: &str) -> Result<Past, Error> {
        let seconds = self.seconds.longest().unwrap_or(1);
        let mut longer = plan.clone();
        longer.document.plan.baseline.window = Span(seconds);
        let mut timeline = Timeline::default();
        let mut interest = Interest::none(library);
        let rules = Rules::compile(&longer, library, &mut timeline, &mut interest)?;
        let lacks = timeline.baselines().map(|(name, _)| name).find(|name| !self.series.contains_key(*name));
        if let Some(lacks) = lacks {
            let lacks = lacks.split(' ').next().unwrap_or_default().into();
            return Err(Error::OtherPlan {
                path: path.into(),
                made_with: self.plan.clone(),
                lacks,
                plan: plan.name.clone(),
            });
        }
        for (name, groups) in &self.series {
            for group in groups {
                let key: Vec<Box<str>> = group.group.iter().map(|value| Box::from(value.as_str())).collect();
                timeline.load_baseline(name, GroupKey::new(key), group.cell());
            }
        }
        // All of it lies right before a deployment.
        let covered = |length: Option<i64>| length.map(|length| Covered { from: seconds - length });
        let observed = Observed {
            deployed: seconds,
            app: covered(self.seconds.app),
            edge: covered(self.seconds.edge),
            probes: covered(self.seconds.probes),
            metrics: covered(self.seconds.metrics),
            access_durations: self.access_durations,
            dropped: self.dropped.then_some(seconds),
            ..Observed::default()
        };
        Ok(rules.past(Tick::at(seconds), &timeline, &observed))
    }
}

/// Seconds that a baseline may be of: a century.
const MOST: i64 = 100 * 366 * 86_400;

fn added(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a + b).min(MOST)),
        (a, b) => a.or(b),
    }
}

impl Seconds {
    pub fn longest(self) -> Option<i64> {
        self.all().into_iter().flatten().max()
    }

    fn all(self) -> [Option<i64>; 4] {
        [self.app, self.edge, self.probes, self.metrics]
    }

    fn and(self, other: Seconds) -> Seconds {
        Seconds {
            app: added(self.app, other.app),
            edge: added(self.edge, other.edge),
            probes: added(self.probes, other.probes),
            metrics: added(self.metrics, other.metrics),
        }
    }
}

impl Group {
    fn new(key: &GroupKey, cell: &Cell) -> Group {
        let details = cell.details.as_deref();
        let point = |(time, hash, value): (Time, u64, i64)| (time.0, hash, value);
        let values = details.and_then(|details| details.values.as_deref()).map(|values| Values {
            count: values.count,
            sum: values.sum.to_string(),
            min: values.min,
            max: values.max,
            first: point(values.first),
            last: point(values.last),
            samples: values.samples.clone(),
        });
        Group {
            group: key.iter().map(|value| value.to_string()).collect(),
            events: cell.events,
            unknown: details.map_or(0, |details| details.unknown),
            values,
            distinct: details.map(|details| details.distinct.clone()).unwrap_or_default(),
        }
    }

    fn is_sound(&self) -> bool {
        /// Events that a group may have had; so many add up without an overflow.
        const MOST_EVENTS: u64 = 1 << 48;
        let is_sum = |sum: &str| sum.parse::<i128>().is_ok_and(|sum| sum.unsigned_abs() < 1 << 120);
        let is_sound = |values: &Values| values.count <= MOST_EVENTS && is_sum(&values.sum);
        self.events.max(self.unknown) <= MOST_EVENTS
            && self.values.as_ref().is_none_or(is_sound)
            && self.distinct.len() <= MOST_DISTINCT
    }

    /// What it was made of, but for occupied seconds and the order of events, which do not add up.
    fn cell(&self) -> Cell {
        let mut cell = Cell { events: self.events, details: None };
        if self.unknown == 0 && self.values.is_none() && self.distinct.is_empty() {
            return cell;
        }
        let point = |(time, hash, value): (i64, u64, i64)| (Time(time), hash, value);
        let details = cell.details();
        details.unknown = self.unknown;
        details.distinct = self.distinct.clone();
        details.values = self.values.as_ref().map(|values| {
            Box::new(cell::Values {
                count: values.count,
                sum: values.sum.parse().unwrap_or_default(),
                min: values.min,
                max: values.max,
                first: point(values.first),
                last: point(values.last),
                samples: values.samples.clone(),
            })
        });
        cell
    }
}
