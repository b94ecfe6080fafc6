//! The kinds of faults.

mod errors;
mod process;
mod requests;

use crate::random::Random;
use crate::script::Script;

/// A kind of deployment.
pub struct Kind {
    pub name: &'static str,
    /// Nobody could tell it without the hour before the deployment.
    pub needs_baseline: bool,
    pub write: fn(&mut Script, &mut Random),
}

impl Kind {
    pub const fn new(name: &'static str, write: fn(&mut Script, &mut Random)) -> Kind {
        Kind { name, needs_baseline: false, write }
    }

    pub const fn against_before(name: &'static str, write: fn(&mut Script, &mut Random)) -> Kind {
        Kind { name, needs_baseline: true, write }
    }
}

pub const FAULTS: [Kind; 29] = [
    Kind::new("5xx on all routes", requests::failing),
    Kind::new("5xx on one route", requests::failing_route),
    Kind::new("5xx for some minutes", requests::failing_for_minutes),
    Kind::new("a seldom route never works", requests::route_never_works),
    Kind::new("gateway errors that last", requests::gateway),
    Kind::new("gateway errors, everything", requests::outage),
    Kind::against_before("4xx surge", requests::refusing),
    Kind::new("4xx nearly everywhere", requests::refusing_all),
    Kind::against_before("redirects for answers", requests::redirecting),
    Kind::against_before("all slower, x2 to x5", requests::slower),
    Kind::against_before("all slower, x5 to x40", requests::much_slower),
    Kind::against_before("one route slower, x3 to x40", requests::slower_route),
    Kind::against_before("traffic down", requests::less_traffic),
    Kind::against_before("no traffic", requests::no_traffic),
    Kind::new("crash loop at start", process::crash_loop_at_start),
    Kind::new("crash loop, silent", process::silent_loop),
    Kind::new("crash loop under traffic", process::crash_loop),
    Kind::new("single crash", process::crash),
    Kind::new("killed", process::killed),
    Kind::new("out of memory", process::out_of_memory),
    Kind::new("never ready", process::never_ready),
    Kind::new("migration fails", process::migration_fails),
    Kind::new("start-up exceptions", process::startup_exceptions),
    Kind::new("health check failed", process::health_check_failed),
    Kind::against_before("exceptions far above before", errors::more_exceptions),
    Kind::against_before("error lines far above before", errors::more_error_lines),
    Kind::against_before("a new kind of error", errors::new_kind),
    Kind::new("pool exhausted", errors::pool_exhausted),
    Kind::new("connections refused", errors::connections_refused),
];
