//! What is asked for, and what is answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Form, Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::access::{Access, Refused};
use super::connections::Peer;
use super::{Served, events, metrics};
use crate::output::html::{self, Forms, Live};
use crate::output::json;
use crate::people::{Said, Verdict};

/// Bytes that a form may have.
const LARGEST_FORM: usize = 16 << 10;

/// How long an answer may take, with what is asked.
const TO_ANSWER: Duration = Duration::from_secs(10);

/// What all requests share.
pub struct Site {
    access: Access,
    served: Served,
    /// The page of the newest snapshot, with its number: all who look get the same.
    page: Mutex<Option<(u64, Bytes)>>,
}

impl Site {
    pub fn new(access: Access, served: Served) -> Site {
        Site { access, served, page: Mutex::default() }
    }

    fn page(&self) -> Bytes {
        let snapshot = Arc::clone(&self.served.snapshots.borrow());
        let mut kept = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, page)) = &*kept
            && *number == snapshot.number
        {
            return page.clone();
        }
        let forms = self.served.asked.as_ref().map(|asked| Forms { proof: self.access.proof(), asked });
        let live = Live { ended: snapshot.ended, forms };
        let page = Bytes::from(html::live(&snapshot.summary, &snapshot.changes, self.served.zone, live));
        *kept = Some((snapshot.number, page.clone()));
        page
    }
}

type Shared = State<Arc<Site>>;

pub fn router(site: Arc<Site>) -> Router {
    let inside = Router::new()
        .route("/", get(page))
        .route("/live", get(live))
        .route("/api/summary", get(summary))
        .route("/api/events", get(objects))
        .route("/metrics", get(metrics))
        .route("/check", post(check))
        .route("/signal", post(signal))
        .route("/ack", post(acknowledge))
        .layer(middleware::from_fn_with_state(Arc::clone(&site), known));
    let named = inside
        .route("/login", get(ask_for_token).post(log_in))
        .fallback(async || (StatusCode::NOT_FOUND, "there is no such page\n"))
        .layer(middleware::from_fn_with_state(Arc::clone(&site), own));
    named
        .route("/healthz", get(async || "ok\n"))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn(careful))
        .with_state(site)
}

/// Answers in time, and tells browsers what not to do with it.
async fn careful(request: Request, next: Next) -> Response {
    let Ok(mut answer) = tokio::time::timeout(TO_ANSWER, next.run(request)).await else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let headers = answer.headers_mut();
    let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    set(CACHE_CONTROL, "no-store");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "same-origin");
    // A page says itself what it may load; that it may not stand within another has to be said here.
    set(CONTENT_SECURITY_POLICY, "frame-ancestors 'none'");
    answer
}

/// Answers what is asked by a name of this server, and changes nothing for pages of another.
async fn own(State(site): Shared, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let checked = site.access.check_host(request.headers());
    let checked = checked.and_then(|()| if changes { site.access.check_origin(request.headers()) } else { Ok(()) });
    match checked {
        Ok(()) => next.run(request).await,
        Err(refused) => refuse(refused),
    }
}

/// Answers those who may look.
async fn known(State(site): Shared, Extension(Peer(peer)): Extension<Peer>, request: Request, next: Next) -> Response {
    match site.access.check_token(request.headers(), peer) {
        Ok(()) => next.run(request).await,
        Err(Refused::Token) if request.uri().path() == "/" => Redirect::to("/login").into_response(),
        Err(refused) => refuse(refused),
    }
}

fn refuse(refused: Refused) -> Response {
    match refused {
        Refused::Host => {
            (StatusCode::FORBIDDEN, "this name is not of this server: ask it as localhost, or set LOGWATCH_TOKEN\n")
                .into_response()
        }
        Refused::Origin => (StatusCode::FORBIDDEN, "only the pages of this server may do that\n").into_response(),
        Refused::Token => {
            let message = "the token in LOGWATCH_TOKEN is needed: as `Authorization: Bearer …`, or at /login\n";
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], message).into_response()
        }
        Refused::TooOften => {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "60")], "too many wrong tokens; wait a minute\n")
                .into_response()
        }
    }
}

async fn page(State(site): Shared) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], site.page()).into_response()
}

