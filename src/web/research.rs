//! Research and the model: numbers about groups, never a person; and the way back from a recalibration.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::answer::{Content, Cookie};
use super::asked::Asked;
use super::page::{Reader, done, seal, wide};
use super::pages::{Outcome, Pages};
use super::route::Route;
use super::texts::Text;
use crate::config::Role;
use crate::rulebook::{Rulebook, Status};
use crate::steps::{
    self, AlarmsForOthers, ByPerson, CoverageForOthers, GroupForOthers, ModelList, StepError,
};

/// What may be told of the programme to whoever sees nobody.
struct Told {
    coverage: Option<CoverageForOthers>,
    alarms: AlarmsForOthers,
    models: ModelList,
}

/// The page of numbers.
pub(super) async fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let today = (pages.options.today)();
    let told = pages
        .does(move |data, options| {
            let rulebook = &options.rulebook;
            let coverage = match steps::coverage(rulebook, data) {
                Ok(report) => Some(report.for_others(rulebook)),
                Err(StepError::NothingPulled) => None,
                Err(error) => return Err(error),
            };
            let alarms = steps::alarms(rulebook, data, Some(&options.config), today)?;
            Ok(Told {
                coverage,
                alarms: alarms.for_others(),
                models: steps::model_list(rulebook, data)?,
            })
        })
        .await?;
    let content = pages.shows(asked, Text::Numbers, |reader| {
        html! {
            (done(reader, asked.field("done")))
            p { (reader.says(Text::NobodyIsHere)) }
            @if let Some(report) = &told.coverage { (coverage(reader, report)) }
            (rules(reader, &pages.options.rulebook))
            (models(reader, &told.models))
            (alarms(reader, &told.alarms))
        }
    });
    Ok((content, Cookie::Same))
}

fn told(reader: &Reader<'_>, n: Option<u64>) -> String {
    n.map_or_else(|| reader.says(Text::NotTold).to_owned(), |n| n.to_string())
}

fn coverage(reader: &Reader<'_>, report: &CoverageForOthers) -> Markup {
    html! {
        h2 { (reader.says(Text::Coverage)) }
        p {
            @if let Some(day) = &report.index_date { (reader.says(Text::AsOf)) " " (day) ". " }
            (reader.says(Text::Residents)) ": " (told(reader, report.register)) ". "
            (reader.says(if report.adds_up { Text::AddsUp } else { Text::DoesNotAddUp }))
        }
        table {
            caption { (reader.says(Text::Standing)) }
            thead { tr {
                th scope="col" { (reader.says(Text::Standing)) }
                th scope="col" { (reader.says(Text::Residents)) }
            } }
            tbody {
                @for one in &report.standings {
                    tr { th scope="row" { (reader.standing(&one.standing)) } td { (told(reader, one.residents)) } }
                }
            }
        }
        (groups(reader, Text::District, &report.by_district))
        (groups(reader, Text::ChooseLanguage, &report.by_language))
    }
}

fn groups(reader: &Reader<'_>, title: Text, groups: &[GroupForOthers]) -> Markup {
    html! {
        @if !groups.is_empty() {
            table {
                caption { (reader.says(title)) }
                thead { tr {
                    th scope="col" { (reader.says(title)) }
                    th scope="col" { (reader.says(Text::Residents)) }
                } }
                tbody {
                    @for group in groups {
                        tr {
                            th scope="row" { (group.name.as_deref().unwrap_or(reader.says(Text::NotKnown))) }
                            td { (told(reader, group.residents)) }
                        }
                    }
                }
            }
        }
    }
}

fn rules(reader: &Reader<'_>, rulebook: &Rulebook) -> Markup {
    let header = &rulebook.programme.header;
    let is_draft = header.status == Status::Draft;
    html! {
        h2 { (reader.says(Text::RulesInUse)) }
        ul {
            li {
                (header.id) " " (header.version)
                @if is_draft { " – " (reader.says(Text::Draft)) }
            }
            li { (rulebook.model.header.id) " " (rulebook.model.header.version) }
            li { (rulebook.pathway.header.id) " " (rulebook.pathway.header.version) }
            li { (rulebook.thresholds.header.id) " " (rulebook.thresholds.header.version) }
        }
    }
}

