//! The kinds of healthy deployments: whatever looks like a fault and is none.

use crate::clock::{MINUTE, SECOND, Span, Time};
use crate::draw::{Draw, poisson, seconds};
use crate::faults::Kind;
use crate::random::Random;
use crate::script::{Deed, Problem, Saying, Script};
use crate::service::Service;
use crate::stack::Stack;

pub const TWINS: [Kind; 26] = [
    Kind::new("all well", |_, _| {}),
    Kind::new("all well, no error at all", |script, _| script.effects.clear()),
    Kind::new("many 4xx before and after", many_refusals),
    Kind::new("bursts of traffic", bursts),
    Kind::new("scans by bots", scans),
    Kind::against_before("scan after the deployment", scan_after),
    Kind::against_before("another mix of routes", other_mix),
    Kind::new("hiccups of 15 s", hiccups),
    Kind::new("ordered restart", ordered_restart),
    Kind::new("silent restart", silent_restart),
    Kind::new("recycled workers", recycled_workers),
    Kind::against_before("night falls", night_falls),
    Kind::new("quiet night", quiet_night),
    Kind::new("gateway blip at switch-over", blip),
    Kind::against_before("same errors before and after", same_errors),
    Kind::against_before("same route fails before and after", same_route_fails),
    Kind::against_before("same error lines before and after", same_lines),
    Kind::against_before("repaired", repaired),
    Kind::against_before("bad, then good", bad_then_good),
    Kind::against_before("faster than before", faster),
    Kind::new("cold start", cold_start),
    Kind::new("errors at every start", degraded),
    Kind::new("websockets", websockets),
    Kind::new("a route of very uneven latency", uneven_route),
    Kind::new("some replicas", replicas),
    Kind::against_before("no deployment in the log", no_deployment),
];

fn many_refusals(script: &mut Script, random: &mut Random) {
    let (statuses, share) = (random.pick(&[&[401][..], &[404], &[422], &[403, 404]]), random.uniform(0.03, 0.2));
    script.effect(script.whole(), None, share, Deed::Answer(statuses));
    let route = script.service.busy_route(random);
    script.effect(script.whole(), Some(route), random.uniform(0.0, 0.4), Deed::Answer(statuses));
}

fn bursts(script: &mut Script, random: &mut Random) {
    let Span { from, to } = script.whole();
    for at in
        poisson(random, from, to, 1_500.0).into_iter().chain([script.times.switch + random.between(0, 9 * MINUTE)])
    {
        let span = Span { from: at, to: at + random.between(MINUTE, 5 * MINUTE) };
        script.flow.factors.push((span, random.uniform(3.0, 10.0)));
    }
}

fn scans(script: &mut Script, random: &mut Random) {
    let Span { from, to } = script.whole();
    for at in poisson(random, from, to, 1_200.0) {
        scan(script, at, random);
    }
}

fn scan_after(script: &mut Script, random: &mut Random) {
    for _ in 0..random.between(1, 2) {
        let room = script.times.end.0 - script.times.switch.0;
        let at = script.times.switch + random.between(0, room - MINUTE);
        scan(script, at, random);
    }
}

fn scan(script: &mut Script, at: Time, random: &mut Random) {
    script.flow.scans.push((at, random.log_uniform(15.0, 300.0) as u32, random.log_uniform(0.5, 10.0)));
}

/// Other routes are called more often, among them slow ones; none of them changed.
fn other_mix(script: &mut Script, random: &mut Random) {
    let span = Span { from: script.times.switch + random.between(0, 20 * MINUTE), to: script.times.end };
    for route in 0..script.service.routes.len() {
        if random.chance(0.5) {
            script.flow.mix.push((span, route, random.log_uniform(0.15, 7.0)));
        }
    }
}

/// A database that is away for a moment, as it is now and then.
fn hiccups(script: &mut Script, random: &mut Random) {
    let Span { from, to } = script.whole();
    let problem = Problem::Refused(random.below(4) as usize);
    let mut times = poisson(random, from, to, 1_800.0);
    times.push(script.times.switch + random.between(3 * MINUTE, 15 * MINUTE));
    if script.times.baseline {
        times.push(from + random.between(5 * MINUTE, 50 * MINUTE));
    }
    script.tolerated = !script.times.baseline;
    for at in times {
        let span = Span { from: at, to: at + random.seconds(8.0, 15.0) };
        script.effect(span, None, random.uniform(0.5, 0.9), Deed::Fail(problem));
    }
}

fn some_time_after(script: &Script, random: &mut Random) -> Time {
    let room = script.times.end.0 - script.times.switch.0;
    script.times.switch + random.between(2 * MINUTE, room - 5 * MINUTE)
}

/// The owner restarts the service: it shuts down in order, and says so.
fn ordered_restart(script: &mut Script, random: &mut Random) {
    let at = some_time_after(script, random);
    script.said.push((at, Saying::Stop));
    script.restart(at + SECOND, random);
}

/// A process is there again, and nobody says why.
fn silent_restart(script: &mut Script, random: &mut Random) {
    script.tolerated = true;
    let at = some_time_after(script, random);
    script.restart(at, random);
}

fn recycled_workers(script: &mut Script, random: &mut Random) {
    script.stack = Stack::Gunicorn;
    let mean = random.log_uniform(200.0, 1_500.0);
    script.say_by_chance(script.whole(), mean, Saying::RecycledWorker, random);
}

