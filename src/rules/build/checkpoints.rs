//! Checkpoints and criteria of success made ready to be looked at.

use toml::Spanned;

use super::{item_of, with_nearest};
use crate::expr::{self, Expr, Kind as ExprKind, Metrics, Window};
use crate::rules::checkpoint::{Check, Checkpoint, Expected, Question, Test};
use crate::rules::compile::Compiler;
use crate::rules::plan::{self, Error, Kind, Manual, Plan, Written};
use crate::rules::trigger::Trigger;
use crate::time::SECOND;
use crate::time::short_span;

/// What a check may name.
pub struct Known<'a> {
    pub triggers: &'a [Trigger],
    pub manual: &'a [Manual],
    pub metrics: &'a Metrics,
}

/// All of a plan's, in the order in which they are looked at.
pub fn compile(plan: &Plan, known: &Known<'_>, compiler: &mut Compiler<'_>) -> Result<Vec<Checkpoint>, Error> {
    let written = plan.checkpoints()?;
    let duration = plan.document.plan.duration.0;
    let default_window = compiler.default_window;
    let mut compiled = Vec::new();
    for written in &written {
        let after = written.after.get_ref().0;
        if after < 1 {
            return Err(written
                .plan
                .error(written.after, "nothing is known at the deployment itself; give a time after it".into()));
        }
        // Nobody means a longer window who names none.
        compiler.default_window = written.window.map_or(default_window, |window| window.0).clamp(1, after);
        let check = |check| compile_check(written, check, duration, known, compiler);
        let checks = written.checks.iter().map(check).collect::<Result<Vec<_>, _>>()?;
        compiled.push(Checkpoint {
            kind: written.kind,
            id: written.id.get_ref().clone(),
            title: written.title.into(),
            after,
            checks,
            result: None,
        });
    }
    compiler.default_window = default_window;
    share_answers(&mut compiled);
    Ok(compiled)
}

fn compile_check(
    Written { plan, checks, kind, after, .. }: &Written<'_>,
    written: &plan::Check,
    duration: i64,
    known: &Known<'_>,
    compiler: &mut Compiler<'_>,
) -> Result<Check, Error> {
    let id = written.id.get_ref();
    if checks.iter().filter(|check| check.id.get_ref() == id).count() > 1 {
        return Err(plan.error(&written.id, format!("two checks are called `{id}`")));
    }
    let (about, test) = match (&written.expect, &written.not_fired, &written.manual) {
        (Some(text), None, None) => {
            let expected = expected(plan, text, written, known.metrics, compiler)?;
            let expr = expr::parse(text.get_ref(), known.metrics).or_else(refuse_with(plan, text))?;
            let after = after.get_ref().0;
            if let Some(error) = unfit_window(&expr, *kind, after, duration) {
                return refuse_with(plan, text)(error);
            }
            (expected.text.clone(), Test::Expect(Box::new(expected)))
        }
        (None, Some(names), None) if !names.is_empty() => {
            let ids = || known.triggers.iter().map(|trigger| trigger.id.as_str());
            let index = |name: &Spanned<String>| {
                ids().position(|id| id == name.get_ref()).ok_or_else(|| {
                    let what = format!("no trigger is called `{}`", name.get_ref());
                    plan.error(name, with_nearest(what, name.get_ref(), ids()))
                })
            };
            let triggers = names.iter().map(index).collect::<Result<Vec<_>, _>>()?;
            let about = names.iter().map(|name| name.get_ref().as_str()).collect::<Vec<_>>().join(", ");
            (about, Test::NotFired(triggers))
        }
        (None, None, Some(name)) => {
            let item = item_of(plan, name, known.manual)?;
            let question = Question { item, from: 0, until: i64::MAX };
            (known.manual[item].what.clone(), Test::Manual(question))
        }
        _ => {
            let message = format!("check `{id}` has one of `expect`, `not_fired` and `manual`");
            return Err(plan.error(&written.id, message));
        }
    };
    Ok(Check { id: id.clone(), about: written.about.clone().unwrap_or(about), test })
}

fn expected(
    plan: &Plan,
    text: &Spanned<String>,
    written: &plan::Check,
    metrics: &Metrics,
    compiler: &mut Compiler<'_>,
) -> Result<Expected, Error> {
    let refuse = |error: expr::Error| Err(Error::Expression(error.render(text.get_ref(), &plan.place(text))));
    let whole = 0..text.get_ref().len();
    let compiled = plan.compile(text, metrics, compiler, false)?;
    if compiled.unit.is_some() {
        return refuse(expr::Error::new(whole, "`expect` is a number; compare it with something, such as `> 95%`"));
    }
    if !compiled.by.is_empty() {
        let message = "a check has one result; leave `by` out, or write a trigger and name it in `not_fired`";
        return refuse(expr::Error::new(whole, message));
    }
    if !compiled.node.overalls().is_empty() {
        return refuse(expr::Error::new(whole, "`overall` is for triggers with a `confidence`"));
    }
    Ok(Expected::new(compiled, written.min_samples.unwrap_or(1), text.get_ref().clone()))
}

fn refuse_with<'a, T>(plan: &'a Plan, text: &'a Spanned<String>) -> impl FnOnce(expr::Error) -> Result<T, Error> + 'a {
    move |error| Err(Error::Expression(error.render(text.get_ref(), &plan.place(text))))
}

/// What is wrong with the windows of a check that is looked at so long after the deployment.
fn unfit_window(expr: &Expr, kind: Kind, after: i64, duration: i64) -> Option<expr::Error> {
    let window_of = |expr: &Expr| match &expr.kind {
        ExprKind::Aggregate(aggregate) => Some(aggregate.window),
        ExprKind::Zero { window, .. } | ExprKind::Absent { window, .. } => Some(*window),
        _ => None,
    };
    let is_later = |window: Window| window == Window::Deploy && after > duration;
    let is_longer = |window: Window| matches!(window, Window::Length(length) if kind == Kind::Checkpoint && length > after.saturating_mul(SECOND));
    if let Some(at) = expr.find(&|expr| window_of(expr).is_some_and(is_later)) {
        let message = format!(
            "`[deploy]` ends with the plan's duration of {}, and this is looked at later",
            short_span(duration)
        );
        return Some(expr::Error::new(at.span.clone(), message).help(format!("write `[{}]`", short_span(after))));
    }
    let at = expr.find(&|expr| window_of(expr).is_some_and(is_longer))?;
    let message =
        format!("the window is longer than the {} after the deployment at which this is looked at", short_span(after));
    Some(expr::Error::new(at.span.clone(), message).help("windows reach no further back than the deployment"))
}

/// An answer counts at the checkpoints on either side of it that ask for it, not at others.
fn share_answers(checkpoints: &mut [Checkpoint]) {
    let asked: Vec<(i64, usize)> = checkpoints
        .iter()
        .flat_map(|checkpoint| {
            checkpoint.checks.iter().filter_map(|check| match check.test {
                Test::Manual(Question { item, .. }) => Some((checkpoint.after, item)),
                _ => None,
            })
        })
        .collect();
    for checkpoint in checkpoints {
        let after = checkpoint.after;
        for check in &mut checkpoint.checks {
            let Test::Manual(question) = &mut check.test else { continue };
            let times = || asked.iter().filter(|(_, item)| *item == question.item).map(|(after, _)| *after);
            let (from, until) =
                (times().filter(|time| *time < after).max(), times().filter(|time| *time > after).min());
            (question.from, question.until) = (from.unwrap_or(0), until.unwrap_or(i64::MAX));
        }
    }
}
