//! Log text on its way out: secrets masked, control characters made visible.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What secrets look like in logs. The first group is kept, what follows it is masked. Words end where ASCII says so: the
/// engine that knows every script's words is a hundred times slower.
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i)(?P<kept>(?-u:\b)(?:[a-z0-9]+[_-])*(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|token|authorization)["']?[ \t\r\n]*[=:][ \t\r\n]*["']?(?:bearer[ \t\r\n]+|basic[ \t\r\n]+)?)[^ \t\r\n"',;&)}]+"#,
        r"|(?P<bearer>(?-u:\b)(?:bearer|basic)[ \t\r\n]+)[a-z0-9._~+/=-]{8,}",
        r"|(?P<url>(?-u:\b)[a-z][a-z0-9+.-]*://[^ \t\r\n/:@]*:)[^ \t\r\n/@]+@",
        r"|(?-u:\b)eyJ[a-z0-9_-]{8,}\.[a-z0-9_-]+\.[a-z0-9_-]*",
        r"|(?-u:\b)(?:sk|pk|rk|ghp|gho|ghs|xox[abp])[_-][a-z0-9_-]{12,}",
    ))
    .expect("the regex is a constant, and tested")
});

/// The text with secrets replaced by `***`.
pub fn redact(text: &str) -> String {
    let masked = SECRETS.replace_all(text, |found: &Captures<'_>| {
        let kept = |name: &str| found.name(name).map(|part| part.as_str().to_string());
        match (kept("kept"), kept("bearer"), kept("url")) {
            (Some(kept), _, _) | (_, Some(kept), _) => format!("{kept}***"),
            (_, _, Some(kept)) => format!("{kept}***@"),
            _ => "***".to_string(),
        }
    });
    masked.into_owned()
}

/// The text as a terminal may show it: control characters, and those that reorder text, become visible escapes.
pub fn escape(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    // A joiner inside an emoji is shown as it is meant.
    let escaped = |c: char| harmful(c) && c != '\u{200d}';
    if !text.chars().any(escaped) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if escaped(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        for (text, expected) in [
            ("login failed password=hunter2 for bob", "login failed password=*** for bob"),
            (r#"{"api_key": "abc123", "path": "/x"}"#, r#"{"api_key": "***", "path": "/x"}"#),
            ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
            ("sent Bearer 0123456789abcdef to api", "sent Bearer *** to api"),
            ("postgres://app:s3cret@db:5432/x failed", "postgres://app:***@db:5432/x failed"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc ok", "jwt *** ok"),
            ("BINANCE_SECRET=abcd next", "BINANCE_SECRET=*** next"),
            ("Invalid token", "Invalid token"),
            ("tokens: none left", "tokens: none left"),
        ] {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn a_line_cannot_move_the_cursor() {
        assert_eq!(escape("a\x1b[2Jb\r\n\u{202e}c"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{202e}c");
        assert_eq!(escape("⚠️ 🔥 ñ"), "⚠️ 🔥 ñ");
    }
}
