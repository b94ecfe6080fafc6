//! Names of secrets, and where their values begin.

use std::ops::Range;

use super::look::follows_query_mark;
use super::punctuation::{Mark, ends_with_entity, mark, skip_blanks};
use super::rules::{LONGEST_NAME, Named, Value, append_words, rules};
use super::scan::{Scan, end_of_word};
use super::value::{self, value};

/// Bytes from the name of an XML element to where its begin tag ends.
const LONGEST_TAG: usize = 200;
/// What stands in the URL that a sign-in comes back to, in lower case.
const CALLBACKS: [&[u8]; 7] = [b"callback", b"auth", b"login", b"sso", b"redirect", b"signin", b"oidc"];
/// What stands in it whatever it is called (RFC 6749, 4.1.2).
const ANSWER: [&[u8]; 2] = [b"code=", b"state="];

impl Scan<'_> {
    /// Whether a name is the last word before the text proper: that of a logger, which has no value.
    fn is_logger(&self, end: usize) -> bool {
        let sign = skip_blanks(self.text, end);
        end < self.head && self.text.get(sign) == Some(&b':') && skip_blanks(self.text, sign + 1) >= self.head
    }

    /// Whether a name with a secret begins at `start`; then it, and its value, are read.
    pub fn name(&mut self, start: usize) -> bool {
        let end = end_of_word(self.text, start);
        let text = self.text;
        if self.is_logger(end) || !may_have_value(text, start, end) {
            return false;
        }
        self.words.clear();
        if self.before.end + 1 == start && text[self.before.end] == b' ' {
            append_words(last(text, self.before.clone()), &mut self.words);
            self.words.push(b' ');
        }
        let alone = self.words.len();
        let mut own = Vec::new();
        append_words(last(text, start..end), &mut own);
        self.words.extend_from_slice(&own);
        let named = rules().name(&self.words).or_else(|| if alone > 0 { None } else { rules().name(&own) });
        let Some(named) = named else { return false };
        let Some((at, place)) = self.value_of(start, end) else { return false };
        let Some(kind) = self.kind(named, place == Place::Query) else { return false };
        // `password= user=bob` has none.
        let is_blank_before = at > 0 && matches!(text[at - 1], b' ' | b'\t');
        if is_blank_before && kind != Value::Cookies && kind != Value::Credentials && value::is_pair(text, at) {
            return false;
        }
        if kind != Value::Cookies && kind != Value::Credentials && self.names_another(at) {
            return false;
        }
        let line = kind == Value::Counter && self.counts_beside(at);
        let found = if line { value::Found { end: at, ..Default::default() } } else { self.read(at, start, kind) };
        self.before = start..end;
        // The attributes of an element may be secret, too.
        self.at = if place == Place::Element { end } else { found.end.max(end) };
        found.secrets.into_iter().for_each(|range| self.hide(range));
        true
    }

    /// Whether what stands at `at` is no value, but another name with a secret: `token: password=x`.
    fn names_another(&self, at: usize) -> bool {
        let end = end_of_word(self.text, at);
        if end == at || !matches!(mark(self.text, end), Some(Mark { byte: b'=' | b':', .. })) {
            return false;
        }
        let mut words = Vec::new();
        append_words(last(self.text, at..end), &mut words);
        rules().name(&words).is_some_and(|named| named.anywhere.is_some())
    }

    fn read(&self, at: usize, start: usize, kind: Value) -> value::Found {
        let text = self.text;
        if kind == Value::Any && is_of_connection(text, start) && !matches!(text[at], b'"' | b'\'') {
            // `Server=a;Password=b c;`: such a value ends at the next semicolon.
            let ends = |byte: &u8| matches!(byte, b';' | b'"' | b'\'' | b'\n' | b'\\');
            let length = text[at..].iter().position(ends).unwrap_or(text.len() - at);
            let secret = at..at + length;
            let is_harmless = value::is_harmless(&text[secret.clone()]);
            return value::Found { secrets: if is_harmless { Vec::new() } else { vec![secret] }, end: at + length };
        }
        let found = value(text, at, kind);
        // `password: str = 'x'` declares a type first.
        if found.secrets.is_empty() && found.end > at {
            let next = skip_blanks(text, found.end);
            if next > found.end && text[next..].starts_with(b"= ") {
                return value(text, skip_blanks(text, next + 1), kind);
            }
        }
        found
    }

    /// Where the value of the name begins, and in what; `None` if it has none.
    fn value_of(&self, start: usize, end: usize) -> Option<(usize, Place)> {
        let text = self.text;
        if let Some(at) = self.element(start, end) {
            return Some((at, Place::Element));
        }
        let mut at = end;
        let mut is_quoted = false;
        // `"password"`, `['password']`, `params[password]`
        for _ in 0..3 {
            match mark(text, at) {
                Some(Mark { byte: b'"' | b'\'' | b'`' | b']', length }) => at += length,
                _ => break,
            }
            is_quoted = true;
        }
        if text[at..].starts_with(b")=(") {
            return Some((at + 2, Place::Other));
        }
        let behind_name = at;
        at = skip_blanks(text, at);
        let separator = mark(text, at)?;
        let value = match separator.byte {
            b'=' | b':' => {
                let mut next = at + separator.length;
                // `=>`, `:=`, `==`
                while let Some(Mark { byte: b'>' | b'=', length }) = mark(text, next) {
                    next += length;
                }
                next
            }
            // `('password', 'x')`, `"name": "password", "value": "x"`
            b',' if is_quoted => self.beside(at + 1, start)?,
            _ if is_flag(text, start) && at > behind_name && separator.byte != b'-' => at,
            _ => return None,
        };
        let behind = value;
        let value = skip_blanks(text, value);
        let opens_query = follows_query_mark(text, start);
        let is_query = opens_query && separator.byte == b'=' && behind == at + separator.length;
        (value < text.len()).then_some((value, if is_query { Place::Query } else { Place::Other }))
    }

    /// The value in a pair of a name and a value, behind their comma.
    fn beside(&self, at: usize, start: usize) -> Option<usize> {
        let text = self.text;
        let at = skip_blanks(text, at);
        let quote = mark(text, at)?;
        let name = at + quote.length;
        for word in ["value", "Value"] {
            if text[name..].starts_with(word.as_bytes()) {
                let close = mark(text, name + word.len())?;
                let colon = skip_blanks(text, name + word.len() + close.length);
                return (matches!(close.byte, b'"' | b'\'') && text.get(colon) == Some(&b':'))
                    .then(|| skip_blanks(text, colon + 1));
            }
        }
        // In a list the name opens the pair.
        let opens = before_quote(&text[..start]);
        let is_pair = matches!(opens.last(), Some(b'(' | b'['));
        let is_quote =
            matches!(quote.byte, b'"' | b'\'') || (text[at] == b'b' && matches!(text.get(at + 1), Some(b'"' | b'\'')));
        (is_pair && is_quote).then_some(at)
    }

    /// The content of an XML element of this name.
    fn element(&self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let opens =
            |at: usize| text[..at].ends_with(b"<") || text[..at].ends_with(b"&lt;") || text[..at].ends_with(b"u003c");
        // `<wsse:Password …>`
        let prefixed = || {
            let before = text[..start].strip_suffix(b":")?;
            let length = before.iter().rev().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
            Some(before.len() - length)
        };
        if !opens(start) && !prefixed().is_some_and(opens) {
            return None;
        }
        let tag = &text[end..(end + LONGEST_TAG).min(text.len())];
        let mut at = 0;
        while at < tag.len() {
            let found = mark(tag, at)?;
            match found.byte {
                b'>' => return Some(end + at + found.length),
                b'<' => return None,
                b'/' if tag.get(at + found.length) == Some(&b'>') => return None,
                // Behind the name there are its attributes, if there is anything.
                byte if at == 0 && !byte.is_ascii_whitespace() => return None,
                _ => at += found.length,
            }
        }
        None
    }

    /// What the value must be for the name to have a secret where it stands.
    fn kind(&mut self, named: Named, is_query: bool) -> Option<Value> {
        if !is_query {
            return named.anywhere;
        }
        if let Some(kind) = named.callback {
            let text = self.text;
            match self.callback.get_or_insert_with(|| callback(text)) {
                Callback::Answer => return Some(Value::Any),
                Callback::Named => return Some(kind),
                Callback::No => {}
            }
        }
        named.query.or(named.anywhere)
    }

    /// Whether a number at `at` tells how many tests passed.
    fn counts_beside(&self, at: usize) -> bool {
        const LOOKED_AT: usize = 40;
        let digits = self.text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || self.text.get(at + digits).is_some_and(u8::is_ascii_alphanumeric) {
            return false;
        }
        let around = &self.text[at.saturating_sub(LOOKED_AT)..(at + LOOKED_AT).min(self.text.len())];
        let around = around.to_ascii_lowercase();
        [&b"fail"[..], b"skip", b"total", b"err", b"warn", b"test"]
            .iter()
            .any(|word| memchr::memmem::find(&around, word).is_some())
    }
}

