//! Needs: what has to be kept of events, which those who read seconds say before the first line.

use std::sync::Arc;

use crate::classify::{self, ByClass, ClassId, LabelSet, Library, wellknown};
use crate::report::Report;
use crate::second::Keep;
use crate::timeline::Timeline;
use crate::timeline::series::Selector;

/// Who needs what.
#[derive(Debug)]
pub struct Needs {
    library: Arc<Library>,
    /// The series that read each class.
    series: ByClass<Vec<(Selector, Keep)>>,
    /// What the report needs of each.
    report: ByClass<Keep>,
    rate_limited: Option<ClassId>,
}

/// What has to be known of events with the same labels.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    pub keep: Keep,
    /// Whether they are more than counted: the lines say what became of a process, or of lines that are missing.
    pub is_noted: bool,
}

impl Needs {
    pub fn of(library: &Arc<Library>, timeline: &Timeline, report: &Report) -> Self {
        let report = report.needs();
        let mut series = report.map(|_, _| Vec::new());
        for (selector, keep) in timeline.needs().filter(|(_, keep)| *keep != Keep::default()) {
            series[selector.class].push((selector.clone(), keep));
        }
        let rate_limited = library.class_id(wellknown::RATE_LIMITED);
        Needs { library: Arc::clone(library), series, report, rate_limited }
    }

    /// What events with these labels need.
    pub fn need(&self, labels: LabelSet<'_>) -> Need {
        let selected = |(selector, _): &&(Selector, Keep)| selector.selects(labels) != Some(false);
        let series = self.series[labels.class].iter().filter(selected);
        let keep = series.fold(self.report[labels.class], |keep, (_, needed)| keep.and(*needed));
        let is_noted = Some(labels.class) == self.rate_limited || classify::sign(&self.library, labels).is_some();
        Need { keep, is_noted }
    }
}
