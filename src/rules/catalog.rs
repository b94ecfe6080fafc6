//! What the pattern library can produce, as expressions are checked against it.

use crate::classify::Library;
use crate::classify::definition::Parser;
use crate::classify::wellknown;
use crate::expr::{Catalog, Unit};

impl Catalog for Library {
    fn has_class(&self, class: &str) -> bool {
        self.class_id(class).is_some()
    }

    fn class_names(&self) -> Vec<String> {
        self.classes.iter().map(|class| class.name.clone()).collect()
    }

    fn has_label(&self, class: &str, label: &str) -> bool {
        self.class_id(class).is_some_and(|class| self.classes[class].labels.iter().any(|known| known == label))
    }

    fn label_names(&self, class: &str) -> Vec<String> {
        self.class_id(class).map(|class| self.classes[class].labels.clone()).unwrap_or_default()
    }

    fn value_unit(&self, class: &str, value: &str) -> Option<Unit> {
        let values = &self.classes[self.class_id(class)?].values;
        values.iter().find(|(name, _)| name == value).map(|(_, unit)| *unit)
    }

    fn value_names(&self, class: &str) -> Vec<String> {
        self.class_id(class)
            .map(|class| self.classes[class].values.iter().map(|(name, _)| name.clone()).collect())
            .unwrap_or_default()
    }

    /// A class all of whose patterns are requests refines `http.request`.
    fn refines(&self, class: &str, of: &str) -> bool {
        let Some(class) = self.class_id(class) else { return false };
        let is_request = |parser| matches!(parser, Some(Parser::AccessLine | Parser::Edge | Parser::Request));
        of == wellknown::REQUEST
            && self.patterns.iter().filter(|pattern| pattern.class == class).all(|pattern| is_request(pattern.parser))
    }
}
