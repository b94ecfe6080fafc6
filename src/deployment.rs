//! When the service was deployed (SEMANTICS 6): what came before is baseline, what comes after is judged.

use crate::second::evidence::Evidence;
use crate::time::Time;

/// A deployment, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deployment {
    pub at: Time,
    pub from: From,
    /// The line that shows it.
    pub shown_by: Option<Evidence>,
}

/// Where the time of a deployment comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum From {
    #[serde(rename = "--deployed-at")]
    Given,
    #[serde(rename = "plan")]
    Plan,
    /// The first record of a deployment id that was not seen before.
    #[serde(rename = "deployment id")]
    DeploymentId,
    /// The platform starts a container.
    #[serde(rename = "process.container_started")]
    ContainerStarted,
    #[serde(rename = "process.started")]
    ProcessStarted,
    /// A server says that it takes requests, of a service that says nothing earlier.
    #[serde(rename = "process.ready")]
    ProcessReady,
    /// No deployment is in the input; it is judged from its first record.
    #[serde(rename = "first record")]
    FirstRecord,
}

impl From {
    pub fn as_str(self) -> &'static str {
        match self {
            From::Given => "--deployed-at",
            From::Plan => "the plan",
            From::DeploymentId => "a new deployment id",
            From::ContainerStarted => "the start of a container",
            From::ProcessStarted => "the start of a server",
            From::ProcessReady => "a server that became ready",
            From::FirstRecord => "the first record",
        }
    }

    /// Whether the input, or whoever runs the program, told of a deployment.
    pub fn is_known(self) -> bool {
        self != From::FirstRecord
    }
}
