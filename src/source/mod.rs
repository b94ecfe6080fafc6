//! Source: where bytes come from. Files and standard input, plain or compressed; where there is more than one thread,
//! decompression and framing have one of their own, away from the work on the lines.

mod buffer;
mod export;
mod follow;
pub mod frame;
mod identity;
mod known;
mod open;
mod packed;
#[cfg(unix)]
mod program;
mod pump;
pub mod railway;
mod trickle;

pub use buffer::Buffer;
pub use identity::Identity;
pub use known::{Given, Known};
pub use open::{Failure, Input, Opened};
#[cfg(unix)]
pub use program::{Program, Running};
pub use pump::{Pump, Received};
