//! `preventio note`

use std::io::Read;

use preventiojyraa::config::Reach;
use preventiojyraa::ledger::AuditAct;
use preventiojyraa::steps::{Access, DataFolder, LONGEST_NOTE, NoteShown};

use super::{CommandResult, DataArguments, Outcome, account, filled, print, show};

/// Write a note about a resident for whoever works on the case next, or read those there are
///
/// A note stays as it was written, with author and time; what was wrong in it is corrected by a further
/// one. It is no part of the record, and nothing is decided by it. The resident is shown it with everything
/// else that is held about them, and an erasure takes it along.
///
/// Examples: echo "call after four" | preventio note add --resident 1234 --by "Maija Meikäläinen" --data data
/// and: preventio note list --resident 1234 --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Add(AddArguments),
    List(ListArguments),
}

/// Write a note, which is read from standard input
///
/// At most 4,000 characters. Words of a command can be seen by everybody on the machine, so the note is
/// none of them.
///
/// Example: preventio note add --resident 1234 --corrects 7 --by "Maija Meikäläinen" --data data < note.txt
#[derive(clap::Args)]
struct AddArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The resident: the 32-digit opaque id, or a source's `Patient.id`
    #[arg(long, value_name = "RESIDENT")]
    resident: String,
    /// The number of a note about the same resident that this one corrects
    #[arg(long, value_name = "NOTE")]
    corrects: Option<u64>,
    /// Who writes it
    #[arg(long, value_name = "NAME")]
    by: String,
}

/// List the notes about a resident, oldest first
///
/// Who has asked for them is on record.
///
/// Example: preventio note list --resident 1234 --data data
#[derive(clap::Args)]
struct ListArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The resident: the 32-digit opaque id, or a source's `Patient.id`
    #[arg(long, value_name = "RESIDENT")]
    resident: String,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Add(arguments) => add(arguments),
        Command::List(arguments) => {
            let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let resident = data.in_reach(&Reach::Everybody, &arguments.resident)?;
            let notes = data.notes_about(resident)?;
            let n = notes.len().to_string();
            data.audit(&account(), AuditAct::ListedNotes, Some(resident), &n)?;
            show(&notes, arguments.json, |notes| render(notes))?;
            Ok(Outcome::Done)
        }
    }
}

fn add(arguments: &AddArguments) -> CommandResult {
    let expected = "the name of the person who writes it";
    let by = filled("--by", &arguments.by, expected)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let resident = data.in_reach(&Reach::Everybody, &arguments.resident)?;
    let mut bytes = Vec::new();
    // Enough to say that it is too long, whatever it is.
    let most = 100 * LONGEST_NOTE as u64;
    std::io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read the note from standard input: {error}"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| "the note is no UTF-8 text\nhint: `iconv -t utf-8` makes it so")?;
    let note = data.write_note(resident, arguments.corrects, (by, &text))?;
    print(&format!("Note {} written by {by}.\n", note.note))?;
    Ok(Outcome::Done)
}

fn render(notes: &[NoteShown]) -> String {
    if notes.is_empty() {
        return "There is no note about this resident.\n".to_owned();
    }
    notes.iter().map(in_words).collect()
}

fn in_words(note: &NoteShown) -> String {
    let mut text = format!("{}  {}  {}", note.note, note.at, tame(&note.by));
    if let Some(wrong) = note.corrects {
        text.push_str(&format!("  corrects {wrong}"));
    }
    if let Some(right) = note.corrected_by {
        text.push_str(&format!("  corrected by {right}"));
    }
    text.push('\n');
    for line in note.text.lines() {
        text.push_str(&format!("    {}\n", tame(line)));
    }
    text
}

/// A line for a terminal: what would move its cursor or turn its text around is written out.
fn tame(line: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let each = line.chars().map(|c| match c {
        '\t' => " ".to_owned(),
        c if c.is_control() || turns(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    });
    each.collect()
}
