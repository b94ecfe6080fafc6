//! The name of a logger beside its level.

use super::preamble::LONGEST_BRACKET;

/// The bytes of a logger's name.
const IN_LOGGER: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        let value = byte as u8;
        table[byte] = value.is_ascii_alphanumeric() || matches!(value, b'.' | b'_' | b'-' | b'/');
        byte += 1;
    }
    table
};

pub(super) fn is_in_logger(byte: u8) -> bool {
    IN_LOGGER[usize::from(byte)]
}

/// `logger:` as Python's logging writes it, directly after the level's colon; its length with the colon.
pub(super) fn after_colon(rest: &[u8]) -> (Option<&[u8]>, usize) {
    let name = rest.iter().position(|byte| !is_in_logger(*byte)).unwrap_or(rest.len());
    if name > 0 && rest.get(name) == Some(&b':') { (Some(&rest[..name]), name + 1) } else { (None, 0) }
}

/// The category of ASP.NET's console logger, `Shop.Orders[0]`, which has a line of its own, and its length with the line's end and
/// the indentation of the text. In a line without text behind it there is none.
pub(super) fn category(rest: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr::memchr(b'\n', rest)?;
    let name = category_name(rest[..end].trim_ascii_end())?;
    let blanks = rest[end + 1..].iter().take_while(|byte| **byte == b' ').count();
    Some((name, end + 1 + blanks))
}

/// The name in `Shop.Orders[0]`, whose number is the event's.
pub fn category_name(text: &[u8]) -> Option<&[u8]> {
    let open = memchr::memrchr(b'[', text).filter(|open| *open > 0)?;
    let number = text[open + 1..].strip_suffix(b"]")?;
    let is_number = !number.is_empty() && number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
    let name = &text[..open];
    (is_number && !name.iter().any(|byte| matches!(byte, b' ' | b'\t' | b':'))).then_some(name)
}

/// The length of what Spring Boot writes between a level and the logger, `17 --- [shop] [nio-8080-exec-1] `.
pub(super) fn process_and_threads(rest: &[u8]) -> usize {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(behind) = rest[digits..].strip_prefix(b" --- ").filter(|_| digits > 0) else { return 0 };
    let mut at = rest.len() - behind.len();
    while rest.get(at) == Some(&b'[') {
        let Some(close) = memchr::memmem::find(&rest[at..rest.len().min(at + LONGEST_BRACKET)], b"] ") else {
            return 0;
        };
        at += close + 2;
    }
    at
}

/// The module that Django's documented `verbose` format has behind the time, with process and thread: `views 17 140 `; and the length of all.
pub(super) fn verbose_django(rest: &[u8]) -> Option<(&[u8], usize)> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let name = rest.iter().take_while(|byte| is_in_logger(**byte)).count();
    rest.first().filter(|byte| byte.is_ascii_alphabetic() || **byte == b'_')?;
    let mut at = name;
    for _ in 0..2 {
        let number = digits(rest[at..].strip_prefix(b" ")?);
        at += 1 + number;
        (number > 0).then_some(())?;
    }
    rest[at..].starts_with(b" ").then_some((&rest[..name], at + 1))
}

/// `[io.quarkus] (main) `, as JBoss' logging writes logger and thread: the logger, and the length of both.
fn in_brackets(rest: &[u8]) -> Option<(&[u8], usize)> {
    let name = rest.strip_prefix(b"[")?;
    let length = name.iter().take_while(|byte| is_in_logger(**byte)).count();
    let thread = name[length..].strip_prefix(b"] (").filter(|_| name[..length].contains(&b'.'))?;
    let close = memchr::memmem::find(&thread[..thread.len().min(LONGEST_BRACKET)], b") ")?;
    Some((&name[..length], 1 + length + 3 + close + 2))
}

/// The logger between a level and the text, and its length with what ends it: `in module: `, as Flask writes it, a name with
/// dots before ` - `, ` -- `, ` : ` or `: `, and loguru's `name:function:line - `.
pub(super) fn before_text(rest: &[u8]) -> (Option<&[u8]>, usize) {
    let length_of = |text: &[u8]| text.iter().take_while(|byte| is_in_logger(**byte)).count();
    if let Some((name, used)) = in_brackets(rest) {
        return (Some(name), used);
    }
    if let Some(module) = rest.strip_prefix(b"in ") {
        let length = length_of(module);
        let ends = length > 0 && module[length..].starts_with(b": ");
        return if ends { (Some(&module[..length]), 3 + length + 2) } else { (None, 0) };
    }
    let length = length_of(rest);
    let (name, behind) = rest.split_at(length);
    if !name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        return (None, 0);
    }
    if let Some(place) = behind.strip_prefix(b":") {
        let place_length =
            place.iter().take_while(|byte| is_in_logger(**byte) || matches!(byte, b':' | b'<' | b'>')).count();
        let line = place[..place_length].rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let has_line = place_length > line.len() && !line.is_empty() && line.iter().all(u8::is_ascii_digit);
        if has_line && place[place_length..].starts_with(b" - ") {
            return (Some(name), length + 1 + place_length + 3);
        }
    }
    if !name.contains(&b'.') || name.contains(&b'/') {
        return (None, 0);
    }
    // Spring and JBoss fill the name up with blanks.
    let blanks = behind.iter().take_while(|byte| **byte == b' ').count();
    if blanks > 0 && behind[blanks..].starts_with(b": ") {
        return (Some(name), length + blanks + 2);
    }
    let end = [&b" - "[..], b" -- ", b": "].into_iter().find(|end| behind.starts_with(end));
    end.map_or((None, 0), |end| (Some(name), length + end.len()))
}
