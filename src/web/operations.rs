//! Operations: whether everything goes on, and the switch that stops it.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::answer::{Content, Cookie};
use super::asked::Asked;
use super::page::{Reader, done, seal, wide};
use super::pages::{Failed, Outcome, Pages};
use super::route::Route;
use super::texts::Text;
use crate::ledger::{RunRecord, ServedOutcome, ServedStep};
use crate::report::AlarmCode;
use crate::schedule::Step;
use crate::steps::{
    self, AlarmsReport, CoverageReport, EffectsStatus, StepError, Stopped, TaskShown,
};

/// The newest runs that are listed.
const RUNS: usize = 20;
/// Open tasks that are listed; the rest is counted.
const TASKS: usize = 100;

/// How everything is.
struct State {
    coverage: Option<CoverageReport>,
    alarms: AlarmsReport,
    effects: EffectsStatus,
    served: Vec<ServedStep>,
    runs: Vec<RunRecord>,
    tasks: Vec<TaskShown>,
    /// Residents decided about by a run that is under way, and all of them.
    far: Option<(u64, u64)>,
}

/// The page of operations.
pub(super) async fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let today = (pages.options.today)();
    let state = pages
        .does(move |data, options| {
            let (rulebook, config) = (&options.rulebook, Some(&options.config));
            let coverage = match steps::coverage(rulebook, data) {
                Ok(report) => Some(report),
                Err(StepError::NothingPulled) => None,
                Err(error) => return Err(error),
            };
            let open = data.open_tasks(rulebook, today)?;
            let tasks = open.tasks.into_iter();
            Ok(State {
                coverage,
                alarms: steps::alarms(rulebook, data, config, today)?,
                effects: steps::effects_status(data, rulebook, config, today)?,
                served: data.served_newest()?,
                far: options.progress.far(),
                runs: data.newest_runs(RUNS)?,
                tasks: tasks.filter(|task| task.owner == "operator").collect(),
            })
        })
        .await?;
    let content = pages.shows(asked, Text::Operations, |reader| {
        whole(reader, &state, asked)
    });
    Ok((content, Cookie::Same))
}

fn whole(reader: &Reader<'_>, state: &State, asked: &Asked) -> Markup {
    html! {
        (done(reader, asked.field("done")))
        (switch(reader, &state.effects))
        (alarms(reader, &state.alarms))
        (schedule(reader, &state.served))
        (runs(reader, &state.runs, state.far))
        @if let Some(report) = &state.coverage { (coverage(reader, report)) }
        (tasks(reader, &state.tasks))
        (outbox(reader, &state.effects))
    }
}

fn switch(reader: &Reader<'_>, effects: &EffectsStatus) -> Markup {
    html! {
        h2 { (reader.says(Text::EffectsTitle)) }
        @for mark in &effects.faulty { p.error lang="en" { (mark) } }
        @if let Some(stopped) = &effects.stopped {
            p.error {
                (reader.says(Text::EffectsStopped)) " " (stopped.since) ", "
                bdi { (stopped.by) } ": " bdi { (stopped.reason) }
            }
        } @else { p { (reader.says(Text::EffectsGoOn)) } }
        form method="post" action=(Route::SwitchEffects.path()) {
            (seal(reader))
            label for="reason" { (reader.says(Text::Reason)) }
            input #reason name="reason" type="text" required maxlength="500" autocomplete="off";
            div.actions {
                @if effects.stopped.is_some() {
                    button type="submit" name="switch" value="resume" { (reader.says(Text::ResumeEffects)) }
                } @else {
                    button.warn type="submit" name="switch" value="stop" { (reader.says(Text::StopEffects)) }
                }
            }
        }
    }
}

fn alarms(reader: &Reader<'_>, report: &AlarmsReport) -> Markup {
    html! {
        h2 { (reader.says(Text::Alarms)) }
        @if report.alarms.is_empty() { p { (reader.says(Text::NoAlarms)) " " (report.on) } }
        @for alarm in &report.alarms {
            @let code = AlarmCode::NAMES.iter().find(|(name, _)| *name == alarm.code);
            section.alarm lang="en" {
                h3 { (alarm.code) @if !alarm.about.is_empty() { " – " (alarm.about) } }
                p { (alarm.says) }
                p { "Who acts: " (alarm.owner) }
                @if let Some((_, code)) = code {
                    details { summary { "Runbook" } p { (code.runbook()) } }
                }
            }
        }
    }
}

fn runs(reader: &Reader<'_>, runs: &[RunRecord], far: Option<(u64, u64)>) -> Markup {
    html! {
        h2 { (reader.says(Text::Runs)) }
        @if let Some((decided, of)) = far {
            p role="status" {
                (reader.says(Text::RunDecides)) " " (decided) " / " (of) " "
                progress max=(of) value=(decided) aria-label=(reader.says(Text::RunDecides)) {}
            }
        }
        @if runs.is_empty() {
            p { (reader.says(Text::NothingRun)) }
        } @else {
            (wide(reader.says(Text::Runs), &html! {
                table {
                    thead { tr {
                        th scope="col" { (reader.says(Text::Run)) }
                        th scope="col" { (reader.says(Text::AsOf)) }
                        th scope="col" { (reader.says(Text::Residents)) }
                        th scope="col" { (reader.says(Text::Acted)) }
                        th scope="col" { (reader.says(Text::Written)) }
                        th scope="col" { (reader.says(Text::DecisionsHash)) }
                    } }
                    tbody {
                        @for run in runs {
                            tr {
                                th scope="row" { (run.id) }
                                td.day { (run.index_date) }
                                td { (run.register) }
                                td { (reader.says(if run.acted { Text::Yes } else { Text::No })) }
                                td.day { (run.at) }
                                td { code { (run.decisions_hash) } }
                            }
                        }
                    }
                }
            }))
        }
    }
}

