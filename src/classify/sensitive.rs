//! Where in a message patterns may find something if its variable parts are others.
//!
//! A regex that treats all digits alike finds in any numbers what it finds in one. Of the others it is worked out where they would match
//! first if they did; and of all of them whether their literals may stand there, if letters may be others, too.

use std::fmt::Display;
use std::ops::Range;
use std::sync::OnceLock;

use memchr::memmem::{self, Finder};
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition,
};

use super::definition::Parser;
use super::library::Pattern;
use super::literals::{Required, required};
use super::search::Search;

/// The patterns of a library for which it may matter which digits stand in a message.
#[derive(Default)]
pub struct Sensitive {
    patterns: OnceLock<Vec<Blind>>,
}

/// What a pattern would be if it took every digit for any other.
struct Blind {
    /// Index in the library.
    pattern: usize,
    /// Sets of texts of which one each must be there.
    required: Vec<Vec<Finder<'static>>>,
    /// `None` for a pattern without a regex.
    search: Option<Search>,
}

impl Sensitive {
    /// Where in a text a match of one of the patterns can begin first if other digits stand there: its length where none can. `None`
    /// if members beside it have a part in that. The text proper begins at `body`.
    pub fn first_with_other_digits(&self, patterns: &[Pattern], text: &[u8], body: usize) -> Option<usize> {
        let sensitive = self.patterns.get_or_init(|| {
            // Of those without a regex only the patterns of levels look at a message that tells no failure.
            let may_look = |pattern: &Pattern| pattern.regex.is_some() || pattern.parser == Some(Parser::Level);
            let is_sensitive = |(_, pattern): &(usize, &Pattern)| may_look(pattern) && is_sensitive(pattern);
            patterns
                .iter()
                .enumerate()
                .filter(is_sensitive)
                .map(|(index, pattern)| Blind::new(index, pattern))
                .collect()
        });
        let mut first = text.len();
        for blind in sensitive {
            let pattern = &patterns[blind.pattern];
            let start = if pattern.raw { 0 } else { body };
            if let Some(at) = blind.first_match(&text[start..]) {
                if !pattern.attributes.is_empty() {
                    return None;
                }
                first = first.min(start + at);
            }
        }
        Some(first)
    }
}

impl Blind {
    fn new(pattern: usize, Pattern { regex, .. }: &Pattern) -> Self {
        let blind = regex.as_ref().map(|regex| blind(regex.syntax()));
        let Required { any, beside } = blind.as_ref().map(required).unwrap_or_default();
        let sets = beside.into_iter().chain([any]).filter(|set: &Vec<_>| !set.is_empty());
        let finders = |set: Vec<Vec<u8>>| set.iter().map(|text| Finder::new(text).into_owned()).collect();
        Blind { pattern, required: sets.map(finders).collect(), search: blind.map(Search::of) }
    }

    fn first_match(&self, text: &[u8]) -> Option<usize> {
        let here = |set: &Vec<Finder<'_>>| set.iter().any(|finder| finder.find(text).is_some());
        match &self.search {
            Some(search) if self.required.iter().all(here) => search.first_match(text),
            Some(_) => None,
            None => Some(0),
        }
    }
}

/// Whether one of the patterns may match a text whatever stands in some parts of it, each of hex digits only.
pub fn may_match_with_other_hex(patterns: &[Pattern], text: &[u8], parts: &[Range<usize>]) -> bool {
    let here = |literal: &Vec<u8>| may_stand_in(text, parts, literal);
    let may_match = |Required { any, beside }: &Required| {
        (any.is_empty() || any.iter().any(here)) && beside.iter().all(|set| set.iter().any(here))
    };
    patterns.iter().any(|pattern| pattern.regex.is_some() && may_match(&pattern.required))
}

/// Whether a literal may stand in a text.
fn may_stand_in(text: &[u8], parts: &[Range<usize>], literal: &[u8]) -> bool {
    let is_in = |at: usize| parts.iter().any(|part| part.contains(&at));
    let fits = |at: usize| {
        text.get(at..at + literal.len()).is_some_and(|place| {
            let mut bytes = place.iter().zip(literal).enumerate();
            bytes.all(|(offset, (byte, wanted))| byte == wanted || (wanted.is_ascii_hexdigit() && is_in(at + offset)))
        })
    };
    let within = |part: &Range<usize>| ((part.start + 1).saturating_sub(literal.len())..part.end).any(fits);
    memmem::find(text, literal).is_some() || parts.iter().any(within)
}

/// Whether it may depend on digits or on members beside the message if a pattern matches, or what it gives.
fn is_sensitive(pattern: &Pattern) -> bool {
    let has_digit = |glob: &dyn Display| glob.to_string().bytes().any(|byte| byte.is_ascii_digit());
    let cleans = pattern.labels.iter().filter_map(|label| label.clean.as_ref());
    let syntax_of_clean = |text: &str| Search::new(text, pattern.unicode).is_ok_and(|clean| are_alike(clean.syntax()));
    !pattern.regex.as_ref().is_none_or(|regex| are_alike(regex.syntax()))
        || !cleans.into_iter().all(|(regex, _)| syntax_of_clean(regex.as_str()))
        || pattern.label_globs.iter().any(|(_, glob)| has_digit(glob))
        || pattern.logger.as_ref().is_some_and(|glob| has_digit(glob))
        || !pattern.attributes.is_empty()
}

