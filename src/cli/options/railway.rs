//! What `watch` and `rollback` may say.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to follow on Railway.
#[derive(Debug, Args)]
pub struct WatchOptions {
    /// Services by name or id; all of the environment where there are none
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// The same; repeatable
    #[arg(long = "service", value_name = "SERVICE", value_delimiter = ',')]
    pub more_services: Vec<String>,
    #[command(flatten)]
    pub place: PlaceOptions,
    /// Only this deployment's records: an id, or `latest`
    #[arg(long, value_name = "ID|latest")]
    pub deployment: Option<String>,
    /// Which logs
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [LogKind::App, LogKind::Http], value_name = "KIND,…")]
    pub logs: Vec<LogKind>,
    /// Only what this filter of Railway's admits, such as `@level:error` or `"a phrase" AND -@httpStatus:200`
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Show the projects, environments and services that the token can see
    #[arg(long)]
    pub list: bool,
}

/// What to roll back.
#[derive(Debug, Args)]
pub struct RollbackOptions {
    /// The service, by name or id
    pub service: String,
    /// The deployment to go back to; the newest earlier one that can be gone back to unless given
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// Do it
    #[arg(long)]
    pub execute: bool,
    #[command(flatten)]
    pub place: PlaceOptions,
}

/// Where services are, and who asks.
#[derive(Debug, Args)]
pub struct PlaceOptions {
    /// The project, by name or id: not needed with a project token, nor where RAILWAY_PROJECT_ID is set
    #[arg(long, value_name = "P")]
    pub project: Option<String>,
    /// The environment, by name or id: the same with RAILWAY_ENVIRONMENT_ID
    #[arg(long, value_name = "E")]
    pub environment: Option<String>,
    /// Read the token, of either kind, from a file
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogKind {
    /// What the service writes
    App,
    /// Its requests, as Railway's edge saw them
    Http,
    /// What building its deployments writes
    Build,
    /// What goes over its network, as Railway saw it: packets that were dropped, and where to
    Network,
    /// The names that it looks up, and those that Railway could not find
    Dns,
}
