//! `preventio standin`

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::civil::{Date, date};
use preventiojyraa::standin::server::{
    self, Client, ClientKeyError, ClientKeyKind, FaultPlan, Profile, ServeOptions, TokenOptions,
};
use preventiojyraa::standin::{self, ExportOptions};

use super::{CommandResult, Outcome, print};

/// Play the other side: a made-up Helsinki
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Export(ExportArguments),
    Serve(Box<ServeArguments>),
    ClientKey(ClientKeyArguments),
}

/// Write a made-up register as a FHIR R4 export folder
///
/// Nobody in it exists: identifiers are of the test range. The same seed gives the same bytes.
/// `truth.csv` holds what is really so, for judging the engine; the engine never reads it.
///
/// Example: preventio standin export --residents 10000 --seed 1 --out export
#[derive(clap::Args)]
struct ExportArguments {
    /// How many residents
    #[arg(long, value_name = "N")]
    residents: u32,
    /// Which of all possible registers
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// A new or empty folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// About 37 kB a resident, subjects permuted: for benchmarks
    #[arg(long)]
    verbose: bool,
    /// The day the register is of, YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value_t = date(2026, 1, 15))]
    as_of: Date,
}

/// Serve a made-up register over FHIR R4, with faults on demand
///
/// Prints `listening on http://ADDRESS` when clients can connect; the FHIR base is that with `/fhir`. What clients write
/// is kept in a file without a name in the folder for temporary ones (TMPDIR) and gone when the server ends. Below
/// `/_control`, for this machine only, are the server's own counts.
///
/// Example: preventio standin serve --residents 1000 --profile open --listen 127.0.0.1:8080 --no-auth
#[derive(clap::Args)]
struct ServeArguments {
    /// How many residents; 0 is an empty city
    #[arg(long, value_name = "N", default_value_t = 1000)]
    residents: u32,
    /// Which of all possible registers
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The day the register is of, YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value_t = date(2026, 1, 15))]
    as_of: Date,
    /// Noon of this day is the time on the server until it is told to advance [default: the machine's clock]
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// What the server declares and allows
    #[arg(long, value_enum, default_value = "apotti")]
    profile: ServedProfile,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What goes wrong: a seed for a little of everything, or rates by name
    ///
    /// Names: lost-request, lost-answer, status-503, status-429, status-500-after, slow, late, no-location, wrong-type,
    /// cut-short, token-400. Also seed=N, slow-ms=N, late-ms=N, retry-after=SECONDS. Example: seed=7,lost-answer=0.1,late=0.01
    #[arg(long, value_name = "PLAN")]
    faults: Option<FaultPlan>,
    /// Take requests without a token
    #[arg(long, conflicts_with = "client")]
    no_auth: bool,
    /// A client that may ask for tokens, and its public keys; can be repeated
    #[arg(long, value_name = "ID=JWKS_FILE", value_parser = client, required_unless_present = "no_auth")]
    client: Vec<(String, PathBuf)>,
    /// The most that a token may allow
    #[arg(long, value_name = "SCOPES", default_value = "system/*.cruds")]
    scopes: String,
    /// For how many seconds a token is good
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    token_lifetime: u32,
    /// For how many seconds an export is under way at least
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    export_seconds: u32,
    /// Whether `If-None-Exist` is looked at [default: honoured when open, ignored like Apotti]
    #[arg(long, value_enum)]
    conditional_create: Option<ConditionalCreate>,
    /// Whether orders can be searched at all
    #[arg(long, value_enum, default_value = "yes")]
    searchable: YesNo,
    /// Whether orders can be searched by identifier, where the profile has that
    #[arg(long, value_enum, default_value = "yes")]
    identifier_search: YesNo,
    /// Whether orders are taken: a server that does not declares it all the same and answers 403
    #[arg(long, value_enum, default_value = "yes")]
    takes_orders: YesNo,
    /// Take orders about people who are not on the register
    #[arg(long, requires = "no_auth")]
    accept_any_subject: bool,
    /// Append a line for each effect to a file before it is answered
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// End when standard input does: for programs that start this one
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ServedProfile {
    /// What Apotti's published statement declares: no create and no search by identifier of orders
    Apotti,
    /// Everything the server can do
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ConditionalCreate {
    Honoured,
    Ignored,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum YesNo {
    Yes,
    No,
}

/// Make a key pair for a client of a server
///
/// Writes private.pem, for the client alone, and jwks.json, for the server. Nothing is overwritten.
///
/// Example: preventio standin client-key --out keys
#[derive(clap::Args)]
struct ClientKeyArguments {
    /// A folder for both files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How the client will sign
    #[arg(long, value_enum, default_value = "es384")]
    algorithm: SigningAlgorithm,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SigningAlgorithm {
    Es384,
    Rs384,
}

/// Reads `ID=JWKS_FILE`.
fn client(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((id, path)) if !id.is_empty() && !path.is_empty() => Ok((id.to_owned(), path.into())),
        _ => Err("expected the client's id, `=` and a file".to_owned()),
    }
}

fn client_key(arguments: &ClientKeyArguments) -> CommandResult {
    let kind = match arguments.algorithm {
        SigningAlgorithm::Es384 => ClientKeyKind::Es384,
        SigningAlgorithm::Rs384 => ClientKeyKind::Rs384,
    };
    let (private, public) = server::write_client_key(kind, &arguments.out)?;
    print(&format!(
        "private key  {}\npublic keys  {}\n",
        private.display(),
        public.display()
    ))?;
    Ok(Outcome::Done)
}

/// Who may have tokens; nobody is asked for one with `--no-auth`.
fn tokens(arguments: &ServeArguments) -> Result<Option<TokenOptions>, ClientKeyError> {
    if arguments.no_auth {
        return Ok(None);
    }
    let clients = arguments.client.iter().map(|(id, path)| {
        let keys = server::read_client_keys(path)?;
        Ok(Client {
            id: id.clone(),
            keys,
        })
    });
    Ok(Some(TokenOptions {
        clients: clients.collect::<Result<_, ClientKeyError>>()?,
        scopes: arguments.scopes.clone(),
        lifetime: arguments.token_lifetime,
    }))
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Export(arguments) => export(arguments),
        Command::Serve(arguments) => serve(arguments),
        Command::ClientKey(arguments) => client_key(arguments),
    }
}

fn export(export: &ExportArguments) -> CommandResult {
    let options = ExportOptions {
        residents: export.residents,
        seed: export.seed,
        out: export.out.clone(),
        verbose: export.verbose,
        as_of: export.as_of,
    };
    let summary = standin::export(&options)?;
    print(&format!("{summary}\n"))?;
    Ok(Outcome::Done)
}

fn serve(arguments: &ServeArguments) -> CommandResult {
    let (profile, conditional_create) = match arguments.profile {
        ServedProfile::Apotti => (Profile::Apotti, ConditionalCreate::Ignored),
        ServedProfile::Open => (Profile::Open, ConditionalCreate::Honoured),
    };
    let conditional_create = arguments.conditional_create.unwrap_or(conditional_create);
    let options = ServeOptions {
        residents: arguments.residents,
        seed: arguments.seed,
        as_of: arguments.as_of,
        start: arguments.start,
        profile,
        listen: arguments.listen,
        tokens: tokens(arguments)?,
        export_seconds: arguments.export_seconds,
        faults: arguments.faults.clone().unwrap_or_default(),
        conditional_create: conditional_create == ConditionalCreate::Honoured,
        orders_searchable: arguments.searchable == YesNo::Yes,
        takes_orders: arguments.takes_orders == YesNo::Yes,
        identifier_search: arguments.identifier_search == YesNo::Yes,
        any_subject: arguments.accept_any_subject,
        journal: arguments.journal.clone(),
        until_stdin_closes: arguments.until_stdin_closes,
    };
    server::serve(options, |address| {
        print(&format!("listening on http://{address}\n"))
    })?;
    Ok(Outcome::Done)
}
