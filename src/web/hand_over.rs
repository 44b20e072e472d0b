//! Handing over: who has in hand what a professional is to do.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::asked::Asked;
use super::page::{Reader, seal};
use super::pages::{Failed, Outcome, Pages};
use super::resident::back;
use super::route::Route;
use super::sessions::tame;
use super::texts::Text;
use crate::config::Role;
use crate::ledger::{Holder, Matter, NotHandedOver};
use crate::profile::ResidentId;
use crate::steps::{HOLDING, StepError, holding_role};

/// Somebody who has something in hand.
pub(super) fn held_by(reader: &Reader<'_>, holder: &Holder) -> Markup {
    html! {
        @match holder {
            Holder::Person(name) => { bdi { (name) } },
            Holder::Role(name) => { (reader.code(name)) },
        }
    }
}

/// What hands over a task about a resident, or without one that they are to be confirmed.
pub(super) fn form(
    reader: &Reader<'_>,
    resident: ResidentId,
    task: Option<u64>,
    holder: Option<&Holder>,
) -> Markup {
    let id = task.map_or_else(|| "confirming".to_owned(), |task| task.to_string());
    html! {
        // Closed until it is needed: a page is read more often than something is handed over.
        details {
            summary {
                (reader.says(Text::InHand)) ": "
                @match holder {
                    Some(holder) => { strong { (held_by(reader, holder)) } },
                    None => { (reader.says(Text::NobodysInHand)) },
                }
            }
            form method="post" action=(Route::HandOver.path()) {
                (seal(reader))
                input type="hidden" name="id" value=(resident.to_string());
                input type="hidden" name="task" value=(task.map(|task| task.to_string()).unwrap_or_default());
                label for=(format!("person-{id}")) { (reader.says(Text::ToPerson)) }
                input id=(format!("person-{id}")) name="person" type="text" maxlength="80" autocomplete="off";
                label for=(format!("role-{id}")) { (reader.says(Text::OrToRole)) }
                select id=(format!("role-{id}")) name="role" {
                    option value="" { (reader.says(Text::NoRole)) }
                    @for name in HOLDING.map(Role::name) { option value=(name) { (reader.code(name)) } }
                }
                label for=(format!("why-{id}")) { (reader.says(Text::Reason)) }
                input id=(format!("why-{id}")) name="reason" type="text" required maxlength="500" autocomplete="off";
                div.actions {
                    button type="submit" name="what" value="hand-over" { (reader.says(Text::HandOver)) }
                    button.plain type="submit" name="what" value="take" { (reader.says(Text::TakeMyself)) }
                    @if holder.is_some() {
                        button.plain type="submit" name="what" value="give-back" { (reader.says(Text::GiveBack)) }
                    }
                }
            }
        }
    }
}

/// Who is to have it in hand: a person or a role, one of them; nobody when it is given back.
fn wanted(asked: &Asked) -> Option<Option<Holder>> {
    let own = asked.session.as_ref().map(|session| &session.staff.name);
    match asked.field("what") {
        "take" => Some(Some(Holder::Person(own?.clone()))),
        "give-back" => Some(None),
        "hand-over" => match (tame(asked.field("person")).as_str(), asked.field("role")) {
            ("", role) => holding_role(role).map(Some),
            (person, "") => Some(Some(Holder::Person(person.to_owned()))),
            (_, _) => None,
        },
        _ => None,
    }
}

/// Hands it over in the name of who has signed in.
pub(super) async fn hand_over(pages: &Pages, asked: &Asked) -> Outcome {
    let reason = asked.field("reason").to_owned();
    let (Some(to), false) = (wanted(asked), reason.is_empty()) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return pages.not_done(asked, status, Text::SayToWhomAndWhy);
    };
    let task: Option<u64> = match asked.field("task") {
        "" => None,
        number => Some(number.parse().map_err(|_| Failed::NotFound)?),
    };
    let done = match to {
        Some(_) => "handed-over",
        None => "given-back",
    };
    let (name, by, reach) = (
        asked.field("id").to_owned(),
        asked.who(),
        asked.reach().clone(),
    );
    let (resident, handed) = pages
        .does(move |data, options| {
            let resident = data.in_reach(&reach, &name)?;
            let (matter, is_theirs) = match task {
                Some(task) => (Matter::Task(task), data.is_task_of(task, resident)?),
                None => (
                    Matter::Confirming(resident),
                    data.is_confirming(&options.rulebook, resident)?,
                ),
            };
            if !is_theirs {
                return Err(StepError::UnknownResident(name));
            }
            Ok((
                resident,
                data.hand_over(&[matter], to.as_ref(), &by, &reason),
            ))
        })
        .await?;
    match handed {
        Ok(()) => Ok(back(resident, done)),
        Err(NotHandedOver::Unknown(_) | NotHandedOver::Closed(_)) => {
            pages.not_done(asked, StatusCode::CONFLICT, Text::ClosedAlready)
        }
        Err(NotHandedOver::Nobodys) => {
            pages.not_done(asked, StatusCode::CONFLICT, Text::NobodysAlready)
        }
        Err(NotHandedOver::Ledger(error)) => Err(pages.tell(&error)),
    }
}
