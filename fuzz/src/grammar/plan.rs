//! Plans: tables with the members that they may have, and some that they may not.

use fastrand::Rng;
use logwatch::BUILT_IN;

use super::expression;
use crate::mutate::{pick, pieces};

/// With more tables a plan or a pack is begun anew: one mistake anywhere is one too many.
pub const MOST_TABLES: usize = 8;

pub fn mutate(text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    let tables = tables(&text);
    if tables.is_empty() || tables.len() > MOST_TABLES || random.u8(..8) == 0 {
        return match random.u8(..8) {
            0 => pick(&BUILT_IN, random).1.into(),
            _ => (header(random) + &table(random)).into_bytes(),
        };
    }
    pieces(tables, |_, random| table(random).into_bytes(), random)
}

/// A text cut before each of its tables.
pub fn tables(text: &[u8]) -> Vec<&[u8]> {
    let starts = |at: &usize| text[*at] == b'[' && (*at == 0 || text[at - 1] == b'\n');
    let mut borders: Vec<usize> = (0..text.len()).filter(starts).collect();
    borders.push(text.len());
    let first = [0].into_iter().filter(|_| borders[0] > 0);
    let starts: Vec<usize> = first.chain(borders.iter().copied()).collect();
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn header(random: &mut Rng) -> String {
    let mut text = "[plan]\nid = \"fuzz\"\ntitle = \"Fuzz\"\n".to_string();
    for name in ["window", "duration", "lateness"] {
        if random.bool() {
            text += &format!("{name} = \"{}\"\n", span(random));
        }
    }
    match random.u8(..6) {
        0 => text += "routes = [\"/api/bots/{bot}\", \"/{a}/{b}\", \"\"]\n",
        1 => text += &format!("at = \"{}\"\n", pick(&TIMES, random)),
        2 => text += &format!("baseline = {{ window = \"{}\", min_samples = {} }}\n", span(random), random.u8(..)),
        _ => {}
    }
    text
}

const TIMES: [&str; 7] = [
    "auto",
    "2025-08-25T13:40:10Z",
    "2025-08-25",
    "2025-08-25 13:40",
    "1677-09-21T00:12:44Z",
    "2262-04-11T23:47:16Z",
    "tomorrow",
];

fn span(random: &mut Rng) -> &'static str {
    match random.u8(..16) {
        0 => pick(&["367d", "-1s", "5", "", "99999999999999999999d"], random),
        _ => pick(&["0s", "1s", "10s", "90s", "5m", "1h30m", "2h", "7d", "366d"], random),
    }
}

/// A string of TOML; sometimes of another kind than most.
pub fn string(text: &str, random: &mut Rng) -> String {
    match random.u8(..4) {
        0 if !text.contains("'''") => format!("'''{text}'''"),
        1 => format!("\"\"\"\n{}\"\"\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => toml::Value::String(text.into()).to_string(),
    }
}

fn table(random: &mut Rng) -> String {
    let id = format!("id{}", random.u16(..));
    let mut text = String::new();
    match random.u8(..12) {
        0 => text += &format!("[metrics]\n{id} = {}\n", string(&expression::number(1, random).0, random)),
        1 => text += "[[manual]]\nwhat = \"complaints\"\nask = \"support\"\n",
        2 | 3 => {
            let (value, _) = expression::number(1, random);
            let target = format!(
                "{} {}{}",
                pick(&[">", "<=", "=="], random),
                random.u8(..),
                pick(&["", "%", "s", "/s"], random)
            );
            text += &format!(
                "[[kpi]]\nid = \"{id}\"\ntitle = \"t\"\nvalue = {}\ntarget = \"{target}\"\n",
                string(&value, random)
            );
        }
        4 => text += &format!("[plan.baseline]\nwindow = \"{}\"\nmin_samples = {}\n", span(random), random.u8(..30)),
        _ => {
            let when = expression::truth(random.u32(..3), random);
            let severity = pick(&["rollback", "investigate", "info"], random);
            text +=
                &format!("[[trigger]]\nid = \"{id}\"\nseverity = \"{severity}\"\nwhen = {}\n", string(&when, random));
            for name in ["for", "resolve_after"] {
                if random.u8(..3) == 0 {
                    text += &format!("{name} = \"{}\"\n", pick(&["0s", "1s", "30s", "2m", "366d"], random));
                }
            }
            match random.u8(..8) {
                0 => text += &format!("confidence = {}\n", pick(&["0.5", "0.95", "0.9999999", "1.0", "nan"], random)),
                1 => text += &format!("min_samples = {}\n", random.u16(..)),
                2 => text += "about = \"\"\nrunbook = \"x\\u001by\"\n",
                _ => {}
            }
        }
    }
    text
}
