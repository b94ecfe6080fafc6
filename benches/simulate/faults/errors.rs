//! Faults that show in the service's own lines: exceptions, error lines, connections.

use crate::clock::MINUTE;
use crate::draw::Draw;
use crate::random::Random;
use crate::script::{Deed, Problem, Saying, Script};
use crate::service::Service;

/// Caught and logged; the requests are answered. Some came before, too.
pub fn more_exceptions(script: &mut Script, random: &mut Random) {
    let problem = Problem::Bug(script.service.bugs[0]);
    let before = random.log_uniform(600.0, 3_600.0);
    script.say_by_chance(script.whole(), before, Saying::Logged(problem), random);
    let span = script.begin_fault(random);
    script.say_by_chance(span, random.log_uniform(2.0, 30.0), Saying::Logged(problem), random);
}

pub fn more_error_lines(script: &mut Script, random: &mut Random) {
    let complaint = Saying::Complaint(0);
    let before = random.log_uniform(300.0, 1_800.0);
    script.say_by_chance(script.whole(), before, complaint.clone(), random);
    let span = script.begin_fault(random);
    script.say_by_chance(span, random.log_uniform(1.0, 15.0), complaint, random);
}

pub fn new_kind(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let saying = if random.chance(0.5) {
        Saying::Complaint(Service::new_complaint(random))
    } else {
        Saying::Logged(Problem::Bug(Service::new_bug(random)))
    };
    script.said.push((span.from + random.between(0, MINUTE), saying.clone()));
    script.say_by_chance(span, random.log_uniform(15.0, 120.0), saying, random);
}

/// Requests wait until the pool gives up.
pub fn pool_exhausted(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let problem = Problem::Pool(random.below(4) as usize);
    let wait = random.pick(&[5.0, 10.0, 30.0]);
    script.effect(span, None, random.uniform(0.2, 0.9), Deed::Hang(wait, problem));
}

pub fn connections_refused(script: &mut Script, random: &mut Random) {
    let span = script.begin_fault(random);
    let problem = Problem::Refused(random.below(4) as usize);
    script.effect(span, None, random.uniform(0.15, 1.0), Deed::Fail(problem));
}
