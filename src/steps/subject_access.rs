//! Subject access: everything held about one resident, in one document.
//!
//! Rows are shown as they are held, each column by its name: a document that chose among them would
//! sooner or later leave something out. Only headings are in the reader's language.

use std::collections::BTreeMap;

use serde::Serialize;

use super::erase::{identifiers, lines_about, on_register};
use super::{DataFolder, StepError};
use crate::lake::Table;
use crate::ledger::Erased;

/// Everything held about one resident. Personal data: for the resident, not for logs.
#[derive(Serialize)]
pub struct SubjectAccess {
    /// The opaque id.
    pub resident: String,
    /// When this was put together (UTC).
    pub at: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What is held, by kind.
    pub held: Vec<Held>,
}

/// What is held of one kind.
#[derive(Serialize)]
pub struct Held {
    /// Which kind: the name of its table.
    pub kind: &'static str,
    /// Each thing with its columns by name; nothing that is not there.
    pub rows: Vec<BTreeMap<String, String>>,
}

/// Puts together everything held about a resident, named by the opaque id or by `Patient.id` of a
/// source, and writes down who asked for it before anything is shown.
///
/// # Errors
///
/// When nobody or several people are called so, or reading or writing fails.
pub fn subject_access(
    data: &mut DataFolder,
    name: &str,
    asked: &Erased,
) -> Result<SubjectAccess, StepError> {
    let resident = on_register(data, name)?;
    let said = (asked.at.as_str(), asked.by.as_str(), asked.reason.as_str());
    data.ledger.note_access(resident, said)?;
    let tables = data.ledger.about(resident)?;
    let known = identifiers(&tables);
    let tables = tables.into_iter().map(|table| (table.table, table.rows));
    let mut held: Vec<_> = tables.collect();
    for table in Table::ALL {
        held.push((table.name(), data.store.about(table, resident)?));
    }
    let lines = lines_about(data, &[resident].into(), &known)?.into_iter();
    let lines = lines.map(|line| {
        let text = zstd::stream::decode_all(&line.raw[..]).unwrap_or_default();
        let columns = [
            ("pull", line.pull.to_string()),
            ("file", line.file),
            ("line", line.line.to_string()),
            ("text", String::from_utf8_lossy(&text).into_owned()),
        ];
        columns.map(|(name, value)| (name.to_owned(), value)).into()
    });
    held.push(("quarantine", lines.collect()));
    held.retain(|(_, rows)| !rows.is_empty());
    held.sort_by_key(|(kind, _)| HEADINGS.iter().position(|(known, _)| known == kind));
    let held = held.into_iter().map(|(kind, rows)| Held {
        kind,
        rows: rows.into_iter().map(BTreeMap::from_iter).collect(),
    });
    Ok(SubjectAccess {
        resident: resident.to_string(),
        at: asked.at.clone(),
        by: asked.by.clone(),
        reason: asked.reason.clone(),
        held: held.collect(),
    })
}

/// What each kind is called in Finnish, Swedish and English, in the order of the document.
const HEADINGS: [(&str, [&str; 3]); 22] = [
    ("identity", ["Tunnisteet", "Identifierare", "Identifiers"]),
    (
        "link",
        [
            "Nimet muissa lähteissä",
            "Namn i andra källor",
            "Names in other sources",
        ],
    ),
    (
        "entry_link",
        [
            "Viittaukset muihin merkintöihin",
            "Hänvisningar till andra poster",
            "Links to other entries",
        ],
    ),
    (
        "person",
        [
            "Saman henkilön merkinnät",
            "Poster om samma person",
            "Entries of the same person",
        ],
    ),
    (
        "register",
        ["Rekisteritiedot", "Registeruppgifter", "Register entries"],
    ),
    ("facts", ["Terveystiedot", "Hälsouppgifter", "Facts"]),
    (
        "issues",
        [
            "Virheelliset tai epävarmat tiedot",
            "Felaktiga eller osäkra uppgifter",
            "Set aside or doubtful",
        ],
    ),
    (
        "quarantine",
        [
            "Rivit, joita ei voitu lukea",
            "Rader som inte kunde läsas",
            "Lines that could not be read",
        ],
    ),
    (
        "decisions",
        [
            "Päätökset ja niiden perusteet",
            "Beslut och deras grunder",
            "Decisions and their reasons",
        ],
    ),
    (
        "episode_event",
        [
            "Seulontakierrosten tapahtumat",
            "Händelser i screeningomgångar",
            "Events of rounds",
        ],
    ),
    (
        "opt_out",
        [
            "Kirjatut kieltäytymiset",
            "Antecknade avböjanden",
            "Refusals put on record",
        ],
    ),
    (
        "outbox",
        [
            "Pyynnöt ja viestit",
            "Begäranden och meddelanden",
            "What was asked, ordered and sent",
        ],
    ),
    (
        "order_review",
        [
            "Ammattilaisten ratkaisut pyynnöistä",
            "Personalens ställningstaganden",
            "What people said about it",
        ],
    ),
    (
        "review_undone",
        [
            "Mitä ratkaisuista on peruttu",
            "Vilka ställningstaganden som har tagits tillbaka",
            "What was taken back of it",
        ],
    ),
    (
        "task",
        [
            "Tehtävät ammattilaisille",
            "Uppgifter för personalen",
            "Tasks",
        ],
    ),
    (
        "handover",
        [
            "Kenelle tehtävät on siirretty",
            "Till vem uppgifterna har överlämnats",
            "To whom tasks were handed over",
        ],
    ),
    (
        "note",
        [
            "Ammattilaisten muistiinpanot",
            "Personalens anteckningar",
            "Notes of professionals",
        ],
    ),
    (
        "cds_card",
        [
            "Ammattilaisille näytetyt kortit",
            "Kort som visats för personalen",
            "Cards shown to professionals",
        ],
    ),
    (
        "cds_feedback",
        [
            "Mitä ammattilaiset tekivät korteille",
            "Vad personalen gjorde med korten",
            "What professionals did with them",
        ],
    ),
    (
        "audit",
        [
            "Kuka on katsonut tietoja tai tehnyt jotakin",
            "Vem som har tittat eller gjort något",
            "Who looked and who did what",
        ],
    ),
    (
        "access",
        [
            "Kuka on saanut nähdä tämän",
            "Vem som har fått se detta",
            "Who was shown this",
        ],
    ),
    ("erasure", ["Poistot", "Raderingar", "Erasures"]),
];

/// The languages of headings, by their codes.
pub const LANGUAGES: [&str; 3] = ["fi", "sv", "en"];

impl SubjectAccess {
    /// The document as text, with headings in one of [`LANGUAGES`]; English for any other.
    #[must_use]
    pub fn text(&self, language: &str) -> String {
        let at = LANGUAGES.iter().position(|known| *known == language);
        let at = at.unwrap_or(2);
        let title = [
            "Kaikki rekisterissä olevat tiedot",
            "Alla uppgifter i registret",
            "Everything that is held",
        ];
        let mut text = format!(
            "{}\n{}  {}  {}  {}\n",
            title[at], self.resident, self.at, self.by, self.reason
        );
        for held in &self.held {
            let heading = HEADINGS.iter().find(|(kind, _)| *kind == held.kind);
            let heading = heading.map_or(held.kind, |(_, headings)| headings[at]);
            text.push_str(&format!("\n{heading} ({})\n", held.rows.len()));
            for row in &held.rows {
                let columns = row
                    .iter()
                    .map(|(name, value)| format!("    {name}: {value}\n"));
                text.push_str("  -\n");
                text.extend(columns);
            }
        }
        text
    }
}
