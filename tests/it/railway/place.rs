//! Where it asks, as whom, and for what: tokens, addresses, names.

use std::fs;

use super::server::Server;
use super::watch::{bare, watch};
use super::world::{API, WORKER, World, locked};
use crate::support::program::run;

#[test]
fn without_a_token_it_says_what_to_set() {
    let server = Server::start(World::new());
    let ran = run(&mut bare(&server, &["api"]));
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""));
    for word in ["RAILWAY_TOKEN", "RAILWAY_API_TOKEN", "--token-file", "https://railway.com/account/tokens"] {
        assert!(ran.err.contains(word), "{}", ran.err);
    }
}

#[test]
fn a_list_shows_what_the_token_can_see() {
    let server = Server::start(World::new());
    let ran = run(&mut watch(&server, &["--list"]));
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for word in ["project shop", "environment  production", "service      api", API, WORKER] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let account = run(bare(&server, &["--list"]).env("RAILWAY_API_TOKEN", "account-test-project-token"));
    assert!(account.out.contains("staging") && account.out.contains("worker"), "{account:?}");
}

#[test]
fn a_token_of_a_file_may_be_of_either_kind() {
    let server = Server::start(World::new());
    let file = tempfile::NamedTempFile::new().unwrap();
    for token in ["test-project-token\n", "account-test-project-token"] {
        fs::write(&file, token).unwrap();
        let ran = run(&mut bare(&server, &["--list", "--token-file", file.path().to_str().unwrap()]));
        assert!(ran.status == Some(0) && ran.out.contains("project shop"), "{ran:?}");
    }
}

#[test]
fn a_token_that_is_not_accepted_is_told_and_never_shown() {
    let server = Server::start(World::new());
    for (name, other) in [("RAILWAY_TOKEN", "RAILWAY_API_TOKEN"), ("RAILWAY_API_TOKEN", "RAILWAY_TOKEN")] {
        let ran = run(bare(&server, &["api"]).env(name, "wrong-s3cret"));
        assert_eq!(ran.status, Some(1));
        assert!(ran.err.contains("does not accept the token") && ran.err.contains(other), "{}", ran.err);
        assert!(!ran.err.contains("s3cret"), "{}", ran.err);
    }
}

#[test]
fn names_that_are_not_there_are_told_with_those_that_are() {
    let server = Server::start(World::new());
    let told = |arguments: &[&str], token: bool| {
        let mut command = match token {
            true => watch(&server, arguments),
            false => bare(&server, arguments),
        };
        if !token {
            command.env("RAILWAY_API_TOKEN", "account-test-project-token");
        }
        let ran = run(&mut command);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        ran.err
    };
    assert!(told(&["apy"], true).contains("did you mean api?"));
    assert!(told(&["x"], true).contains("there are: api, worker"));
    assert!(told(&["api", "--environment", "staging"], true).contains("the token is for environment production"));
    assert!(told(&["api"], false).contains("production, staging"));
    assert!(told(&["api", "--environment", "prodution"], false).contains("did you mean production?"));
    assert!(told(&["api", "--project", "shoop"], false).contains("did you mean shop?"));
}

#[test]
fn an_address_without_tls_and_not_of_this_machine_is_refused() {
    let server = Server::start(World::new());
    let ran = run(watch(&server, &["api"]).env("LOGWATCH_RAILWAY_URL", "http://backboard.example/"));
    assert!(ran.status == Some(2) && ran.err.contains("LOGWATCH_RAILWAY_URL"), "{ran:?}");
}

/// The token does not go to another server.
#[test]
fn a_redirect_to_another_server_is_refused() {
    let other = Server::start(World::new());
    let mut world = World::new();
    world.redirect = Some(other.url());
    let server = Server::start(world);
    let ran = run(&mut watch(&server, &["--list"]));
    assert!(ran.status != Some(0) && ran.err.contains("redirects to another server"), "{ran:?}");
    assert!(locked(&other.world).calls.is_empty());
}
