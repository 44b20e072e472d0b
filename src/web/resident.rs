//! One resident: the decision and why, results over time, what waits, what has happened; and what a
//! professional does about it.

use axum::http::StatusCode;
use jiff::civil::Date;
use maud::{Markup, html};

use super::answer::{Content, Cookie};
use super::asked::Asked;
use super::chart::chart;
use super::hand_over;
use super::notes;
use super::page::{Reader, done, seal, wide};
use super::pages::{Failed, Outcome, Pages};
use super::reviewing::{Origin, reviewed, said};
use super::route::Route;
use super::texts::Text;
use super::worklist::{score, task_says};
use crate::ledger::{Happened, Happening, NotClosed, OpenTask, OptOutChange, Review};
use crate::profile::ResidentId;
use crate::rulebook::{Language, Rulebook, State};
use crate::steps::{self, OptOutAsked, ResidentShown, Series, StepError};

/// What a professional concludes when a task is closed: in words that fit every disease.
const CONCLUSIONS: [&str; 6] = [
    "disease-confirmed",
    "early-stage",
    "ruled-out",
    "test-again",
    "handed-over",
    "other",
];

/// The address of a resident's page.
pub(super) fn resident_address(resident: ResidentId) -> String {
    format!("{}?id={resident}", Route::Resident.path())
}

/// The page of one resident.
pub(super) async fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let name = asked.field("id").to_owned();
    let (viewer, reach) = (asked.who(), asked.reach().clone());
    let shown = pages
        .does(move |data, options| {
            steps::resident_shown(&options.rulebook, data, (&viewer, &reach), &name)
        })
        .await?;
    let content = pages.shows(asked, Text::Resident, |reader| {
        whole(reader, &pages.options.rulebook, &shown, asked)
    });
    Ok((content, Cookie::Same))
}

/// The letter about the decision on one resident, to be printed or read to them.
pub(super) async fn letter(pages: &Pages, asked: &Asked) -> Outcome {
    let name = asked.field("id").to_owned();
    let language = Language::called(asked.field("lang"));
    let (viewer, reach) = (asked.who(), asked.reach().clone());
    let written = pages
        .does(move |data, options| {
            let resident = data.in_reach(&reach, &name)?;
            let id = resident.to_string();
            match steps::letter(&options.rulebook, data, &viewer, &id, language) {
                Ok(letter) => Ok((resident, Some(letter))),
                Err(StepError::NoLetter(_) | StepError::DecidedOtherwise) => Ok((resident, None)),
                Err(error) => Err(error),
            }
        })
        .await?;
    let (resident, Some(letter)) = written else {
        return pages.not_done(asked, StatusCode::CONFLICT, Text::NoLetterWhy);
    };
    let content = pages.shows(asked, Text::Letter, |reader| {
        html! {
            p { a href=(resident_address(resident)) { (reader.says(Text::Resident)) } }
            ul.pages {
                @for (code, _) in Language::NAMES {
                    li { a href=(letter_address(resident, Some(code))) lang=(code) hreflang=(code) { (code) } }
                }
            }
            pre.explanation lang=(letter.language().code()) tabindex="0" { (letter.text()) }
        }
    });
    Ok((content, Cookie::Same))
}

fn letter_address(resident: ResidentId, language: Option<&str>) -> String {
    let path = Route::Letter.path();
    let language = language.map_or_else(String::new, |code| format!("&lang={code}"));
    format!("{path}?id={resident}{language}")
}

fn whole(reader: &Reader<'_>, rulebook: &Rulebook, shown: &ResidentShown, asked: &Asked) -> Markup {
    let on = shown.explanation.index_date;
    let resident = shown.explanation.resident;
    let confirming = shown.explanation.decision.state == State::Confirming;
    html! {
        (done(reader, asked.field("done")))
        (said(reader, asked, Origin::Resident(resident)))
        (card(reader, shown))
        @if !shown.tasks.is_empty() || confirming {
            h2 { (reader.says(Text::Tasks)) }
            @for open in &shown.tasks { (task(reader, rulebook, open, resident)) }
            @if confirming {
                section.task aria-labelledby="confirming" {
                    h3 #confirming { (reader.code(State::Confirming.name())) }
                    (hand_over::form(reader, resident, None, shown.holder.as_ref()))
                }
            }
        }
        (orders(reader, shown))
        h2 { (reader.says(Text::WhyDecidedSo)) }
        p { (reader.says(Text::AsOf)) " " (on) ". " (reader.says(Text::InEnglish)) }
        pre.explanation lang="en" tabindex="0" { (shown.explanation.text) }
        p { a href=(letter_address(shown.explanation.resident, None)) { (reader.says(Text::Letter)) } }
        (results(reader, &shown.tests))
        (notes::section(reader, shown))
        (refusal(reader, shown))
        (timeline(reader, rulebook, &shown.happened))
    }
}

