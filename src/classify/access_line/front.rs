//! What stands before an access line's request: the server's own head and the client's address.

use memchr::{memchr, memrchr};
use wide::u8x16;

use crate::classify::variable::are_digits;

/// What stands before the request's quote, with the client's address.
pub(super) enum Front<'a> {
    /// uvicorn: `… ADDRESS:PORT - `
    Peer(Option<&'a [u8]>),
    /// The common log format: `ADDRESS IDENT USER [TIME] `
    Dated(Option<&'a [u8]>),
}

/// What uvicorn begins its lines with.
const HEAD: &[u8; 10] = b"INFO:     ";

/// The address in `INFO:     192.0.2.7:40112 - `, which is what nearly every access line begins with; [`Front::read`] says
/// the same of it, and reads all else, too.
pub(super) fn usual_peer(text: &[u8]) -> Option<&[u8]> {
    let peer = text.strip_prefix(HEAD)?.strip_suffix(b" - ")?;
    // An address and its colon are no longer than a vector, so all of it is looked at at once.
    let bytes = u8x16::new(*text[HEAD.len()..].first_chunk()?);
    let digits = are_digits(bytes);
    let dots = bytes.simd_eq(u8x16::splat(b'.'));
    let length = (digits | dots).to_bitmask().trailing_ones();
    let dots = dots.to_bitmask() & !(u32::MAX << length);
    let (host, port) = peer.split_at_checked(length as usize)?;
    (dots.count_ones() == 3 && is_port(port.strip_prefix(b":")?)).then_some(host)
}

impl<'a> Front<'a> {
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        let text = text.trim_ascii_end();
        match text.split_last()? {
            (b'-', text) => Self::peer(text),
            (b']', text) => {
                let open = memrchr(b'[', text)?;
                // Vert.x begins its times with the day of the week.
                let is_time = matches!(text[open + 1..], [b'0'..=b'9', ..] | [b'A'..=b'Z', _, _, b',', b' ', ..]);
                is_time.then_some(())?;
                Some(Self::Dated(logged_host(&text[..open])))
            }
            (b'0'..=b'9', _) => Self::undelimited(text),
            _ => None,
        }
    }

    /// php-fpm's, whose time has no brackets: `192.0.2.7 -  02/Sep/2025:08:14:07 +0000`.
    fn undelimited(text: &'a [u8]) -> Option<Self> {
        let mut fields = text.rsplit(|&byte| byte == b' ').filter(|field| !field.is_empty());
        matches!(fields.next()?, [b'+' | b'-', _, _, _, _]).then_some(())?;
        let is_time = matches!(fields.next()?, [_, _, b'/', _, _, _, b'/', _, _, _, _, b':', ..]);
        let host = fields.next_back().filter(|host| is_time && is_address(host))?;
        Some(Self::Dated(Some(without_port(host))))
    }

    fn peer(text: &'a [u8]) -> Option<Self> {
        let text = text.strip_suffix(b" ")?.trim_ascii_end();
        let (before, token) = match memrchr(b' ', text) {
            Some(space) => (&text[..space], &text[space + 1..]),
            None => (&text[..0], text),
        };
        if is_level_head(token) {
            // A server behind a Unix socket has no peer to name.
            return before.is_empty().then_some(Self::Peer(None));
        }
        let host = match memrchr(b':', token) {
            Some(colon) if is_port(&token[colon + 1..]) => &token[..colon],
            // A peer that has no address, as Python prints it.
            _ if token == b"None" && alone(before) => return Some(Self::Peer(None)),
            _ => return ip(token).map(|client| Self::Peer(Some(client))),
        };
        // A name is only believed where nothing but the server's own head stands before it.
        let named = || (alone(before) && !host.is_empty() && memchr(b':', host).is_none()).then_some(host);
        Some(Self::Peer(Some(ip(host).or_else(named)?)))
    }

    /// The target of a request line whose version is not the usual one.
    pub(super) fn target(&self, request: &'a [u8]) -> Option<&'a [u8]> {
        let dated = matches!(self, Self::Dated(_));
        let Some(space) = memrchr(b' ', request) else {
            return dated.then_some(request);
        };
        let version = &request[space + 1..];
        match version.strip_prefix(b"HTTP/") {
            Some(number) if is_version(number) => Some(&request[..space]),
            // hypercorn prints the number alone, daphne and HTTP/0.9 nothing at all.
            None if dated && is_version(version) => Some(&request[..space]),
            None if dated => Some(request),
            _ => None,
        }
    }

    pub(super) fn client(&self) -> Option<&'a [u8]> {
        match self {
            Self::Peer(client) | Self::Dated(client) => *client,
        }
    }
}

/// Whether nothing but the server's own head stands in `before`.
fn alone(before: &[u8]) -> bool {
    before.is_empty() || is_level_head(before.trim_ascii_end())
}

fn is_version(number: &[u8]) -> bool {
    matches!(number, b"1.1" | b"1.0" | b"2" | b"2.0" | b"3" | b"3.0")
}

/// `INFO:`, as uvicorn starts its lines.
fn is_level_head(token: &[u8]) -> bool {
    token
        .split_last()
        .is_some_and(|(last, level)| *last == b':' && !level.is_empty() && level.iter().all(u8::is_ascii_uppercase))
}

fn is_port(text: &[u8]) -> bool {
    (1..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}

/// The address at the end of `host`, before which a logger's name may stand (`uvicorn.access:192.0.2.7`).
fn ip(host: &[u8]) -> Option<&[u8]> {
    if let Some(inside) = host.strip_suffix(b"]") {
        return memrchr(b'[', inside).map(|open| &inside[open + 1..]);
    }
    // Behind the percent sign stands the interface of a link-local address.
    let host = memchr(b'%', host).map_or(host, |zone| &host[..zone]);
    let mut dots = 0;
    let start = host.iter().rposition(|byte| {
        dots += usize::from(*byte == b'.');
        !byte.is_ascii_digit() && *byte != b'.'
    });
    if dots == 3 {
        return Some(&host[start.map_or(0, |at| at + 1)..]);
    }
    let start = host.iter().rposition(|byte| !byte.is_ascii_hexdigit() && !matches!(byte, b':' | b'.'));
    let v6 = &host[start.map_or(0, |at| at + 1)..];
    let v6 = match v6.strip_prefix(b":") {
        Some(after_logger) if v6.len() < host.len() => after_logger,
        _ => v6,
    };
    (v6.iter().filter(|byte| **byte == b':').count() >= 2).then_some(v6)
}

/// Whether a word is an address, with its port or not.
pub(super) fn is_address(word: &[u8]) -> bool {
    let marks = word.iter().filter(|byte| matches!(byte, b'.' | b':')).count();
    marks >= 2 && word.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':' | b'[' | b']'))
}

pub(super) fn without_port(address: &[u8]) -> &[u8] {
    match memchr(b':', address) {
        Some(colon) if memrchr(b':', address) == Some(colon) => &address[..colon],
        _ => address,
    }
}

/// The host of `HOST IDENT USER `, the last three fields of `text`.
fn logged_host(text: &[u8]) -> Option<&[u8]> {
    let mut fields = text.rsplit(|&byte| byte == b' ').filter(|field| !field.is_empty());
    let host = fields.nth(2)?;
    let one_colon = memchr(b':', host).filter(|colon| Some(*colon) == memrchr(b':', host));
    match one_colon {
        Some(colon) if is_port(&host[colon + 1..]) => Some(&host[..colon]),
        _ => ip(host).or_else(|| (host != b"-").then_some(host)),
    }
}
