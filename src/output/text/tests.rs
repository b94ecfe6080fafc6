//! Whole screens, written out as a person would see them.

mod sample;

use super::*;
use crate::rules::plan::Severity;
use crate::rules::verdict::Verdict;
use crate::second::Counts;
use crate::summary::traffic::{Change, Changes, Side, Stretch, ViaSeconds};
use crate::summary::{Beside, ErrorGroup, EvidenceLine, ExceptionGroup};
pub(in crate::output) use sample::broken;
use sample::{at, deployment, error, event, nothing, route, unknown};

fn written(style: Style, quiet: bool, write: impl FnOnce(&mut Text<Vec<u8>>) -> io::Result<()>) -> String {
    let mut text = Text::new(Vec::new(), style, quiet);
    write(&mut text).unwrap();
    String::from_utf8(text.into_inner()).unwrap()
}

fn shown(summary: &Summary, exit_code: i32) -> String {
    written(Style::default(), false, |text| text.summary(summary, exit_code))
}

fn replay(text: &mut Text<Vec<u8>>) -> io::Result<()> {
    let summary = broken();
    text.start("dl-034", &deployment(Some((0, 21))), &summary.sources)?;
    text.trigger(&event("exchange-500-rate", Severity::Rollback, State::Pending, "06:06:33"), 1, false)?;
    text.trigger(&event("exchange-500-rate", Severity::Rollback, State::Firing, "06:07:03"), 1, false)?;
    let mut pool = event("db-pool-saturated", Severity::Rollback, State::Firing, "06:07:04");
    pool = TriggerEvent { value: None, about: Some("QueuePool exhausted".into()), hold: 0, ..pool };
    pool.evidence[0] = EvidenceLine { line_no: 152, line: "QueuePool limit".into(), ..pool.evidence[0].clone() };
    text.trigger(&pool, 1, false)?;
    text.trigger(&event("route-error-rate", Severity::Investigate, State::Firing, "06:07:05"), 1, false)?;
    text.trigger(&event("route-error-rate", Severity::Investigate, State::Resolved, "06:08:10"), 1, false)?;
    text.summary(&summary, 4)
}

#[test]
fn a_replay_is_one_screen_that_says_why() {
    let expected = r#"before-fix.jsonl   plan dl-034   2026-11-23 UTC
deployed 06:06:20 (from "Started server process [7]", line 21; change with --deployed-at)

06:07:03 ROLLBACK    exchange-500-rate   18 % (4 of 22, at least 8.4 %) > 5 % for 30 s           :72
         | INFO: "POST /api/user/exchanges HTTP/1.1" 500
06:07:04 ROLLBACK    db-pool-saturated   QueuePool exhausted                                    :152
         | QueuePool limit
06:07:05 INVESTIGATE route-error-rate    18 % (4 of 22, at least 8.4 %) > 5 % for 30 s           :72
06:08:10 resolved    route-error-rate

VERDICT  ROLLBACK   since 06:07:03 (+43 s), 2 triggers still firing at the end of the log
         runbook ROLLBACK_PLAN.md   191 lines, 2026-11-23 06:06:19 – 06:08:33 UTC

WHY
  6×  name 'session' is not defined                                 utils.security_middleware    :71
      06:06:32 – 06:07:33, beside 6 of 6 POST /api/user/exchanges 500s
  3×  AttributeError: 'Analysis' object has no attribute 'manipulation_risk'                     :90
      services/selector.py:688 in validate, 06:06:40
  4×  QueuePool limit of size 5 overflow 10 reached, timeout 30 s   services.auth_service       :152
      06:06:32 – 06:07:33, silent 4 × 30 s (120 of 134 s); each silence ends in this line

TRAFFIC  78 requests, 16 5xx (21 %)            n  2xx  4xx  5xx   p95
  POST /api/create-bot                         8    0    0    8  30 s
  POST /api/user/exchanges                    13    0    7    6     –
  GET /api/bots                               57   40   15    2     –
KPIS
  exchange creation success > 95 %        MISSED   0 of 6
  bot creation success > 95 %             met      29 of 30 (96.7 %)
  logins > 95 %                           unknown  nothing to measure it by
NOT KNOWN
  latency      access lines carry no duration: add `railway logs --http --json` as another file
  memory, CPU  not in a log
INPUT  191 lines = 150 classified + 31 unclassified + 10 merged
exit 4 (rollback)
"#;
    let text = written(Style::default(), false, replay);
    assert_eq!(text, expected);
    assert!(text.lines().count() <= SCREEN);
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = written(Style { colour: true, ..Style::default() }, false, replay);
    for word in ["\x1b[1;31mROLLBACK\x1b[0m", "\x1b[1mVERDICT\x1b[0m", "\x1b[1;33mINVESTIGATE ", "\x1b[1;31mMISSED"] {
        assert!(coloured.contains(word), "{word:?} in {coloured}");
    }
    let codes = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert_eq!(codes.replace_all(&coloured, ""), written(Style::default(), false, replay));
}

