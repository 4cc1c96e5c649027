//! The command: parses the options, runs the subcommand, and says how it went in the exit status.

use std::process::ExitCode;

use clap::Parser;
use datastored::auth::commands;
use datastored::config::{Cli, Command, Serve};
use datastored::{server, telemetry};
use mimalloc::MiMalloc;

/// sled copies whole leaves of its tree, and the system's allocator took a fifth of the processor time of a create; this one
/// takes half of that. Its feature `no_thp` keeps huge pages from making 55 MiB of an idle server's 11.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Tokens(command) => match commands::run(&command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error, 1),
        },
    }
}

async fn serve(options: Serve) -> ExitCode {
    telemetry::init(options.log_format);
    match server::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, error.exit_code()),
    }
}

fn failed(error: &dyn std::error::Error, status: u8) -> ExitCode {
    eprintln!("datastored: {error}");
    ExitCode::from(status)
}
