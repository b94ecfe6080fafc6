//! Walks the members of an object in the form machines write: no blanks between the tokens, no nested values.
//!
//! [`Members`](super::json::Members) reads every form, byte by byte. This walk finds the quotes of 64 bytes at a time, and
//! steps from quote to quote: where a string ends is known without looking for it. What it does not expect it leaves to
//! `Members`.
//!
//! Without it a replay of an HTTP log takes 45 % more instructions.

use std::ops::Range;

use wide::u8x16;

use super::json::{Broken, in_scalar};

/// Gives each member in order: where its raw key is, its raw value, and whether that is a string.
/// `Err` says only that the object has to be read in the general way, perhaps after some of its members were given.
#[inline]
pub fn walk<'a>(line: &'a [u8], mut member: impl FnMut(Range<usize>, &'a [u8], bool)) -> Result<(), Broken> {
    let mut quotes = Quotes::new(line)?;
    let mut at = 1;
    loop {
        if quotes.next()? != at {
            return Err(Broken);
        }
        let key_end = quotes.next()?;
        let start = key_end + 2;
        let Some([b':', first, ..]) = line.get(key_end + 1..) else { return Err(Broken) };
        if *first == b'"' {
            // The quote at `start` stands behind a colon, so nothing escapes it.
            quotes.next()?;
            let end = quotes.next()?;
            member(at + 1..key_end, &line[start + 1..end], true);
            at = end + 1;
        } else {
            let length = scalar_length(&line[start..]).ok_or(Broken)?;
            member(at + 1..key_end, &line[start..start + length], false);
            at = start + length;
        }
        match line.get(at) {
            Some(b',') => at += 1,
            Some(b'}') if at + 1 == line.len() => return Ok(()),
            _ => return Err(Broken),
        }
    }
}

/// The length of the number, `true`, `false` or `null` at the start of `text`, as `Members` brackets it.
#[inline]
fn scalar_length(text: &[u8]) -> Option<usize> {
    let digits = leading_digits(text);
    if digits > 0 && matches!(text.get(digits), Some(b',' | b'}')) {
        return Some(digits);
    }
    matches!(text.first(), Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n')).then_some(())?;
    text.iter().position(|byte| !in_scalar(*byte))
}

/// How many digits stand at the start of `text`, up to eight. Numbers differ in length from line to line, so there is no loop.
#[inline]
fn leading_digits(text: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = text.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    // The uppermost bit of each byte is set by what is no digit: digits become 0 to 9, to which 0x76 can be added.
    let values = word ^ (EACH * u64::from(b'0'));
    let others = (((values & (EACH * 0x7f)) + EACH * 0x76) | values) & (EACH * 0x80);
    others.trailing_zeros() as usize / 8
}

/// Bytes that are looked at together: one bit of a word each.
const BLOCK: usize = 64;

/// The places of the quotes of a line that no backslash escapes.
struct Quotes<'a> {
    line: &'a [u8],
    /// Where the block in hand starts.
    block: usize,
    /// Quotes of the block in hand that were not given yet.
    left: u64,
    /// Whether the last byte of the block in hand escapes the one behind it.
    escaping: bool,
}

impl<'a> Quotes<'a> {
    /// `Err` for a line shorter than a block.
    #[inline]
    fn new(line: &'a [u8]) -> Result<Self, Broken> {
        let mut quotes = Quotes { line, block: 0, left: 0, escaping: false };
        quotes.look(line.first_chunk().ok_or(Broken)?, 0);
        Ok(quotes)
    }

    /// The place of the next quote.
    #[inline]
    fn next(&mut self) -> Result<usize, Broken> {
        while self.left == 0 {
            self.block += BLOCK;
            let (bytes, before) = block(self.line, self.block).ok_or(Broken)?;
            self.look(bytes, before);
        }
        let place = self.block + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Ok(place)
    }

    /// Finds the quotes of the block in hand; the first `before` of the bytes given belong to the one before.
    #[inline]
    fn look(&mut self, bytes: &[u8; BLOCK], before: usize) {
        let escaped = escaped(places(bytes, b'\\') >> before, &mut self.escaping);
        self.left = (places(bytes, b'"') >> before) & !escaped;
    }
}

/// The length of the string whose first character stands at `start`, and whether there is a backslash in it.
/// `None` for a string without an end, or in a line shorter than a block.
#[inline]
pub fn string(line: &[u8], start: usize) -> Option<(usize, bool)> {
    let (mut at, mut escaping, mut slashed) = (start, false, false);
    loop {
        let (bytes, before) = block(line, at)?;
        let slashes = places(bytes, b'\\') >> before;
        let quotes = (places(bytes, b'"') >> before) & !escaped(slashes, &mut escaping);
        if quotes != 0 {
            let until_it = quotes ^ (quotes - 1);
            return Some((at - start + quotes.trailing_zeros() as usize, slashed | (slashes & until_it != 0)));
        }
        slashed |= slashes != 0;
        at += BLOCK;
    }
}

