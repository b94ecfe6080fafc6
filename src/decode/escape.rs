//! The escapes of JSON strings: where a string ends that has them, and what it says.

use wide::u8x16;

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// Where the string that begins at the start of `text`, behind its quote, ends: the place of its other quote.
pub fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        // Most strings are shorter than what a general search takes to begin.
        at += match text.get(at..)?.first_chunk::<BLOCK>() {
            Some(block) => {
                first_of(block, |block| block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\')))
            }
            None => text[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?,
        };
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => {}
        }
    }
}

/// Appends what an escaped string says. A broken escape stands as it is; a lone surrogate becomes U+FFFD.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // No escape is shorter than what it says, so what is written never comes further than what is read.
    out.resize(start + raw.len(), 0);
    let written = unescape_into(raw, &mut out[start..]);
    out.truncate(start + written);
}

/// Writes what an escaped string says to the beginning of as many bytes; how many it took.
fn unescape_into(mut raw: &[u8], out: &mut [u8]) -> usize {
    let length = out.len();
    // What is not yet read, and where it goes: slices that grow shorter, so that nothing in the loop can be out of bounds.
    let mut free = out;
    loop {
        while let (Some(text), Some(out)) = (raw.first_chunk::<{ BLOCK + 1 }>(), free.first_chunk_mut::<BLOCK>()) {
            // All of it is copied before it is known how much of it counts: that costs no more than one byte.
            out.copy_from_slice(&text[..BLOCK]);
            let plain = first_of(text, |block| block.simd_eq(u8x16::splat(b'\\')));
            if plain >= BLOCK {
                (raw, free) = (&raw[BLOCK..], &mut free[BLOCK..]);
                continue;
            }
            let says = SHORT_ESCAPES[usize::from(text[plain + 1])];
            if says == 0 {
                (raw, free) = (&raw[plain..], &mut free[plain..]);
                break;
            }
            out[plain] = says;
            (raw, free) = (&raw[plain + 2..], &mut free[plain + 1..]);
        }
        // The last bytes, and other escapes.
        let (says, read) = match *raw {
            [] => return length - free.len(),
            [b'\\', code, ..] if SHORT_ESCAPES[usize::from(code)] != 0 => (SHORT_ESCAPES[usize::from(code)], 2),
            [b'\\', ..] => match code_point(raw) {
                Some((character, read)) => {
                    let written = character.encode_utf8(free).len();
                    (raw, free) = (&raw[read..], &mut free[written..]);
                    continue;
                }
                None => (b'\\', 1),
            },
            _ => {
                let plain = raw.iter().position(|byte| *byte == b'\\').unwrap_or(raw.len());
                free[..plain].copy_from_slice(&raw[..plain]);
                (raw, free) = (&raw[plain..], &mut free[plain..]);
                continue;
            }
        };
        free[0] = says;
        (raw, free) = (&raw[read..], &mut free[1..]);
    }
}

/// How many bytes of a block stand before the first that is wanted.
fn first_of<const N: usize>(text: &[u8; N], wanted: impl Fn(u8x16) -> u8x16) -> usize {
    let block = text.first_chunk().map_or(u8x16::ZERO, |block| u8x16::new(*block));
    (wanted(block).to_bitmask() | 1 << BLOCK).trailing_zeros() as usize
}

/// By the byte behind the backslash: what the two say; 0 where they say nothing.
const SHORT_ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    (table[b'n' as usize], table[b't' as usize], table[b'r' as usize]) = (b'\n', b'\t', b'\r');
    (table[b'b' as usize], table[b'f' as usize]) = (8, 12);
    (table[b'"' as usize], table[b'\\' as usize], table[b'/' as usize]) = (b'"', b'\\', b'/');
    table
};

/// Reads `\uXXXX`, or a surrogate pair of them, at the start of `text`: the character, and its length in bytes.
fn code_point(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let [b'\\', b'u', hex @ ..] = text.get(at..)?.first_chunk::<6>()? else { return None };
        hex.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    };
    let first = unit(0)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    if let (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) = (first, unit(6)) {
        let combined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(combined)?, 12));
    }
    Some((char::REPLACEMENT_CHARACTER, 6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn says(text: &str) -> String {
        let mut out = Vec::new();
        unescape(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unescapes_as_json_does() {
        assert_eq!(says(r#"a\"b\\c\/d\n\u26a0\ufe0f \ud83d\udd25"#), "a\"b\\c/d\n⚠️ 🔥");
        assert_eq!(says(r"\ud83d alone"), "\u{fffd} alone");
        assert_eq!(says(r"\q \u12"), r"\q \u12");
    }

    /// The plain way.
    fn unescaped(raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            match (raw[at], raw.get(at + 1)) {
                (b'\\', Some(code)) if b"nrtbf\"\\/".contains(code) => {
                    out.push(match code {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 8,
                        b'f' => 12,
                        itself => *itself,
                    });
                    at += 2;
                }
                (b'\\', Some(b'u')) if code_point(&raw[at..]).is_some() => {
                    let (character, length) = code_point(&raw[at..]).unwrap();
                    out.extend_from_slice(character.to_string().as_bytes());
                    at += length;
                }
                (byte, _) => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn unescapes_block_by_block_as_byte_by_byte(text in r#"(a{0,20}|\\[nu"\\q]|\\u00e1|\\ud83d|\\udd25|é){0,12}"#) {
            let mut out = b"before".to_vec();
            unescape(text.as_bytes(), &mut out);
            prop_assert_eq!(out, [b"before", unescaped(text.as_bytes()).as_slice()].concat());
        }

        #[test]
        fn finds_the_quote_that_no_backslash_escapes(text in r#"(a{0,20}|\\|"){0,6}"#) {
            let text = text.as_bytes();
            let escaped = |at: usize| text[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
            let expected = (0..text.len()).find(|at| text[*at] == b'"' && !escaped(*at));
            prop_assert_eq!(closing_quote(text), expected);
        }
    }
}
