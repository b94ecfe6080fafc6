//! One scan of a message for the literals of all patterns at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, Span, packed};

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
    Pattern(usize),
    PythonHead,
    JavascriptHead,
}

/// What one scan found. Reused from message to message.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Indices of the patterns to run, ascending.
    pub patterns: Vec<usize>,
    pub python_head: bool,
    pub javascript_head: bool,
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
            match (&pattern.regex, &pattern.literals) {
                (None, _) => {}
                (Some(_), Some(set)) => set.iter().for_each(|literal| add(literal, Hint::Pattern(index))),
                (Some(_), None) => always.push(index),
            }
        }
        Prefilter { scanner: Scanner::new(&literals, &mut hints), hints, always }
    }

    /// Scans an unescaped message.
    pub fn scan(&self, message: &[u8], found: &mut Candidates) {
        found.patterns.clear();
        found.python_head = false;
        found.javascript_head = false;
        self.scanner.scan(message, |literal| {
            for hint in &self.hints[literal] {
                match hint {
                    Hint::Pattern(index) => found.patterns.push(*index),
                    Hint::PythonHead => found.python_head = true,
                    Hint::JavascriptHead => found.javascript_head = true,
                }
            }
        });
        found.patterns.extend_from_slice(&self.always);
        if found.patterns.len() > 1 {
            found.patterns.sort_unstable();
            found.patterns.dedup();
        }
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

    /// Calls `hit` with every literal that stands in the text, once or more.
    fn scan(&self, text: &[u8], mut hit: impl FnMut(usize)) {
        match self {
            Scanner::Automaton(automaton) => {
                automaton.find_overlapping_iter(text).for_each(|found| hit(found.pattern().as_usize()));
            }
            Scanner::Packed(searcher) => {
                let mut start = 0;
                while let Some(found) = searcher.find_in(text, Span { start, end: text.len() }) {
                    hit(found.pattern().as_usize());
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
            let expected: Vec<usize> =
                (0..literals.len()).filter(|at| memchr::memmem::find(text.as_bytes(), &literals[*at]).is_some()).collect();
            let automaton = AhoCorasick::builder().build(&literals).unwrap();
            let mut hints: Vec<Vec<Hint>> = (0..literals.len()).map(|at| vec![Hint::Pattern(at)]).collect();
            let packed = Scanner::new(&literals, &mut hints);
            for (scanner, hints) in [(packed, hints), (Scanner::Automaton(automaton), (0..literals.len()).map(|at| vec![Hint::Pattern(at)]).collect())] {
                let mut found = std::collections::BTreeSet::new();
                scanner.scan(text.as_bytes(), |literal| for hint in &hints[literal] {
                    if let Hint::Pattern(at) = hint { found.insert(*at); }
                });
                prop_assert_eq!(found.into_iter().collect::<Vec<_>>(), expected.clone());
            }
        }
    }
}
