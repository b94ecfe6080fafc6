//! `logwatch plan list|show|check|test`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use crate::gather::Range;
use crate::rules::plan::{BUILT_IN, Error, Kind, Plan};
use crate::session::samples::{self, Failed};
use crate::session::{self, Session};
use crate::text::escape;
use crate::time::short_span;

/// The built-in plans, a line each.
pub fn list(out: &mut impl Write) -> io::Result<()> {
    for (name, text) in BUILT_IN {
        let title = Plan::parse(name, text).map(|plan| plan.document.plan.title).unwrap_or_default();
        writeln!(out, "{name:<14} {title}")?;
    }
    Ok(())
}

/// The plan's own text.
pub fn show(name: &str, out: &mut impl Write) -> Result<io::Result<()>, Error> {
    let plan = Plan::load(name)?;
    Ok(out.write_all(plan.text.as_bytes()))
}

/// Compiles the plan as a run would, and tells what is in it.
pub fn check(
    name: &str,
    packs: &[PathBuf],
    explain: bool,
    out: &mut impl Write,
) -> Result<io::Result<()>, session::Error> {
    let session = Session::load(name, packs, None, Range::default())?;
    let plan = &session.plan.document.plan;
    let rules = &session.engine.judge.rules;
    let actions = session.plan.actions()?;
    let words = if explain { session.plan.in_words()? } else { Vec::new() };
    let ids = |severity| {
        let of = rules.triggers.iter().filter(move |trigger| trigger.severity == severity);
        of.map(|trigger| trigger.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut write = || -> io::Result<()> {
        writeln!(out, "{}: {}", plan.id, plan.title)?;
        writeln!(out, "armed for {} after the deployment, windows of {}", plan.duration, short_span(plan.window.0))?;
        use crate::rules::plan::Severity;
        for (label, severity) in
            [("rollback", Severity::Rollback), ("investigate", Severity::Investigate), ("info", Severity::Info)]
        {
            let ids = ids(severity);
            if !ids.is_empty() {
                writeln!(out, "{label:<12} {ids}")?;
            }
        }
        if !rules.kpis.is_empty() {
            let kpis: Vec<&str> = rules.kpis.iter().map(|kpi| kpi.id.as_str()).collect();
            writeln!(out, "{:<12} {}", "KPIs", kpis.join(", "))?;
        }
        for (label, kind) in [("checkpoints", Kind::Checkpoint), ("success", Kind::Success)] {
            let of_kind = rules.checkpoints.iter().filter(|checkpoint| checkpoint.kind == kind);
            let ids: Vec<&str> = of_kind.map(|checkpoint| checkpoint.id.as_str()).collect();
            if !ids.is_empty() {
                writeln!(out, "{label:<12} {}", ids.join(", "))?;
            }
        }
        let actions: Vec<&str> = actions.iter().map(|action| action.id.as_str()).collect();
        for (label, ids) in [("probes", session.plan.probe_numbers().into_keys().collect()), ("actions", actions)] {
            if !ids.is_empty() {
                writeln!(out, "{label:<12} {}", escape(&ids.join(", ")))?;
            }
        }
        for (id, said) in &words {
            writeln!(out, "{}: {}", escape(id), escape(said))?;
        }
        writeln!(out, "ok")
    };
    Ok(write())
}

/// Runs the samples of a plan and of its patterns, and says what does not come out as they say; how many did not.
pub fn test(name: &str, packs: &[PathBuf], out: &mut impl Write) -> Result<io::Result<usize>, session::Error> {
    let plan = Plan::load(name)?;
    let library = Arc::new(plan.library(packs)?);
    let failures = samples::failures(&plan, &library)?;
    let own: Vec<_> =
        crate::explain::samples::run(&library).into_iter().filter(|sample| sample.origin.path == name).collect();
    let all = plan.document.samples.len() + own.len();
    let of_patterns: Vec<_> = own
        .into_iter()
        .filter_map(|sample| Some((sample.origin, sample.class, sample.number, sample.problem?)))
        .collect();
    let mut write = || -> io::Result<usize> {
        for Failed { line, about, why } in &failures {
            writeln!(out, "{}:{line}: {}: {}", escape(name), escape(about), escape(why))?;
        }
        for (origin, class, number, problem) in &of_patterns {
            writeln!(
                out,
                "{}: sample {number} of {}: {}",
                escape(&origin.to_string()),
                escape(class),
                escape(problem)
            )?;
        }
        let failed = failures.len() + of_patterns.len();
        match (all, failed) {
            (0, _) => writeln!(out, "{}: no samples", escape(name))?,
            (_, 0) => writeln!(out, "all samples as stated: {all}")?,
            _ => writeln!(out, "not as stated: {failed} in {all}")?,
        }
        Ok(failed)
    };
    Ok(write())
}
