//! What lines come to.

/// Every line of the input is in exactly one of these (SEMANTICS 21), but for `records`, `bytes`, and the last four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Of all lines, their ends included.
    pub bytes: u64,
    /// All lines, each of which is in exactly one of the counts below.
    pub lines: u64,
    /// Lines that were read as a record.
    pub records: u64,
    /// Lines with an event of some class.
    pub classified: u64,
    /// Lines of which no pattern knows anything.
    pub unclassified: u64,
    /// Lines that belong to an entry that began before.
    pub merged: u64,
    /// Lines that could not be read.
    pub malformed: u64,
    /// Lines longer than is read.
    pub too_long: u64,
    /// Lines outside the range asked for.
    pub skipped: u64,
    /// Lines further behind their source than lateness allows.
    pub late: u64,
    /// Lines that another source, or the same, told already.
    pub duplicate: u64,
    /// Messages that the platform says it dropped; they are no lines.
    pub platform_dropped: u64,
    /// Times that a followed file was cut, and what was written to it last may be missing.
    pub lost: u64,
    /// Lines with bytes that are no UTF-8, read with U+FFFD in their place.
    pub invalid_utf8: u64,
    /// Records without any time; they stand in no window.
    pub untimed: u64,
}

impl Counts {
    /// What was counted of lines since an earlier time. Bytes are counted by what was read at once, and are no part of it.
    pub fn since(&self, earlier: &Counts) -> Counts {
        let mut counts = *self;
        for (count, before) in counts.of_lines().into_iter().zip({ *earlier }.of_lines()) {
            *count -= *before;
        }
        Counts { bytes: 0, invalid_utf8: 0, ..counts }
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Counts) {
        for (count, more) in self.of_lines().into_iter().zip({ *other }.of_lines()) {
            *count += *more;
        }
    }

    /// All that is counted a line at a time.
    fn of_lines(&mut self) -> [&mut u64; 13] {
        [
            &mut self.lines,
            &mut self.records,
            &mut self.classified,
            &mut self.unclassified,
            &mut self.merged,
            &mut self.malformed,
            &mut self.too_long,
            &mut self.skipped,
            &mut self.late,
            &mut self.duplicate,
            &mut self.platform_dropped,
            &mut self.lost,
            &mut self.untimed,
        ]
    }

    /// Sum of the counts that every line is in exactly one of, once no entry is open.
    pub fn accounted(&self) -> u64 {
        self.classified
            + self.unclassified
            + self.merged
            + self.malformed
            + self.too_long
            + self.skipped
            + self.late
            + self.duplicate
    }
}
