//! `girasol completions` and `girasol man`: what shells and `man` know of the command line.

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{
    Cli,
    failure::{Details, Explain},
    print_result,
};

/// Arguments of `girasol completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol completions bash > /usr/share/bash-completion/completions/girasol")]
pub(super) struct CompletionsArgs {
    /// The shell that reads the script.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Arguments of `girasol man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol man | man -l -
  girasol man --into /usr/local/share/man/man1")]
pub(super) struct ManArgs {
    /// Write the pages of all commands into this folder, and print nothing.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// The manual cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written", folder.display())]
pub(super) struct ManError {
    folder: PathBuf,
    source: io::Error,
}

impl Explain for ManError {
    fn details(&self) -> Details {
        Details::with("unwritable", "Name another folder with --into.")
    }
}

pub(super) fn completions(args: &CompletionsArgs) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "girasol", &mut script);
    print_result(String::from_utf8_lossy(&script).trim_end());
}

pub(super) fn man(args: &ManArgs) -> Result<(), ManError> {
    if let Some(folder) = &args.into {
        return write(folder).map_err(|source| ManError { folder: folder.clone(), source });
    }
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(|source| ManError { folder: PathBuf::new(), source })?;
    print_result(String::from_utf8_lossy(&page).trim_end());
    Ok(())
}

/// `girasol.1`, and a page a command.
fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}
