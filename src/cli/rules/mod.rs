//! `preventio rules`: one file for each thing that can be done with rules.

mod check;
mod diff;
mod mark_faulty;
mod show;
mod sign;
mod verify;

use super::{CommandResult, Outcome, RulesArguments, filled, print, print_json, tell};

/// Look at the rules, compare, sign and withdraw them
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Check(check::Arguments),
    Show(show::Arguments),
    Diff(diff::Arguments),
    Keygen(sign::KeyArguments),
    Sign(sign::Arguments),
    Verify(verify::Arguments),
    MarkFaulty(mark_faulty::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Keygen(arguments) => sign::generate(arguments),
        Command::Sign(arguments) => sign::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::MarkFaulty(arguments) => mark_faulty::run(arguments),
    }
}