fn models(reader: &Reader<'_>, list: &ModelList) -> Markup {
    let is_lead = reader
        .roles()
        .is_some_and(|roles| roles.contains(&Role::MedicalLead));
    let is_changed =
        list.shared.is_some() || list.proposals.iter().any(|one| one.made_from.is_some());
    html! {
        h2 { (reader.says(Text::Models)) }
        p { (reader.says(Text::InForce)) ": " span lang="en" { (list.in_force) } }
        @if let Some(shared) = &list.shared {
            p { (reader.says(Text::ForAShare)) ": " (shared.recalibration) ", " (f64::from(shared.share_e9) / 1e7) " %" }
        }
        @if list.proposals.is_empty() {
            p { (reader.says(Text::NoProposals)) }
        } @else {
            (wide(reader.says(Text::Models), &html! {
                table {
                    thead { tr {
                        th scope="col" { (reader.says(Text::Proposal)) }
                        th scope="col" { (reader.says(Text::AsOf)) }
                        th scope="col" { (reader.says(Text::Update)) }
                        th scope="col" { (reader.says(Text::Verified)) }
                        th scope="col" { (reader.says(Text::Confirmed)) }
                        th scope="col" { (reader.says(Text::Standing)) }
                    } }
                    tbody lang="en" {
                        @for one in &list.proposals {
                            tr {
                                th scope="row" { (one.proposal) }
                                td.day { (one.as_of) }
                                td { (one.update) " (" (format!("{:.3}", one.intercept)) ", " (format!("{:.3}", one.slope)) ")" }
                                td { (one.verified) }
                                td { (one.confirmed) }
                                td { (one.standing) }
                            }
                        }
                    }
                }
            }))
        }
        p { (reader.says(Text::SignElsewhere)) }
        @if is_lead && (is_changed || !list.proposals.is_empty()) {
            form method="post" action=(Route::RollBack.path()) {
                (seal(reader))
                label for="reason" { (reader.says(Text::Reason)) }
                input #reason name="reason" type="text" required maxlength="500" autocomplete="off";
                div.actions { button.warn type="submit" { (reader.says(Text::RollBack)) } }
            }
        }
    }
}

fn alarms(reader: &Reader<'_>, report: &AlarmsForOthers) -> Markup {
    html! {
        h2 { (reader.says(Text::Alarms)) }
        @if report.alarms.is_empty() {
            p { (reader.says(Text::NoAlarms)) " " (report.on) }
        } @else {
            dl lang="en" {
                @for alarm in &report.alarms { dt { (alarm.code) } dd { (alarm.definition) } }
            }
        }
    }
}

/// Takes back the newest recalibration that is in force.
pub(super) async fn roll_back(pages: &Pages, asked: &Asked) -> Outcome {
    let (name, why, at) = (
        asked.who(),
        asked.field("reason").to_owned(),
        asked.now.to_string(),
    );
    if why.is_empty() {
        return pages.not_done(asked, StatusCode::UNPROCESSABLE_ENTITY, Text::SayWhy);
    }
    let taken_back = pages
        .writes(move |data, _| {
            let by = ByPerson {
                name: &name,
                at: &at,
            };
            match steps::model_roll_back(data, by, &why) {
                Ok(id) => Ok(Some(id)),
                Err(StepError::NothingToRollBack) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await?;
    match taken_back {
        Some(_) => {
            let to = format!("{}?done=rolled-back", Route::Numbers.path());
            Ok((Content::See(to), Cookie::Same))
        }
        None => pages.not_done(asked, StatusCode::CONFLICT, Text::NothingInForce),
    }
}
