//! Those below the action level who were drawn by lot, and whose tests wait: why they are there, and what
//! a professional says about it.

use maud::{Markup, html};

use super::answer::Cookie;
use super::asked::Asked;
use super::page::{Reader, done, seal, wide};
use super::pages::{Outcome, Pages};
use super::resident::resident_address;
use super::reviewing::{Origin, bulk, said};
use super::route::Route;
use super::texts::Text;
use super::worklist::{A_PAGE, current, order_says, person, score, turning};
use crate::ledger::OpenOrder;
use crate::pathway::Inclusion;
use crate::rulebook::Rulebook;
use crate::steps::Waiting;

/// The address of a part of the page.
pub(super) fn address(page: usize) -> String {
    let path = Route::Drawn.path();
    match page {
        0 => path.to_owned(),
        page => format!("{path}?page={page}"),
    }
}

/// The page of those who were drawn.
pub(super) async fn list(pages: &Pages, asked: &Asked) -> Outcome {
    let list = current(pages, asked).await?;
    let reach = asked.reach();
    let rows = list.rows.iter();
    let rows: Vec<&Waiting> = rows
        .filter(|row| reach.holds(row.district.as_deref()) && drawn(row).next().is_some())
        .collect();
    let page: usize = asked.field("page").parse().unwrap_or(0);
    let rulebook = &pages.options.rulebook;
    let content = pages.shows(asked, Text::Drawn, |reader| {
        html! {
            (done(reader, asked.field("done")))
            (said(reader, asked, Origin::Drawn(page)))
            p { (reader.says(Text::DrawnWhy)) }
            p { (reader.says(Text::DrawnHold)) }
            p { (rows.len()) " " (reader.says(Text::ResidentsWait)) "." }
            @if !rows.is_empty() {
                form method="post" action=(Route::ReviewOrders.path()) {
                    (seal(reader))
                    (wide(reader.says(Text::Drawn), &table(reader, rulebook, &rows, page)))
                    (bulk(reader, Origin::Drawn(page)))
                }
                (turning(reader, rows.len(), page, address))
            }
        }
    });
    Ok((content, Cookie::Same))
}

/// Orders of somebody that wait because they were drawn, each with how probable that was.
fn drawn(row: &Waiting) -> impl Iterator<Item = (&OpenOrder, Inclusion)> {
    let waiting = row.orders.iter().filter(|order| order.waits);
    waiting.filter_map(|order| Some((order, order.drawn?)))
}

fn table(reader: &Reader<'_>, rulebook: &Rulebook, rows: &[&Waiting], page: usize) -> Markup {
    let shown = rows.iter().skip(page.saturating_mul(A_PAGE)).take(A_PAGE);
    html! {
        table {
            thead {
                tr {
                    th scope="col" { (reader.says(Text::Resident)) }
                    th scope="col" { (reader.says(Text::DrawnWith)) }
                    th scope="col" { (reader.says(Text::Score)) }
                    th scope="col" { (reader.says(Text::MayLeaveUntil)) }
                    th scope="col" { (reader.says(Text::Orders)) }
                }
            }
            tbody {
                @for row in shown {
                    tr {
                        th scope="row" {
                            a href=(resident_address(row.resident)) { (person(reader, row)) }
                            @if let Some(district) = &row.district { br; (district) }
                        }
                        td { @if let Some((_, inclusion)) = drawn(row).next() { (share(inclusion)) } }
                        td { (score(rulebook, row.score)) }
                        td { @if let Some((order, _)) = drawn(row).next() { span.day { (order.send_by) } } }
                        td { @for (order, _) in drawn(row) { (order_says(reader, order)) } }
                    }
                }
            }
        }
    }
}

/// A probability as people read it: `2 %`.
fn share(inclusion: Inclusion) -> String {
    format!("{} %", f64::from(inclusion.billionths()) / 1e7)
}
