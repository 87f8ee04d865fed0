//! The `girasol` command.

use std::process::ExitCode;

use girasol::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse_arguments(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "error: the runtime's threads could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(cli));
    // Encodes that still run would keep the process alive. The next run repeats them.
    runtime.shutdown_background();
    code
}