/// In what a name and its value stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Query,
    /// The value is the content of an element, behind its attributes.
    Element,
    Other,
}

/// What a text tells of the end of a sign-in.
#[derive(Clone, Copy)]
pub enum Callback {
    No,
    /// It has a word for it.
    Named,
    /// It has a code and a state.
    Answer,
}

fn callback(text: &[u8]) -> Callback {
    let text = text.to_ascii_lowercase();
    let has = |word: &&[u8]| memchr::memmem::find(&text, word).is_some();
    if ANSWER.iter().all(has) {
        Callback::Answer
    } else if CALLBACKS.iter().any(has) {
        Callback::Named
    } else {
        Callback::No
    }
}

/// The text before a quote and the letters that may stand before that.
fn before_quote(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\"").or(text.strip_suffix(b"'")).unwrap_or(text);
    let text = text.strip_suffix(b"\\").unwrap_or(text);
    text.strip_suffix(b"b").unwrap_or(text)
}

/// Whether a name stands behind other names and values of a connection string: `Server=a;Database=b;`.
fn is_of_connection(text: &[u8], start: usize) -> bool {
    const LOOKED_AT: usize = 100;
    let Some(before) = text[..start].strip_suffix(b";").filter(|_| !ends_with_entity(&text[..start])) else {
        return false;
    };
    let pair = before[before.len().saturating_sub(LOOKED_AT)..].rsplit(|byte| b";\"'\n".contains(byte)).next();
    pair.is_some_and(|pair| memchr::memchr(b'=', pair).is_some())
}

/// `--password`
fn is_flag(text: &[u8], start: usize) -> bool {
    text[..start].ends_with(b"--") && !text[..start].ends_with(b"---")
}

/// A quick look at what stands around a word: most are no names of anything.
fn may_have_value(text: &[u8], start: usize, end: usize) -> bool {
    match text.get(end) {
        Some(b'=' | b':' | b'"' | b'\'' | b'`' | b']' | b'%' | b'\\' | b'&' | b'>' | b')') => true,
        Some(b' ' | b'\t') => {
            let next = skip_blanks(text, end);
            matches!(text.get(next), Some(b'=' | b':' | b'%' | b'\\'))
                || is_flag(text, start)
                || text[..start].ends_with(b"<")
                || text[..start].ends_with(b":")
        }
        _ => false,
    }
}

/// The end of a name that is too long.
fn last(text: &[u8], range: Range<usize>) -> &[u8] {
    &text[range.start.max(range.end.saturating_sub(LONGEST_NAME))..range.end]
}
