//! The command: parses the options, runs the subcommand, and says how it went in the exit status.

use std::process::ExitCode;

use clap::Parser;
use datastored::auth::commands;
use datastored::cli::fsck::Fsck;
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
        Command::Keys(keys) => said(cli::keys::run(&keys)),
        Command::Backup(options) => said(cli::backup::backup(&options)),
        Command::Restore(options) => said(cli::backup::restore(&options)),
        Command::Fsck(options) => fsck(&options),
        Command::Tokens(command) => match commands::run(&command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error, 1),
        },
    }
}

fn serve(options: Serve) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    let began = {
        let _within = runtime.enter();
        telemetry::init(options.log_format, &options.traces)
    };
    let traces = match began {
        Ok(traces) => traces,
        Err(error) => return failed(&error, 2),
    };
    let done = runtime.block_on(server::run(options));
    traces.end();
    // A look-up of a name cannot be ended, and nobody waits for it any more.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, error.exit_code()),
    }
}

fn fsck(options: &Fsck) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    match runtime.block_on(cli::fsck::run(options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error, error.exit_code()),
    }
}

fn said(done: Result<String, String>) -> ExitCode {
    match done {
        Ok(done) => {
            print!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, 1),
    }
}

fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("datastored: {error}");
    ExitCode::from(code)
}
