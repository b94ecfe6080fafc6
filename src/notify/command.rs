//! A receiver that is a program: it gets the message on its standard input.

use std::io::Write;
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs it to its end, or until `deadline`; what it prints goes nowhere.
///
/// # Errors
///
/// Says why the message is not known to have arrived.
pub fn run(command: &[String], body: &str, deadline: Instant) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("no program is named".into()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C ends the run, which then sends what is left.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let body = body.to_string();
    // A program that does not read would hold up whoever writes.
    let writer = child.stdin.take().map(|mut pipe| thread::spawn(move || pipe.write_all(body.as_bytes())));
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if Instant::now() >= deadline => break Err("did not end in time, and was ended".to_string()),
            Ok(None) => thread::sleep(Duration::from_millis(10)),
            Err(error) => break Err(error.to_string()),
        }
    };
    if ended.is_err() {
        end(&mut child);
    }
    // A program may end without reading; its exit status tells whether it has what it needs. A child of it that lives on
    // can hold the pipe, so that the writer is not waited for.
    drop(writer);
    match ended? {
        status if status.success() => Ok(()),
        status => Err(format!("ended with {status}")),
    }
}

/// Ends it and what it has started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id()) {
        // It may have ended by itself.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
