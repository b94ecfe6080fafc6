//! A small pattern library for tests.

use super::super::quantity::Unit;
use super::Catalog;

pub(in super::super) struct Shop;

struct Class {
    name: &'static str,
    labels: &'static [&'static str],
    values: &'static [(&'static str, Unit)],
}

const REQUEST_LABELS: &[&str] = &["method", "path", "route", "status", "via"];

const CLASSES: &[Class] = &[
    Class { name: "http.request", labels: REQUEST_LABELS, values: &[("duration", Unit::Seconds)] },
    Class { name: "http.error", labels: REQUEST_LABELS, values: &[("duration", Unit::Seconds)] },
    Class { name: "scalper.refresh", labels: &["client", "algorithm"], values: &[] },
    Class { name: "db.pool_status", labels: &["size_text"], values: &[("size", Unit::Plain), ("used", Unit::Plain)] },
    Class { name: "process.memory", labels: &[], values: &[("bytes", Unit::Bytes), ("share", Unit::Ratio)] },
];

fn class(name: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|class| class.name == name)
}

impl Catalog for Shop {
    fn has_class(&self, name: &str) -> bool {
        class(name).is_some()
    }

    fn class_names(&self) -> Vec<String> {
        CLASSES.iter().map(|class| class.name.to_owned()).collect()
    }

    fn has_label(&self, name: &str, label: &str) -> bool {
        class(name).is_some_and(|class| class.labels.contains(&label))
    }

    fn label_names(&self, name: &str) -> Vec<String> {
        class(name).map_or(Vec::new(), |class| class.labels.iter().map(|label| (*label).to_owned()).collect())
    }

    fn value_unit(&self, name: &str, value: &str) -> Option<Unit> {
        class(name)?.values.iter().find(|(known, _)| *known == value).map(|(_, unit)| *unit)
    }

    fn value_names(&self, name: &str) -> Vec<String> {
        class(name).map_or(Vec::new(), |class| class.values.iter().map(|(value, _)| (*value).to_owned()).collect())
    }

    fn refines(&self, class: &str, of: &str) -> bool {
        (class, of) == ("http.error", "http.request")
    }
}
