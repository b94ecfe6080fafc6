//! Asks the API: one call, one answer, or what went wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER, USER_AGENT};
use reqwest::{StatusCode, redirect};
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::budget::{Budget, Purpose};
use super::documents::Document;
use super::error::seconds_in;
use super::{Endpoint, Error, Token};
use crate::time::{SECOND, Time};

/// The API's front refuses calls that do not say who asks.
pub const AGENT: &str = concat!("logwatch/", env!("CARGO_PKG_VERSION"));
/// An answer that takes longer does not come.
const ANSWER: Duration = Duration::from_secs(30);

/// How long calls are too many where nobody says how long: the front's own limit is one of seconds.
const DEFAULT_WAIT: Duration = Duration::from_secs(15);

/// Who asks, and what is known of the server from its answers.
pub struct Client {
    pub endpoint: Endpoint,
    pub token: Token,
    http: reqwest::Client,
    tls: Arc<rustls::ClientConfig>,
    state: Mutex<ServerState>,
    /// Between two calls.
    between: Duration,
}

/// What answers say of the server beside what was asked.
#[derive(Debug, Default)]
struct ServerState {
    budget: Budget,
    /// How far the server's clock is ahead of this one, in nanoseconds.
    ahead: Option<i64>,
    /// When the next call may be made.
    next: Option<Instant>,
    /// Until when no call may be made.
    blocked: Option<Instant>,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Option<Vec<Message>>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

impl Client {
    /// `between` two calls so much time passes at least.
    pub fn new(endpoint: Endpoint, token: Token, between: Duration) -> Result<Client, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Asked(format!("TLS cannot be set up: {error}"));
        let tls = tls().map_err(|error| failed(&error))?;
        let own = endpoint.clone();
        let same_server = redirect::Policy::custom(move |attempt| match own.is_same_server(attempt.url()) {
            true if attempt.previous().len() < 5 => attempt.follow(),
            true => attempt.error("it redirects again and again"),
            false => {
                let host = attempt.url().host_str().unwrap_or_default().to_string();
                attempt.error(format!("it redirects to another server ({host}), which is not to see the token"))
            }
        });
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(same_server)
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .timeout(ANSWER);
        if endpoint.is_loopback() {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| failed(&error))?;
        Ok(Client { endpoint, token, http, tls: Arc::new(tls), state: Mutex::default(), between })
    }

    /// The same server, asked with another token.
    pub fn with_token(&self, token: Token) -> Client {
        Client {
            endpoint: self.endpoint.clone(),
            token,
            http: self.http.clone(),
            tls: Arc::clone(&self.tls),
            state: Mutex::default(),
            between: self.between,
        }
    }

    pub fn tls(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// Asks once.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] without a call where calls have become too few for this purpose.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        document: Document,
        variables: Value,
        purpose: Purpose,
    ) -> Result<T, Error> {
        self.call(document, variables, purpose, false).await
    }

    /// The same of something of which a part is not enough: an answer that tells of errors, too, is one.
    pub async fn ask_whole<T: DeserializeOwned>(
        &self,
        document: Document,
        variables: Value,
        purpose: Purpose,
    ) -> Result<T, Error> {
        self.call(document, variables, purpose, true).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        document: Document,
        variables: Value,
        purpose: Purpose,
        is_whole: bool,
    ) -> Result<T, Error> {
        tokio::time::sleep(self.turn(purpose)?).await;
        let body = serde_json::json!({
            "operationName": document.name, "query": document.text, "variables": variables,
        });
        let (name, secret) = self.token.header();
        let request = self
            .http
            .post(self.endpoint.query(document.name))
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/json")
            .header(name, secret)
            .body(body.to_string());
        let host = self.endpoint.host();
        let failing = |error: reqwest::Error| Error::Failing(format!("{host}: {}", plainly(&error)));
        let response = request.send().await.map_err(|error| match error.is_redirect() {
            true => Error::Asked(format!("{host}: {}", plainly(&error))),
            false => failing(error),
        })?;
        let status = response.status();
        let headers = response.headers().clone();
        self.note(&headers);
        let text = response.bytes().await.map_err(failing)?;
        let answer = self.read(status, &headers, &text, is_whole);
        if let Err(Error::TooMany(wait)) = &answer {
            self.block(wait.unwrap_or(DEFAULT_WAIT));
        }
        answer
    }

