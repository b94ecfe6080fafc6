//! The command line: what goes in, what comes out, and how it ends.

mod actions;
mod bad_input;
mod baseline;
mod dl_034;
mod docs;
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
mod manners;
mod masking;
mod notify;
mod outputs;
mod overwrite;
mod packs;
mod people;
mod pipes;
mod plans;
mod probes;
mod program;
mod range;
mod receivers;
mod recording;
mod sources;
mod state;
#[cfg(target_os = "linux")]
mod status_line;
mod terminal;
mod usage;
