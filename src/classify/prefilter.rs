//! One scan of a message for the literals of all patterns at once.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem::Finder;

use super::grams::{self, Frequencies, Grams};
use super::library::Pattern;
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
    /// A pattern may match.
    Pattern(usize),
    /// A failure may begin here.
    Trace,
}

/// What one scan found. Reused from message to message.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The patterns that may match, ascending by index in the library.
    pub patterns: Vec<usize>,
    /// The message may begin a failure.
    pub trace: bool,
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
            // In a pattern's alternatives one text may stand in several places.
            for text in pattern.required.any.iter().collect::<BTreeSet<_>>() {
                add(text, Hint::Pattern(index));
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
        found.patterns.clone_from(&self.always);
        found.trace = false;
        let mut hit = |literal: usize| {
            for hint in &self.hints[literal] {
                match hint {
                    Hint::Pattern(pattern) => found.patterns.push(*pattern),
                    Hint::Trace => found.trace = true,
                }
            }
        };
        self.long.find(message, &mut hit);
        if let Some(short) = &self.short {
            short.find(message, |literal| hit(self.first_short + literal));
        }
        found.patterns.sort_unstable();
        found.patterns.dedup();
        found.patterns.retain(|pattern| {
            let here = |finder: &Finder<'_>| finder.find(message).is_some();
            self.beside[*pattern].iter().all(|set| set.iter().any(here))
        });
    }
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
            found.patterns.clone()
        };
        assert_eq!(scan("an oom, and 5 oomph off the engine"), [0, 1]);
        assert_eq!(scan("5 oomph the engine"), [0]);
        assert_eq!(scan("no room"), [0]);
        assert_eq!(scan("oomph, no room"), [0]);
        assert_eq!(scan("nothing"), [0_usize; 0]);
    }
}
