//! What a plan measures beside the log: `[[probe]]`, checked before a run, with the addresses and secrets that are in variables.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::bytes::Regex;
use reqwest::Method;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use toml::Spanned;

use super::notify::{Variables, is_reference};
use super::{Error, Plan, Span};
use crate::probe::NUMBERS;

/// Headers whose values are secrets wherever they stand.
const SECRET: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// A `[[probe]]` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub id: Spanned<String>,
    /// An address, or `env:NAME`.
    pub http: Option<Spanned<String>>,
    /// A program and its arguments, run without a shell.
    pub command: Option<Spanned<Vec<String>>>,
    /// `env:NAME`, which holds the address of a database.
    pub postgres: Option<Spanned<String>>,
    #[serde(default = "one_minute")]
    pub every: Spanned<Span>,
    /// An answer that takes longer is none.
    #[serde(default = "ten_seconds")]
    pub timeout: Spanned<Span>,
    /// Of `http`, as all that follows but the last.
    pub method: Option<Spanned<String>>,
    /// Their values, or `env:NAME`.
    #[serde(default)]
    pub headers: BTreeMap<String, Spanned<String>>,
    pub body: Option<Spanned<String>>,
    pub status: Option<Spanned<Status>>,
    /// An answer that takes longer is not what is expected.
    pub within: Option<Spanned<Span>>,
    /// What must stand in the answer.
    pub text: Option<Spanned<String>>,
    #[serde(default)]
    pub json: Vec<Spanned<Member>>,
    /// Of `command`: by name, a regex with one group, which captures the number in what is printed.
    #[serde(default)]
    pub numbers: BTreeMap<String, Spanned<String>>,
}

/// `200`, or `"2xx"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Status {
    Code(u16),
    Family(String),
}

/// A member of a JSON answer, and what is expected of it: without anything else, that it is there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// A JSON pointer, such as `/checks/0/status`.
    pub at: String,
    pub equals: Option<toml::Value>,
    /// The number is how many members or characters it has.
    #[serde(default)]
    pub length: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// The number counts as a `probe.number` of this name.
    #[serde(rename = "as")]
    pub name: Option<String>,
}

/// A probe that is ready to be run. What it is asked with may hold secrets, so it is never shown.
#[derive(Clone)]
pub struct Probe {
    pub id: String,
    pub every: Duration,
    pub timeout: Duration,
    pub ask: Ask,
}

/// What is asked, and what of the answer is expected.
#[derive(Clone)]
pub enum Ask {
    Http(Box<Http>),
    Command {
        words: Vec<String>,
        numbers: Vec<(String, Regex)>,
    },
    /// The address of a database.
    Postgres(String),
}

#[derive(Clone)]
pub struct Http {
    pub url: Url,
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Option<String>,
    /// From the first status to the last.
    pub status: (u16, u16),
    pub within: Option<Duration>,
    pub text: Option<String>,
    pub json: Vec<Expected>,
}

#[derive(Clone)]
pub struct Expected {
    pub at: String,
    pub equals: Option<serde_json::Value>,
    pub length: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub name: Option<String>,
}

fn one_minute() -> Spanned<Span> {
    Spanned::new(0..0, Span(60))
}

fn ten_seconds() -> Spanned<Span> {
    Spanned::new(0..0, Span(10))
}

