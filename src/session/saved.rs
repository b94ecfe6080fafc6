//! What a session has come to, and what it is told of its sources, to go on with.

use serde::{Deserialize, Serialize};

use super::Session;
use crate::baseline::MadeOf;
use crate::classify::Library;
use crate::engine::{self, Engine};
use crate::external::External;
use crate::map::Mapper;
use crate::people;
use crate::source::frame::Chunk;
use crate::state::Input;
use crate::text::hash;

/// What is saved: of all services together first, then of each that is judged apart.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// Classes and labels stand by their numbers, so those have to be the same.
    library: u64,
    engines: Vec<engine::Saved>,
    /// What was measured before the first line of each service.
    early: Vec<Vec<External>>,
    compared_with: Option<MadeOf>,
}

/// What was saved cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("what was saved is damaged: {0}")]
    Damaged(#[from] postcard::Error),
    #[error("it is of other patterns")]
    OtherPatterns,
    #[error("it is of {saved} services, and there are {there}")]
    Services { saved: usize, there: usize },
    #[error(transparent)]
    Engine(#[from] engine::SavedError),
}

impl Session {
    /// All that it has come to as bytes; `None` while something waits to be taken, or to be told.
    pub fn save(&mut self) -> Option<Vec<u8>> {
        let library = numbering(&self.engine.judge.library);
        let own = self.engine.save()?;
        let mut engines = vec![own];
        for service in &mut self.services {
            engines.push(service.engine.save()?);
        }
        let early = self.services.iter().map(|service| service.early.clone()).collect();
        let saved = Saved { library, engines, early, compared_with: self.compared_with.clone() };
        // Writing to memory fails only for lack of it.
        postcard::to_stdvec(&saved).ok()
    }

    /// Goes on from what was saved, before the first line.
    ///
    /// # Errors
    ///
    /// Bytes that are damaged, or are of another plan, other patterns, sources or services.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let saved: Saved = postcard::from_bytes(bytes)?;
        if saved.library != numbering(&self.engine.judge.library) {
            return Err(Error::OtherPatterns);
        }
        let there = self.services.len();
        let [own, engines @ ..] = &saved.engines[..] else { return Err(Error::Services { saved: 0, there }) };
        if engines.len() != there || saved.early.len() != there {
            return Err(Error::Services { saved: engines.len(), there });
        }
        self.engine.restore(own)?;
        for ((service, engine), early) in self.services.iter_mut().zip(engines).zip(saved.early) {
            service.engine.restore(engine)?;
            service.early = early;
        }
        self.compared_with = saved.compared_with;
        Ok(())
    }

    /// Is told again what it was told.
    ///
    /// # Errors
    ///
    /// Says which answer or report it does not know.
    pub fn apply(&mut self, input: Input<'_>, mapper: &mut Mapper) -> Result<(), people::Error> {
        match input {
            Input::Lines { lane, lanes, text, bytes, unterminated, recording, repeated } => {
                let chunk = Chunk { text: text.to_vec().into(), bytes, unterminated, recording, ..Chunk::default() };
                let mut fragment = mapper.map(chunk);
                fragment.repeat(repeated);
                self.feed(lanes.0..lanes.1, lane, fragment);
            }
            Input::Advance(lane, to) => self.advance(lane, to),
            Input::LeaveOut(lane) => self.engine.leave_out(lane),
            Input::Lost(lane) => self.lose(lane),
            Input::Ended(lane) => self.close(lane),
            Input::External(event) => self.external(&event),
            Input::Said(line) => self.engine.hear(line)?,
        }
        Ok(())
    }

    /// What was heard, measured and read by now is all: the sources are there again.
    pub fn open_again(&mut self) {
        let services = self.services.iter_mut().map(|service| &mut service.engine);
        let lanes = services.chain([&mut self.engine]).flat_map(|engine: &mut Engine| &mut engine.gather.lanes);
        lanes.for_each(|lane| lane.ended = false);
    }
}

/// A hash of the numbers by which a library knows its classes, labels and values.
fn numbering(library: &Library) -> u64 {
    library.classes.iter().fold(library.classes.len() as u64, |all, class| {
        let names = class.values.iter().map(|(name, _)| name);
        let labels = class.labels.iter().map(|label| hash([b"label", label.as_bytes()]));
        let parts = labels.chain(names.map(|name| hash([b"value", name.as_bytes()])));
        parts.fold(hash([&all.to_le_bytes(), class.name.as_bytes()]), |all, part| {
            hash([&all.to_le_bytes(), &part.to_le_bytes()])
        })
    })
}
