//! Who may look: on this machine's own address everybody, elsewhere those who know a token. Pages of other sites may not.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Characters of a token, at least: nobody guesses as many.
const SHORTEST: usize = 16;

/// The cookie of those who are logged in. Browsers take one of this prefix only if it is `Secure`, and for the whole of the site.
const SESSION: &str = "__Host-logwatch";

/// Seconds that a session lasts.
const SESSION_SECONDS: u32 = 12 * 3_600;

/// Wrong tokens of one address at once, and how long it takes until one more is looked at.
const TRIES: u32 = 5;
const ONE_MORE: Duration = Duration::from_secs(12);

/// Addresses whose wrong tokens are counted.
const MOST_PEERS: usize = 1_000;

/// Which requests are answered.
pub struct Access {
    token: Option<Secret>,
    /// What the cookie holds of those who are logged in, and its own text.
    session: (Secret, String),
    /// What forms hold, and its own text.
    proof: (Secret, String),
    /// By address, when the wrong tokens of it are forgotten.
    wrong: Mutex<HashMap<IpAddr, Instant>>,
}

/// What somebody has to know; it is compared in a time that tells nothing of it.
struct Secret {
    key: hmac::Key,
    tag: hmac::Tag,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The name it was asked by is of another site.
    Host,
    /// It comes from a page of another site, or from none.
    Origin,
    Token,
    /// Too many wrong tokens.
    TooOften,
}

impl Access {
    /// That of a server at an address.
    ///
    /// # Errors
    /// An address that others reach needs a token, and a token has to be long.
    pub fn new(address: SocketAddr, token: Option<&str>) -> Result<Access, String> {
        let token = token.map(str::trim).filter(|token| !token.is_empty());
        if token.is_none() && !address.ip().is_loopback() {
            return Err(format!(
                "others can reach {address}: set LOGWATCH_TOKEN to what they have to know, of {SHORTEST} characters or more, or serve on 127.0.0.1"
            ));
        }
        if token.is_some_and(|token| token.chars().count() < SHORTEST) {
            return Err(format!("the token in LOGWATCH_TOKEN is too short: {SHORTEST} characters are needed"));
        }
        let [key, session, proof] = random().map_err(|_| "the system gives no random numbers".to_string())?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let secret = |text: &str| Secret { key: key.clone(), tag: hmac::sign(&key, text.as_bytes()) };
        Ok(Access {
            token: token.map(secret),
            session: (secret(&session), session),
            proof: (secret(&proof), proof),
            wrong: Mutex::default(),
        })
    }

    /// Whether a token is needed.
    pub fn asks_for_token(&self) -> bool {
        self.token.is_some()
    }

    /// What the forms of this server hold.
    pub fn proof(&self) -> &str {
        &self.proof.1
    }

    pub fn is_proof(&self, presented: &str) -> bool {
        self.proof.0.is(presented)
    }

    /// Without a token a page of another site could reach this machine by a name of its own that leads here.
    pub fn check_host(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let is_own = || host(headers).is_some_and(|host| is_loopback(name(host)));
        if self.token.is_some() || is_own() { Ok(()) } else { Err(Refused::Host) }
    }

    /// What changes something has to come from a page of this server.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        let from = origin.and_then(|origin| origin.split_once("://")).map(|(_, from)| from);
        if from.is_some() && from == host(headers) { Ok(()) } else { Err(Refused::Origin) }
    }

    /// Who is logged in, or brings the token along, may look.
    pub fn check_token(&self, headers: &HeaderMap, peer: IpAddr) -> Result<(), Refused> {
        if self.token.is_none() {
            return Ok(());
        }
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut named =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        if named.any(|(name, value)| name == SESSION && self.session.0.is(value)) {
            return Ok(());
        }
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match bearer.and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => self.try_token(token.trim(), peer),
            _ => Err(Refused::Token),
        }
    }

    /// The cookie of a new session, for who knows the token.
    pub fn log_in(&self, token: &str, peer: IpAddr) -> Result<String, Refused> {
        self.try_token(token.trim(), peer)?;
        let session = &self.session.1;
        Ok(format!("{SESSION}={session}; Path=/; Max-Age={SESSION_SECONDS}; Secure; HttpOnly; SameSite=Strict"))
    }

    fn try_token(&self, token: &str, peer: IpAddr) -> Result<(), Refused> {
        let now = Instant::now();
        // A thread that panicked left a map that is whole.
        let mut wrong = self.wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        wrong.retain(|_, forgotten| *forgotten > now);
        let forgotten = wrong.get(&peer).copied().unwrap_or(now);
        let is_full = wrong.len() >= MOST_PEERS && !wrong.contains_key(&peer);
        if is_full || forgotten - now > ONE_MORE * (TRIES - 1) {
            return Err(Refused::TooOften);
        }
        if self.token.as_ref().is_some_and(|secret| secret.is(token)) {
            wrong.remove(&peer);
            return Ok(());
        }
        wrong.insert(peer, forgotten + ONE_MORE);
        Err(Refused::Token)
    }
}

