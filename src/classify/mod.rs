//! Classify: one entry to its events.
//!
//! The pattern library decides what an entry is. One scan for literals tells which patterns are worth running; each of
//! those confirms and captures. An entry can be of several classes, of one class at most once. What is an error or a
//! warning and matches nothing becomes `app.error` or `app.warning`, so that nothing grave is lost.

pub mod access_line;
mod builtin;
mod classifier;
pub mod definition;
pub mod entries;
mod event;
pub mod exception;
pub mod explain;
pub mod glob;
mod grams;
pub mod javascript;
mod known;
mod label_set;
mod labels;
pub mod library;
mod literals;
pub mod near;
mod prefilter;
pub mod python;
mod requests;
pub mod route;
pub mod samples;
mod search;
mod several;
pub mod shape;
pub mod survey;
pub mod trace;
mod view;

pub use classifier::{Classifier, Shared};
pub use definition::{Origin, Severity};
pub use event::{Event, Found, Interest, MOST_VALUES, NO_VALUE, Via};
pub use label_set::{LabelSet, LabelSets};
pub use library::{Carriers, ClassId, Library};
pub use route::Routes;
pub(crate) use view::View;
pub use view::{Miss, Subject};
