//! Which digits of a message its events depend on.
//!
//! Nearly none: `order 4711 took 220 ms` is what `order 1234 took 871 ms` is. For regexes that can be read off their syntax. What
//! else reads a message reads of numbers of two and more digits only statuses, times and dates by their value; so a message with
//! numbers in it that are valid as those, and one with numbers that are not, show whether such a number is read.

use std::sync::OnceLock;

use memchr::memmem;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition,
};

use super::definition::Parser;
use super::library::{LabelGlob, Pattern};
use super::literals::{Required, required};
use super::search::Search;

/// Texts with or behind which digits are written for a character.
const ESCAPES: [&[u8]; 4] = [b"\\", b"%", b"&#", b"\x1b"];

/// Some of a message's numbers of two and more digits, by index; those behind the 64th go with it. A single digit is no number here: it
/// is often part of a name (`slf4j`, `0x1f`, `HTTP/1.1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers(u64);

impl Numbers {
    pub const ALL: Numbers = Numbers(u64::MAX);
    pub const NONE: Numbers = Numbers(0);

    /// The first ones, so many, and no more than 63.
    pub fn first(count: usize) -> Numbers {
        Numbers((1 << count.min(63)) - 1)
    }

    pub fn has(self, index: usize) -> bool {
        self.0 >> index.min(63) & 1 == 1
    }

    /// Those among them that are not the one with this index.
    pub fn without(self, index: usize) -> Numbers {
        Numbers(self.0 & !(1 << index.min(63)))
    }

    /// One alone.
    pub fn only(index: usize) -> Numbers {
        Numbers(1 << index.min(63))
    }
}

/// The patterns of a library for which it may matter which digits stand in a message.
#[derive(Default)]
pub struct Sensitive {
    patterns: OnceLock<Vec<Blind>>,
}

/// What a pattern would be if it took every digit for any other.
struct Blind {
    /// Index in the library.
    pattern: usize,
    required: Required,
    /// `None` for a pattern without a regex.
    search: Option<Search>,
}

impl Sensitive {
    /// Where in a text a match of one of the patterns can begin first if other digits stand there: its length where none can. `None`
    /// if members beside it have a part in that. The text proper begins at `body`.
    pub fn first_match(&self, patterns: &[Pattern], text: &[u8], body: usize) -> Option<usize> {
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
        Blind { pattern, required: blind.as_ref().map(required).unwrap_or_default(), search: blind.map(Search::of) }
    }

    fn first_match(&self, text: &[u8]) -> Option<usize> {
        let here = |literal: &[u8]| memmem::find(text, literal).is_some();
        let Required { any, beside } = &self.required;
        let may_match = (any.is_empty() || any.iter().any(|literal| here(&literal.text)))
            && beside.iter().all(|set| set.iter().any(|literal| here(literal)));
        match &self.search {
            Some(search) if may_match => search.first_match(text),
            Some(_) => None,
            None => Some(0),
        }
    }
}

/// Whether it may depend on digits or on members beside the message if a pattern matches, or what it gives.
fn is_sensitive(pattern: &Pattern) -> bool {
    let has_digit = |glob: &LabelGlob| match glob {
        LabelGlob::Glob(glob) => glob.to_string().bytes().any(|byte| byte.is_ascii_digit()),
        LabelGlob::StatusFamily(_) => true,
    };
    let cleans = pattern.labels.iter().filter_map(|label| label.clean.as_ref());
    let syntax_of_clean = |text: &str| Search::new(text, pattern.unicode).is_ok_and(|clean| are_alike(clean.syntax()));
    !pattern.regex.as_ref().is_none_or(|regex| are_alike(regex.syntax()))
        || !cleans.into_iter().all(|(regex, _)| syntax_of_clean(regex.as_str()))
        || pattern.label_globs.iter().any(|(_, glob)| has_digit(glob))
        || pattern.logger.as_ref().is_some_and(|glob| glob.to_string().bytes().any(|byte| byte.is_ascii_digit()))
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

/// Whether digits of a message may be written for other characters.
pub fn may_escape(message: &[u8]) -> bool {
    ESCAPES.iter().any(|escape| memmem::find(message, escape).is_some())
}

/// Appends a message in which the digits of some numbers are masked.
pub fn mask(message: &[u8], numbers: Numbers, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(message);
    let masked = &mut out[start..];
    if numbers != Numbers::ALL {
        each_number(masked, numbers, |number| number.fill(b'0'));
        return;
    }
    // The same, many bytes at a time.
    for (byte, around) in masked.iter_mut().skip(1).zip(message.windows(3)) {
        let is_masked = around[1].is_ascii_digit() & (around[0].is_ascii_digit() | around[2].is_ascii_digit());
        *byte = if is_masked { b'0' } else { *byte };
    }
    if let [first, second, ..] = message
        && first.is_ascii_digit()
        && second.is_ascii_digit()
    {
        masked[0] = b'0';
    }
    if let [.., before, last] = message
        && before.is_ascii_digit()
        && last.is_ascii_digit()
    {
        masked[message.len() - 1] = b'0';
    }
}

fn each_number(text: &mut [u8], numbers: Numbers, then: impl Fn(&mut [u8])) {
    let runs = text.chunk_by_mut(|a, b| a.is_ascii_digit() && b.is_ascii_digit());
    let all = runs.filter(|run| run.len() > 1).enumerate();
    all.filter(|(index, _)| numbers.has(*index)).for_each(|(_, number)| then(number));
}

/// A message with others in the place of some of its numbers: such as are valid as statuses and as parts of times and dates, and
/// fit into 32 bits if they have ten digits; and such as are not. No digit is the same in both.
pub fn with_others(message: &[u8], numbers: Numbers) -> [Vec<u8>; 2] {
    let with = |number: fn(&mut [u8])| {
        let mut text = message.to_vec();
        each_number(&mut text, numbers, number);
        text
    };
    let valid = |number: &mut [u8]| {
        number.fill(if number.len() == 3 { b'0' } else { b'1' });
        if number.len() > 2 {
            number[..2].copy_from_slice(b"20");
        }
    };
    [with(valid), with(|number| number.fill(b'9'))]
}

/// How many numbers of a message end before a byte, or right there.
pub fn numbers_before(message: &[u8], end: usize) -> usize {
    let splits = message.get(end).is_some_and(u8::is_ascii_digit);
    let last = message[..end].iter().rposition(|byte| !(splits && byte.is_ascii_digit()));
    let whole = &message[..last.map_or(0, |last| last + 1)];
    whole.chunk_by(|a, b| a.is_ascii_digit() && b.is_ascii_digit()).filter(|run| run.len() > 1).count()
}
