//! The connections of those who look: so many at once, each with so much time to ask and to take what it is sent.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

/// Connections at once. Of more, each is closed as soon as it is made.
const MOST: usize = 64;

/// How long a client may take to say what it wants.
const TO_ASK: Duration = Duration::from_secs(10);

/// A client that takes nothing for this long is dropped.
const TO_TAKE: Duration = Duration::from_secs(20);

/// Before another try where no connection can be taken: the process may have too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// How long those who look are given to be told that the run is over.
const FAREWELL: Duration = Duration::from_millis(100);

/// Bytes that wait for a client: a slow one is noticed soon.
const WAITING: usize = 64 << 10;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Serves until it is told to stop.
pub async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    tokio::select! {
        () = accept(listener, router) => {}
        _ = stopped => sleep(FAREWELL).await,
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            // Small answers are not held back to be joined with others.
            let _ = stream.set_nodelay(true);
            tokio::spawn(connection(stream, router.clone().layer(Extension(Peer(peer.ip()))), place));
        }
    }
}

async fn connection(stream: TcpStream, router: Router, _place: OwnedSemaphorePermit) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TO_TAKE));
    // What goes wrong with a client is no matter of the run.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(TO_ASK)
        .max_buf_size(WAITING)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
        .await;
}
