//! `logwatch plan new`: a commented plan for a deployment, from three answers, and from a healthy log what its bounds may be.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::files;
use super::intake::Intake;
use super::options::NewPlanOptions;
use super::progress::Progress;
use super::record::Record;
use super::run::{Mode, UsageError, open};
use crate::gather::Range;
use crate::mask::Masking;
use crate::rules::plan::{Plan, Span};
use crate::rules::wilson;
use crate::session::Session;
use crate::state::Journal;
use crate::summary::Summary;
use crate::summary::traffic::RouteLine;
use crate::zone::Zone;

/// Routes that are proposed of a log: those that are called most.
const PROPOSED: usize = 3;
/// Requests of a route that tell how it usually is.
const ENOUGH: u64 = 50;
/// A bound is so many times what is usual, and a share of failures is at least this.
const TIMES: f64 = 2.0;
const LEAST_SHARE: f64 = 0.01;
/// Milliseconds that nobody notices.
const FASTEST: f64 = 20.0;

/// What the plan is made of.
struct Asked {
    title: String,
    routes: Vec<String>,
    duration: Span,
}

/// Writes the plan.
pub fn new_plan(options: &NewPlanOptions, packs: &[PathBuf], out: &mut impl Write) -> Result<()> {
    let healthy = options.from.as_deref().map(|log| read(log, packs)).transpose()?;
    let asked = ask(options, healthy.as_ref())?;
    let text = write(&asked, options.from.as_deref(), healthy.as_ref());
    // What cannot be read back is not given to anybody.
    let plan = Plan::parse("the new plan", &text).map_err(|error| UsageError(error.to_string()))?;
    Session::new(plan.clone(), plan.library(packs)?, None, Range::default()).map_err(UsageError::from)?;
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// What is not given is asked for on a terminal, and else is what most plans have.
fn ask(options: &NewPlanOptions, healthy: Option<&Summary>) -> Result<Asked> {
    let is_asking = io::stdin().is_terminal() && io::stderr().is_terminal();
    let question = |question: &str, otherwise: &str| -> Result<String> {
        if !is_asking {
            return Ok(otherwise.into());
        }
        let mut error = io::stderr().lock();
        write!(error, "{question} [{otherwise}] ").and_then(|()| error.flush()).context("cannot ask")?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { otherwise.into() } else { answer.into() })
    };
    let title = match &options.title {
        Some(title) => title.clone(),
        None => question("What is deployed?", "The next deployment")?,
    };
    let proposed = healthy.map(|healthy| busiest(healthy).map(|route| route.route.clone()).collect::<Vec<_>>());
    let routes = match (options.route.is_empty(), proposed) {
        (false, _) => options.route.clone(),
        (true, Some(proposed)) => proposed,
        (true, None) => {
            let routes = question("Which routes must not fail, separated by spaces?", "/api/*")?;
            routes.split_whitespace().map(String::from).collect()
        }
    };
    let duration = match options.duration {
        Some(duration) => duration,
        None => Span::try_from(question("How long is it watched?", "4h")?).map_err(UsageError)?,
    };
    Ok(Asked { title, routes, duration })
}

/// What a healthy log has.
fn read(log: &Path, packs: &[PathBuf]) -> Result<Summary> {
    let opened = open(&files::expand(&[log.into()])?, Mode::Replay { follow: false })?;
    let mut session = Session::load("default", packs, None, Range::default()).map_err(UsageError::from)?;
    let aside = Progress::new(&opened, true, Zone::Utc).aside();
    let mut record = Record::open(None, aside.clone())?;
    let mut intake = Intake::start(&mut session, opened, 1, aside).context("cannot start to read")?;
    while intake.turn(&mut session, &mut record, &mut Journal::default()) {
        session.engine.take_notices();
    }
    session.engine.finish();
    Ok(Summary::new(&session.engine, "default", None, Masking::default()))
}

fn busiest(healthy: &Summary) -> impl Iterator<Item = &RouteLine> {
    let mut routes: Vec<&RouteLine> = healthy.http.by_route.iter().filter(|route| route.success > 0).collect();
    routes.sort_by_key(|route| (std::cmp::Reverse(route.count), &route.route));
    let mut known: Vec<&str> = Vec::new();
    routes.retain(|route| {
        !known.contains(&route.route.as_str()) && {
            known.push(&route.route);
            true
        }
    });
    routes.into_iter().take(PROPOSED)
}

