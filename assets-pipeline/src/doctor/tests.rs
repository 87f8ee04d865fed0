//! Faults planted into clean turns are found, by kind and by frame, and nothing else is; clean turns have none.

mod clean;
mod faults;
mod files;
mod grounds;
mod order;
mod together;
mod turns;
