//! All series as plain data, to go on with: what was selected and how it is grouped stands in the plan.

use serde::{Deserialize, Serialize};

use super::group_table::GroupTable;
use super::group_windows::GroupWindows;
use super::{Series, Timeline};

/// What the windows hold, by the names of the series.
#[derive(Debug, Serialize)]
pub struct Saved<'a> {
    series: Vec<(&'a str, &'a GroupTable, &'a GroupWindows)>,
    overflowed: u64,
    crowded: bool,
    apart_from: Option<i64>,
}

/// The same, read again.
#[derive(Debug, Deserialize)]
pub struct Restored {
    series: Vec<(String, GroupTable, GroupWindows)>,
    overflowed: u64,
    crowded: bool,
    apart_from: Option<i64>,
}

impl Timeline {
    pub fn save(&self) -> Saved<'_> {
        let series = self.series.iter().map(|Series { spec, groups, groupless, .. }| (&*spec.name, groups, groupless));
        Saved {
            series: series.collect(),
            overflowed: self.overflowed,
            crowded: self.crowded,
            apart_from: self.apart_from,
        }
    }

    /// Goes on from what was saved; `false` if that is of other series.
    pub fn restore(&mut self, saved: Restored) -> bool {
        let names = saved.series.iter().map(|(name, ..)| name);
        if !names.eq(self.series.iter().map(|series| &series.spec.name)) {
            return false;
        }
        for (series, (_, groups, groupless)) in self.series.iter_mut().zip(saved.series) {
            (series.groups, series.groupless) = (groups, groupless);
            series.groups.index();
        }
        (self.overflowed, self.crowded, self.apart_from) = (saved.overflowed, saved.crowded, saved.apart_from);
        true
    }
}
