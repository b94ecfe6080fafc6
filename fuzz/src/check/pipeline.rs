//! Logs in, answer out: the same however they are cut into chunks, and no line lost.

use logwatch::source::frame::Fill;

use crate::case::Case;
use crate::limit::within_a_second;
use crate::lot;
use crate::run::{Run, Stream, Told, assert_accounted, assert_same};

/// See [`Case`] for what an input is.
pub fn check(input: &[u8]) {
    let case = Case::read(input);
    let whole = within_a_second("the run in whole sources", || whole(&case));
    assert_accounted(&whole.counts, case.sources.iter().map(|source| &*source.text));
    let fill = if lot(input).is_multiple_of(2) { Fill::Full } else { Fill::Prompt };
    let chunked = within_a_second("the run in chunks", || in_chunks(&case, fill));
    assert_same(&whole, &chunked, "whole, and in chunks");
    assert_harmless(&whole.text);
}

/// Every source in one piece, one after the other.
fn whole(case: &Case) -> Told {
    let mut run = Run::of(case).with_text();
    for (index, source) in case.sources.iter().enumerate() {
        run.feed_whole(index, &source.text);
    }
    run.finish()
}

/// Chunk by chunk, each source as far as the others need it: as the program reads its inputs.
fn in_chunks(case: &Case, fill: Fill) -> Told {
    let mut run = Run::of(case);
    let mut streams: Vec<_> = case
        .sources
        .iter()
        .map(|source| (Stream::new(&source.text, case.step, case.size, fill), run.mapper()))
        .collect();
    loop {
        let mut waiting = false;
        for (index, (stream, mapper)) in streams.iter_mut().enumerate() {
            while run.is_waiting_for(index) {
                waiting = true;
                match stream.next(mapper) {
                    Some(fragment) => run.feed(index, fragment),
                    None => run.close(index),
                }
            }
        }
        if !waiting {
            return run.finish();
        }
    }
}

/// Panics where text for a terminal holds what could move its cursor.
pub fn assert_harmless(text: &str) {
    let harmful = text.chars().find(|c| c.is_control() && *c != '\n');
    assert!(harmful.is_none(), "{harmful:?} in text for a terminal:\n{text}");
}
