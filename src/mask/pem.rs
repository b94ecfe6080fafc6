//! Private keys in PEM (RFC 7468), on lines of their own, on one line with `\n` in it, encoded, or cut.

use std::ops::Range;

use crate::decode::level;

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

/// Where a text has one line of a key's base64 and nothing else, but for the head of a logger: as a log has it that makes a
/// record of each line.
///
/// A line of the usual length is one. Of any other it is told by how often letters, digits and cases change, which is not
/// always enough of a short one; see [`is_jumbled`].
pub fn body(text: &[u8]) -> Option<Range<usize>> {
    // RFC 7468 writes 64 characters a line, OpenSSH 70, MIME 76.
    const USUAL: [usize; 3] = [64, 70, 76];
    /// The shortest line that is looked at, and the same of one that is filled up with `=`, as the last line of a key may be.
    const LEAST: usize = 16;
    const LEAST_FILLED: usize = 8;
    let end = text.trim_ascii_end().len();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let start = end - text[..end].iter().rev().take_while(is_part).count();
    let line = &text[start..end];
    let filling = line.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let least = if filling > 0 && line.len().is_multiple_of(4) { LEAST_FILLED } else { LEAST };
    let body = &line[..line.len() - filling];
    let has = |is: fn(&u8) -> bool| body.iter().any(is);
    let is_mixed = || has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_all = || text[..start].trim_ascii().is_empty() || start == level::head(text).length;
    let is_body = line.len() >= least && !body.contains(&b'=') && is_mixed() && is_all();
    (is_body && (USUAL.contains(&line.len()) || is_jumbled(body))).then_some(start..end)
}

/// Whether base64 is of random bytes, and no name in camel case and no path.
fn is_jumbled(body: &[u8]) -> bool {
    /// Bytes of a line of which a fifth is sure.
    const LONG: usize = 32;
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    // Of random neighbours half are such a change; a capital letter before a small one begins a word.
    let changes = body.windows(2).map(|pair| (kind(pair[0]), kind(pair[1])));
    let changes = changes.filter(|pair| pair.0 != pair.1 && *pair != (1, 0)).count();
    let slashes = body.iter().filter(|byte| **byte == b'/').count();
    let share = if body.len() >= LONG { 5 } else { 3 };
    changes * share >= body.len() - 1 && slashes <= (body.len() / 16).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_key_are_told_from_words() {
        for line in [
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
            "  MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\r",
            "ERROR:shop.auth:7VJTUt9Us8cKjMz4f2b+Q",
            "QDANBgkqhkiG9w0B",
            "kZ3q0Ab7Tw==",
            "x9K0aQ==",
            "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
        ] {
            let body = body(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&line[body], line.trim().trim_start_matches("ERROR:shop.auth:"));
        }
        for line in [
            "",
            "Started",
            "Version2=",
            "POSTGRES16=",
            "/api/v1/UsersAndTheirBots/Closed2024",
            "/api/v1/UsersAndTheirBots/Closed2024/Trades/ByDay",
            "GetUserByIdAndVersion2",
            "services/authService2/Handlers/Login",
            "6f1c1e0a33d44b5e9d550b6ad7a3c111",
            "ad6fa95c3f0d1e2b4a5968778695a4b3c2d1e0f9",
            "BTCUSDT20250825",
            "2025-08-25T13:40:21Z",
            "loaded MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "a=b=c=d=e=f=g=h=1A",
        ] {
            assert_eq!(body(line.as_bytes()), None, "{line}");
        }
    }
}
