//! Events: a line for each change of a trigger's state, and one for the evidence.

use super::super::format::{columns, cut, one_line, pad, span, value, wrap};
use super::super::measured::Measured;
use super::{INDENT, Ink, Style, location, with_place};
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::summary::{ActionEvent, ActionState, TriggerEvent, VerdictEvent};

/// One line, cut where it is too long.
pub(super) fn short_line(event: &TriggerEvent, several: bool, style: Style) -> String {
    let lines = trigger_lines(event, several, true, style);
    let [first, _, ..] = lines.as_slice() else { return lines.concat() };
    if event.group.is_empty() || event.state != State::Firing {
        return first.clone();
    }
    let (word, ink) = word(event);
    let start = format!("{} {}", style.zone.clock(event.at), style.paint(ink, &pad(&word, 12)));
    let evidence = event.evidence.first();
    let place = evidence.map_or(String::new(), |line| location(Some(&line.file), Some(line.line_no), several));
    let text = format!("{}{}   {}", one_line(&event.id), group(event), detail(event).text);
    let text = cut(&text, style.width.saturating_sub(21 + columns(&place) + 2));
    with_place(format!("{start}{text}"), 21 + columns(&text), &place, style)
}

/// `{POST /api/user/exchanges}`, or nothing.
fn group(event: &TriggerEvent) -> String {
    let group: Vec<String> = event.group.values().map(|value| cut(&one_line(value), 60)).collect();
    if group.is_empty() { String::new() } else { format!("{{{}}}", group.join(" ")) }
}

/// What its state is called; of what fires the level, by the name that the plan has for it.
fn word(event: &TriggerEvent) -> (String, Ink) {
    let (word, ink) = match (event.state, event.severity) {
        (State::Firing, Severity::Rollback) => ("ROLLBACK", Ink::Red),
        (State::Firing, Severity::Investigate) => ("INVESTIGATE", Ink::Yellow),
        (State::Firing, Severity::Info) => ("INFO", Ink::Bold),
        (State::Pending, _) => ("pending", Ink::Dim),
        (State::Resolved, _) => ("resolved", Ink::Green),
        (State::Ok, _) => ("ok", Ink::Dim),
    };
    match &event.level {
        Some(level) if event.state == State::Firing => (cut(&one_line(level).to_uppercase(), 11), ink),
        _ => (word.into(), ink),
    }
}

/// One line, and for what begins to fire a second one with the evidence; `is_told` when that was shown before.
pub(super) fn trigger_lines(event: &TriggerEvent, several: bool, is_shown: bool, style: Style) -> Vec<String> {
    let (word, ink) = word(event);
    let start = format!("{} {}", style.zone.clock(event.at), style.paint(ink, &pad(&word, 12)));
    let room = style.width.saturating_sub(21);
    let id = one_line(&event.id);
    let group = group(event);
    if matches!(event.state, State::Resolved | State::Ok) {
        return vec![format!("{start}{}", cut(&format!("{id}{group}"), room))];
    }
    let evidence = event.evidence.first();
    let place = evidence.map_or(String::new(), |line| location(Some(&line.file), Some(line.line_no), several));
    let Detail { text: detail, is_measured, about } = detail(event);
    // Words can be cut, numbers cannot.
    let least = if is_measured { columns(&detail) } else { columns(&detail).min(30) };
    // What has no room beside the numbers stands on the second line.
    let is_wide = |name: &str| 20.max(columns(name) + 3) + least > room;
    let (name, group) = if is_wide(&format!("{id}{group}")) { (id, group) } else { (id + &group, String::new()) };
    let name = if is_wide(&name) { cut(&name, 24) } else { name };
    let name = pad(&name, 20.max(columns(&name) + 3));
    let room = room.saturating_sub(columns(&name));
    // Numbers that have no room beside the name have lines of their own.
    let is_apart = is_measured && columns(&detail) > room;
    let (detail, apart) = if is_apart { (String::new(), detail) } else { (detail, String::new()) };
    let least = if is_apart { 0 } else { least };
    let fits = least + columns(&place) + 2 <= room;
    let mut text = cut(&detail, if fits { room - columns(&place) - 2 } else { room });
    let left = room.saturating_sub(columns(&text) + if fits { columns(&place) + 2 } else { 0 });
    let about = format!("   {about}");
    if about.len() > 3 && columns(&about) <= left {
        text += &about;
    }
    let (beside, below) = if fits { (place, String::new()) } else { (String::new(), place) };
    let mut lines =
        vec![with_place(format!("{start}{name}{text}"), 21 + columns(&name) + columns(&text), &beside, style)];
    let width = style.width.saturating_sub(INDENT.len());
    lines.extend(wrap(&apart, width).iter().map(|line| format!("{INDENT}{line}")));
    let evidence = evidence.filter(|_| event.state == State::Firing && !is_shown);
    if evidence.is_some() || !group.is_empty() || !below.is_empty() {
        // The bar keeps a CI from taking the line of a log for a command to itself.
        let line = evidence.map_or(String::new(), |line| format!("| {}", one_line(&line.line)));
        let gap = if group.is_empty() || line.is_empty() { "" } else { "  " };
        let most = style.width.saturating_sub(if below.is_empty() { 0 } else { columns(&below) + 2 });
        let text = cut(&format!("{INDENT}{group}{gap}{line}"), most);
        lines.push(with_place(style.paint(Ink::Dim, &text), columns(&text), &below, style));
    }
    lines
}

