//! Classify: one entry to its events.
//!
//! The pattern library decides what an entry is. One scan for literals tells which patterns are worth running; each of
//! those confirms and captures. An entry can be of several classes, of one class at most once. What is an error or a
//! warning and matches nothing becomes `app.error` or `app.warning`, so that nothing grave is lost.

pub mod access_line;
mod builtin;
mod by_class;
mod classifier;
pub mod definition;
mod event;
pub mod exception;
mod grams;
pub mod javascript;
mod known;
mod label_set;
mod labels;
pub mod library;
mod literals;
mod memo;
mod prefilter;
pub mod python;
mod requests;
pub mod route;
mod search;
mod sensitive;
mod several;
pub mod shape;
mod sign;
pub mod trace;
mod variable;
mod view;
pub mod wellknown;

pub use by_class::{ByClass, ClassId};
pub use classifier::{Classifier, Shared};
pub use definition::Severity;
pub use event::{Event, Found, Interest, MOST_VALUES, NO_VALUE, Via};
pub use label_set::{LabelSet, LabelSets};
pub use library::{Carriers, Library};
pub use route::Routes;
pub use sign::{Layer, Sign, interested, sign};
pub(crate) use view::View;
pub use view::{Miss, Subject};
