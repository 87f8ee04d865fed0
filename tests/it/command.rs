//! Commands over a data folder, and what they say.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::girasol::girasol;

pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = girasol();
    command.args(arguments).arg("--data").arg(data);
    command
}

pub(crate) fn run(data: &Path, arguments: &[&str]) -> Output {
    command(data, arguments).output().unwrap()
}

pub(crate) fn answer(output: &Output) -> Value {
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stderr), said(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}
