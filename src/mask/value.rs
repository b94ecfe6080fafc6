//! Values beside names: how far they go, and whether they are secret.

use std::ops::Range;

use super::punctuation::{Mark, closing, mark, skip_blanks};
use super::rules::{Value, rules};

/// Where a value's secrets are, and where to go on reading.
#[derive(Debug, Default)]
pub struct Found {
    pub secrets: Vec<Range<usize>>,
    pub end: usize,
}

/// How deep brackets are followed.
const MOST_DEPTH: usize = 32;

/// Reads the value that begins at `at`.
pub fn value(text: &[u8], at: usize, kind: Value) -> Found {
    let mut found = Found { secrets: Vec::new(), end: at };
    let Some(first) = mark(text, at) else { return found };
    // `b'…'`, `u"…"`
    let prefix = usize::from(matches!(text[at], b'b' | b'u' | b'r' | b'f' | b'B') && is_quote(mark(text, at + 1)));
    // `SecretStr('…')`
    let call = call(text, at);
    let open = at + prefix.max(call);
    if let Some(quote) = mark(text, open).filter(|mark| is_quote(Some(*mark))) {
        let quote = doubled(text, open, quote);
        let start = open + quote.length;
        let end = closing(text, open, quote).unwrap_or_else(|| end_of_line(text, start));
        found.end = end;
        inside(text, start..end, kind, &mut found);
    } else if matches!(first.byte, b'{' | b'[' | b'(')
        && matches!(kind, Value::Any | Value::Credentials | Value::Cookies)
    {
        let start = at + first.length;
        let end = bracket(text, at);
        found.end = end;
        hide(text, start..end, &mut found);
    } else {
        unquoted(text, at, kind, &mut found);
    }
    found
}

/// Adds what is secret of a text in quotes.
fn inside(text: &[u8], range: Range<usize>, kind: Value, found: &mut Found) {
    match kind {
        Value::Credentials => {
            let start = behind_scheme(text, range.start).filter(|start| *start < range.end).unwrap_or(range.start);
            hide(text, start..range.end, found);
        }
        Value::Cookies => cookies(text, range, true, found),
        _ if is_secret(&text[range.clone()], kind) => {
            let start =
                behind_usual_scheme(text, range.start).filter(|start| *start < range.end).unwrap_or(range.start);
            hide(text, start..range.end, found);
        }
        _ => {}
    }
}

fn unquoted(text: &[u8], at: usize, kind: Value, found: &mut Found) {
    match kind {
        Value::Credentials => {
            let start = behind_scheme(text, at);
            let end = parameters(text, start.unwrap_or(at));
            found.end = end;
            let start = match start {
                Some(start) => start,
                None if is_harmless(&text[at..end]) => return,
                None => at,
            };
            // A scheme that nobody knows is hidden with what stands behind it.
            let next = skip_blanks(text, end);
            let is_word = text[at..end].iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-');
            if start == at && is_word && next > end && !text[at..end].contains(&b'*') {
                let more = word(text, next);
                let looks_secret = text[next..more].len() >= 8 || text[next..more].iter().any(u8::is_ascii_digit);
                if looks_secret && !is_harmless(&text[next..more]) {
                    found.end = more;
                }
            }
            hide(text, start..found.end, found);
        }
        Value::Cookies => cookies(text, at..end_of_cookies(text, at), false, found),
        Value::Phrase => {
            let first = word(text, at);
            // A phrase may begin with `a` or `the`; what is wrong with one is told in longer words.
            const SHORTEST: usize = 5;
            let is_told = text[at..first].len() >= SHORTEST && is_harmless(&text[at..first]);
            found.end = if is_told { first } else { phrase(text, at) };
            hide(text, at..found.end, found);
        }
        _ => {
            let start = behind_usual_scheme(text, at).unwrap_or(at);
            let end = word(text, start);
            found.end = end;
            if is_secret(&text[start..end], kind) {
                hide(text, start..end, found);
            }
        }
    }
}

/// Adds a range, unless nothing is in it that would have to be hidden.
fn hide(text: &[u8], range: Range<usize>, found: &mut Found) {
    if range.start < range.end && !is_harmless(&text[range.clone()]) {
        found.secrets.push(range);
    }
}

fn is_quote(mark: Option<Mark>) -> bool {
    matches!(mark, Some(Mark { byte: b'"' | b'\'' | b'`', .. }))
}

/// A quote that is written twice, as CSV has them.
fn doubled(text: &[u8], at: usize, quote: Mark) -> Mark {
    let is_doubled = quote.length == 1
        && quote.byte == b'"'
        && text.get(at + 1) == Some(&b'"')
        && text.get(at + 2).is_some_and(|byte| !byte.is_ascii_whitespace() && !b",;:}])\"'&".contains(byte));
    Mark { length: if is_doubled { 2 } else { quote.length }, ..quote }
}

