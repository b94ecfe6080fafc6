//! What a thousand patterns cost beside the built-in ones.

use anyhow::Result;

use super::seconds;
use crate::child::{pairs, run};
use crate::corpora::{corpus, place};
use crate::options::Options;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target};
use crate::{pack, programs};

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    table.heading(&format!("{} generated patterns beside the library, against the library alone", pack::PATTERNS));
    let app = corpus(Kind::App, options.app())?;
    let folder = place("patterns")?;
    pack::write(pack::regexes(), &folder)?;
    let (many, few) = pairs(
        options.pairs(),
        || Ok(run(programs::replay(&app.path, Some(1)).arg("--patterns").arg(&folder))?.wall),
        || Ok(run(&mut programs::replay(&app.path, Some(1)))?.wall),
    )?;
    let slower = many.as_secs_f64() / few.as_secs_f64();
    table.ratio("time, app log, 1 thread", seconds(many), seconds(few), slower, Target::AtMost(2.0));
    Ok(())
}
