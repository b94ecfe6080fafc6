//! Faults that show in requests: failures, refusals, redirects, latency, traffic.

use crate::arrivals::Calls;
use crate::clock::{MINUTE, Span};
use crate::draw::{Draw, seconds};
use crate::random::Random;
use crate::script::{Deed, Problem, Script};
use crate::service::Service;

fn bug(random: &mut Random) -> Deed {
    Deed::Fail(Problem::Bug(Service::new_bug(random)))
}

pub fn failing(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let share = random.log_uniform(0.05, 0.9);
    script.effect(span, None, share, bug(random));
}

pub fn failing_route(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let route = script.service.busy_route(random);
    script.effect(span, Some(route), random.uniform(0.25, 1.0), bug(random));
}

/// It comes and goes: the log ends well.
pub fn failing_for_minutes(script: &mut Script, random: &mut Random) {
    let Span { from, to } = script.begin_fault(random);
    let to = to.min(from + random.between(4 * MINUTE, 12 * MINUTE));
    script.effect(Span { from, to }, None, random.uniform(0.3, 0.9), bug(random));
}

/// Called once in one to four minutes, six times at least; it worked before.
pub fn route_never_works(script: &mut Script, random: &mut Random) {
    let route = script.service.seldom_route();
    script.service.routes[route].weight = 0.0;
    let every = random.uniform(60.0, 240.0);
    script.flow.calls.push(Calls { route, every, exact: false });
    let least = script.times.switch + seconds(every * 7.0).max(20 * MINUTE);
    script.times.end = script.times.end.max(least);
    let span = script.after();
    script.fault = Some(span.from);
    script.effect(span, Some(route), 1.0, bug(random));
}

pub fn gateway(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let statuses = random.pick(&[&[502][..], &[503], &[504], &[502, 503, 504]]);
    script.effect(span, None, random.uniform(0.15, 0.8), Deed::Gateway(statuses));
}

pub fn outage(script: &mut Script, random: &mut Random) {
    let Span { from, to } = script.begin_fault(random);
    let to = if random.chance(0.5) { to } else { to.min(from + random.between(4 * MINUTE, 20 * MINUTE)) };
    script.effect(Span { from, to }, None, random.uniform(0.9, 1.0), Deed::Gateway(&[502]));
}

const REFUSALS: [&[u16]; 4] = [&[401], &[403], &[404], &[422]];

pub fn refusing(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let statuses = random.pick(&REFUSALS);
    if random.chance(0.5) {
        script.effect(span, None, random.uniform(0.3, 0.8), Deed::Answer(statuses));
    } else {
        let route = script.service.busy_route(random);
        script.effect(span, Some(route), random.uniform(0.5, 1.0), Deed::Answer(statuses));
    }
}

pub fn refusing_all(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let statuses = random.pick(&REFUSALS);
    script.effect(span, None, random.uniform(0.8, 0.98), Deed::Answer(statuses));
}

pub fn redirecting(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let statuses = random.pick(&[&[301][..], &[302], &[307], &[308]]);
    script.effect(span, None, random.uniform(0.5, 1.0), Deed::Answer(statuses));
}

pub fn slower(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    script.effect(span, None, 1.0, Deed::Slow(random.log_uniform(2.0, 5.0)));
}

pub fn much_slower(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    script.effect(span, None, 1.0, Deed::Slow(random.log_uniform(5.0, 40.0)));
}

pub fn slower_route(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let route = script.service.busy_route(random);
    script.effect(span, Some(route), 1.0, Deed::Slow(random.log_uniform(3.0, 40.0)));
}

pub fn less_traffic(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    script.flow.factors.push((span, random.uniform(0.04, 0.35)));
}

/// A line now and then shows that the log goes on.
pub fn no_traffic(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    script.flow.nobody.push(span);
    script.say_regularly(random.log_uniform(20.0, 300.0), random);
}
