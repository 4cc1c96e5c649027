//! The command: parses the options, runs the subcommand, and says how it went in the exit status.

use std::process::ExitCode;

use clap::Parser;
use datastored::config::{Cli, Command};
use datastored::{server, telemetry};

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
