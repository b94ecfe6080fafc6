//! Seconds as bytes: to be kept, sent to another machine, and read again.
//!
//! Written are one byte with the version of the format, then the fields of [`Written`] as postcard encodes them. Classes and labels
//! stand there by their names, so that they mean the same to a library that numbers them in another way. The same second gives the
//! same bytes, in whatever order its events came.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Counts;
use super::evidence::Evidence;
use super::{Point, Second, Singled, Tally};
use crate::classify::{ClassId, LabelSet, LabelSets, Library, MOST_VALUES, NO_VALUE, Sign, Via};
use crate::time::Time;

/// The version of the format; another one is not read.
const VERSION: u8 = 2;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a second is written in format {0}, and this program reads format {VERSION}")]
    Version(u8),
    #[error("a second is damaged: {0}")]
    Damaged(#[from] postcard::Error),
    #[error("a second has no bytes")]
    Empty,
}

/// A second with all that it refers to.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    at: i64,
    seen: Via,
    #[serde(borrow)]
    classes: Vec<Class<'a>>,
    tallies: Vec<WrittenTally<'a>>,
    /// Nanoseconds since the epoch, as all times here.
    records: Option<(i64, i64)>,
    entries: Option<(i64, i64)>,
    after_pause: Option<(Line<'a>, Option<Labels<'a>>)>,
    signs: Vec<(Sign, Line<'a>)>,
    served: Vec<(u32, Line<'a>)>,
    dropped: u64,
    crowded: u64,
    counts: Counts,
}

#[derive(Serialize, Deserialize)]
struct Class<'a> {
    name: Cow<'a, str>,
    labels: Vec<Cow<'a, str>>,
    values: Vec<Cow<'a, str>>,
}

/// A label set: which of the classes, and the values of its labels.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Labels<'a>(u32, #[serde(borrow)] Vec<Option<Cow<'a, str>>>);

#[derive(Serialize, Deserialize)]
struct WrittenTally<'a> {
    #[serde(borrow)]
    labels: Labels<'a>,
    via: Via,
    events: u64,
    first: Option<i64>,
    last: Option<i64>,
    points: Vec<WrittenPoint>,
    evidence: Vec<Line<'a>>,
    /// With the values that are there by their index.
    singled: Vec<(Line<'a>, Vec<(u8, i64)>)>,
}

/// Nanoseconds since the begin of the second, hash, and the values that are there by their index.
#[derive(Serialize, Deserialize)]
struct WrittenPoint(i64, u64, Vec<(u8, i64)>);

/// A line that shows something, as it is told: masked and cut.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    time: i64,
    source: u32,
    line: u64,
    text: Cow<'a, str>,
}

impl<'a> Line<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let Evidence { time, source, line, .. } = *evidence;
        Line { time: time.0, source: source as u32, line, text: evidence.text().into() }
    }

    fn read(&self) -> Evidence {
        Evidence::of_text(Time(self.time), self.source as usize, self.line, &self.text)
    }
}

impl Second {
    /// The bytes of it.
    pub fn write(&self, library: &Library) -> Vec<u8> {
        let mut known: Vec<ClassId> = self.sets.iter().map(|set| set.class).collect();
        known.sort_unstable_by_key(|class| &library.classes[*class].name);
        known.dedup();
        let labels = |set: LabelSet<'_>| -> Labels<'_> {
            let name = &library.classes[set.class].name;
            let class = known.partition_point(|class| library.classes[*class].name < *name);
            Labels(class as u32, set.values().map(|value| value.map(|value| Cow::Owned(value.into()))).collect())
        };
        let classes = known.iter().map(|class| {
            let class = &library.classes[*class];
            Class {
                name: class.name.as_str().into(),
                labels: class.labels.iter().map(|label| label.as_str().into()).collect(),
                values: class.values.iter().map(|(value, _)| value.as_str().into()).collect(),
            }
        });
        let mut tallies: Vec<_> = self
            .sets
            .iter()
            .zip(&self.tallies)
            .map(|(set, tally)| {
                let mut points = tally.points.clone();
                points.sort_unstable();
                WrittenTally {
                    labels: labels(set),
                    via: tally.via,
                    events: tally.events,
                    first: tally.first.map(|time| time.0),
                    last: tally.last.map(|time| time.0),
                    points: points.iter().map(|point| write_point(self.at, point)).collect(),
                    evidence: tally.evidence.iter().map(Line::of).collect(),
                    singled: tally
                        .singled
                        .iter()
                        .map(|Singled { line, values }| (Line::of(line), write_values(values)))
                        .collect(),
                }
            })
            .collect();
        tallies.sort_unstable_by(|a, b| (&a.labels, a.via).cmp(&(&b.labels, b.via)));
        let times = |times: Option<(Time, Time)>| times.map(|(first, last)| (first.0, last.0));
        let mut signs: Vec<_> = self.signs.iter().map(|(sign, line)| (*sign, Line::of(line))).collect();
        signs.sort_by(|(a, shows), (b, shown)| (shows.time, a, &shows.text).cmp(&(shown.time, b, &shown.text)));
        let mut served: Vec<_> = self.served.iter().map(|(id, line)| (*id, Line::of(line))).collect();
        served.sort_by_key(|(id, _)| *id);
        let written = Written {
            at: self.at,
            seen: self.seen,
            classes: classes.collect(),
            tallies,
            records: times(self.records),
            entries: times(self.entries),
            after_pause: self
                .after_pause
                .as_ref()
                .map(|(line, gravest)| (Line::of(line), gravest.map(|set| labels(self.sets.get(set))))),
            signs,
            served,
            dropped: self.dropped,
            crowded: self.crowded,
            counts: self.counts,
        };
        // Writing to memory fails only for lack of it.
        postcard::to_extend(&written, vec![VERSION]).unwrap_or_default()
    }

