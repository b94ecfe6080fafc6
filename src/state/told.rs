//! What the judge is told, as bytes.

use serde::{Deserialize, Serialize};

use crate::classify::Library;
use crate::gather::{Cause, Step};
use crate::second::Counts;
use crate::second::{self, Second};

/// Something that the judge is told.
pub enum Told {
    Step(Box<Step>),
    /// A line of what people said.
    Said(String),
}

#[derive(Serialize, Deserialize)]
enum Written<'a> {
    Sealed(Cause, &'a [u8]),
    Until(i64, Cause),
    Beyond(&'a [u8]),
    Untimed(&'a [u8]),
    Lost(i64),
    Rest(Counts),
    Said(&'a str),
}

impl Told {
    pub fn write_step(step: &Step, library: &Library) -> Vec<u8> {
        match step {
            Step::Sealed(second, cause) => bytes(&Written::Sealed(*cause, &second.write_whole(library))),
            Step::Until(tick, cause) => bytes(&Written::Until(*tick, *cause)),
            Step::Beyond(second) => bytes(&Written::Beyond(&second.write_whole(library))),
            Step::Untimed(events) => bytes(&Written::Untimed(&events.write(library))),
            Step::Lost(second) => bytes(&Written::Lost(*second)),
            Step::Rest(counts) => bytes(&Written::Rest(*counts)),
        }
    }

    pub fn write_said(line: &str) -> Vec<u8> {
        bytes(&Written::Said(line))
    }

    /// # Errors
    ///
    /// Bytes that are damaged.
    pub fn read(bytes: &[u8], library: &Library) -> Result<Told, second::Error> {
        Ok(match postcard::from_bytes(bytes)? {
            Written::Sealed(cause, second) => Told::Step(Box::new(Step::Sealed(Second::read(second, library)?, cause))),
            Written::Until(tick, cause) => Told::Step(Box::new(Step::Until(tick, cause))),
            Written::Beyond(second) => Told::Step(Box::new(Step::Beyond(Second::read(second, library)?))),
            Written::Untimed(events) => Told::Step(Box::new(Step::Untimed(Second::read(events, library)?))),
            Written::Lost(second) => Told::Step(Box::new(Step::Lost(second))),
            Written::Rest(counts) => Told::Step(Box::new(Step::Rest(counts))),
            Written::Said(line) => Told::Said(line.into()),
        })
    }
}

fn bytes(written: &Written<'_>) -> Vec<u8> {
    // Writing to memory fails only for lack of it.
    postcard::to_stdvec(written).unwrap_or_default()
}
