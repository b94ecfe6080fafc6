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

pub(crate) use buffer::Buffer;
pub(crate) use identity::Identity;
pub(crate) use known::{Given, Known};
pub(crate) use open::{Failure, Input, Opened};
#[cfg(unix)]
pub(crate) use program::{Program, Running};
pub(crate) use pump::{Pump, Received};