    fn read<T: DeserializeOwned>(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        text: &[u8],
        is_whole: bool,
    ) -> Result<T, Error> {
        let advice = self.token.advice();
        let answer = serde_json::from_slice::<Answer<T>>(text);
        let words = || String::from_utf8_lossy(&text[..text.len().min(4_096)]).to_lowercase();
        if status == StatusCode::TOO_MANY_REQUESTS || is_limit_page(status, &words()) {
            return Err(Error::TooMany(retry_after(headers).or_else(|| seconds_in(&words()))));
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(Error::Refused { reason: "401".into(), advice });
        }
        if status.is_server_error() {
            return Err(Error::Failing(format!("Railway fails with status {}", status.as_u16())));
        }
        match answer {
            Ok(Answer { errors: Some(errors), data })
                if !errors.is_empty() && (is_whole || data.is_none() || !status.is_success()) =>
            {
                let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
                Err(Error::of_messages(&messages, &advice))
            }
            Ok(Answer { data: Some(data), .. }) if status.is_success() => Ok(data),
            _ if status == StatusCode::FORBIDDEN => {
                Err(Error::Failing("Railway's front refuses the call (status 403, and no answer of the API's)".into()))
            }
            // Where a field that has to be there is null there is an error, too.
            Err(_) if status.is_success() || status == StatusCode::BAD_REQUEST => {
                match serde_json::from_slice::<Answer<Value>>(text) {
                    Ok(Answer { errors: Some(errors), .. }) if !errors.is_empty() => {
                        let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
                        Err(Error::of_messages(&messages, &advice))
                    }
                    Ok(_) => Err(Error::Answered(
                        "what logwatch does not understand; is there a newer version of it?".into(),
                    )),
                    Err(_) => Err(Error::Failing("Railway's answer is no JSON, or breaks off".into())),
                }
            }
            _ => Err(Error::Failing(format!("Railway answers with status {}", status.as_u16()))),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ServerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long to wait before the next call, for which its turn is taken.
    fn turn(&self, purpose: Purpose) -> Result<Duration, Error> {
        let now = Instant::now();
        let server = self.server_now().second();
        let mut state = self.state();
        if let Some(blocked) = state.blocked.filter(|blocked| *blocked > now) {
            return Err(Error::TooMany(Some(blocked - now)));
        }
        if let Some(wait) = state.budget.wait(purpose, server) {
            return Err(Error::TooMany(Some(wait)));
        }
        let turn = state.next.unwrap_or(now).max(now);
        state.next = Some(turn + self.between);
        Ok(turn - now)
    }

    /// Takes note of a limit that the server stated, here or at the handshake of a socket.
    pub fn block(&self, wait: Duration) {
        self.state().blocked = Some(Instant::now() + wait.min(Duration::from_secs(3_600)));
    }

    fn note(&self, headers: &HeaderMap) {
        let mut state = self.state();
        state.budget.note(headers);
        let date = headers.get(DATE).and_then(|date| chrono::DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        if let Some(date) = date.and_then(|date| date.timestamp_nanos_opt()) {
            // It has whole seconds.
            state.ahead = Some(date + SECOND / 2 - local_now().0);
        }
    }

    pub fn budget(&self) -> Budget {
        self.state().budget
    }

    /// What the server's clock shows, to a second or two; this machine's clock before the first answer.
    pub fn server_now(&self) -> Time {
        let ahead = self.state().ahead.unwrap_or(0);
        local_now().saturating_add(ahead)
    }

    /// How far the server's clock is ahead of this machine's, in nanoseconds.
    pub fn ahead(&self) -> i64 {
        self.state().ahead.unwrap_or(0)
    }
}

/// TLS as clients of this program speak it: servers are known by the certificates that the machine trusts.
pub fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.with_platform_verifier()?.with_no_client_auth())
}

fn local_now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time(since.map_or(0, |since| since.as_nanos() as i64))
}

/// Seconds, or a date.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0)));
    }
    let at = chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp_nanos_opt()?;
    Some(Duration::from_nanos((at - local_now().0).max(0) as u64))
}

/// The page that the front shows to who asks too often.
fn is_limit_page(status: StatusCode, words: &str) -> bool {
    status == StatusCode::FORBIDDEN && (words.contains("1015") || words.contains("rate limited"))
}

/// The innermost cause, which says most. An address can hold what a person typed, and is left out.
pub fn plainly(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match () {
        () if error.is_timeout() => "no answer in time".into(),
        () if error.is_connect() => format!("no connection ({cause})"),
        () => crate::text::escape(&cause.to_string()),
    }
}
