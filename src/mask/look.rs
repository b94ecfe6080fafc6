//! A quick look at a text: most hold nothing that could be a secret.
//!
//! Looked for is what no secret is without: a word of its name, the start of a token, a mark. Some of it stands in other
//! text, too; the look is right when it says that there is nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::packed::{Config, MatchKind, Searcher};
use memchr::memmem::Finder;

use super::pem;
use super::punctuation::skip_blanks;
use super::rules::{COMMON, QUALIFIERS, RULES, rules};

/// Texts that are looked for at a time: as many as the search can do at full speed.
const MOST: usize = 60;
/// Bytes between a word of a name and what must stand before a value.
const FARTHEST: usize = 48;

/// What a text that is looked for is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A scheme of `Authorization`, or the end of a name.
    Scheme,
    /// The word before the last of a name, which is a common one.
    Name,
    /// The end of a name.
    NameEnd,
    /// The end of a name that is one in a query only.
    Query,
    /// The start of a token.
    Token,
    /// What separates the scheme of a URL.
    Url,
    Mark,
}

/// What else a secret can be told by, in lower case.
const OTHERS: [(&str, Of); 11] = [
    ("://", Of::Url),
    (":\\/\\/", Of::Url),
    ("%3a%2f%2f", Of::Url),
    ("bearer", Of::Scheme),
    ("basic", Of::Scheme),
    ("-----begin", Of::Mark),
    ("@tcp(", Of::Mark),
    ("@unix(", Of::Mark),
    (":aa", Of::Mark),
    ("%3aaa", Of::Mark),
    ("\\u003aaa", Of::Mark),
];

struct Searched {
    searcher: Searcher,
    /// By text: what it is, and what the texts are that it begins with, with their lengths.
    of: Vec<Vec<(usize, Of)>>,
}

/// `None` where the processor has no instructions for it: then every text may hold a secret.
static LOOK: LazyLock<Option<Vec<Searched>>> = LazyLock::new(|| {
    let mut all: BTreeMap<String, Vec<(usize, Of)>> = BTreeMap::new();
    let marks = ('0'..='9').map(|digit| (format!("bot{digit}"), Of::Mark));
    let others = OTHERS.into_iter().map(|(text, of)| (text.to_string(), of));
    for (text, of) in RULES.stems().into_iter().chain(others).chain(marks) {
        let length = text.len();
        let of_text = all.entry(text).or_default();
        if !of_text.contains(&(length, of)) {
            of_text.push((length, of));
        }
    }
    // The longest is found first, and stands for those that it begins with.
    let beginning = |text: &String| {
        let shorter = (1..text.len()).filter_map(|length| all.get(text.get(..length)?));
        shorter.chain(all.get(text)).flatten().copied().collect()
    };
    let mut texts: Vec<(String, Vec<(usize, Of)>)> = all.keys().map(|text| (text.clone(), beginning(text))).collect();
    texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    let searched = |texts: &[(String, Vec<(usize, Of)>)]| {
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        builder.extend(texts.iter().map(|(text, _)| text));
        Some(Searched { searcher: builder.build()?, of: texts.iter().map(|(_, of)| of.clone()).collect() })
    };
    texts.chunks(MOST).map(searched).collect()
});

/// Starts of tokens that stand in so much text that they are looked for as they are written.
static SHORT: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| RULES.short_starts().map(|start| Finder::new(start).into_owned()).collect());