impl Secret {
    fn is(&self, presented: &str) -> bool {
        hmac::verify(&self.key, presented.as_bytes(), self.tag.as_ref()).is_ok()
    }
}

/// Texts that nobody can guess.
fn random<const N: usize>() -> Result<[String; N], ring::error::Unspecified> {
    let mut texts = [const { String::new() }; N];
    for text in &mut texts {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes)?;
        *text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    }
    Ok(texts)
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a token that is long enough";

    fn access(address: &str, token: Option<&str>) -> Result<Access, String> {
        Access::new(address.parse().unwrap(), token)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn others_need_a_token_that_is_long() {
        assert!(access("127.0.0.1:0", None).is_ok() && access("[::1]:0", None).is_ok());
        assert!(access("0.0.0.0:0", Some(TOKEN)).is_ok());
        for token in [None, Some(""), Some("  ")] {
            assert!(access("0.0.0.0:0", token).err().unwrap().contains("set LOGWATCH_TOKEN"));
        }
        assert!(access("127.0.0.1:0", Some("short")).err().unwrap().contains("too short"));
    }

    #[test]
    fn a_name_of_another_site_is_refused_where_no_token_is_asked_for() {
        let open = access("127.0.0.1:8787", None).unwrap();
        for host in ["localhost", "LOCALHOST:8787", "127.0.0.1:8787", "[::1]:8787", "127.0.0.2"] {
            assert_eq!(open.check_host(&headers(&[("host", host)])), Ok(()), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8787", "192.168.0.1", "", "127.0.0.1.evil.example"] {
            assert_eq!(open.check_host(&headers(&[("host", host)])), Err(Refused::Host), "{host}");
        }
        assert_eq!(open.check_host(&HeaderMap::new()), Err(Refused::Host));
        assert!(access("0.0.0.0:1", Some(TOKEN)).unwrap().check_host(&headers(&[("host", "logs.example")])).is_ok());
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let open = access("127.0.0.1:8787", None).unwrap();
        let with = |origin| headers(&[("host", "localhost:8787"), ("origin", origin)]);
        assert_eq!(open.check_origin(&with("http://localhost:8787")), Ok(()));
        for origin in ["http://evil.example", "http://localhost:8788", "null", "localhost:8787"] {
            assert_eq!(open.check_origin(&with(origin)), Err(Refused::Origin), "{origin}");
        }
        assert_eq!(open.check_origin(&headers(&[("host", "localhost:8787")])), Err(Refused::Origin));
    }

    #[test]
    fn wrong_tokens_are_looked_at_for_a_while() {
        let closed = access("0.0.0.0:0", Some(TOKEN)).unwrap();
        let [peer, other] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let bearer = |token: &str| headers(&[("authorization", &format!("Bearer {token}"))]);
        assert_eq!(closed.check_token(&HeaderMap::new(), peer), Err(Refused::Token));
        for _ in 0..TRIES {
            assert_eq!(closed.check_token(&bearer("wrong"), peer), Err(Refused::Token));
        }
        assert_eq!(closed.check_token(&bearer(TOKEN), peer), Err(Refused::TooOften));
        assert_eq!(closed.check_token(&bearer(TOKEN), other), Ok(()));
    }

    #[test]
    fn a_session_is_that_of_this_server() {
        let closed = access("0.0.0.0:0", Some(TOKEN)).unwrap();
        let peer = "10.0.0.1".parse().unwrap();
        let cookie = closed.log_in(TOKEN, peer).unwrap();
        assert!(!cookie.contains(TOKEN) && cookie.ends_with("Secure; HttpOnly; SameSite=Strict"), "{cookie}");
        let (pair, _) = cookie.split_once(';').unwrap();
        assert_eq!(closed.check_token(&headers(&[("cookie", &format!("a=b; {pair}"))]), peer), Ok(()));
        let restarted = access("0.0.0.0:0", Some(TOKEN)).unwrap();
        assert_eq!(restarted.check_token(&headers(&[("cookie", pair)]), peer), Err(Refused::Token));
        assert!(closed.is_proof(closed.proof()) && !closed.is_proof(restarted.proof()) && !closed.is_proof(""));
    }
}
