//! A server of this machine that takes requests, answers them as it is told to, and keeps them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::oneshot;

/// What a receiver got.
#[derive(Clone, Debug)]
pub struct Got {
    pub headers: HeaderMap,
    pub path: String,
    pub body: String,
}

/// How a request is answered; the last answer is given again and again.
#[derive(Clone, Copy)]
pub enum Answer {
    Status(u16),
    TooMany,
    Redirect,
    /// The status 200 and this.
    Page(&'static str),
    Never,
}

#[derive(Clone)]
struct Script {
    got: Arc<Mutex<Vec<Got>>>,
    answers: &'static [Answer],
}

/// A receiver on this machine.
pub struct Endpoint {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    stop: Option<oneshot::Sender<()>>,
}

/// Serves these routes on a port of this machine until what is returned beside its address is dropped or sent to.
pub fn serve(routes: Router) -> (String, oneshot::Sender<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tokio::select! {
                served = axum::serve(listener, routes) => served.unwrap(),
                _ = stopped => {}
            }
        });
    });
    (url, stop)
}

impl Endpoint {
    pub fn start(answers: &'static [Answer]) -> Endpoint {
        let got = Arc::new(Mutex::new(Vec::new()));
        let script = Script { got: Arc::clone(&got), answers };
        let (url, stop) = serve(Router::new().fallback(answer).with_state(script));
        Endpoint { url, got, stop: Some(stop) }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.got().iter().map(|got| serde_json::from_str(&got.body).unwrap()).collect()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

async fn answer(State(script): State<Script>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let number = {
        let mut got = script.got.lock().unwrap();
        got.push(Got { headers, path: uri.to_string(), body });
        got.len() - 1
    };
    match script.answers[number.min(script.answers.len() - 1)] {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::TooMany => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
        Answer::Redirect => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        Answer::Page(page) => page.into_response(),
        Answer::Never => std::future::pending().await,
    }
}
