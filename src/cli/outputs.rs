//! Where a run's events and summary go: standard output and any number of files. One that cannot be written any more is
//! left out, with a warning, and the run goes on.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::ops::RangeInclusive;

use anyhow::{Context, Result};

use super::looking::Held;
use super::options::{Colour, Format, Output, Read};
use super::progress::Aside;
use super::target::Target;
use crate::deployment::Deployment;
use crate::engine::Engine;
use crate::notify::Notifier;
use crate::output::html::Html;
use crate::output::json::Json;
use crate::output::text::{Style, Text};
use crate::snapshot::Recorder;
use crate::summary::{ActionEvent, CheckpointEvent, Summary, TriggerEvent, VerdictEvent};
use crate::text::escape;

/// Columns of text that goes to no terminal.
const WIDTH: usize = 100;
/// What a terminal's own width is kept within: narrower, columns have no room; wider, rows are hard to read.
const WIDTHS: RangeInclusive<usize> = 60..=200;

/// One place that is written to.
struct Sink {
    state: State,
    /// Whether it was told of the deployment in force.
    knows: bool,
    /// For messages.
    name: String,
}

enum State {
    Open(Writer),
    Written,
    /// Whoever read it has gone, which needs no warning.
    Closed,
    Failed,
}

enum Writer {
    Text(Box<Text<Target>>),
    Json(Box<Json<Target>>),
    Html(Box<Html<Target>>),
}

/// All outputs of a run.
pub struct Outputs {
    /// Standard output comes first.
    sinks: Vec<Sink>,
    plan: String,
    sources: Vec<String>,
    /// The deployment in force.
    deployment: Option<Deployment>,
    /// What comes was shown by an earlier run.
    recalls: bool,
    aside: Aside,
    verbose: bool,
    /// For whoever looks at the run while it goes on.
    recorder: Option<Recording>,
}

struct Recording {
    recorder: Recorder,
    /// Whether the deployment in force was told to it.
    knows: bool,
}

