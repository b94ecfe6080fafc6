//! Railway's API as a source, against a stand-in on a port of this machine.

mod documents;
#[path = "../cli/endpoint.rs"]
#[allow(dead_code)]
mod endpoint;
mod faults;
mod follow;
mod load;
mod metrics;
mod place;
#[path = "../cli/program.rs"]
#[allow(dead_code)]
mod program;
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
