//! Expressions to nodes that read windows.

mod past;
mod selector;

use std::collections::BTreeMap;

use super::node::{Node, Read};
use crate::classify::wellknown;
use crate::classify::{Interest, Library};
use crate::expr::{self, Aggregate, Catalog, Expr, Function, Input, Kind, Unit, Window};
use crate::time::SECOND;
use crate::timeline::series::{CellNeeds, LabelTest, Measure, Spec, ValueTest};
use crate::timeline::window::Reach;
use crate::timeline::{Timeline, WindowRef};
use selector::carriers;

/// A compiled expression.
#[derive(Debug)]
pub struct Compiled {
    pub node: Node,
    /// The labels its groups have; empty for one result.
    pub by: Vec<String>,
    /// The series that show the first thing the expression speaks of, for evidence.
    pub evidence: Vec<WindowRef>,
    pub unit: Option<Unit>,
    /// Whether a quotient of counts that is no proportion stands in it.
    pub plain_quotient: bool,
    /// Baselines that nothing is compared with: each is what a value is read beside.
    pub pasts: Vec<Node>,
}

/// Whether lines show what a function makes of events: what is counted. Of a percentile or a gap any line would do, and so none does.
fn shows(function: Function) -> bool {
    matches!(function, Function::Count | Function::Rate | Function::Distinct | Function::Streak)
}

/// What compiling needs and adds to.
pub struct Compiler<'a> {
    pub library: &'a Library,
    pub timeline: &'a mut Timeline,
    pub interest: &'a mut Interest,
    /// Seconds.
    pub default_window: i64,
    pub baseline_window: i64,
    /// How many trends and baselines there are.
    pub states: usize,
    /// The routes that are named, as they are written.
    pub routes: BTreeMap<String, LabelTest>,
    /// The plan's probes by their ids, with the names of their numbers.
    pub probes: BTreeMap<&'a str, Vec<&'a str>>,
}

struct Scope<'a, 'b> {
    compiler: &'a mut Compiler<'b>,
    by: Vec<String>,
    evidence: Vec<WindowRef>,
    plain_quotient: bool,
    in_baseline: bool,
    in_overall: bool,
    keep_evidence: bool,
    /// What the guard that is being compiled stands before.
    guarded: Vec<Expr>,
    pasts: Vec<Node>,
    /// Whether it is only shown beside something: such series are apart from those of rules, whose groups are those of their own
    /// windows.
    is_aside: bool,
    /// Whether what a comparison here comes to is what the whole expression comes to, and shows.
    decides: bool,
    /// How many numbers are read.
    reads: usize,
    /// Values that events must carry to be read: those that the part of a ratio tests (SEMANTICS 11).
    required: Vec<usize>,
}

impl Compiler<'_> {
    /// Compiles a checked expression; `evidence` says whether lines that show its events are kept.
    pub fn compile(&mut self, expr: &Expr, evidence: bool) -> Result<Compiled, expr::Error> {
        self.compile_as(expr, evidence, false)
    }

    /// The same of what is only shown, and decides nothing.
    pub fn compile_aside(&mut self, expr: &Expr) -> Result<Compiled, expr::Error> {
        self.compile_as(expr, false, true)
    }

    fn compile_as(&mut self, expr: &Expr, evidence: bool, is_aside: bool) -> Result<Compiled, expr::Error> {
        let unit = match expr::check(expr, self.library)? {
            expr::Type::Truth => None,
            expr::Type::Number(unit) => Some(unit),
        };
        let mut scope = Scope {
            compiler: self,
            by: Vec::new(),
            evidence: Vec::new(),
            plain_quotient: false,
            in_baseline: false,
            in_overall: false,
            keep_evidence: evidence,
            guarded: Vec::new(),
            pasts: Vec::new(),
            is_aside,
            decides: evidence && !past::has_baseline(expr),
            reads: 0,
            required: Vec::new(),
        };
        let node = scope.node(expr)?;
        let Scope { by, evidence, plain_quotient, pasts, .. } = scope;
        Ok(Compiled { node, by, evidence, unit, plain_quotient, pasts })
    }
}

