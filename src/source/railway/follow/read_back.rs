//! Reads what was written before, page by page, several logs at once in the order of time.

use std::sync::atomic::Ordering;

use super::super::budget::Purpose;
use super::super::link::Phase;
use super::super::log::{Rows, Window};
use super::super::output::{Gone, Placed};
use super::super::pace::Delays;
use super::super::record::Record;
use super::{Error, Follower};
use crate::time::Time;

/// A log of which part was read.
struct Part {
    log: usize,
    /// All before this was read.
    from: Time,
    is_done: bool,
    /// Records that were not known.
    news: usize,
}

/// How often what the API says it cannot do is asked again.
const PATIENCE: u32 = 5;
const MILLISECOND: i64 = 1_000_000;

impl Follower {
    /// Reads these logs, each from a time on to its end, and gives out what is new together with `held`: how many that was. What is
    /// written while it reads is left to the subscriptions: of one log it would come before what waits of another.
    pub(super) async fn read_back(&mut self, logs: &[(usize, Time)], mut held: Vec<Placed>) -> Result<usize, Gone> {
        let mut parts: Vec<Part> =
            logs.iter().map(|(log, from)| Part { log: *log, from: *from, is_done: false, news: 0 }).collect();
        let mut end = None;
        while let Some(part) = parts.iter_mut().filter(|part| !part.is_done).min_by_key(|part| part.from) {
            self.link.enter(Phase::ReadingBack(Some(part.from)));
            match self.patiently(part.log, Window::From(part.from, self.watching.until)).await? {
                Some(rows) => {
                    // An answer has told what time it is.
                    let now = || self.client.server_now().saturating_add(self.pace.fresh.as_nanos() as i64);
                    let end = *end.get_or_insert_with(now);
                    self.take(part, rows, end, &mut held).await?;
                }
                None => part.is_done = true,
            }
            // What another log may still have something before waits.
            let least = parts.iter().filter(|part| !part.is_done).map(|part| part.from).min();
            if let Some(least) = least {
                let (before, rest) = held.into_iter().partition(|(_, record)| record.time < least);
                held = rest;
                self.output.give(before).await?;
            }
            self.update_link();
        }
        self.output.give(held).await?;
        Ok(parts.iter().map(|part| part.news).sum())
    }

    /// Takes a page of a log, and goes to where the next one begins.
    async fn take(&mut self, part: &mut Part, mut rows: Rows, end: Time, held: &mut Vec<Placed>) -> Result<(), Gone> {
        let may_be_cut = self.logs[part.log].pages.may_be_cut(rows.count, self.pace.page);
        let is_full = rows.count >= self.pace.page;
        let is_followed = self.logs[part.log].subscription.is_some();
        let is_beyond = |record: &Record| is_followed && record.time > end;
        let is_over = rows.records.iter().any(is_beyond);
        rows.records.retain(|record| record.time >= part.from && !is_beyond(record));
        let last = rows.records.iter().map(|record| record.time).max();
        let news = self.news(part.log, rows.records, true);
        part.news += news.len();
        held.extend(news);
        match last {
            _ if is_over || !may_be_cut => part.is_done = true,
            Some(last) if last > part.from => part.from = last,
            // Nothing but records of one time: no page that begins there gets beyond it.
            Some(_) => {
                self.read_backward(part, held).await?;
                part.from = part.from.saturating_add(1);
            }
            // All are from before, of which no more were asked for.
            None if !is_full => part.is_done = true,
            // The server's times are coarser than its records'.
            None => part.from = Time((part.from.0.div_euclid(MILLISECOND) + 1) * MILLISECOND),
        }
        Ok(())
    }

    /// Reads the records of one time from the last one on. Together with those from the first one they are all, if the two
    /// readings meet.
    async fn read_backward(&mut self, part: &Part, held: &mut Vec<Placed>) -> Result<(), Gone> {
        let Some(mut rows) = self.patiently(part.log, Window::Backward(part.from)).await? else { return Ok(()) };
        rows.records.retain(|record| record.time == part.from);
        let count = rows.records.len();
        let may_be_cut = self.logs[part.log].pages.may_be_cut(rows.count, self.pace.page);
        let news = self.news(part.log, rows.records, true);
        if may_be_cut && news.len() == count {
            self.lose(&format!("more records of {} than can be asked for at once", part.from));
        }
        held.extend(news);
        Ok(())
    }

    /// Asks for a page until there is an answer; `None` if the API says again and again that it has none.
    async fn patiently(&mut self, log: usize, window: Window) -> Result<Option<Rows>, Gone> {
        let mut delays = Delays::new(self.pace);
        let mut answered = 0;
        let mut is_first = true;
        loop {
            let error = match self.logs[log].page(&self.client, window, self.pace.page, Purpose::Needed).await {
                Ok(rows) => return Ok(Some(rows)),
                Err(error) => error,
            };
            answered += u32::from(matches!(error, Error::Answered(_)));
            if answered == PATIENCE {
                self.lose(&format!("{} cannot be read ({error})", self.logs[log].kind));
                return Ok(None);
            }
            self.tell_broken(&error, std::mem::take(&mut is_first));
            tokio::select! {
                () = tokio::time::sleep(delays.next(&error)) => {}
                () = self.output.chunks.closed() => return Err(Gone),
            }
        }
    }

    /// Says that records may be missing, and has it counted.
    pub(super) fn lose(&self, because: &str) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.link.say(because.into());
    }

    /// Tells how things stand.
    pub(super) fn update_link(&self) {
        let repeated = self.logs.iter().map(|log| log.seen.repeated).sum();
        let (ahead, budget) = (self.client.ahead(), self.client.budget());
        self.link.update(|state| (state.repeated, state.ahead, state.budget) = (repeated, ahead, budget));
    }
}
