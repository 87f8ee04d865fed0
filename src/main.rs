//! The `girasol` command.

fn main() {}
