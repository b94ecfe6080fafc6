//! Classes, labels and values of selectors.

use super::super::ast::{LabelTest, Selector, Span, TestOp};
use super::super::error::Error;
use super::super::matching::anchored;
use super::super::quantity::{Quantity, Unit};
use super::super::suggest::nearest;
use super::{Checker, phrase};

/// The one label whose text is always a number.
const STATUS: &str = "status";

impl Checker<'_> {
    /// The class and the tests, not the member.
    pub(super) fn selector(&self, of: &Selector) -> Result<(), Error> {
        if !self.catalog.has_class(&of.class) {
            return Err(self.unknown_class(of));
        }
        of.tests.iter().try_for_each(|test| self.test(&of.class, test))
    }

    fn unknown_class(&self, of: &Selector) -> Error {
        let start = of.span.start;
        let error = Error::new(
            start..of.span.end.min(start + of.class.len()),
            format!("no pattern gives events of class `{}`", of.class),
        );
        // `db.pool_status.used` for `db.pool_status{}.used`.
        if let Some((class, value)) = of.class.rsplit_once('.')
            && self.catalog.value_unit(class, value).is_some()
        {
            return error.help(format!("did you mean `{class}{{}}.{value}`?"));
        }
        maybe_help(error, &of.class, &self.catalog.class_names())
    }

    fn test(&self, class: &str, test: &LabelTest) -> Result<(), Error> {
        let LabelTest { label, op, span } = test;
        if let TestOp::Number(_, quantity) = op {
            return self.number_test(class, label, *quantity, span);
        }
        if !self.catalog.has_label(class, label) && self.catalog.value_unit(class, label).is_some() {
            return Err(Error::new(span.clone(), format!("`{label}` of `{class}` is a number, not a text"))
                .help(format!("compare it: `{label}>3`, with its unit")));
        }
        self.label(class, label, span)?;
        if let TestOp::Regex(pattern) | TestOp::NotRegex(pattern) = op
            && let Err(error) = anchored(pattern)
        {
            let reason = error.to_string();
            let reason = reason.lines().next_back().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Err(Error::new(span.clone(), format!("this is no regex: {reason}")));
        }
        Ok(())
    }

    fn number_test(&self, class: &str, name: &str, quantity: Quantity, span: &Span) -> Result<(), Error> {
        let unit = match self.catalog.value_unit(class, name) {
            Some(unit) => unit,
            // `status=500` is a number, and `status` is a label.
            None if !self.catalog.has_label(class, name) => {
                let names = [self.catalog.value_names(class), self.catalog.label_names(class)].concat();
                let error = Error::new(span.clone(), format!("no pattern gives `{class}` a label or value `{name}`"));
                return Err(maybe_help(error, name, &names));
            }
            None if name == STATUS => Unit::Plain,
            None => {
                return Err(Error::new(span.clone(), format!("`{name}` of `{class}` is a text, not a number"))
                    .help("put what it is tested against in quotes"));
            }
        };
        let fits =
            unit == quantity.unit || quantity.unit == Unit::Plain && (unit == Unit::Ratio || quantity.value == 0.0);
        if fits {
            return Ok(());
        }
        Err(Error::new(
            span.clone(),
            format!("{} cannot be compared with {}: `{name}` of `{class}`", phrase(quantity.unit), phrase(unit)),
        ))
    }

    /// That events of the class can have the label.
    pub(super) fn label(&self, class: &str, label: &str, span: &Span) -> Result<(), Error> {
        if self.catalog.has_label(class, label) {
            return Ok(());
        }
        let error = Error::new(span.clone(), format!("no pattern gives `{class}` a label `{label}`"));
        Err(maybe_help(error, label, &self.catalog.label_names(class)))
    }

    fn unknown_value(&self, class: &str, value: &str, span: &Span) -> Error {
        let error = Error::new(span.clone(), format!("no pattern gives `{class}` a value `{value}`"));
        maybe_help(error, value, &self.catalog.value_names(class))
    }

    /// The unit of the value that the selector names.
    pub(super) fn value_of(&self, of: &Selector, function: &str) -> Result<Unit, Error> {
        self.selector(of)?;
        let Some(member) = &of.member else {
            let values = self.catalog.value_names(&of.class);
            let example = values.first().map_or("value", String::as_str);
            return Err(Error::new(of.span.clone(), format!("`{function}` needs a value of the events"))
                .help(format!("such as `{}{{}}.{example}`", of.class)));
        };
        if let Some(unit) = self.catalog.value_unit(&of.class, member) {
            return Ok(unit);
        }
        if self.catalog.has_label(&of.class, member) {
            return Err(Error::new(member_span(of), format!("`{member}` of `{}` is a text, not a number", of.class))
                .help("`distinct` counts different texts"));
        }
        Err(self.unknown_value(&of.class, member, &member_span(of)))
    }

    /// That the selector names a label.
    pub(super) fn label_of(&self, of: &Selector, function: &str) -> Result<(), Error> {
        self.selector(of)?;
        let Some(member) = &of.member else {
            return Err(Error::new(of.span.clone(), format!("`{function}` needs a label of the events"))
                .help(format!("such as `{}{{}}.label`", of.class)));
        };
        if !self.catalog.has_label(&of.class, member) && self.catalog.value_unit(&of.class, member).is_some() {
            return Err(Error::new(member_span(of), format!("`{member}` of `{}` is a number, not a label", of.class)));
        }
        self.label(&of.class, member, &member_span(of))
    }
}

/// The name behind the braces; the whole place when that is only where a metric is used.
fn member_span(of: &Selector) -> Span {
    let length = of.member.as_ref().map_or(0, String::len);
    let shortest = of.class.len() + "{}.".len() + length;
    if of.span.len() < shortest { of.span.clone() } else { of.span.end - length..of.span.end }
}

fn maybe_help(error: Error, name: &str, names: &[String]) -> Error {
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if !names.is_empty() && names.len() <= 12 => error.help(format!("there is {}", names.join(", "))),
        None => error,
    }
}
