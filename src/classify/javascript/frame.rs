//! Frames of V8's stacks: `at load (file:///app/dist/orders.js:31:18)`.

use memchr::{memmem, memrchr};

/// `at fn (…)`, `at file:1:2`, `at async …`, `at <anonymous>`, without its indentation; properties may open after it.
pub(super) fn is_frame(text: &[u8]) -> bool {
    at_target(text).is_some_and(|target| match target {
        // Those of Java and .NET have no blank there.
        [.., b')'] => {
            memmem::find(target, b" (").is_some_and(|open| memmem::find(target, b") in ").is_none_or(|end| end < open))
        }
        [.., b'>'] => true,
        // Next.js leaves out those of packages.
        b"ignore-listed frames" => true,
        target => position(target).is_some(),
    })
}

fn at_target(text: &[u8]) -> Option<&[u8]> {
    let target = text.strip_prefix(b"at ")?;
    let target = target.strip_suffix(b"{").unwrap_or(target).trim_ascii_end();
    Some(target.strip_suffix(b",").unwrap_or(target))
}

/// File, line and function of a frame that has a place in a file.
pub(super) fn frame(text: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let target = at_target(text)?;
    let target = target.strip_prefix(b"async ").unwrap_or(target);
    let (function, place) = match target.strip_suffix(b")") {
        Some(inside) => {
            let open = memmem::rfind(inside, b" (")?;
            (&inside[..open], &inside[open + 2..])
        }
        None => (&b"<anonymous>"[..], target),
    };
    let (file, line) = position(place)?;
    Some((file.strip_prefix(b"file://").unwrap_or(file), line, function))
}

/// The file and line of `file:line:column`.
fn position(place: &[u8]) -> Option<(&[u8], u32)> {
    let (place, _column) = last_number(place)?;
    let (file, line) = last_number(place)?;
    (!file.is_empty()).then_some((file, line))
}

pub(super) fn last_number(text: &[u8]) -> Option<(&[u8], u32)> {
    let colon = memrchr(b':', text)?;
    let digits = std::str::from_utf8(&text[colon + 1..]).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((&text[..colon], digits.parse().ok().filter(|_| plain)?))
}

pub(super) fn is_foreign(file: &[u8]) -> bool {
    file.starts_with(b"node:") || file.starts_with(b"internal/") || memmem::find(file, b"node_modules").is_some()
}
