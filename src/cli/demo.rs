//! `preventio demo`

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use preventiojyraa::config::{Config, Web};
use preventiojyraa::daemon::{self, ServeOptions};
use preventiojyraa::demo::{self, Demo, DemoDocument, DemoOptions, Progress};
use preventiojyraa::report;
use preventiojyraa::web::SignInBy;

use super::{CommandResult, Outcome, print, print_json, tell};

/// Show the whole programme at work on a made-up city
///
/// Starts the stand-in of the city's health record, and for three years pulls, decides, asks, orders,
/// follows and learns, every four weeks. Nothing leaves this machine; nobody in it exists. It begins with
/// a calibration that is wrong on purpose and accepts what the outcomes justify, in its own name.
///
/// Example: preventio demo --residents 5000 --seed 1 --out /tmp/demo
/// and: preventio demo --serve, to look at the pages that people work with
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The programme to show, by the name of its file in `programmes/`; the default one otherwise
    #[arg(long, visible_alias = "programme", value_name = "ID")]
    pathway: Option<String>,
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
    /// Serve the pages for people on it afterwards, until it is interrupted: anybody on this machine signs in
    /// as anybody
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "127.0.0.1:8081"
    )]
    serve: Option<SocketAddr>,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let out = arguments.out.clone().unwrap_or_else(|| {
        let name = format!("preventio-demo-{}", std::process::id());
        std::env::temp_dir().join(name)
    });
    let bar = bar();
    let options = DemoOptions {
        programme: arguments.pathway.clone(),
        residents: arguments.residents,
        seed: arguments.seed,
        out: out.clone(),
        threads: super::all_cores(),
        progress: &|progress| advance(&bar, progress),
    };
    let shown = demo::demo(&options);
    bar.finish_and_clear();
    let shown = shown?;
    let (text, page) = told(&shown);
    let path = out.join("report.html");
    fs::write(&path, page)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    if arguments.json {
        print_json(&DemoDocument::new(&shown))?;
    } else {
        print(&text)?;
    }
    tell(&format!(
        "{}report: {}\ndata and configuration: {}\n",
        memory(&shown),
        path.display(),
        out.display()
    ));
    if let Some(listen) = arguments.serve {
        serve(arguments, &out, (listen, shown.today))?;
    }
    Ok(Outcome::Done)
}

/// Serves the pages on the last day of the demonstration, and does nothing by itself.
fn serve(
    arguments: &Arguments,
    out: &Path,
    (listen, today): (SocketAddr, Date),
) -> Result<(), Box<dyn Error>> {
    let rulebook = demo::rulebook(arguments.pathway.as_deref())?;
    let mut config = Config::read(&out.join("preventio.toml"))?;
    config.web = Some(Web {
        listen,
        ..Web::default()
    });
    // Whoever watches a demonstration reads it; any free port will do.
    config.serve.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let noon = today.at(12, 0, 0, 0);
    let noon = noon.in_tz(&rulebook.programme.time_zone)?.timestamp();
    let options = ServeOptions {
        root: out.join("data"),
        rulebook,
        signature: None,
        config,
        key: None,
        threads: super::all_cores(),
        sign_in_by: SignInBy::OwnWord,
        starting: Some(noon),
        tell: Arc::new(|text| tell(&format!("{} {text}\n", super::now()))),
    };
    daemon::serve(options, |listening| {
        if let Some(pages) = listening.pages {
            // Nobody may be reading; the pages are there all the same.
            let _ = print(&format!("pages at http://{pages}\n"));
        }
    })?;
    Ok(())
}

/// Shown to people alone: hidden when standard error is no terminal.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len}  {msg}");
    let bar = ProgressBar::new(1);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn advance(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.of.into());
    bar.set_position(progress.done.into());
    bar.set_message(format!("{}  {}", progress.today, progress.doing));
}

/// The text and the page.
fn told(demo: &Demo) -> (String, String) {
    let (lines, states) = (demo.lines(), demo.states());
    let shown = demo.shown(&lines, &states);
    (
        report::demonstration_text(&shown),
        report::demonstration_page(&shown),
    )
}

fn memory(demo: &Demo) -> String {
    let megabytes = |bytes: u64| bytes / 1_000_000;
    match demo.peak_memory {
        (Some(engine), Some(standin)) => format!(
            "peak memory: engine {} MB, stand-in {} MB\n",
            megabytes(engine),
            megabytes(standin)
        ),
        (None, _) | (_, None) => String::new(),
    }
}
