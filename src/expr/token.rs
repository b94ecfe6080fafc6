//! The words and signs of the language, and what the parser carries when one of them is wrong.

use nom::IResult;
use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::{char, digit1, satisfy};
use nom::combinator::{not, opt, recognize};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0_count;
use nom::sequence::{pair, preceded, terminated};

use super::ast::{CompareOp, Span};
use super::error::Error;
use super::quantity::{self, Quantity};

pub(super) type Parsed<'s, T> = IResult<&'s str, T, Failure>;

/// A mistake found while reading. nom only knows what is left to read, so its place is counted from the end of the
/// text.
#[derive(Debug)]
pub(super) struct Failure {
    start_left: usize,
    end_left: usize,
    // Apart, so that the results of all parsers stay small: they recurse, and their stack is bounded. `None` when a parser of
    // nom's own gave up: nearly always another branch is tried then, and nobody reads what could be said.
    text: Option<Box<FailureText>>,
}

#[derive(Debug, Default)]
struct FailureText {
    message: String,
    help: Option<String>,
    unknown_metric: Option<String>,
}

impl Failure {
    /// A mistake from the beginning of `start` to that of `end`, a later rest of the same text.
    pub(super) fn new(start: &str, end: &str, message: impl Into<String>) -> Self {
        Self::spanning(start.len(), end.len(), message)
    }

    /// A mistake between two places counted from the end of the text.
    pub(super) fn spanning(start_left: usize, end_left: usize, message: impl Into<String>) -> Self {
        Self {
            start_left,
            end_left,
            text: Some(Box::new(FailureText { message: message.into(), ..FailureText::default() })),
        }
    }

    fn text_mut(&mut self) -> &mut FailureText {
        self.text.get_or_insert_default()
    }

    /// Something else than `wanted` stands at `input`.
    pub(super) fn expected(input: &str, wanted: &str) -> Self {
        let input = space(input);
        let token = token(input);
        let found = match token {
            "" => "the end of the expression".to_owned(),
            "\"" | "'" => format!("`{token}`"),
            _ => format!("`{}`", token.escape_debug()),
        };
        Self::new(input, &input[token.len()..], format!("expected {wanted}, found {found}"))
    }

    /// No metric is called `name`, which stands from `start` to `end`.
    pub(super) fn unknown_metric(start: &str, end: &str, name: &str) -> Self {
        let mut failure = Self::new(start, end, format!("unknown metric `{name}`"));
        failure.text_mut().unknown_metric = Some(name.to_owned());
        failure
    }

    /// The name, when the mistake is that no metric has it.
    pub(super) fn missing_metric(&self) -> Option<&str> {
        self.text.as_ref()?.unknown_metric.as_deref()
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.text_mut().help = Some(help.into());
        self
    }

    /// Help where there is some.
    pub(super) fn maybe_help(self, help: Option<&str>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// As nom's error that no other branch is tried after.
    pub(super) fn stop<T>(self) -> Result<T, nom::Err<Self>> {
        Err(nom::Err::Failure(self))
    }

    pub(super) fn into_error(self, source: &str) -> Error {
        match self.text {
            Some(text) => {
                let span: Span = source.len() - self.start_left..source.len() - self.end_left;
                Error { span, message: text.message, help: text.help }
            }
            None => Self::expected(&source[source.len() - self.start_left..], "something else").into_error(source),
        }
    }
}

impl ParseError<&str> for Failure {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Self { start_left: input.len(), end_left: input.len(), text: None }
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// What is left behind any white space.
pub(super) fn space(input: &str) -> &str {
    input.trim_start()
}

/// What a message shows of the text: a word of reasonable length, or one sign.
fn token(input: &str) -> &str {
    const LONGEST: usize = 40;
    let word = input.bytes().take(LONGEST).take_while(|byte| is_word(char::from(*byte))).count();
    match word {
        0 => &input[..input.chars().next().map_or(0, char::len_utf8)],
        _ => &input[..word],
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Letters, digits and underscores, not a digit first; no white space before it.
pub(super) fn word(input: &str) -> Parsed<'_, &str> {
    recognize(pair(satisfy(is_word_start), take_while(is_word))).parse(input)
}

/// Words joined by dots, as in a class name.
pub(super) fn dotted(input: &str) -> Parsed<'_, &str> {
    recognize(pair(word, many0_count(preceded(char('.'), word)))).parse(input)
}

/// The word `name`, white space before it allowed.
pub(super) fn keyword<'s>(name: &'static str, input: &'s str) -> Parsed<'s, &'s str> {
    terminated(tag(name), not(satisfy(is_word))).parse(space(input))
}

/// The sign `sign`, white space before it allowed.
pub(super) fn sign<'s>(sign: &'static str, input: &'s str) -> Parsed<'s, &'s str> {
    tag(sign).parse(space(input))
}

