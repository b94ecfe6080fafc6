//! Needs: what has to be kept of events, which those who read seconds say before the first line.

use std::sync::Arc;

use crate::classify::{self, ByClass, ClassId, LabelSet, Library, wellknown};
use crate::report::Report;
use crate::second::Keep;
use crate::timeline::Timeline;
use crate::timeline::series::{Selector, Spec, ValueTests, accepts};

/// Who needs what.
#[derive(Debug)]
pub struct Needs {
    library: Arc<Library>,
    /// The series that read each class.
    series: ByClass<Vec<(Selector, Keep)>>,
    /// Those of which lines are to show the events.
    shown: ByClass<Vec<Spec>>,
    /// What the report needs of each.
    report: ByClass<Keep>,
    rate_limited: Option<ClassId>,
}

/// What has to be kept of events with the same labels.
#[derive(Clone, Debug, Default)]
pub struct Need {
    pub keep: Keep,
    /// Lines show those events, too, that pass all of some of these tests.
    pub singles: Box<[Box<ValueTests>]>,
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
        let mut shown = report.map(|_, _| Vec::new());
        timeline.shown().for_each(|spec: &Spec| shown[spec.selector.class].push(spec.clone()));
        let rate_limited = library.class_id(wellknown::RATE_LIMITED);
        Needs { library: Arc::clone(library), series, shown, report, rate_limited }
    }

    /// What events with these labels need.
    pub fn need(&self, labels: LabelSet<'_>) -> Need {
        let selected = |(selector, _): &&(Selector, Keep)| selector.selects(labels) != Some(false);
        let series = self.series[labels.class].iter().filter(selected);
        let mut keep = series.fold(self.report[labels.class], |keep, (_, needed)| keep.and(*needed));
        let mut singles: Vec<Box<ValueTests>> = Vec::new();
        for spec in self.shown[labels.class].iter().filter(|spec| spec.shown().selects(labels) != Some(false)) {
            let tests: Box<ValueTests> = spec.value_tests().copied().collect();
            if tests.is_empty() {
                keep.evidence = true;
            } else {
                singles.push(tests);
            }
        }
        let is_noted = Some(labels.class) == self.rate_limited || classify::sign(&self.library, labels).is_some();
        Need { keep, singles: singles.into(), is_noted }
    }
}

impl Need {
    /// Whether a test singles out an event with these values.
    pub fn singles_out(&self, values: &[i64]) -> bool {
        self.singles.iter().any(|tests| accepts(tests, values) == Some(true))
    }
}
