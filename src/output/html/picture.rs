//! The run as a picture: plots and bars above one time axis, and the numbers they are drawn from as a table.
//!
//! Each plot is an SVG of its own whose width follows the window; what has a shape is stretched, text is not. The script reads the table.

use maud::{Markup, html};

use super::super::format::{clock, count, counted, cut, duration, one_line, percent, span, value};
use super::axis::Axis;
use super::page::View;
use super::plots::{self, Plot};
use super::sections::status;
use crate::rules::checkpoint::Status;
use crate::rules::plan::Severity;
use crate::summary::bars::{Bar, Stretch, bars};
use crate::summary::history::PaneLine;
use crate::time::Time;
use crate::zone::Zone;

/// Triggers, and groups of them, that have a bar.
const MOST_BARS: usize = 24;
/// Columns of a bar's name.
const NAME: usize = 60;
/// Height of a row of bars.
const ROW: u32 = 16;

pub fn picture(view: &View<'_>) -> Markup {
    let View { summary, zone, .. } = *view;
    let history = &summary.history;
    if history.panes.is_empty() {
        return html! {};
    }
    let axis = Axis::of(history);
    // Without a deployment in the log the first record stands for it, and is no event.
    let deployment = summary.deployment.as_ref().filter(|deployment| deployment.from.is_known());
    let deployed = deployment.map(|deployment| deployment.at.second());
    let offset = zone.shown(Time::from_second(axis.from)).and_utc().timestamp() - axis.from;
    let bars = bars(&view.changes.first);
    let more = bars.len().saturating_sub(MOST_BARS);
    html! {
        section #timeline aria-labelledby="timeline-title" {
            h2 #timeline-title { "Timeline " small { "times are " (zone) ", one step is " (span(history.width)) } }
            div #picture data-from=(axis.from) data-to=(axis.to) data-width=(history.width) data-offset=(offset) {
                @for plot in plots::plots(history, axis) { (row(&plot, axis, deployed)) }
                @for bar in bars.iter().take(MOST_BARS) { (trigger(bar, axis, deployed, zone)) }
                (checkpoints(view, axis, deployed))
                (service(view, axis, deployed))
                div.row { div.name {} div.scale {} (axis.draw(deployed, zone)) }
            }
            p #hint hidden {
                "Point at the picture for its numbers, drag to zoom, double-click to see all; with the keyboard ← → + − and Esc."
            }
            @if more > 0 { p.note { "… and " (counted(more as u64, "more trigger")) " that fired or were pending" } }
            @if view.changes.beyond > 0 {
                p.note { (counted(view.changes.beyond, "later change")) " of triggers are not drawn" }
            }
            (numbers(&history.panes, axis, zone))
        }
    }
}

fn row(plot: &Plot, axis: Axis, deployed: Option<i64>) -> Markup {
    html! {
        div.row {
            div.name {
                (plot.title)
                ul.key { @for (class, text) in &plot.key { li { span class=(format!("swatch {class}")) {} (text) } } }
            }
            svg.scale width="58" height="96" aria-hidden="true" {
                @for (y, label) in &plot.lines {
                    text x="56" y=(format!("{:.1}", (y * 0.96 + 4.0).clamp(10.0, 94.0))) text-anchor="end" { (label) }
                }
            }
            svg.plot width="100%" height="96" role="img" aria-label=(plot.says) {
                svg.x viewBox=(format!("0 0 {} 100", axis.length())) preserveAspectRatio="none" width="100%" height="96" {
                    (before(axis, deployed))
                    @for (y, _) in &plot.lines { line.grid x1="0" x2=(axis.length()) y1=(y) y2=(y) {} }
                    @for (class, path) in &plot.shapes { path class=(class) d=(path) {} }
                    (mark(axis, deployed))
                }
            }
        }
    }
}

/// The time before the deployment, in another tone.
fn before(axis: Axis, deployed: Option<i64>) -> Markup {
    html! {
        @if let Some(deployed) = deployed.filter(|deployed| *deployed > axis.from) {
            rect.before x="0" y="0" width=(axis.x(deployed)) height="100" {}
        }
    }
}