/// Whether standard output is written in colours, by what is asked for, what it is, and the environment.
fn is_coloured(asked: Colour, is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    match asked {
        Colour::Always => true,
        Colour::Never => false,
        // By no-color.org, and as terminals say that they have none.
        Colour::Auto => {
            is_terminal
                && variable("NO_COLOR").is_none_or(|value| value.is_empty())
                && variable("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

impl Outputs {
    /// Opens every output before anything is read, so that one that cannot be written fails at once.
    ///
    /// Standard output is written into `held` where it is given.
    pub fn open(read: &Read, plan: &str, sources: Vec<String>, aside: Aside, held: Option<Held>) -> Result<Outputs> {
        let terminal = io::stdout().is_terminal();
        let colour = is_coloured(read.color, terminal, |name| std::env::var_os(name));
        let columns = terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0));
        let columns = columns.filter(|columns| *columns > 0);
        let width = columns.map_or(WIDTH, |columns| columns.clamp(*WIDTHS.start(), *WIDTHS.end()));
        let zone = read.tz;
        let standard = held.map_or_else(|| Target::Standard(io::stdout()), Target::Held);
        let standard = Writer::new(read.format, standard, Style { colour, width, zone }, read);
        let mut sinks = vec![Sink::new(standard, "standard output".into())];
        for Output { format, path } in &read.outputs {
            let name = escape(&path.display().to_string());
            let target = Target::open(path).with_context(|| format!("cannot write {name}"))?;
            sinks
                .push(Sink::new(Writer::new(*format, target, Style { colour: false, width: WIDTH, zone }, read), name));
        }
        Ok(Outputs {
            sinks,
            plan: plan.into(),
            sources,
            deployment: None,
            recalls: false,
            aside,
            verbose: read.verbose,
            recorder: None,
        })
    }

    /// Nothing of the input is still to come but what is there: people need no alarms of deployments that are not the newest.
    pub fn hold(&mut self) {
        for sink in &mut self.sinks {
            if let State::Open(Writer::Text(text)) = &mut sink.state {
                text.hold();
            }
        }
    }

    /// Everything is told to this one, too.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(Recording { recorder, knows: false });
    }

    /// Lets those who look at the run see how it stands.
    pub fn look(&mut self, engine: &Engine, notifier: Option<&Notifier>) {
        if let Some(Recording { recorder, .. }) = &mut self.recorder {
            recorder.look(engine, notifier);
        }
    }

    /// A deployment came into force. It is told with the first thing that happens under it.
    pub fn deployed(&mut self, deployment: Deployment) {
        self.deployment = Some(deployment);
        self.sinks.iter_mut().for_each(|sink| sink.knows = false);
        if let Some(recording) = &mut self.recorder {
            recording.knows = false;
        }
    }

    /// Whether what comes next was shown by an earlier run: then only what is written whole at the end is told of it.
    pub fn recall(&mut self, recalls: bool) {
        self.recalls = recalls;
    }

    pub fn trigger(&mut self, event: &TriggerEvent) {
        self.tell_deployment();
        if let Some(Recording { recorder, .. }) = &mut self.recorder {
            recorder.trigger(event);
        }
        let (sources, verbose) = (self.sources.len(), self.verbose);
        self.each(|writer| match writer {
            Writer::Text(text) => text.trigger(event, sources, verbose),
            Writer::Json(json) => json.trigger(event),
            Writer::Html(html) => {
                html.trigger(event);
                Ok(())
            }
        });
    }

    pub fn reached(&mut self, event: &CheckpointEvent) {
        self.tell_deployment();
        if let Some(Recording { recorder, .. }) = &mut self.recorder {
            recorder.reached(event);
        }
        self.each(|writer| match writer {
            Writer::Text(text) => text.reached(event),
            Writer::Json(json) => json.reached(event),
            // It tells how all of them stand at the end.
            Writer::Html(_) => Ok(()),
        });
    }

    pub fn verdict(&mut self, event: &VerdictEvent) {
        self.tell_deployment();
        if let Some(Recording { recorder, .. }) = &mut self.recorder {
            recorder.verdict(event);
        }
        let verbose = self.verbose;
        self.each(|writer| match writer {
            Writer::Text(text) => text.verdict(event, verbose),
            Writer::Json(json) => json.verdict(event),
            Writer::Html(_) => Ok(()),
        });
    }

    pub fn action(&mut self, event: &ActionEvent) {
        self.tell_deployment();
        if let Some(Recording { recorder, .. }) = &mut self.recorder {
            recorder.action(event);
        }
        self.each(|writer| match writer {
            Writer::Text(text) => text.action(event),
            Writer::Json(json) => json.action(event),
            Writer::Html(_) => Ok(()),
        });
    }

    /// Whether whoever read them has gone, from all of them.
    pub fn are_closed(&self) -> bool {
        self.sinks.iter().all(|sink| matches!(sink.state, State::Closed))
    }

    /// Writes the summary, and moves the files to their places. The verdict is told on standard error where standard output
    /// could not be written.
    pub fn finish(mut self, engine: &Engine, summary: &Summary, exit_code: i32) {
        self.tell_deployment();
        if let Some(Recording { recorder, .. }) = &mut self.recorder {
            if self.deployment.is_none() {
                recorder.start(None);
            }
            recorder.end(engine, summary);
        }
        if self.deployment.is_none() {
            let plan = self.plan.clone();
            self.each(|writer| match writer {
                Writer::Text(_) | Writer::Html(_) => Ok(()),
                Writer::Json(json) => json.start(&plan, None),
            });
        }
        self.each(|writer| match writer {
            Writer::Text(text) => text.summary(summary, exit_code),
            Writer::Json(json) => json.summary(summary),
            Writer::Html(html) => html.summary(summary),
        });
        for sink in &mut self.sinks {
            sink.finish(&self.aside);
        }
        if matches!(self.sinks[0].state, State::Failed) {
            // Nobody is left to tell when this fails, too.
            let _ = Text::new(io::stderr(), Style::default(), true).summary(summary, exit_code);
        }
    }

    fn tell_deployment(&mut self) {
        let Outputs { plan, sources, deployment, recalls, sinks, aside, recorder, .. } = self;
        let Some(deployment) = deployment else { return };
        if let Some(Recording { recorder, knows }) = recorder
            && !std::mem::replace(knows, true)
        {
            recorder.start(Some(deployment));
        }
        for (at, sink) in sinks.iter_mut().enumerate() {
            if sink.knows || (*recalls && !sink.is_whole(at)) {
                continue;
            }
            sink.knows = true;
            sink.write(aside, |writer| match writer {
                Writer::Text(text) => text.start(plan, deployment, sources),
                Writer::Json(json) => json.start(plan, Some(deployment)),
                Writer::Html(html) => {
                    html.start();
                    Ok(())
                }
            });
        }
    }

    fn each(&mut self, mut write: impl FnMut(&mut Writer) -> io::Result<()>) {
        let Outputs { recalls, sinks, aside, .. } = self;
        for (at, sink) in sinks.iter_mut().enumerate() {
            if !*recalls || sink.is_whole(at) {
                sink.write(aside, &mut write);
            }
        }
    }
}

impl Sink {
    fn new(writer: Writer, name: String) -> Self {
        Sink { state: State::Open(writer), knows: false, name }
    }

    /// Whether it is seen at the end only, whole: a file is, and a page; standard output comes first.
    fn is_whole(&self, at: usize) -> bool {
        at > 0 || matches!(self.state, State::Open(Writer::Html(_)))
    }

    fn write(&mut self, aside: &Aside, write: impl FnOnce(&mut Writer) -> io::Result<()>) {
        if let State::Open(writer) = &mut self.state {
            let mut written = Ok(());
            aside.print(|| written = write(writer));
            if let Err(error) = written {
                self.fail(&error, aside);
            }
        }
    }

    fn finish(&mut self, aside: &Aside) {
        let target = match std::mem::replace(&mut self.state, State::Written) {
            State::Open(Writer::Text(text)) => text.into_inner(),
            State::Open(Writer::Json(json)) => json.into_inner(),
            State::Open(Writer::Html(html)) => html.into_inner(),
            ended => {
                self.state = ended;
                return;
            }
        };
        if let Err(error) = target.finish() {
            self.fail(&error, aside);
        }
    }

    /// Leaves it out from now on. What was written of a file is deleted.
    fn fail(&mut self, error: &io::Error, aside: &Aside) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            self.state = State::Closed;
            return;
        }
        self.state = State::Failed;
        aside.warn(&format!("cannot write {}: {error}; the run goes on without it", self.name));
    }
}

impl Writer {
    fn new(format: Format, target: Target, style: Style, read: &Read) -> Writer {
        match format {
            Format::Text => Writer::Text(Box::new(Text::new(target, style, read.quiet))),
            Format::Json => Writer::Json(Box::new(Json::new(target))),
            Format::Html => Writer::Html(Box::new(Html::new(target, style.zone))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_have_them() {
        let with = |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.into());
        let auto = |name, value| is_coloured(Colour::Auto, true, with(name, value));
        assert!(auto("TERM", "xterm") && auto("NO_COLOR", ""));
        assert!(!auto("TERM", "dumb") && !auto("NO_COLOR", "1"));
        assert!(!is_coloured(Colour::Auto, false, |_| None));
        assert!(
            is_coloured(Colour::Always, false, with("NO_COLOR", "1")) && !is_coloured(Colour::Never, true, |_| None)
        );
    }
}
