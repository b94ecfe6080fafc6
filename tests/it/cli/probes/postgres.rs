//! PostgreSQL, where the distribution has it installed.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};

use super::*;

/// A server of its own, in a folder of its own.
struct Server {
    _folder: tempfile::TempDir,
    child: Child,
    port: u16,
}

/// A program of PostgreSQL, which distributions keep out of the path.
fn program(name: &str) -> Option<PathBuf> {
    let installed = glob::glob("/usr/lib/postgresql/*/bin").ok()?.flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = installed.chain(std::env::split_paths(&path)).collect();
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists())
}

/// It does not run as root; its package has made a user for it.
fn as_its_user(command: &mut Command) -> &mut Command {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = users.lines().find(|line| line.starts_with("postgres:")).map(|line| line.split(':').collect::<Vec<_>>());
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    match user.filter(|_| is_root).and_then(|user| Some((user.get(2)?.parse().ok()?, user.get(3)?.parse().ok()?))) {
        Some((id, group)) => command.uid(id).gid(group),
        None => command,
    }
}

impl Server {
    /// `None` where there is no PostgreSQL, which is said.
    fn start() -> Option<Server> {
        let (Some(initdb), Some(postgres)) = (program("initdb"), program("postgres")) else {
            // Not captured, as what is printed is.
            let _ = writeln!(std::io::stderr(), "NOT TESTED: no PostgreSQL is installed here, so no probe asks one");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("chmod").arg("777").arg(folder.path()).status().unwrap();
        assert!(made.success());
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, "s3cretToken99").unwrap();
        let mut init = Command::new(initdb);
        init.args(["--auth=scram-sha-256", "--username=shop", "--no-sync"]).arg("--pwfile").arg(&password);
        let made = as_its_user(init.arg("-D").arg(&data)).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
        fs::write(folder.path().join("cert.pem"), certificate.cert.pem()).unwrap();
        let key = folder.path().join("key.pem");
        fs::write(&key, certificate.signing_key.serialize_pem()).unwrap();
        // The server takes no key that others can read.
        let mut copy = Command::new("sh");
        copy.args(["-c", "umask 077 && cp key.pem data/server.key && cp cert.pem data/server.crt"]);
        assert!(as_its_user(copy.current_dir(folder.path())).status().unwrap().success());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(postgres);
        command.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string(), "-c", "ssl=on"]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20"]);
        let child = as_its_user(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server { _folder: folder, child, port };
        eventually("PostgreSQL answers", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(server)
    }

    fn url(&self, password: &str, mode: &str) -> String {
        format!("postgres://shop:{password}@localhost:{}/postgres?hostaddr=127.0.0.1&sslmode={mode}", self.port)
    }

    /// A client with a transaction that it leaves open.
    fn idle_in_transaction(&self) -> Child {
        let mut client = Command::new(program("psql").unwrap());
        client.env("PGPASSWORD", "s3cretToken99").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        client.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "shop", "postgres"]);
        let mut client = client.spawn().unwrap();
        client.stdin.as_mut().unwrap().write_all(b"begin; select 1;\n").unwrap();
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop = |signal| nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), signal);
        let _ = stop(nix::sys::signal::Signal::SIGQUIT);
        let _ = self.child.wait();
    }
}

#[test]
fn a_database_is_asked_how_its_connections_are_used() {
    let Some(server) = Server::start() else { return };
    let mut client = server.idle_in_transaction();
    let probe =
        |id: &str| format!("[[probe]]\nid = \"{id}\"\npostgres = \"env:{}\"\nevery = \"1s\"\n", id.to_uppercase());
    let ids = ["plain", "tls", "wrong", "verified", "closed"];
    let urls = [
        server.url("s3cretToken99", "disable"),
        server.url("s3cretToken99", "require"),
        server.url("another", "require"),
        server.url("s3cretToken99", "verify-full"),
        "postgres://shop:s3cretToken99@127.0.0.1:1/postgres".into(),
    ];
    let names = ids.map(str::to_uppercase);
    let variables: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(urls.iter().map(String::as_str)).collect();
    let triggers = r#"
[[trigger]]
id = "idle"
severity = "investigate"
when = "last(probe.number{probe='tls', name='idle_in_transaction'}.number) >= 1"

[[trigger]]
id = "full"
severity = "investigate"
when = "last(probe.number{probe='tls', name='connections'}.number) / last(probe.number{probe='tls', name='max_connections'}.number) > 4%"
"#;
    let live = Live::start(&(triggers.to_string() + &ids.map(probe).concat()), &variables);
    let is_idle = |event: &Value, probe: &str| {
        let labels = &event["labels"];
        labels["probe"] == probe && labels["name"] == "idle_in_transaction" && event["values"]["number"] == 1.0
    };
    eventually("the open transaction is seen", || {
        ["plain", "tls"].iter().all(|probe| live.measured().iter().any(|event| is_idle(event, probe)))
    });
    let (measured, ran, replayed) = live.end_after(&ids);
    let last = |name: &str| {
        let is_it = |event: &&Value| event["labels"]["probe"] == "tls" && event["labels"]["name"] == name;
        measured.iter().rev().find(is_it).unwrap()["values"]["number"].as_f64().unwrap()
    };
    assert_eq!((last("connections"), last("max_connections")), (1.0, 20.0));
    assert!((0.0..60.0).contains(&last("longest_transaction")));
    let told = |probe| came_to(&measured, probe);
    assert!(told("wrong").2.contains("password authentication failed"), "{:?}", told("wrong"));
    assert_eq!(told("wrong").1.as_deref(), Some("unreachable"));
    assert!(told("verified").2.contains("certificate"), "{:?}", told("verified"));
    assert_eq!(told("closed").0, "probe.failed");
    let triggers = ran.summary()["triggers"].clone();
    let states: Vec<_> = triggers.as_array().unwrap().iter().map(|trigger| trigger["state"].clone()).collect();
    assert_eq!(states, ["firing", "firing"], "{}", ran.out);
    assert_eq!(replayed.out, ran.out);
    client.kill().unwrap();
    client.wait().unwrap();
}
