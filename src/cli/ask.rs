//! Questions to the person at the terminal, before something that cannot be undone.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The person agreed.
    Yes,
    /// The person did not.
    No,
    /// No person is there: stdin or stderr is no terminal.
    NotAsked,
}

/// Asks whether to go on. Anything but `y` or `yes` is no.
pub(super) fn ask(question: &str) -> Answer {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Answer::NotAsked;
    }
    let mut line = String::new();
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    if asked.and_then(|()| stdin.lock().read_line(&mut line)).is_err() {
        return Answer::NotAsked;
    }
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Yes,
        _ => Answer::No,
    }
}
