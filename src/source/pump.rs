//! Pump: a source's chunks to fragments, on as many threads as wanted, given out in the order of the source.
//!
//! Of a file one thread reads and frames; chunk *n* goes to worker *n* modulo their number, and fragments are taken from the
//! workers in the same turn, so they need no numbers and no sorting. Every channel is bounded: a slow end slows the
//! beginning.

use std::io::{self, Read};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::frame::{Chunk, Fill, Framer};
use crate::map::{Fragment, Mapper};

/// What the next turn of a source gave.
pub enum Received {
    Fragment(Box<Fragment>),
    /// Nothing yet.
    Nothing,
    /// The source broke off; it has ended.
    Failed(io::Error),
    Ended,
}

pub type Item<T> = io::Result<T>;

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
    pub fn live(stream: Box<dyn Read + Send>, chunk_size: usize, mut mapper: Mapper) -> io::Result<Self> {
        let (sender, receiver) = bounded(IN_FLIGHT);
        let mut framer = Framer::new(stream, chunk_size, Fill::Prompt);
        spawn(move || {
            while let Some(chunk) = framer.next_chunk().transpose() {
                let failed = chunk.is_err();
                if sender.send(chunk.map(|chunk| mapper.map(chunk))).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Pump::Threads { fragments: vec![receiver], turn: 0 })
    }

    /// One thread that maps the chunks of a live source as they come.
    pub fn chunks(mut chunks: tokio::sync::mpsc::Receiver<Item<Chunk>>, mut mapper: Mapper) -> io::Result<Self> {
        let (sender, receiver) = bounded(IN_FLIGHT);
        spawn(move || {
            while let Some(chunk) = chunks.blocking_recv() {
                if sender.send(chunk.map(|chunk| mapper.map(chunk))).is_err() {
                    return;
                }
            }
        })?;
        Ok(Pump::Threads { fragments: vec![receiver], turn: 0 })
    }

    /// One thread that reads, and one for each mapper.
    pub fn threads(stream: Box<dyn Read + Send>, chunk_size: usize, mappers: Vec<Mapper>) -> io::Result<Self> {
        let mut fragments = Vec::new();
        let mut chunks = Vec::new();
        for mapper in mappers {
            let (chunk_sender, chunk_receiver) = bounded::<Item<Chunk>>(IN_FLIGHT);
            let (sender, receiver) = bounded(IN_FLIGHT);
            spawn(move || work(mapper, &chunk_receiver, &sender))?;
            chunks.push(chunk_sender);
            fragments.push(receiver);
        }
        spawn(move || read(Framer::new(stream, chunk_size, Fill::Full), &chunks))?;
        Ok(Pump::Threads { fragments, turn: 0 })
    }

    /// Where the next fragment comes in; `None` where it is read on the caller's thread.
    pub fn arrivals(&self) -> Option<&Receiver<Item<Fragment>>> {
        match self {
            Pump::Threads { fragments, turn } => Some(&fragments[*turn]),
            Pump::Inline { .. } => None,
        }
    }

    /// The next fragment, if there is one by now. After `Failed` or `Ended` there is nothing more to ask.
    pub fn receive(&mut self) -> Received {
        match self {
            Pump::Threads { fragments, turn } => match fragments[*turn].try_recv() {
                Ok(Ok(fragment)) => {
                    *turn = (*turn + 1) % fragments.len();
                    Received::Fragment(Box::new(fragment))
                }
                Ok(Err(error)) => Received::Failed(error),
                Err(TryRecvError::Empty) => Received::Nothing,
                Err(TryRecvError::Disconnected) => Received::Ended,
            },
            Pump::Inline { ended: true, .. } => Received::Ended,
            Pump::Inline { framer, mapper, ended } => match framer.next_chunk() {
                Ok(Some(chunk)) => Received::Fragment(Box::new(mapper.map(chunk))),
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

/// A thread of a source. There may be no room for one more where a container is limited.
fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
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