fn card(reader: &Reader<'_>, shown: &ResidentShown) -> Markup {
    let explanation = &shown.explanation;
    let rulebook = &explanation.rulebook;
    let range = explanation.decision.assessment.as_ref();
    let range = range.map(|assessment| (assessment.low(), assessment.high()));
    let register = explanation.profile.register();
    html! {
        dl {
            dt { (reader.says(Text::Standing)) }
            dd { strong { (reader.code(explanation.decision.state.name())) } }
            dt { (reader.says(Text::Resident)) }
            dd {
                (reader.code(register.sex.name()))
                @if let Some((young, old)) = explanation.profile.age_in_years() {
                    ", " (young) @if young != old { "–" (old) }
                }
            }
            @if let Some(district) = &explanation.district {
                dt { (reader.says(Text::District)) }
                dd { (district) }
            }
            dt { (reader.says(Text::InTheRecord)) }
            dd { bdi { (explanation.patient_id.as_deref().unwrap_or("–")) } }
            @if range.is_some() {
                dt { (reader.says(Text::Score)) }
                dd { (score(rulebook, range)) " / " (rulebook.model.unit.number(rulebook.model.max)) }
            }
        }
    }
}

fn task(reader: &Reader<'_>, rulebook: &Rulebook, open: &OpenTask, of: ResidentId) -> Markup {
    let id = open.id;
    html! {
        section.task aria-labelledby=(format!("task-{id}")) {
            // Two tasks may be about the same: the number tells them apart, also to who only hears them.
            h3 id=(format!("task-{id}")) { (task_says(reader, rulebook, &open.task.code)) " (" (id) ")" }
            p {
                (reader.code(open.task.priority.name())) ". "
                (reader.says(Text::Until)) " " (open.task.due) ". "
                (reader.says(Text::Since)) " " (open.task.opened_on) "."
            }
            form method="post" action=(Route::CloseTask.path()) {
                (seal(reader))
                input type="hidden" name="id" value=(of.to_string());
                input type="hidden" name="task" value=(id);
                label for=(format!("conclusion-{id}")) { (reader.says(Text::Conclusion)) }
                select id=(format!("conclusion-{id}")) name="conclusion" required {
                    option value="" { (reader.says(Text::Choose)) }
                    @for name in CONCLUSIONS { option value=(name) { (reader.code(name)) } }
                }
                label for=(format!("reason-{id}")) { (reader.says(Text::WhatCameOfIt)) }
                textarea id=(format!("reason-{id}")) name="reason" rows="2" maxlength="2000" required {}
                p { (reader.says(Text::DiagnosisInTheRecord)) }
                div.actions { button type="submit" { (reader.says(Text::CloseTask)) } }
            }
            (hand_over::form(reader, of, Some(id), open.holder.as_ref()))
        }
    }
}

fn orders(reader: &Reader<'_>, shown: &ResidentShown) -> Markup {
    let is_out = matches!(
        shown.explanation.decision.state,
        State::Ordered | State::Overdue
    );
    let orders = shown.orders.iter();
    let orders: Vec<_> = orders.filter(|order| order.waits || is_out).collect();
    html! {
        @if !orders.is_empty() {
            h2 { (reader.says(Text::Orders)) }
            ul {
                @for order in orders {
                    li {
                        (order.test) ": " (order.decided_on) ". "
                        @if order.waits {
                            (order.review.map_or(reader.says(Text::HasNotLeft), |review| reader.code(review.name())))
                            ". " (reader.says(Text::MayLeaveUntil)) " " (order.send_by) "."
                            form method="post" action=(Route::ReviewOrder.path()) {
                                (seal(reader))
                                input type="hidden" name="id" value=(order.resident.to_string());
                                input type="hidden" name="order" value=(order.key.to_string());
                                label for=(format!("why-{}", order.key)) { (reader.says(Text::Reason)) }
                                input id=(format!("why-{}", order.key)) name="reason" type="text" required maxlength="500" autocomplete="off";
                                div.actions {
                                    @if order.review != Some(Review::Approved) {
                                        button type="submit" name="review" value="approved" { (reader.says(Text::Approve)) }
                                    }
                                    @if order.review != Some(Review::Held) {
                                        button.warn type="submit" name="review" value="held" { (reader.says(Text::Hold)) }
                                    }
                                }
                            }
                        } @else {
                            (reader.says(Text::HasLeft)) ". "
                            (reader.says(Text::SampleBy)) " " (order.due) "."
                        }
                    }
                }
            }
        }
    }
}

