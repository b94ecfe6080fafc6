//! Windows: `[5m]`, `[deploy]`.

use nom::Parser as _;
use nom::combinator::opt;

use super::ast::{MAX_WINDOW_SECONDS, Window};
use super::quantity::Unit;
use super::token::{Failure, Parsed, keyword, number, sign, space};

/// `[5m]` or `[deploy]` if it stands here, where `known` has been read before.
pub(super) fn window(input: &str, known: Option<Window>) -> Parsed<'_, Option<Window>> {
    let bracket = space(input);
    let Ok((inside, _)) = sign("[", bracket) else { return Ok((input, known)) };
    let inside = space(inside);
    let (rest, window) = match keyword("deploy", inside) {
        Ok((rest, _)) => (rest, Window::Deploy),
        Err(_) => length(inside)?,
    };
    let Ok((rest, _)) = sign("]", rest) else {
        return Failure::expected(rest, "`]`").stop();
    };
    if known.is_some() {
        return Failure::new(bracket, rest, "a second window").help("one call has one window").stop();
    }
    // Another one right behind it is one too many.
    self::window(rest, Some(window))
}

fn length(input: &str) -> Parsed<'_, Window> {
    const HELP: &str = "write a time such as `[30s]`, `[5m]`, `[2h]`, or `[deploy]`";
    let (rest, Some(length)) = opt(number).parse(input)? else {
        return Failure::expected(input, "a length of time").help(HELP).stop();
    };
    if length.unit != Unit::Seconds {
        return Failure::new(input, rest, format!("`{length}` is no length of time")).help(HELP).stop();
    }
    // Events are counted by the second, so a window can only end between seconds.
    if length.value < 1.0 || length.value.fract() != 0.0 || length.value > MAX_WINDOW_SECONDS as f64 {
        return Failure::new(input, rest, format!("a window cannot be `{length}` long"))
            .help("whole seconds, from `1s` to `366d`")
            .stop();
    }
    Ok((rest, Window::Length(length.value as i64 * 1_000_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Window = Window::Length(60_000_000_000);

    #[test]
    fn a_window_is_read_if_there_is_one() {
        assert_eq!(window(" [ 60s ])", None).unwrap(), (")", Some(MINUTE)));
        assert_eq!(window("[deploy]", None).unwrap(), ("", Some(Window::Deploy)));
        assert_eq!(window(" > 5", None).unwrap(), (" > 5", None));
        assert_eq!(window(" > 5", Some(MINUTE)).unwrap(), (" > 5", Some(MINUTE)));
        assert_eq!(window("[366d]", None).unwrap().1, Some(Window::Length(MAX_WINDOW_SECONDS * 1_000_000_000)));
    }

    #[test]
    fn mistakes_are_shown_with_what_to_write() {
        for (text, message, help) in [
            ("[5]", "`5` is no length of time", "or `[deploy]`"),
            ("[0s]", "a window cannot be `0s` long", "from `1s` to `366d`"),
            ("[1500ms]", "a window cannot be `1.5s` long", "from `1s` to `366d`"),
            ("[999999999d]", "a window cannot be `999999999d` long", "from `1s` to `366d`"),
            ("[]", "expected a length of time, found `]`", "or `[deploy]`"),
            ("[5m", "expected `]`, found the end of the expression", ""),
            ("[1m][1m]", "a second window", "one call has one window"),
        ] {
            let Err(nom::Err::Failure(failure)) = window(text, None) else { panic!("{text}") };
            let error = failure.into_error(text);
            assert_eq!(error.message, message, "{text}");
            assert!(error.help.unwrap_or_default().ends_with(help), "{text}");
        }
        assert!(window("[1m]", Some(MINUTE)).is_err());
    }
}
