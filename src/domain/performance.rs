//! How well visitors are served: what is counted, and the rules that judge it.

pub mod advice;
pub mod capacity;
pub mod history;
pub mod report;
pub mod score;
pub mod series;
pub mod statistics;
pub mod trend;
pub mod users;
