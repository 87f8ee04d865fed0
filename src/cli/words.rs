//! Words that the command line takes: parsers that name those that would do.

use std::{error::Error, fmt::Display, str::FromStr};

use clap::{
    Command,
    builder::{PossibleValuesParser, StyledStr, TypedValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::domain::names::{BadName, ConfigId};

/// Parses one of the words of a closed set. Help, completions and errors list them.
pub(super) fn one_of<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words.into_iter().collect::<Vec<_>>()).try_map(|word| word.parse())
}

/// The most names in one sentence.
const MAX_LISTED: usize = 8;

/// Names with commas between them, the first few of many.
pub(super) fn listed(names: &[String]) -> String {
    let more = if names.len() > MAX_LISTED { ", ..." } else { "" };
    let first = names.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>();
    format!("{}{more}", first.join(", "))
}

/// Parses a whole number within bounds.
pub(super) fn from_to<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
        number.ok_or_else(|| format!("write a whole number from {least} to {most}"))
    }
}

/// Parses a configuration's id. A product may be written with a slash, so its configurations may too.
pub(super) fn configuration(text: &str) -> Result<ConfigId, BadName> {
    text.replacen('/', ".", 1).parse()
}

/// Adds the names of all subcommands to an error about one that is unknown. clap itself names those alone that are
/// spelled alike.
pub(super) fn name_subcommands(mut error: clap::Error, cli: &Command) -> clap::Error {
    if !matches!(error.kind(), ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument)
        || error.get(ContextKind::InvalidSubcommand).is_none()
        || error.get(ContextKind::SuggestedSubcommand).is_some()
    {
        return error;
    }
    let parent = parent_of(&error, cli);
    let names: Vec<&str> =
        parent.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name).collect();
    let tip = format!("the commands are {}", names.join(", "));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    error
}

/// The command that was given an unknown subcommand: its usage is part of the error.
fn parent_of<'a>(error: &clap::Error, cli: &'a Command) -> &'a Command {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let mut parent = cli;
    for word in usage.split_whitespace().skip_while(|word| *word != cli.get_name()).skip(1) {
        match parent.find_subcommand(word) {
            Some(command) => parent = command,
            None => break,
        }
    }
    parent
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[track_caller]
    fn refused(arguments: &[&str]) -> String {
        Cli::parse_arguments(arguments).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_command_names_those_that_there_are() {
        let said = refused(&["girasol", "encode"]);
        let names: Vec<_> =
            Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert!(names.iter().filter(|name| *name != "help").all(|name| said.contains(name)), "{said}");
        assert!(refused(&["girasol", "ingst"]).contains("'ingest'"));
        let said = refused(&["girasol", "key", "print"]);
        assert!(said.contains("create, list, revoke") && !said.contains("take-down"), "{said}");
    }

    #[test]
    fn a_number_that_is_none_is_refused_in_plain_words() {
        let least = "from 1 to";
        for (arguments, said) in [
            (["versions", "--limit", "many"], least),
            (["versions", "--limit", "0"], least),
            (["jobs", "--state=ready", "--skip=-1"], "from 0 to"),
            (["store", "gc", "--grace-hours=x"], "from 0 to"),
            (["sign", "ring.solitaire", "--hours=1.5"], least),
            (["publish", "ring.solitaire", "two"], "the version's number, as 3"),
        ] {
            let told = refused(&[&["girasol"], &arguments[..]].concat());
            assert!(told.contains(said) && !told.contains("digit"), "{told}");
        }
    }

    #[test]
    fn a_configuration_may_be_written_with_a_slash() {
        let dotted: Result<ConfigId, BadName> = "ring.solitaire.metal-rose-gold".parse();
        assert_eq!(configuration("ring/solitaire.metal-rose-gold"), dotted);
        assert!(configuration("ring/solitaire/metal-rose-gold").is_err());
    }

    #[test]
    fn an_unknown_value_names_those_that_there_are() {
        let said = refused(&["girasol", "key", "create", "--role", "painter"]);
        assert!(said.contains("artist, admin, metrics"), "{said}");
        let said = refused(&["girasol", "report", "ring", "--effort", "more"]);
        assert!(said.contains("default, max"), "{said}");
        let said = refused(&["girasol", "edge", "squid"]);
        assert!(said.contains("varnish"), "{said}");
    }
}
