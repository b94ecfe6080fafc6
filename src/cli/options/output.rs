//! Files to write to.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Html,
}

/// A file to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub format: Format,
    pub path: PathBuf,
}

impl Output {
    /// The format that a file's ending tells.
    fn format_of(path: &str) -> Result<Format, String> {
        match Path::new(path).extension().and_then(|ending| ending.to_str()) {
            Some("json" | "jsonl" | "ndjson") => Ok(Format::Json),
            Some("txt" | "text" | "log") => Ok(Format::Text),
            Some("html" | "htm") => Ok(Format::Html),
            // Devices and pipes have no endings.
            None if Path::new(path).exists() || path.contains('/') => Ok(Format::Text),
            None if matches!(path, "json" | "text" | "html") => Err(format!(
                "`{path}` is a format; what is printed is chosen with --format {path}, and a file is written with {path}=FILE"
            )),
            _ => Err(format!(
                "`{path}` does not tell its format; write json={path}, text={path} or html={path}, or end it with .jsonl, .txt or .html"
            )),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Output, String> {
        let (format, path) = match text.split_once('=') {
            Some(("text", path)) => (Format::Text, path),
            Some(("json", path)) => (Format::Json, path),
            Some(("html", path)) => (Format::Html, path),
            Some((other, _)) if !other.contains(['/', '.']) => {
                return Err(format!("no format `{other}`; there are text, json and html"));
            }
            _ => (Output::format_of(text)?, text),
        };
        if path.is_empty() {
            return Err("write [FORMAT=]FILE, for example json=run.jsonl".into());
        }
        Ok(Output { format, path: path.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_tell_their_format() {
        let parse = |text| Output::parse(text).map(|output| (output.format, output.path.display().to_string()));
        assert_eq!(parse("json=out"), Ok((Format::Json, "out".into())));
        assert_eq!(parse("run.jsonl"), Ok((Format::Json, "run.jsonl".into())));
        assert_eq!(parse("dir.a=b/run.txt"), Ok((Format::Text, "dir.a=b/run.txt".into())));
        assert_eq!(parse("/dev/null"), Ok((Format::Text, "/dev/null".into())));
        assert_eq!(parse("html=out"), Ok((Format::Html, "out".into())));
        assert_eq!(parse("report.html"), Ok((Format::Html, "report.html".into())));
        assert!(parse("pdf=x").unwrap_err().contains("there are text, json and html"));
        assert!(parse("json").unwrap_err().contains("--format json"));
        assert!(parse("report.pdf").unwrap_err().contains("html=report.pdf"));
        assert!(parse("report").unwrap_err().contains("text=report"));
    }
}
