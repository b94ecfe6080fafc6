//! Buffers that go round: what a chunk was read into comes back when its lines are done with, wherever that is, and is read
//! into again. New memory for every chunk has to be zeroed, by the system and by us: a run on one thread took 7 % longer.

use std::ops::Deref;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Buffers that wait to be used again; more are let go.
const MOST: usize = 8;

/// Where a framer's buffers come back to.
pub(super) struct Buffers {
    home: Sender<Vec<u8>>,
    returned: Receiver<Vec<u8>>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        let (home, returned) = bounded(MOST);
        Buffers { home, returned }
    }

    /// A buffer with anything in it.
    pub(super) fn take(&self) -> Vec<u8> {
        self.returned.try_recv().unwrap_or_default()
    }

    /// The first `length` bytes of what is in `bytes`, which comes back here when nobody needs it any more.
    pub(super) fn lend(&self, bytes: Vec<u8>, length: usize) -> Buffer {
        Buffer { bytes, length, home: Some(self.home.clone()) }
    }
}

/// Bytes of a stream.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    home: Option<Sender<Vec<u8>>>,
}

/// The copy has memory of its own, which goes nowhere.
impl Clone for Buffer {
    fn clone(&self) -> Self {
        Buffer::from(self.bytes[..self.length].to_vec())
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Buffer { length: bytes.len(), bytes, home: None }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            // A home that is full or gone needs no more.
            let _ = home.try_send(std::mem::take(&mut self.bytes));
        }
    }
}
