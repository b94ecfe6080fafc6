//! Where a run's events and summary go: standard output and any number of files.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use tempfile::NamedTempFile;

use super::options::{Colour, Format, Output, Read};
use crate::deployment::Deployment;
use crate::output::json::Json;
use crate::output::text::{Style, Text};
use crate::summary::{Summary, TriggerEvent};

/// Columns of text that goes to no terminal.
const WIDTH: usize = 100;

/// One place that is written to.
struct Sink {
    writer: Writer,
    /// For messages.
    name: String,
}

enum Writer {
    Text(Box<Text<Target>>),
    Json(Box<Json<Target>>),
}

/// What a writer writes into. A file is written beside its place and moved there when it is whole.
enum Target {
    Standard(io::Stdout),
    /// A pipe or a device, which cannot be replaced.
    Direct(std::fs::File),
    File {
        file: io::BufWriter<NamedTempFile>,
        path: PathBuf,
    },
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::Standard(out) => out.write(bytes),
            Target::Direct(out) => out.write(bytes),
            Target::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::Standard(out) => out.flush(),
            Target::Direct(out) => out.flush(),
            Target::File { file, .. } => file.flush(),
        }
    }
}

/// All outputs of a run.
pub struct Outputs {
    sinks: Vec<Sink>,
    plan: String,
    sources: Vec<String>,
    /// The deployment in force, until it has been told.
    untold: Option<Deployment>,
    /// Whether any was told.
    started: bool,
    bar: ProgressBar,
    verbose: bool,
}

impl Outputs {
    /// Opens every output before anything is read, so that one that cannot be written fails at once.
    pub fn open(read: &Read, plan: &str, sources: Vec<String>, bar: ProgressBar) -> Result<Outputs> {
        let terminal = io::stdout().is_terminal();
        let colour = match read.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let mut sinks = vec![Sink {
            writer: Writer::new(read.format, Target::Standard(io::stdout()), Style { colour, width: WIDTH }, read),
            name: "standard output".into(),
        }];
        for Output { format, path } in &read.outputs {
            let target = Target::file(path).with_context(|| format!("cannot write {}", path.display()))?;
            let writer = Writer::new(*format, target, Style { colour: false, width: WIDTH }, read);
            sinks.push(Sink { writer, name: path.display().to_string() });
        }
        Ok(Outputs { sinks, plan: plan.into(), sources, untold: None, started: false, bar, verbose: read.verbose })
    }

    /// A deployment came into force. It is told with the first thing that happens under it.
    pub fn deployed(&mut self, deployment: Deployment) {
        self.untold = Some(deployment);
    }

    pub fn trigger(&mut self, event: &TriggerEvent) -> Result<()> {
        self.tell_deployment()?;
        let (sources, verbose) = (self.sources.len(), self.verbose);
        self.each(|writer| match writer {
            Writer::Text(text) => text.trigger(event, sources, verbose),
            Writer::Json(json) => json.trigger(event),
        })
    }

    /// Writes the summary, and moves the files to their places.
    pub fn finish(mut self, summary: &Summary, exit_code: i32) -> Result<()> {
        self.tell_deployment()?;
        if !self.started {
            let plan = self.plan.clone();
            self.each(|writer| match writer {
                Writer::Text(_) => Ok(()),
                Writer::Json(json) => json.start(&plan, None),
            })?;
        }
        self.each(|writer| match writer {
            Writer::Text(text) => text.summary(summary, exit_code),
            Writer::Json(json) => json.summary(summary),
        })?;
        for sink in self.sinks {
            let target = match sink.writer {
                Writer::Text(text) => text.into_inner(),
                Writer::Json(json) => json.into_inner(),
            };
            target.finish().with_context(|| format!("cannot write {}", sink.name))?;
        }
        Ok(())
    }

    fn tell_deployment(&mut self) -> Result<()> {
        let Some(deployment) = self.untold.take() else { return Ok(()) };
        self.started = true;
        let (plan, sources) = (self.plan.clone(), self.sources.clone());
        self.each(|writer| match writer {
            Writer::Text(text) => text.start(&plan, &deployment, &sources),
            Writer::Json(json) => json.start(&plan, Some(deployment)),
        })
    }

    fn each(&mut self, mut write: impl FnMut(&mut Writer) -> io::Result<()>) -> Result<()> {
        let sinks = &mut self.sinks;
        // The progress bar steps aside while something is printed.
        self.bar.suspend(|| {
            sinks
                .iter_mut()
                .try_for_each(|sink| write(&mut sink.writer).with_context(|| format!("cannot write {}", sink.name)))
        })
    }
}

impl Writer {
    fn new(format: Format, target: Target, style: Style, read: &Read) -> Writer {
        match format {
            Format::Text => Writer::Text(Box::new(Text::new(target, style, read.quiet))),
            Format::Json => Writer::Json(Box::new(Json::new(target))),
        }
    }
}

impl Target {
    fn file(path: &Path) -> io::Result<Target> {
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return std::fs::OpenOptions::new().write(true).open(path).map(Target::Direct);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.metadata()?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The message is not to name a file that nobody asked for.
        let file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
        Ok(Target::File { file: io::BufWriter::new(file), path: path.into() })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Target::Standard(mut out) => out.flush(),
            Target::Direct(mut out) => out.flush(),
            Target::File { file, path } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
        }
    }
}