fn mark(axis: Axis, deployed: Option<i64>) -> Markup {
    html! {
        @if let Some(deployed) = deployed.filter(|deployed| axis.contains(*deployed)) {
            line.deployment x1=(axis.x(deployed)) x2=(axis.x(deployed)) y1="0" y2="100" {}
        }
    }
}

fn lane(name: &Markup, says: &str, axis: Axis, deployed: Option<i64>, shapes: &Markup) -> Markup {
    html! {
        div.row.lane {
            div.name { (name) }
            div.scale {}
            svg.plot width="100%" height=(ROW) role="img" aria-label=(says) {
                svg.x viewBox=(format!("0 0 {} 100", axis.length())) preserveAspectRatio="none" width="100%" height=(ROW) {
                    (before(axis, deployed))
                    (shapes)
                    (mark(axis, deployed))
                }
            }
        }
    }
}

/// When a trigger was pending and when it fired.
fn trigger(bar: &Bar<'_>, axis: Axis, deployed: Option<i64>, zone: Zone) -> Markup {
    let group: Vec<&str> = bar.group.values().map(String::as_str).collect();
    let group = if group.is_empty() { String::new() } else { format!("{{{}}}", group.join(" ")) };
    let name = cut(&one_line(&format!("{}{group}", bar.id)), NAME);
    let (class, word) = match bar.severity {
        Severity::Rollback => ("rollback", "rollback"),
        Severity::Investigate => ("investigate", "investigate"),
        Severity::Info => ("info", "info"),
    };
    let at = |second: i64| clock(Time::from_second(second), Some(Time::from_second(axis.to)), zone);
    let described = |stretch: &Stretch| {
        let state = if stretch.fires { "firing" } else { "pending" };
        let end = stretch.to.map_or("the end".into(), at);
        format!("{state} {} – {end}", at(stretch.from))
    };
    let fired = bar.stretches.iter().filter(|stretch| stretch.fires).map(described).collect::<Vec<_>>();
    let says = format!("{name}, {word}: {}", if fired.is_empty() { "pending only".into() } else { fired.join(", ") });
    let shapes = html! {
        @for stretch in &bar.stretches {
            @let (from, to) = (axis.x(stretch.from), axis.x(stretch.to.unwrap_or(axis.to)));
            @let state = if stretch.fires { "firing" } else { "pending" };
            rect class=(format!("{state} {class}")) x=(from) y=(if stretch.fires { 12 } else { 36 }) width=((to - from).max(1))
                height=(if stretch.fires { 76 } else { 28 }) {
                title { (described(stretch)) }
            }
        }
    };
    lane(&html! { (name) " " small { (word) } }, &says, axis, deployed, &shapes)
}

/// What checkpoints came to, where they were reached.
fn checkpoints(view: &View<'_>, axis: Axis, deployed: Option<i64>) -> Markup {
    let View { summary, zone, .. } = *view;
    let reached = summary.checkpoints.iter().filter(|event| event.status != Status::Pending);
    let placed: Vec<(i64, &str, String)> = reached
        .filter_map(|event| {
            let (at, (class, word)) = (event.at?, status(event.status));
            Some((at.second(), class, format!("{} {word} at {}", one_line(&event.id), clock(at, summary.to, zone))))
        })
        .collect();
    let shapes = html! {
        @for (at, class, says) in &placed {
            rect class=(format!("reached {class}")) x=(axis.x(*at)) y="12" width=((axis.length() / 150).max(1)) height="76" {
                title { (says) }
            }
        }
    };
    let says: Vec<&str> = placed.iter().map(|(.., says)| says.as_str()).collect();
    html! { @if !placed.is_empty() { (lane(&html! { "Checkpoints" }, &says.join(", "), axis, deployed, &shapes)) } }
}

