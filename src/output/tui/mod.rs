//! A run as a dashboard in a terminal: what it has come to, its course, and lists to go through. It is drawn from a
//! [snapshot](crate::snapshot) and the [newest lines](crate::tail); no terminal is touched here.

mod app;
mod course;
mod draw;
mod lists;

pub use app::{App, Wish};
pub use draw::draw;
