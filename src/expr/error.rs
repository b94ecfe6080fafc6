//! What is wrong with an expression, and where.

use super::ast::Span;

/// A mistake in the text of an expression or in what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Bytes of the source text; empty where something is missing.
    pub span: Span,
    /// What is wrong, as a clause without a full stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl Error {
    /// An error at a place of the text.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    /// The same, with what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The message with its line of `source`, and carets under the span. `origin` says where the expression stands,
    /// such as `plan.toml:12`. Carets count characters; control characters are shown as spaces. No line end behind the
    /// last line.
    ///
    /// ```text
    /// plan.toml:12: unknown function `p59`
    ///   p59(http.request{}.duration) > 2s
    ///   ^^^ did you mean `p95`?
    /// ```
    pub fn render(&self, source: &str, origin: &str) -> String {
        let start = char_boundary(source, self.span.start);
        let end = char_boundary(source, self.span.end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |newline| start + newline);
        let line = source[line_start..line_end].trim_end();
        let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let column = source[line_start..start].chars().count();
        let carets = source[start..end.min(line_end.max(start))].chars().count().max(1);

        let mut text = format!("{origin}: {}", self.message);
        if source.trim_end().contains('\n') {
            let number = source[..start].matches('\n').count() + 1;
            text.push_str(&format!(" (line {number} of the expression)"));
        }
        text.push_str(&format!("\n  {shown}\n  {}{}", " ".repeat(column), "^".repeat(carets)));
        if let Some(help) = &self.help {
            text.push(' ');
            text.push_str(help);
        }
        text
    }
}

/// The last boundary of a character at or before `at`.
fn char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_span() {
        let source = "p59(http.request{}.duration) > 2s";
        let error = Error::new(0..3, "unknown function `p59`").help("did you mean `p95`?");
        assert_eq!(
            error.render(source, "plan.toml:12"),
            "plan.toml:12: unknown function `p59`\n  p59(http.request{}.duration) > 2s\n  ^^^ did you mean `p95`?"
        );
    }

    #[test]
    fn columns_are_characters_and_only_the_line_is_shown() {
        let source = "count(a{user=\"josé\"}) > 1\n\tand count(b{user=\"ñandú\"}) ? 2\n  and true";
        let at = source.find('?').unwrap();
        assert_eq!(
            Error::new(at..at + 1, "what").render(source, "x"),
            "x: what (line 2 of the expression)\n   and count(b{user=\"ñandú\"}) ? 2\n                              ^"
        );
    }

    #[test]
    fn a_span_over_several_lines_is_cut_at_the_first() {
        let source = "1 +\n2";
        assert_eq!(Error::new(0..5, "m").render(source, "x"), "x: m (line 1 of the expression)\n  1 +\n  ^^^");
    }

    #[test]
    fn spans_outside_the_text_or_inside_a_character_do_no_harm() {
        let missing = Error::new(9..12, "m");
        assert_eq!(missing.render("1 +", "x"), "x: m\n  1 +\n     ^");
        assert_eq!(missing.render("", "x"), "x: m\n  \n  ^");
        assert_eq!(Error::new(1..2, "m").render("éa", "x"), "x: m\n  éa\n  ^");
        assert!(Error::new(100_000..100_000, "m").render(&" x".repeat(50_000), "x").ends_with(" ^"));
    }
}
