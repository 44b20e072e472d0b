//! `preventio rules sign` and `preventio rules keygen`

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use jiff::Timestamp;
use preventiojyraa::approval::{Manifest, SigningKey};
use preventiojyraa::rulebook::Status;
use preventiojyraa::rules;

use super::{CommandResult, Outcome, filled, print, tell};

/// Make a private key to sign rules with; its public half is printed
///
/// The file is for its owner alone and is never written over. The public half goes into the file
/// of signers that the configuration names. `openssl genpkey -algorithm ed25519` does the same.
///
/// Example: preventio rules keygen --out lead.pem
#[derive(clap::Args)]
pub(super) struct KeyArguments {
    /// Where the private key goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Sign a rule book: from then on not one byte of it may change
///
/// Writes `signatures/ID.manifest`, a text with every rule file and its SHA-256, and
/// `signatures/ID.sig`, the Ed25519 signature over it, into the rules folder. Read what you sign:
/// `preventio rules show`.
///
/// Example: preventio rules sign --key lead.pem --signer "Maija Meikäläinen" --rules rules
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The signer's private key: Ed25519, PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The folder of the rules to sign
    #[arg(long, value_name = "DIR")]
    rules: PathBuf,
    /// The programme, by the name of its file in `programmes/`; the default one otherwise
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
    /// The signer's name, as in the file of signers
    #[arg(long, value_name = "NAME")]
    signer: String,
}

pub(super) fn generate(arguments: &KeyArguments) -> CommandResult {
    let key = SigningKey::generate()?;
    let place = arguments.out.display();
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&arguments.out);
    let mut file = file.map_err(|error| format!("cannot create `{place}`: {error}"))?;
    file.write_all(key.to_pem()?.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| format!("cannot write `{place}`: {error}"))?;
    print(&key.public().to_pem())?;
    Ok(Outcome::Done)
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = rules::load(Some(&arguments.rules), arguments.programme.as_deref())?;
    let expected = "the name of the person who stands for the rules";
    filled("--signer", &arguments.signer, expected)?;
    let key = SigningKey::read(&arguments.key)?;
    let manifest = Manifest::of(&rulebook, &arguments.signer, Timestamp::now());
    let [listed, signed] = key.sign(&manifest).write(&arguments.rules)?;
    let header = &rulebook.programme.header;
    match (header.status, rulebook.programme.in_force) {
        (Status::InForce, Some(_)) => {}
        (Status::InForce | Status::Draft, _) => tell(
            "note: the programme is a draft: signed or not, nothing is done by it before `status = \"in-force\"` and `[in_force]`; that changes the file, so sign again then\n",
        ),
    }
    print(&format!(
        "{} has signed {} {}, {} files, {} numbers in it not verified\nFingerprint {}\n  {}\n  {}\n",
        manifest.signer,
        header.id,
        header.version,
        manifest.files.len(),
        rulebook.unverified.len(),
        rulebook.fingerprint,
        listed.display(),
        signed.display()
    ))?;
    Ok(Outcome::Done)
}
