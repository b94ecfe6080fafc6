//! Output for GitHub Actions: annotations as workflow commands, and the job summary as Markdown. Nothing that comes from
//! a log is written as a command or as markup.

use std::io::{self, Write};

use super::format::{clocks, count, counted, cut, known_by, one_line, range, value};
use super::text::{Finding, describe_check, findings, target};
use super::traffic::{self, Table};
use super::triggers::{measured, name, runbook, when};
use crate::rules::checkpoint::Status;
use crate::rules::plan::Severity;
use crate::rules::verdict::Verdict;
use crate::summary::traffic::Change;
use crate::summary::{CheckpointEvent, KpiStatus, Summary, TriggerResult};
use crate::zone::Zone;

/// Annotations of one kind that GitHub shows for a step; what is more it drops without a word.
const ANNOTATIONS: usize = 10;
/// Rows of a table of the job summary, which may have 1 MiB.
const ROWS: usize = 15;
/// Columns of a text in a table.
const WIDEST: usize = 160;

/// Writes one workflow command for each trigger that fired, the gravest first, at most ten, with times of a zone.
pub fn annotations(out: &mut impl Write, summary: &Summary, zone: Zone) -> io::Result<()> {
    let mut fired: Vec<&TriggerResult> = summary.triggers.iter().filter(|trigger| trigger.fired > 0).collect();
    fired.sort_by_key(|trigger| std::cmp::Reverse(trigger.severity));
    for trigger in fired.into_iter().take(ANNOTATIONS) {
        let (command, word) = match trigger.severity {
            Severity::Rollback => ("error", "ROLLBACK"),
            Severity::Investigate => ("warning", "INVESTIGATE"),
            Severity::Info => ("notice", "INFO"),
        };
        let title = property(&format!("logwatch: {word} {}", name(trigger)));
        let facts: Vec<String> =
            [measured(trigger), when(trigger, zone), runbook(trigger)].into_iter().flatten().collect();
        writeln!(out, "::{command} title={title}::{}", data(&facts.join(", ")))?;
    }
    out.flush()
}

/// The summary as GitHub-flavoured Markdown, with times of a zone.
pub fn job_summary(summary: &Summary, zone: Zone) -> String {
    let word = match summary.verdict {
        Verdict::Rollback => "🔴 ROLLBACK",
        Verdict::Investigate => "🟡 INVESTIGATE",
        Verdict::Unknown => "⚪ UNKNOWN",
        Verdict::Healthy if summary.complete => "🟢 HEALTHY",
        Verdict::Healthy => "🟢 HEALTHY so far",
    };
    let mut facts = vec![format!("Plan {}", code(&summary.plan)), counted(summary.input.lines, "line")];
    facts.extend(summary.from.zip(summary.to).map(|(from, to)| range(from, to, zone)));
    facts.extend(summary.deployment.as_ref().map(|deployment| match deployment.from.is_known() {
        true => {
            format!("deployed {} {zone} (from {})", zone.date_and_clock(deployment.at), plain(&known_by(deployment)))
        }
        false => "no deployment in this log; judged from its first record".into(),
    }));
    let mut blocks = vec![format!("## logwatch: {word}"), facts.join(" · ")];
    if let Some(interrupted) = &summary.interrupted {
        blocks.push(format!("**The input was cut short:** {}", plain(interrupted)));
    }
    if !summary.reasons.is_empty() {
        blocks.push(list(summary.reasons.iter().map(|reason| plain(reason))));
    }
    blocks.extend(triggers(summary, zone));
    blocks.extend(errors(summary, zone));
    blocks.extend(traffic(summary));
    blocks.extend(kpis(summary));
    blocks.extend(checkpoints("Checkpoints", "checkpoint", &summary.checkpoints));
    blocks.extend(checkpoints("Success", "criteria", &summary.success));
    if !summary.unknown.is_empty() {
        blocks.push("### Not known".into());
        blocks.push(list(summary.unknown.iter().map(|unknown| {
            let remedy =
                if unknown.remedy.is_empty() { String::new() } else { format!(": {}", plain(&unknown.remedy)) };
            format!("**{}**: {}{remedy}", plain(&unknown.what), plain(&unknown.because))
        })));
    }
    if !summary.next.is_empty() {
        blocks.push("### Next".into());
        blocks.push(list(summary.next.iter().map(|step| plain(step))));
    }
    blocks.join("\n\n") + "\n"
}

fn triggers(summary: &Summary, zone: Zone) -> Vec<String> {
    let mut fired: Vec<&TriggerResult> = summary.triggers.iter().filter(|trigger| trigger.fired > 0).collect();
    fired.sort_by_key(|trigger| std::cmp::Reverse(trigger.severity));
    let quiet = summary.triggers.len() - fired.len();
    if fired.is_empty() {
        return if quiet > 0 {
            vec![format!("{} watched, none fired.", counted(quiet as u64, "trigger"))]
        } else {
            Vec::new()
        };
    }
    let rows = fired.iter().map(|trigger| {
        let severity = match trigger.severity {
            Severity::Rollback => "rollback",
            Severity::Investigate => "investigate",
            Severity::Info => "info",
        };
        let cells = [measured(trigger), when(trigger, zone), trigger.runbook.clone()]
            .map(|text| plain(&text.unwrap_or_default()));
        let [measured, when, runbook] = cells;
        vec![severity.into(), code(&name(trigger)), measured, when, runbook]
    });
    let mut blocks = table("Triggers", &["severity", "trigger", "value", "when", "runbook"], 0, rows);
    if quiet > 0 {
        blocks.push(format!("{} did not fire.", counted(quiet as u64, "other trigger")));
    }
    blocks
}

