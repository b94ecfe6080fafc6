//! What inputs look like, by the names of the targets: `mutate` changes an input, and makes one of nothing.

pub mod expression;
pub mod line;
pub mod masking;
pub mod pack;
pub mod pipeline;
pub mod plan;
pub mod recording;
