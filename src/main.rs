//! The command: parses the options, runs the subcommand, and says how it went in the exit status.

use std::process::ExitCode;

use clap::Parser;
use datastored::config::{Cli, Command};
use datastored::{server, telemetry};
use mimalloc::MiMalloc;

/// Records are many small strings and sled copies whole leaves: a quicker allocator than the system's is worth a tenth of the throughput.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve(options) = Cli::parse().command;
    telemetry::init(options.log_format);
    match server::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("datastored: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
