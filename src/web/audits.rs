//! The audit: who looked at whom and who did what, for those who watch over it.

use maud::html;

use super::answer::Cookie;
use super::asked::Asked;
use super::page::wide;
use super::pages::{Outcome, Pages};
use super::route::Route;
use super::texts::Text;
use crate::ledger::AuditAct;

/// Records on a page; the newest come first.
const RECORDS: usize = 200;

/// The page of the audit.
pub(super) async fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let (name, viewer) = (asked.field("id").to_owned(), asked.who());
    let (listed, verified) = pages
        .does(move |data, _| {
            let about = (!name.is_empty()).then_some(name.as_str());
            let listed = data.audit_list(about)?;
            let verified = data.audit_verified(&[])?;
            let n = listed.records.len().to_string();
            data.audit(&viewer, AuditAct::ListedAudit, None, &n)?;
            Ok((listed, verified))
        })
        .await?;
    let mut records = listed.records;
    records.sort_by(|a, b| b.at.cmp(&a.at));
    let content = pages.shows(asked, Text::Audit, |reader| {
        html! {
            @if let Some(broken) = &verified.broken {
                p.error { (reader.says(Text::AuditBroken)) " " span lang="en" { (broken) } }
            } @else {
                p { (reader.says(Text::AuditWhole)) }
            }
            form.filters method="get" action=(Route::Audit.path()) {
                div {
                    label for="id" { (reader.says(Text::ResidentName)) }
                    input #id name="id" type="text" autocomplete="off" value=(asked.field("id"));
                }
                button type="submit" { (reader.says(Text::Show)) }
            }
            p { (records.len()) " " (reader.says(Text::RecordsNewestFirst)) }
            (wide(reader.says(Text::Audit), &html! {
                table {
                    thead { tr {
                        th scope="col" { (reader.says(Text::Written)) }
                        th scope="col" { (reader.says(Text::Name)) }
                        th scope="col" { (reader.says(Text::What)) }
                        th scope="col" { (reader.says(Text::Resident)) }
                        th scope="col" { (reader.says(Text::Detail)) }
                    } }
                    tbody {
                        @for record in records.iter().take(RECORDS) {
                            tr {
                                td { (record.at) }
                                td { bdi { (record.who) } }
                                td { (reader.code(&record.act)) }
                                td { code { (record.about.as_deref().unwrap_or("–")) } }
                                td { bdi { (record.detail) } }
                            }
                        }
                    }
                }
            }))
        }
    });
    Ok((content, Cookie::Same))
}
