//! `preventio server`

use preventiojyraa::fhir::{self, Capabilities};

use super::{CommandResult, Outcome, print};

/// Ask a FHIR server what it can do
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Check(CheckArguments),
}

/// Read a server's capability statement and say which ways of working with it are open
///
/// Nothing else is asked and nothing is sent: no credentials, no data.
///
/// Example: `preventio server check https://fhir.example.org/R4`
#[derive(clap::Args)]
struct CheckArguments {
    /// The server's FHIR R4 base address
    #[arg(value_name = "URL")]
    base: String,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let Command::Check(check) = &arguments.command;
    // One conversation: a thread of its own for it would be a thread too many.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let capabilities = runtime.block_on(fhir::capabilities(&check.base))?;
    print(&render(&capabilities))?;
    Ok(Outcome::Done)
}

fn render(capabilities: &Capabilities) -> String {
    let software = match capabilities.software.as_str() {
        "" => "The server",
        software => software,
    };
    let mut text = format!(
        "{software}, FHIR {}, {} resource types\n",
        capabilities.fhir_version,
        capabilities.resources.len()
    );
    for way in capabilities.ways() {
        if way.lacks.is_empty() {
            text.push_str(&format!("  yes  {}\n", way.name));
        } else {
            text.push_str(&format!(
                "  no   {}: not declared: {}\n",
                way.name,
                way.lacks.join(", ")
            ));
        }
    }
    text
}
