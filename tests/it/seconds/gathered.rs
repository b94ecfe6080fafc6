//! What logs come to, second by second.

use logwatch::source::frame::{Chunk, Fill, Framer};
use logwatch::{Cause, Counts, Fragment, Session, Step};

use super::{LIBRARY, session};

/// What a log comes to, second by second, as it is written; and the counts of its lines.
pub struct Gathered {
    pub seconds: Vec<(Vec<u8>, Cause)>,
    pub beyond: Vec<Vec<u8>>,
    pub until: i64,
    pub rest: Counts,
    pub counts: Counts,
}

pub fn gather(logs: &[&[u8]], plan: &str, size: usize) -> Gathered {
    gather_saving(logs, plan, size, usize::MAX)
}

/// The same, each line taken in for itself: nothing is counted where it is mapped.
pub fn gather_line_by_line(log: &[u8], plan: &str, size: usize) -> Gathered {
    let mut session = session(plan, 1);
    let mut mapper = session.mapper();
    let mut map = |chunk| {
        let mut fragment = mapper.map(chunk);
        fragment.partials = Default::default();
        fragment
    };
    gather_with(&mut session, &[log], size, |_| (), &mut map)
}

/// The same; every so many chunks what is open is saved, and another one goes on from that.
pub fn gather_saving(logs: &[&[u8]], plan: &str, size: usize, every: usize) -> Gathered {
    let mut session = session(plan, logs.len());
    let mut mapper = session.mapper();
    let mut chunks = 0;
    let save = |session: &mut Session| {
        chunks += 1;
        if chunks % every == 0 {
            let saved = session.engine.gather.save().expect("nothing waits");
            *session = super::session(plan, logs.len());
            session.engine.gather.restore(&saved).expect("it was saved");
        }
    };
    gather_with(&mut session, logs, size, save, &mut |chunk| mapper.map(chunk))
}

fn gather_with(
    session: &mut Session,
    logs: &[&[u8]],
    size: usize,
    mut before: impl FnMut(&mut Session),
    map: &mut impl FnMut(Chunk) -> Fragment,
) -> Gathered {
    let mut steps = Vec::new();
    for (source, log) in logs.iter().enumerate() {
        let mut framer = Framer::new(*log, size, Fill::Prompt);
        while let Some(chunk) = framer.next_chunk().expect("reading from memory") {
            before(session);
            let gather = &mut session.engine.gather;
            gather.queue(source, map(chunk));
            while gather.drain() {
                steps.extend(gather.take_steps());
            }
            steps.extend(gather.take_steps());
        }
        session.engine.gather.end(source);
    }
    let gather = &mut session.engine.gather;
    while gather.drain() {
        steps.extend(gather.take_steps());
    }
    gather.finish();
    steps.extend(gather.take_steps());
    let mut gathered =
        Gathered { seconds: Vec::new(), beyond: Vec::new(), until: 0, rest: Counts::default(), counts: gather.counts };
    for step in steps {
        match step {
            Step::Sealed(second, cause) => gathered.seconds.push((second.write(&LIBRARY), cause)),
            Step::Until(tick, _) => gathered.until = tick,
            Step::Beyond(second) => gathered.beyond.push(second.write(&LIBRARY)),
            Step::Rest(counts) => gathered.rest = counts,
            Step::Untimed(_) | Step::Lost(_) => panic!("these logs have times"),
        }
    }
    gathered
}
