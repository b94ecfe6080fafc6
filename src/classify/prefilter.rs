//! One scan of a message for the literals of all patterns at once.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use memchr::memmem::Finder;

use super::grams::{self, Frequencies, Grams};
use super::library::Pattern;
use super::literals::Literal;
use super::several::Several;

/// Text without which no line begins a failure, unless with a type ([`trace::begins_with_type`](super::trace::begins_with_type)):
/// looked for beside the patterns' literals.
const TRACES: [&[u8]; 49] = [
    b"Traceback (most recent call last)",
    b"Exception in ",
    b"Exception ignored in",
    b"was never retrieved",
    b"it is pending!",
    b"future: <",
    b"Warning: ",
    b"Error: ",
    b"Error [",
    b"Error[",
    b"error: ",
    b"Exception: ",
    b"Uncaught",
    b"UnhandledPromiseRejection",
    b"FATAL ERROR",
    b"node:internal/",
    b"npm error",
    b"npm ERR!",
    b"Unhandled exception",
    b"Unhandled Exception",
    b"panic: ",
    b"panic serving",
    b"fatal error: ",
    b"SIGSEGV: ",
    b"runtime: goroutine",
    b"panicked at",
    b":in `",
    b":in '",
    b"Fatal error: ",
    b"Parse error: ",
    b"[object] (",
    b"** (",
    b" terminating",
    b" terminated",
    b"raised an exception",
    b"panic recovered:",
    b"[PANIC RECOVER] ",
    b"goroutine ",
    b"exit status ",
    b"Caused by: ",
    b"<--- Last few GCs",
    b"Error (",
    b"Error - ",
    b"fail: ",
    b"crit: ",
    b" -- : [",
    b"ERROR\t",
    b"WARN\t",
    b"Rack app (",
];

/// Finds which patterns are worth running on a message.
#[derive(Debug)]
pub struct Prefilter {
    long: Grams,
    /// Literals too short for that, which are rare in patterns; `None` where there are none.
    short: Option<Several>,
    /// By literal, the long ones first: what its presence says.
    hints: Vec<Vec<Hint>>,
    first_short: usize,
    /// Patterns without a literal, tried on every message.
    always: Vec<usize>,
    /// By pattern: sets of further texts of which one must be there, too.
    beside: Vec<Vec<Vec<Finder<'static>>>>,
}

#[derive(Debug)]
enum Hint {
    /// A pattern, and how many bytes stand between the begin of its match and the literal.
    Pattern(usize, Option<RangeInclusive<usize>>),
    /// A failure may begin here.
    Trace,
}

/// What one scan found. Reused from message to message.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The patterns to run, ascending by index.
    pub patterns: Vec<Candidate>,
    /// By pattern: where it is in `patterns` while a scan goes on, or [`NOT_YET`].
    places: Vec<u32>,
    /// The message may begin a failure.
    pub trace: bool,
}

const NOT_YET: u32 = u32::MAX;

impl Candidates {
    /// A match of a pattern may begin at `start`.
    fn add(&mut self, pattern: usize, start: Start) {
        match self.places[pattern] {
            NOT_YET => {
                self.places[pattern] = self.patterns.len() as u32;
                self.patterns.push(Candidate { pattern, start });
            }
            place => {
                let known = &mut self.patterns[place as usize].start;
                *known = known.or(start);
            }
        }
    }
}

/// A pattern that may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Index in the library.
    pub pattern: usize,
    pub start: Start,
}

/// Where in a message a match can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this byte and nowhere else.
    At(usize),
    /// At this byte or behind it.
    From(usize),
}

impl Start {
    pub const ANYWHERE: Start = Start::From(0);

    fn or(self, other: Start) -> Start {
        match (self, other) {
            (Start::At(one), Start::At(two)) if one == two => self,
            (Start::At(one) | Start::From(one), Start::At(two) | Start::From(two)) => Start::From(one.min(two)),
        }
    }

    /// The same place counted from byte `from`, for a match that cannot begin before it.
    pub fn within(self, from: usize) -> Option<Start> {
        match self {
            Start::At(at) => at.checked_sub(from).map(Start::At),
            Start::From(at) => Some(Start::From(at.saturating_sub(from))),
        }
    }
}

