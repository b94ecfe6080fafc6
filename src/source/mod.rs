//! Source: where bytes come from. Files and standard input, plain or compressed; decompression and framing run on a
//! thread of their own, away from the work on the lines.

mod buffer;
pub mod frame;
mod open;
mod pump;
mod trickle;

pub use buffer::Buffer;
pub use open::{Failure, Input, Opened};
pub use pump::{Pump, Received};