#[test]
fn quiet_leaves_the_verdict() {
    let text = written(Style::default(), true, replay);
    assert_eq!(
        text,
        "VERDICT  ROLLBACK   since 06:07:03 (+43 s), 2 triggers still firing at the end of the log\n         runbook ROLLBACK_PLAN.md\n"
    );
}

#[test]
fn an_empty_input_is_told_of_in_a_few_lines() {
    let expected = "empty.jsonl   plan default   0 lines

VERDICT  UNKNOWN
         no record has a time: use `railway logs --json`, which prints them

INPUT  0 lines
exit 5 (unknown)
";
    assert_eq!(shown(&nothing(), 5), expected);
}

#[test]
fn a_healthy_run_says_how_much_was_seen_and_what_is_worth_a_look() {
    let errors = (1..=5).map(|n| error(&format!("error {n}"), "app", n, n)).collect();
    let mut summary = Summary { verdict: Verdict::Healthy, errors, exceptions: Vec::new(), ..broken() };
    summary.to = Some(at("08:19:30"));
    let text = shown(&summary, 0);
    assert!(text.starts_with(
        "before-fix.jsonl   plan dl-034   191 lines   2026-11-23 06:06:19 – 08:19:30 UTC\ndeployed 06:06:20 ("
    ));
    assert!(
        text.contains("VERDICT  HEALTHY so far (2h13m of 4h)\n\nWORTH A LOOK  3 of 5 groups\n  5×  error 5"),
        "{text}"
    );
    assert!(text.ends_with("exit 0 (healthy)\n"));
    summary.complete = true;
    assert!(shown(&summary, 0).contains("VERDICT  HEALTHY   over the 4h of the plan\n"));
}