async fn live(State(site): Shared) -> Response {
    events::changes(site.served.snapshots.clone()).into_response()
}

async fn summary(State(site): Shared) -> Response {
    let snapshot = Arc::clone(&site.served.snapshots.borrow());
    let mut json = json::Json::new(Vec::new());
    match json.stand(&snapshot.summary) {
        Ok(()) => ([(CONTENT_TYPE, "application/json")], json.into_inner()).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// All objects so far, one a line; or, where that is asked for, as a stream of events.
async fn objects(State(site): Shared, headers: HeaderMap) -> Response {
    let said = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if said(ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/event-stream")) {
        let after = said("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0);
        let snapshot = Arc::clone(&site.served.snapshots.borrow());
        if snapshot.ended && snapshot.events.back().is_none_or(|last| last.number <= after) {
            // Who has all of a run that is over is not to ask again.
            return StatusCode::NO_CONTENT.into_response();
        }
        return events::objects(site.served.snapshots.clone(), after).into_response();
    }
    let snapshot = Arc::clone(&site.served.snapshots.borrow());
    let lines: String = snapshot.events.iter().flat_map(|event| [&*event.json, "\n"]).collect();
    ([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response()
}

async fn metrics(State(site): Shared) -> Response {
    let snapshot = Arc::clone(&site.served.snapshots.borrow());
    match metrics::text(snapshot) {
        Ok(text) => ([(CONTENT_TYPE, metrics::TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn ask_for_token(State(site): Shared) -> Response {
    if !site.access.asks_for_token() {
        return Redirect::to("/").into_response();
    }
    Html(html::login(None)).into_response()
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

async fn log_in(State(site): Shared, Extension(Peer(peer)): Extension<Peer>, Form(form): Form<Login>) -> Response {
    if !site.access.asks_for_token() {
        return Redirect::to("/").into_response();
    }
    match site.access.log_in(&form.token, peer) {
        Ok(cookie) => ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        Err(Refused::Token) => {
            (StatusCode::UNAUTHORIZED, Html(html::login(Some("That is not the token.")))).into_response()
        }
        Err(refused) => refuse(refused),
    }
}

#[derive(Deserialize)]
struct Check {
    proof: String,
    item: String,
    status: Verdict,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
struct Signal {
    proof: String,
    name: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Ack {
    proof: String,
    id: String,
    #[serde(default)]
    note: String,
}

async fn check(State(site): Shared, Form(form): Form<Check>) -> Response {
    record(&site, &form.proof, |at| Said::Check {
        at,
        item: form.item.clone(),
        status: form.status,
        by: None,
        note: non_empty(&form.note),
    })
}

async fn signal(State(site): Shared, Form(form): Form<Signal>) -> Response {
    record(&site, &form.proof, |at| Said::Signal { at, name: form.name.clone(), by: None, text: non_empty(&form.text) })
}

async fn acknowledge(State(site): Shared, Form(form): Form<Ack>) -> Response {
    record(&site, &form.proof, |at| Said::Ack { at, id: form.id.clone(), by: None, note: non_empty(&form.note) })
}

fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.into())
}

/// Records what was said in a form of this server.
fn record(site: &Site, proof: &str, said: impl FnOnce(String) -> Said) -> Response {
    let Some(asked) = &site.served.asked else {
        return (StatusCode::NOT_FOUND, "nothing is recorded: start the run with --answers FILE or --state FILE\n")
            .into_response();
    };
    if !site.access.is_proof(proof) {
        return (StatusCode::FORBIDDEN, "this form is of an earlier run: load the page again\n").into_response();
    }
    let said = said((asked.now)().to_string());
    let is_known = match &said {
        Said::Check { item, .. } => asked.items.iter().any(|known| known.id == *item),
        Said::Signal { name, .. } => asked.signals.contains(name),
        Said::Ack { id, .. } => asked.triggers.contains(id),
        // What an action did is no answer.
        Said::Action(_) => false,
    };
    if !is_known {
        return (StatusCode::BAD_REQUEST, "the plan does not ask for that\n").into_response();
    }
    match (asked.record)(&said) {
        Ok(()) => Redirect::to("/").into_response(),
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")).into_response(),
    }
}
