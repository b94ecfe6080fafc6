//! One message to one receiver: tried until it is delivered, refused, or given up.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, StatusCode, Url, redirect};
use ring::hmac;
use tokio::runtime::{Builder, Runtime};

use super::ending::Ending;
use super::mail;
use super::message::Message;
use crate::rules::plan::Way;
use crate::source::railway::{AGENT, is_loopback, plainly, retry_after, tls};
use crate::subprocess;

/// An attempt that takes longer has failed.
const ATTEMPT: Duration = Duration::from_secs(10);
/// A message is tried no longer than this.
const LONGEST: Duration = Duration::from_secs(180);
/// Before the second attempt; before each further one twice as long, up to the most.
const DELAY: Duration = Duration::from_millis(250);
const MOST_DELAY: Duration = Duration::from_secs(30);
/// Between two messages to a server: Slack takes one a second.
const BETWEEN: Duration = Duration::from_secs(1);

/// Sends messages to one receiver.
pub struct Sender {
    way: Way,
    http: Option<(Runtime, Client)>,
    /// When the last message was sent to a server.
    last: Option<Instant>,
}

/// What became of an attempt.
pub enum Failed {
    /// Another attempt may succeed, after so long if the receiver says so.
    ForNow {
        why: String,
        wait: Option<Duration>,
    },
    ForGood(String),
}

impl Sender {
    /// # Errors
    ///
    /// Says what cannot be set up.
    pub fn new(way: Way) -> Result<Sender, String> {
        let http = match &way {
            Way::Command(_) | Way::Email { .. } => None,
            Way::Webhook { url, .. }
            | Way::Slack(url)
            | Way::Discord(url)
            | Way::PagerDuty { url, .. }
            | Way::Telegram { url, .. } => {
                let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
                Some((runtime, client(url)?))
            }
        };
        Ok(Sender { way, http, last: None })
    }

    /// Delivers a message.
    ///
    /// # Errors
    ///
    /// Says why it is given up.
    pub fn deliver(&mut self, message: &Message, ending: &Ending) -> Result<(), String> {
        if let Some(last) = self.last {
            ending.sleep((last + BETWEEN).saturating_duration_since(Instant::now()));
        }
        let start = Instant::now();
        let mut delay = DELAY;
        loop {
            let (why, wait) = match self.attempt(message, ending) {
                Ok(()) => return Ok(()),
                Err(Failed::ForGood(why)) => return Err(why),
                Err(Failed::ForNow { why, wait }) => (why, wait),
            };
            let wait = wait.unwrap_or_else(|| jittered(delay));
            delay = (2 * delay).min(MOST_DELAY);
            let next = Instant::now() + wait;
            if next > start + LONGEST || !ending.sleep(wait) {
                return Err(why);
            }
        }
    }

    fn attempt(&mut self, message: &Message, ending: &Ending) -> Result<(), Failed> {
        let timeout = ending.at_most(ATTEMPT);
        let Some((runtime, client)) = &self.http else {
            let command = match &self.way {
                Way::Command(command) => command,
                Way::Email { smtp, from, to } => {
                    self.last = Some(Instant::now());
                    return mail::send(smtp, from, to, message, timeout);
                }
                _ => return Ok(()),
            };
            // A program that fails has been told; what it has done by then is not to be done twice.
            let deadline = Instant::now() + timeout;
            let ended = subprocess::run(command, &message.body, || Instant::now() < deadline);
            return match ended {
                Ok(ended) if ended.status.success() => Ok(()),
                Ok(ended) => Err(Failed::ForGood(format!("ended with {}", ended.status))),
                Err(failed) => Err(Failed::ForGood(failed.to_string())),
            };
        };
        let mut secret = None;
        let (url, body) = match &self.way {
            Way::Command(_) | Way::Email { .. } => return Ok(()),
            Way::PagerDuty { url, key } => match message.pagerduty(key) {
                Some(body) => (url, body),
                None => return Ok(()),
            },
            Way::Telegram { url, chat } => (url, message.telegram(chat)),
            Way::Webhook { url, secret: key } => {
                secret = key.as_ref();
                (url, message.body.clone())
            }
            Way::Slack(url) => (url, message.slack()),
            Way::Discord(url) => (url, message.discord()),
        };
        let mut request = client.post(url.clone()).timeout(timeout);
        request = request.header(USER_AGENT, AGENT).header(CONTENT_TYPE, "application/json");
        if matches!(self.way, Way::Webhook { .. }) {
            let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            request = request.header("X-Logwatch-Timestamp", timestamp);
            if let Some(secret) = secret {
                request = request.header("X-Logwatch-Signature", signature(secret, timestamp, &body));
            }
        }
        self.last = Some(Instant::now());
        // An error of the client shows the address, which is left out.
        let answer = runtime.block_on(async { request.body(body).send().await });
        let answer = answer.map_err(|error| Failed::ForNow { why: plainly(&error.without_url()), wait: None })?;
        let why = || format!("status {}", answer.status().as_u16());
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => Err(Failed::ForGood(why() + ": it redirects, which is not followed")),
            StatusCode::TOO_MANY_REQUESTS => Err(Failed::ForNow { why: why(), wait: retry_after(answer.headers()) }),
            status if status.is_server_error() => {
                Err(Failed::ForNow { why: why(), wait: retry_after(answer.headers()) })
            }
            _ => Err(Failed::ForGood(why())),
        }
    }
}

/// A client that follows no redirect and tells nobody where it comes from.
pub fn client(url: &Url) -> Result<Client, String> {
    let tls = tls().map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let mut client = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none()).referer(false);
    if is_loopback(url) {
        client = client.no_proxy();
    }
    client.build().map_err(|error| plainly(&error))
}

/// `sha256=…` of the timestamp, a full stop, and the body, in hexadecimal digits.
fn signature(secret: &str, timestamp: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// Between three and five quarters of it, so that not all who failed at once try again at once.
fn jittered(delay: Duration) -> Duration {
    let part = RandomState::new().hash_one(0) % 512;
    delay.mul_f64(0.75 + part as f64 / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key` says.
    #[test]
    fn signatures_are_those_of_openssl() {
        let expected = "a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";
        assert_eq!(signature("key", 1_700_000_000, r#"{"a":1}"#), format!("sha256={expected}"));
    }
}
