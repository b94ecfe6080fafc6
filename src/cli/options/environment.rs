//! Options that are given by environment variables, for where a command line is awkward: in a container, in CI.

use clap::builder::FalseyValueParser;
use clap::{Arg, ArgAction, CommandFactory, FromArgMatches};

use super::Cli;

/// Commands that run: the others are asked by somebody who types.
const RUNS: [&str; 3] = ["watch", "replay", "exec"];

impl Cli {
    /// What was asked for: on the command line, else in the environment.
    pub fn given() -> Cli {
        let typed = Cli::command().get_matches();
        let command = match typed.subcommand_name() {
            None => Cli::command().mut_args(with_variable),
            Some(name) if RUNS.contains(&name) => {
                Cli::command().mut_subcommand(name, |command| command.mut_args(with_variable))
            }
            Some(_) => Cli::command(),
        };
        Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// Has an option read from the variable that is called after it.
fn with_variable(option: Arg) -> Arg {
    let Some(name) = option.get_long().map(variable) else { return option };
    // One that is empty is none: who takes a value away from a container leaves it so.
    if std::env::var_os(&name).is_none_or(|value| value.is_empty()) {
        return option;
    }
    let option = match option.get_action() {
        ArgAction::SetTrue => option.value_parser(FalseyValueParser::new()),
        _ => option,
    };
    // Names have to last as long as the command line; there are few.
    option.env(&*name.leak()).hide_env(true)
}

/// `--fail-on` is `LOGWATCH_FAIL_ON`. The token that is Railway's is told from the one of the page, which is `LOGWATCH_TOKEN`.
fn variable(option: &str) -> String {
    match option {
        "token-file" => "LOGWATCH_RAILWAY_TOKEN_FILE".into(),
        _ => format!("LOGWATCH_{}", option.to_uppercase().replace('-', "_")),
    }
}
