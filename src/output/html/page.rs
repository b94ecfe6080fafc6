//! The page, in the order in which it is read.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::format::{counted, known_by, one_line, range};
use super::super::text::{because, runbook, word};
use super::{LIVE, Live, SCRIPT, STYLE, answers, picture, policy, sections};
use crate::rules::verdict::Verdict;
use crate::summary::Summary;
use crate::summary::changes::Changes;
use crate::zone::Zone;

/// What a page is drawn from.
pub struct View<'a> {
    pub summary: &'a Summary,
    pub changes: &'a Changes,
    pub zone: Zone,
    /// Of a page that is served.
    pub live: Option<Live<'a>>,
}

pub fn page(view: &View<'_>) -> Markup {
    let title = format!("{} – {} – logwatch", word(view.summary), one_line(&view.summary.plan));
    let body = html! {
        (verdict(view))
        @if let Some(live) = &view.live {
            p.facts #live role="status" { @if live.ended { "the run is over" } @else { "live" } }
        }
        main {
            (picture::picture(view))
            (sections::triggers(view))
            (sections::errors(view))
            (sections::traffic(view))
            (sections::kpis(view))
            (sections::checkpoints(view))
            @if let Some(forms) = view.live.as_ref().and_then(|live| live.forms) { (answers::forms(forms)) }
            (sections::not_known(view))
            (sections::input(view))
        }
        script { (PreEscaped(SCRIPT)) }
        @if view.live.is_some() { script { (PreEscaped(LIVE)) } }
    };
    frame(&title, view.live.is_some(), &body)
}

/// Where a token is asked for; `told` is what was wrong with the last one.
pub fn login(message: Option<&str>) -> Markup {
    let body = html! {
        main {
            h1 { "logwatch" }
            form.login method="post" action="/login" {
                label for="token" { "The token in LOGWATCH_TOKEN" }
                input #token type="password" name="token" autocomplete="current-password" required autofocus;
                button { "Log in" }
                @if let Some(message) = message { p.bad role="alert" { (message) } }
            }
        }
    };
    frame("logwatch", true, &body)
}

fn frame(title: &str, is_served: bool, body: &Markup) -> Markup {
    // To a page that sends no referrer forms come without their origin, too.
    let referrer = if is_served { "same-origin" } else { "no-referrer" };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(is_served));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content=(referrer);
                meta name="generator" content=(concat!("logwatch ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

/// The verdict in a sentence with its reasons, and what was judged.
fn verdict(view: &View<'_>) -> Markup {
    let View { summary, zone, .. } = *view;
    let class = match summary.verdict {
        Verdict::Rollback => "rollback",
        Verdict::Investigate => "investigate",
        Verdict::Healthy => "healthy",
        Verdict::Unknown => "unknown",
    };
    let deployment = summary.deployment.as_ref().map(|deployment| match deployment.from.is_known() {
        true => format!("deployed {} {zone} (from {})", zone.date_and_clock(deployment.at), known_by(deployment)),
        false => "no deployment in this log; judged from its first record".into(),
    });
    let sources: Vec<String> = summary.sources.iter().map(|source| one_line(source)).collect();
    html! {
        header class=(format!("verdict {class}")) {
            h1 { (word(summary)) " " span.because { (because(summary, zone)) } }
            @if let Some(interrupted) = &summary.interrupted {
                p { strong { "The input was cut short: " } (one_line(interrupted)) }
            }
            @if !summary.reasons.is_empty() {
                ul { @for reason in &summary.reasons { li { (one_line(reason)) } } }
            }
            @if !summary.next.is_empty() {
                p { strong { "Next:" } }
                ol { @for step in &summary.next { li { (one_line(step)) } } }
            }
            @if let Some(runbook) = runbook(summary) { p { (runbook) } }
            p.facts {
                span { "plan " (one_line(&summary.plan)) }
                @if !sources.is_empty() { span { (sources.join(", ")) } }
                span { (counted(summary.input.lines, "line")) }
                @if let Some((from, to)) = summary.from.zip(summary.to) { span { (range(from, to, zone)) } }
                @if let Some(deployment) = deployment { span { (deployment) } }
            }
        }
    }
}