/// Traffic fades, as it did before the deployment: by half in 40 minutes, where people leave their offices, to three hours.
fn night_falls(script: &mut Script, random: &mut Random) {
    const STEP: i64 = 5 * MINUTE;
    let half_life = random.log_uniform(40.0, 180.0);
    let fading = 0.5_f64.powf(STEP as f64 / MINUTE as f64 / half_life);
    let mut factor = 1.0;
    let mut at = script.times.deployed - random.between(40 * MINUTE, 60 * MINUTE);
    while at < script.times.end {
        factor = f64::max(factor * fading, 0.1);
        script.flow.factors.push((Span { from: at, to: at + STEP }, factor));
        at = at + STEP;
    }
}

/// Few requests, and minutes without any, before as after.
fn quiet_night(script: &mut Script, random: &mut Random) {
    script.flow.per_minute = random.log_uniform(0.2, 2.0);
    script.flow.calls.clear();
    let Span { from, to } = script.whole();
    for at in poisson(random, from, to, 900.0) {
        script.flow.nobody.push(Span { from: at, to: at + random.between(MINUTE, 12 * MINUTE) });
    }
}

fn blip(script: &mut Script, random: &mut Random) {
    script.tolerated = true;
    let from = script.times.switch;
    let span = Span { from, to: from + random.seconds(1.0, 12.0) };
    // Pages and clients try again.
    script.flow.factors.push((span, random.uniform(1.0, 8.0)));
    let statuses = random.pick(&[&[502][..], &[503], &[502, 503]]);
    script.effect(span, None, random.uniform(0.5, 1.0), Deed::Gateway(statuses));
}

fn same_errors(script: &mut Script, random: &mut Random) {
    script.tolerated = true;
    let share = random.log_uniform(0.02, 0.3);
    script.effect(script.whole(), None, share, Deed::Fail(Problem::Bug(Service::new_bug(random))));
}

fn same_route_fails(script: &mut Script, random: &mut Random) {
    script.tolerated = true;
    let route = script.service.busy_route(random);
    let problem = Problem::Bug(Service::new_bug(random));
    script.effect(script.whole(), Some(route), random.uniform(0.1, 1.0), Deed::Fail(problem));
}

fn same_lines(script: &mut Script, random: &mut Random) {
    script.tolerated = true;
    let mean = random.log_uniform(3.0, 60.0);
    let saying = if random.chance(0.5) { Saying::Complaint(0) } else { Saying::Logged(Problem::Bug(0)) };
    script.say_by_chance(script.whole(), mean, saying, random);
}

/// The deployment mends what was broken before it.
fn repaired(script: &mut Script, random: &mut Random) {
    let span = Span { from: script.times.begin, to: script.times.switch };
    let problem = Problem::Bug(Service::new_bug(random));
    script.effect(span, None, random.uniform(0.05, 0.6), Deed::Fail(problem));
}

/// The previous deployment is in the log, too, and was bad for the minutes in which it ran.
fn bad_then_good(script: &mut Script, random: &mut Random) {
    let from = script.times.deployed - random.between(4 * MINUTE, 30 * MINUTE);
    script.said.retain(|(_, saying)| !matches!(saying, Saying::Stop));
    script.deploy_before(from, random);
    let span = Span { from: from + 10 * SECOND, to: script.times.switch };
    let problem = Problem::Bug(Service::new_bug(random));
    script.effect(span, None, random.uniform(0.2, 0.9), Deed::Fail(problem));
}

fn faster(script: &mut Script, random: &mut Random) {
    script.effect(script.after(), None, 1.0, Deed::Slow(1.0 / random.log_uniform(1.5, 8.0)));
}

/// The first requests wait for the platform, or for caches.
fn cold_start(script: &mut Script, random: &mut Random) {
    let from = script.times.switch;
    let span = Span { from, to: from + random.seconds(1.0, 20.0) };
    let deed =
        if random.chance(0.5) { Deed::Cold(random.uniform(2.0, 17.0)) } else { Deed::Slow(random.uniform(3.0, 20.0)) };
    script.effect(span, None, 1.0, deed);
}

/// The service complains at every start, and runs without what is missing.
fn degraded(script: &mut Script, random: &mut Random) {
    script.tolerated = script.times.old_start.is_none();
    let starts = [script.times.old_start, Some(script.times.deployed)];
    for start in starts.into_iter().flatten() {
        script.said.push((start + random.seconds(0.6, 1.4), Saying::Degraded));
    }
}

fn websockets(script: &mut Script, random: &mut Random) {
    let route = script.service.busy_route(random);
    script.effect(script.whole(), Some(route), random.uniform(0.3, 1.0), Deed::Socket);
}

/// One that often takes ten times its median.
fn uneven_route(script: &mut Script, random: &mut Random) {
    let route = script.service.busy_route(random);
    script.service.routes[route].sigma = random.uniform(1.2, 1.8);
}

fn replicas(script: &mut Script, random: &mut Random) {
    let (start, ready) = script.starts[0];
    let count = random.between(2, 4);
    script.starts = (0..count).map(|replica| (start + replica * seconds(0.4), ready)).collect();
}

/// A running service; its log is judged from the first record.
fn no_deployment(script: &mut Script, _: &mut Random) {
    script.starts.clear();
    script.said.retain(|(_, saying)| !matches!(saying, Saying::Stop));
    let times = &mut script.times;
    (times.old_start, times.stopped) = (None, None);
    (times.deployed, times.switch) = (times.begin, times.end);
}
