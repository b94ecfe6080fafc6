//! `logwatch plan check --against`: what a plan would have done on saved logs, trigger by trigger.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::clock::now;
use super::files;
use super::intake::Intake;
use super::progress::Progress;
use super::range::Deployed;
use super::record::Record;
use super::run::{Mode, UsageError, open};
use crate::engine::Engine;
use crate::gather::Range;
use crate::judge::Notice;
use crate::mask::Masking;
use crate::output::Measured;
use crate::output::text::describe_check;
use crate::rules::checkpoint::Status;
use crate::rules::node::Node;
use crate::rules::trigger::{State, Trigger};
use crate::session::Session;
use crate::state::Journal;
use crate::summary::{CheckpointEvent, Summary, unit_name};
use crate::text::escape;
use crate::timeline::Tick;
use crate::timeline::group_key::GroupKey;
use crate::zone::Zone;

/// Times that are named of a trigger that fired more often.
const NAMED: usize = 4;

/// When each trigger fired, by its index.
type Fired = BTreeMap<usize, Vec<(Tick, GroupKey)>>;

/// Replays the logs, and tells of each trigger and check what came of it.
pub fn against(
    plan: &str,
    packs: &[PathBuf],
    logs: &[PathBuf],
    deployed_at: Option<Deployed>,
    out: &mut impl Write,
) -> Result<()> {
    let inputs = files::expand(logs)?;
    let opened = open(&inputs, Mode::Replay { follow: false })?;
    let deployed_at = deployed_at.map(|deployed| deployed.moment(now(), Zone::Utc));
    let mut session = Session::load(plan, packs, deployed_at, Range::default()).map_err(UsageError::from)?;
    session.engine.judge.rules.keep_nearest();
    let aside = Progress::new(&opened, true, Zone::Utc).aside();
    let mut record = Record::open(None, aside.clone())?;
    let mut intake = Intake::start(&mut session, opened, 1, aside).context("cannot start to read")?;
    let mut fired = Fired::new();
    while intake.turn(&mut session, &mut record, &mut Journal::default()) {
        listen(&mut session.engine, &mut fired);
    }
    session.engine.finish();
    listen(&mut session.engine, &mut fired);
    let cut_short = (!intake.failures.is_empty()).then(|| intake.failures.join("; "));
    let summary = Summary::new(&session.engine, plan, cut_short, Masking::default());
    tell(&session.engine, &fired, &summary, out)
}

/// Only the newest deployment is told of.
fn listen(engine: &mut Engine, fired: &mut Fired) {
    for notice in engine.take_notices() {
        match notice {
            Notice::Deployed(_) => fired.clear(),
            Notice::Change(change, _) if change.state == State::Firing => {
                fired.entry(change.trigger).or_default().push((change.at, change.group));
            }
            _ => {}
        }
    }
}

fn tell(engine: &Engine, fired: &Fired, summary: &Summary, out: &mut impl Write) -> Result<()> {
    let deployed = summary.deployed_at.map(|at| Zone::Utc.date_and_clock(at));
    let seen = engine.judge.evaluated_until().map_or(0, |end| engine.judge.seen_since_deployment(end));
    let seen = crate::time::short_span(seen);
    match deployed {
        Some(deployed) => writeln!(out, "deployed {deployed} UTC, {seen} seen since")?,
        None => writeln!(out, "no record has a time")?,
    }
    if let Some(cut_short) = &summary.interrupted {
        writeln!(out, "the input was cut short: {}", escape(cut_short))?;
    }
    writeln!(out, "verdict {}", summary.verdict)?;
    for reason in &summary.reasons {
        writeln!(out, "  {}", escape(reason))?;
    }
    let width = engine.judge.rules.triggers.iter().map(|trigger| trigger.id.len()).max().unwrap_or(0).min(32);
    for (index, trigger) in engine.judge.rules.triggers.iter().enumerate() {
        let severity = serde_json::to_value(trigger.severity)?;
        let severity = severity.as_str().unwrap_or_default();
        let facts = facts(engine, index, trigger, fired.get(&index).map_or(&[], Vec::as_slice));
        writeln!(out, "{:width$}  {severity:11}  {}", escape(&trigger.id), escape(&facts.join("; ")))?;
    }
    for event in summary.checkpoints.iter().chain(&summary.success) {
        checks(event, out)?;
    }
    let never = never_seen(engine);
    if !never.is_empty() {
        writeln!(out, "never seen: {}", escape(&never.join(", ")))?;
    }
    let routes = summary.unknown.iter().find(|unknown| unknown.what == "routes");
    if let Some(routes) = routes {
        writeln!(out, "{}", escape(&routes.because))?;
    }
    Ok(())
}

