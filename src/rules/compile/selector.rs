//! What events a number reads: the class, and tests on its labels and values.

use super::Scope;
use crate::classify::Carriers;
use crate::expr::suggest::nearest;
use crate::expr::{self, TestOp, Unit};
use crate::text::glob::Glob;
use crate::timeline::series::{LabelTest, Selector, ValueTest};

impl Scope<'_, '_> {
    pub(super) fn selector(&mut self, selector: &expr::Selector) -> Result<Selector, expr::Error> {
        let library = self.compiler.library;
        let unknown = || expr::Error::new(selector.span.clone(), "unknown class");
        let id = library.class_id(&selector.class).ok_or_else(unknown)?;
        let class = &library.classes[id];
        let mut compiled = Selector { class: id, labels: Vec::new(), values: Vec::new(), names_via: false };
        for test in &selector.tests {
            let value = class.values.iter().position(|(name, _)| *name == test.label);
            if let (TestOp::Number(op, quantity), Some(value)) = (&test.op, value) {
                let scale = match class.values[value].1 {
                    Unit::Seconds => 1e9,
                    Unit::Bytes => 1.0,
                    _ => 1e6,
                };
                self.compiler.interest.add_value(id, value);
                // Kept values are whole, and so is a bound of them: 57 ms are 57,000,000 ns, whatever 0.057 · 10⁹ comes to.
                compiled.values.push((value, ValueTest { ordering: *op, bound: (quantity.value * scale).round() }));
                continue;
            }
            let label = class.labels.iter().position(|known| *known == test.label).ok_or_else(unknown)?;
            self.compiler.interest.add(id, label);
            compiled.names_via |= test.label == "via";
            if class.carriers.probes {
                self.of_a_probe(test, &selector.tests)?;
            }
            let tested = label_test(test)?;
            if let TestOp::Equal(text) | TestOp::Glob(text) | TestOp::Regex(text) = &test.op
                && test.label == "route"
            {
                self.compiler.routes.insert(text.clone(), tested.clone());
            }
            compiled.labels.push((label, tested));
        }
        Ok(compiled)
    }

    /// That the plan has the probe that a test names, or one that reads the number.
    fn of_a_probe(&self, test: &expr::LabelTest, tests: &[expr::LabelTest]) -> Result<(), expr::Error> {
        let TestOp::Equal(name) = &test.op else { return Ok(()) };
        let probes = &self.compiler.probes;
        let (what, known): (_, Vec<&str>) = match test.label.as_str() {
            "probe" => ("is called", probes.keys().copied().collect()),
            "name" => {
                let of = tests.iter().find_map(|other| match (other.label.as_str(), &other.op) {
                    ("probe", TestOp::Equal(id)) => Some(id.as_str()),
                    _ => None,
                });
                let of_it = probes.iter().filter(|(id, _)| of.is_none_or(|of| of == **id));
                ("reads a number", of_it.flat_map(|(_, names)| names).copied().collect())
            }
            _ => return Ok(()),
        };
        if known.contains(&name.as_str()) {
            return Ok(());
        }
        let near = nearest(name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Err(expr::Error::new(test.span.clone(), format!("no `[[probe]]` {what} `{name}`{near}")))
    }
}

/// The sources that could carry what is selected: a test on how requests are seen leaves out those that see them otherwise.
pub(super) fn carriers(selector: &expr::Selector, all: Carriers) -> Carriers {
    let names = |via: &str| {
        let is_it = |test: &expr::LabelTest| test.label == "via" && test.op == TestOp::Equal(via.into());
        selector.tests.iter().any(is_it)
    };
    Carriers { app: all.app && !names("edge"), edge: all.edge && !names("access"), ..all }
}

fn label_test(test: &expr::LabelTest) -> Result<LabelTest, expr::Error> {
    let regex = |text: &str| {
        expr::matching::anchored(text)
            .map(LabelTest::Regex)
            .map_err(|error| expr::Error::new(test.span.clone(), error.to_string()))
    };
    let not = |test: LabelTest| LabelTest::Not(Box::new(test));
    // Frameworks write `/api/orders/` for what is the route `/api/orders`.
    let written = |text: &'_ str| match text.trim_end_matches('/') {
        "" => text.to_string(),
        rest if test.label == "route" => rest.to_string(),
        _ => text.to_string(),
    };
    Ok(match &test.op {
        TestOp::Equal(text) => LabelTest::Equal(written(text)),
        TestOp::NotEqual(text) => not(LabelTest::Equal(written(text))),
        TestOp::Glob(text) => LabelTest::Glob(Glob::new(&written(text))),
        TestOp::NotGlob(text) => not(LabelTest::Glob(Glob::new(&written(text)))),
        TestOp::Regex(text) => regex(text)?,
        TestOp::NotRegex(text) => not(regex(text)?),
        TestOp::Number(op, quantity) => LabelTest::Number(*op, quantity.value),
        TestOp::Status { from, to, negated: false } => LabelTest::Status(*from, *to),
        TestOp::Status { from, to, negated: true } => not(LabelTest::Status(*from, *to)),
    })
}
