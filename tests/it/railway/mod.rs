//! Railway's API as a source, against a stand-in on a port of this machine.

mod documents;
mod faults;
mod follow;
mod load;
mod metrics;
mod place;
mod rollback;
mod schema;
mod server;
mod services;
mod state;
mod storm;
mod watch;
mod whole;
mod witness;
mod world;
