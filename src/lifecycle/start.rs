//! One start of a service: of its container, of the processes in it, until they are ready.

use super::{Step, deployed};
use crate::classify::Layer;
use crate::second::evidence::Evidence;

#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Start {
    /// Its first sign.
    pub shown_by: Evidence,
    pub layer: Layer,
    /// The outermost layer that it showed: only another of that layer can be another start.
    pub outermost: Layer,
    /// The second of its latest sign.
    pub latest: i64,
    pub ready: bool,
    /// The service failed before it was ready.
    pub failed: bool,
    /// It had failures before it was ready, whether or not it became so.
    pub failing: bool,
    /// The latest of them was not reported yet.
    pub failure_is_unreported: bool,
    /// So had the start before it.
    pub fails_as_ever: bool,
    /// The service's log had requests before it, so that another process may serve still.
    pub beside_another: bool,
    /// A request came after it.
    pub served: bool,
    /// It is the deployment's own.
    pub is_deployment: bool,
    /// It was taken for a restart for want of evidence.
    pub assumed: bool,
    /// It came so soon after another that it was taken for one of a loop.
    pub loops: bool,
    /// The service was told to stop before.
    pub asked_for: bool,
    /// When an old process was told to stop, if no replica has started since.
    pub old_stopped: Option<i64>,
    /// Starts of it, one for each replica.
    pub replicas: u32,
    /// The second in which the latest of its replicas started.
    pub rolled: i64,
    /// Replicas of what it replaces.
    pub replaced: u32,
    /// The deployment's id.
    pub id: Option<u32>,
}

/// Seconds in which a process that was told to stop goes down, as the platform does not wait longer.
const GRACE: i64 = 30;

impl Start {
    pub fn new(layer: Layer, shown_by: Evidence, is_deployment: bool) -> Self {
        let second = shown_by.time.second();
        Start {
            layer,
            outermost: layer,
            latest: second,
            shown_by,
            ready: layer == Layer::Ready,
            failed: false,
            failing: false,
            failure_is_unreported: false,
            fails_as_ever: false,
            beside_another: false,
            served: false,
            is_deployment,
            assumed: false,
            loops: false,
            asked_for: false,
            old_stopped: None,
            replicas: 1,
            rolled: second,
            replaced: 0,
            id: None,
        }
    }

    /// The second of its first sign.
    pub fn first(&self) -> i64 {
        self.shown_by.time.second()
    }

    /// Whether a sign of this layer belongs to it: what runs in a container starts without a start of the container.
    pub fn is_within(&self, layer: Layer) -> bool {
        layer > self.outermost
    }

    /// Whether a start of its outermost layer is that of its next replica: it runs, an old one has made room, and there are more of those.
    /// What comes back without a word comes back without that.
    pub fn is_followed_by_a_replica(&self, second: i64) -> bool {
        let runs = (self.ready || self.served) && !self.failed;
        runs && self.replicas < self.replaced && self.old_stopped.is_some() && second - self.rolled < super::LOOP
    }

    /// Whether what goes down now is the process it replaces, which was told to.
    pub fn replaces(&self, second: i64) -> bool {
        self.is_deployment && self.old_stopped.is_some_and(|stopped| second - stopped <= GRACE)
    }

    /// It was taken for a restart, and is a deployment.
    pub fn becomes_deployment(&mut self) -> Step {
        (self.is_deployment, self.assumed) = (true, false);
        deployed(self.layer, &self.shown_by)
    }
}
