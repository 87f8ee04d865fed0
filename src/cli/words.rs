//! Words that the command line takes: parsers that name those that would do.

use std::{error::Error, str::FromStr};

use clap::{
    Command,
    builder::{PossibleValuesParser, StyledStr, TypedValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Parses one of the words of a closed set. Help, completions and errors list them.
pub(super) fn one_of<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words.into_iter().collect::<Vec<_>>()).try_map(|word| word.parse())
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
    fn an_unknown_value_names_those_that_there_are() {
        let said = refused(&["girasol", "key", "create", "--role", "painter"]);
        assert!(said.contains("artist, admin, metrics"), "{said}");
        let said = refused(&["girasol", "report", "ring", "--effort", "more"]);
        assert!(said.contains("default, max"), "{said}");
        let said = refused(&["girasol", "edge", "squid"]);
        assert!(said.contains("varnish"), "{said}");
    }
}
