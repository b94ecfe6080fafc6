//! One scan of a message for the literals of all patterns at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, Span, packed};
use memchr::memmem::Finder;

use super::library::Library;

/// Text that opens an entry of several records, and so is looked for beside the patterns' literals.
const PYTHON_HEAD: &[u8] = b"Traceback (most recent call last)";
const JAVASCRIPT_HEADS: [&[u8]; 4] = [b"Error: ", b"Uncaught", b"UnhandledPromiseRejection", b"FATAL ERROR"];

/// Finds which patterns are worth running on a message.
pub struct Prefilter {
    scanner: Scanner,
    /// By literal: what its presence says.
    hints: Vec<Vec<Hint>>,
    /// Patterns without a literal, tried on every message.
    always: Vec<usize>,
    /// By pattern: sets of further texts of which one must be there, too.
    beside: Vec<Vec<Vec<Finder<'static>>>>,
}

/// Finds every literal that stands in a text.
enum Scanner {
    /// A vector search for a few dozen literals. It tells the longest that begins at a place, so the hints of a literal
    /// include those of the literals that it begins with.
    Packed(packed::Searcher),
    /// An automaton for any number of them.
    Automaton(AhoCorasick),
}

#[derive(Clone, Copy)]
enum Hint {
    /// A pattern, and the most bytes between the begin of its match and the literal.
    Pattern(usize, Option<usize>),
    PythonHead,
    JavascriptHead,
}

/// What one scan found. Reused from message to message.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The patterns to run, ascending by index.
    pub patterns: Vec<Candidate>,
    pub python_head: bool,
    pub javascript_head: bool,
}

/// A pattern that may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Index in the library.
    pub pattern: usize,
    /// No match begins before this byte of the message.
    pub start: usize,
}

impl Prefilter {
    pub fn new(library: &Library) -> Self {
        let mut literals: Vec<Vec<u8>> = Vec::new();
        let mut hints: Vec<Vec<Hint>> = Vec::new();
        let mut always = Vec::new();
        let mut add = |literal: &[u8], hint: Hint| match literals.iter().position(|known| known == literal) {
            Some(at) => hints[at].push(hint),
            None => {
                literals.push(literal.to_vec());
                hints.push(vec![hint]);
            }
        };
        add(PYTHON_HEAD, Hint::PythonHead);
        for head in JAVASCRIPT_HEADS {
            add(head, Hint::JavascriptHead);
        }
        for (index, pattern) in library.patterns.iter().enumerate() {
            for literal in &pattern.required.any {
                add(&literal.text, Hint::Pattern(index, literal.lead));
            }
            if pattern.regex.is_some() && pattern.required.any.is_empty() {
                always.push(index);
            }
        }
        let finders = |set: &Vec<Vec<u8>>| set.iter().map(|text| Finder::new(text).into_owned()).collect();
        let beside = library.patterns.iter().map(|pattern| pattern.required.beside.iter().map(finders).collect());
        Prefilter { scanner: Scanner::new(&literals, &mut hints), hints, always, beside: beside.collect() }
    }

    /// Scans an unescaped message.
    pub fn scan(&self, message: &[u8], found: &mut Candidates) {
        found.patterns.clear();
        found.python_head = false;
        found.javascript_head = false;
        self.scanner.scan(message, |literal, at| {
            for hint in &self.hints[literal] {
                match hint {
                    Hint::Pattern(pattern, lead) => {
                        let start = lead.map_or(0, |lead| at.saturating_sub(lead));
                        found.patterns.push(Candidate { pattern: *pattern, start });
                    }
                    Hint::PythonHead => found.python_head = true,
                    Hint::JavascriptHead => found.javascript_head = true,
                }
            }
        });
        found.patterns.extend(self.always.iter().map(|pattern| Candidate { pattern: *pattern, start: 0 }));
        if found.patterns.len() > 1 {
            found.patterns.sort_unstable();
            found.patterns.dedup_by_key(|candidate| candidate.pattern);
        }
        found.patterns.retain(|candidate| {
            let here = |finder: &Finder<'_>| finder.find(message).is_some();
            self.beside[candidate.pattern].iter().all(|set| set.iter().any(here))
        });
    }
}

impl Scanner {
    fn new(literals: &[Vec<u8>], hints: &mut [Vec<Hint>]) -> Self {
        let mut builder = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostLongest)
            .heuristic_pattern_limits(false)
            .builder();
        if let Some(searcher) = builder.extend(literals).build() {
            let own = hints.to_vec();
            for (literal, hints) in literals.iter().zip(hints) {
                let begins_with = |other: &Vec<u8>| other.len() < literal.len() && literal.starts_with(other);
                let prefixes = (0..literals.len()).filter(|other| begins_with(&literals[*other]));
                hints.extend(prefixes.flat_map(|other| &own[other]));
            }
            return Scanner::Packed(searcher);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(literals)
            .expect("literals of patterns are short and few enough for an automaton");
        Scanner::Automaton(automaton)
    }

    /// Calls `hit` with every literal that stands in the text and where it begins, for each place once or more. Of literals
    /// that begin at the same place the packed search tells but the longest.
    fn scan(&self, text: &[u8], mut hit: impl FnMut(usize, usize)) {
        match self {
            Scanner::Automaton(automaton) => {
                automaton.find_overlapping_iter(text).for_each(|found| hit(found.pattern().as_usize(), found.start()));
            }
            Scanner::Packed(searcher) => {
                let mut start = 0;
                while let Some(found) = searcher.find_in(text, Span { start, end: text.len() }) {
                    hit(found.pattern().as_usize(), found.start());
                    start = found.start() + 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literals() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::btree_set("[ab]{1,4}", 1..12)
            .prop_map(|set| set.into_iter().map(String::into_bytes).collect())
    }

    proptest! {
        #[test]
        fn either_scanner_finds_every_literal_that_is_there(literals in literals(), text in "[abc]{0,80}") {
            let hints = || -> Vec<Vec<Hint>> { (0..literals.len()).map(|at| vec![Hint::Pattern(at, Some(0))]).collect() };
            let mut expected: Vec<(usize, usize)> = Vec::new();
            for (at, literal) in literals.iter().enumerate() {
                expected.extend((0..text.len()).filter(|start| text.as_bytes()[*start..].starts_with(literal)).map(|start| (at, start)));
            }
            let automaton = AhoCorasick::builder().build(&literals).unwrap();
            let mut packed_hints = hints();
            let packed = Scanner::new(&literals, &mut packed_hints);
            for (scanner, hints) in [(packed, packed_hints), (Scanner::Automaton(automaton), hints())] {
                let mut found = std::collections::BTreeSet::new();
                scanner.scan(text.as_bytes(), |literal, start| for hint in &hints[literal] {
                    if let Hint::Pattern(at, _) = hint { found.insert((*at, start)); }
                });
                prop_assert_eq!(found.into_iter().collect::<Vec<_>>(), expected.clone());
            }
        }
    }
}