/// The length of a call's name and bracket before a quote; 0 without one.
fn call(text: &[u8], at: usize) -> usize {
    const LONGEST: usize = 40;
    let name =
        text[at..].iter().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(byte)).count();
    let is_call = name > 0 && text.get(at + name) == Some(&b'(') && is_quote(mark(text, at + name + 1));
    if is_call { name + 1 } else { 0 }
}

fn end_of_line(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end)
}

/// Where the mark at `at` ends. A quote may be closed by one that is written otherwise.
fn behind(text: &[u8], at: usize) -> usize {
    mark(text, at).map_or(at, |mark| at + mark.length)
}

/// Where the bracket that opens at `at` closes, or its line ends.
fn bracket(text: &[u8], at: usize) -> usize {
    let (mut depth, mut place) = (0_usize, at);
    while let Some(found) = mark(text, place) {
        match found.byte {
            b'\n' if found.length == 1 => break,
            b'{' | b'[' | b'(' if depth < MOST_DEPTH => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place;
                }
            }
            b'"' => {
                if let Some(close) = closing(text, place, found) {
                    place = behind(text, close);
                    continue;
                }
                return end_of_line(text, place);
            }
            _ => {}
        }
        place += found.length;
    }
    place
}

/// Where a value without quotes ends: at a blank, or at a mark behind which something else begins.
pub fn word(text: &[u8], at: usize) -> usize {
    let (mut end, mut open) = (at, 0_u32);
    while let Some(mark) = mark(text, end) {
        let next = text.get(end + mark.length).copied();
        let is_encoded = mark.length > 1;
        let stops = match mark.byte {
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => true,
            // In a text that is encoded itself such a mark may be part of the value.
            b'%' | b'*' | b'$' => false,
            b'"' | b'\'' | b'`' | b'<' if is_encoded => true,
            b'&' | b';' | b',' if is_encoded => begins_name(text, end + mark.length),
            _ if is_encoded => false,
            b'(' | b'{' | b'[' => {
                open += 1;
                false
            }
            b')' | b'}' | b']' if open > 0 => {
                open -= 1;
                false
            }
            b'"' | b'\'' | b'`' | b')' | b'}' | b']' | b'>' => next.is_none_or(|next| !next.is_ascii_alphanumeric()),
            b'<' => true,
            b',' | b';' | b'&' if end == at => true,
            b',' | b';' | b'&' => {
                next.is_none_or(|next| next.is_ascii_whitespace() || b"\"'{}[]()".contains(&next))
                    || begins_name(text, end + 1)
            }
            _ => false,
        };
        if stops {
            break;
        }
        end += mark.length;
    }
    end
}

/// Whether a name and a sign of equality or a colon stand there, behind blanks or a quote.
fn begins_name(text: &[u8], at: usize) -> bool {
    let start = skip_blanks(text, at);
    if text[start..].starts_with(b"***") {
        return true;
    }
    let start = start + usize::from(is_quote(mark(text, start)));
    let end = end_of_name(text, start);
    let end = end + usize::from(matches!(text.get(end), Some(b'"' | b'\'' | b']')));
    end > start && matches!(mark(text, skip_blanks(text, end)), Some(Mark { byte: b'=' | b':', .. }))
}

fn end_of_name(text: &[u8], at: usize) -> usize {
    const LONGEST: usize = 40;
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(byte);
    at + text[at.min(text.len())..].iter().take(LONGEST).take_while(is_part).count()
}

/// Whether `name=value` stands there, and not a value that has such a sign in it, such as Base64.
pub fn is_pair(text: &[u8], at: usize) -> bool {
    let end = end_of_name(text, at);
    end > at
        && text.get(end) == Some(&b'=')
        && !text[at..end].contains(&b'[')
        && rules().token(&text[at..]).is_none()
        && text.get(end + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"\"'/*".contains(byte))
}

/// Where a phrase ends: at the end of the line, a quote, a comma, or before the next name.
fn phrase(text: &[u8], at: usize) -> usize {
    let mut end = word(text, at);
    loop {
        let next = skip_blanks(text, end);
        let more = word(text, next);
        // What another name has in it, or had.
        let is_other = text[next..more].iter().any(|byte| matches!(byte, b'=' | b':' | b'('))
            || memchr::memmem::find(&text[next..more], b"***").is_some();
        if next == end || more == next || is_other {
            return end;
        }
        end = more;
    }
}

/// Where the word at `at` ends, or the list of parameters that it begins: `a="x", b=y`.
fn parameters(text: &[u8], at: usize) -> usize {
    let mut end = parameter(text, at);
    while text.get(end) == Some(&b',') {
        let next = skip_blanks(text, end + 1);
        let more = parameter(text, next);
        if more == next || !begins_name(text, next) {
            break;
        }
        end = more;
    }
    end
}

fn parameter(text: &[u8], at: usize) -> usize {
    let name = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
    let open = at + name + 1;
    let is_named = name > 0 && text.get(at + name) == Some(&b'=');
    match mark(text, open).filter(|mark| is_named && is_quote(Some(*mark))) {
        Some(quote) => closing(text, open, quote).map_or(end_of_line(text, open), |close| behind(text, close)),
        None => word(text, at),
    }
}

