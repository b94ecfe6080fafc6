//! An entry as the patterns see it: its text, what stands before it and beside it, and the same with its secrets masked.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use super::definition::Parser;
use super::exception::Exception;
use super::library::Pattern;
use super::trace::Language;
use crate::decode::{Attributes, Level, level};
use crate::mask::Secrets;
use crate::text::glob::Glob;

/// What is classified: the text of an entry and what its first record says beside it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The whole text, lines joined by newlines.
    pub text: &'a [u8],
    pub raw_level: Option<Level>,
    /// Whether that level is certainly the logger's own word.
    pub states_level: bool,
    /// Whether a time stood before the text.
    pub timed: bool,
    /// A logger named beside the message; the head of the message wins.
    pub logger: Option<&'a [u8]>,
    pub attributes: Attributes<'a>,
    /// In which language the text tells a failure; `None` when it tells none.
    pub language: Option<Language>,
}

/// What the patterns are run against, worked out once an entry.
pub(crate) struct View<'a> {
    pub subject: Subject<'a>,
    /// The text without its `LEVEL:logger:` head.
    pub body: &'a [u8],
    pub level: Option<Level>,
    /// The level that the message itself states.
    stated: Option<Level>,
    pub logger: Option<&'a [u8]>,
    pub exception: Option<Exception>,
    /// `None` where the text holds no secrets.
    masked: OnceCell<Option<Box<Masked>>>,
}

/// An entry with its secrets masked: what labels are read from, and what is shown.
struct Masked {
    secrets: Secrets,
    body: Vec<u8>,
    exception: Option<Exception>,
}

/// The first thing about a pattern that an entry does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    Level,
    Logger,
    /// Index into the pattern's attributes.
    Attribute(usize),
    Regex,
    /// Index into the pattern's label globs.
    Label {
        index: usize,
        /// Another of its label globs fits.
        others_fit: bool,
    },
}

impl<'a> View<'a> {
    pub fn new(subject: Subject<'a>) -> Self {
        let head = level::head_of(subject.text, subject.timed);
        let exception = exception_of(subject);
        View {
            subject,
            body: &subject.text[head.length..],
            level: head.level.or(subject.raw_level.filter(|_| !is_part_of_another(subject))),
            stated: head.level.or(subject.raw_level.filter(|_| subject.states_level)),
            logger: head.logger.or(subject.logger),
            exception,
            masked: OnceCell::new(),
        }
    }

    fn masked(&self) -> Option<&Masked> {
        let mask = || {
            let text = self.subject.text;
            let secrets = Secrets::of(text);
            if secrets.is_empty() {
                return None;
            }
            let body = secrets.mask(text, text.len() - self.body.len()..text.len()).into_owned();
            let exception = self.exception.as_ref().map(|exception| {
                let subject = Subject { text: &secrets.mask(text, 0..text.len()), ..self.subject };
                exception_of(subject).unwrap_or_else(|| exception.masked())
            });
            Some(Box::new(Masked { secrets, body, exception }))
        };
        self.masked.get_or_init(mask).as_deref()
    }

    /// Whether the entry's text holds a secret.
    pub fn has_secrets(&self) -> bool {
        self.masked().is_some()
    }

    /// The body with its secrets masked.
    pub fn masked_body(&self) -> &[u8] {
        self.masked().map_or(self.body, |masked| &masked.body)
    }

