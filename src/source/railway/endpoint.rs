//! Where the API is: Railway's own address unless the environment names another, which has to be one that a token is safe with.

use reqwest::Url;

use super::Error;

/// The public API.
const RAILWAY: &str = "https://backboard.railway.com/graphql/v2";
/// Names another address, such as that of a proxy on this machine.
pub const VARIABLE: &str = "LOGWATCH_RAILWAY_URL";

/// The API's address, for queries and for subscriptions.
#[derive(Clone, Debug)]
pub struct Endpoint {
    queries: Url,
}

impl Endpoint {
    /// `other` is what [`VARIABLE`] says.
    pub fn new(other: Option<&str>) -> Result<Endpoint, Error> {
        let text = other.filter(|text| !text.trim().is_empty()).unwrap_or(RAILWAY).trim();
        let wrong = |what: &str| Error::Asked(format!("{VARIABLE}: {what}; unset it to use {RAILWAY}"));
        let mut url = Url::parse(text).map_err(|error| wrong(&format!("no address ({error})")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("an address with a name or a password in it; a token is set apart from it"));
        }
        let is_plain = match url.scheme() {
            "http" | "ws" => true,
            "https" | "wss" => false,
            _ => return Err(wrong("begin it with https://")),
        };
        if is_plain && !is_loopback(&url) {
            return Err(wrong(
                "without TLS only this machine may be named, as http://127.0.0.1:PORT or http://localhost:PORT",
            ));
        }
        // Between http, https, ws and wss this is always possible.
        let _ = url.set_scheme(if is_plain { "http" } else { "https" });
        url.set_fragment(None);
        Ok(Endpoint { queries: url })
    }

    /// For the operation of this name, which stands in the address: the front of the API has a narrow limit for addresses
    /// without a query string.
    pub fn query(&self, operation: &str) -> Url {
        let mut url = self.queries.clone();
        url.query_pairs_mut().append_pair("operationName", operation);
        url
    }

    /// Where subscriptions are made.
    pub fn socket(&self) -> Url {
        let mut url = self.query("logwatch");
        let _ = url.set_scheme(if url.scheme() == "http" { "ws" } else { "wss" });
        url
    }

    /// The only host that a token is sent to.
    pub fn host(&self) -> &str {
        self.queries.host_str().unwrap_or_default()
    }

    /// Whether an address is of the same server: only there may a token go.
    pub fn is_same_server(&self, url: &Url) -> bool {
        let own = &self.queries;
        (own.scheme(), own.host_str(), own.port_or_known_default())
            == (url.scheme(), url.host_str(), url.port_or_known_default())
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.queries)
    }
}

/// Whether an address is one of this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_named() {
        for url in
            ["http://127.0.0.1:8080/graphql", "ws://localhost:1/x", "http://[::1]:3/", "https://proxy.example/v2"]
        {
            assert!(Endpoint::new(Some(url)).is_ok(), "{url}");
        }
        for url in [
            "http://backboard.railway.com/graphql/v2",
            "ws://10.0.0.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "ftp://127.0.0.1/",
            "https://user:secret@backboard.railway.com/",
            "railway",
        ] {
            let message = Endpoint::new(Some(url)).unwrap_err().to_string();
            assert!(message.contains(VARIABLE) && !message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn sockets_and_queries_are_at_one_address() {
        let endpoint = Endpoint::new(None).unwrap();
        assert_eq!(endpoint.query("X").as_str(), "https://backboard.railway.com/graphql/v2?operationName=X");
        assert!(endpoint.socket().as_str().starts_with("wss://backboard.railway.com/graphql/v2"));
        assert!(!endpoint.is_same_server(&Url::parse("https://backboard.railway.example/").unwrap()));
        assert!(!endpoint.is_same_server(&Url::parse("http://backboard.railway.com/").unwrap()));
        assert!(endpoint.is_same_server(&Url::parse("https://backboard.railway.com:443/other").unwrap()));
    }
}
