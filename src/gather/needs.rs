//! What has to be kept of events, which those who read seconds say beforehand.

use crate::classify::LabelSet;
use crate::report::Report;
use crate::second::Keep;
use crate::timeline::Timeline;
use crate::timeline::series::Selector;

/// Who needs what.
#[derive(Debug, Default)]
pub struct Needs {
    /// By class, the series that read it.
    series: Vec<Vec<(Selector, Keep)>>,
    /// By class, what the report needs.
    report: Vec<Keep>,
}

impl Needs {
    pub fn of(timeline: &Timeline, report: &Report) -> Self {
        let report: Vec<Keep> = report.needs().collect();
        let mut series: Vec<Vec<(Selector, Keep)>> = report.iter().map(|_| Vec::new()).collect();
        for (selector, keep) in timeline.needs().filter(|(_, keep)| *keep != Keep::default()) {
            series[selector.class].push((selector.clone(), keep));
        }
        Needs { series, report }
    }

    /// What has to be kept of events with these labels.
    pub fn keep(&self, labels: LabelSet<'_>) -> Keep {
        let selected = |(selector, _): &&(Selector, Keep)| selector.selects(labels) != Some(false);
        let series = self.series[labels.class].iter().filter(selected);
        series.fold(self.report[labels.class], |keep, (_, needed)| keep.and(*needed))
    }
}
