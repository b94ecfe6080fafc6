//! The report as one HTML file: the verdict, the run as a picture, what it rests on. It needs no network and no script.
//!
//! All text is escaped by the templates; what a log says is made one line without control characters before. The page's own style and
//! script are all that its Content-Security-Policy allows, by their hashes.

mod answers;
mod axis;
mod page;
mod picture;
mod plots;
mod sections;
mod usage;

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::people::Asked;
use crate::summary::changes::Changes;
use crate::summary::{Summary, TriggerEvent};
use crate::zone::Zone;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
const LIVE: &str = include_str!("live.js");

/// Writes the report at the end of a run.
pub struct Html<W> {
    out: W,
    zone: Zone,
    changes: Changes,
}

impl<W: Write> Html<W> {
    pub fn new(out: W, zone: Zone) -> Self {
        Html { out, zone, changes: Changes::default() }
    }

    /// A deployment is judged from here on: what fired before is of another one.
    pub fn start(&mut self) {
        self.changes = Changes::default();
    }

    pub fn trigger(&mut self, event: &TriggerEvent) {
        self.changes.add(event);
    }

    pub fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let page = page::page(&page::View { summary, changes: &self.changes, zone: self.zone, live: None });
        self.out.write_all(page.into_string().as_bytes())?;
        self.out.flush()
    }

    pub fn into_inner(self) -> W {
        self.out
    }
}

/// What a page has that is served while the run goes on.
pub struct Live<'a> {
    /// Whether the run is over.
    pub ended: bool,
    /// What can be answered and reported, where that is recorded.
    pub forms: Option<Forms<'a>>,
}

/// What people are asked.
#[derive(Clone, Copy)]
pub struct Forms<'a> {
    /// Proves that a form is of this page.
    pub proof: &'a str,
    pub asked: &'a Asked,
}

/// The page of a run as it stands, which keeps itself up to date.
pub fn live(summary: &Summary, changes: &Changes, zone: Zone, live: Live<'_>) -> String {
    page::page(&page::View { summary, changes, zone, live: Some(live) }).into_string()
}

/// The page on which a token is asked for.
pub fn login(message: Option<&str>) -> String {
    page::login(message).into_string()
}

/// What a page may load and run: its own style and script, and of one that is served the server it came from.
fn policy(is_served: bool) -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    let more = match is_served {
        true => format!(" 'sha256-{}'; base-uri 'none'; connect-src 'self'; form-action 'self'", hash(LIVE)),
        false => "; base-uri 'none'; form-action 'none'".into(),
    };
    format!("default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'{more}")
}
