//! The `preventio` program: parses arguments, calls `cli`, prints the error, sets the exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
