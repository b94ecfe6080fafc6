//! The program: one subcommand, one plain function.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::CommandFactory;

use super::options::{Cli, Command, Files, LibraryOptions, LinesOptions, ListFormat, Notifies, Patterns, Plans, Read};
use crate::classify::Library;
use crate::cli::{self, Mode, UsageError};
use crate::text::NoCommands;

/// Something failed while running.
const FAILED: u8 = 1;
/// A usage, plan or pattern error.
const USAGE: u8 = 2;

/// Does what the command line says; the exit status.
pub fn main() -> ExitCode {
    let result = match Cli::given() {
        Cli { command: Some(command), .. } => subcommand(command),
        Cli { command: None, files, .. }
            if files.files.is_empty() && files.sources.is_empty() && io::stdin().is_terminal() =>
        {
            help()
        }
        Cli { command: None, files, read } => cli::run(&files, &read, Mode::Watch),
    };
    match result {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(FAILED)),
        Err(error) if cli::is_closed_pipe(&error) => ExitCode::from(FAILED),
        Err(error) => {
            // Nobody is left to tell when this fails, too.
            let _ = writeln!(NoCommands::new(io::stderr()), "logwatch: {error:#}");
            ExitCode::from(if error.is::<UsageError>() { USAGE } else { FAILED })
        }
    }
}

fn subcommand(command: Command) -> Result<i32> {
    // In a log of GitHub's nothing that is shown is a command; elsewhere it is shown as it is, to be kept in a file.
    let on_github = std::env::var("GITHUB_ACTIONS").as_deref() == Ok("true");
    // Not locked: a dashboard writes from a thread of its own.
    let mut out: &mut dyn Write = if on_github { &mut NoCommands::new(io::stdout()) } else { &mut io::stdout() };
    match command {
        Command::Watch { watch, read } => cli::watch(&watch, &read, out),
        #[cfg(unix)]
        Command::Exec { exec, read } => cli::exec(&exec, &read),
        Command::Rollback { rollback } => cli::rollback(&rollback, out),
        Command::Replay { files, read, follow } if read.state.is_some() => replay_state(&files, &read, follow),
        Command::Status { asked } => cli::status(&asked, out),
        Command::Replay { files, read, follow } => cli::run(&files, &read, Mode::Replay { follow }),
        Command::Lines { asked } => lines(&asked, out),
        Command::Patterns { command } => patterns(command, out),
        Command::Plan { command } => plan(command, out),
        Command::Baseline { asked } => cli::baseline(&asked, out),
        Command::Check { asked } => {
            cli::people::check(&asked, &mut out)?;
            Ok(0)
        }
        Command::Ack { asked } => {
            cli::people::ack(&asked, &mut out)?;
            Ok(0)
        }
        Command::Signal { asked } => {
            cli::people::signal(&asked, &mut out)?;
            Ok(0)
        }
        Command::Notify { command: Notifies::Test { name } } => cli::notify::test(&name, out),
        Command::Completions { shell } => {
            // It panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "logwatch", &mut script);
            out.write_all(&script)?;
            Ok(0)
        }
        Command::Man => {
            clap_mangen::Man::new(Cli::command().long_version(None)).render(&mut out)?;
            Ok(0)
        }
    }
}

fn replay_state(files: &Files, read: &Read, follow: bool) -> Result<i32> {
    let Some(state) = read.state.as_deref().filter(|_| files.files.is_empty() && files.sources.is_empty() && !follow)
    else {
        return Err(UsageError("replay shows files, or a state; name one or the other".into()).into());
    };
    cli::replay(read, state)
}

fn lines(options: &LinesOptions, mut out: &mut dyn Write) -> Result<i32> {
    use super::lines;
    let asked = lines::Asked {
        files: options.files.clone(),
        classes: options.class.clone(),
        level: options.level,
        around: options.around,
        context: options.context,
        zone: options.tz,
        masking: options.redact.masking(),
    };
    let found = lines::lines(&load(&options.library)?, &asked, &mut out)?;
    out.flush()?;
    if found == 0 {
        // Nobody is left to tell when this fails.
        let _ = writeln!(io::stderr(), "logwatch: no entry meets these conditions");
    }
    // As grep does: nothing found is no success.
    Ok(i32::from(found == 0))
}

fn patterns(command: Patterns, mut out: &mut dyn Write) -> Result<i32> {
    use super::patterns;
    match command {
        Patterns::List { library, format: ListFormat::Stacks } => patterns::stacks(&*load(&library)?, &mut out)?,
        Patterns::List { library, format } => patterns::list(&*load(&library)?, format == ListFormat::Regex, &mut out)?,
        Patterns::Show { name, library } => {
            if !patterns::show(&*load(&library)?, &name, &mut out)? {
                return Ok(USAGE.into());
            }
        }
        Patterns::Test { library } => {
            if patterns::test(&load(&library)?, &mut out)? > 0 {
                return Ok(USAGE.into());
            }
        }
        Patterns::Try { regex, file, raw, unicode, redact } => {
            let trial = patterns::Trial { regex: &regex, raw, unicode };
            patterns::try_regex(&trial, &file, redact.masking(), &mut out)?;
        }
        Patterns::Explain { input, redact, library } => {
            patterns::explain(&load(&library)?, &input, redact.masking(), &mut out)?;
        }
    }
    out.flush()?;
    Ok(0)
}

fn plan(command: Plans, mut out: &mut dyn Write) -> Result<i32> {
    use super::plans;
    let usage = |message: String| UsageError(message);
    match command {
        Plans::List => plans::list(&mut out)?,
        Plans::Show { name } => plans::show(&name, &mut out).map_err(|error| usage(error.to_string()))??,
        Plans::New { options, library } => cli::new_plan::new_plan(&options, &library.patterns, &mut out)?,
        Plans::Test { name, library } => {
            if plans::test(&name, &library.patterns, &mut out).map_err(|error| usage(error.to_string()))?? > 0 {
                return Ok(USAGE.into());
            }
        }
        Plans::Check { name, explain, against, deployed_at, library } => {
            plans::check(&name, &library.patterns, explain, &mut out).map_err(|error| usage(error.to_string()))??;
            if !against.is_empty() {
                cli::what_if::against(&name, &library.patterns, &against, deployed_at, &mut out)?;
            }
        }
    }
    out.flush()?;
    Ok(0)
}

fn load(options: &LibraryOptions) -> Result<Arc<Library>> {
    let library = Library::load(&options.patterns).map_err(|error| UsageError(error.to_string()))?;
    Ok(Arc::new(library))
}

fn help() -> Result<i32> {
    Cli::command().print_help()?;
    Ok(0)
}
