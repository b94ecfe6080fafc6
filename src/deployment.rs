//! When the service was deployed (SEMANTICS 6): what came before is baseline, what comes after is judged.

use crate::time::Time;

/// A deployment, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub at: Time,
    pub from: From,
    /// The line that shows it: index of the source, number of the line.
    pub line: Option<(usize, u64)>,
}

/// Where the time of a deployment comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum From {
    #[serde(rename = "--deployed-at")]
    Given,
    #[serde(rename = "plan")]
    Plan,
    /// The first record of a deployment id that was not seen before.
    #[serde(rename = "deployment id")]
    DeploymentId,
    #[serde(rename = "process.started")]
    ProcessStarted,
    #[serde(rename = "first record")]
    FirstRecord,
}

impl From {
    pub fn as_str(self) -> &'static str {
        match self {
            From::Given => "--deployed-at",
            From::Plan => "the plan",
            From::DeploymentId => "a new deployment id",
            From::ProcessStarted => "\"Started server process\"",
            From::FirstRecord => "the first record",
        }
    }
}
