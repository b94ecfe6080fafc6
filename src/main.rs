//! The `logwatch` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    logwatch::main()
}
