//! Private keys in PEM (RFC 7468), on lines of their own, on one line with `\n` in it, encoded, or cut.

use std::ops::Range;

pub const BEGIN: &[u8] = b"-----BEGIN";
const END: &[u8] = b"-----END";
const DASHES: &[u8] = b"-----";
/// Bytes of the line that begins or ends a key.
const LONGEST_LABEL: usize = 64;
/// Base64 that must stand behind the first line for it to be a key and no talk of one.
const LEAST: usize = 8;

/// What is secret of the private key that `text` begins, and where it ends; `None` if it is none. `ends_none` keeps that no key
/// ends in the text any more, so that it is looked for once.
pub fn key(text: &[u8], ends_none: &mut bool) -> Option<(Range<usize>, usize)> {
    let label = &text[BEGIN.len()..text.len().min(LONGEST_LABEL)];
    let dashes = memchr::memmem::find(label, DASHES)?;
    memchr::memmem::find(&label[..dashes], b"PRIVATE")?;
    let start = BEGIN.len() + dashes + DASHES.len();
    let end = if *ends_none { None } else { memchr::memmem::find(&text[start..], END) };
    if let Some(end) = end {
        return Some((start..start + end, start + end + END.len()));
    }
    *ends_none = true;
    let rest = &text[start..];
    let skipped = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || b"\\nr\"',+".contains(byte)).count();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let length = rest[skipped..].iter().take_while(is_part).count();
    let has_headers =
        [&b"Proc-Type"[..], b"Version:", b"Comment:"].iter().any(|name| rest[skipped..].starts_with(name));
    // Where the end is cut off, all that follows may be of the key.
    (length >= LEAST || has_headers).then_some((start..text.len(), text.len()))
}

/// Whether a text is one line of a key's base64 and nothing else, as a log has it that splits records at line ends.
pub fn is_body(text: &[u8]) -> bool {
    // RFC 7468 writes 64 characters a line, OpenSSH 70, MIME 76.
    const LENGTHS: [usize; 3] = [64, 70, 76];
    let text = text.trim_ascii();
    let has = |is: fn(&u8) -> bool| text.iter().any(is);
    LENGTHS.contains(&text.len())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
}
