//! A quick look at a text: most hold nothing that could be a secret.
//!
//! Looked for is what no secret is without: a word of its name, the start of a token, a mark. Some of it stands in other
//! text, too; the look is right when it says that there is nothing.
//!
//! Without it a replay of an app log takes twice the instructions, and of hard lines 47 % more.

use std::sync::LazyLock;

use super::pem;
use super::punctuation::skip_blanks;
use super::rules::{COMMON, QUALIFIERS, RULES, SHORTEST_STEM, rules};

/// Bytes between a word of a name and what must stand before a value.
const FARTHEST: usize = 48;

/// What a text that is looked for is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

static LOOK: LazyLock<Look> = LazyLock::new(|| {
    let marks = ('0'..='9').map(|digit| (format!("bot{digit}"), Of::Mark));
    let others = OTHERS.into_iter().map(|(text, of)| (text.to_string(), of));
    let mut stems: Vec<(String, Of)> = RULES.stems().into_iter().chain(others).chain(marks).collect();
    stems.sort_unstable();
    stems.dedup();
    Look::new(stems)
});

/// Bytes of a gram, one of which stands for each text that is looked for: at most as many as the shortest has.
const GRAM: usize = SHORTEST_STEM;
/// Bytes that are read at once, and how many grams are in them.
const WORD: usize = 8;
const GRAMS: usize = WORD - GRAM + 1;
/// Places of the table of grams, a power of two: few enough to stay in the nearest cache, many enough that few are taken.
const TABLE: usize = 1 << 14;
/// Buckets that a byte can number, of which the first stays empty.
const BUCKETS: usize = 256;

/// Texts that are looked for at once, at every place, by the rarest gram of each.
struct Look {
    /// By the hash of a gram: its bucket, nearly always the empty one.
    table: Box<[u8; TABLE]>,
    buckets: Vec<Vec<Stem>>,
}

struct Stem {
    text: Box<[u8]>,
    gram: u32,
    /// Where in the text its gram stands.
    offset: usize,
    of: Of,
}

/// Makes the letters of a word lower case, and of what is no letter something that is the same wherever it stands.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Whether a text may hold a secret.
pub fn may_hold(text: &[u8]) -> bool {
    pem::body(text).is_some() || LOOK.finds(text)
}

impl Look {
    fn new(stems: Vec<(String, Of)>) -> Look {
        let mut look = Look { table: Box::new([0; TABLE]), buckets: Vec::new() };
        look.buckets.resize_with(BUCKETS, Vec::new);
        let mut taken = 0;
        for (text, of) in stems {
            let text: Box<[u8]> = text.into_bytes().into();
            let offset =
                (0..=text.len() - GRAM).max_by_key(|offset| rarity(&text[*offset..offset + GRAM])).unwrap_or(0);
            let gram =
                u32::from_le_bytes([text[offset], text[offset + 1], text[offset + 2], 0]) | FOLD as u32 & 0xff_ffff;
            let bucket = &mut look.table[place(gram)];
            if *bucket == 0 {
                // When all are in use they are used again.
                *bucket = 1 + (taken % (BUCKETS - 1)) as u8;
                taken += 1;
            }
            look.buckets[usize::from(*bucket)].push(Stem { text, gram, offset, of });
        }
        look
    }

    fn finds(&self, text: &[u8]) -> bool {
        let whole = text.windows(WORD).step_by(GRAMS).enumerate();
        let is_found = |(step, word): (usize, &[u8])| {
            let word = word.try_into().map_or(0, u64::from_le_bytes);
            self.tells(word, step * GRAMS, text)
        };
        // What is left is shorter than a word, and may begin with the last gram of one.
        let rest = text.len().checked_sub(WORD).map_or(0, |last| (last / GRAMS + 1) * GRAMS);
        let mut word = [0; WORD];
        let end = text.len().min(rest + WORD);
        word[..end - rest].copy_from_slice(&text[rest..end]);
        whole.into_iter().any(is_found) || self.tells(u64::from_le_bytes(word), rest, text)
    }

    /// Whether a secret may be told by a text that has a gram in the word at `at`.
    #[inline]
    fn tells(&self, word: u64, at: usize, text: &[u8]) -> bool {
        let word = word | FOLD;
        let gram = |offset: usize| (word >> (8 * offset)) as u32 & 0xff_ffff;
        let bucket = |offset: usize| self.table[place(gram(offset))];
        // Mostly there is nothing at all of them.
        if (0..GRAMS).fold(0, |any, offset| any | bucket(offset)) == 0 {
            return false;
        }
        (0..GRAMS).any(|offset| {
            let stems = &self.buckets[usize::from(bucket(offset))];
            stems.iter().any(|stem| stem.gram == gram(offset) && stem.tells(at + offset, text))
        })
    }
}

/// The place of a gram in the table.
fn place(gram: u32) -> usize {
    // An odd number whose bits are as good as random: 2³² over the golden ratio.
    (gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - TABLE.ilog2())) as usize
}

/// How rare a gram is in ordinary text, by its letters.
fn rarity(gram: &[u8]) -> usize {
    /// From the most frequent in English to the rarest; what is no letter is rarer than all.
    const LETTERS: &[u8] = b"etaoinsrhldcumfpgwybvkxjqz";
    gram.iter().map(|byte| LETTERS.iter().position(|letter| letter == byte).unwrap_or(LETTERS.len())).sum()
}

impl Stem {
    /// Whether it stands in the text with its gram at `at`, and a secret may belong to it.
    fn tells(&self, at: usize, text: &[u8]) -> bool {
        let Some(start) = at.checked_sub(self.offset) else { return false };
        let end = start + self.text.len();
        if end > text.len() || !text[start..end].eq_ignore_ascii_case(&self.text) {
            return false;
        }
        match self.of {
            Of::Name => {
                let joint = usize::from(text.get(end).is_some_and(|byte| b" _.-".contains(byte)));
                let rest = &text[end + joint..];
                let begins = |word: &&&str| {
                    rest.get(..word.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(word.as_bytes()))
                };
                COMMON.iter().filter(begins).any(|word| {
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