fn write(Asked { title, routes, duration }: &Asked, from: Option<&Path>, healthy: Option<&Summary>) -> String {
    let quoted = |text: &str| toml::Value::String(text.into()).to_string();
    let slug: String = title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let id = slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let mut text = String::new();
    if let Some(from) = from {
        text += &format!("# The bounds are from {}: look at them.\n\n", from.display().to_string().escape_debug());
    }
    text += &format!(
        "[plan]\nid = {}\ntitle = {}\nextends = \"default\"                 # what matters for any service\nduration = \"{duration}\"                       # triggers are armed this long after the deployment\n",
        quoted(if id.is_empty() { "plan" } else { &id }),
        quoted(title)
    );
    let mut ids = Vec::new();
    for (number, route) in routes.iter().enumerate() {
        let op = if route.contains('*') { "=*" } else { "=" };
        // A text in an expression has no escapes: a doubled quote is one.
        let test = format!("route{op}'{}'", route.replace('\'', "''"));
        let lines = || healthy.iter().flat_map(|healthy| &healthy.http.by_route).filter(|line| line.route == *route);
        let (count, failed) =
            lines().fold((0, 0), |(count, failed), line| (count + line.count, failed + line.server_error));
        let share = match count >= ENOUGH {
            // What one look at so many requests cannot rule out.
            true => (TIMES * wilson::bounds(failed, count, wilson::z_of(0.95)).1).max(LEAST_SHARE),
            false => 0.05,
        };
        let share = (share * 1_000.0).ceil() / 10.0;
        let usual = if count > 0 { format!("     # {failed} of {count} failed") } else { String::new() };
        let id = format!("failures-{}", number + 1);
        text += &format!(
            "\n[[trigger]]\nid = \"{id}\"\nabout = {}\nseverity = \"rollback\"                 # or investigate, or info\nwhen = \"\"\"count(http.error{{{test}}}) >= 3 and count(http.error{{{test}}}) / count(http.request{{{test}}}) > {share}%\"\"\"{usual}\nfor = \"30s\"                            # true this long before it fires\nconfidence = 0.95                      # of 100 deployments that are no worse, at most 5 ever fire it\nresolve_after = \"2m\"                   # false this long before it resolves\n",
            quoted(&format!("{route} fails too often"))
        );
        ids.push(id);
        let p95 = lines()
            .filter_map(|line| line.p95_ms)
            .fold(None, |most: Option<f64>, p95| Some(most.map_or(p95, |most| most.max(p95))));
        if let Some(p95) = p95.filter(|_| count >= ENOUGH) {
            let id = format!("slow-{}", number + 1);
            text += &format!(
                "\n[[trigger]]\nid = \"{id}\"\nabout = {}\nseverity = \"investigate\"\nwhen = \"\"\"p95(http.request{{{test}}}.duration[10m]) > {}ms\"\"\"     # it is {p95:.0} ms\nfor = \"2m\"\nconfidence = 0.95\nresolve_after = \"5m\"\n",
                quoted(&format!("the slowest answers of {route} take too long")),
                (TIMES * p95 + FASTEST).ceil()
            );
        }
    }
    let list = |ids: &[String]| ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
    let quiet = if ids.is_empty() { "\"errors\"".into() } else { list(&ids) };
    let first = (duration.0 / 8).clamp(60, 1_800);
    text += &format!(
        "\n# Looked at once, so long after the deployment.\n[[checkpoint]]\nid = \"first\"\ntitle = \"It works\"\nat = \"{}\"\ncheck = [\n  {{ id = \"quiet\", about = \"nothing of the above fired\", not_fired = [{quiet}] }},\n  {{ id = \"served\", about = \"it answers requests\", expect = \"count(http.request{{status=2xx}}[deploy]) >= 20\" }},\n  {{ id = \"by-hand\", about = \"it works for a user\", manual = \"by-hand\" }},\n]\n",
        Span(first - first % 60)
    );
    text += &format!(
        "\n# Declared when all of its checks hold, from then on.\n[[success]]\nid = \"success\"\ntitle = \"It stays so\"\nafter = \"{duration}\"\ncheck = [\n  {{ id = \"quiet\", not_fired = [{quiet}] }},\n]\n"
    );
    text += "\n# What only a person can tell: `logwatch check by-hand --pass --answers FILE --plan THIS`.\n[[manual]]\nid = \"by-hand\"\nwhat = \"what was changed\"\nask = \"use what was changed, as a user would\"\n";
    text
}
