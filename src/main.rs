//! The command: parses the options, runs the subcommand, and says how it went in the exit status.

use std::process::ExitCode;

use clap::Parser;
use datastored::auth::commands;
use datastored::config::{Cli, Command, Serve};
use datastored::{cli, server, telemetry};
use mimalloc::MiMalloc;

/// sled copies whole leaves of its tree, and the system's allocator took a fifth of the processor time of a create; this one
/// takes half of that. Its feature `no_thp` keeps huge pages from making 55 MiB of an idle server's 11.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => serve(*options),
        Command::Keys(keys) => match cli::keys::run(&keys) {
            Ok(done) => {
                print!("{done}");
                ExitCode::SUCCESS
            }
            Err(error) => failed(&error, 1),
        },
        Command::Tokens(command) => match commands::run(&command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error, 1),
        },
    }
}

#[tokio::main]
async fn serve(options: Serve) -> ExitCode {
    telemetry::init(options.log_format);
    match server::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, error.exit_code()),
    }
}

fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("datastored: {error}");
    ExitCode::from(code)
}