/// Where the credentials begin behind a scheme.
pub fn behind_scheme(text: &[u8], at: usize) -> Option<usize> {
    behind_word(text, at, |word| rules().is_scheme(word))
}

fn behind_usual_scheme(text: &[u8], at: usize) -> Option<usize> {
    behind_word(text, at, |word| word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"basic"))
}

fn behind_word(text: &[u8], at: usize, is_scheme: impl Fn(&[u8]) -> bool) -> Option<usize> {
    const LONGEST: usize = 24;
    let length =
        text[at..].iter().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    let next = skip_blanks(text, at + length);
    let next = if text.get(at + length) == Some(&b'+') { at + length + 1 } else { next };
    (next > at + length && is_scheme(&text[at..at + length])).then_some(next)
}

/// Where a header of cookies ends that stands in no quotes: at a quote, or at the first blank that no `;` goes before.
fn end_of_cookies(text: &[u8], at: usize) -> usize {
    // Longer headers are refused by servers.
    const LONGEST: usize = 8 << 10;
    let line = &text[at..text.len().min(at + LONGEST)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    // `Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/`: of blanks only those behind the last `;` end it.
    let last = memchr::memrchr(b';', line).map_or(at, |last| at + last + 1);
    let mut end = at;
    while let Some(mark) = mark(text, end) {
        let stops = match mark.byte {
            b'"' | b'\'' | b'\n' | b'\r' => true,
            byte if byte.is_ascii_whitespace() => end > last && !text[..end].ends_with(b";"),
            _ => false,
        };
        if stops {
            break;
        }
        end += mark.length;
    }
    end
}

/// Adds the values of cookies: `a=1; b=2`.
fn cookies(text: &[u8], range: Range<usize>, is_quoted: bool, found: &mut Found) {
    found.end = range.end;
    if is_harmless(&text[range.clone()]) || (!is_quoted && is_harmless(&text[range.start..word(text, range.start)])) {
        return;
    }
    let mut start = range.start;
    for part in text[range.clone()].split(|byte| *byte == b';') {
        let name = memchr::memchr(b'=', part).map_or(0, |at| at + 1);
        // Without a name it is an attribute, or all there is.
        if name > 0 || start == range.start {
            hide(text, start + name..start + part.len(), found);
        }
        start += part.len() + 1;
    }
}

/// Whether a value is what its name says.
fn is_secret(value: &[u8], kind: Value) -> bool {
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    match kind {
        Value::Id => value.len() >= 8 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic),
        Value::Opaque => {
            value.len() >= 20
                && has(u8::is_ascii_digit)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_+/=-".contains(byte))
        }
        Value::Digits => (3..=12).contains(&value.len()) && value.iter().all(u8::is_ascii_digit),
        Value::Any | Value::Counter | Value::Credentials | Value::Cookies | Value::Phrase => !is_harmless(value),
    }
}

/// Whether a value says that there is none, what is wrong with it, or where it is: nothing that must be hidden.
pub fn is_harmless(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    !value.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
        || rules().is_harmless_word(value)
        || rules().is_harmless_word(without_punctuation(value))
        || value.iter().all(|byte| matches!(byte, b'x' | b'X'))
        || is_placeholder(value)
}

/// Without the punctuation of a sentence at the end.
fn without_punctuation(text: &[u8]) -> &[u8] {
    let length = text.iter().rev().take_while(|byte| b".,:;!?".contains(byte)).count();
    &text[..text.len() - length]
}

/// Whether something stands there in the place of a secret: `${SECRET}`, `%(password)s`, `[FILTERED]`, `<redacted>`.
pub fn is_placeholder(value: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.- ".contains(byte);
    let is_constant = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    };
    let words = |inside: &[u8]| {
        let mut words = inside.split(|byte| b" _-:".contains(byte)).filter(|word| !word.is_empty());
        words.all(|word| word.iter().all(|byte| *byte == b'*') || rules().is_placeholder_word(word))
    };
    match value {
        [b'$', b'{', name @ .., b'}'] | [b'{', b'{', name @ .., b'}', b'}'] => name.iter().all(is_name),
        [b'$', b'(', ..] => true,
        [b'$', name @ ..] if is_constant(name) => true,
        [b'%', b'(', name @ .., b')', b's' | b'd' | b'r'] => name.iter().all(is_name),
        [b'%', b's' | b'd' | b'r' | b'v' | b'q'] | [b'%', b'+', b'v'] => true,
        [b'%', name @ .., b'%'] => is_constant(name),
        [b'{', inside @ .., b'}'] => {
            inside.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_') || words(inside)
        }
        [b'<', inside @ .., b'>'] | [b'[', inside @ .., b']'] | [b'(', inside @ .., b')'] => words(inside),
        [b'*', inside @ .., b'*'] => words(inside),
        _ => false,
    }
}
