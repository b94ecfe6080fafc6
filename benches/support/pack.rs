//! A pack of generated patterns, to see what a library of a thousand costs: each a phrase of its own with a tail.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// Generated patterns that make a library of about a thousand together with the built-in ones.
pub const PATTERNS: usize = 970;

/// The first phrases: the app corpus holds them, in about one line of five. The others hit nothing, as most patterns do in
/// most logs.
pub const HITS: [&str; 6] =
    ["holds", "candle closed at", "User authenticated:", "Master key", "algorithm_selected:", "QueuePool limit of"];

const SUBJECTS: [&str; 20] = [
    "ledger",
    "mailer",
    "invoice",
    "webhook",
    "scheduler",
    "replica",
    "upload",
    "session",
    "voucher",
    "gateway",
    "balance",
    "consumer",
    "snapshot",
    "deposit",
    "shipment",
    "checkout",
    "catalogue",
    "identity",
    "archive",
    "quota",
];
const EVENTS: [&str; 10] = [
    "was rejected by",
    "timed out after",
    "lost contact with",
    "drifted from",
    "waits for",
    "was retried for",
    "expired in",
    "overflowed into",
    "could not reach",
    "was locked out of",
];
const OBJECTS: [&str; 5] = ["partition", "tenant", "provider", "queue", "region"];
const TAILS: [&str; 4] = [r" (?<tail>\w+)", r" (?<tail>\d+) ms", r"(?:: (?<tail>[^,]+))?", r".*\((?<tail>\d+)/\d+\)"];

/// The text that each regex looks for before its tail.
pub fn phrases() -> impl Iterator<Item = String> {
    (0..PATTERNS).map(|number| match HITS.get(number) {
        Some(hit) => hit.to_string(),
        None => {
            let (subject, rest) = (SUBJECTS[number % SUBJECTS.len()], number / SUBJECTS.len());
            let (event, rest) = (EVENTS[rest % EVENTS.len()], rest / EVENTS.len());
            format!("{subject} {event} {}", OBJECTS[rest % OBJECTS.len()])
        }
    })
}

/// The regexes, each with a capture `tail`.
pub fn regexes() -> impl Iterator<Item = String> {
    let tail = |number| if number < HITS.len() { TAILS[0] } else { TAILS[number % TAILS.len()] };
    phrases().enumerate().map(move |(number, phrase)| phrase + tail(number))
}

/// Writes a pack of regexes, each with a class of its own, as `generated.toml` into a folder.
///
/// # Errors
/// The file system's.
pub fn write(regexes: impl Iterator<Item = String>, folder: &Path) -> io::Result<()> {
    let mut pack = String::new();
    for (number, regex) in regexes.enumerate() {
        // Writing to a String never fails.
        let _ = write!(
            pack,
            "[[pattern]]\nclass = 'generated.p{number}'\nabout = 'Generated'\nmatch = '''{regex}'''\nlabels = ['tail']\n\n"
        );
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("generated.toml"), pack)
}
