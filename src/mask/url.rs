//! Credentials in URLs: `scheme://user:password@host`.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::rules::rules;

/// Bytes before `://` that are looked at for the scheme.
const LONGEST_SCHEME: usize = 20;

/// Where URLs end, and the last `@` in them, found once for all that begin in one run of text.
#[derive(Default)]
pub struct Runs {
    end: usize,
    /// In the run that ends there, if any.
    last_at: Option<usize>,
}

/// How a URL's marks are written.
pub struct Writing {
    /// What separates the scheme, `://` in that writing.
    pub separator: &'static [u8],
    colon: &'static [u8],
    at: &'static [u8],
    slash: &'static [u8],
}

/// Plainly, in JSON that escapes slashes, and percent-encoded.
pub const WRITINGS: [Writing; 4] = [
    Writing { separator: b"://", colon: b":", at: b"@", slash: b"/" },
    Writing { separator: b":\\/\\/", colon: b":", at: b"@", slash: b"\\/" },
    Writing { separator: b"%3A%2F%2F", colon: b"%3A", at: b"%40", slash: b"%2F" },
    Writing { separator: b"%3a%2f%2f", colon: b"%3a", at: b"%40", slash: b"%2f" },
];

/// The secrets of the URL whose separator stands at `at`; none if it has no credentials. Name and password may both be
/// secret.
pub fn credentials(text: &[u8], at: usize, writing: &Writing, runs: &mut Runs) -> Option<[Option<Range<usize>>; 2]> {
    let start = at + writing.separator.len();
    if start >= runs.end {
        let rest = &text[start..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`');
        runs.end = start + rest.iter().position(ends).unwrap_or(rest.len());
        runs.last_at = memchr::memmem::rfind(&text[start..runs.end], writing.at).map(|at| start + at);
    }
    let last_at = runs.last_at.filter(|at| *at >= start)?;
    let authority = start..start + authority(&text[start..runs.end], writing);
    let scheme = scheme(text, at);
    let (colon, end) = match rfind(&text[authority.clone()], writing.at) {
        // The usual URL: the last `@` before the path.
        Some(end) => (find(&text[start..start + end], writing.colon), start + end),
        None => {
            // A password may hold what ends the part before the path, if what stands behind the colon is no port.
            let colon = find(&text[authority.clone()], writing.colon)?;
            let behind = &text[start + colon + writing.colon.len()..authority.end];
            let is_port = behind.iter().all(u8::is_ascii_digit);
            if is_port && (rules().names_no_account(scheme) || behind.is_empty()) {
                return None;
            }
            (Some(colon), last_at)
        }
    };
    let user_end = colon.map_or(end, |colon| (start + colon).min(end));
    let user = &text[start..user_end];
    let password = colon.map_or(end..end, |colon| (start + colon + writing.colon.len()).min(end)..end);
    let is_token = is_opaque(user) || rules().token(user).is_some();
    let is_alone = text[password.clone()].is_empty() || &text[password.clone()] == b"x-oauth-basic";
    let no_account = rules().names_no_account(scheme) && !rules().is_known_user(user);
    let hides_user = !user.is_empty() && (is_token || (is_alone && no_account)) && !is_masked(user);
    let shows = |range: &Range<usize>| text[range.clone()].is_empty() || is_masked(&text[range.clone()]);
    Some([hides_user.then_some(start..user_end), Some(password).filter(|range| !shows(range))])
}

/// Whether nothing but a mask or a placeholder stands there.
fn is_masked(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte == b'*') || super::value::is_placeholder(text)
}

/// How much of a URL stands before the path, the query or the fragment.
fn authority(url: &[u8], writing: &Writing) -> usize {
    let slash = find(url, writing.slash).unwrap_or(url.len());
    url[..slash].iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(slash)
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [byte] => memchr(*byte, text),
        _ => memchr::memmem::find(text, needle),
    }
}

fn rfind(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [byte] => memrchr(*byte, text),
        _ => memchr::memmem::rfind(text, needle),
    }
}

fn scheme(text: &[u8], at: usize) -> &[u8] {
    let before = &text[at.saturating_sub(LONGEST_SCHEME)..at];
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-');
    let length = before.iter().rev().take_while(|byte| is_part(byte)).count();
    &before[before.len() - length..]
}

/// Whether it looks like a token rather than the name of somebody.
fn is_opaque(text: &[u8]) -> bool {
    const LEAST: usize = 16;
    text.len() >= LEAST && text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic)
}
