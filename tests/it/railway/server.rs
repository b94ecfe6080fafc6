//! The stand-in on a port of this machine: the API over HTTP and over a socket, with what goes wrong.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::futures_util::{SinkExt, StreamExt};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;

use super::schema::{StandIn, schema};
use super::world::{Break, Fault, Shared, World, locked};

/// A running server; dropped, it ends.
pub struct Server {
    pub world: Shared,
    pub address: SocketAddr,
    end: Option<tokio::sync::oneshot::Sender<()>>,
}

#[derive(Clone)]
struct App {
    world: Shared,
    schema: StandIn,
}

impl Server {
    pub fn start(world: World) -> Server {
        let world: Shared = Arc::new(Mutex::new(world));
        let app = App { world: world.clone(), schema: schema(world.clone()) };
        let router = Router::new().fallback(answer).with_state(app);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = async { axum::serve(listener, router).await } => {}
                    _ = ended => {}
                }
            });
            runtime.shutdown_timeout(Duration::from_millis(100));
        });
        Server { world, address, end: Some(end) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/graphql/v2", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
    }
}

fn is_known(world: &World, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|held| held == value);
    is("project-access-token", &world.token) || is("authorization", &format!("Bearer account-{}", world.token))
}

async fn answer(State(app): State<App>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    // As Railway's front does.
    if !parts.headers.contains_key(header::USER_AGENT) {
        return (StatusCode::FORBIDDEN, "<html>forbidden</html>").into_response();
    }
    if !parts.uri.query().unwrap_or("").contains("operationName=") {
        return (StatusCode::TOO_MANY_REQUESTS, "too many requests").into_response();
    }
    if parts.headers.contains_key(header::UPGRADE) {
        let next = {
            let mut world = locked(&app.world);
            world.sockets += 1;
            world.breaks.pop_front()
        };
        match next {
            Some(Break::HangAtHandshake) => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                return StatusCode::OK.into_response();
            }
            Some(Break::Refuse(status, headers)) => return page(status, &headers, String::new()),
            _ => {}
        }
        let is_known = is_known(&locked(&app.world), &parts.headers);
        let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &app).await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let upgrade = upgrade.protocols(["graphql-transport-ws"]);
        return upgrade.on_upgrade(move |socket| attend(app, socket, next, is_known)).into_response();
    }
    let redirect = locked(&app.world).redirect.clone();
    if let Some(to) = redirect {
        return page(307, &[("location", to)], String::new());
    }
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    query(&app, &parts.headers, &bytes).await
}

