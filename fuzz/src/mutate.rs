//! Changes of an input: of its bytes by libFuzzer, of its pieces by a grammar.

use fastrand::Rng;

/// Changes a text in the way of its grammar. An empty text becomes one of the grammar's own.
pub type Grammar = fn(Vec<u8>, &mut Rng) -> Vec<u8>;

/// One change in so many is libFuzzer's own, which knows nothing of the grammar.
const RAW: u8 = 4;

/// Changes the first `size` bytes of `buffer` to at most `most` bytes; returns how many there are. `raw` is libFuzzer's own
/// way to change bytes.
pub fn mutate(
    grammar: Grammar,
    raw: fn(&mut [u8], usize, usize) -> usize,
    buffer: &mut [u8],
    size: usize,
    most: usize,
    seed: u32,
) -> usize {
    let mut random = Rng::with_seed(seed.into());
    if size > 1 && random.u8(..RAW) == 0 {
        return raw(buffer, size, most);
    }
    let mut text = if size > 1 { buffer[..size].to_vec() } else { Vec::new() };
    for _ in 0..random.usize(1..=4) {
        text = grammar(text, &mut random);
    }
    text.truncate(most);
    buffer[..text.len()].copy_from_slice(&text);
    text.len()
}

/// Adds, takes out, repeats and swaps pieces, or changes one. `grow` makes new text to stand behind other text.
pub fn pieces(pieces: Vec<&[u8]>, grow: impl Fn(&[u8], &mut Rng) -> Vec<u8>, random: &mut Rng) -> Vec<u8> {
    let mut pieces: Vec<Vec<u8>> = pieces.into_iter().map(<[u8]>::to_vec).collect();
    let place = random.usize(..=pieces.len());
    let [from, to] = [random.usize(..=pieces.len()), random.usize(..=pieces.len())];
    let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 8));
    match random.u8(..20) {
        0..12 => {
            let before = pieces[..place].concat();
            pieces.insert(place, grow(&before, random));
        }
        12..14 => drop(pieces.drain(from..to)),
        14 => {
            let copy = pieces[from..to].to_vec();
            pieces.splice(place..place, copy);
        }
        15 if from < to => pieces.swap(from, to - 1),
        16..20 if place < pieces.len() => pieces[place] = alter(std::mem::take(&mut pieces[place]), random),
        _ => {}
    }
    pieces.concat()
}

/// Numbers at which something may change.
const NUMBERS: [&str; 28] = [
    "0",
    "1",
    "2",
    "4",
    "9",
    "19",
    "30",
    "59",
    "60",
    "99",
    "100",
    "199",
    "200",
    "404",
    "499",
    "500",
    "599",
    "600",
    "999",
    "3600",
    "65536",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551616",
    "0.000000000001",
    "1e308",
];

/// Changes a number, a byte, or cuts something out.
pub fn alter(mut text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    if text.is_empty() {
        return text;
    }
    let at = random.usize(..text.len());
    match random.u8(..8) {
        0..4 => {
            // The next number behind a random place.
            let Some(start) = (at..text.len()).find(|at| text[*at].is_ascii_digit()) else { return text };
            let length = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = match random.u8(..4) {
                0 => pick(&NUMBERS, random).as_bytes().to_vec(),
                // Of the same length, so that what stands in columns stays there.
                _ => (0..length).map(|_| random.u8(b'0'..=b'9')).collect(),
            };
            text.splice(start..start + length, number);
        }
        4 => drop(text.drain(at..(at + random.usize(1..20)).min(text.len()))),
        5 => text.insert(at, pick(b"\"'{}[](),:;=\\/%*?.-+ \t\r\n\0\x1b\x7f\xff\xc3", random)),
        6 => text[at] = random.u8(..),
        _ => {
            let length = random.usize(1..=16).min(text.len() - at);
            let copy = text[at..at + length].to_vec();
            let place = random.usize(..=text.len());
            text.splice(place..place, copy);
        }
    }
    text
}

pub fn pick<T: Clone>(from: &[T], random: &mut Rng) -> T {
    from[random.usize(..from.len())].clone()
}

/// The lines of a text, each with its end.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}