/// When each step of the schedule was done last, and how it ended.
fn schedule(reader: &Reader<'_>, served: &[ServedStep]) -> Markup {
    html! {
        h2 { (reader.says(Text::Schedule)) }
        @if served.is_empty() {
            p { (reader.says(Text::NothingServed)) }
        } @else {
            (wide(reader.says(Text::Schedule), &html! {
                table {
                    thead { tr {
                        th scope="col" { (reader.says(Text::ScheduledStep)) }
                        th scope="col" { (reader.says(Text::ForDay)) }
                        th scope="col" { (reader.says(Text::Began)) }
                        th scope="col" { (reader.says(Text::Ended)) }
                        th scope="col" { (reader.says(Text::HowItEnded)) }
                    } }
                    tbody {
                        @for one in served {
                            tr {
                                th scope="row" { (reader.says(step(one.step))) }
                                td.day { (one.day) }
                                td.day { (one.started) }
                                td.day { @if let Some((at, _)) = one.ended { (at) } }
                                td { (reader.says(one.ended.map_or(Text::IsUnderWay, |(_, outcome)| ended(outcome)))) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

const fn step(step: Step) -> Text {
    match step {
        Step::Pull => Text::StepPull,
        Step::Run => Text::StepRun,
        Step::Dispatch => Text::StepDispatch,
        Step::Reconcile => Text::StepReconcile,
        Step::Learn => Text::StepLearn,
    }
}

const fn ended(outcome: ServedOutcome) -> Text {
    match outcome {
        ServedOutcome::Done => Text::EndedDone,
        ServedOutcome::Held => Text::EndedHeld,
        ServedOutcome::Differs => Text::EndedDiffers,
        ServedOutcome::Failed => Text::EndedFailed,
        ServedOutcome::Abandoned => Text::EndedAbandoned,
        ServedOutcome::Interrupted => Text::EndedInterrupted,
    }
}

fn coverage(reader: &Reader<'_>, report: &CoverageReport) -> Markup {
    html! {
        h2 { (reader.says(Text::Coverage)) }
        @if report.adds_up {
            p { (report.register) " " (reader.says(Text::EverybodyOnce)) }
        } @else {
            p.error { (reader.says(Text::DoesNotAddUp)) }
            ul lang="en" { @for line in &report.unaccounted { li { (line) } } }
        }
        (wide(reader.says(Text::Coverage), &html! {
            table {
                thead { tr {
                    th scope="col" { (reader.says(Text::Standing)) }
                    th scope="col" { (reader.says(Text::Residents)) }
                    th scope="col" { (reader.says(Text::Since)) }
                } }
                tbody {
                    @for one in &report.standings {
                        tr {
                            th scope="row" { (reader.standing(&one.standing)) }
                            td { (one.residents) }
                            td.day { (one.since.as_deref().unwrap_or("")) }
                        }
                    }
                }
                tfoot { tr { th scope="row" { (reader.says(Text::Together)) } td { (report.register) } td {} } }
            }
        }))
    }
}

fn tasks(reader: &Reader<'_>, tasks: &[TaskShown]) -> Markup {
    html! {
        h2 { (reader.says(Text::OperatorTasks)) " (" (tasks.len()) ")" }
        @if !tasks.is_empty() {
            ul {
                @for task in tasks.iter().take(TASKS) {
                    li {
                        (task.task) ": " (reader.code(&task.what)) ". "
                        (reader.says(Text::Until)) " " (task.due)
                        @if task.is_late { " " span.late { (reader.says(Text::Late)) } }
                        @if let Some(holder) = &task.holder {
                            ". " (reader.says(Text::InHand)) ": " bdi { (reader.code(holder)) }
                        }
                        @if let Some(order) = &task.order { ". " code { (order) } }
                    }
                }
            }
        }
    }
}

fn outbox(reader: &Reader<'_>, effects: &EffectsStatus) -> Markup {
    html! {
        h2 { (reader.says(Text::Outbox)) }
        dl {
            @for (state, n) in &effects.outbox { dt { (reader.code(state)) } dd { (n) } }
        }
        @if let Some(asking) = &effects.asking { p lang="en" { (asking) } }
    }
}

/// Stops what leaves, or lets it leave again.
pub(super) async fn switch_effects(pages: &Pages, asked: &Asked) -> Outcome {
    let (by, reason) = (asked.who(), asked.field("reason").to_owned());
    if reason.is_empty() {
        return pages.not_done(asked, StatusCode::UNPROCESSABLE_ENTITY, Text::SayWhy);
    }
    let done = match asked.field("switch") {
        "stop" => {
            let (root, since) = (pages.options.root.clone(), asked.now.to_string());
            let stopped = Stopped { since, by, reason };
            let not_noted = pages.waits(move || steps::stop(&root, &stopped)).await?;
            // It is stopped; that nobody is on record for it is for operators to know.
            if let Some(error) = not_noted {
                pages.tell(&error);
            }
            "stopped"
        }
        "resume" => {
            pages
                .does(move |data, _| steps::resume(data, &by, &reason))
                .await?;
            "resumed"
        }
        _ => return Err(Failed::NotFound),
    };
    let to = format!("{}?done={done}", Route::Operations.path());
    Ok((Content::See(to), Cookie::Same))
}
