//! What the stand-in knows: services, deployments, and logs of which each record becomes visible at some moment.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logwatch::time::{SECOND, Time};

use super::schema::metrics::Measurement;

pub const PROJECT: &str = "11111111-0000-4000-8000-000000000001";
pub const ENVIRONMENT: &str = "22222222-0000-4000-8000-000000000001";
pub const API: &str = "33333333-0000-4000-8000-000000000001";
pub const WORKER: &str = "33333333-0000-4000-8000-000000000002";

/// A record of the apps' log.
#[derive(Clone, Debug)]
pub struct App {
    pub time: Time,
    pub message: String,
    pub severity: &'static str,
    pub attributes: Vec<(&'static str, String)>,
    pub service: String,
    pub deployment: String,
    pub replica: String,
    /// When the server has it.
    pub visible: Time,
}

/// A record of the HTTP log.
#[derive(Clone, Debug)]
pub struct Http {
    pub time: Time,
    pub id: String,
    pub path: String,
    pub status: i32,
    pub milliseconds: i32,
    pub deployment: String,
    pub visible: Time,
}

#[derive(Clone, Debug)]
pub struct Deployment {
    pub id: String,
    pub service: String,
    pub status: &'static str,
    pub created: Time,
    pub can_rollback: bool,
    pub is_active: bool,
    /// Its processes have ended.
    pub is_stopped: bool,
}

/// What goes wrong with the next call, or with the next socket.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An answer of this status, with these headers and this body.
    Page(u16, Vec<(&'static str, String)>, String),
    /// Half of the answer, then the end of the connection.
    Half,
    /// No answer, for so long.
    Hang(Duration),
}

/// What goes wrong with the next socket.
#[derive(Clone, Debug)]
pub enum Break {
    /// The handshake gets no answer.
    HangAtHandshake,
    /// The handshake is answered with this status and these headers.
    Refuse(u16, Vec<(&'static str, String)>),
    /// After so many messages it is cut off.
    Cut(usize),
    /// After so many messages it says nothing more.
    Hang(usize),
    /// After so many messages it is closed with this code.
    Close(usize, u16),
    /// After so many messages all its subscriptions are complete.
    Complete(usize),
    /// After so many messages all its subscriptions fail.
    Fail(usize),
    /// An empty `next` comes first.
    Empty,
}

/// A flow, or a look-up.
#[derive(Clone, Debug)]
pub struct Seen {
    pub time: Time,
    /// The address that a flow went to, the name that was looked up.
    pub of: String,
    /// Why a flow was dropped, or what a name server answered that had no address.
    pub fault: Option<String>,
    pub service: String,
}

/// A number that the platform measured.
#[derive(Clone, Debug)]
pub struct Metric {
    /// In seconds since 1970.
    pub at: i64,
    pub measurement: Measurement,
    pub value: f64,
    pub service: String,
    pub deployment: String,
}

pub struct World {
    pub token: String,
    pub apps: Vec<App>,
    pub https: Vec<Http>,
    pub flows: Vec<Seen>,
    pub lookups: Vec<Seen>,
    /// What building deployments has written: of which, when and what.
    pub builds: Vec<(String, Time, String)>,
    pub metrics: Vec<Metric>,
    /// How often the platform counts a request that the log has once.
    pub counts_requests: f64,
    /// Metrics are not given.
    pub refuses_metrics: bool,
    /// Ids and names.
    pub services: Vec<(String, String)>,
    pub deployments: Vec<Deployment>,
    /// Beside the lines that are kept `api` has written so many a second, always.
    pub steady: Option<i64>,
    /// What the next calls of logs get instead of an answer.
    pub faults: VecDeque<Fault>,
    /// What befalls the next sockets.
    pub breaks: VecDeque<Break>,
    /// Records that an answer has at most, whatever is asked for.
    pub page: usize,
    /// Records that one look of a subscription has at most; what is beyond is not sent.
    pub poll: usize,
    /// Between two looks.
    pub pause: Duration,
    /// How far this server's clock is ahead of the machine's, in nanoseconds.
    pub ahead: i64,
    /// What the clock shows where it stands until it is put forward.
    pub stands_at: Option<Time>,
    /// The newest record of each log that a subscription has given out.
    pub given: HashMap<&'static str, Time>,
    /// What is asked for backward has every second record only.
    pub loses_backward: bool,
    pub remaining: i64,
    pub calls: Vec<String>,
    pub sockets: usize,
    pub rolled_back: Vec<String>,
    /// Counted up, it cuts off the sockets that stand.
    pub generation: usize,
    /// A subscription looks for records after its newest one only, which hides what is stored late.
    pub hides_late: bool,
    /// HTTP logs cannot be subscribed to.
    pub refuses_http: bool,
    /// A subscription brings so many messages, and then nothing more, while the socket stands.
    pub deaf_after: Option<usize>,
    /// Where all calls are redirected to.
    pub redirect: Option<String>,
}

pub type Shared = Arc<Mutex<World>>;

pub fn locked(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub fn machine_now() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64)
}

impl World {
    /// One project with one environment, in which `api` was deployed an hour ago, and before that two hours ago.
    pub fn new() -> World {
        let mut world = World {
            token: "test-project-token".into(),
            apps: Vec::new(),
            https: Vec::new(),
            flows: Vec::new(),
            lookups: Vec::new(),
            builds: Vec::new(),
            metrics: Vec::new(),
            counts_requests: 1.0,
            refuses_metrics: false,
            services: [(API, "api"), (WORKER, "worker")].map(|(id, name)| (id.into(), name.into())).into(),
            deployments: Vec::new(),
            steady: None,
            faults: VecDeque::new(),
            breaks: VecDeque::new(),
            page: 5_000,
            poll: 5_000,
            pause: Duration::from_millis(20),
            ahead: 0,
            stands_at: None,
            given: HashMap::new(),
            loses_backward: false,
            remaining: 10_000,
            calls: Vec::new(),
            sockets: 0,
            rolled_back: Vec::new(),
            generation: 0,
            hides_late: false,
            refuses_http: false,
            deaf_after: None,
            redirect: None,
        };
        world.deployed("d-1", 7_200, "REMOVED");
        world.deployed("d-2", 3_600, "SUCCESS");
        world
    }

    pub fn now(&self) -> Time {
        self.stands_at.unwrap_or_else(|| machine_now().saturating_add(self.ahead))
    }

    /// A subscription has given out a log's records up to this one.
    pub fn give(&mut self, log: &'static str, newest: Time) {
        let given = self.given.entry(log).or_insert(newest);
        *given = (*given).max(newest);
    }

    /// A deployment of `api` so many seconds ago.
    pub fn deployed(&mut self, id: &str, ago: i64, status: &'static str) {
        let created = self.now().saturating_add(-ago * SECOND);
        let is_active = status == "SUCCESS";
        self.deployments.push(Deployment {
            id: id.into(),
            service: API.into(),
            status,
            created,
            can_rollback: true,
            is_active,
            is_stopped: false,
        });
    }

    /// A line of `api` that is visible at once.
    pub fn write(&mut self, time: Time, message: &str) {
        let record = self.line(time, message);
        self.apps.push(record);
    }

    pub fn line(&self, time: Time, message: &str) -> App {
        App {
            time,
            message: message.into(),
            severity: "info",
            attributes: vec![("level", "\"info\"".into())],
            service: API.into(),
            deployment: "d-2".into(),
            replica: "replica-1".into(),
            visible: Time(i64::MIN),
        }
    }

    /// What a deployment of `api` was measured to use, so many seconds ago.
    pub fn measured(&mut self, ago: i64, measurement: Measurement, value: f64, deployment: &str) {
        let at = self.now().second() - ago;
        self.metrics.push(Metric { at, measurement, value, service: API.into(), deployment: deployment.into() });
    }

    /// A request of `api` that is visible at once.
    pub fn request(&mut self, time: Time, path: &str, status: i32) {
        let id = format!("request-{}", self.https.len());
        let deployment = "d-2".into();
        self.https.push(Http {
            time,
            id,
            path: path.into(),
            status,
            milliseconds: 12,
            deployment,
            visible: Time(i64::MIN),
        });
    }
}
