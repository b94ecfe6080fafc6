//! The report as one HTML file: the verdict, the run as a picture, what it rests on. It needs no network and no script.
//!
//! All text is escaped by the templates; what a log says is made one line without control characters before. The page's own style and
//! script are all that its Content-Security-Policy allows, by their hashes.

mod axis;
mod page;
mod picture;
mod plots;
mod sections;

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::summary::{Summary, TriggerEvent};
use crate::zone::Zone;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Changes of triggers that a page shows: more than a picture has room for.
const MOST_CHANGES: usize = 1_000;

/// Writes the report at the end of a run.
pub struct Html<W> {
    out: W,
    zone: Zone,
    changes: Changes,
}

/// What triggers did under the deployment that is judged, in the order of time.
#[derive(Default)]
struct Changes {
    told: Vec<TriggerEvent>,
    /// How many there were beyond those.
    beyond: u64,
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
        match self.changes.told.len() {
            ..MOST_CHANGES => self.changes.told.push(event.clone()),
            _ => self.changes.beyond += 1,
        }
    }

    pub fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let page = page::page(&page::View { summary, changes: &self.changes, zone: self.zone });
        self.out.write_all(page.into_string().as_bytes())?;
        self.out.flush()
    }

    pub fn into_inner(self) -> W {
        self.out
    }
}

/// What the page may load and run: its own style and script, and nothing else.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
