//! Programs that a plan names: run to their end without a shell, with a text on their standard input, or ended.

use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of what a program prints that are kept.
const LONGEST: u64 = 64 << 10;
/// How long the rest of what a program printed may take to come after its end: a child of it that lives on holds the pipe.
const REST: Duration = Duration::from_millis(200);

/// Why a program has no end of its own.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("no program is named")]
    Unnamed,
    #[error("cannot be started: {0}")]
    Start(io::Error),
    #[error("did not end in time, and was ended")]
    Late,
    #[error("{0}")]
    Wait(io::Error),
}

/// How a program ended, and the begin of what it printed on its standard output.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub printed: Vec<u8>,
}

/// Runs a program to its end, or as long as it `may_go_on`. What it writes to its standard error goes nowhere.
///
/// # Errors
///
/// Says why it did not end by itself.
pub fn run(words: &[String], input: &str, may_go_on: impl Fn() -> bool) -> Result<Ended, Failed> {
    let [program, arguments @ ..] = words else { return Err(Failed::Unnamed) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Ctrl-C ends the run, which then ends what it has started.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(Failed::Start)?;
    // Neither one that does not read nor one that prints much may hold up the other side. Both threads end with their pipe.
    let input = input.to_string();
    let writer = child.stdin.take().map(|mut pipe| thread::spawn(move || pipe.write_all(input.as_bytes())));
    let (sender, printed) = mpsc::channel();
    let reader = child.stdout.take().map(|pipe| thread::spawn(move || read(pipe, &sender)));
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if !may_go_on() => break Err(Failed::Late),
            Ok(None) => thread::sleep(Duration::from_millis(10)),
            Err(error) => break Err(Failed::Wait(error)),
        }
    };
    if ended.is_err() {
        end(&mut child);
    }
    drop((writer, reader));
    let status = ended?;
    let deadline = Instant::now() + REST;
    let mut text = Vec::new();
    while let Ok(part) = printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        text.extend(part);
    }
    Ok(Ended { status, printed: text })
}

/// Hands on the begin of what comes, and reads the rest, so that nobody waits for it to be read.
fn read(mut pipe: impl Read, sender: &mpsc::Sender<Vec<u8>>) {
    let (mut buffer, mut left) = ([0; 4_096], LONGEST as usize);
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        let kept = count.min(left);
        left -= kept;
        // Whoever waited for it may have gone.
        let _ = sender.send(buffer[..kept].to_vec());
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
