//! `preventio rules check`

use preventiojyraa::rulebook::{Diagnostic, Rulebook, Severity};
use preventiojyraa::rules::RulesError;
use serde_json::{Value, json};

use super::{CommandResult, Outcome, RulesArguments, print, print_json};

/// Check rule files: all mistakes at once, with file, line and hint
///
/// Proves that bands cover the line without gap or overlap, that every name leads somewhere,
/// that each score has a row, and runs every worked example. Exit code 4 when there are
/// mistakes. Numbers that nobody has verified are listed.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,
    /// Print what was found as JSON, mistakes too
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let loaded = arguments.rules.load();
    if arguments.json {
        return match loaded {
            Ok(rulebook) => {
                print_json(&document(&rulebook))?;
                Ok(Outcome::Done)
            }
            Err(RulesError::Mistakes(mistakes)) => {
                let mistakes: Vec<Value> = mistakes.iter().map(mistake).collect();
                print_json(&json!({ "holds": false, "mistakes": mistakes }))?;
                Err(RulesError::Mistakes(Vec::new()).into())
            }
            Err(error @ RulesError::Unreadable { .. }) => Err(error.into()),
        };
    }
    print(&render(&loaded?))?;
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

fn document(rulebook: &Rulebook) -> Value {
    let programme = &rulebook.programme.header;
    let names = rulebook.names.iter();
    let unverified = rulebook.unverified.iter();
    json!({
        "holds": true,
        "programme": { "id": programme.id, "version": programme.version },
        "programmes": rulebook.programmes,
        "fingerprint": rulebook.fingerprint,
        "rules": names
            .map(|name| json!({ "id": name.id, "version": name.version, "file": name.file }))
            .collect::<Vec<Value>>(),
        "unverified": unverified
            .map(|entry| json!({ "file": entry.file, "line": entry.line, "why": entry.why }))
            .collect::<Vec<Value>>(),
        "mistakes": [],
    })
}

fn mistake(mistake: &Diagnostic) -> Value {
    json!({
        "file": mistake.file,
        "line": mistake.line,
        "column": mistake.column,
        "severity": match mistake.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": mistake.code,
        "message": mistake.message,
        "hint": mistake.hint,
    })
}
