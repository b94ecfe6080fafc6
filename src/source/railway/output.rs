//! Records on their way out: as chunks of lines, in the order of their times.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::record::Record;
use super::witness::Requests;
use crate::source::Given;
use crate::source::frame::Chunk;

/// Nobody reads any more.
#[derive(Debug)]
pub struct Gone;

/// Where records go.
pub struct Output {
    pub chunks: Sender<io::Result<Chunk>>,
    pub requests: Requests,
}

/// A record of one of the services that are watched.
pub type Placed = (usize, Record);

impl Output {
    /// Gives out records: by time, and of each second those of a service together, so that no service is far ahead of another.
    pub async fn give(&self, mut records: Vec<Placed>) -> Result<(), Gone> {
        records.sort_by_key(|(service, record)| (record.time.second(), *service, record.time));
        for same in records.chunk_by(|(a, at), (b, then)| a == b && at.time.second() == then.time.second()) {
            let Some((service, _)) = same.first() else { continue };
            let text: Vec<u8> = same.iter().flat_map(|(_, record)| record.line.iter().copied()).collect();
            let given = given(same);
            for (service, record) in same {
                if let Some(status) = record.status {
                    self.requests.count(*service, record.time, status);
                }
            }
            let chunk =
                Chunk { bytes: text.len() as u64, text: text.into(), lane: *service, given, ..Chunk::default() };
            self.chunks.send(Ok(chunk)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }
}

/// What the records of a second are known by, log by log.
fn given(records: &[Placed]) -> Vec<Given> {
    let mut all: Vec<Given> = Vec::new();
    for (_, record) in records {
        match all.iter_mut().find(|given| given.log == record.log) {
            Some(given) => given.identities.push(record.identity),
            None => {
                let (log, second) = (Arc::clone(&record.log), record.time.second());
                all.push(Given { log, second, identities: vec![record.identity] });
            }
        }
    }
    all
}