impl Scope<'_, '_> {
    fn node(&mut self, expr: &Expr) -> Result<Node, expr::Error> {
        let boxed = |scope: &mut Self, expr: &Expr| scope.node(expr).map(Box::new);
        Ok(match &expr.kind {
            Kind::Literal(quantity) => Node::Number(quantity.value),
            Kind::Aggregate(aggregate) => Node::Read(self.aggregate(aggregate)?),
            Kind::Negate(of) => Node::Negate(boxed(self, of)?),
            Kind::Arithmetic { op, left, right } => {
                if let Some((part, whole)) = expr::ratio_of_counts(expr) {
                    let (Input::Events(inner), Input::Events(outer)) = (&part.input, &whole.input) else {
                        return Err(expr::Error::new(expr.span.clone(), "a count reads events"));
                    };
                    if expr::is_part_of(inner, outer, self.compiler.library) {
                        // Lines that are in the part are the evidence; those of the whole show nothing.
                        let part = self.aggregate(part)?;
                        let keep = std::mem::replace(&mut self.keep_evidence, false);
                        self.required = self.selector(inner)?.values.iter().map(|(value, _)| *value).collect();
                        let whole = self.aggregate(whole)?;
                        self.required.clear();
                        self.keep_evidence = keep;
                        return Ok(Node::Share { part, whole });
                    }
                    self.plain_quotient = true;
                }
                Node::Arithmetic { op: *op, left: boxed(self, left)?, right: boxed(self, right)? }
            }
            Kind::Compare { op, left, right } => {
                let unit = match expr::check(left, self.compiler.library)? {
                    expr::Type::Number(unit) => unit,
                    expr::Type::Truth => Unit::Plain,
                };
                // What is measured stands on the left, whichever way it was written.
                let is_mirrored = is_measured(right) && !is_measured(left);
                let (op, left, right) = if is_mirrored { (op.mirrored(), right, left) } else { (*op, left, right) };
                let past = if self.decides { self.past(left)? } else { None };
                Node::Compare { op, left: boxed(self, left)?, right: boxed(self, right)?, unit, past }
            }
            Kind::And(guard, guarded) => {
                let decides = std::mem::replace(&mut self.decides, false);
                self.guarded.push((**guarded).clone());
                let guard = boxed(self, guard)?;
                self.guarded.pop();
                self.decides = decides;
                Node::And(guard, boxed(self, guarded)?)
            }
            Kind::Or(left, right) => Node::Or(boxed(self, left)?, boxed(self, right)?),
            Kind::Not(of) => {
                let decides = std::mem::replace(&mut self.decides, false);
                let of = boxed(self, of)?;
                self.decides = decides;
                Node::Not(of)
            }
            Kind::Zero { part, whole, window } => {
                let part = self.read(part, Measure::Events, &[], *window, Function::Count)?;
                let whole = self.read(whole, Measure::Events, &[], *window, Function::Count)?;
                Node::Zero { part, whole }
            }
            Kind::Absent { of, window } => {
                Node::Absent(self.read(of, Measure::Events, &[], *window, Function::Count)?)
            }
            Kind::Overall(of) => {
                // Its groups are looked at together, whatever groups the expression around it has.
                let by = std::mem::take(&mut self.by);
                self.in_overall = true;
                let of = self.node(of)?;
                (self.by, self.in_overall) = (by, false);
                let Node::Compare { op, left, right, .. } = of else {
                    return Err(expr::Error::new(expr.span.clone(), "`overall` takes a comparison"));
                };
                Node::Overall { op, left, right, id: self.state() }
            }
            Kind::Trend { of, window } => {
                let length = self.length(*window).unwrap_or(self.compiler.default_window);
                Node::Trend { of: boxed(self, of)?, length, id: self.state() }
            }
            Kind::Baseline { of, otherwise } => {
                let otherwise = otherwise.as_ref().map(|number| self.node(number)).transpose()?;
                let otherwise = otherwise.and_then(|number| number.constant());
                let outer = std::mem::replace(&mut self.in_baseline, true);
                let keep = std::mem::replace(&mut self.keep_evidence, false);
                let of = boxed(self, of)?;
                (self.in_baseline, self.keep_evidence) = (outer, keep);
                Node::Baseline { of, otherwise, id: self.state() }
            }
        })
    }

    fn state(&mut self) -> usize {
        self.compiler.states += 1;
        self.compiler.states - 1
    }

