//! Replays against replays: text against JSON, two threads against one.

use std::time::Duration;

use anyhow::Result;

use super::{seconds, speedup};
use crate::child::{pairs, run};
use crate::corpora::{Corpus, corpus};
use crate::options::Options;
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target};

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    table.heading("logwatch against itself");
    let app = corpus(Kind::App, options.app())?;
    let text = corpus(Kind::Text, options.app())?;
    let replay = |corpus: &Corpus, threads| Ok(run(&mut programs::replay(&corpus.path, Some(threads)))?.wall);

    let (plain, json) = pairs(options.pairs(), || replay(&text, 2), || replay(&app, 2))?;
    let rate = |corpus: &Corpus, time: Duration| corpus.lines as f64 / 1e6 / time.as_secs_f64();
    let (plain, json) = (rate(&text, plain), rate(&app, json));
    let [left, right] = [plain, json].map(|rate| format!("{rate:.2} M lines/s"));
    table.ratio("text log over app log, 2 threads", left, right, plain / json, Target::AtLeast(1.0));

    let (two, one) = pairs(options.pairs(), || replay(&app, 2), || replay(&app, 1))?;
    table.ratio("app log, 2 threads over 1", seconds(two), seconds(one), speedup(two, one), Target::AtLeast(1.8));
    Ok(())
}
