//! The socket of the subscriptions: WebSocket with the protocol `graphql-transport-ws`.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use super::client::{AGENT, Client, retry_after};
use super::documents::Document;
use super::error::{Error, seconds_in};

const PROTOCOL: &str = "graphql-transport-ws";

/// What the server says.
#[derive(Debug)]
pub enum Said {
    /// Rows of a subscription, as JSON.
    Next(u64, Box<RawValue>),
    /// A subscription has failed, and is over.
    Failed(u64, Error),
    /// A subscription is over.
    Complete(u64),
    /// That it is there.
    Alive,
}

/// A socket whose handshake is over.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    advice: String,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    errors: Option<Vec<ErrorMessage>>,
}

#[derive(Deserialize)]
struct ErrorMessage {
    #[serde(default)]
    message: String,
}

impl Socket {
    /// Connects, and waits for the server to be ready, for so long in all.
    pub async fn dial(client: &Client, patience: Duration) -> Result<Socket, Error> {
        match timeout(patience, Socket::shake_hands(client)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Failing(format!("no handshake within {} s", patience.as_secs_f32()))),
        }
    }

    async fn shake_hands(client: &Client) -> Result<Socket, Error> {
        let failing = |error: &dyn std::fmt::Display| Error::Failing(format!("no socket: {error}"));
        let mut request = client.endpoint.socket().as_str().into_client_request().map_err(|error| failing(&error))?;
        let (name, secret) = client.token.header();
        let headers = request.headers_mut();
        headers.insert(name, secret);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        let connector = Connector::Rustls(client.tls());
        let connected = tokio_tungstenite::connect_async_tls_with_config(request, None, false, Some(connector)).await;
        let (stream, _) = connected.map_err(|error| refused(client, error))?;
        let mut socket = Socket { stream, advice: client.token.advice() };
        socket.send(serde_json::json!({"type": "connection_init"})).await?;
        loop {
            if socket.read().await?.is_some_and(|text| is_acknowledged(&text)) {
                return Ok(socket);
            }
        }
    }

    pub async fn subscribe(&mut self, id: u64, document: Document, variables: &serde_json::Value) -> Result<(), Error> {
        let payload = serde_json::json!({
            "operationName": document.name, "query": document.text, "variables": variables,
        });
        self.send(serde_json::json!({"type": "subscribe", "id": id.to_string(), "payload": payload})).await
    }

    /// Ends a subscription.
    pub async fn complete(&mut self, id: u64) -> Result<(), Error> {
        self.send(serde_json::json!({"type": "complete", "id": id.to_string()})).await
    }

    /// Asks whether the server is there: who serves subscriptions has to answer, not only who holds the connection.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.send(serde_json::json!({"type": "ping"})).await
    }

    /// The next thing the server says. May be given up while it waits, without losing anything.
    pub async fn hear(&mut self) -> Result<Said, Error> {
        let text = loop {
            if let Some(text) = self.read().await? {
                break text;
            }
        };
        let message: Message<'_> =
            serde_json::from_str(&text).map_err(|_| Error::Failing("the socket gives what is no message".into()))?;
        let id = message.id.as_deref().and_then(|id| id.parse().ok());
        match (message.kind.as_str(), id) {
            ("next", Some(id)) => Ok(self.rows(id, message.payload)),
            ("error", Some(id)) => {
                let errors: Vec<ErrorMessage> =
                    message.payload.and_then(|payload| serde_json::from_str(payload.get()).ok()).unwrap_or_default();
                Ok(Said::Failed(id, self.error_of(errors)))
            }
            ("complete", Some(id)) => Ok(Said::Complete(id)),
            ("ping", _) => {
                self.send(serde_json::json!({"type": "pong"})).await?;
                Ok(Said::Alive)
            }
            _ => Ok(Said::Alive),
        }
    }

    fn rows(&self, id: u64, payload: Option<&RawValue>) -> Said {
        let payload: Option<Payload<'_>> = payload.and_then(|payload| serde_json::from_str(payload.get()).ok());
        match payload {
            Some(Payload { errors: Some(errors), .. }) if !errors.is_empty() => Said::Failed(id, self.error_of(errors)),
            Some(Payload { data: Some(data), .. }) => Said::Next(id, data.to_owned()),
            // An empty one says no more than that it is there.
            _ => Said::Alive,
        }
    }

    fn error_of(&self, errors: Vec<ErrorMessage>) -> Error {
        let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        Error::of_messages(&messages, &self.advice)
    }

    /// The next frame of text; `None` for one of another kind.
    async fn read(&mut self) -> Result<Option<String>, Error> {
        match self.stream.next().await {
            None => Err(Error::Failing("the connection ended".into())),
            Some(Err(error)) => Err(broken(&error)),
            Some(Ok(Frame::Text(text))) => Ok(Some(text.as_str().to_string())),
            Some(Ok(Frame::Close(frame))) => {
                let (code, reason) =
                    frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                Err(self.closed(code, &crate::text::escape(&reason)))
            }
            Some(Ok(_)) => Ok(None),
        }
    }

    fn closed(&self, code: u16, reason: &str) -> Error {
        match code {
            4401 | 4403 => {
                Error::Refused { reason: format!("{code} {reason}").trim().into(), advice: self.advice.clone() }
            }
            4429 => Error::TooMany(seconds_in(&reason.to_lowercase())),
            _ => Error::Failing(format!("the server closed the connection ({code} {reason})").replace(" )", ")")),
        }
    }

    async fn send(&mut self, message: serde_json::Value) -> Result<(), Error> {
        self.stream.send(Frame::text(message.to_string())).await.map_err(|error| broken(&error))
    }
}

fn is_acknowledged(text: &str) -> bool {
    serde_json::from_str::<Message<'_>>(text).is_ok_and(|message| message.kind == "connection_ack")
}

fn broken(error: &WsError) -> Error {
    Error::Failing(format!("the connection broke off ({error})"))
}

/// What a handshake that is answered with a page means.
fn refused(client: &Client, error: WsError) -> Error {
    let WsError::Http(response) = error else { return Error::Failing(format!("no connection ({error})")) };
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED => Error::Refused { reason: "401".into(), advice: client.token.advice() },
        StatusCode::TOO_MANY_REQUESTS => {
            let words = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default().to_lowercase();
            Error::TooMany(retry_after(response.headers()).or_else(|| seconds_in(&words)))
        }
        _ if status.is_redirection() => Error::Failing(format!(
            "{} redirects the socket ({}); it is not followed, for the token is not to go elsewhere",
            client.endpoint.host(),
            status.as_u16()
        )),
        _ => Error::Failing(format!("no handshake (status {})", status.as_u16())),
    }
}