fn errors(summary: &Summary, zone: Zone) -> Vec<String> {
    let several = summary.sources.len() > 1;
    let place = |finding: &Finding<'_>| {
        let file = finding.seen.file.as_deref().filter(|_| several).unwrap_or("line ");
        finding
            .seen
            .line_no
            .map_or(String::new(), |line| code(&format!("{file}{}{line}", if several { ":" } else { "" })))
    };
    let rows = findings(summary, usize::MAX).into_iter().map(|finding| {
        let times =
            finding.seen.first.zip(finding.seen.last).map(|(first, last)| clocks(first, last, summary.to, zone));
        let beside = finding.seen.beside.as_ref().map(|beside| {
            format!("beside {} of {} failed {}", count(beside.failures), count(beside.of), code(&beside.route))
        });
        let facts: Vec<String> = times.into_iter().chain(beside).collect();
        vec![count(finding.seen.count), code(&finding.message), code(&finding.name), place(&finding), facts.join(", ")]
    });
    table("Errors", &["n", "message", "from", "first at", "when"], 1, rows)
}

fn traffic(summary: &Summary) -> Vec<String> {
    let Some(Table { title, periods, columns, rows }) = traffic::table(&summary.http, usize::MAX) else {
        return Vec::new();
    };
    let heads: Vec<&str> = columns.iter().map(|column| column.head).chain(["route"]).collect();
    let rows = rows.iter().map(|row| {
        let arrow = |change| match change {
            Some(Change::More) => " ↑",
            Some(Change::Less) => " ↓",
            None => "",
        };
        let cells = row.cells.iter().map(|cell| format!("{}{}", cell.text, arrow(cell.change)));
        cells.chain([code(&row.name)]).collect()
    });
    let periods = if periods.is_empty() { periods } else { format!("; {periods}") };
    table(&format!("Traffic: {title}{periods}"), &heads, columns.len(), rows)
}

fn kpis(summary: &Summary) -> Vec<String> {
    let rows = summary.kpis.iter().map(|kpi| {
        let status = match kpi.status {
            KpiStatus::Met => "met",
            KpiStatus::Missed => "**missed**",
            KpiStatus::Unknown => "unknown",
            KpiStatus::Manual => "to be answered",
        };
        let share = kpi.share.map(|(part, whole)| format!("{} of {}", count(part), count(whole)));
        let reached =
            share.or_else(|| kpi.value.map(|number| value(number, kpi.unit.unwrap_or("count")))).unwrap_or_default();
        vec![plain(&kpi.title), plain(&target(kpi)), status.into(), plain(&reached)]
    });
    table("KPIs", &["KPI", "target", "status", "reached"], 0, rows)
}

