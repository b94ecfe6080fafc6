//! `logwatch rollback`, as it is called.

use super::program::{Ran, command, run};
use super::server::Server;
use super::world::{World, locked};

fn rollback(server: &Server, arguments: &[&str]) -> Ran {
    let mut command = command(&[&["rollback", "api"], arguments].concat());
    for name in ["RAILWAY_API_TOKEN", "RAILWAY_PROJECT_ID", "RAILWAY_ENVIRONMENT_ID", "RAILWAY_SERVICE_ID"] {
        command.env_remove(name);
    }
    command.env("LOGWATCH_RAILWAY_URL", server.url());
    command.env("RAILWAY_TOKEN", locked(&server.world).token.clone());
    run(&mut command)
}

/// Four deployments: of the earlier ones the newest has no image any more.
fn server() -> Server {
    let mut world = World::new();
    world.deployments.clear();
    world.deployed("d-1", 7_200, "REMOVED");
    world.deployed("d-2", 3_600, "REMOVED");
    world.deployed("d-3", 1_800, "REMOVED");
    world.deployments[2].can_rollback = false;
    world.deployed("d-4", 600, "SUCCESS");
    Server::start(world)
}

#[test]
fn it_shows_what_it_would_do_and_does_nothing() {
    let server = server();
    let ran = rollback(&server, &[]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let line =
        |start: &str| ran.out.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_default().to_string();
    assert!(line("runs").contains("d-4") && line("goes to").contains("d-2"), "{}", ran.out);
    assert!(ran.out.contains("abc1234 a change") && ran.out.contains("--execute"), "{}", ran.out);
    assert!(locked(&server.world).rolled_back.is_empty());
}

#[test]
fn told_to_it_goes_back_once() {
    for (arguments, expected) in [(&["--execute"][..], "d-2"), (&["--execute", "--to", "d-1"], "d-1")] {
        let server = server();
        let ran = rollback(&server, arguments);
        assert_eq!((ran.status, &locked(&server.world).rolled_back[..]), (Some(0), &[expected.to_string()][..]));
        assert!(ran.out.contains(&format!("rolls back to {expected}")), "{}", ran.out);
    }
}

#[test]
fn where_it_cannot_go_it_says_where_it_can() {
    let server = server();
    let told = |id: &str| {
        let ran = rollback(&server, &["--execute", "--to", id]);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        ran.err
    };
    assert!(told("d-3").contains("it can to d-"));
    assert!(told("d-9").contains("no deployment d-9"));
    assert!(told("d-4").contains("is the deployment that runs"));
    assert!(locked(&server.world).rolled_back.is_empty());
    let alone = Server::start({
        let mut world = World::new();
        world.deployments.remove(0);
        world
    });
    let ran = rollback(&alone, &["--execute"]);
    assert!(ran.status == Some(2) && ran.err.contains("no earlier deployment"), "{ran:?}");
}
