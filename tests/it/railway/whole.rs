//! Whole runs of a plan, from the deployment to the end of its monitoring: hours by a clock that goes as fast as the program reads,
//! with what people say, a probe, receivers and an action; once undisturbed, and once killed on the way and started again. Both
//! come to the same.

mod told;

use std::fs::{self, File};
use std::process::Child;
use std::time::Duration;

use logwatch::time::{self, SECOND, Time};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::server::Server;
use super::watch::watch;
use super::world::{World, locked};
use crate::support::endpoint::{Answer, Endpoint};
use crate::support::program::{command, eventually, objects, run};
use told::Told;

/// Seconds that the clock is put forward at once. With those that a wait of the test takes it is less than what a record may be late:
/// while the clock stands a silent source's goes on.
const STEP: i64 = 30;
/// Seconds between two orders.
const BEAT: i64 = 10;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

const PLAN: &str = include_str!("whole/plan.toml");

/// A watch of a deployment, and the world around it.
struct Course {
    server: Server,
    health: Endpoint,
    hook: Endpoint,
    slack: Endpoint,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
    /// How often it was started.
    started: usize,
    deployed_at: Time,
    deployment: &'static str,
}

impl Drop for Course {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A test that failed leaves nothing behind.
            let _ = child.kill();
        }
    }
}

