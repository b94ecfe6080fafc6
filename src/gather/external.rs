//! External events, which no line tells: each to the bucket of its second.

use super::Gather;
use super::lines::Place;
use crate::classify::{LabelSets, MOST_VALUES, NO_VALUE, Via};
use crate::expr::Unit;
use crate::external::{EXTERNAL, External};

impl Gather {
    /// Takes in an event. It moves no watermark; one whose second is complete counts in the first that is not, as it is new all the
    /// same. A class that the library does not have is nobody's to count.
    pub fn external(&mut self, event: &External) {
        let Some(class) = self.library.class_id(&event.class) else { return };
        let at = event.at.max(self.sealed_before);
        if !self.in_range(Some(at)) {
            return;
        }
        let of_class = &self.library.classes[class];
        let mut values = [NO_VALUE; MOST_VALUES];
        for (place, (name, unit)) in values.iter_mut().zip(&of_class.values) {
            if let Some(value) = event.values.get(name).filter(|value| value.is_finite()) {
                *place = (value * kept(*unit)).round() as i64;
            }
        }
        let mut labels = LabelSets::default();
        labels.push(class, of_class.labels.iter().map(|label| event.labels.get(label)));
        let set = self.intern(&labels)[0];
        let line = serde_json::json!({ "message": event.message }).to_string();
        let place = Place::new(EXTERNAL, 0, line.as_bytes(), Some(at), labels.get(0).hash());
        self.event(&place, set, Via::None, &values);
    }
}

/// How many of the integers that are kept make one of the unit.
fn kept(unit: Unit) -> f64 {
    match unit {
        Unit::Seconds => 1e9,
        Unit::Bytes => 1.0,
        _ => 1e6,
    }
}
