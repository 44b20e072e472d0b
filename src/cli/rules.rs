//! `preventio rules`

use preventiojyraa::rulebook::Rulebook;

use super::{CommandResult, Outcome, RulesArguments, print};

/// Look at the rules
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Check rule files: all mistakes at once, with file, line and hint
    ///
    /// Proves that bands cover the line without gap or overlap, that every name leads somewhere,
    /// that each score has a row, and runs every worked example. Exit code 4 when there are
    /// mistakes. Numbers that nobody has verified are listed.
    Check(RulesArguments),
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let Command::Check(folder) = &arguments.command;
    let rulebook = folder.load()?;
    print(&render(&rulebook))?;
    Ok(Outcome::Done)
}

fn render(rulebook: &Rulebook) -> String {
    let programme = &rulebook.programme.header;
    let mut text = format!(
        "The rules hold: {} {}, {} kinds of facts, {} items, {} pathway rows, {} worked examples\n",
        programme.id,
        programme.version,
        rulebook.catalogue.definitions().len(),
        rulebook
            .model
            .models()
            .map(|model| model.items.len())
            .sum::<usize>(),
        rulebook.pathway.rows.len(),
        rulebook.model.examples.len()
    );
    if 1 < rulebook.programmes.len() {
        let all = rulebook.programmes.join(", ");
        text.push_str(&format!(
            "Programmes in this folder, all of them checked: {all}\n"
        ));
    }
    text.push_str(&format!("Fingerprint {}\n", rulebook.fingerprint));
    if !rulebook.unverified.is_empty() {
        text.push_str("Not verified, never to be shown as fact:\n");
        for entry in &rulebook.unverified {
            text.push_str(&format!("  {}:{}: {}\n", entry.file, entry.line, entry.why));
        }
    }
    text
}
