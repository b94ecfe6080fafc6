//! A pack of generated patterns, to see what a library of a thousand costs: each a phrase of its own with a tail.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// Generated patterns that make a library of about a thousand together with the built-in ones.
pub const PATTERNS: usize = 970;

/// Phrases that the app corpus holds, in about one line in six; the others hit nothing, as most patterns do in most logs.
const HITS: [&str; 6] =
    ["holds", "candle closed at", "User authenticated:", "Master key", "algorithm_selected:", "in update_bot"];

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

/// Writes `generated.toml` with so many patterns into a folder.
///
/// # Errors
/// The file system's.
pub fn write(patterns: usize, folder: &Path) -> io::Result<()> {
    let mut pack = String::new();
    for at in 0..patterns {
        let phrase = match HITS.get(at) {
            Some(hit) => hit.to_string(),
            None => {
                let (subject, at) = (SUBJECTS[at % SUBJECTS.len()], at / SUBJECTS.len());
                let (event, at) = (EVENTS[at % EVENTS.len()], at / EVENTS.len());
                format!("{subject} {event} {}", OBJECTS[at % OBJECTS.len()])
            }
        };
        let tail = TAILS[if at < HITS.len() { 0 } else { at % TAILS.len() }];
        // Writing to a String never fails.
        let _ = write!(
            pack,
            "[[pattern]]\nclass = 'generated.p{at}'\nabout = 'Generated'\nmatch = '''{phrase}{tail}'''\nlabels = ['tail']\n\n"
        );
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("generated.toml"), pack)
}