#[test]
fn what_cut_the_input_short_and_all_that_was_not_used_is_told() {
    let mut summary = Summary { interrupted: Some("stopped by a signal".into()), ..nothing() };
    summary.input = Counts {
        lines: 12_345,
        classified: 12_000,
        malformed: 300,
        too_long: 5,
        skipped: 20,
        late: 13,
        duplicate: 7,
        platform_dropped: 500,
        invalid_utf8: 1,
        untimed: 2,
        ..Counts::default()
    };
    summary.http.via = ViaSeconds { edge_seconds: 60, access_seconds: 3 };
    let expected = "         the input was cut short: stopped by a signal
         no record has a time: use `railway logs --json`, which prints them

INPUT  12,345 lines = 12,000 classified + 0 unclassified + 300 malformed + 5 too long + 20 skipped +
       13 late + 7 duplicate
       at least 500 messages were dropped by the platform: all counts are lower bounds
       1 line with invalid UTF-8, shown with \u{fffd} in its place
       2 records without a time stand in no window
       requests of 60 s were counted in the HTTP log, of 3 s in access lines
exit 1 (the input was cut short)
";
    let text = shown(&summary, 1);
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn every_exit_status_is_named() {
    let named = [(Verdict::Rollback, 0), (Verdict::Investigate, 3), (Verdict::Healthy, 1)]
        .map(|(verdict, code)| exit(verdict, code, false));
    assert_eq!(
        named,
        ["exit 0 (rollback, let pass by --fail-on)", "exit 3 (investigate)", "exit 1 (something failed)"]
    );
}

#[test]
fn a_newer_deployment_and_a_new_day_are_separated() {
    let sources = ["before.jsonl".to_string(), "after.jsonl".to_string()];
    let text = written(Style::default(), false, |text| {
        text.start("default", &deployment(Some((0, 21))), &sources)?;
        let mut firing = event("exchange-500-rate", Severity::Rollback, State::Firing, "06:07:03");
        firing.group =
            BTreeMap::from([("method".into(), "POST".into()), ("route".into(), "/api/user/exchanges".into())]);
        text.trigger(&firing, 2, false)?;
        let after = Deployment { at: at("14:20:48"), ..deployment(Some((1, 1203))) };
        text.start("default", &after, &sources)?;
        let mut resolved = TriggerEvent { state: State::Resolved, ..firing };
        resolved.at = resolved.at.saturating_add(86_400_000_000_000);
        text.trigger(&resolved, 2, false)?;
        text.trigger(&resolved, 2, false)
    });
    let expected = r#"2 sources: before.jsonl, after.jsonl   plan default   2026-11-23 UTC
deployed 06:06:20 (from "Started server process [7]", before.jsonl:21; change with --deployed-at)

06:07:03 ROLLBACK    exchange-500-rate   18 % (4 of 22, at least 8.4 %) > 5 % for 30 s
         {POST /api/user/exchanges}  | INFO: "POST /api/user/exchanges HTTP/1.…  before-fix.jsonl:72
deployed 14:20:48 (from "Started server process [7]", after.jsonl:1203)
2026-11-24
06:07:03 resolved    exchange-500-rate{POST /api/user/exchanges}
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_replay_tells_of_an_earlier_deployment_in_a_line() {
    let summary = Summary { verdict: Verdict::Healthy, ..nothing() };
    let text = written(Style::default(), false, |text| {
        text.hold();
        text.start("default", &deployment(Some((0, 21))), &summary.sources)?;
        for id in ["errors", "slower", "errors"] {
            text.trigger(&event(id, Severity::Rollback, State::Firing, "06:07:03"), 1, false)?;
        }
        text.start("default", &Deployment { at: at("14:20:48"), ..deployment(Some((0, 1203))) }, &summary.sources)?;
        text.trigger(&event("restarted", Severity::Investigate, State::Firing, "14:21:00"), 1, false)?;
        text.summary(&summary, 0)
    });
    let expected = r#"empty.jsonl   plan default   2026-11-23 UTC
an earlier deployment, 2026-11-23 06:06:20 UTC: errors, slower fired
deployed 14:20:48 (from "Started server process [7]", line 1203; change with --deployed-at)

14:21:00 INVESTIGATE restarted "#;
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_log_of_which_most_is_not_understood_says_so() {
    let mut summary = nothing();
    summary.input = Counts { lines: 30, classified: 10, unclassified: 20, ..Counts::default() };
    assert!(
        shown(&summary, 5)
            .contains("\n         20 of 30 entries are of no known kind: see `logwatch patterns explain FILE`\n")
    );
    summary.input.classified = 20;
    assert!(!shown(&summary, 5).contains("no known kind"));
}

#[test]
fn an_event_without_a_value_shows_its_expression() {
    let silent = TriggerEvent { value: None, ..event("silence", Severity::Info, State::Firing, "06:07:03") };
    let line = &trigger_lines(&silent, false, false, Style::default())[0];
    assert_eq!(
        line,
        &format!("06:07:03 INFO        silence             exchange_error_rate > 5% for 30 s{:>26}", ":72")
    );
}

#[test]
fn long_lists_are_shortened_and_their_rest_is_summed() {
    let mut summary = broken();
    summary.errors = (0..40).map(|n| error(&format!("error {n}"), "app", 40 - n, n)).collect();
    summary.http.by_route = (0..30).map(|n| route("GET", &format!("/api/{n}"), [1_000, 990, 9, 1])).collect();
    let text = shown(&summary, 4);
    assert!(text.lines().count() <= SCREEN, "{text}");
    assert!(text.contains("WHY  6 of 41 groups\n"), "{text}");
    assert!(text.contains("  … 22 more routes                            22,000  21,780  198   22\n"), "{text}");
    summary.http.by_route.truncate(9);
    assert!(!shown(&summary, 4).contains("more route"));
}

/// Text that tries to leave its place: by its length, its width, or by control characters.
const HOSTILE: [&str; 5] = [
    "\x1b[2J\x1b]0;title\x07\r\n::error::x\n##[add-mask]y\u{202e}",
    "日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行",
    "🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀",
    "a-name-without-any-blank-that-is-much-longer-than-what-any-terminal-has-room-for-and-then-some-more-of-it",
    "",
];

#[test]
fn nothing_in_a_log_leaves_its_line() {
    for text in HOSTILE {
        let mut summary = broken();
        let owned = || text.to_string();
        summary.exceptions[0] =
            ExceptionGroup { kind: owned(), message: owned(), place: Some(owned()), ..summary.exceptions[0].clone() };
        summary.errors[0] = ErrorGroup { example: owned(), logger: Some(owned()), ..summary.errors[0].clone() };
        summary.errors[1].seen.beside = Some(Beside { route: owned(), failures: 1, of: 2 });
        summary.http.by_route.push(route(text, text, [1, 1, 0, 0]));
        summary.sources = vec![owned(), owned()];
        summary.plan = owned();
        summary.reasons = vec![owned()];
        summary.interrupted = Some(owned());
        summary.unknown = vec![unknown(text, text, text)];
        summary.kpis[0].title = owned();
        summary.triggers[0].runbook = Some(owned());
        let mut firing = event(text, Severity::Rollback, State::Firing, "06:07:03");
        firing.group = BTreeMap::from([("route".into(), owned())]);
        firing.about = Some(owned());
        firing.evidence[0] = EvidenceLine { line: owned(), file: owned(), ..firing.evidence[0].clone() };
        for width in [100, 60] {
            let style = Style { width, ..Style::default() };
            let screens = [Verdict::Rollback, Verdict::Unknown].map(|verdict| {
                written(style, false, |out| {
                    out.start(text, &deployment(Some((1, 7))), &summary.sources)?;
                    out.trigger(&firing, 2, false)?;
                    out.trigger(&TriggerEvent { value: None, ..firing.clone() }, 1, true)?;
                    out.summary(&Summary { verdict, ..summary.clone() }, 4)
                })
            });
            let screens = screens.join("") + &written(style, false, |out| out.summary(&summary, 4));
            for line in screens.lines() {
                assert!(columns(line) <= width, "{line}");
                assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
                assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
            }
        }
        written(Style { colour: true, width: 0, ..Style::default() }, false, |out| out.summary(&summary, 4));
    }
}

/// With a baseline a table has what was before beside what came after, and leaves out first what tells least.
#[test]
fn requests_before_and_after_fit_into_what_columns_there_are() {
    let side = |count, server_error, milliseconds| Side {
        count,
        server_error,
        p50_ms: Some(milliseconds),
        p95_ms: Some(4.0 * milliseconds),
        ..Side::default()
    };
    let mut summary = broken();
    let mut slower = route("POST", "/api/orders/:id/items", [700, 600, 0, 100]);
    (slower.since, slower.before) = (side(300, 90, 340.0), Some(side(400, 10, 60.0)));
    slower.change = Changes { server_error: Some(Change::More), p95: Some(Change::More), ..Changes::default() };
    let mut new = route("GET", "/new", [1, 1, 0, 0]);
    new.since = Side { count: 1, ..Side::default() };
    summary.http.by_route = vec![slower, new];
    summary.http.since = Stretch { seconds: 600, requests: 301, server_errors: 90 };
    summary.http.before = Some(Stretch { seconds: 3_000, requests: 400, server_errors: 10 });
    let table = |width| {
        let text = written(Style { width, ..Style::default() }, false, |out| out.summary(&summary, 4));
        let lines: Vec<String> = text.lines().skip_while(|line| !line.starts_with("TRAFFIC")).map(Into::into).collect();
        lines[..4].join("\n")
    };
    assert_eq!(
        table(100),
        "\
TRAFFIC  301 requests since the deployment, 90 5xx (30 %)
  before 50m → after 10m            n a minute      4xx         5xx            p50             p95
  POST /api/orders/:id/items            8 → 30  0 → 0 %  2.5 → 30 % ↑  60 → 340 ms  240 ms → 1.4 s ↑
  GET /new                             0 → 0.1  – → 0 %     – → 0 %              –               –"
    );
    assert_eq!(
        table(80),
        "\
TRAFFIC  301 requests since the deployment, 90 5xx (30 %)
  before 50m → after 10m              n a minute         5xx               p95
  POST /api/orders/:id/items              8 → 30  2.5 → 30 % ↑  240 ms → 1.4 s ↑
  GET /new                               0 → 0.1     – → 0 %                 –"
    );
    let red = written(Style { colour: true, ..Style::default() }, false, |out| out.summary(&summary, 4));
    assert!(red.contains("\x1b[1;31m  2.5 → 30 % ↑\x1b[0m"), "{red}");
}
