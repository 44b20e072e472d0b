//! The worklist: who waits for a professional, what cannot wait first.

use std::sync::{Arc, PoisonError};

use jiff::civil::Date;
use maud::{Markup, html};

use super::answer::Cookie;
use super::asked::Asked;
use super::hand_over::held_by;
use super::page::{Reader, done, seal, wide};
use super::pages::{Failed, Outcome, Pages};
use super::resident::resident_address;
use super::reviewing::{Origin, bulk, said};
use super::route::Route;
use super::texts::Text;
use crate::config::Role;
use crate::ledger::{Holder, OpenOrder};
use crate::rulebook::{Rulebook, Score};
use crate::steps::{Choice, Chosen, Waiting, WaitsFor, Whose, Worklist};

/// Rows on a page.
pub(super) const A_PAGE: usize = 50;

/// What of the worklist somebody wants to see.
pub(super) struct Wanted {
    choice: Choice,
    /// As it stands in the address.
    whose: String,
    /// From 0.
    pub(super) page: usize,
}

impl Wanted {
    pub(super) fn of(asked: &Asked) -> Self {
        let known = WaitsFor::NAMES.iter();
        let found = known.clone().find(|(name, _)| *name == asked.field("for"));
        let district = Some(asked.field("district")).filter(|name| !name.is_empty());
        Self {
            choice: Choice {
                reach: asked.reach().clone(),
                waits_for: found.map(|(_, waits_for)| *waits_for),
                district: district.map(str::to_owned),
                late_only: asked.field("late") == "yes",
                whose: whose(asked),
            },
            whose: asked.field("whose").to_owned(),
            page: asked.field("page").parse().unwrap_or(0),
        }
    }

    /// The words of an address, or the fields of a form, for a page of the same.
    pub(super) fn words(&self, page: usize) -> Vec<(&'static str, String)> {
        let late = if self.choice.late_only { "yes" } else { "" };
        let page = if page == 0 {
            String::new()
        } else {
            page.to_string()
        };
        let words = [
            (
                "for",
                self.choice.waits_for.map_or("", WaitsFor::name).to_owned(),
            ),
            ("district", self.choice.district.clone().unwrap_or_default()),
            ("late", late.to_owned()),
            ("whose", self.whose.clone()),
            ("page", page),
        ];
        words
            .into_iter()
            .filter(|(_, word)| !word.is_empty())
            .collect()
    }

    /// The address of a page of the same.
    pub(super) fn address(&self, page: usize) -> String {
        let words = self.words(page);
        let path = Route::Worklist.path();
        if words.is_empty() {
            return path.to_owned();
        }
        let words = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(words)
            .finish();
        format!("{path}?{words}")
    }
}

/// Whose matters are meant; nothing when everybody's are.
fn whose(asked: &Asked) -> Option<Whose> {
    match asked.field("whose") {
        "" => None,
        "nobody" => Some(Whose::Nobodys),
        "mine" => {
            let staff = &asked.session.as_ref()?.staff;
            Some(Whose::Of(staff.name.clone(), staff.roles.clone()))
        }
        other => match other.strip_prefix("role:").map(Role::called) {
            Some(role) => Some(Whose::Of(String::new(), role.into_iter().collect())),
            None => {
                let name = other.strip_prefix("person:").unwrap_or(other);
                Some(Whose::Of(name.to_owned(), Vec::new()))
            }
        },
    }
}

/// The worklist itself.
pub(super) async fn list(pages: &Pages, asked: &Asked) -> Outcome {
    let list = current(pages, asked).await?;
    let wanted = Wanted::of(asked);
    let chosen = list.choose(&wanted.choice);
    let content = pages.shows(asked, Text::Worklist, |reader| {
        html! {
            (done(reader, asked.field("done")))
            (said(reader, asked, Origin::Worklist(&wanted)))
            (filters(reader, &chosen, &wanted))
            (table(reader, &pages.options.rulebook, (&list, &chosen), &wanted))
        }
    });
    Ok((content, Cookie::Same))
}

/// The worklist as it is now; that who asks looks at it is on record.
pub(super) async fn current(pages: &Pages, asked: &Asked) -> Result<Arc<Worklist>, Failed> {
    let (viewer, worklists) = (asked.who(), pages.worklists.clone());
    let (options, today) = (Arc::clone(&pages.options), (pages.options.today)());
    pages
        .waits(move || {
            let mut worklists = worklists.lock().unwrap_or_else(PoisonError::into_inner);
            worklists.shown_to(&options.rulebook, &viewer, today)
        })
        .await
}

