//! The variable parts of a message: its numbers, and its ids of hex digits.
//!
//! `order 47a9dc67 of 250 took 2201 ms` is what `order 18c80a5e of 110 took 8713 ms` is. What reads a message reads of numbers of two and
//! more digits only statuses, times and dates by their value, and of such ids nothing: so a message with other parts that are valid as
//! those, and one with others that are not, show which parts are read. What regexes read of them, their syntax tells
//! ([`sensitive`](super::sensitive)).

use std::ops::Range;

use wide::u8x16;

use super::shape::{UUID, is_uuid};

/// Hex digits of an id, at least.
const SHORTEST_ID: usize = 8;
/// Bytes before a part in which a sign can stand that makes characters of digits: `\u00e9`, `%C3%A9`, `&#233;`.
const ESCAPE: usize = 8;

/// One variable part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub place: Range<usize>,
    /// Of hex digits: eight and more, digits before letters and letters before digits among them, or a UUID. Else a number of two and more
    /// digits: a single one is often part of a name (`slf4j`, `0x1f`, `HTTP/1.1`).
    pub is_hex: bool,
}

/// Some of a message's variable parts, by index; those behind the 64th go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(u64);

impl Parts {
    pub const ALL: Parts = Parts(u64::MAX);
    pub const NONE: Parts = Parts(0);

    /// Those with the indices.
    pub fn of(indices: impl IntoIterator<Item = usize>) -> Parts {
        Parts(indices.into_iter().fold(0, |parts, index| parts | 1 << index.min(63)))
    }

    pub fn has(self, index: usize) -> bool {
        self.0 >> index.min(63) & 1 == 1
    }

    pub fn without(self, others: Parts) -> Parts {
        Parts(self.0 & !others.0)
    }
}

/// The variable parts of a message, in their order.
pub fn variables(message: &[u8]) -> impl Iterator<Item = Variable> {
    let mut digits = Digits::of(message);
    std::iter::from_fn(move || {
        loop {
            let from = digits.from;
            let digit = digits.next()?;
            let length = message[digit..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let end = digit + length;
            let is_letter = |byte: Option<&u8>| matches!(byte, Some(b'a'..=b'f'));
            // Nearly no number.
            let may_be_id = is_letter(message.get(end))
                || digit.checked_sub(1).is_some_and(|at| is_letter(message.get(at)))
                || (length == SHORTEST_ID && message.get(end) == Some(&b'-'));
            if may_be_id && let Some(place) = id(message, from, digit) {
                digits.from = place.end;
                return Some(Variable { place, is_hex: true });
            }
            digits.from = end;
            if length > 1 {
                return Some(Variable { place: digit..end, is_hex: false });
            }
        }
    })
}

/// Finds digits, many bytes at a time.
struct Digits<'t> {
    text: &'t [u8],
    /// Where the next one is looked for.
    from: usize,
    /// The block that was looked at last, and by its bytes which of them are digits.
    block: usize,
    mask: u64,
}

/// Bytes of a block.
const BLOCK: usize = 64;

impl<'t> Digits<'t> {
    fn of(text: &'t [u8]) -> Self {
        Digits { text, from: 0, block: 0, mask: mask_of(text) }
    }

    fn next(&mut self) -> Option<usize> {
        loop {
            if self.from / BLOCK > self.block {
                self.block += 1;
                self.mask = mask_of(self.text.get(self.block * BLOCK..)?);
                continue;
            }
            let left = self.mask >> (self.from % BLOCK);
            if left > 0 {
                return Some(self.from + left.trailing_zeros() as usize);
            }
            self.from = (self.block + 1) * BLOCK;
        }
    }
}

/// All bits set for each byte that is a digit, none for the others.
pub fn are_digits(bytes: u8x16) -> u8x16 {
    bytes.max(u8x16::splat(b'0')).simd_eq(bytes) & bytes.min(u8x16::splat(b'9')).simd_eq(bytes)
}

/// By the bytes of a text's first block: which of them are digits.
fn mask_of(text: &[u8]) -> u64 {
    const LANES: usize = 16;
    let digits = |lanes: [u8; LANES]| u64::from(are_digits(u8x16::from(lanes)).to_bitmask());
    let (whole, rest) = text[..text.len().min(BLOCK)].as_chunks::<LANES>();
    let mut last = [0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let lanes = whole.iter().copied().chain([last]).take(BLOCK / LANES);
    lanes.enumerate().fold(0, |mask, (index, lanes)| mask | digits(lanes) << (index * LANES))
}

/// The place of the id whose first digit stands at `digit`, and which begins at `from` or behind it.
fn id(message: &[u8], from: usize, digit: usize) -> Option<Range<usize>> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let letters = message[from..digit].iter().rev().take_while(|byte| is_hex(byte)).count();
    let start = digit - letters;
    if start.checked_sub(1).is_some_and(|before| is_word(message.get(before))) {
        return None;
    }
    let length = message[start..].iter().take_while(|byte| is_hex(byte)).count();
    let end = start + length;
    if length == SHORTEST_ID
        && let Some(uuid) = message.get(start..start + UUID)
        && is_uuid(uuid)
        && !uuid.iter().any(u8::is_ascii_uppercase)
        && !is_word(message.get(start + UUID))
    {
        return Some(start..start + UUID);
    }
    let word = &message[start..end];
    // `12e5` is a number, and `12345678d` may be a time.
    let is_mixed = word.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).count() > 3;
    (length >= SHORTEST_ID && is_mixed && !is_word(message.get(end))).then_some(start..end)
}