    fn length(&self, window: Window) -> Option<i64> {
        match window {
            Window::Default => Some(self.compiler.default_window),
            Window::Length(nanoseconds) => Some((nanoseconds / SECOND).max(1)),
            Window::Deploy => None,
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Read, expr::Error> {
        if !aggregate.by.is_empty() {
            if !self.by.is_empty() && self.by != aggregate.by {
                return Err(expr::Error::new(
                    aggregate.span.clone(),
                    "groups by other labels than the rest of the expression",
                ));
            }
            self.by.clone_from(&aggregate.by);
        }
        let library = self.compiler.library;
        let labels = |class: &str, names: &[String]| -> Vec<usize> {
            let class = library.class_id(class).map(|id| &library.classes[id]);
            names.iter().filter_map(|name| class?.labels.iter().position(|known| known == name)).collect()
        };
        let (selector, measure) = match &aggregate.input {
            Input::Intervals { of, by } => {
                let by = labels(&of.class, by);
                self.interested(&of.class, &by);
                (of, Measure::Intervals(by))
            }
            Input::Streak { part, whole } => (whole, Measure::Run(self.selector(part)?)),
            Input::Events(selector) => {
                let measure = match &selector.member {
                    None => Measure::Events,
                    Some(label) if aggregate.function == Function::Distinct => {
                        let label = labels(&selector.class, std::slice::from_ref(label));
                        self.interested(&selector.class, &label);
                        Measure::Distinct(label.first().copied().unwrap_or_default())
                    }
                    Some(value) => {
                        let class = library.class_id(&selector.class).map(|id| &library.classes[id]);
                        let index = class.and_then(|class| class.values.iter().position(|(name, _)| name == value));
                        let index = index.unwrap_or_default();
                        if let Some(class) = library.class_id(&selector.class) {
                            self.compiler.interest.add_value(class, index);
                        }
                        Measure::Value(index)
                    }
                };
                (selector, measure)
            }
        };
        let by = labels(&selector.class, &aggregate.by);
        self.read(selector, measure, &by, aggregate.window, aggregate.function)
    }

    /// Registers the series and the window that a number is read from.
    fn read(
        &mut self,
        selector: &expr::Selector,
        measure: Measure,
        by: &[usize],
        window: Window,
        function: Function,
    ) -> Result<Read, expr::Error> {
        let library = self.compiler.library;
        let mut compiled = self.selector(selector)?;
        for value in &self.required {
            // Passes whatever the value is, but only if there is one.
            let present = ValueTest { ordering: expr::CompareOp::GreaterOrEqual, bound: f64::NEG_INFINITY };
            compiled.values.push((*value, present));
        }
        self.interested(&selector.class, by);
        let class = &library.classes[compiled.class];
        let is_request = class.name == wellknown::REQUEST || library.refines(&class.name, wellknown::REQUEST);
        let is_duration = |value: usize| is_request && class.values[value].0 == "duration";
        let (scale, reads_duration) = match &measure {
            Measure::Value(index) => match class.values[*index].1 {
                Unit::Seconds => (1e9, is_duration(*index)),
                Unit::Bytes => (1.0, false),
                _ => (1e6, false),
            },
            Measure::Intervals(_) => (1e9, false),
            _ => (1.0, compiled.values.iter().any(|(index, _)| is_duration(*index))),
        };
        let length = if self.in_baseline { Some(self.compiler.baseline_window) } else { self.length(window) };
        let reach = match length {
            Some(length) if self.in_baseline => Reach::Baseline(length),
            Some(length) => Reach::Length(length),
            None => Reach::Deploy,
        };
        let plain = expr::Selector { member: None, ..selector.clone() };
        let aside = if self.is_aside { " aside" } else { "" };
        let label = |index: &usize| class.labels[*index].clone();
        let value = |index: &usize| class.values[*index].0.clone();
        let measured = match &measure {
            Measure::Events => "events".into(),
            Measure::Value(index) => format!("values of {}", value(index)),
            Measure::Distinct(index) => format!("distinct {}", label(index)),
            Measure::Intervals(by) => format!("intervals by {:?}", by.iter().map(label).collect::<Vec<_>>()),
            Measure::Run(part) => format!("run {part:?}"),
        };
        let (labels, with): (Vec<_>, Vec<_>) =
            (by.iter().map(label).collect(), self.required.iter().map(value).collect());
        // By names, so that a baseline that was saved means the same to a library that numbers them in another way.
        let name = format!("{plain} {measured} by {labels:?} with {with:?}{aside}");
        let carriers = carriers(selector, class.carriers);
        let spec = Spec { name, selector: compiled, by: by.to_vec(), measure };
        let needs = CellNeeds {
            evidence: self.keep_evidence && shows(function) && !self.is_population(selector),
            gaps: function == Function::Gap,
            samples: matches!(function, Function::Quantile(_)),
        };
        let window = self.compiler.timeline.register(spec, reach, needs);
        if needs.evidence {
            self.evidence.push(window);
        }
        self.reads += 1;
        Ok(Read {
            index: self.reads - 1,
            window,
            function,
            grouped: !by.is_empty(),
            pooled: self.in_overall,
            length,
            in_baseline: self.in_baseline,
            scale,
            carriers,
            reads_duration,
        })
    }

    /// Whether a guard only says that there are enough events for what is measured of them behind it.
    fn is_population(&self, selector: &expr::Selector) -> bool {
        let measured = |expr: &Expr| match &expr.kind {
            Kind::Aggregate(Aggregate { function, input: Input::Events(of), .. }) => {
                !shows(*function) && expr::is_part_of(of, selector, self.compiler.library)
            }
            _ => false,
        };
        self.guarded.iter().any(|guarded| guarded.find(&measured).is_some())
    }

    fn interested(&mut self, class: &str, labels: &[usize]) {
        if let Some(class) = self.compiler.library.class_id(class) {
            labels.iter().for_each(|label| self.compiler.interest.add(class, *label));
        }
    }
}

/// Whether a number depends on what happens after the deployment.
fn is_measured(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Literal(_) | Kind::Baseline { .. } => false,
        Kind::Negate(of) => is_measured(of),
        Kind::Arithmetic { left, right, .. } => is_measured(left) || is_measured(right),
        _ => true,
    }
}
