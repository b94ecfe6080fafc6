//! How a run stands, as text.

use super::format::{count, one_line};
use crate::summary::status::Status;
use crate::text::escape;
use crate::zone::Zone;

/// Reasons that are shown.
const REASONS: usize = 5;

pub fn text(status: &Status, zone: Zone) -> String {
    let at = |time| zone.date_and_clock(time);
    let sources: Vec<String> = status.sources.iter().map(|source| escape(source)).collect();
    let runs = match status.process {
        Some(process) => format!("process {process} goes on with it"),
        None => "no process goes on with it".into(),
    };
    let mut lines = vec![
        format!("{}   plan {}   {}", escape(&status.state), escape(&status.plan), sources.join(", ")),
        format!("began {} {zone}; {runs}", at(status.began)),
    ];
    if let Some((from, to)) = status.from.zip(status.to) {
        let late = if status.late > 0 { format!(", {} late", count(status.late)) } else { String::new() };
        lines.push(format!("{} lines{late}, {} to {} {zone}", count(status.lines), at(from), at(to)));
    }
    if let Some(deployed) = status.deployed_at {
        lines.push(format!("deployed {} {zone}", at(deployed)));
    }
    let so_far = if status.complete { "" } else { "   so far" };
    lines.push(String::new());
    lines.push(format!("VERDICT  {}{so_far}", status.verdict.to_string().to_uppercase()));
    lines.extend(status.reasons.iter().take(REASONS).map(|reason| format!("  {}", one_line(reason))));
    if !status.firing.is_empty() {
        lines.push(format!("FIRING   {}", one_line(&status.firing.join(", "))));
    }
    if let Some(next) = &status.next_checkpoint {
        lines.push(format!("NEXT     checkpoint {} at {} {zone}", one_line(&next.id), at(next.at)));
    }
    if status.undelivered > 0 {
        lines.push(format!("NOTIFY   {} not delivered yet", count(status.undelivered as u64)));
    }
    lines.join("\n") + "\n"
}