/// Whether a text may hold a secret.
pub fn may_hold(text: &[u8]) -> bool {
    thread_local! {
        static LOWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let Some(look) = &*LOOK else { return true };
    pem::body(text).is_some()
        || SHORT.iter().any(|start| start.find_iter(text).any(|at| rules().token(&text[at..]).is_some()))
        || LOWER.with_borrow_mut(|lower| {
            lower.clear();
            lower.extend_from_slice(text);
            lower.make_ascii_lowercase();
            look.iter().any(|searched| searched.finds(lower, text))
        })
}

impl Searched {
    fn finds(&self, lower: &[u8], text: &[u8]) -> bool {
        let mut at = 0;
        while let Some(found) = self.searcher.find_in(lower, (at..lower.len()).into()) {
            let start = found.start();
            let may_hold = self.of[found.pattern().as_usize()].iter().any(|(length, of)| {
                let end = start + length;
                match of {
                    Of::Name => {
                        let joint = usize::from(text.get(end).is_some_and(|byte| b" _.-".contains(byte)));
                        let rest = &lower[end + joint..];
                        COMMON.iter().filter(|word| rest.starts_with(word.as_bytes())).any(|word| {
                            let end = end + joint + word.len();
                            ends_word(text, end) && leads_to_value(text, start, end)
                        })
                    }
                    Of::NameEnd => ends_word(text, end) && leads_to_value(text, start, end),
                    Of::Query => is_in_query(text, start) && leads_to_value(text, start, end),
                    Of::Token => !follows_word(text, start) && rules().token(&text[start..]).is_some(),
                    Of::Url => memchr::memchr2(b'@', b'%', &text[end..]).is_some(),
                    Of::Scheme => {
                        text.get(end).is_some_and(|byte| b" \t%+\\".contains(byte)) || leads_to_value(text, start, end)
                    }
                    Of::Mark => true,
                }
            });
            if may_hold {
                return true;
            }
            at = start + 1;
        }
        false
    }
}

/// Whether the name that has a word at `at` is one of a query.
fn is_in_query(text: &[u8], at: usize) -> bool {
    let before = text[..at].iter().rev().take(FARTHEST);
    let length = before.take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    (at - length..=at).any(|at| follows_query_mark(text, at))
}

/// Whether a name that begins here is one of a query.
pub fn follows_query_mark(text: &[u8], at: usize) -> bool {
    let marks: [&[u8]; 9] = [b"?", b"&", b"&amp;", b"%3F", b"%3f", b"%26", b"%253F", b"%2526", b"u0026"];
    marks.iter().any(|mark| text[..at].ends_with(mark))
}

/// Whether a letter or a digit goes before, and no escape or encoded byte.
fn follows_word(text: &[u8], at: usize) -> bool {
    let is_encoded = |length: usize, start: &[u8]| at >= length && text[at - length..].starts_with(start);
    at > 0
        && text[at - 1].is_ascii_alphanumeric()
        && !(is_encoded(2, b"\\")
            || is_encoded(3, b"%")
            || is_encoded(5, b"%25")
            || is_encoded(4, b"\\x")
            || is_encoded(6, b"\\u"))
}

/// Whether a name ends here, or goes on with what its value is said to be.
fn is_qualified(rest: &[u8]) -> bool {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &rest[digits..];
    let rest = &rest[rest.iter().take_while(|byte| b"_.-".contains(byte)).count()..];
    !rest.first().is_some_and(u8::is_ascii_alphanumeric)
        || QUALIFIERS.iter().any(|word| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// Whether what must stand before a value stands behind a name.
fn leads_to_value(text: &[u8], start: usize, end: usize) -> bool {
    let farthest = &text[..text.len().min(end + FARTHEST)];
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    if !is_qualified(&text[end..]) {
        return false;
    }
    let word = end + farthest[end..].iter().take_while(is_part).count();
    if word == farthest.len() {
        return word < text.len();
    }
    let next = skip_blanks(text, word);
    match text.get(next) {
        Some(b'=' | b':' | b'%' | b'\\') => true,
        Some(b'"' | b'\'' | b'`' | b']' | b'&' | b'>' | b')') if next == word => true,
        // A flag, or an element with attributes.
        Some(_) if next > word => {
            let before = text[..start].iter().rev().take(FARTHEST).take_while(|byte| !byte.is_ascii_whitespace());
            before.copied().any(|byte| matches!(byte, b'-' | b'<' | b':' | b';'))
        }
        _ => false,
    }
}

/// Whether a word ends here, as [`append_words`](super::rules::append_words) tells words apart.
fn ends_word(text: &[u8], at: usize) -> bool {
    match text[at - 1..] {
        [before, next, ..] if before.is_ascii_lowercase() && next.is_ascii_lowercase() => false,
        [before, next, ref rest @ ..] if before.is_ascii_uppercase() && next.is_ascii_uppercase() => {
            rest.first().is_some_and(u8::is_ascii_lowercase)
        }
        [before, next, ..] => !(before.is_ascii_uppercase() && next.is_ascii_lowercase()),
        _ => true,
    }
}
