//! The rules, read from `rules.toml` and made ready for a scan.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use super::look::Of;

/// Longest name that is looked at, in bytes; of a longer one its end.
pub const LONGEST_NAME: usize = 64;
/// The most words of a name that a rule asks for.
const MOST_WORDS: usize = 5;

/// The rules of `rules.toml`.
pub static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(File::read()));

#[cfg(test)]
thread_local! {
    /// What this thread masks by instead.
    static OTHERS: std::cell::Cell<Option<&'static Rules>> = const { std::cell::Cell::new(None) };
}

/// What is masked by: [`RULES`], if no test wants others.
pub fn rules() -> &'static Rules {
    #[cfg(test)]
    if let Some(others) = OTHERS.get() {
        return others;
    }
    &RULES
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Vec<NameRule>,
    token: Vec<TokenRule>,
    harmless: Harmless,
    schemes: Schemes,
    urls: Urls,
}

impl File {
    fn read() -> File {
        toml::from_str(include_str!("rules.toml")).expect("the rules are a constant, and tested")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NameRule {
    /// For those who read the rules, and for tests.
    #[cfg_attr(not(test), expect(dead_code))]
    about: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    ends: Vec<String>,
    #[serde(default)]
    value: Value,
    #[serde(default, rename = "where")]
    place: Place,
}

/// What the value beside a name must be to be secret, and how far it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    #[default]
    Any,
    Id,
    Opaque,
    Digits,
    Counter,
    Credentials,
    Cookies,
    Phrase,
}

/// Where a name must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    #[default]
    Anywhere,
    Query,
    Callback,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRule {
    /// For those who read the rules, and for tests.
    #[cfg_attr(not(test), expect(dead_code))]
    about: String,
    starts: Vec<String>,
    alphabet: String,
    least: usize,
    #[serde(default)]
    mixed: bool,
    #[serde(default)]
    keep: bool,
}

#[derive(Debug, Deserialize)]
struct Harmless {
    names: Vec<String>,
    values: FxHashSet<String>,
    placeholders: FxHashSet<String>,
}

#[derive(Debug, Deserialize)]
struct Schemes {
    names: FxHashSet<String>,
}

#[derive(Debug, Deserialize)]
struct Urls {
    schemes: Vec<String>,
    users: Vec<String>,
}

/// The rules of a name: one of each place at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub anywhere: Option<Value>,
    pub query: Option<Value>,
    pub callback: Option<Value>,
}

#[derive(Debug)]
pub struct Token {
    pub start: Box<[u8]>,
    pub alphabet: Box<[bool; 256]>,
    pub least: usize,
    pub mixed: bool,
    pub keep: bool,
}

#[derive(Debug)]
pub struct Rules {
    /// By the last words of a name, with blanks between them; `None` for those that are harmless.
    names: FxHashMap<Box<[u8]>, Option<Named>>,
    ends: Vec<(Box<[u8]>, Named)>,
    /// By the first byte of their start, the longest starts first.
    tokens: Vec<Vec<Token>>,
    values: FxHashSet<String>,
    placeholders: FxHashSet<String>,
    schemes: FxHashSet<String>,
    urls: Urls,
}

impl Rules {
    fn new(file: File) -> Self {
        let mut names: FxHashMap<Box<[u8]>, Option<Named>> = FxHashMap::default();
        let mut ends = Vec::new();
        for rule in &file.name {
            for name in &rule.names {
                names.entry(name.as_bytes().into()).or_default().get_or_insert_default().add(rule);
            }
            let mut named = Named::default();
            named.add(rule);
            ends.extend(rule.ends.iter().map(|end| (end.as_bytes().into(), named)));
        }
        names.extend(file.harmless.names.iter().map(|name| (name.as_bytes().into(), None)));
        let mut tokens: Vec<Vec<Token>> = std::iter::repeat_with(Vec::new).take(256).collect();
        for rule in &file.token {
            let alphabet = Box::new(alphabet(&rule.alphabet));
            for start in &rule.starts {
                tokens[usize::from(start.as_bytes()[0])].push(Token {
                    start: start.as_bytes().into(),
                    alphabet: alphabet.clone(),
                    least: rule.least,
                    mixed: rule.mixed,
                    keep: rule.keep,
                });
            }
        }
        tokens.iter_mut().for_each(|tokens| tokens.sort_by_key(|token| std::cmp::Reverse(token.start.len())));
        let Harmless { values, placeholders, .. } = file.harmless;
        Rules { names, ends, tokens, values, placeholders, schemes: file.schemes.names, urls: file.urls }
    }

    /// The rules of the longest name that is the end of `words`: lower case, single blanks between the words.
    pub fn name(&self, words: &[u8]) -> Option<Named> {
        let blanks = memchr::memrchr_iter(b' ', words).take(MOST_WORDS);
        let starts: Vec<usize> = blanks.map(|at| at + 1).chain([0]).take(MOST_WORDS).collect();
        for start in starts.iter().rev() {
            if let Some(named) = self.names.get(&words[*start..]) {
                return *named;
            }
        }
        let last = &words[starts.first().copied().unwrap_or(0)..];
        self.ends.iter().find(|(end, _)| last.ends_with(end)).map(|(_, named)| *named)
    }