/// Silences of the service, restarts, and where the platform dropped messages.
fn service(view: &View<'_>, axis: Axis, deployed: Option<i64>) -> Markup {
    let View { summary, zone, .. } = *view;
    let history = &summary.history;
    let at = |second: i64| clock(Time::from_second(second), summary.to, zone);
    let silences: Vec<_> = summary
        .silences
        .iter()
        .map(|silence| (silence.from.second(), silence.to.second()))
        .filter(|(from, to)| *to > axis.from && *from < axis.to)
        .collect();
    let restarts = history.panes.iter().filter(|pane| pane.restarts > 0);
    let dropped = history.panes.iter().filter(|pane| pane.dropped > 0);
    html! {
        @if !silences.is_empty() {
            @let seconds: i64 = silences.iter().map(|(from, to)| to - from).sum();
            @let shapes = html! {
                @for (from, to) in &silences {
                    rect.silence x=(axis.x(*from)) y="12" width=((axis.x(*to) - axis.x(*from)).max(1)) height="76" {
                        title { "silent " (at(*from)) " – " (at(*to)) }
                    }
                }
            };
            @let says = format!("{}, {} in all", counted(silences.len() as u64, "silence"), span(seconds));
            (lane(&html! { "Silent" }, &says, axis, deployed, &shapes))
        }
        @if let Some(first) = restarts.clone().next() {
            @let shapes = html! { @for pane in restarts.clone() { (block("restart", pane, history.width, axis, &format!("{} at {}", counted(pane.restarts, "restart"), at(pane.at)))) } };
            @let all = restarts.map(|pane| pane.restarts).sum();
            (lane(&html! { "Restarts" }, &format!("{}, the first at {}", counted(all, "restart"), at(first.at)), axis, deployed, &shapes))
        }
        @if let Some(first) = dropped.clone().next() {
            @let shapes = html! { @for pane in dropped.clone() { (block("dropped", pane, history.width, axis, &format!("{} dropped at {}", counted(pane.dropped, "message"), at(pane.at)))) } };
            @let all = dropped.map(|pane| pane.dropped).sum();
            (lane(&html! { "Dropped" }, &format!("at least {} dropped, the first at {}", counted(all, "message"), at(first.at)), axis, deployed, &shapes))
        }
    }
}

/// A pane in which something happened; drawn wide enough to be seen.
fn block(class: &str, pane: &PaneLine, width: i64, axis: Axis, says: &str) -> Markup {
    let wide = width.max(axis.length() / 200);
    html! {
        rect class=(class) x=(axis.x(pane.at)) y="12" width=(wide) height="76" { title { (says) } }
    }
}

/// What the plots are drawn from.
fn numbers(panes: &[PaneLine], axis: Axis, zone: Zone) -> Markup {
    let time = |milliseconds: Option<f64>| milliseconds.map_or(String::new(), |value| duration(value / 1e3));
    let number = |number: u64| if number == 0 { String::new() } else { count(number) };
    let used = |used: Option<f64>, unit| used.map_or(String::new(), |used| value(used, unit));
    // Of most logs nobody knows.
    let has_memory = panes.iter().any(|pane| pane.memory.is_some());
    let has_cpu = panes.iter().any(|pane| pane.cpu.is_some());
    html! {
        details {
            summary { "The numbers of the picture" }
            div.wide tabindex="0" role="region" aria-label="The numbers of the picture" {
                table #numbers {
                    thead { tr {
                        th { "from" }
                        @for head in ["requests", "2xx", "3xx", "4xx", "5xx", "5xx share", "p50", "p95", "errors", "restarts", "dropped"] { th { (head) } }
                        @if has_memory { th { "memory" } }
                        @if has_cpu { th { "CPU" } }
                    } }
                    tbody { @for pane in panes {
                        tr data-x=(axis.x(pane.at)) {
                            td { (clock(Time::from_second(pane.at), Some(Time::from_second(axis.to)), zone)) }
                            td { (count(pane.requests)) }
                            @for family in 2..=5 { td { (number(pane.by_family[family])) } }
                            td { (pane.failed().filter(|share| *share > 0.0).map_or(String::new(), percent)) }
                            td { (time(pane.p50_ms)) }
                            td { (time(pane.p95_ms)) }
                            td { (number(pane.errors)) }
                            td { (number(pane.restarts)) }
                            td { (number(pane.dropped)) }
                            @if has_memory { td { (used(pane.memory, "bytes")) } }
                            @if has_cpu { td { (used(pane.cpu, "count")) } }
                        }
                    } }
                }
            }
        }
    }
}