fn results(reader: &Reader<'_>, tests: &[Series]) -> Markup {
    html! {
        @if !tests.is_empty() {
            h2 { (reader.says(Text::ResultsOverTime)) }
            @for series in tests {
                h3 { span lang="en" { (series.name) } " (" (series.unit) ")" }
                @if 1 < series.values.len() { (chart(series)) }
                (wide(&format!("{} ({})", series.name, series.unit), &html! {
                    table {
                        thead { tr {
                            th scope="col" { (reader.says(Text::Day)) }
                            th scope="col" { (reader.says(Text::Value)) }
                        } }
                        tbody {
                            @for measured in series.values.iter().rev() {
                                tr { td.day { (measured.on) } td lang="en" { (measured.says) } }
                            }
                        }
                    }
                }))
            }
        }
    }
}

fn refusal(reader: &Reader<'_>, shown: &ResidentShown) -> Markup {
    let last = shown.refusals.last();
    let is_said = last.is_some_and(|last| last.what == "opted-out");
    html! {
        h2 { (reader.says(Text::Refusal)) }
        @if let Some(last) = last {
            p { (reader.code(last.what)) " " (last.on) ": " bdi { (last.by) } " – " bdi { (last.reason) } }
        }
        form method="post" action=(Route::OptOut.path()) {
            (seal(reader))
            input type="hidden" name="id" value=(shown.explanation.resident.to_string());
            @if is_said {
                input type="hidden" name="what" value="undo";
            } @else {
                input type="hidden" name="what" value="record";
                label for="until" { (reader.says(Text::RefusedUntil)) }
                input #until name="until" type="date";
            }
            label for="refusal" { (reader.says(Text::Reason)) }
            input #refusal name="reason" type="text" required maxlength="500" autocomplete="off";
            div.actions {
                button.warn type="submit" {
                    @if is_said { (reader.says(Text::TakeRefusalBack)) } @else { (reader.says(Text::RecordRefusal)) }
                }
            }
        }
    }
}

fn timeline(reader: &Reader<'_>, rulebook: &Rulebook, happened: &[(Date, Happened)]) -> Markup {
    html! {
        h2 { (reader.says(Text::WhatHappened)) }
        @if happened.is_empty() {
            p { (reader.says(Text::NothingHappened)) }
        } @else {
            ol.timeline {
                @for (day, one) in happened {
                    li {
                        span { (day) }
                        div { (what(reader, rulebook, one)) }
                    }
                }
            }
        }
    }
}

fn what(reader: &Reader<'_>, rulebook: &Rulebook, one: &Happened) -> Markup {
    let kind = match one.kind {
        Happening::Round => Text::InTheRound,
        Happening::Sending => Text::Sending,
        Happening::Review | Happening::OptOut => Text::SaidByAPerson,
        Happening::TaskOpened => Text::TaskOpened,
        Happening::TaskClosed => Text::TaskClosed,
        Happening::HandedOver => Text::HandedOver,
        Happening::GivenBack => Text::GivenBack,
        Happening::Note => Text::Note,
    };
    let is_task = match one.kind {
        Happening::TaskOpened
        | Happening::TaskClosed
        | Happening::HandedOver
        | Happening::GivenBack => true,
        Happening::Round
        | Happening::Sending
        | Happening::Review
        | Happening::OptOut
        | Happening::Note => false,
    };
    html! {
        strong { (reader.says(kind)) ": " }
        @if is_task { (task_says(reader, rulebook, &one.what)) } @else { (reader.code(&one.what)) }
        @if let Some(about) = &one.about { " (" bdi { (reader.code(about)) } ")" }
        @if let Some(by) = &one.by { br; bdi { (by) } }
        @if let Some(why) = &one.why { " – " bdi { (why) } }
    }
}