pub(super) fn compare_op(input: &str) -> Parsed<'_, CompareOp> {
    alt((
        tag(">=").map(|_| CompareOp::GreaterOrEqual),
        tag("<=").map(|_| CompareOp::LessOrEqual),
        tag("==").map(|_| CompareOp::Equal),
        tag("!=").map(|_| CompareOp::NotEqual),
        tag(">").map(|_| CompareOp::Greater),
        tag("<").map(|_| CompareOp::Less),
    ))
    .parse(space(input))
}

/// Words with a meaning of their own, which cannot name a metric.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "by" | "of")
}

/// A number and the unit right behind it.
pub(super) fn number(input: &str) -> Parsed<'_, Quantity> {
    let input = space(input);
    let (behind, digits) = recognize(pair(digit1, opt(pair(char('.'), digit1)))).parse(input)?;
    let Some((quantity, unit)) = quantity::quantity(digits, behind) else {
        return Failure::new(input, behind, "this number is too large").stop();
    };
    let rest = &behind[unit..];
    if rest.starts_with(is_word_start) {
        let wrong = token(rest);
        return Failure::new(rest, &rest[wrong.len()..], format!("unknown unit `{wrong}`"))
            .help(format!("the units are {}", quantity::UNITS))
            .stop();
    }
    Ok((rest, quantity))
}

/// A text in `"` or `'`. There are no escapes, so that a regex stands as it is; a doubled quote is one quote of the
/// text.
pub(super) fn quoted(input: &str) -> Parsed<'_, String> {
    let input = space(input);
    let (mut rest, quote) = alt((char('"'), char('\''))).parse(input)?;
    let mut text = String::new();
    loop {
        let Some((part, behind)) = rest.split_once(quote) else {
            let line = input.find('\n').unwrap_or(input.len());
            return Failure::new(input, &input[line..], "this text has no closing quote").stop();
        };
        text.push_str(part);
        match behind.strip_prefix(quote) {
            Some(more) => {
                text.push(quote);
                rest = more;
            }
            None => return Ok((behind, text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_they_end() {
        assert_eq!(word("rate_5 > 2").unwrap(), (" > 2", "rate_5"));
        assert!(word("5rate").is_err());
        assert_eq!(dotted("http.error.{").unwrap(), (".{", "http.error"));
        assert!(keyword("or", " order").is_err());
        assert_eq!(keyword("or", " or(").unwrap().0, "(");
    }

    #[test]
    fn quotes_hold_anything_but_themselves() {
        assert_eq!(quoted("'a\"\\d'}").unwrap(), ("}", "a\"\\d".to_owned()));
        assert_eq!(quoted("\"\"").unwrap(), ("", String::new()));
        assert_eq!(quoted("'it''s'").unwrap().1, "it's");
        assert!(quoted("'it''s").is_err());
    }

    #[test]
    fn a_message_shows_one_token() {
        let shown = |text: &str| Failure::expected(text, "x").into_error(text).message;
        assert_eq!(shown("  by (x)"), "expected x, found `by`");
        assert_eq!(shown(" ñ"), "expected x, found `ñ`");
        assert_eq!(shown("\u{1b}[2J"), "expected x, found `\\u{1b}`");
        assert_eq!(shown(" "), "expected x, found the end of the expression");
        assert!(shown(&"a".repeat(5_000)).len() < 80);
    }
}