impl Plan {
    /// The probes: those of the plan it extends but for those of an id of its own, then its own. Without `variables` those that need
    /// one are left out.
    ///
    /// # Errors
    ///
    /// Tables that say nothing clear, and variables that are not set, each with its place.
    pub fn probes(&self, variables: Variables<'_>) -> Result<Vec<Probe>, Error> {
        let mut all = self.base.as_ref().map_or(Ok(Vec::new()), |base| base.probes(variables))?;
        let own = &self.document.probes;
        all.retain(|known| own.iter().all(|probe| *probe.id.get_ref() != known.id));
        for (at, written) in own.iter().enumerate() {
            let id = written.id.get_ref();
            if own[..at].iter().any(|known| known.id.get_ref() == id) {
                return Err(self.error(&written.id, format!("two probes are called `{id}`")));
            }
            for span in [&written.every, &written.timeout] {
                if span.get_ref().0 < 1 {
                    return Err(self.error(span, "less than a second is too short for a probe".into()));
                }
            }
            let seconds = |span: &Spanned<Span>| Duration::from_secs(span.get_ref().0.unsigned_abs());
            let ask = self.ask(written, variables)?;
            let (every, timeout) = (seconds(&written.every), seconds(&written.timeout));
            all.extend(ask.map(|ask| Probe { id: id.clone(), every, timeout, ask }));
        }
        Ok(all)
    }

    /// The ids of all probes, whether they can be run or not, each with the names of the numbers that it reads.
    pub fn probe_numbers(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all = self.base.as_ref().map(|base| base.probe_numbers()).unwrap_or_default();
        all.extend(self.document.probes.iter().map(|probe| (probe.id.get_ref().as_str(), probe.names())));
        all
    }

    fn ask(&self, written: &Written, variables: Variables<'_>) -> Result<Option<Ask>, Error> {
        let Written { id, http, command, postgres, numbers, .. } = written;
        let of_http = written.of_http();
        let misplaced =
            |of: &str| format!("`{of}` is for a probe by `{}`", if of == "numbers" { "command" } else { "http" });
        if let (Some(name), None) = (of_http, http) {
            return Err(self.error(id, misplaced(name)));
        }
        if !numbers.is_empty() && command.is_none() {
            return Err(self.error(id, misplaced("numbers")));
        }
        match (http, command, postgres) {
            (Some(http), None, None) => self.ask_http(http, written, variables),
            (None, Some(command), None) => {
                if command.get_ref().first().is_none_or(|program| program.is_empty()) {
                    return Err(self.error(command, "`command` is empty; name a program and its arguments".into()));
                }
                let numbers = numbers.iter().map(|(name, text)| self.number(name, text)).collect::<Result<_, _>>()?;
                Ok(Some(Ask::Command { words: command.get_ref().clone(), numbers }))
            }
            (None, None, Some(postgres)) => {
                let url = self.variable(postgres, variables)?;
                let is_one =
                    |url: &String| url.parse::<tokio_postgres::Config>().is_ok() || crate::probe::verifies(url);
                match url {
                    Some(url) if !is_one(&url) => {
                        let message = "the variable holds no address of PostgreSQL, such as postgres://user:password@host:5432/name";
                        Err(self.error(postgres, message.into()))
                    }
                    url => Ok(url.map(Ask::Postgres)),
                }
            }
            _ => Err(self.error(id, "a `[[probe]]` has one of `http`, `command` and `postgres`".into())),
        }
    }

