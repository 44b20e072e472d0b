//! What a professional says about orders that have not left: of one, of many, and taken back.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::answer::{Content, Cookie};
use super::asked::Asked;
use super::drawn;
use super::page::{Reader, seal};
use super::pages::{Failed, Outcome, Pages};
use super::resident::resident_address;
use super::route::Route;
use super::texts::Text;
use super::worklist::{Wanted, current};
use crate::ledger::{NotReviewed, NotTakenBack, Review, Reviewed};
use crate::profile::ResidentId;

/// From which page something is said, and so where it leads back to.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// The worklist, with what of it was wanted.
    Worklist(&'a Wanted),
    /// Those who were drawn by lot, and which part of them.
    Drawn(usize),
    /// One resident.
    Resident(ResidentId),
}

impl Origin<'_> {
    /// The fields by which a form says it.
    pub(super) fn fields(self) -> Markup {
        html! {
            @match self {
                Self::Worklist(wanted) => {
                    @for (name, value) in wanted.words(wanted.page) {
                        input type="hidden" name=(name) value=(value);
                    }
                },
                Self::Drawn(page) => {
                    input type="hidden" name="from" value="drawn";
                    input type="hidden" name="page" value=(page);
                },
                Self::Resident(resident) => {
                    input type="hidden" name="from" value="resident";
                    input type="hidden" name="id" value=(resident.to_string());
                },
            }
        }
    }
}

/// Where something that was said leads back to; whatever else a form says, it is one of our pages.
fn origin(asked: &Asked) -> String {
    match (asked.field("from"), ResidentId::parse(asked.field("id"))) {
        ("resident", Some(resident)) => resident_address(resident),
        ("drawn", _) => drawn::address(asked.field("page").parse().unwrap_or(0)),
        _ => {
            let wanted = Wanted::of(asked);
            wanted.address(wanted.page)
        }
    }
}

/// An address with more words.
fn with(address: &str, words: &str) -> String {
    let and = if address.contains('?') { '&' } else { '?' };
    format!("{address}{and}{words}")
}

/// What can be said of ticked orders, all at once.
pub(super) fn bulk(reader: &Reader<'_>, origin: Origin<'_>) -> Markup {
    html! {
        (origin.fields())
        fieldset {
            legend { (reader.says(Text::TickedOrders)) }
            label for="reason" { (reader.says(Text::Reason)) }
            input #reason name="reason" type="text" required maxlength="500" autocomplete="off";
            div.actions {
                button type="submit" name="review" value="approved" { (reader.says(Text::Approve)) }
                button.warn type="submit" name="review" value="held" { (reader.says(Text::Hold)) }
            }
            p { (reader.says(Text::CanBeUndone)) }
        }
    }
}

/// Says what was said or taken back just now; what was said can be taken back there.
pub(super) fn said(reader: &Reader<'_>, asked: &Asked, origin: Origin<'_>) -> Markup {
    let number = |name: &str| asked.field(name).parse::<u64>().ok();
    html! {
        @if let ("reviewed", Some(act)) = (asked.field("done"), number("act")) {
            form.undo method="post" action=(Route::UndoReview.path()) {
                (seal(reader))
                (origin.fields())
                input type="hidden" name="act" value=(act);
                button.plain type="submit" { (reader.says(Text::UndoReview)) }
            }
        }
        @if let ("undone", Some(n)) = (asked.field("done"), number("n")) {
            p.done role="status" {
                (reader.says(Text::OrdersTakenBack)) " " (n) "."
                @for (name, text) in [("left", Text::HadLeft), ("since", Text::SaidSince)] {
                    @if let Some(n @ 1..) = number(name) { " " (reader.says(text)) " " (n) "." }
                }
            }
        }
    }
}

/// Says of the ticked orders that they may leave, or not.
pub(super) async fn review(pages: &Pages, asked: &Asked) -> Outcome {
    let list = current(pages, asked).await?;
    let known = Review::parse(asked.field("review")).ok_or(Failed::NotFound)?;
    let reach = asked.reach();
    let keys: Vec<String> = asked.fields("order").map(str::to_owned).collect();
    let seen = list.rows.iter();
    let seen = seen.filter(|row| reach.holds(row.district.as_deref()));
    let seen: Vec<String> = seen
        .flat_map(|row| row.orders.iter().filter(|order| order.waits))
        .map(|order| order.key.to_string())
        .collect();
    if !keys.iter().all(|key| seen.contains(key)) {
        return Err(Failed::NotFound);
    }
    let (by, reason) = (asked.who(), asked.field("reason").to_owned());
    if keys.is_empty() || reason.is_empty() {
        return pages.not_done(asked, StatusCode::UNPROCESSABLE_ENTITY, Text::TickAndSayWhy);
    }
    let said = pages
        .does(move |data, _| Ok(data.review(&keys, known, &by, &reason)))
        .await?;
    reviewed(pages, asked, said, &origin(asked))
}

/// What becomes of an opinion on orders.
pub(super) fn reviewed(
    pages: &Pages,
    asked: &Asked,
    said: Result<Reviewed, NotReviewed>,
    back: &str,
) -> Outcome {
    match said {
        Ok(reviewed) => {
            let act = reviewed.act.map(|act| format!("&act={act}"));
            let words = format!("done=reviewed{}", act.unwrap_or_default());
            Ok((Content::See(with(back, &words)), Cookie::Same))
        }
        Err(NotReviewed::Unknown(_) | NotReviewed::HasLeft(..)) => {
            pages.not_done(asked, StatusCode::CONFLICT, Text::HasLeftWhy)
        }
        Err(NotReviewed::Ledger(error)) => Err(pages.tell(&error)),
    }
}

/// Takes back what who asks has said about orders in one act, of all that have not left.
pub(super) async fn undo(pages: &Pages, asked: &Asked) -> Outcome {
    let act: u64 = asked.field("act").parse().map_err(|_| Failed::NotFound)?;
    let by = asked.who();
    let back = pages
        .does(move |data, _| Ok(data.take_back_review(act, Some(&by), &by)))
        .await?;
    match back {
        Ok(back) => {
            let (n, left, since) = (back.orders, back.had_left, back.said_since);
            let words = format!("done=undone&n={n}&left={left}&since={since}");
            Ok((Content::See(with(&origin(asked), &words)), Cookie::Same))
        }
        // What somebody else has said is not there for who asks.
        Err(NotTakenBack::Unknown(_)) => Err(Failed::NotFound),
        Err(NotTakenBack::Nothing { .. }) => {
            pages.not_done(asked, StatusCode::CONFLICT, Text::NothingTakenBack)
        }
        Err(NotTakenBack::Ledger(error)) => Err(pages.tell(&error)),
    }
}
