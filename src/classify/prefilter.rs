//! One scan of a message for the literals of all patterns at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::library::Library;

/// Text that opens an entry of several records, and so is looked for beside the patterns' literals.
const PYTHON_HEAD: &[u8] = b"Traceback (most recent call last)";
const JAVASCRIPT_HEADS: [&[u8]; 4] = [b"Error: ", b"Uncaught", b"UnhandledPromiseRejection", b"FATAL ERROR"];

/// Finds which patterns are worth running on a message.
pub struct Prefilter {
    automaton: AhoCorasick,
    /// By literal: what its presence says.
    hints: Vec<Vec<Hint>>,
    /// Patterns without a literal, tried on every message.
    always: Vec<usize>,
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
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .expect("literals of patterns are short and few enough for an automaton");
        Prefilter { automaton, hints, always }
    }

    /// Scans an unescaped message.
    pub fn scan(&self, message: &[u8], found: &mut Candidates) {
        found.patterns.clear();
        found.python_head = false;
        found.javascript_head = false;
        for hit in self.automaton.find_overlapping_iter(message) {
            for hint in &self.hints[hit.pattern().as_usize()] {
                match hint {
                    Hint::Pattern(index) => found.patterns.push(*index),
                    Hint::PythonHead => found.python_head = true,
                    Hint::JavascriptHead => found.javascript_head = true,
                }
            }
        }
        found.patterns.extend_from_slice(&self.always);
        if found.patterns.len() > 1 {
            found.patterns.sort_unstable();
            found.patterns.dedup();
        }
    }
}
