//! The targets' checks over their seeds and over what their grammars make, without libFuzzer; and how much of that gets past
//! the parsers.

use std::path::{Path, PathBuf};

use fastrand::Rng;
use logwatch_fuzz::check::{self, expression::Accepted};
use logwatch_fuzz::grammar;
use logwatch_fuzz::mutate::Grammar;

/// Changes made to a text, one after the other, before it is begun anew.
const CHANGES: usize = 20;
/// The most that `fuzz/run` lets an input have.
const LONGEST: usize = 16_384;

/// Every file under a folder of the project.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    files.sort();
    files
}

/// Checks the files of a folder, cut as libFuzzer cuts them.
fn seeds(check: fn(&[u8]), folder: &str) {
    for path in files(folder) {
        let mut seed = std::fs::read(&path).expect("a file of the project");
        seed.truncate(LONGEST);
        println!("{}", path.display());
        check(&seed);
    }
}

/// Texts that a grammar makes.
fn texts(grammar: Grammar, many: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Rng::with_seed(7);
    let mut text = Vec::new();
    (0..many).map(move |number| {
        if number % CHANGES == 0 || text.len() > LONGEST {
            text.clear();
        }
        text = grammar(std::mem::take(&mut text), &mut random);
        text.clone()
    })
}

fn share_of<T>(items: impl Iterator<Item = T>, is: impl Fn(T) -> bool) -> f64 {
    let (mut all, mut some) = (0, 0);
    for item in items {
        all += 1;
        some += usize::from(is(item));
    }
    f64::from(some as u32) / f64::from(all as u32)
}

#[test]
fn pipeline() {
    seeds(check::pipeline::check, "fixtures");
    texts(grammar::pipeline::mutate, 400).for_each(|text| check::pipeline::check(&text));
}

#[test]
fn recording() {
    seeds(check::recording::check, "fixtures");
    texts(grammar::recording::mutate, 400).for_each(|text| check::recording::check(&text));
}

#[test]
fn masking() {
    seeds(check::masking::check, "fixtures");
    texts(grammar::masking::mutate, 1_000).for_each(|text| check::masking::check(&text));
}

#[test]
fn expressions_mostly_get_past_the_parser_and_the_check() {
    let accepted: Vec<Accepted> =
        texts(grammar::expression::mutate, 4_000).map(|text| check::expression::accepted(&text)).collect();
    let share = |at_least| share_of(accepted.iter(), |accepted| *accepted >= at_least);
    let shares = [Accepted::Parsed, Accepted::Checked, Accepted::Ran].map(share);
    println!("parsed, checked, run: {shares:.2?}");
    assert!(shares[0] > 0.8 && shares[1] > 0.5, "{shares:?}");
}

#[test]
fn plans_mostly_run() {
    seeds(check::plan::check, "patterns");
    let share = share_of(texts(grammar::plan::mutate, 1_000), |text| check::plan::accepted(&text));
    println!("run: {share:.2}");
    assert!(share > 0.3, "{share}");
}

#[test]
fn packs_mostly_run() {
    seeds(check::pack::check, "patterns");
    let share = share_of(texts(grammar::pack::mutate, 1_000), |text| check::pack::accepted(&text));
    println!("run: {share:.2}");
    assert!(share > 0.3, "{share}");
}
