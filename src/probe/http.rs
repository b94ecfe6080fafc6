//! A probe that asks a server, and what it expects of the answer.

use std::time::Instant;

use reqwest::header::USER_AGENT;
use reqwest::{Client, redirect};
use serde_json::Value;

use super::{Found, Problem, seconds};
use crate::rules::plan::{Expected, Http};
use crate::source::railway::{AGENT, is_loopback, plainly, tls};

/// Bytes of an answer that are read.
const LONGEST: usize = 1 << 20;
/// Characters of a value that is shown.
const SHOWN: usize = 60;

/// # Errors
///
/// Says what cannot be set up.
pub fn client(http: &Http) -> Result<Client, String> {
    let tls = tls().map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let mut client = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none()).referer(false);
    if is_loopback(&http.url) {
        client = client.no_proxy();
    }
    client.build().map_err(|error| plainly(&error))
}

/// Asks once; who calls it keeps the time.
pub async fn look(client: &Client, http: &Http) -> Found {
    let start = Instant::now();
    let mut request = client.request(http.method.clone(), http.url.clone()).header(USER_AGENT, AGENT);
    request = request.headers(http.headers.clone());
    if let Some(body) = &http.body {
        request = request.body(body.clone());
    }
    // An error of the client shows the address, which may hold a secret.
    let unreachable = |error: reqwest::Error| Found::failed("unreachable", plainly(&error.without_url()));
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return unreachable(error),
    };
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LONGEST => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Found::failed("answer", "the answer is longer than 1 MiB"),
            Ok(None) => break,
            Err(error) => return unreachable(error),
        }
    }
    let took = start.elapsed();
    let mut found = Found::default();
    let (first, last) = http.status;
    if !(first..=last).contains(&status) {
        let wanted = if first == last { first.to_string() } else { format!("{}xx", first / 100) };
        // An error page has not what is looked for in an answer.
        return Found::failed("status", format!("status {status}, not {wanted}"));
    }
    let mut problems = Vec::new();
    if let Some(text) = &http.text
        && !String::from_utf8_lossy(&body).contains(text.as_str())
    {
        problems.push(Problem::new("answer", "what is looked for does not stand in the answer"));
    }
    if !http.json.is_empty() {
        match serde_json::from_slice::<Value>(&body) {
            Err(_) => problems.push(Problem::new("answer", "the answer is no JSON")),
            Ok(answer) => problems.extend(http.json.iter().filter_map(|member| member.of(&answer, &mut found.numbers))),
        }
    }
    if let Some(within) = http.within.filter(|within| took > *within) {
        let says = format!("the answer took {}, more than {}", seconds(took), seconds(within));
        problems.push(Problem::new("slow", says));
    }
    found.problem = problems.into_iter().next();
    found
}

impl Expected {
    /// What is wrong with it in an answer; its number is added to those that were read.
    fn of(&self, answer: &Value, numbers: &mut Vec<(String, f64)>) -> Option<Problem> {
        let at = if self.at.is_empty() { "the answer" } else { &self.at };
        let wrong = |says: String| Some(Problem::new("answer", says));
        let Some(value) = answer.pointer(&self.at) else { return wrong(format!("{at} is not in the answer")) };
        if let Some(equals) = &self.equals
            && !is_equal(value, equals)
        {
            return wrong(format!("{at} is {}, not {}", shown(value), shown(equals)));
        }
        if !self.length && self.min.is_none() && self.max.is_none() && self.name.is_none() {
            return None;
        }
        let number = match value {
            Value::Array(members) if self.length => Some(members.len() as f64),
            Value::Object(members) if self.length => Some(members.len() as f64),
            Value::String(text) if self.length => Some(text.chars().count() as f64),
            _ if self.length => None,
            value => value.as_f64(),
        };
        let what = if self.length { "length" } else { "number" };
        let Some(number) = number else { return wrong(format!("{at} is {}, which has no {what}", shown(value))) };
        numbers.extend(self.name.clone().map(|name| (name, number)));
        let of = if self.length { format!("the length of {at}") } else { at.to_string() };
        match (self.min, self.max) {
            (Some(min), _) if number < min => wrong(format!("{of} is {number}, less than {min}")),
            (_, Some(max)) if number > max => wrong(format!("{of} is {number}, more than {max}")),
            _ => None,
        }
    }
}

/// Numbers are equal however they are written.
fn is_equal(value: &Value, other: &Value) -> bool {
    value == other || value.is_number() && other.is_number() && value.as_f64() == other.as_f64()
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_there_equal_and_within_their_bounds() {
        let answer = json!({"status": "ok", "sessions": 299, "items": [1, 2, 3], "name": "käse", "ratio": 1.0});
        let plain = Expected { at: String::new(), equals: None, length: false, min: None, max: None, name: None };
        let at = |at: &str| Expected { at: at.into(), ..plain.clone() };
        let wrong = |member: Expected| member.of(&answer, &mut Vec::new()).map(|problem| problem.says);
        assert_eq!(wrong(at("/status")), None);
        assert_eq!(wrong(at("/missing")).as_deref(), Some("/missing is not in the answer"));
        assert_eq!(
            wrong(Expected { equals: Some(json!("down")), ..at("/status") }).as_deref(),
            Some("/status is \"ok\", not \"down\"")
        );
        assert_eq!(wrong(Expected { equals: Some(json!(1)), ..at("/ratio") }), None);
        assert_eq!(
            wrong(Expected { max: Some(298.0), ..at("/sessions") }).as_deref(),
            Some("/sessions is 299, more than 298")
        );
        assert_eq!(
            wrong(Expected { length: true, min: Some(4.0), ..at("/items") }).as_deref(),
            Some("the length of /items is 3, less than 4")
        );
        assert_eq!(wrong(Expected { length: true, min: Some(4.0), max: Some(4.0), ..at("/name") }), None);
        assert_eq!(
            wrong(Expected { max: Some(1.0), ..at("/status") }).as_deref(),
            Some("/status is \"ok\", which has no number")
        );
        let mut numbers = Vec::new();
        Expected { name: Some("sessions".into()), max: Some(1.0), ..at("/sessions") }.of(&answer, &mut numbers);
        assert_eq!(numbers, [("sessions".to_string(), 299.0)]);
    }
}