fn filters(reader: &Reader<'_>, chosen: &Chosen, wanted: &Wanted) -> Markup {
    let Choice {
        waits_for: wanted_for,
        district,
        late_only,
        reach: _,
        whose: _,
    } = &wanted.choice;
    html! {
        form.filters method="get" action=(Route::Worklist.path()) aria-label=(reader.says(Text::Filters)) {
            div {
                label for="for" { (reader.says(Text::WaitsFor)) }
                select #for name="for" {
                    option value="" { (reader.says(Text::Everything)) }
                    @for (name, waits_for) in WaitsFor::NAMES {
                        option value=(name) selected[*wanted_for == Some(waits_for)] { (reader.code(name)) }
                    }
                }
            }
            div {
                label for="district" { (reader.says(Text::District)) }
                select #district name="district" {
                    option value="" { (reader.says(Text::Everything)) }
                    @for name in &chosen.districts {
                        option value=(name) selected[district.as_deref() == Some(&**name)] { (name) }
                    }
                }
            }
            div {
                label for="whose" { (reader.says(Text::InHand)) }
                select #whose name="whose" {
                    option value="" { (reader.says(Text::Everything)) }
                    option value="mine" selected[wanted.whose == "mine"] { (reader.says(Text::Mine)) }
                    option value="nobody" selected[wanted.whose == "nobody"] { (reader.says(Text::Nobodys)) }
                    @for holder in &chosen.holders {
                        @let word = word_of(holder);
                        option value=(word) selected[wanted.whose == word] { (holder_says(reader, holder)) }
                    }
                }
            }
            div {
                label {
                    input type="checkbox" name="late" value="yes" checked[*late_only];
                    " " (reader.says(Text::LateOnly))
                }
            }
            button type="submit" { (reader.says(Text::Show)) }
        }
        form.filters method="get" action=(Route::Resident.path()) aria-label=(reader.says(Text::FindResident)) {
            div {
                label for="id" { (reader.says(Text::ResidentName)) }
                input #id name="id" type="text" required autocomplete="off";
            }
            button type="submit" { (reader.says(Text::FindResident)) }
        }
    }
}

/// A holder where no marks can be.
fn holder_says<'h>(reader: &Reader<'_>, holder: &'h Holder) -> &'h str {
    match holder {
        Holder::Person(name) => name,
        Holder::Role(name) => reader.code(name),
    }
}

/// A holder in an address.
fn word_of(holder: &Holder) -> String {
    match holder {
        Holder::Person(name) => format!("person:{name}"),
        Holder::Role(name) => format!("role:{name}"),
    }
}

fn table(
    reader: &Reader<'_>,
    rulebook: &Rulebook,
    (list, chosen): (&Worklist, &Chosen),
    wanted: &Wanted,
) -> Markup {
    let from = wanted.page.saturating_mul(A_PAGE);
    let shown: Vec<&Waiting> = chosen.some(list, from, A_PAGE).collect();
    let can_review = shown
        .iter()
        .any(|row| row.orders.iter().any(|order| order.waits));
    html! {
        p { (chosen.n()) " " (reader.says(Text::ResidentsWait)) ", " (chosen.late) " " (reader.says(Text::OfThemLate)) "." }
        @if chosen.n() == 0 {
            p { (reader.says(Text::NobodyWaits)) }
        } @else {
            form method="post" action=(Route::ReviewOrders.path()) {
                (seal(reader))
                (wide(reader.says(Text::Worklist), &html! {
                    table {
                        thead {
                            tr {
                                th scope="col" { (reader.says(Text::Resident)) }
                                th scope="col" { (reader.says(Text::WhatToDo)) }
                                th scope="col" { (reader.says(Text::Why)) }
                                th scope="col" { (reader.says(Text::Score)) }
                                th scope="col" { (reader.says(Text::Until)) }
                                th scope="col" { (reader.says(Text::InHand)) }
                                th scope="col" { (reader.says(Text::Orders)) }
                            }
                        }
                        tbody { @for row in shown { (line(reader, rulebook, row, list.on)) } }
                    }
                }))
                @if can_review { (bulk(reader, Origin::Worklist(wanted))) }
            }
            (turning(reader, chosen.n(), wanted.page, |page| wanted.address(page)))
        }
    }
}