impl Prefilter {
    pub fn new(patterns: &[Pattern]) -> Self {
        let mut literals: BTreeMap<Box<[u8]>, Vec<Hint>> = BTreeMap::new();
        let mut add = |literal: &[u8], hint| literals.entry(literal.into()).or_default().push(hint);
        for text in TRACES {
            add(text, Hint::Trace);
        }
        let mut always = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            for (text, lead) in widest_leads(&pattern.required.any) {
                add(text, Hint::Pattern(index, lead));
            }
            if pattern.regex.is_some() && pattern.required.any.is_empty() {
                always.push(index);
            }
        }
        // What logs are like, the lines that patterns have as samples tell.
        let mut frequencies = Frequencies::default();
        for (_, sample) in patterns.iter().flat_map(|pattern| &pattern.samples) {
            frequencies.add(sample.line.get_ref().as_bytes());
        }
        let (long, short): (Vec<_>, Vec<_>) =
            literals.into_iter().partition(|(literal, _)| literal.len() >= grams::SHORTEST);
        let (long, mut hints): (Vec<_>, Vec<_>) = long.into_iter().unzip();
        let (short, hints_of_short): (Vec<_>, Vec<_>) = short.into_iter().unzip();
        let first_short = hints.len();
        hints.extend(hints_of_short);
        let finders = |set: &Vec<Vec<u8>>| set.iter().map(|text| Finder::new(text).into_owned()).collect();
        let beside = patterns.iter().map(|pattern| pattern.required.beside.iter().map(finders).collect());
        Prefilter {
            long: Grams::new(long, &frequencies),
            short: (!short.is_empty()).then(|| Several::new(&short)),
            hints,
            first_short,
            always,
            beside: beside.collect(),
        }
    }

    /// Scans an unescaped message.
    pub fn scan(&self, message: &[u8], found: &mut Candidates) {
        found.patterns.clear();
        found.places.resize(self.beside.len(), NOT_YET);
        found.trace = false;
        let mut hit = |literal: usize, at: usize| {
            for hint in &self.hints[literal] {
                match hint {
                    Hint::Pattern(pattern, None) => found.add(*pattern, Start::ANYWHERE),
                    Hint::Pattern(pattern, Some(lead)) => {
                        let (least, most) = (*lead.start(), *lead.end());
                        if least == most && least <= at {
                            found.add(*pattern, Start::At(at - least));
                        } else if least < most {
                            found.add(*pattern, Start::From(at.saturating_sub(most)));
                        }
                    }
                    Hint::Trace => found.trace = true,
                }
            }
        };
        self.long.find(message, &mut hit);
        if let Some(short) = &self.short {
            short.find(message, |literal, at| hit(self.first_short + literal, at));
        }
        for pattern in &self.always {
            found.add(*pattern, Start::ANYWHERE);
        }
        for candidate in &found.patterns {
            found.places[candidate.pattern] = NOT_YET;
        }
        found.patterns.retain(|candidate| {
            let here = |finder: &Finder<'_>| finder.find(message).is_some();
            self.beside[candidate.pattern].iter().all(|set| set.iter().any(here))
        });
        found.patterns.sort_unstable_by_key(|candidate| candidate.pattern);
    }
}

/// Each text once: in a pattern's alternatives one may stand in several places.
fn widest_leads(literals: &[Literal]) -> BTreeMap<&[u8], Option<RangeInclusive<usize>>> {
    let mut leads: BTreeMap<&[u8], Option<RangeInclusive<usize>>> = BTreeMap::new();
    for Literal { text, lead } in literals {
        let known = leads.entry(text).or_insert_with(|| lead.clone());
        let widened = known.take().zip(lead.clone());
        *known = widened.map(|(one, two)| *one.start().min(two.start())..=*one.end().max(two.end()));
    }
    leads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Library;

    #[test]
    fn short_literals_are_found_like_long_ones() {
        let pack = r#"
[[pattern]]
class    = "a.short"
about    = ""
severity = "info"
match    = 'oom'

[[pattern]]
class    = "a.long"
about    = ""
severity = "info"
match    = '\d oomph (?:off|into) the engine'
"#;
        let library = Library::compile([("a.toml", pack)]).expect("a pack");
        let prefilter = Prefilter::new(&library.patterns);
        let mut found = Candidates::default();
        let mut scan = |message: &str| {
            prefilter.scan(message.as_bytes(), &mut found);
            found.patterns.iter().map(|candidate| (candidate.pattern, candidate.start)).collect::<Vec<_>>()
        };
        assert_eq!(scan("an oom, and 5 oomph off the engine"), [(0, Start::From(3)), (1, Start::From(11))]);
        assert_eq!(scan("5 oomph the engine"), [(0, Start::At(2))]);
        assert_eq!(scan("no room"), [(0, Start::At(4))]);
        assert_eq!(scan("oomph, no room"), [(0, Start::From(0))]);
        assert_eq!(scan("nothing"), []);
    }
}
