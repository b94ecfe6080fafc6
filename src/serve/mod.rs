//! Serve: a run as a web page that keeps itself up to date, as JSON, and as metrics. A thread of its own shows the newest
//! [snapshot](crate::snapshot); it works nothing out, and the run waits for nobody who looks.

mod access;
mod connections;
mod events;
mod metrics;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::people::Asked;
use crate::snapshot::Snapshots;
use crate::zone::Zone;
pub use access::Access;

/// What is served.
pub struct Served {
    pub snapshots: Snapshots,
    pub zone: Zone,
    /// Where answers are recorded, if they are.
    pub asked: Option<Asked>,
}

/// A server that runs until it is stopped.
pub struct Server {
    /// Where it listens; the port is known even where none was asked for.
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Listens at an address, on a thread of its own.
    pub fn start(address: SocketAddr, access: Access, served: Served) -> io::Result<Server> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let router = routes::router(Arc::new(routes::Site::new(access, served)));
        let thread = thread::Builder::new()
            .name("serve".into())
            .spawn(move || runtime.block_on(connections::serve(listener, router, stopped)))?;
        Ok(Server { address, stop, thread })
    }

    /// Ends it; those who look have been told before.
    pub fn stop(self) {
        // It has ended by itself when this fails.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}
