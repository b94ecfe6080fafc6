//! How often the default plan is right, on simulated deployments whose end is known: faults of every kind and their healthy
//! twins, from one seed.
//!
//! `cargo bench -p benches --bench simulate` judges 1,000 faults and 1,000 twins, each with both logs and with the app log alone, and
//! prints tables; `-- --check` is short and fails when a figure is beyond its limit, `-- --list` names what was judged
//! wrongly, `-- --case F17 --write DIR` writes one case as files, and `-- --help` tells the rest.

mod arrivals;
mod case;
mod draw;
mod edge;
mod faults;
mod figures;
mod judge;
mod limits;
mod options;
mod outcome;
mod play;
mod script;
mod service;
mod stack;
mod table;
mod threshold;
mod twins;
mod write;

#[allow(dead_code, unused_imports)]
#[path = "../../fixtures/generator/scenario/clock.rs"]
mod clock;
#[allow(dead_code, unused_imports)]
#[path = "../../fixtures/generator/scenario/random.rs"]
mod random;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Parser;

use case::{Case, Number};
use judge::Judge;
use options::Options;
use outcome::{Outcome, outcomes};

fn main() -> ExitCode {
    let options = Options::parse();
    if let (Some(number), Some(folder)) = (options.case, &options.write) {
        let case = Case::draw(options.seed, number);
        if let Err(error) = write::write(&case, folder) {
            eprintln!("cannot write to {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    }
    let judge = match Judge::new(&options.plan) {
        Ok(judge) => judge,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let outcomes = judge_all(&judge, options.seed, &options.numbers());
    if options.case.is_some() {
        outcomes.iter().for_each(table::line);
        return ExitCode::SUCCESS;
    }
    table::print(&outcomes);
    if options.list {
        println!("\njudged wrongly, of seed {}", options.seed);
        outcomes.iter().filter(|outcome| outcome.is_wrong()).for_each(table::line);
        println!("\nanother deployment taken than is right, of seed {}", options.seed);
        outcomes.iter().filter(|outcome| !outcome.is_well_dated()).for_each(table::line);
    }
    let beyond = limits::beyond(&outcomes);
    println!();
    beyond.iter().for_each(|text| println!("{text}"));
    if options.check && !beyond.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// All cases, on all processors, in the order of their numbers.
fn judge_all(judge: &Judge, seed: u64, numbers: &[Number]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut own = Vec::new();
        while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
            own.extend(outcomes(judge, &Case::draw(seed, *number)));
        }
        own
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(numbers.len().max(1));
    let mut all: Vec<Outcome> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker's panic is shown by itself")).collect()
    });
    all.sort_by_key(|outcome| outcome.number);
    all
}