    fn ask_http(
        &self,
        http: &Spanned<String>,
        written: &Written,
        variables: Variables<'_>,
    ) -> Result<Option<Ask>, Error> {
        let url = match is_reference(http.get_ref()) {
            true => self.variable(http, variables)?,
            false => Some(http.get_ref().clone()),
        };
        let url = url.map(|url| self.web_address(http, &url)).transpose()?;
        let method = match &written.method {
            None => Method::GET,
            Some(name) => Method::from_bytes(name.get_ref().as_bytes())
                .ok()
                .filter(|_| name.get_ref().bytes().all(|byte| byte.is_ascii_uppercase()))
                .ok_or_else(|| self.error(name, "`method` is none of HTTP, such as GET or POST".into()))?,
        };
        let mut headers = HeaderMap::new();
        let mut has_all = true;
        for (name, text) in &written.headers {
            let is_secret = SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret));
            let value = match is_secret || is_reference(text.get_ref()) {
                true => self.variable(text, variables)?,
                false => Some(text.get_ref().clone()),
            };
            let Some(value) = value else {
                has_all = false;
                continue;
            };
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| self.error(text, format!("`{name}` is no name of a header")))?;
            // What it holds may be a secret, and is not repeated.
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| self.error(text, format!("the value of `{name}` cannot stand in a header")))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let status = match &written.status {
            None => (200, 299),
            Some(status) => span_of(status.get_ref()).ok_or_else(|| {
                self.error(status, "`status` is a status such as 200, or a family such as \"2xx\"".into())
            })?,
        };
        let json = written.json.iter().map(|member| self.expected(member)).collect::<Result<_, _>>()?;
        let within = written.within.as_ref().map(|span| Duration::from_secs(span.get_ref().0.unsigned_abs()));
        let (body, text) = (&written.body, &written.text);
        Ok(url.filter(|_| has_all).map(|url| {
            Ask::Http(Box::new(Http {
                url,
                method,
                headers,
                body: body.as_ref().map(|body| body.get_ref().clone()),
                status,
                within,
                text: text.as_ref().map(|text| text.get_ref().clone()),
                json,
            }))
        }))
    }

    /// An address of the web, which may be of a private network, and so without TLS. It is not repeated where it is none.
    fn web_address(&self, text: &Spanned<String>, url: &str) -> Result<Url, Error> {
        let wrong = |what: String| self.error(text, what);
        let url = Url::parse(url).map_err(|error| wrong(format!("`http` is no address ({error})")))?;
        match url.scheme() {
            "https" | "http" => Ok(url),
            scheme => Err(wrong(format!("`http` is no address of the web: it begins with {scheme}, not https"))),
        }
    }

    fn expected(&self, member: &Spanned<Member>) -> Result<Expected, Error> {
        let Member { at, equals, length, min, max, name } = member.get_ref().clone();
        if !(at.is_empty() || at.starts_with('/')) {
            return Err(self.error(member, format!("`at` is a JSON pointer: it begins with a slash, `/{at}`")));
        }
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(self.error(member, "`min` is larger than `max`".into()));
        }
        let equals = equals.map(serde_json::to_value).transpose();
        let equals = equals.map_err(|error| self.error(member, format!("`equals` is nothing JSON has: {error}")))?;
        Ok(Expected { at, equals, length, min, max, name })
    }

    fn number(&self, name: &str, text: &Spanned<String>) -> Result<(String, Regex), Error> {
        let regex = Regex::new(text.get_ref()).map_err(|error| self.error(text, error.to_string()))?;
        match regex.captures_len() {
            2 => Ok((name.into(), regex)),
            _ => Err(self.error(text, format!("`{name}` needs one group, which captures the number: 'free: (\\d+)'"))),
        }
    }
}

impl Written {
    /// The names of the numbers that it reads.
    fn names(&self) -> Vec<&str> {
        let members = self.json.iter().filter_map(|member| member.get_ref().name.as_deref());
        let database: &[&str] = if self.postgres.is_some() { &NUMBERS } else { &[] };
        members.chain(self.numbers.keys().map(String::as_str)).chain(database.iter().copied()).collect()
    }

    /// The first key that is there and is for `http` alone.
    fn of_http(&self) -> Option<&'static str> {
        let keys = [
            ("method", self.method.is_some()),
            ("headers", !self.headers.is_empty()),
            ("body", self.body.is_some()),
            ("status", self.status.is_some()),
            ("within", self.within.is_some()),
            ("text", self.text.is_some()),
            ("json", !self.json.is_empty()),
        ];
        keys.into_iter().find_map(|(name, is_there)| is_there.then_some(name))
    }
}

/// The first and the last status.
fn span_of(status: &Status) -> Option<(u16, u16)> {
    match status {
        Status::Code(code) => (100..=599).contains(code).then_some((*code, *code)),
        Status::Family(text) => match text.as_bytes() {
            [digit @ b'1'..=b'5', b'x', b'x'] => {
                let first = u16::from(digit - b'0') * 100;
                Some((first, first + 99))
            }
            _ => None,
        },
    }
}
