//! `logwatch plan list|show|check`.

use std::io::{self, Write};

use crate::classify::Library;
use crate::engine::Range;
use crate::rules::plan::{BUILT_IN, Error, Plan, short_span};
use crate::session::{self, Session};

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
pub fn check(name: &str, library: Library, out: &mut impl Write) -> Result<io::Result<()>, session::Error> {
    let session = Session::new(Plan::load(name)?, library, None, Range::default())?;
    let plan = &session.plan.document.plan;
    let rules = &session.engine.rules;
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
        writeln!(out, "ok")
    };
    Ok(write())
}
