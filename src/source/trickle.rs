//! Trickle: lines that come one by one, taken a few at a time.
//!
//! A platform passes a line on as soon as it is written. To wake every thread of the pipeline for each line costs more than
//! everything that is done to it; who waits a moment between two reads of a slow stream pays for it once, and tells of a
//! line hardly later. A fast stream is never waited for.

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

/// Between two reads of a slow stream; of the promptness that is promised (SEMANTICS 4), 100 ms, it leaves more than half.
const PAUSE: Duration = Duration::from_millis(40);
/// Bytes a second up to which a stream is slow. In a pause of that rate 40 kB arrive, less than a pipe holds, so
/// that nobody who writes has to wait.
const SLOW: f64 = 1e6;

pub struct Trickle<R> {
    stream: R,
    /// When the last pause ended.
    since: Instant,
    /// Bytes read since then.
    bytes: usize,
}

impl<R: Read> Trickle<R> {
    pub fn new(stream: R) -> Self {
        Trickle { stream, since: Instant::now(), bytes: 0 }
    }
}

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes > 0 && (self.bytes as f64) < SLOW * self.since.elapsed().as_secs_f64() {
            thread::sleep(PAUSE);
            self.since = Instant::now();
            self.bytes = 0;
        }
        let read = self.stream.read(buffer)?;
        self.bytes += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loses_nothing_and_does_not_hold_up_a_fast_stream() {
        let text = vec![b'x'; 8 << 20];
        let mut trickle = Trickle::new(text.as_slice());
        let start = Instant::now();
        let mut read = Vec::new();
        trickle.read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), text.len());
        // At a pause for every read this would take seconds.
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}
