//! The tables, and a line for a case.

use crate::faults::{FAULTS, Kind};
use crate::figures::{Delays, Faults, Share, Twins, well_dated};
use crate::outcome::{BUSY, Input, Outcome};
use crate::twins::TWINS;

pub fn print(outcomes: &[Outcome]) {
    for input in [Input::Both, Input::AppAlone] {
        let of_input: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.input == input).collect();
        println!("\n{}\n", name(input));
        faults(&of_input);
        println!();
        twins(&of_input);
    }
    println!();
    totals(outcomes);
}

fn name(input: Input) -> &'static str {
    match input {
        Input::Both => "app log and HTTP log",
        Input::AppAlone => "app log alone",
    }
}

const VERDICTS: &str = "rollback investigate healthy unknown";

fn faults(outcomes: &[&Outcome]) {
    println!("{:<34}{:>5}  {VERDICTS}  caught  median     p95  threshold: caught, median", "fault", "n");
    for kind in &FAULTS {
        let own = of_kind(outcomes, kind);
        if own.is_empty() {
            continue;
        }
        let figures = Faults::of(&own);
        println!(
            "{:<34}{:>5}  {}  {:>6}  {:>6}  {:>6}             {:>6}  {:>6}",
            kind.name,
            own.len(),
            verdicts(figures.verdicts),
            percent(figures.caught),
            time(figures.delays.median),
            time(figures.delays.p95),
            percent(figures.plain_caught),
            time(figures.plain_delays.median),
        );
    }
}

fn twins(outcomes: &[&Outcome]) {
    println!("{:<34}{:>5}  {VERDICTS}   wrong  threshold: alarms", "healthy twin", "n");
    for kind in &TWINS {
        let own = of_kind(outcomes, kind);
        if own.is_empty() {
            continue;
        }
        let figures = Twins::of(&own);
        println!(
            "{:<34}{:>5}  {}  {:>6}             {:>6}",
            kind.name,
            own.len(),
            verdicts(figures.verdicts),
            percent(figures.false_alarms),
            percent(figures.plain_alarms),
        );
    }
}

fn of_kind<'o>(outcomes: &[&'o Outcome], kind: &Kind) -> Vec<&'o Outcome> {
    outcomes.iter().copied().filter(|outcome| outcome.number.kind().name == kind.name).collect()
}

fn totals(outcomes: &[Outcome]) {
    println!(
        "{:<30}{:>8}{:>9}{:>10}{:>16}{:>10}{:>8}{:>8}   threshold: alarms, caught, at {BUSY}/min, median",
        "totals",
        "false",
        "false",
        "caught",
        format!("at {BUSY}/min"),
        "median",
        "p95",
        "dated",
    );
    println!("{:<30}{:>8}{:>9}{:>10}{:>16}{:>10}{:>8}{:>8}", "", "rollback", "alarm", "", "", "", "", "right");
    for input in [Input::Both, Input::AppAlone] {
        for baseline in [None, Some(true), Some(false)] {
            let is_meant = |outcome: &&Outcome| {
                outcome.input == input && baseline.is_none_or(|baseline| baseline == outcome.baseline)
            };
            let own: Vec<&Outcome> = outcomes.iter().filter(is_meant).collect();
            let label = match baseline {
                None => name(input).to_owned(),
                Some(true) => "  with an hour before".to_owned(),
                Some(false) => "  without".to_owned(),
            };
            total(&label, &own);
        }
    }
}

fn total(label: &str, outcomes: &[&Outcome]) {
    let (faults, twins) = (Faults::of(outcomes), Twins::of(outcomes));
    let Delays { median, p95 } = faults.delays_busy;
    println!(
        "{label:<30}{:>8}{:>9}{:>10}{:>16}{:>10}{:>8}{:>8}   {:>6} {:>6} {:>6} {:>6}",
        percent(twins.false_rollbacks),
        percent(twins.false_alarms),
        percent(faults.caught),
        format!("{} of {}", percent(faults.caught_busy), faults.caught_busy.of),
        time(median),
        time(p95),
        percent(well_dated(outcomes)),
        percent(twins.plain_alarms),
        percent(faults.plain_caught),
        percent(faults.plain_caught_busy),
        time(faults.plain_delays.median),
    );
}

/// One case, with what shows how it came to be judged so.
pub fn line(outcome: &Outcome) {
    let Outcome { number, stack, per_minute, .. } = outcome;
    let log = if outcome.input == Input::Both { "both" } else { "app" };
    let before = if outcome.baseline { "before" } else { "-" };
    let early = if outcome.early { " (only before the fault)" } else { "" };
    println!(
        "{:<5} {:<32} {log:<4} {before:<6} {:<10} {per_minute:>4.1}/min {:<11?} {:>6} dated {:>6}  {}{early}  {}",
        number.to_string(),
        number.kind().name,
        format!("{stack:?}"),
        outcome.verdict,
        time(outcome.delay),
        outcome.misdated.map_or("-".to_owned(), |seconds| format!("{seconds:+.0}")),
        outcome.alarm.as_deref().unwrap_or("-"),
        outcome.reasons.join("; "),
    );
}

fn verdicts(counts: [usize; 4]) -> String {
    let [rollback, investigate, healthy, unknown] = counts;
    format!("{rollback:>8} {investigate:>11} {healthy:>7} {unknown:>7}")
}

fn percent(share: Share) -> String {
    if share.of == 0 { "-".to_owned() } else { format!("{:.1}%", 100.0 * share.ratio()) }
}

/// `2:05`, minutes and seconds.
fn time(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else { return "-".to_owned() };
    let whole = seconds.round() as i64;
    format!("{}:{:02}", whole / 60, whole % 60)
}
