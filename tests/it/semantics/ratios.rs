//! Rules 12 and 13: proportions, confidence, and what success is.

use serde_json::json;

use super::case::{Case, Outcome, access, every_second, job, noise, refusal};

const SHARE: &str = "count(http.request{status=5xx}) / count(http.request)";

/// Rule 12.
#[test]
fn confidence_in_what_is_no_part_of_its_whole_is_a_plan_error() {
    for when in [
        "count(job.trouble) / count(job.done) > 5%",
        "count(http.request{status=5xx}) / count(http.request{status=2xx}) > 5%",
        "count(http.request{status=5xx}[1m]) / count(http.request[2m]) > 5%",
        "count(http.error) > 5",
        "mean(job.done{}.took) > 5s",
        // Nor can it be of the opposite, or of a number that was worked out first.
        "not count(http.error) / count(http.request) < 5%",
        "100% - count(http.error) / count(http.request) < 95%",
        "count(http.error) / count(http.request) - baseline(count(http.error) / count(http.request)) > 2pp",
        "p50(http.request{}.duration) / baseline(p50(http.request{}.duration)) > 1.25",
        // What it compares with are numbers and baselines, whose bounds are known.
        "p95(http.request{}.duration) > mean(http.request{}.duration)",
        "p95(http.request{}.duration) > 3 * baseline(mean(http.request{}.duration))",
        "p95(http.request{}.duration) > 1s / baseline(count(http.error) / count(http.request))",
        "count(http.error) / count(http.request) == 0",
    ] {
        let case = Case::new().rule("rollback", "share", when, "confidence = 0.95").log("a.jsonl", [noise("13:30:00")]);
        let (status, message) = refusal(&case);
        assert_eq!(status, 2, "{when}");
        assert!(message.contains("confidence") && message.contains("plan.toml:"), "{message}");
    }
}

/// Rule 12.
#[test]
fn other_ratios_of_counts_are_plain_quotients() {
    let lines = [job("13:30:00", ""), access("13:30:01", "/a", 200), job("13:30:02", ""), job("13:30:03", "")];
    let id = "count(job.done) / count(http.request)";
    let outcome = Case::new().kpi(id, "> 0%").log("a.jsonl", lines).run();
    assert_eq!(outcome.value(id), Some(3.0));
}

/// 22 requests of which 4 fail, the failures first.
fn four_of_22(when: &str, more: &str) -> Outcome {
    let status = |clock: &str| if clock < "13:30:04" { 500 } else { 200 };
    let lines = every_second("13:30:00", 22, |clock| access(clock, "/a", status(clock)));
    // Judged at the end alone, where the share is 4 of 22.
    let case = Case::new().rule("investigate", "share", &format!("count(http.request) >= 22 and {when}"), more);
    case.log("a.jsonl", lines).run()
}

/// Rule 12: of the 5 % half of 6 / π² and half of one in 241 minutes go to the test that counts from the deployment on, and
/// at that the lower bound of 4 of 22 is 1.799 %.
#[test]
fn a_greater_comparison_with_confidence_takes_the_lower_bound() {
    let outcome = four_of_22(&format!("{SHARE} > 1.79%"), "confidence = 0.95");
    assert_eq!(outcome.changes("share"), ["firing 13:30:22"]);
    assert_eq!(four_of_22(&format!("1.79% < {SHARE}"), "confidence = 0.95").changes("share"), ["firing 13:30:22"]);
    assert_eq!(four_of_22(&format!("{SHARE} > 1.81%"), "confidence = 0.95").changes("share"), [""; 0]);
    assert_eq!(four_of_22(&format!("{SHARE} > 1.81%"), "").changes("share"), ["firing 13:30:22"]);
}

/// Rule 12: the upper one of 18 of 22 is that, by symmetry.
#[test]
fn a_lesser_comparison_with_confidence_takes_the_upper_bound() {
    let success = "count(http.request{status=2xx}[22s]) / count(http.request[22s])";
    assert_eq!(four_of_22(&format!("{success} < 98.21%"), "confidence = 0.95").changes("share"), ["firing 13:30:22"]);
    assert_eq!(four_of_22(&format!("{success} < 98.19%"), "confidence = 0.95").changes("share"), [""; 0]);
}

