//! How each program is called.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

/// Brings the release binary up to date: cargo gives benchmarks the programs of their own package only.
pub fn build() -> Result<()> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("Cargo.toml");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--release", "--locked", "--bin", "logwatch", "--target-dir"]).arg(target());
    let status = command.arg("--manifest-path").arg(manifest).status()?;
    ensure!(status.success(), "`cargo build --release` failed");
    Ok(())
}

/// Cargo's target folder.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("target"))
}

fn binary() -> PathBuf {
    target().join("release/logwatch").with_extension(std::env::consts::EXE_EXTENSION)
}

/// The release binary with a subcommand or none.
pub fn logwatch(arguments: &[&str]) -> Command {
    logwatch_of(&binary(), arguments)
}

/// Nothing of the surroundings changes what it does.
fn logwatch_of(binary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(arguments).env_remove("GITHUB_ACTIONS").stdin(Stdio::null());
    command
}

/// A replay with the whole library and the plan that asks most; on all cores unless told otherwise.
pub fn replay(file: &Path, threads: Option<usize>) -> Command {
    replay_of(&binary(), file, threads)
}

/// The same by another binary.
pub fn replay_of(binary: &Path, file: &Path, threads: Option<usize>) -> Command {
    let mut command = logwatch_of(binary, &["replay", "--plan", "dl-034"]);
    if let Some(threads) = threads {
        command.args(["--jobs", &threads.to_string()]);
    }
    command.arg(file);
    command
}

/// Counts the lines that one of the patterns in a file matches.
pub fn ripgrep(patterns: &Path, file: &Path) -> Command {
    let mut command = Command::new("rg");
    command.args(["--no-config", "--no-unicode", "-c", "-f"]).arg(patterns).arg(file).stdin(Stdio::null());
    command
}

/// What the report says of routes, asked of angle-grinder.
pub fn angle_grinder(file: &Path) -> Command {
    let mut command = Command::new("agrind");
    command.arg("--file").arg(file).arg("* | json | p50(totalDuration), p95(totalDuration), count by path");
    command.stdin(Stdio::null());
    command
}

/// The first line of what `--version` prints, `None` where the program is not installed.
pub fn version(program: &str) -> Result<Option<String>> {
    match Command::new(program).arg("--version").output() {
        Ok(output) => Ok(String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
