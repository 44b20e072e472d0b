//! `preventio demo`

use std::path::PathBuf;

use preventiojyraa::demo::{self, Demo, DemoOptions};

use super::{CommandResult, Outcome, counts, print, tell};

/// Show the whole programme at work on a made-up city
///
/// Starts the stand-in of the city's health record, and for three years pulls, decides, asks, orders,
/// follows and learns, every four weeks. Nothing leaves this machine; nobody in it exists.
///
/// Example: preventio demo --residents 5000 --seed 1 --out /tmp/demo
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Residents of the city
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    residents: u32,
    /// Another seed is another city
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// A new folder for data, configuration and report [default: one in the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print what was shown as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let out = arguments.out.clone().unwrap_or_else(|| {
        let name = format!("preventio-demo-{}", std::process::id());
        std::env::temp_dir().join(name)
    });
    let options = DemoOptions {
        residents: arguments.residents,
        seed: arguments.seed,
        out: out.clone(),
        threads: super::all_cores(),
        progress: &|progress| {
            tell(&format!(
                "{} of {}  {}  {}\n",
                progress.done + 1,
                progress.of,
                progress.today,
                progress.doing
            ));
        },
    };
    let shown = demo::demo(&options)?;
    print(&in_words(&shown))?;
    Ok(Outcome::Done)
}

fn in_words(demo: &Demo) -> String {
    let mut text = String::new();
    for line in demo.funnel.lines() {
        text.push_str(&format!(
            "{:>9}  {}{}\n",
            line.n,
            "  ".repeat(line.depth),
            line.says
        ));
    }
    text.push_str(&counts(&demo.run.states));
    text.push_str(&counts(&demo.outbox));
    text.push_str(&format!("{}\n{:?}\n", demo.happened, demo.peak_memory));
    text
}
