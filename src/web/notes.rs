//! Notes about a resident: those there are, and a further one.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::asked::Asked;
use super::page::{Reader, seal};
use super::pages::{Failed, Outcome, Pages};
use super::resident::back;
use super::route::Route;
use super::texts::Text;
use crate::ledger::NotNoted;
use crate::steps::{LONGEST_NOTE, NotWritten, NoteShown, ResidentShown};

/// The part of a resident's page with notes.
pub(super) fn section(reader: &Reader<'_>, shown: &ResidentShown) -> Markup {
    html! {
        h2 #notes { (reader.says(Text::Notes)) }
        p { (reader.says(Text::WhatNotesAre)) }
        @if shown.notes.is_empty() {
            p { (reader.says(Text::NoNotes)) }
        } @else {
            ol.notes { @for note in &shown.notes { (one(reader, note)) } }
        }
        form method="post" action=(Route::WriteNote.path()) {
            (seal(reader))
            input type="hidden" name="id" value=(shown.explanation.resident.to_string());
            label for="note" { (reader.says(Text::NewNote)) }
            textarea #note name="text" rows="4" maxlength=(LONGEST_NOTE) required {}
            @if !shown.notes.is_empty() {
                label for="corrects" { (reader.says(Text::CorrectsNote)) }
                select #corrects name="corrects" {
                    option value="" { (reader.says(Text::CorrectsNothing)) }
                    @for note in &shown.notes {
                        option value=(note.note) { (note.note) ", " (day(note)) ", " (note.by) }
                    }
                }
            }
            div.actions { button type="submit" { (reader.says(Text::WriteNote)) } }
        }
    }
}

fn one(reader: &Reader<'_>, note: &NoteShown) -> Markup {
    html! {
        li {
            p {
                strong { (reader.says(Text::Note)) " " (note.note) } ", " (note.at) ", " bdi { (note.by) }
                @if let Some(wrong) = note.corrects {
                    ". " (reader.says(Text::CorrectsNote)) " " (wrong)
                }
                @if let Some(right) = note.corrected_by {
                    ". " strong { (reader.says(Text::CorrectedByNote)) " " (right) }
                }
            }
            p.written { bdi { (note.text) } }
        }
    }
}

/// The day on which a note was written (UTC).
fn day(note: &NoteShown) -> &str {
    note.at.split('T').next().unwrap_or_default()
}

/// Writes a note in the name of who has signed in.
pub(super) async fn write(pages: &Pages, asked: &Asked) -> Outcome {
    let corrects = match asked.field("corrects") {
        "" => None,
        number => Some(number.parse().map_err(|_| Failed::NotFound)?),
    };
    let (name, by, reach) = (
        asked.field("id").to_owned(),
        asked.who(),
        asked.reach().clone(),
    );
    let text = asked.field("text").to_owned();
    let (resident, written) = pages
        .does(move |data, _| {
            let resident = data.in_reach(&reach, &name)?;
            Ok((resident, data.write_note(resident, corrects, (&by, &text))))
        })
        .await?;
    let (status, why) = match written {
        Ok(_) => return Ok(back(resident, "noted")),
        Err(NotWritten::Empty) => (StatusCode::UNPROCESSABLE_ENTITY, Text::NoteEmpty),
        Err(NotWritten::TooLong(_)) => (StatusCode::UNPROCESSABLE_ENTITY, Text::NoteTooLong),
        Err(NotWritten::Ledger(NotNoted::NothingToCorrect(_))) => return Err(Failed::NotFound),
        Err(NotWritten::Ledger(NotNoted::Ledger(error))) => return Err(pages.tell(&error)),
    };
    pages.not_done(asked, status, why)
}