/// Closes a task with a conclusion.
pub(super) async fn close(pages: &Pages, asked: &Asked) -> Outcome {
    let conclusion = CONCLUSIONS
        .iter()
        .find(|name| **name == asked.field("conclusion"));
    let reason = asked.field("reason");
    let (Some(conclusion), false) = (conclusion, reason.is_empty()) else {
        return pages.not_done(
            asked,
            StatusCode::UNPROCESSABLE_ENTITY,
            Text::ConcludeAndSayWhy,
        );
    };
    let why = format!("{conclusion}: {reason}");
    let task: u64 = asked.field("task").parse().map_err(|_| Failed::NotFound)?;
    let (name, by, reach) = (
        asked.field("id").to_owned(),
        asked.who(),
        asked.reach().clone(),
    );
    let closed = pages
        .does(move |data, _| {
            let resident = data.in_reach(&reach, &name)?;
            if !data.is_task_of(task, resident)? {
                return Err(StepError::UnknownResident(name));
            }
            Ok((resident, data.close_tasks(&[task], &by, &why)))
        })
        .await?;
    match closed {
        (resident, Ok(())) => Ok(back(resident, "closed")),
        (_, Err(NotClosed::Unknown(_) | NotClosed::Closed(..))) => {
            pages.not_done(asked, StatusCode::CONFLICT, Text::ClosedAlready)
        }
        (_, Err(NotClosed::Ledger(error))) => Err(pages.tell(&error)),
    }
}

/// Says of one order that it may leave, or not.
pub(super) async fn review(pages: &Pages, asked: &Asked) -> Outcome {
    let review = Review::parse(asked.field("review")).ok_or(Failed::NotFound)?;
    let reason = asked.field("reason").to_owned();
    if reason.is_empty() {
        return pages.not_done(asked, StatusCode::UNPROCESSABLE_ENTITY, Text::TickAndSayWhy);
    }
    let (name, by, reach) = (
        asked.field("id").to_owned(),
        asked.who(),
        asked.reach().clone(),
    );
    let key = asked.field("order").to_owned();
    let (resident, said) = pages
        .does(move |data, _| {
            let resident = data.in_reach(&reach, &name)?;
            if !data.is_order_of(&key, resident)? {
                return Err(StepError::UnknownResident(name));
            }
            Ok((resident, data.review(&[key], review, &by, &reason)))
        })
        .await?;
    reviewed(pages, asked, said, &resident_address(resident))
}

/// Puts on record that a resident does not want the screening, or wants it again.
pub(super) async fn opt_out(pages: &Pages, asked: &Asked) -> Outcome {
    let reason = asked.field("reason").to_owned();
    let until = match asked.field("until") {
        "" => Some(None),
        day => day.parse::<Date>().ok().map(Some),
    };
    let change = match (asked.field("what"), until) {
        ("record", Some(until)) => Some(OptOutChange::Said { until }),
        ("undo", _) => Some(OptOutChange::TakenBack),
        _ => None,
    };
    let (Some(change), false) = (change, reason.is_empty()) else {
        return pages.not_done(asked, StatusCode::UNPROCESSABLE_ENTITY, Text::SayWhy);
    };
    let done = match change {
        OptOutChange::Said { .. } => "opted-out",
        OptOutChange::TakenBack => "taken-back",
    };
    let (name, by, reach) = (
        asked.field("id").to_owned(),
        asked.who(),
        asked.reach().clone(),
    );
    let (on, at) = ((pages.options.today)(), asked.now);
    let said = pages
        .writes(move |data, options| {
            let resident = data.in_reach(&reach, &name)?;
            let asked = OptOutAsked {
                change,
                on,
                by,
                reason,
                at,
            };
            match steps::opt_out(&options.rulebook, data, &resident.to_string(), asked) {
                Ok(_) => Ok(Some(resident)),
                Err(StepError::NotOptedOut(_)) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await?;
    match said {
        Some(resident) => Ok(back(resident, done)),
        None => pages.not_done(asked, StatusCode::CONFLICT, Text::RefusalDoesNotFit),
    }
}

pub(super) fn back(resident: ResidentId, done: &str) -> (Content, Cookie) {
    let to = format!("{}&done={done}", resident_address(resident));
    (Content::See(to), Cookie::Same)
}
