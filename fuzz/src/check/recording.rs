//! What was recorded of a live run replays to the same answer (SEMANTICS 5).

use logwatch::recording::Recorder;
use logwatch::source::frame::Fill;
use logwatch::time::Time;

use crate::case::Case;
use crate::limit::within_a_second;
use crate::lot;
use crate::run::{Run, Stream, Told, assert_accounted, assert_same};

/// See [`Case`] for what an input is. A recording is of one source: the case's first.
pub fn check(input: &[u8]) {
    let mut case = Case::read(input);
    case.sources.truncate(1);
    let cut = lot(input) % 8;
    let (live, recording) = within_a_second("the live run", || live(&case, cut));
    assert_accounted(&live.counts, [&*case.sources[0].text]);
    // A recording holds a line over 1 MiB as it was cut, and so fewer bytes.
    if live.counts.too_long > 0 {
        return;
    }
    let replayed = within_a_second("the replay", || {
        let mut run = Run::of(&case);
        run.feed_whole(0, &recording);
        run.finish()
    });
    assert_same(&live, &replayed, "live, and replayed");
}

/// As the program follows a live source with `--record`; what was told, and the recording. It is saved after so many chunks, and
/// gone on with.
fn live(case: &Case, cut: u64) -> (Told, Vec<u8>) {
    let mut chunks = 0;
    let source = &case.sources[0];
    let mut run = Run::of(case);
    let mut recorder = Recorder::new(Vec::new());
    recorder.header().expect("writing to memory");
    let pauses = source.silences.iter().map(|(at, _)| *at).collect();
    let mut stream = Stream::pausing(&source.text, case.step, case.size, Fill::Prompt, pauses);
    let mut mapper = run.mapper();
    let mut silences = source.silences.iter().peekable();
    loop {
        // Silences stand between lines, so all that was read was handed on.
        while let Some((_, past)) = silences.next_if(|(at, _)| *at <= stream.read.get()) {
            match (past, run.latest(0)) {
                (Some(past), Some(latest)) => {
                    let to = Time(latest.0.saturating_add(past.saturating_mul(1_000_000)));
                    recorder.advance(to).expect("writing to memory");
                    run.advance(0, to);
                }
                _ => run.leave_out(0),
            }
        }
        let Some(fragment) = stream.next(&mut mapper) else { break };
        let recorded = match fragment.recording {
            true => recorder.recorded(&fragment.text),
            false => recorder.lines(&fragment.text),
        };
        recorded.expect("writing to memory");
        run.feed(0, fragment);
        chunks += 1;
        if chunks == cut {
            run.go_on_anew(case);
        }
    }
    run.close(0);
    (run.finish(), recorder.into_inner())
}