    /// The second that was written. Events of classes that the library lacks are left out, as are labels that their class has no
    /// more.
    pub fn read(bytes: &[u8], library: &Library) -> Result<Second, Error> {
        let (version, bytes) = bytes.split_first().ok_or(Error::Empty)?;
        if *version != VERSION {
            return Err(Error::Version(*version));
        }
        let written: Written<'_> = postcard::from_bytes(bytes)?;
        let mut second = Second::new(written.at);
        let classes: Vec<_> = written.classes.iter().map(|class| Reader::new(class, library)).collect();
        let copy = |sets: &mut LabelSets, labels: &Labels<'_>| {
            let reader = classes.get(labels.0 as usize)?.as_ref()?;
            Some((reader, sets.push(reader.class, reader.labels.iter().map(|at| labels.1.get((*at)?)?.as_deref()))))
        };
        for tally in &written.tallies {
            let Some((reader, _)) = copy(&mut second.sets, &tally.labels) else { continue };
            second.tallies.push(Tally {
                via: tally.via,
                events: tally.events,
                first: tally.first.map(Time),
                last: tally.last.map(Time),
                points: tally.points.iter().map(|point| reader.point(written.at, point)).collect(),
                evidence: tally.evidence.iter().map(Line::read).collect(),
                singled: tally
                    .singled
                    .iter()
                    .map(|(line, values)| Singled { line: line.read(), values: reader.values(values) })
                    .collect(),
            });
        }
        second.after_pause = written.after_pause.map(|(line, gravest)| {
            let gravest = gravest.and_then(|labels| copy(&mut second.sets, &labels));
            (line.read(), gravest.map(|(_, set)| set))
        });
        let times = |times: Option<(i64, i64)>| times.map(|(first, last)| (Time(first), Time(last)));
        Ok(Second {
            seen: written.seen,
            records: times(written.records),
            entries: times(written.entries),
            signs: written.signs.iter().map(|(sign, line)| (*sign, line.read())).collect(),
            served: written.served.iter().map(|(id, line)| (*id, line.read())).collect(),
            dropped: written.dropped,
            crowded: written.crowded,
            counts: written.counts,
            ..second
        })
    }
}

/// How a class that was written is read.
struct Reader {
    class: ClassId,
    /// By index of the library's labels and values, where they stand in what was written.
    labels: Vec<Option<usize>>,
    values: Vec<Option<usize>>,
}

impl Reader {
    fn new(written: &Class<'_>, library: &Library) -> Option<Self> {
        let class = library.class_id(&written.name)?;
        let known = &library.classes[class];
        let place = |names: &[Cow<'_, str>], wanted: &str| names.iter().position(|name| name == wanted);
        Some(Reader {
            class,
            labels: known.labels.iter().map(|label| place(&written.labels, label)).collect(),
            values: known.values.iter().map(|(value, _)| place(&written.values, value)).collect(),
        })
    }

    fn point(&self, second: i64, written: &WrittenPoint) -> Point {
        let time = Time::from_second(second).saturating_add(written.0);
        Point { time, hash: written.1, values: self.values(&written.2) }
    }

    fn values(&self, written: &[(u8, i64)]) -> [i64; MOST_VALUES] {
        let mut values = [NO_VALUE; MOST_VALUES];
        for (value, place) in values.iter_mut().zip(&self.values) {
            let found = written.iter().find(|(at, _)| place.is_some_and(|place| place == usize::from(*at)));
            *value = found.map_or(NO_VALUE, |(_, value)| *value);
        }
        values
    }
}

fn write_point(second: i64, point: &Point) -> WrittenPoint {
    WrittenPoint(point.time.since(Time::from_second(second)), point.hash, write_values(&point.values))
}

fn write_values(values: &[i64; MOST_VALUES]) -> Vec<(u8, i64)> {
    (0u8..).zip(*values).filter(|(_, value)| *value != NO_VALUE).collect()
}
