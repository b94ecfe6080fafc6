//! The regex of a pattern, and the search for it.
//!
//! A regex is built when it is first searched for: a run meets few of the library's patterns, and building one takes as long as
//! reading a thousand lines. Its syntax is read at once, which the `regex` crate does not give; the engine under it takes that.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Input, meta};
use regex_syntax::hir::{Hir, HirKind};

/// The `regex` crate's own limits: bytes of a compiled regex, and of what a search keeps of its automaton.
const LARGEST: usize = 10 << 20;
const LARGEST_CACHE: usize = 2 << 20;

/// The regex of a pattern.
#[derive(Debug)]
pub struct Search {
    text: String,
    syntax: Hir,
    /// Index and name of the groups that have one, in their order.
    names: Vec<(usize, Box<str>)>,
    built: OnceLock<meta::Regex>,
}

impl Search {
    /// Reads a regex; the error says what is wrong with it.
    pub fn new(text: &str, unicode: bool) -> Result<Self, String> {
        let syntax = regex_syntax::ParserBuilder::new().unicode(unicode).utf8(false).build().parse(text);
        let syntax = syntax.map_err(|error| error.to_string())?;
        let mut names = Vec::new();
        collect_names(&syntax, &mut names);
        Ok(Search { text: text.into(), syntax, names, built: OnceLock::new() })
    }

    /// A regex by its syntax alone.
    pub fn of(syntax: Hir) -> Self {
        Search { text: syntax.to_string(), syntax, names: Vec::new(), built: OnceLock::new() }
    }

    /// Builds it now, where it may be too large for that.
    pub fn build(&self) -> Result<(), String> {
        let built = build(&self.syntax)?;
        self.built.get_or_init(|| built);
        Ok(())
    }

    fn regex(&self) -> &meta::Regex {
        self.built
            .get_or_init(|| build(&self.syntax).expect("regexes of others than the built-in packs are built early"))
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn syntax(&self) -> &Hir {
        &self.syntax
    }

    /// The group with this name.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.names.iter().find_map(|(index, known)| (**known == *name).then_some(*index))
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex().is_match(text)
    }

    /// Where the first match begins.
    pub fn first_match(&self, text: &[u8]) -> Option<usize> {
        self.regex().find(text).map(|found| found.start())
    }

    /// The named groups of the first match, in their order, and where they stand.
    pub fn named_captures<'s>(&'s self, text: &[u8]) -> Option<Vec<(&'s str, Range<usize>)>> {
        let regex = self.regex();
        let mut captures = regex.create_captures();
        regex.search_captures(&Input::new(text), &mut captures);
        let found = |(index, name): &'s (usize, Box<str>)| Some((&**name, captures.get_group(*index)?.range()));
        captures.is_match().then(|| self.names.iter().filter_map(found).collect())
    }
}

fn build(syntax: &Hir) -> Result<meta::Regex, String> {
    let config = meta::Config::new()
        .nfa_size_limit(Some(LARGEST))
        .hybrid_cache_capacity(LARGEST_CACHE)
        // Log text is bytes: an empty match may stand within a character.
        .utf8_empty(false);
    meta::Builder::new().configure(config).build_from_hir(syntax).map_err(|error| match error.size_limit() {
        Some(limit) => regex::Error::CompiledTooBig(limit).to_string(),
        None => error.to_string(),
    })
}

fn collect_names(hir: &Hir, names: &mut Vec<(usize, Box<str>)>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            names.extend(capture.name.clone().map(|name| (capture.index as usize, name)));
            collect_names(&capture.sub, names);
        }
        HirKind::Repetition(repetition) => collect_names(&repetition.sub, names),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| collect_names(part, names))
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

/// What one thread needs to search for a regex: threads that share it wait for each other.
pub struct Searcher {
    cache: meta::Cache,
    /// Begin and end of every group of the last match.
    slots: Vec<Option<NonMaxUsize>>,
}

impl Searcher {
    pub fn new(search: &Search) -> Self {
        let regex = search.regex();
        let slots = vec![None; 2 * regex.captures_len()];
        Searcher { cache: regex.create_cache(), slots }
    }

    /// Whether there is a match; [`Searcher::group`] tells what the first one captured.
    pub fn captures(&mut self, search: &Search, text: &[u8]) -> bool {
        search.regex().search_slots_with(&mut self.cache, &Input::new(text), &mut self.slots).is_some()
    }

    /// Where a group stands.
    pub fn group(&self, group: usize) -> Option<Range<usize>> {
        let place = |slot: usize| self.slots.get(slot).copied().flatten().map(NonMaxUsize::get);
        Some(place(2 * group)?..place(2 * group + 1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REGEXES: [&str; 6] = [
        r"abc",
        r"^(?:ba?)?a(?<x>b+)(?<y>c)?",
        r"(?<x>a|ab)(?<y>c|bcd)?\b",
        r"\ba(?<x>.*)c(?<y>.*?)b",
        r"(?<x>a)(?:.*?b(?<y>c+))?",
        r"(?i)A(?<y>(?<x>b)|c)*$",
    ];

    proptest! {
        #[test]
        fn finds_what_the_regex_crate_finds(text in "[abcd ]{0,24}", which in 0..REGEXES.len()) {
            let text = text.as_bytes();
            let regex = regex::bytes::RegexBuilder::new(REGEXES[which]).unicode(false).build().unwrap();
            let search = Search::new(REGEXES[which], false).unwrap();
            let mut searcher = Searcher::new(&search);
            let mut locations = regex.capture_locations();

            let expected = regex.captures_read(&mut locations, text).map(|found| found.range());
            prop_assert_eq!(searcher.captures(&search, text), expected.is_some());
            prop_assert_eq!(searcher.captures(&search, text), expected.is_some());
            prop_assert_eq!(search.first_match(text), expected.as_ref().map(|found| found.start));
            if expected.is_some() {
                for name in ["x", "y"] {
                    let known = regex.capture_names().position(|known| known == Some(name));
                    prop_assert_eq!(search.group(name), known);
                    let place = known.and_then(|group| locations.get(group)).map(|(start, end)| start..end);
                    prop_assert_eq!(known.and_then(|group| searcher.group(group)), place);
                }
            }
        }
    }

    #[test]
    fn captures_by_name() {
        let search = Search::new(r"(\d+) (?<b>\w+)(?: (?<a>\d+))?(?<c>x)?", false).unwrap();
        assert_eq!(search.named_captures(b"- 12 ab 3"), Some(vec![("b", 5..7), ("a", 8..9)]));
        assert_eq!(search.named_captures(b"-"), None);
    }

    #[test]
    fn errors_read_like_those_of_the_regex_crate() {
        for text in [r"a(b", r"[z-a]", r"(?<x>a)(?<x>b)", r"\p{Nope}"] {
            let expected = regex::bytes::RegexBuilder::new(text).unicode(false).build().unwrap_err().to_string();
            assert_eq!(Search::new(text, false).unwrap_err(), expected);
        }
        let large = r"(?:\w{900}){900}";
        let expected = regex::bytes::RegexBuilder::new(large).unicode(false).build().unwrap_err().to_string();
        assert_eq!(Search::new(large, false).unwrap().build().unwrap_err(), expected);
    }
}
