//! The classes of the built-in packs that the code itself knows; all others are data.

/// Requests.
pub const REQUEST: &str = "http.request";
/// Lines in which the platform says that it dropped some.
pub const RATE_LIMITED: &str = "railway.rate_limited";
/// What is an error and matches nothing else, and what is a warning.
pub const ERROR: &str = "app.error";
pub const WARNING: &str = "app.warning";

/// How much memory and how many processors are used, as the platform measures it and as the service tells itself; each with the names of
/// the values for what is used, and for what may be.
pub const MEMORY: [(&str, &str, &str); 2] = [("railway.memory", "used", "limit"), ("process.memory", "bytes", "limit")];
pub const CPU: (&str, &str, &str) = ("railway.cpu", "used", "limit");

/// What became of a process.
pub const CONTAINER_STARTED: &str = "process.container_started";
pub const CONTAINER_STOPPED: &str = "process.container_stopped";
pub const STARTED: &str = "process.started";
pub const READY: &str = "process.ready";
pub const STOPPED: &str = "process.stopped";
pub const EXITED: &str = "process.exited";
pub const KILLED: &str = "process.killed";
/// What a service lacks, whose lines are exceptions or of the class of their level, too.
pub const MISSING: &str = "process.missing";

/// Events that no line tells: they are worked out of several.
pub const DEPLOYED: &str = "deployment.started";
pub const RESTARTED: &str = "process.restarted";
pub const FAILED_AT_START: &str = "process.failed_at_start";
