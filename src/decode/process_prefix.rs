//! What programs that run several processes print before each line of one: docker compose (`api-1  | text`), foreman and
//! heroku local (`13:50:00 web.1  | text`, `web.1  | text`), pm2 (`0|worker  | text`), concurrently (`[1] text`).

use super::level::Level;

/// Longer names are none.
const LONGEST_NAME: usize = 64;

/// The name of the process, and what it wrote; `None` for a line without a prefix.
pub fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    match line.first()? {
        b'[' => numbered(line),
        b'0'..=b'9' => match line {
            // foreman's clock says nothing of the day.
            [_, b'0'..=b'9', b':', _, _, b':', _, _, b' ', rest @ ..] => columns(rest),
            _ => pm2(line),
        },
        b'a'..=b'z' | b'A'..=b'Z' => columns(line),
        _ => None,
    }
}

/// `name  | text`. A level in this place is a logger's.
fn columns(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let length = line.iter().take(LONGEST_NAME).take_while(in_name).count();
    let (name, rest) = line.split_at(length);
    let text = bar(rest)?;
    let is_level = Level::from_name(name).or_else(|| Level::from_name(&name.to_ascii_lowercase())).is_some();
    (name.first()?.is_ascii_alphabetic() && !is_level).then_some((name, text))
}

/// `0|name  | text`.
fn pm2(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (_, text) = columns(line[digits..].strip_prefix(b"|")?)?;
    Some((&line[..line.len() - text.len()], text))
}

/// `[1] text`, but not the process id of gunicorn, which a level in brackets follows.
fn numbered(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = &line[1..];
    let digits = inside.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let text =
        inside[digits..].strip_prefix(b"] ").filter(|text| (1..=2).contains(&digits) && !text.starts_with(b"["))?;
    Some((&line[..digits + 2], text))
}

fn bar(rest: &[u8]) -> Option<&[u8]> {
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let text = rest[blanks..].strip_prefix(b"|")?;
    if text.is_empty() { Some(text) } else { text.strip_prefix(b" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(&str, &str)> {
        let text = |bytes: &'_ [u8]| std::str::from_utf8(bytes).map(String::from).unwrap_or_default();
        split(line.as_bytes()).map(|(name, rest)| {
            assert!(line.ends_with(&text(rest)) && line.contains(&text(name)));
            let at = line.len() - rest.len();
            (&line[..name.len().min(at)], &line[at..])
        })
    }

    #[test]
    fn prefixes() {
        for (line, text) in [
            ("api-1        |     at load (/app/a.js:1:2)", "    at load (/app/a.js:1:2)"),
            (
                "db-1 | 2025-08-25 13:50:10.605 UTC [253] FATAL:  sorry",
                "2025-08-25 13:50:10.605 UTC [253] FATAL:  sorry",
            ),
            ("13:50:00 web.1  | text", "text"),
            ("web.1  |", ""),
            ("0|worker   | Error: boom", "Error: boom"),
            ("[1] Error: bang", "Error: bang"),
        ] {
            assert_eq!(read(line).map(|(_, text)| text), Some(text), "{line}");
        }
    }

    #[test]
    fn what_is_none() {
        for line in [
            "INFO | text",
            "warning  | text",
            "[17] [INFO] text",
            "[2025-08-25] text",
            "[GIN] text",
            "100.64.0.2 - - | x",
            "2025-08-25 13:50:00.123 | INFO | text",
            "a b | c",
            "a||b",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
