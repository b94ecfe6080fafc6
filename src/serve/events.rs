//! Streams of server-sent events: that there is more to see, and the objects of the JSON contract.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;

use crate::snapshot::{self, Snapshots};

/// Tells the number of each new snapshot, and the end of the run. Who is slow gets the newest.
pub fn changes(snapshots: Snapshots) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let begin = (snapshots, None::<u64>);
    let next = async |(mut snapshots, sent): (Snapshots, Option<u64>)| {
        loop {
            let (number, ended) = {
                let snapshot = snapshots.borrow_and_update();
                (snapshot.number, snapshot.ended)
            };
            if sent != Some(number) {
                let kind = if ended { "end" } else { "change" };
                return Some((Ok(Event::default().event(kind).data(number.to_string())), (snapshots, Some(number))));
            }
            if ended || snapshots.changed().await.is_err() {
                return None;
            }
        }
    };
    Sse::new(stream::unfold(begin, next)).keep_alive(KeepAlive::default())
}

/// Tells all objects after one, as they come; who is so slow that some are gone goes on with those that are kept.
pub fn objects(snapshots: Snapshots, after: u64) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let next = async |(mut snapshots, after): (Snapshots, u64)| {
        loop {
            let (next, ended): (Option<snapshot::Event>, bool) = {
                let snapshot = snapshots.borrow_and_update();
                (snapshot.events.iter().find(|event| event.number > after).cloned(), snapshot.ended)
            };
            if let Some(event) = next {
                let sent = Event::default().id(event.number.to_string()).data(&*event.json);
                return Some((Ok(sent), (snapshots, event.number)));
            }
            if ended || snapshots.changed().await.is_err() {
                return None;
            }
        }
    };
    Sse::new(stream::unfold((snapshots, after), next)).keep_alive(KeepAlive::default())
}