    /// A part of what the pattern's regex is run on, with what is secret in it masked.
    pub fn masked_part(&self, pattern: &Pattern, part: Range<usize>) -> Cow<'_, [u8]> {
        let before = self.subject.text.len() - self.searched(pattern).len();
        let part = before + part.start..before + part.end;
        match self.masked() {
            Some(masked) => masked.secrets.mask(self.subject.text, part),
            None => Cow::Borrowed(&self.subject.text[part]),
        }
    }

    /// Whether the entry meets the pattern's conditions on level, logger and attributes.
    pub fn allows(&self, pattern: &Pattern) -> Result<(), Miss> {
        let allowed = match pattern.level {
            // Of every level, known or not.
            Some(Level::Debug) => true,
            Some(least) => self.level.is_some_and(|level| level >= least),
            // A line that says it is no warning speaks of a failure, and is none.
            None if pattern.is_quoted => self.stated.is_none_or(|level| level >= Level::Warning),
            None => true,
        };
        if !allowed {
            return Err(Miss::Level);
        }
        if pattern.logger.as_ref().is_some_and(|glob| self.logger.is_none_or(|logger| !glob.is_match(logger))) {
            return Err(Miss::Logger);
        }
        let attributes = self.subject.attributes;
        let fits = |(name, glob): &(String, Glob)| attributes.get(name).is_some_and(|value| glob.is_match(&value));
        pattern.attributes.iter().position(|condition| !fits(condition)).map_or(Ok(()), |at| Err(Miss::Attribute(at)))
    }

    /// Whether the pattern's parser reads failures of the language this one is in.
    pub fn is_read_by(&self, pattern: &Pattern) -> bool {
        match pattern.parser {
            Some(Parser::Failure) => self.subject.language.is_some(),
            Some(parser) => parser.language().is_some_and(|language| Some(language) == self.subject.language),
            None => false,
        }
    }

    /// What the pattern's regex is run on.
    pub fn searched(&self, pattern: &Pattern) -> &'a [u8] {
        if pattern.raw { self.subject.text } else { self.body }
    }

    /// What a built-in parser gives for a label or a value.
    pub fn member<'s>(&'s self, parser: Parser, name: &str, shape: &'s str) -> Option<Cow<'s, [u8]>> {
        member(parser, name, shape, (self.body, self.logger, self.exception.as_ref()))
    }

    /// The same with secrets masked.
    pub fn masked_member<'s>(&'s self, parser: Parser, name: &str, shape: &'s str) -> Option<Cow<'s, [u8]>> {
        let exception = match self.masked() {
            Some(masked) => masked.exception.as_ref(),
            None => self.exception.as_ref(),
        };
        member(parser, name, shape, (self.masked_body(), self.logger, exception))
    }
}

/// Whether a text is indented as what belongs to a line before it, such as the source line below a warning: that it came on
/// standard error says nothing about it.
fn is_part_of_another(subject: Subject<'_>) -> bool {
    let is_line = subject.language.is_none() && !subject.text.contains(&b'\n');
    is_line && !subject.states_level && matches!(subject.text, [b' ' | b'\t', ..])
}

fn exception_of(subject: Subject<'_>) -> Option<Exception> {
    subject.language?.read(subject.text)
}

/// What a built-in parser gives for a label or a value of an entry's body, logger and exception.
fn member<'s>(
    parser: Parser,
    name: &str,
    shape: &'s str,
    (body, logger, exception): (&'s [u8], Option<&'s [u8]>, Option<&'s Exception>),
) -> Option<Cow<'s, [u8]>> {
    if parser.reads_failures() {
        let exception = exception?;
        return match name {
            "type" => Some(Cow::Borrowed(exception.kind.as_bytes())),
            "message" => Some(Cow::Borrowed(exception.message.as_bytes())),
            "where" => exception.place.as_ref().map(|place| Cow::Owned(place.to_string().into_bytes())),
            _ => None,
        };
    }
    match parser {
        Parser::Level => match name {
            "logger" => logger.map(Cow::Borrowed),
            "shape" => Some(Cow::Borrowed(shape.as_bytes())),
            _ => None,
        },
        Parser::EmbeddedJson => {
            let object = &body[memchr::memchr(b'{', body)?..];
            Attributes::Json(object).get(name)
        }
        Parser::Logfmt => Attributes::Logfmt(body).get(name),
        // Requests never come here: they are recognised before any pattern runs.
        _ => None,
    }
}
