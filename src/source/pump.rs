//! Pump: a source's chunks to fragments, on as many threads as wanted, given out in the order of the source.
//!
//! Of a file one thread reads and frames; chunk *n* goes to worker *n* modulo their number, and fragments are taken from the
//! workers in the same turn, so they need no numbers and no sorting. Every channel is bounded: a slow end slows the
//! beginning.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::frame::{Chunk, Fill, Framer};
use crate::map::{Fragment, Mapper};

/// What the next turn of a source gave.
pub enum Received {
    Fragment(Fragment),
    /// Nothing within the time allowed.
    Nothing,
    /// The source broke off; it has ended.
    Failed(io::Error),
    Ended,
}

type Item<T> = io::Result<T>;

/// Chunks or fragments on their way to or from one worker.
const IN_FLIGHT: usize = 2;

pub enum Pump {
    Threads {
        fragments: Vec<Receiver<Item<Fragment>>>,
        turn: usize,
    },
    /// All on the caller's thread.
    Inline {
        framer: Framer<Box<dyn Read + Send>>,
        mapper: Box<Mapper>,
        ended: bool,
    },
}

impl Pump {
    /// Everything on the calling thread: for one thread in all.
    pub fn inline(stream: Box<dyn Read + Send>, chunk_size: usize, mapper: Mapper) -> Self {
        Pump::Inline { framer: Framer::new(stream, chunk_size, Fill::Full), mapper: Box::new(mapper), ended: false }
    }

    /// One thread that reads whatever there is and maps it: the few lines of a live source are not worth waking more for.
    pub fn live(stream: Box<dyn Read + Send>, chunk_size: usize, mut mapper: Mapper) -> Self {
        let (sender, receiver) = bounded(IN_FLIGHT);
        let mut framer = Framer::new(stream, chunk_size, Fill::Prompt);
        thread::spawn(move || {
            while let Some(chunk) = framer.next_chunk().transpose() {
                let failed = chunk.is_err();
                if sender.send(chunk.map(|chunk| mapper.map(chunk))).is_err() || failed {
                    return;
                }
            }
        });
        Pump::Threads { fragments: vec![receiver], turn: 0 }
    }

    /// One thread that reads, and one for each mapper.
    pub fn threads(stream: Box<dyn Read + Send>, chunk_size: usize, mappers: Vec<Mapper>) -> Self {
        let mut fragments = Vec::new();
        let mut chunks = Vec::new();
        for mapper in mappers {
            let (chunk_sender, chunk_receiver) = bounded::<Item<Chunk>>(IN_FLIGHT);
            let (sender, receiver) = bounded(IN_FLIGHT);
            thread::spawn(move || work(mapper, &chunk_receiver, &sender));
            chunks.push(chunk_sender);
            fragments.push(receiver);
        }
        thread::spawn(move || read(Framer::new(stream, chunk_size, Fill::Full), &chunks));
        Pump::Threads { fragments, turn: 0 }
    }

    /// The next fragment, waiting no longer than `timeout`. After `Failed` or `Ended` there is nothing more to ask.
    pub fn receive(&mut self, timeout: Duration) -> Received {
        match self {
            Pump::Threads { fragments, turn } => match fragments[*turn].recv_timeout(timeout) {
                Ok(Ok(fragment)) => {
                    *turn = (*turn + 1) % fragments.len();
                    Received::Fragment(fragment)
                }
                Ok(Err(error)) => Received::Failed(error),
                Err(RecvTimeoutError::Timeout) => Received::Nothing,
                Err(RecvTimeoutError::Disconnected) => Received::Ended,
            },
            Pump::Inline { ended: true, .. } => Received::Ended,
            Pump::Inline { framer, mapper, ended } => match framer.next_chunk() {
                Ok(Some(chunk)) => Received::Fragment(mapper.map(chunk)),
                Ok(None) => {
                    *ended = true;
                    Received::Ended
                }
                Err(error) => {
                    *ended = true;
                    Received::Failed(error)
                }
            },
        }
    }
}

/// Hands chunks to the workers in turn, until the stream ends or nobody listens.
fn read(mut framer: Framer<Box<dyn Read + Send>>, workers: &[Sender<Item<Chunk>>]) {
    for worker in workers.iter().cycle() {
        let item = match framer.next_chunk() {
            Ok(None) => return,
            Ok(Some(chunk)) => Ok(chunk),
            Err(error) => Err(error),
        };
        let failed = item.is_err();
        if worker.send(item).is_err() || failed {
            return;
        }
    }
}

fn work(mut mapper: Mapper, chunks: &Receiver<Item<Chunk>>, fragments: &Sender<Item<Fragment>>) {
    for item in chunks {
        if fragments.send(item.map(|chunk| mapper.map(chunk))).is_err() {
            return;
        }
    }
}
