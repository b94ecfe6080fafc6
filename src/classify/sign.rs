//! What lines say of a process: that it started, stopped or went down.

use super::{Interest, LabelSet, Library, wellknown};

/// The label of a process that is not the service itself: a parent of servers, or a worker.
const ROLE: &str = "role";

/// What a line says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Sign {
    /// It went down: by an error, a signal, or the platform's hand.
    WentDown,
    Started(Layer),
    /// It was told to stop.
    Stopping,
    /// The platform stops a container, which it does with the old one once the new one serves.
    ContainerStopping,
    /// A request was served by the deployment of this id, as a hash.
    Served(u32),
}

/// What started, from the outermost in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Layer {
    Container,
    /// A process that starts others, such as gunicorn's master or npm.
    Parent,
    Server,
    /// A server that says it takes requests.
    Ready,
}

/// What a line of a class says of a process; `None` if it says nothing.
pub fn sign(library: &Library, labels: LabelSet<'_>) -> Option<Sign> {
    let class = &library.classes[labels.class];
    let role = || class.labels.iter().position(|label| label == ROLE).and_then(|at| labels.value(at));
    match class.name.as_str() {
        wellknown::CONTAINER_STARTED => Some(Sign::Started(Layer::Container)),
        wellknown::STARTED if role().is_some() => Some(Sign::Started(Layer::Parent)),
        wellknown::STARTED => Some(Sign::Started(Layer::Server)),
        wellknown::READY => Some(Sign::Started(Layer::Ready)),
        wellknown::STOPPED => Some(Sign::Stopping),
        wellknown::CONTAINER_STOPPED => Some(Sign::ContainerStopping),
        // A worker that is killed is replaced by its parent; the service goes on.
        wellknown::EXITED | wellknown::KILLED if role().is_none() => Some(Sign::WentDown),
        _ => None,
    }
}

/// Adds the labels that signs are told by.
pub fn interested(library: &Library, interest: &mut Interest) {
    for (class, described) in library.classes.with_ids() {
        if let Some(role) = described.labels.iter().position(|label| label == ROLE)
            && described.name.starts_with("process.")
        {
            interest.add(class, role);
        }
    }
}
