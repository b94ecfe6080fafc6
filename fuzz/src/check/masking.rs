//! Masking: no harm, the same when done twice, in time that grows with the text, and no planted secret left.

use logwatch::mask;

use crate::limit::within_a_second;
use crate::lot;

/// Long enough for every kind of secret, and of letters that stand in none of the frames.
const SECRET: &str = "Zq7Zq7Zx9Kw5Vt3Rm8Np4Zq7";
/// What announces a secret, and what ends it.
const FRAMES: [(&str, &str); 8] = [
    ("password=", " "),
    ("\"api_key\": \"", "\""),
    ("Authorization: Bearer ", ""),
    ("Authorization: Basic ", ""),
    ("postgres://app:", "@db:5432/x"),
    ("BINANCE_SECRET=", ""),
    ("ghp_", ""),
    ("access-key: '", "'"),
];
/// One text in so many is repeated until it is long, to see that time does not grow faster than it.
const REPEATED: u64 = 64;
/// Bytes of a long text. What needs their square needs far more than a second, and reading them takes as long as a few dozen texts.
const LONG: usize = 1 << 16;

pub fn check(input: &[u8]) {
    // libFuzzer learns what texts are compared with, and so the secret.
    let text = String::from_utf8_lossy(input).replace(SECRET, "");
    let masked = within_a_second("masking", || mask(&text));
    assert_eq!(mask(&masked), masked, "masked again; at first:\n{text}");
    let lot = lot(input);
    let (before, after) = FRAMES[lot as usize % FRAMES.len()];
    // Between others' lines: what stands beside it in one line may make something else of a frame.
    let middle = text.floor_char_boundary(text.len() / 2);
    let planted = format!("{}\nlogin {before}{SECRET}{after} failed\n{}", &text[..middle], &text[middle..]);
    let masked = mask(&planted);
    assert!(!masked.contains(SECRET), "in {before}…{after}, of\n{planted}\nleft is\n{masked}");
    if lot >> 32 & (REPEATED - 1) == 0 && !text.is_empty() {
        let long = text.repeat(LONG / text.len() + 1);
        within_a_second("masking a long text", || mask(&long));
    }
}