/// Rule 12: of two comparisons of which either is enough, each has half of it.
#[test]
fn alternatives_share_the_confidence() {
    let other = "count(http.request{status=3xx}) / count(http.request) > 50%";
    let changes = |when: String| four_of_22(&when, "confidence = 0.95").changes("share");
    assert_eq!(changes(format!("({SHARE} > 1.4% or {other})")), ["firing 13:30:22"]);
    assert_eq!(changes(format!("({SHARE} > 1.6% or {other})")), [""; 0]);
    assert_eq!(changes(format!("{SHARE} > 1.6% and {SHARE} > 1%")), ["firing 13:30:22"], "both have to be true");
}

/// Rule 12.
#[test]
fn the_output_shows_value_bound_and_samples() {
    let outcome = four_of_22(&format!("{SHARE} > 1.5%"), "confidence = 0.95");
    for shown in [outcome.events("share")[0], outcome.trigger("share")] {
        assert!((shown["value"].as_f64().expect("a value") - 4.0 / 22.0).abs() < 1e-9);
        assert!((shown["bound"].as_f64().expect("a bound") - 0.017_989).abs() < 1e-5, "{}", shown["bound"]);
        assert_eq!(
            (&shown["samples"], &shown["threshold"], &shown["unit"], &shown["baseline"]),
            (&json!(22), &json!(0.015), &json!("ratio"), &json!(null))
        );
    }
    let quiet = four_of_22(&format!("{SHARE} > 15%"), "confidence = 0.95");
    let shown = quiet.trigger("share");
    assert_eq!((&shown["state"], &shown["samples"]), (&json!("ok"), &json!(22)));
    assert!(
        shown["value"].as_f64() > Some(0.15) && shown["bound"].as_f64() < Some(0.15),
        "18 % > 15 %, not firing, says why"
    );
}

/// Rule 12.
#[test]
fn confidence_replaces_the_least_number_of_samples() {
    let enough = |more: &str| four_of_22(&format!("{SHARE} > 1.5%"), more).trigger("share")["state"].clone();
    assert_eq!(enough("min_samples = 100"), "unknown");
    assert_eq!(enough("min_samples = 100\nconfidence = 0.95"), "firing");
}

/// `POST /api/user/exchanges`, so often with each status.
fn exchanges(statuses: &[(u16, u32)]) -> Outcome {
    let mut start = 0;
    let mut lines = Vec::new();
    for (status, count) in statuses {
        let line = |clock: &str| access(clock, "/api/user/exchanges", *status).replace("GET", "POST");
        lines.extend(every_second(&super::case::after("13:30:00", start), *count, line));
        start += count;
    }
    Case::new().argument("--plan").argument("dl-034").log("a.jsonl", lines).run()
}

/// Rule 13: the built-in plans count a client's mistakes on neither side.
#[test]
fn client_errors_are_neither_success_nor_failure() {
    let outcome = exchanges(&[(200, 20), (401, 10), (404, 10), (422, 10)]);
    let kpi = outcome.kpi("exchange-creation");
    assert_eq!((&kpi["value"], &kpi["samples"], &kpi["status"]), (&json!(1.0), &json!(20), &json!("met")));
    let trigger = outcome.trigger("exchange-500-rate");
    assert_eq!(trigger["fired"], 0);
    let outcome = exchanges(&[(500, 6), (400, 7)]);
    let kpi = outcome.kpi("exchange-creation");
    assert_eq!((&kpi["value"], &kpi["samples"], &kpi["status"]), (&json!(0.0), &json!(6), &json!("missed")));
}

/// Rule 13: 200 is as good as 201, and 19 of 20 are not more than 95 %.
#[test]
fn success_is_every_2xx() {
    let outcome = exchanges(&[(200, 10), (201, 9), (503, 1)]);
    let kpi = outcome.kpi("exchange-creation");
    assert_eq!((&kpi["value"], &kpi["status"]), (&json!(0.95), &json!("missed")));
}

/// Rule 13.
#[test]
fn a_plan_can_count_client_errors() {
    let lines = every_second("13:30:00", 8, |clock| access(clock, "/a", if clock < "13:30:02" { 401 } else { 200 }));
    let outcome = Case::new()
        .trigger("unauthorised", "count(http.request{status=401}) / count(http.request) > 20%")
        .kpi("count(http.request{status=2xx}) / count(http.request)", "> 80%")
        .log("a.jsonl", lines)
        .run();
    assert_eq!(outcome.trigger("unauthorised")["fired"], 1);
    assert_eq!(outcome.value("count(http.request{status=2xx}) / count(http.request)"), Some(0.75));
}
