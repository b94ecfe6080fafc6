//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::Parser;

use crate::case::Number;

#[derive(Parser)]
#[command(about = "Simulated deployments, judged by the default plan: how many it gets right, and how fast")]
pub struct Options {
    /// How many faulty deployments, and as many healthy ones
    #[arg(long, default_value_t = 1_000, conflicts_with = "check")]
    pub runs: usize,
    /// A short run that fails when a figure is beyond its limit
    #[arg(long)]
    pub check: bool,
    /// Built-in plan, or the file of one
    #[arg(long, default_value = "default", value_name = "NAME|FILE")]
    pub plan: String,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Lists the cases that were judged wrongly, with the reasons, and those whose deployment was dated wrongly
    #[arg(long)]
    pub list: bool,
    /// Only kinds whose name holds this
    #[arg(long, value_name = "TEXT")]
    pub kind: Option<String>,
    /// Only this case, such as F17 (a fault) or H3 (a healthy twin)
    #[arg(long, value_name = "CASE", conflicts_with_all = ["check", "kind"])]
    pub case: Option<Number>,
    /// Writes the case's logs and what is true of it into a folder
    #[arg(long, value_name = "DIR", requires = "case")]
    pub write: Option<PathBuf>,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// Of either series, in a check.
const CHECK: usize = 116;

impl Options {
    pub fn numbers(&self) -> Vec<Number> {
        if let Some(case) = self.case {
            return vec![case];
        }
        let runs = if self.check { CHECK } else { self.runs };
        let all = (0..runs).flat_map(|index| [true, false].map(|faulty| Number { faulty, index }));
        let is_meant =
            |number: &Number| self.kind.as_ref().is_none_or(|text| number.kind().name.contains(text.as_str()));
        all.filter(is_meant).collect()
    }
}