/// Appends a message in which some of its parts are masked: whatever stood there, of as many bytes, the same.
pub fn mask(message: &[u8], variables: &[Variable], parts: Parts, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(message);
    each(&mut out[start..], variables, parts, *b"0a", |number| number.fill(b'0'));
}

/// Writes others in the place of some parts: ids of two digits in turn, and what `number` makes of numbers.
fn each(text: &mut [u8], variables: &[Variable], parts: Parts, id: [u8; 2], number: impl Fn(&mut [u8])) {
    for (index, Variable { place, is_hex }) in variables.iter().enumerate() {
        if parts.has(index) {
            let part = &mut text[place.clone()];
            if *is_hex { alternate(part, id) } else { number(part) }
        }
    }
}

/// Writes an id of two digits in turn.
fn alternate(id: &mut [u8], digits: [u8; 2]) {
    id.iter_mut().enumerate().filter(|(_, byte)| **byte != b'-').for_each(|(at, byte)| *byte = digits[at % 2]);
}

/// A message with others in the place of some of its parts: numbers that are valid as statuses and as parts of times and dates, and
/// fit into 32 bits if they have ten digits; and such as are not. No digit is the same in both.
pub fn with_others(message: &[u8], variables: &[Variable], parts: Parts) -> [Vec<u8>; 2] {
    let with = |id: [u8; 2], number: fn(&mut [u8])| {
        let mut text = message.to_vec();
        each(&mut text, variables, parts, id, number);
        text
    };
    let valid = |number: &mut [u8]| {
        number.fill(if number.len() == 3 { b'0' } else { b'1' });
        if number.len() > 2 {
            number[..2].copy_from_slice(b"20");
        }
    };
    [with(*b"0a", valid), with(*b"f9", |number| number.fill(b'9'))]
}

/// Whether a part may be written for characters.
pub fn may_escape(message: &[u8], place: &Range<usize>) -> bool {
    let before = &message[place.start.saturating_sub(ESCAPE)..place.start];
    before.iter().any(|byte| b"\\%#\x1b".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(message: &str) -> String {
        let mut out = b"> ".to_vec();
        let variables: Vec<_> = variables(message.as_bytes()).collect();
        mask(message.as_bytes(), &variables, Parts::ALL, &mut out);
        String::from_utf8(out).unwrap()[2..].into()
    }

    #[test]
    fn digits_are_found_wherever_they_stand() {
        for length in [1, 15, 16, 63, 64, 65, 127, 128, 200] {
            for at in 0..length {
                let mut text = vec![b'/'; length];
                text[at] = b'9';
                assert_eq!(Digits::of(&text).next(), Some(at));
            }
            assert_eq!(Digits::of(&vec![b':'; length]).next(), None);
        }
    }

    #[test]
    fn numbers_and_ids_are_masked_and_nothing_else() {
        for (message, want) in [
            ("", ""),
            ("7 of 42 in 1500ms, 0.371", "7 of 00 in 0000ms, 0.000"),
            ("slf4j 0x1f HTTP/1.1", "slf4j 0x1f HTTP/1.1"),
            ("id=47a9dc67;", "id=0a0a0a0a;"),
            ("\"c7a9dc67e\" a47a9dc67z", "\"0a0a0a0a0\" a00a9dc00z"),
            ("12345678 12345e67 12345678d deadbeef", "00000000 00000e00 00000000d deadbeef"),
            ("6f1c1e0a-33d4-4b5e-9d55-0b6ad7a3c111.", "0a0a0a0a-a0a0-0a0a-a0a0-0a0a0a0a0a0a."),
        ] {
            assert_eq!(masked(message), want, "{message}");
        }
    }

    proptest! {
        #[test]
        fn what_is_masked_alike_has_its_parts_in_the_same_places(message in r"([a-f]|[0-9]|-| |\|é|[0-9a-f]{8}){0,40}") {
            let of = |text: &[u8]| variables(text).collect::<Vec<_>>();
            let parts = of(message.as_bytes());
            for other in with_others(message.as_bytes(), &parts, Parts::ALL) {
                prop_assert_eq!(&of(&other), &parts);
                prop_assert_eq!(masked(std::str::from_utf8(&other).unwrap()), masked(&message));
            }
            prop_assert_eq!(masked(&masked(&message)), masked(&message));
            prop_assert_eq!(&of(masked(&message).as_bytes()), &parts);
            let [valid, others] = with_others(message.as_bytes(), &parts, Parts::NONE);
            prop_assert!(valid == message.as_bytes() && others == message.as_bytes());
        }
    }
}
