//! Railway's API as a source: what services write, and the requests they get, from some time on and as it happens.
//!
//! - `endpoint` and `token` say where to ask, and as whom; `client` asks, within the `budget` that the API gives.
//! - `target` finds projects, environments, services and deployments by what a person calls them.
//! - `follow` reads logs back and follows them: `log` asks for pages, `socket` carries subscriptions, `seen` knows what
//!   came before, `record` makes lines of records. `metrics` are what the platform measures beside that,
//!   `witness` what it counts of the same requests.
//! - `link` tells how the connection stands.
//!
//! All of it runs on one thread with a runtime of its own; out come chunks of lines, as of any other source.

mod budget;
mod client;
mod documents;
mod endpoint;
mod error;
mod follow;
mod link;
mod log;
mod metrics;
mod output;
mod pace;
mod record;
mod seen;
mod socket;
mod target;
mod token;
mod witness;

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, channel};

pub(crate) use client::{AGENT, plainly, retry_after, tls};
pub use documents::{ALL as DOCUMENTS, Document};
pub use endpoint::{Endpoint, VARIABLE as ENDPOINT_VARIABLE, is_loopback};
pub use error::Error;
pub use follow::Watching;
pub use link::{Link, Phase, State};
pub use pace::Pace;
pub use pace::remembered;
pub use target::{Deployment, Named, Project, Target, Wanted};
pub use token::{Access, Token};

use budget::Purpose;
use client::Client;
use follow::Follower;
use metrics::Metrics;
use output::Output;
use target::Instance;
use witness::Requests;

use super::frame::Chunk;
use crate::external::External;
use crate::time::Time;

/// Which logs of a service are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// What its processes write.
    pub app: bool,
    /// Its requests.
    pub http: bool,
    /// What building its deployments writes.
    pub build: bool,
    /// What goes over its network.
    pub network: bool,
    /// The names that it looks up.
    pub dns: bool,
}

/// The API, for one token.
pub struct Railway {
    runtime: Runtime,
    client: Arc<Client>,
    pace: Pace,
}

/// Logs that are followed.
pub struct Followed {
    /// Lines, each chunk of one service: [`Chunk::lane`] is its index.
    pub chunks: Receiver<io::Result<Chunk>>,
    /// How the connection stands.
    pub link: Arc<Link>,
    /// What the platform measures beside the logs, and how its deployments stand; what is from before the first line comes before it.
    pub measured: crossbeam_channel::Receiver<External>,
    /// Times that records may have been lost.
    pub lost: Arc<AtomicU64>,
}

/// Chunks on their way.
const WAITING: usize = 64;

impl Railway {
    /// Connects to the API as the environment says, with the token of a file if one is named.
    pub fn connect(token_file: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Railway, Error> {
        let endpoint = Endpoint::new(variable(ENDPOINT_VARIABLE).as_deref())?;
        let (token, other) = Token::find(token_file, variable)?;
        Railway::new(endpoint, token, other, Pace::default())
    }

    /// `other` is the token as another kind, where it is not known which it is.
    pub fn new(endpoint: Endpoint, token: Token, other: Option<Token>, pace: Pace) -> Result<Railway, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Failing(format!("no runtime: {error}")))?;
        let mut client = Client::new(endpoint, token, pace.between)?;
        if let Some(other) = other {
            let asked = runtime.block_on(patiently(|| target::visible(&client)));
            if matches!(asked, Err(Error::Refused { .. } | Error::Answered(_))) {
                client = client.with_token(other);
            }
        }
        Ok(Railway { runtime, client: Arc::new(client), pace })
    }

    /// The projects that the token can see.
    pub fn visible(&self) -> Result<Vec<Project>, Error> {
        self.runtime.block_on(patiently(|| target::visible(&self.client)))
    }

    /// Finds what was asked for.
    pub fn find(&self, wanted: &Wanted) -> Result<Target, Error> {
        self.runtime.block_on(patiently(|| target::find(&self.client, wanted)))
    }

    /// The deployments of a service, newest first.
    pub fn deployments(&self, target: &Target, service: &str) -> Result<Vec<Deployment>, Error> {
        self.runtime.block_on(patiently(|| target::deployments(&self.client, target, service, None)))
    }

    /// The deployments of the target's services that run, a draining one among them.
    pub fn active(&self, target: &Target) -> Result<Vec<Deployment>, Error> {
        let ask =
            || target::environment(&self.client, &target.environment.id, Some(&target.project.id), Purpose::Needed);
        let (_, instances) = self.runtime.block_on(patiently(ask))?;
        let is_watched = |instance: &&Instance| target.services.iter().any(|named| named.id == instance.service_id);
        Ok(instances.iter().filter(is_watched).flat_map(|instance| instance.active().to_vec()).collect())
    }

    /// Has a service go back to a deployment. It is asked for once: what fails may have been done.
    pub fn roll_back(&self, deployment: &str) -> Result<(), Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Data {
            deployment_rollback: bool,
        }
        let variables = serde_json::json!({"id": deployment});
        let asked = self.runtime.block_on(self.client.ask::<Data>(documents::ROLLBACK, variables, Purpose::Needed));
        match asked?.deployment_rollback {
            true => Ok(()),
            false => Err(Error::Answered("no, it does not roll back".into())),
        }
    }

    /// What the server's clock shows, to a second or two.
    pub fn now(&self) -> Time {
        self.client.server_now()
    }

    /// Begins to read, on a thread of its own.
    pub fn follow(self, watching: Watching) -> io::Result<Followed> {
        let (sender, chunks) = channel(WAITING);
        let (link, lost) = (Arc::new(Link::default()), Arc::new(AtomicU64::new(0)));
        let Railway { runtime, client, pace } = self;
        let (events, measured) = crossbeam_channel::unbounded();
        let requests = Requests::default();
        let mut metrics =
            Metrics::new(Arc::clone(&client), &watching, Arc::clone(&link), requests.clone(), events.clone());
        let follower = Follower::new(
            client,
            watching,
            pace,
            Arc::clone(&link),
            Arc::clone(&lost),
            Output { chunks: sender, requests },
            events,
        );
        let run = async move {
            // Those from before the first line are there before it; later ones keep no line waiting.
            metrics.read().await;
            tokio::spawn(metrics.read_on(pace.look));
            follower.run().await;
        };
        std::thread::Builder::new().name("railway".into()).spawn(move || runtime.block_on(run))?;
        Ok(Followed { chunks, link, measured, lost })
    }
}

/// Asks again what fails for now, a few times: somebody waits.
async fn patiently<T, F: Future<Output = Result<T, Error>>>(ask: impl Fn() -> F) -> Result<T, Error> {
    /// Seconds before each further attempt.
    const DELAYS: [u64; 3] = [1, 2, 4];
    /// Who waits does not wait longer.
    const LONGEST: Duration = Duration::from_secs(40);
    for (attempt, delay) in DELAYS.into_iter().enumerate() {
        let delay = Duration::from_secs(delay);
        match ask().await {
            Err(Error::TooMany(Some(wait))) if wait <= LONGEST => tokio::time::sleep(wait.max(delay)).await,
            Err(Error::TooMany(None) | Error::Failing(_)) => tokio::time::sleep(delay).await,
            // It means it, or it is an error that passes in words that are not known.
            Err(Error::Answered(_)) if attempt == 0 => tokio::time::sleep(delay).await,
            result => return result,
        }
    }
    ask().await
}