    /// The length of the token that `text` begins with, and how much of it is kept.
    pub fn token(&self, text: &[u8]) -> Option<(usize, usize)> {
        let first = usize::from(*text.first()?);
        self.tokens[first].iter().find_map(|token| {
            let body = text.strip_prefix(&*token.start)?;
            let length = body.iter().position(|byte| !token.alphabet[usize::from(*byte)]).unwrap_or(body.len());
            let body = &body[..length];
            let is_mixed = || body.iter().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
            if length < token.least || (token.mixed && !is_mixed()) {
                return None;
            }
            // The full stop, comma or dash behind a token is no part of it.
            let ending = body.iter().rev().take_while(|byte| b".,:-".contains(byte)).count();
            let ending = if token.start.starts_with(b"eyJ") { 0 } else { ending };
            Some((token.start.len() + length - ending, if token.keep { token.start.len() } else { 0 }))
        })
    }

    /// Texts in lower case of which each secret that has a name, or tells by itself, holds one.
    pub fn stems(&self) -> Vec<(String, Of)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let names = self.names.iter().filter_map(|(name, named)| Some((text(name), (*named)?)));
        // The last word, which tells most; the one before where that stands in half of all lines.
        let of_name = |(name, named): (String, Named)| {
            let mut words = name.rsplit(' ');
            let last = words.next().unwrap_or_default();
            match words.next() {
                Some(word) if COMMON.contains(&last) => (word.to_string(), Of::Name),
                _ if named.anywhere.is_some() => (last.to_string(), Of::NameEnd),
                _ => (last.to_string(), Of::Query),
            }
        };
        let ends = self.ends.iter().map(|(end, _)| (text(end), Of::NameEnd));
        // The begin of a start is enough to look at the token; a shorter one is looked for with each byte behind it.
        let starts = self.tokens.iter().flatten().flat_map(|token| {
            let start = text(&token.start[..token.start.len().min(LONGEST_START)]);
            let behind = (0..=u8::MAX).filter(|byte| start.len() < SHORTEST_STEM && token.alphabet[usize::from(*byte)]);
            let longer: Vec<String> =
                behind.map(|byte| format!("{start}{}", char::from(byte.to_ascii_lowercase()))).collect();
            if longer.is_empty() { vec![start] } else { longer }
        });
        names.map(of_name).chain(ends).chain(starts.map(|start| (start, Of::Token))).collect()
    }

    pub fn is_harmless_word(&self, word: &[u8]) -> bool {
        lower(word).is_some_and(|word| self.values.contains(&word))
    }

    pub fn is_placeholder_word(&self, word: &[u8]) -> bool {
        lower(word).is_some_and(|word| self.placeholders.contains(&word))
    }

    pub fn is_scheme(&self, word: &[u8]) -> bool {
        lower(word).is_some_and(|word| self.schemes.contains(&word))
    }

    /// Whether a URL of this scheme has no mere account before its host.
    pub fn names_no_account(&self, scheme: &[u8]) -> bool {
        self.urls.schemes.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(scheme))
    }

    pub fn is_known_user(&self, user: &[u8]) -> bool {
        self.urls.users.iter().any(|known| known.as_bytes() == user)
    }
}

impl Named {
    fn add(&mut self, rule: &NameRule) {
        match rule.place {
            Place::Anywhere => self.anywhere = Some(rule.value),
            Place::Query => self.query = Some(rule.value),
            Place::Callback => self.callback = Some(rule.value),
        }
    }
}

/// In lower case; `None` for what is no short word.
fn lower(word: &[u8]) -> Option<String> {
    const LONGEST: usize = 32;
    let word = std::str::from_utf8(word).ok().filter(|word| word.len() <= LONGEST)?;
    Some(word.to_ascii_lowercase())
}

/// `A-Z0-9_`: ranges and single bytes; a dash at the end is itself.
fn alphabet(text: &str) -> [bool; 256] {
    let mut set = [false; 256];
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        if let [b'-', last, more @ ..] = more {
            (*first..=*last).for_each(|byte| set[usize::from(byte)] = true);
            rest = more;
        } else {
            set[usize::from(*first)] = true;
            rest = more;
        }
    }
    set
}

/// Bytes of the shortest text that is quickly looked for, and of the start of a token that is.
pub const SHORTEST_STEM: usize = 3;
const LONGEST_START: usize = 4;

/// Last words of names that stand in much other text.
pub const COMMON: [&str; 4] = ["id", "code", "response", "request"];

/// What a value is said to be behind its name.
pub const QUALIFIERS: [&[u8]; 18] = [
    b"hashed",
    b"hash",
    b"value",
    b"plaintext",
    b"plain",
    b"confirmation",
    b"confirm",
    b"new",
    b"old",
    b"current",
    b"raw",
    b"encoded",
    b"encrypted",
    b"text",
    b"string",
    b"again",
    b"repeat",
    b"b64",
];

/// Appends the words of a name in lower case, single blanks between them: `userPassword_hash2` is `user password hash`.
pub fn append_words(name: &[u8], words: &mut Vec<u8>) {
    let mut before = b' ';
    for (at, &byte) in name.iter().enumerate() {
        let next = name.get(at + 1).copied().unwrap_or(b' ');
        let begins = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next.is_ascii_lowercase()));
        if (begins || !byte.is_ascii_alphanumeric()) && !words.is_empty() && words.last() != Some(&b' ') {
            words.push(b' ');
        }
        // `password2`, but `2fa`.
        let is_count = byte.is_ascii_digit() && before.is_ascii_alphabetic() && !next.is_ascii_alphabetic();
        if byte.is_ascii_alphanumeric() && !is_count {
            words.push(byte.to_ascii_lowercase());
        }
        before = byte;
    }
    for _ in 0..2 {
        words.truncate(words.trim_ascii_end().len());
        let qualifier =
            QUALIFIERS.iter().find(|end| words.strip_suffix(**end).is_some_and(|rest| rest.ends_with(b" ")));
        if let Some(qualifier) = qualifier {
            words.truncate(words.len() - qualifier.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests;