/// What the verdict is now, and the first reason for it.
pub(super) fn verdict_line(event: &VerdictEvent, style: Style) -> String {
    let (word, ink) = match event.verdict {
        Verdict::Rollback => ("ROLLBACK", Ink::Red),
        Verdict::Investigate => ("INVESTIGATE", Ink::Yellow),
        Verdict::Healthy if event.complete => ("HEALTHY", Ink::Green),
        Verdict::Healthy => ("HEALTHY so far", Ink::Green),
        Verdict::Unknown => ("UNKNOWN", Ink::Yellow),
    };
    let start = format!("{} {}", style.zone.clock(event.at), style.paint(Ink::Bold, &pad("VERDICT", 12)));
    let reason = event.reasons.first().map(|reason| one_line(reason)).unwrap_or_default();
    let name = pad(word, 20);
    format!("{start}{}{}", style.paint(ink, &name), cut(&reason, style.width.saturating_sub(21 + 20)))
}

/// `13:31:02 ACTION      go-back   started: …`
pub(super) fn action_line(event: &ActionEvent, style: Style) -> String {
    let (word, ink) = match event.state {
        ActionState::Held => ("held", Ink::Yellow),
        ActionState::Started => ("started", Ink::Bold),
        ActionState::Done => ("done", Ink::Green),
        ActionState::Failed => ("failed", Ink::Red),
    };
    let start = format!("{} {}", style.zone.clock(event.at), style.paint(Ink::Bold, &pad("ACTION", 12)));
    let because = event.because.as_deref().map_or(String::new(), |because| format!(": {}", one_line(because)));
    let name = pad(&one_line(&event.id), 20);
    let text = format!("{}, for {}{because}", one_line(&event.does), one_line(&event.trigger));
    let room = style.width.saturating_sub(21 + columns(&name) + 9).max(20);
    format!("{start}{name}{} {}", style.paint(ink, &pad(word, 8)), cut(&text, room))
}

/// What is told of an event.
struct Detail {
    text: String,
    /// Whether the text is a measured value, not words.
    is_measured: bool,
    /// What the trigger is about, where the text does not say it.
    about: String,
}

fn detail(event: &TriggerEvent) -> Detail {
    let measured = Measured::of(event);
    let about = event.about.as_deref().map(one_line).unwrap_or_default();
    let hold = if event.hold > 0 { format!(" for {}", span(event.hold)) } else { String::new() };
    // That there is more than nothing of something says less than what it is.
    let is_any = event.unit == "count" && event.threshold == Some(0.0) && event.share.is_none();
    if let Some(text) = measured.tell(&event.expr).filter(|_| !is_any || about.is_empty()) {
        return Detail { text: text + &hold, is_measured: true, about };
    }
    // Expressions may be written over several lines.
    let expr = || one_line(&event.expr.split_whitespace().collect::<Vec<_>>().join(" "));
    let words = if about.is_empty() { expr() } else { about };
    // What may have been there before is said first, where it is not cut off.
    let before = event.baseline.filter(|before| is_any && before.value > 0.0).and_then(|_| measured.before());
    let words = match event.value.zip(before) {
        Some((now, before)) => format!("{} ({before}): {words}", value(now, event.unit)),
        None => words,
    };
    Detail { text: words + &hold, is_measured: false, about: String::new() }
}