/// The block at a place. The last bytes of a line come with some that stand before them, and how many these are.
#[inline]
fn block(line: &[u8], at: usize) -> Option<(&[u8; BLOCK], usize)> {
    let rest = line.get(at..).filter(|rest| !rest.is_empty())?;
    match rest.first_chunk() {
        Some(bytes) => Some((bytes, 0)),
        None => Some((line.last_chunk()?, BLOCK - rest.len())),
    }
}

/// The bytes of a block that are escaped: those behind an odd number of backslashes. `escaping` is whether the last byte of
/// the block before escapes the first of this one, and then of this one and the next.
#[inline]
fn escaped(backslashes: u64, escaping: &mut bool) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let before = u64::from(*escaping);
    let backslashes = backslashes & !before;
    let behind = backslashes << 1 | before;
    // Added to its run of backslashes, a run's first bit moves to the place behind the run; whether the two are an odd
    // number of places apart shows by whether they are among the even places. (The way of simdjson.)
    let odd_starts = backslashes & !EVEN & !behind;
    let (moved, carried) = odd_starts.overflowing_add(backslashes);
    *escaping = carried;
    (EVEN ^ (moved << 1)) & behind
}

/// Bit *n* says whether byte *n* is `wanted`.
#[inline]
fn places(bytes: &[u8; BLOCK], wanted: u8) -> u64 {
    let wanted = u8x16::splat(wanted);
    let lanes = bytes.as_chunks().0.iter().rev();
    lanes.fold(0, |all, bytes| all << 16 | u64::from(u8x16::new(*bytes).simd_eq(wanted).to_bitmask() as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json::{Members, Value};
    use proptest::prelude::*;

    type Member = (Vec<u8>, Vec<u8>, bool);

    fn compact(line: &[u8]) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        walk(line, |key, value, string| members.push((line[key].to_vec(), value.to_vec(), string))).ok()?;
        Some(members)
    }

    fn general(line: &[u8]) -> Option<Vec<Member>> {
        let mut members = Members::new(line);
        let read = members
            .by_ref()
            .map(|member| {
                let (key, value) = member.ok()?;
                Some((key.to_vec(), value.raw().to_vec(), matches!(value, Value::String(_))))
            })
            .collect();
        if members.position() == line.len() { read } else { None }
    }

    /// Text that means something to JSON, and text that does not.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => "[a-z0-9 .:é🔥]{0,30}",
            1 => r#"[\\"]{1,5}"#,
            1 => r#"[{}\[\],: "\\]{1,4}"#,
        ]
    }

    fn escaped(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    proptest! {
        #[test]
        fn reads_every_compact_object(
            members in prop::collection::vec((piece(), prop::collection::vec(piece(), 0..6), any::<Option<i32>>()), 1..12)
        ) {
            let members = members.iter().map(|(key, value, number)| match number {
                Some(number) => format!("{}:{number}", escaped(key)),
                None => format!("{}:{}", escaped(key), escaped(&value.concat())),
            });
            let line = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
            let expected = general(line.as_bytes());
            prop_assert!(expected.is_some());
            prop_assert!(line.len() < BLOCK || compact(line.as_bytes()) == expected, "{}", line);
        }

        #[test]
        fn reads_nothing_that_the_general_walk_does_not(
            pieces in prop::collection::vec(piece(), 0..20), cut in 0usize..400, broken in any::<bool>()
        ) {
            let strings = pieces.chunks(2).map(|pair| match broken {
                true => format!("\"{}\":\"{}\"", pair[0], pair.concat()),
                false => format!("{}:{}", escaped(&pair[0]), escaped(&pair.concat())),
            });
            let line = format!("{{{}}}", strings.collect::<Vec<_>>().join(","));
            let cut = cut.min(line.len());
            for line in [line.as_bytes(), &line.as_bytes()[..cut], &line.as_bytes()[cut.min(line.len() - 1)..]] {
                if let Some(members) = compact(line) {
                    prop_assert_eq!(Some(members), general(line));
                }
            }
        }
    }

    #[test]
    fn escapes_reach_over_the_borders_of_blocks() {
        for padding in 0..2 * BLOCK {
            for slashes in 0..6 {
                let line =
                    format!(r#"{{"{}{}":"\"{}x","b":1}}"#, "k".repeat(padding), r"\\".repeat(slashes), "y".repeat(70));
                assert_eq!(compact(line.as_bytes()), general(line.as_bytes()), "{line}");
                assert!(compact(line.as_bytes()).is_some());
            }
        }
    }
}