impl Course {
    /// The service runs an hour, then `d-3` is deployed, and a minute later the watch begins.
    fn begin(more: &[&str]) -> Course {
        let mut world = World::new();
        let deployed_at = time::parse(b"2026-03-02T10:00:00Z").unwrap();
        world.stands_at = Some(deployed_at.saturating_add(-HOUR * SECOND));
        world.pause = std::time::Duration::from_millis(3);
        world.deployments.clear();
        world.deployed("d-1", HOUR, "REMOVED");
        world.deployed("d-2", MINUTE, "SUCCESS");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plan.toml"), PLAN).unwrap();
        let arguments = ["api", "--plan", "plan.toml", "--state", "state", "--format", "json"];
        let mut course = Course {
            server: Server::start(world),
            health: Endpoint::start(&[Answer::Page(r#"{"status": "ok", "sessions": 12}"#)]),
            hook: Endpoint::start(&[Answer::Status(200)]),
            slack: Endpoint::start(&[Answer::Status(500), Answer::Status(200)]),
            arguments: arguments.iter().chain(more).map(|argument| argument.to_string()).collect(),
            folder,
            child: None,
            started: 0,
            deployed_at,
            deployment: "d-2",
        };
        course.go_to(0, 200);
        course.deploy("d-3");
        course.go_to(MINUTE, 200);
        course.start();
        course
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn now(&self) -> Time {
        locked(&self.server.world).now()
    }

    /// A deployment takes the place of the one that runs.
    fn deploy(&mut self, id: &'static str) {
        let mut world = locked(&self.server.world);
        let running = world.deployments.last_mut().unwrap();
        (running.status, running.is_active) = ("REMOVED", false);
        world.deployed(id, 0, "SUCCESS");
        let line = world.line(world.now(), "Starting Container");
        world.apps.push(super::world::App { deployment: id.into(), ..line });
        self.deployment = id;
    }

    /// Time goes on to so many seconds after the deployment; every second request is answered so.
    fn go_to(&mut self, seconds: i64, status: i32) {
        let end = self.deployed_at.saturating_add(seconds * SECOND);
        while self.now() < end {
            let mut world = locked(&self.server.world);
            let start = world.now();
            for beat in 0..STEP / BEAT {
                let at = |seconds: i64| start.saturating_add((beat * BEAT + seconds) * SECOND);
                for (after, status) in [(2, 200), (7, status)] {
                    world.request(at(after), "/api/orders", status);
                    world.https.last_mut().unwrap().deployment = self.deployment.into();
                }
                let user = ["ann", "bob", "cy"][beat as usize % 3];
                let line = world.line(at(9), &format!("INFO:shop.orders:order 17 by {user} created"));
                world.apps.push(super::world::App { deployment: self.deployment.into(), ..line });
            }
            world.stands_at = Some(start.saturating_add(STEP * SECOND));
            drop(world);
            if self.child.is_some() {
                self.is_read();
            }
        }
    }

    /// Waits until the subscriptions have given out all that there is.
    fn is_read(&mut self) {
        let errors = self.path(&format!("err-{}", self.started));
        let child = self.child.as_mut().unwrap();
        eventually("it is given out", || {
            let has_ended = child.try_wait().unwrap().is_some();
            assert!(!has_ended, "{}", fs::read_to_string(&errors).unwrap());
            let world = locked(&self.server.world);
            let newest = [("app", world.apps.last().unwrap().time), ("http", world.https.last().unwrap().time)];
            newest.iter().all(|(log, newest)| world.given.get(log) >= Some(newest))
        });
    }

    /// Waits until the run has counted all lines that there are: what is read back while time goes on this fast would make
    /// what is followed late.
    fn has_settled(&mut self) {
        self.is_read();
        let written = {
            let world = locked(&self.server.world);
            world.apps.len() + world.https.len()
        };
        eventually("all lines are counted", || {
            let ran = run(&mut command(&["status", "--format", "json", "--state", &self.path("state")]));
            let status: Value = serde_json::from_str(&ran.out).unwrap_or_default();
            let all_are = status["lines"].as_u64() == Some(written as u64);
            if !all_are {
                // Asking takes time that the run itself needs.
                std::thread::sleep(Duration::from_millis(200));
            }
            all_are
        });
        // It still asks whether anything was cut short, and the clock must not go on by minutes meanwhile.
        std::thread::sleep(Duration::from_secs(1));
    }

    fn start(&mut self) {
        self.started += 1;
        locked(&self.server.world).given.clear();
        let file = |name: &str| File::create(self.path(&format!("{name}-{}", self.started))).unwrap();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = watch(&self.server, &arguments);
        command.current_dir(&self.folder);
        command.env("HOOK", &self.hook.url).env("SLACK", &self.slack.url).env("HEALTH", &self.health.url);
        self.child = Some(command.stdout(file("out")).stderr(file("err")).spawn().unwrap());
        self.has_settled();
    }

    fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// What all its processes have printed.
    fn out(&self) -> String {
        (1..=self.started).map(|number| fs::read_to_string(self.path(&format!("out-{number}"))).unwrap()).collect()
    }

    /// The probe has found something since now.
    fn probed(&self) {
        let before = self.health.got().len();
        // When it asks again it has taken in what the last answer was.
        eventually("it is asked again", || self.health.got().len() >= before + 2);
    }

    /// Somebody says something, which a run that goes on hears.
    fn say(&self, words: &[&str]) {
        let (state, at) = (self.path("state"), self.now().to_string());
        let ran = run(&mut command(&[words, &["--by", "ann", "--at", &at, "--state", &state]].concat()));
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        if self.child.is_some() {
            let state = Connection::open_with_flags(&state, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
            let unheard = "SELECT count(*) FROM said WHERE heard = 0";
            eventually("it is heard", || state.query_row(unheard, [], |row| row.get(0)) == Ok(0));
        }
    }

    /// The clock has passed the end that was asked for; who is cut off sees it.
    fn finish(mut self) -> Told {
        locked(&self.server.world).generation += 1;
        let mut child = self.child.take().unwrap();
        eventually("it ends", || child.try_wait().unwrap().is_some());
        let told = |endpoint: &Endpoint| endpoint.bodies();
        let mut events = objects(&self.out());
        let errors = fs::read_to_string(self.path(&format!("err-{}", self.started))).unwrap();
        assert!(!errors.contains("panicked") && !errors.contains("not delivered"), "{errors}");
        let summary = events.pop().unwrap();
        assert_eq!(summary["type"], "summary", "{errors}");
        events.retain(|event| event["type"] != "start");
        Told {
            status: child.wait().unwrap().code(),
            events,
            summary,
            hook: told(&self.hook),
            slack: told(&self.slack),
            rolled_back: locked(&self.server.world).rolled_back.clone(),
        }
    }
}

/// Several runs at once, as each waits for its own world.
fn at_once<const N: usize>(scenarios: [&(dyn Fn() -> Told + Sync); N]) -> [Told; N] {
    std::thread::scope(|scope| scenarios.map(|scenario| scope.spawn(scenario)).map(|running| running.join().unwrap()))
}

#[test]
fn a_deployment_is_watched_to_its_success() {
    let scenario = |is_killed: bool| {
        let mut course = Course::begin(&["--until", "+4h5m"]);
        course.go_to(90, 200);
        course.say(&["check", "form", "--pass", "--note", "made one"]);
        course.go_to(28 * MINUTE, 200);
        course.probed();
        course.go_to(50 * MINUTE, 200);
        if is_killed {
            course.kill();
        }
        course.go_to(52 * MINUTE, 200);
        // Whether it runs or not.
        course.say(&["signal", "user_complaint", "--text", "still can not order"]);
        course.go_to(58 * MINUTE, 200);
        if is_killed {
            course.start();
        }
        course.go_to(110 * MINUTE, 200);
        course.say(&["check", "basket", "--pass"]);
        course.go_to(115 * MINUTE, 200);
        if is_killed {
            course.kill();
        }
        // The second checkpoint comes in between.
        course.go_to(125 * MINUTE, 200);
        if is_killed {
            course.start();
        }
        course.go_to(230 * MINUTE, 200);
        course.probed();
        course.say(&["check", "close", "--pass"]);
        course.go_to(4 * HOUR + 6 * MINUTE, 200);
        course.finish()
    };
    let [undisturbed, killed] = at_once([&|| scenario(false), &|| scenario(true)]);
    let expected = [
        // Of the deployment before, which is read back.
        "09:10:02 verdict healthy",
        "09:30:02 checkpoint 30m unknown",
        "10:10:00 verdict healthy",
        "10:30:00 checkpoint 30m pass",
        "12:00:00 checkpoint 2h pass",
        "14:00:00 checkpoint 4h pass",
        "14:00:00 success short pass",
        "14:00:00 verdict healthy",
    ];
    assert_eq!(undisturbed.course(), expected);
    assert_eq!((undisturbed.status, &undisturbed.summary["verdict"]), (Some(0), &json!("healthy")));
    let last = undisturbed.messages().into_iter().any(|(_, text)| text == "healthy: api (shop)");
    assert!(last, "people are told that it is over: {:?}", undisturbed.messages());
    assert_eq!(
        (&undisturbed.summary["complete"], &undisturbed.summary["next"]),
        (&json!(true), &json!(["close the incident"]))
    );
    undisturbed.assert_same(&killed);
}

#[test]
fn a_deployment_that_fails_is_gone_back_from_once() {
    let scenario = |is_killed: bool, is_allowed: bool| {
        let allowed: &[&str] = if is_allowed { &["--allow-actions"] } else { &[] };
        let mut course = Course::begin(&[&["--until", "+70m"], allowed].concat());
        course.go_to(28 * MINUTE, 200);
        course.probed();
        course.go_to(40 * MINUTE, 200);
        course.go_to(43 * MINUTE, 500);
        if is_killed {
            course.kill();
        }
        course.go_to(45 * MINUTE, 500);
        if is_killed {
            course.start();
        }
        // It fires since shortly after 40 minutes: not yet ten.
        course.go_to(49 * MINUTE, 500);
        assert!(locked(&course.server.world).rolled_back.is_empty());
        course.go_to(53 * MINUTE, 500);
        let what = if is_allowed { "done" } else { "--allow-actions is not given" };
        eventually("what is due is done", || course.out().contains(what));
        if is_allowed {
            // What Railway makes of it.
            course.deploy("d-4");
            course.go_to(53 * MINUTE + STEP, 200);
            course.has_settled();
        }
        if is_killed {
            course.kill();
        }
        course.go_to(56 * MINUTE, 200);
        if is_killed {
            course.start();
        }
        course.go_to(71 * MINUTE, 200);
        course.finish()
    };
    let [undisturbed, killed, held] =
        at_once([&|| scenario(false, true), &|| scenario(true, true), &|| scenario(false, false)]);
    let expected = [
        "09:10:02 verdict healthy",
        "09:30:02 checkpoint 30m unknown",
        "10:10:00 verdict healthy",
        // Nobody has said anything.
        "10:30:00 checkpoint 30m unknown",
        "10:40:38 trigger fails pending",
        "10:40:38 verdict investigate",
        "10:41:08 trigger fails firing",
        "10:41:08 verdict rollback",
        "10:43:08 action ask held",
        "10:44:08 action pause held",
        "10:51:08 action go-back started",
        "10:51:08 action go-back done",
        "11:03:00 verdict healthy",
        "11:23:00 checkpoint 30m pending",
        "12:53:00 checkpoint 2h pending",
        "14:53:00 checkpoint 4h pending",
        "14:53:00 success short pending",
    ];
    assert_eq!(undisturbed.course(), expected);
    assert_eq!((undisturbed.status, &undisturbed.rolled_back[..]), (Some(0), &["d-2".to_string()][..]));
    undisturbed.assert_same(&killed);
    // Without its safety catch nothing is done.
    assert!(held.rolled_back.is_empty());
    assert!(held.course().contains(&"10:51:08 action go-back held".to_string()), "{:?}", held.course());
    assert_eq!((held.status, &held.summary["verdict"]), (Some(4), &json!("rollback")));
}
