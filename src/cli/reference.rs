//! The command line as a page of Markdown, made from what clap knows of it.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::{Cli, GLOBAL};

/// Every command with its arguments, options and examples.
///
/// The page depends on nothing but the program: no value of the environment is in it.
#[must_use]
pub fn reference() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut page = String::from("# Commands\n");
    let _ = write!(
        page,
        "\n`girasol` is one binary with a command for each task. Results are written to stdout, logs and messages to \
         stderr. `girasol help COMMAND` prints what stands here.\n\nExit codes: 0 the command is done, 1 it was refused \
         or failed, 2 the command line is wrong.\n"
    );
    let _ = write!(page, "\n## Global options\n\nEvery command takes these, before or after its name.\n");
    options(&mut page, cli.get_arguments().filter(|arg| is_global(arg)));
    for command in cli.get_subcommands().filter(|command| is_shown(command)) {
        section(&mut page, command, "girasol", 2);
    }
    page
}

/// One command and, below it, its subcommands.
fn section(page: &mut String, command: &Command, parent: &str, depth: usize) {
    let name = format!("{parent} {}", command.get_name());
    let _ = write!(page, "\n{} {name}\n", "#".repeat(depth));
    if let Some(about) = command.get_long_about().or_else(|| command.get_about()) {
        let _ = write!(page, "\n{}\n", sentence(&about.to_string()));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let _ = write!(page, "\n```text\n{usage}\n```\n");
    let arguments = || {
        command
            .get_arguments()
            .filter(|arg| !is_global(arg) && !matches!(arg.get_id().as_str(), "help" | "version"))
    };
    options(page, arguments());
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines: Vec<&str> = examples.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        let _ = write!(page, "\n```sh\n{}\n```\n", lines.join("\n"));
    }
    for command in command.get_subcommands().filter(|command| is_shown(command)) {
        section(page, command, &name, depth + 1);
    }
}

/// A table for each group of options, in the order in which help shows them.
fn options<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let mut groups: Vec<(&str, Vec<&Arg>)> = Vec::new();
    for arg in arguments.filter(|arg| !arg.is_hide_set()) {
        let heading =
            arg.get_help_heading().unwrap_or(if arg.is_positional() { "Arguments" } else { "Options" });
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, group)) => group.push(arg),
            None => groups.push((heading, vec![arg])),
        }
    }
    for (heading, group) in groups {
        let title = if heading == GLOBAL { "Option" } else { heading };
        let _ = write!(page, "\n| {title} | Meaning |\n|---|---|\n");
        for arg in group {
            let _ = writeln!(
                page,
                "| `{}` | {} |",
                spelling(arg).replace('|', "\\|"),
                meaning(arg).replace('|', "\\|")
            );
        }
    }
}

/// `--data <DIR>`
fn spelling(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>"));
    let values = names.collect::<Vec<_>>().join(" ");
    match arg.get_long() {
        None => values,
        Some(long) if takes_value(arg) => format!("--{long} {values}"),
        Some(long) => format!("--{long}"),
    }
}

fn meaning(arg: &Arg) -> String {
    let mut text = sentence(&arg.get_help().map(ToString::to_string).unwrap_or_default());
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|_| takes_value(arg))
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(text, " One of {}.", values.join(", "));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if takes_value(arg) && !defaults.is_empty() && defaults != ["``"] {
        let _ = write!(text, " Default: {}.", defaults.join(" "));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(text, " Variable: `{}`.", variable.to_string_lossy());
    }
    text
}

/// clap takes the dot from the end of help.
fn sentence(help: &str) -> String {
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    if help.is_empty() || help.ends_with(['.', ']', ':']) { help } else { format!("{help}.") }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn is_global(arg: &Arg) -> bool {
    arg.get_help_heading() == Some(GLOBAL)
}

fn is_shown(command: &Command) -> bool {
    !command.is_hide_set() && command.get_name() != "help"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_the_reference_once() {
        let page = reference();
        for heading in ["## girasol serve\n", "## girasol product\n", "### girasol product import\n"] {
            assert_eq!(page.matches(heading).count(), 1, "{heading}");
        }
        assert_eq!(page.matches("`--data <DIR>`").count(), 1, "global options are not repeated");
        assert!(!page.contains("girasol help\n"));
    }
}
