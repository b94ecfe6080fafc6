//! What goes wrong between here and the API, and whether to try again.

use std::time::Duration;

/// What can go wrong between this program and the API.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for cannot be: the command line, a token, a name.
    #[error("{0}")]
    Asked(String),
    /// The API does not accept the token.
    #[error("Railway does not accept the token ({reason}): {advice}")]
    Refused {
        /// What the API answered.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// Too many calls; how long to wait where the API says so.
    #[error("Railway's limit of calls is reached{}", wait(*.0))]
    TooMany(Option<Duration>),
    /// The API answers that it cannot do what it was asked.
    #[error("Railway answers: {0}")]
    Answered(String),
    /// The API, or the way to it, fails for now.
    #[error("{0}")]
    Failing(String),
}

fn wait(delay: Option<Duration>) -> String {
    delay.map_or(String::new(), |delay| format!("; it says to wait {} s", delay.as_secs()))
}

impl Error {
    /// Whether to try again soon.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Failing(_) | Error::TooMany(_))
    }

    /// What the API's answer means that brings these messages instead of data.
    pub fn of_messages(messages: &[String], advice: &str) -> Error {
        let reason = crate::text::escape(&messages.join("; "));
        let lower = reason.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if any(&["too many requests", "rate limit", "ratelimit"]) {
            Error::TooMany(seconds_in(&lower))
        } else if any(&["not authorized", "unauthorized", "token not found", "invalid token", "not authenticated"]) {
            Error::Refused { reason, advice: advice.into() }
        } else if any(&[
            "internal server error",
            "problem processing",
            "timeout",
            "timed out",
            "temporarily",
            "unavailable",
        ]) {
            Error::Failing(format!("Railway answers: {reason}"))
        } else {
            Error::Answered(reason)
        }
    }
}

/// The delay that a text names, such as `retry in 30 seconds` or `retry after 2 minutes`.
pub fn seconds_in(text: &str) -> Option<Duration> {
    let mut words =
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let Ok(number) = digits.parse::<u64>() else { continue };
        let unit = if digits.len() < word.len() { &word[digits.len()..] } else { words.peek().copied().unwrap_or("") };
        match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => return Some(Duration::from_secs(number)),
            "m" | "min" | "mins" | "minute" | "minutes" => return Some(Duration::from_secs(number.saturating_mul(60))),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_what_to_do() {
        let of = |message: &str| Error::of_messages(&[message.into()], "advice");
        assert!(matches!(of("Project Token not found"), Error::Refused { .. }));
        assert!(matches!(of("Not Authorized"), Error::Refused { .. }));
        assert!(
            matches!(of("Too many requests, retry after 7 seconds"), Error::TooMany(Some(wait)) if wait.as_secs() == 7)
        );
        assert!(
            matches!(of("Cannot query field \"x\""), Error::Answered(_)) && !of("Deployment not found").is_passing()
        );
        assert!(of("Internal server error").is_passing());
    }

    #[test]
    fn delays_are_read_from_words() {
        assert_eq!(seconds_in("try again in 30 seconds"), Some(Duration::from_secs(30)));
        assert_eq!(seconds_in("limit 100, wait 2m"), Some(Duration::from_secs(120)));
        assert_eq!(seconds_in("error 1015"), None);
    }
}