async fn query(app: &App, headers: &HeaderMap, body: &Bytes) -> Response {
    let request: async_graphql::Request = serde_json::from_slice(body).unwrap();
    let name = request.operation_name.clone().unwrap_or_default();
    let fault = {
        let mut world = locked(&app.world);
        world.calls.push(name.clone());
        world.remaining -= 1;
        if name.ends_with("Logs") { world.faults.pop_front() } else { None }
    };
    if !is_known(&locked(&app.world), headers) {
        return json(app, r#"{"errors":[{"message":"Not Authorized"}],"data":null}"#.into());
    }
    match &fault {
        Some(Fault::Page(status, headers, body)) => return page(*status, headers, body.clone()),
        Some(Fault::Hang(pause)) => tokio::time::sleep(*pause).await,
        Some(Fault::Half) | None => {}
    }
    let answer = serde_json::to_string(&app.schema.execute(request).await).unwrap();
    if let Some(Fault::Half) = fault {
        let half = Bytes::from(answer[..answer.len() / 2].to_string());
        let broken = async_graphql::futures_util::stream::iter([Ok(half), Err(std::io::Error::other("cut"))]);
        return Response::builder().header("content-type", "application/json").body(Body::from_stream(broken)).unwrap();
    }
    json(app, answer)
}

fn json(app: &App, body: String) -> Response {
    let world = locked(&app.world);
    let now = world.now();
    let date = chrono::DateTime::from_timestamp_nanos(now.0).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Response::builder()
        .header("content-type", "application/json")
        .header("date", date)
        .header("x-ratelimit-limit", "10000")
        .header("x-ratelimit-remaining", world.remaining.to_string())
        .header("x-ratelimit-reset", (now.second() + 3_000).to_string())
        .body(Body::from(body))
        .unwrap()
}

fn page(status: u16, headers: &[(&'static str, String)], body: String) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// `graphql-transport-ws`, and what goes wrong on the way.
async fn attend(app: App, socket: WebSocket, fault: Option<Break>, is_known: bool) {
    let (mut sink, mut stream) = socket.split();
    let (sender, mut messages) = mpsc::channel::<(bool, serde_json::Value)>(64);
    let mut running: HashMap<String, tokio::task::JoinHandle<()>> = HashMap::new();
    let mut sent = 0;
    let generation = locked(&app.world).generation;
    let mut hangs = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(20)), if !hangs => {
                if locked(&app.world).generation != generation {
                    return;
                }
            }
            said = stream.next() => {
                let Some(Ok(said)) = said else { return };
                let Message::Text(text) = said else { continue };
                if hangs {
                    continue;
                }
                let message: serde_json::Value = serde_json::from_str(&text).unwrap();
                let id = message["id"].as_str().unwrap_or_default().to_string();
                match message["type"].as_str().unwrap() {
                    "connection_init" if !is_known => {
                        let frame = CloseFrame { code: 4401, reason: "Unauthorized".into() };
                        let _ = sink.send(Message::Close(Some(frame))).await;
                        return;
                    }
                    "connection_init" => {
                        let _ = sink.send(Message::text(r#"{"type":"connection_ack"}"#)).await;
                        let _ = sink.send(Message::text(r#"{"type":"ping"}"#)).await;
                    }
                    "ping" => {
                        let _ = sink.send(Message::text(r#"{"type":"pong"}"#)).await;
                    }
                    "subscribe" => {
                        let request: async_graphql::Request =
                            serde_json::from_value(message["payload"].clone()).unwrap();
                        let (schema, sender, of) = (app.schema.clone(), sender.clone(), id.clone());
                        if matches!(fault, Some(Break::Empty)) {
                            let _ = sink.send(Message::text(serde_json::json!({"type": "next", "id": id, "payload": {"data": null}}).to_string())).await;
                        }
                        running.insert(id, tokio::spawn(async move {
                            let mut answers = schema.execute_stream(request);
                            while let Some(answer) = answers.next().await {
                                let next = serde_json::json!({"type": "next", "id": of, "payload": answer});
                                if sender.send((true, next)).await.is_err() {
                                    return;
                                }
                            }
                        }));
                    }
                    "complete" => {
                        if let Some(task) = running.remove(&id) {
                            task.abort();
                        }
                    }
                    _ => {}
                }
            }
            message = messages.recv() => {
                let Some((_, message)) = message else { return };
                if hangs {
                    continue;
                }
                let is_due = |after: usize| sent >= after;
                match &fault {
                    Some(Break::Cut(after)) if is_due(*after) => return,
                    Some(Break::Hang(after)) if is_due(*after) => {
                        hangs = true;
                        continue;
                    }
                    Some(Break::Close(after, code)) if is_due(*after) => {
                        let frame = CloseFrame { code: *code, reason: "closed".into() };
                        let _ = sink.send(Message::Close(Some(frame))).await;
                        return;
                    }
                    Some(Break::Complete(after) | Break::Fail(after)) if is_due(*after) => {
                        for (id, task) in running.drain() {
                            task.abort();
                            let over = match &fault {
                                Some(Break::Fail(_)) => serde_json::json!({"type": "error", "id": id, "payload": [{"message": "Problem processing request"}]}),
                                _ => serde_json::json!({"type": "complete", "id": id}),
                            };
                            let _ = sink.send(Message::text(over.to_string())).await;
                        }
                        // Those that are begun again go on for as long.
                        sent = 0;
                        continue;
                    }
                    _ => {}
                }
                sent += 1;
                if sink.send(Message::text(message.to_string())).await.is_err() {
                    return;
                }
            }
        }
    }
}
