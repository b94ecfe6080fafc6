//! The command line: what goes in, what comes out, and how it ends.

mod action;
mod actions;
mod bad_input;
mod baseline;
mod browser;
mod chromium;
#[cfg(target_os = "linux")]
mod cost;
mod dl_034;
mod docs;
mod environment;
#[cfg(target_os = "linux")]
mod exec;
mod exit_status;
mod exports;
mod failing;
mod follow;
mod github;
mod html;
mod json;
mod lines;
mod live;
mod logs;
mod mail;
mod manners;
mod masking;
mod metrics;
mod notify;
#[cfg(feature = "otlp")]
mod otlp;
mod outputs;
mod overwrite;
mod packs;
mod people;
mod pipes;
mod plans;
mod probes;
#[cfg(target_os = "linux")]
mod pty;
mod range;
mod receivers;
mod recording;
mod serve;
mod sources;
mod state;
#[cfg(target_os = "linux")]
mod status_line;
mod terminal;
#[cfg(target_os = "linux")]
mod tui;
mod usage;
mod week;
