//! What is promised, by the names of the targets. A check takes any bytes, and panics where a promise does not hold.

pub mod expression;
pub mod masking;
pub mod pack;
pub mod pipeline;
pub mod plan;
pub mod recording;