/// A row for each check of what is reached, and one for what is not.
fn checkpoints(title: &str, head: &str, all: &[CheckpointEvent]) -> Vec<String> {
    let word = |status| match status {
        Status::Fail => "**fail**".into(),
        Status::Manual => "to be answered".into(),
        Status::Pending => "not reached".into(),
        Status::Pass | Status::Unknown => String::from(status.as_str()),
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for event in all {
        let checks = event.checks.iter().filter(|check| check.status != Status::Pending);
        let text = |text: &str| plain(&cut(text, WIDEST));
        let parts: Vec<String> =
            checks.map(|check| format!("{}: {}", word(check.status), text(&describe_check(check)))).collect();
        let cells = [format!("{} ({})", code(&event.id), plain(&event.title)), word(event.status), parts.join("<br>")];
        rows.push(cells.into());
    }
    table(title, &[head, "status", "checks"], 0, rows.into_iter())
}

/// A heading and a table whose first `numbers` columns are aligned to the right; nothing without rows.
fn table(title: &str, heads: &[&str], numbers: usize, rows: impl ExactSizeIterator<Item = Vec<String>>) -> Vec<String> {
    let more = rows.len().saturating_sub(ROWS);
    let mut lines: Vec<String> = rows.take(ROWS).map(|row| format!("| {} |", row.join(" | "))).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let rules: Vec<&str> = (0..heads.len()).map(|column| if column < numbers { "--:" } else { "---" }).collect();
    lines.splice(0..0, [format!("| {} |", heads.join(" | ")), format!("| {} |", rules.join(" | "))]);
    let mut blocks = vec![format!("### {title}"), lines.join("\n")];
    if more > 0 {
        blocks.push(format!("… and {} more", count(more as u64)));
    }
    blocks
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text as a code span that may stand in a table. A pipe needs a backslash there, even in code; where one is before it
/// already the two would cancel out, so the pipe is written as [`crate::text::escape`] writes what must not be.
fn code(text: &str) -> String {
    let text = cut(&one_line(text), WIDEST);
    if text.is_empty() {
        return text;
    }
    let text = if text.contains("\\|") { text.replace('|', "\\u{7c}") } else { text.replace('|', "\\|") };
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// Text with nothing in it that Markdown or HTML would read as markup.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in one_line(text).chars() {
        match c {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            // Escaped by a backslash these would still be found: a mention, a link.
            '@' => plain.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '#' | '~' | '!' | '$' => plain.extend(['\\', c]),
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::text::tests::broken;

    fn annotated(summary: &Summary) -> String {
        let mut out = Vec::new();
        annotations(&mut out, summary, Zone::Utc).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_trigger_that_fired_is_one_command_the_gravest_first() {
        let expected = "\
::error title=logwatch%3A ROLLBACK exchange-500-rate::18 %25 (22 samples, at least 8.4 %25) > 5 %25, first at 2026-11-23 06:07:03 UTC, still firing at the end, 1m30s later, runbook ROLLBACK_PLAN.md
::error title=logwatch%3A ROLLBACK db-pool-saturated::18 %25 (22 samples, at least 8.4 %25) > 5 %25, first at 2026-11-23 06:07:04 UTC, still firing at the end, 1m29s later, runbook ROLLBACK_PLAN.md
::warning title=logwatch%3A INVESTIGATE route-error-rate::18 %25 (22 samples, at least 8.4 %25) > 5 %25, first at 2026-11-23 06:07:00 UTC, last at 06:08:33, runbook ROLLBACK_PLAN.md
";
        assert_eq!(annotated(&broken()), expected);
    }

    #[test]
    fn a_command_cannot_be_broken_out_of_and_there_are_at_most_ten() {
        let mut summary = broken();
        summary.triggers = vec![summary.triggers[2].clone(); 12];
        for trigger in &mut summary.triggers {
            trigger.group.insert("route".into(), "/a,b::c%0A\r\n::error::x".into());
            trigger.runbook = Some("100%\n::add-mask::x".into());
        }
        let text = annotated(&summary);
        assert_eq!(text.lines().count(), ANNOTATIONS);
        let title =
            "::warning title=logwatch%3A INVESTIGATE route-error-rate{/a%2Cb%3A%3Ac%250A ↵ %3A%3Aerror%3A%3Ax}::";
        assert!(
            text.lines().all(|line| line.starts_with(title) && line.ends_with("runbook 100%25 ↵ ::add-mask::x")),
            "{text}"
        );
    }

    #[test]
    fn the_job_summary_is_markdown() {
        let expected = "\
## logwatch: 🔴 ROLLBACK

Plan `dl-034` · 191 lines · 2026-11-23 06:06:19 – 06:08:33 UTC · deployed 2026-11-23 06:06:20 UTC (from \"Started server process \\[7\\]\")

- rollback trigger exchange-500-rate fired

### Triggers

| severity | trigger | value | when | runbook |
| --- | --- | --- | --- | --- |
| rollback | `exchange-500-rate` | 18 % (22 samples, at least 8.4 %) > 5 % | first at 2026-11-23 06:07:03 UTC, still firing at the end, 1m30s later | ROLLBACK\\_PLAN.md |
";
        let mut summary = broken();
        assert!(job_summary(&summary, Zone::Utc).starts_with(expected), "{}", job_summary(&summary, Zone::Utc));
        let expected = "\
| n | message | from | first at | when |
| --: | --- | --- | --- | --- |
| 6 | `name 'session' is not defined` | `utils.security_middleware` | `line 71` | 06:06:32 – 06:07:33, beside 6 of 6 failed `POST /api/user/exchanges` |
";
        assert!(job_summary(&summary, Zone::Utc).contains(expected), "{}", job_summary(&summary, Zone::Utc));
        summary.triggers.iter_mut().for_each(|trigger| trigger.fired = 0);
        assert!(job_summary(&summary, Zone::Utc).contains("\n\n3 triggers watched, none fired.\n\n"));
    }

    #[test]
    fn text_of_a_log_is_no_markup() {
        for (text, expected) in [
            ("plain", "`plain`"),
            ("a `b` | c", "`` a `b` \\| c ``"),
            ("a \\| b", "`a \\\\u{7c} b`"),
            ("``` <script>\n| x", "```` ``` <script> ↵ \\| x ````"),
            ("", ""),
        ] {
            assert_eq!(code(text), expected);
        }
        assert_eq!(plain("<b>&[x](y) *_`|@me\n# \\"), "&lt;b>&amp;\\[x\\](y) \\*\\_\\`\\|&#64;me ↵ \\# \\\\");
        let mut summary = broken();
        summary.errors[0].example = "</td><script>alert(1)</script> | x `y`".into();
        summary.reasons = vec!["<img src=x>".into()];
        let text = job_summary(&summary, Zone::Utc);
        assert!(
            text.contains("`` </td><script>alert(1)</script> \\| x `y` ``") && text.contains("- &lt;img src=x>"),
            "{text}"
        );
    }
}