/// Whether a regex treats all digits alike: then it matches a text with other digits where it matched before.
fn are_alike(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => !literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(class) => matches!(digits_in(class), 0 | 10),
        HirKind::Repetition(repetition) => are_alike(&repetition.sub),
        HirKind::Capture(capture) => are_alike(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(are_alike),
    }
}

fn digits_in(class: &Class) -> usize {
    let is_in = |digit: &u8| match class {
        Class::Bytes(class) => class.iter().any(|range| (range.start()..=range.end()).contains(digit)),
        Class::Unicode(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&char::from(*digit))),
    };
    (b'0'..=b'9').filter(is_in).count()
}

/// A regex that matches wherever `hir` would with other digits in the text.
fn blind(hir: &Hir) -> Hir {
    let digits = || ClassBytes::new([ClassBytesRange::new(b'0', b'9')]);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        HirKind::Literal(literal) => {
            let runs = literal.0.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
            Hir::concat(
                runs.flat_map(|run| match run[0].is_ascii_digit() {
                    true => vec![Hir::class(Class::Bytes(digits())); run.len()],
                    false => vec![Hir::literal(run)],
                })
                .collect(),
            )
        }
        HirKind::Class(class) if digits_in(class) == 0 => hir.clone(),
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.union(&digits());
            Hir::class(Class::Bytes(class))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.union(&ClassUnicode::new([ClassUnicodeRange::new('0', '9')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(blind(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => blind(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(blind).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(blind).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALIKE: [&str; 5] =
        [r"took (\d+)ms", r"[^ ]+\b", r"^\W*x{2,3}$", r"(?i)[0-9a-f]{4}|z", r"(?-u)\w+ (?:a|\d\.\d)?"];
    const OTHERS: [&str; 6] = [r"\b30s", r"[1-9]\d?s", r"x(?:5[0-9]{2}|42)", r"[^7]a", r"(?<n>1+)b", r"(?i)A0*é"];

    fn syntax(regex: &str) -> Hir {
        Search::new(regex, true).unwrap().syntax().clone()
    }

    #[test]
    fn knows_which_regexes_treat_all_digits_alike() {
        ALIKE.iter().for_each(|regex| assert!(are_alike(&syntax(regex)), "{regex}"));
        OTHERS.iter().for_each(|regex| assert!(!are_alike(&syntax(regex)), "{regex}"));
    }

    proptest! {
        #[test]
        fn regexes_that_treat_digits_alike_find_the_same_with_others(
            text in "([0-9]|[axz.é ]|took |ms|[0-9]s){0,12}", digits in "[0-9]{40}", which in 0..ALIKE.len()
        ) {
            let regex = regex::bytes::Regex::new(ALIKE[which]).unwrap();
            let other = with_digits(&text, &digits);
            let places = |text: &str| regex.captures_iter(text.as_bytes())
                .map(|captures| captures.iter().map(|group| group.map(|group| group.range())).collect::<Vec<_>>())
                .collect::<Vec<_>>();
            prop_assert_eq!(places(&text), places(&other));
        }

        #[test]
        fn no_match_with_other_digits_begins_before_the_first_of_blind_regexes(
            text in "([0-9]|[axbé .]|[0-9]{2}s){0,12}", digits in "[0-9]{40}", which in 0..OTHERS.len()
        ) {
            let regex = regex::bytes::Regex::new(OTHERS[which]).unwrap();
            let blind = Search::of(blind(&syntax(OTHERS[which])));
            let other = with_digits(&text, &digits);
            if let Some(found) = regex.find(other.as_bytes()) {
                prop_assert!(blind.first_match(text.as_bytes()).is_some_and(|first| first <= found.start()));
            }
        }

        #[test]
        fn literals_are_found_wherever_ids_may_hold_them(before in "[ab 0]{0,6}", id in "[0-9a-f]{8}", other in "[0-9a-f]{8}", after in "[ab 0]{0,6}", literal in "[ab0]{1,5}| [0-9a]{2}|[b9]{1,3} ") {
            let text = format!("{before}{id}{after}");
            let with_other = format!("{before}{other}{after}");
            let part = before.len()..before.len() + id.len();
            prop_assert!(!with_other.contains(&literal) || may_stand_in(text.as_bytes(), &[part], literal.as_bytes()));
        }
    }

    /// A text with the next of these digits in the place of each of its own.
    fn with_digits(text: &str, digits: &str) -> String {
        let mut digits = digits.chars();
        text.chars().map(|char| if char.is_ascii_digit() { digits.next().unwrap() } else { char }).collect()
    }
}
