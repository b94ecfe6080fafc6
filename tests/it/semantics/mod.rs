//! What the numbers mean: one or more tests for every numbered rule, each named after what the rule says, with the
//! rule's number in its comment. They run the program as a user would: a small log, a small plan, JSON lines out.

mod access;
mod accounting;
mod before;
mod case;
mod checkpoints;
mod comparisons;
mod confidence;
mod deployment;
mod entries;
mod exception_objects;
mod heads;
mod inherit;
mod lifecycle;
mod live;
mod merging;
mod ratios;
mod requests;
mod servers;
mod silence;
mod structured;
mod ticks;
mod time;
mod traces;
mod traffic;
mod triggers;
mod values;
mod verdict;
