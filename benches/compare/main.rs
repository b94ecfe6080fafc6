//! How fast the whole program is, side by side with others on the same files, against its targets.
//!
//! `cargo bench -p benches --bench compare` writes its corpora below the target folder, builds and runs the release binary, and where they are
//! installed ripgrep and angle-grinder (`cargo install ripgrep ag`), and prints a table. `-- --quick` tries it out,
//! `-- --help` tells what can be chosen.

mod child;
mod corpora;
mod options;
mod programs;
mod rows;
mod table;

#[path = "../support/pack.rs"]
mod pack;
#[allow(dead_code, unused_imports)]
#[path = "../../fixtures/generator/scenario/mod.rs"]
mod scenario;

use anyhow::Result;
use clap::Parser;

use options::{MB, Options, Part};
use table::Table;

fn main() -> Result<()> {
    let options = Options::parse();
    programs::build()?;
    let cores = std::thread::available_parallelism()?;
    println!(
        "logwatch beside others on the same files: {cores} cores, medians of {} alternating runs",
        options.pairs()
    );
    println!("with the whole library and the plan dl-034\n");
    println!("app log   railway logs --json, {} MB", options.app() / MB);
    println!("text log  its messages with time and level");
    println!("hard log  long lines full of escapes, no two alike, {} MB", options.hard() / MB);
    println!("HTTP log  railway logs --http --json, {} MB", options.http() / MB);
    if options.quick {
        println!("\n--quick: files too small to judge by, and starting counts too much");
    }
    let mut table = Table::new();
    for part in options.parts() {
        match part {
            Part::Before => rows::before::measure(&options, &mut table)?,
            Part::Ripgrep => rows::ripgrep::measure(&options, &mut table)?,
            Part::AngleGrinder => rows::angle_grinder::measure(&options, &mut table)?,
            Part::Itself => rows::itself::measure(&options, &mut table)?,
            Part::Patterns => rows::patterns::measure(&options, &mut table)?,
            Part::Memory => rows::memory::measure(&options, &mut table)?,
            Part::Packed => rows::packed::measure(&options, &mut table)?,
            Part::Start => rows::start::measure(&mut table)?,
            Part::Live => rows::live::measure(&options, &mut table)?,
        }
    }
    table.end();
    Ok(())
}