fn line(reader: &Reader<'_>, rulebook: &Rulebook, row: &Waiting, on: Date) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(resident_address(row.resident)) { (person(reader, row)) }
                @if let Some(district) = &row.district { br; (district) }
            }
            td { strong { (reader.code(row.waits_for.name())) } br; (reader.says(what_to_do(row.waits_for))) }
            td {
                @if let Some(state) = row.state { (reader.code(state.name())) }
                @if row.tasks.is_empty() {
                    @if let Some(id) = &row.row { (rule_says(rulebook, id)) }
                } @else {
                    ul { @for open in &row.tasks { li { (task_says(reader, rulebook, &open.task.code)) } } }
                }
            }
            td { (score(rulebook, row.score)) }
            td {
                @if let Some(due) = row.due {
                    @if row.is_late(on) {
                        span.late.day { (due) } " " span.late { (reader.says(Text::Late)) }
                    } @else { span.day { (due) } }
                }
            }
            td {
                @for holder in row.holders().into_iter().flatten() { p { (held_by(reader, holder)) } }
            }
            td { (orders(reader, row)) }
        }
    }
}

fn orders(reader: &Reader<'_>, row: &Waiting) -> Markup {
    html! { @for order in &row.orders { (order_says(reader, order)) } }
}

/// An order with what was said about it, to be ticked as long as it has not left.
pub(super) fn order_says(reader: &Reader<'_>, order: &OpenOrder) -> Markup {
    let what = match (order.waits, order.review) {
        (true, Some(review)) => reader.code(review.name()),
        (true, None) => reader.says(Text::HasNotLeft),
        (false, _) => reader.says(Text::HasLeft),
    };
    html! {
        @if order.waits {
            label.order {
                input type="checkbox" name="order" value=(order.key.to_string());
                " " (order.test) ": " (what)
            }
        } @else {
            p.order { (order.test) ": " (what) }
        }
    }
}

/// Links to the parts before and after, of so many rows.
pub(super) fn turning(
    reader: &Reader<'_>,
    n: usize,
    page: usize,
    address: impl Fn(usize) -> String,
) -> Markup {
    let last = n.saturating_sub(1) / A_PAGE;
    let at = page.min(last);
    html! {
        @if 0 < last {
            nav.pages aria-label=(reader.says(Text::PageOf)) {
                @if 0 < at { a rel="prev" href=(address(at - 1)) { (reader.says(Text::PreviousPage)) } }
                span { (reader.says(Text::PageOf)) " " (at + 1) " / " (last + 1) }
                @if at < last { a rel="next" href=(address(at + 1)) { (reader.says(Text::NextPage)) } }
            }
        }
    }
}

/// `Woman, 63`, in the reader's language.
pub(super) fn person(reader: &Reader<'_>, row: &Waiting) -> String {
    let sex = reader.code(row.sex.name());
    match row.age {
        Some((young, old)) if young == old => format!("{sex}, {young}"),
        Some((young, old)) => format!("{sex}, {young}–{old}"),
        None => sex.to_owned(),
    }
}

/// A score range as people read it.
pub(super) fn score(rulebook: &Rulebook, score: Option<(Score, Score)>) -> String {
    let unit = rulebook.model.unit;
    match score {
        Some((low, high)) if low == high => unit.number(low),
        Some((low, high)) => format!("{}–{}", unit.number(low), unit.number(high)),
        None => String::new(),
    }
}

const fn what_to_do(waits_for: WaitsFor) -> Text {
    match waits_for {
        WaitsFor::SameDay => Text::DoToday,
        WaitsFor::Confirming => Text::DoConfirm,
        WaitsFor::Professional => Text::DoLook,
        WaitsFor::OrderToLeave => Text::DoReview,
        WaitsFor::Result => Text::DoNothing,
    }
}

/// What a task is about: this program's word for its code, or the rule's sentence, which is in English.
pub(super) fn task_says(reader: &Reader<'_>, rulebook: &Rulebook, code: &str) -> Markup {
    match reader.known_code(code) {
        Some(words) => html! { (words) },
        None => rule_says(rulebook, code),
    }
}

fn rule_says(rulebook: &Rulebook, id: &str) -> Markup {
    let row = rulebook.pathway.rows.iter().find(|row| row.id == id);
    match row {
        Some(row) => html! { p.rule lang="en" { (row.says) } },
        None => html! { p.rule { (id) } },
    }
}
