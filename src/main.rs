//! The `girasol` command.

use std::process::ExitCode;

use clap::Parser as _;
use girasol::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "error: no threads could be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(cli));
    // Encodes that still run would keep the process. What they are at is done again next time.
    runtime.shutdown_background();
    code
}