/// How often and when it fired; how near it came otherwise; how much of the time it was not known, and why.
fn facts(engine: &Engine, index: usize, trigger: &Trigger, fired: &[(Tick, GroupKey)]) -> Vec<String> {
    let mut facts = Vec::new();
    let named = |group: &GroupKey| {
        let values: Vec<String> = group.iter().map(|value| Masking::default().text(value)).collect();
        if values.is_empty() { String::new() } else { format!(" {{{}}}", values.join(" ")) }
    };
    let clock = |tick: Tick| Zone::Utc.clock(tick.time());
    if fired.is_empty() {
        facts.push("never fired".into());
    } else {
        let times: Vec<String> =
            fired.iter().take(NAMED).map(|(at, group)| format!("{}{}", clock(*at), named(group))).collect();
        let more = if fired.len() > NAMED { " …" } else { "" };
        facts.push(format!("fired {} ×: {}{more}", fired.len(), times.join(", ")));
    }
    let nearest = engine.judge.rules.nearest.as_ref().and_then(|all| all[index].as_ref());
    if let Some(nearest) = nearest.filter(|_| fired.is_empty()) {
        let judgement = nearest.judgement;
        let measured = Measured {
            value: judgement.value,
            bound: judgement.bound,
            threshold: judgement.threshold,
            share: judgement.share,
            samples: judgement.reported_samples(),
            baseline: judgement.baseline,
            unit: unit_name(judgement.unit),
        };
        let is_equal = judgement.value == judgement.threshold;
        let reading = measured.tell(&trigger.text).map(|reading| {
            // What is as large as its bound, and no larger, did not pass it.
            let reading = if is_equal { reading.replace(" ≥ ", " = ") } else { reading };
            format!("nearest at {}{}: {reading}", clock(nearest.at), named(&nearest.group))
        });
        facts.extend(reading);
    }
    let unknown = 1.0 - trigger.known_share();
    let end = engine.judge.evaluated_until().unwrap_or_default();
    let why = engine.judge.rules.why_unknowable(&trigger.watch.expr.node, end, &engine.judge.observed);
    match why {
        _ if trigger.ticks == 0 => facts.push("never looked at".into()),
        Some(why) => facts.push(format!("not known: {why}")),
        None if unknown > 0.0 => {
            facts.push(format!(
                "not known {:.0} % of the time: its windows held too little, or events without its labels",
                100.0 * unknown
            ));
        }
        None => {}
    }
    facts
}

fn checks(event: &CheckpointEvent, out: &mut impl Write) -> Result<()> {
    let kind = serde_json::to_value(event.kind)?;
    let kind = kind.as_str().unwrap_or_default();
    let at = event.at.filter(|_| event.status != Status::Pending).map(|at| format!(" at {}", Zone::Utc.clock(at)));
    writeln!(out, "{kind} {}: {}{}", escape(&event.id), event.status.as_str(), at.unwrap_or_default())?;
    for check in event.checks.iter().filter(|check| check.status != Status::Pending) {
        writeln!(out, "  {:7}  {}: {}", check.status.as_str(), escape(&check.id), describe_check(check))?;
    }
    Ok(())
}

/// The classes that the plan asks for and the logs have no event of.
fn never_seen(engine: &Engine) -> Vec<String> {
    let rules = &engine.judge.rules;
    let triggers = rules.triggers.iter().map(|trigger| &trigger.watch.expr.node);
    let nodes = triggers.chain(rules.expected().map(|expected| expected.node()));
    let classes = nodes.flat_map(Node::reads).map(|read| engine.judge.timeline.spec(read.window.series).selector.class);
    let mut names: Vec<String> = classes
        .filter(|class| engine.judge.report.classes[*class].count == 0)
        .map(|class| engine.judge.library.classes[class].name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}
