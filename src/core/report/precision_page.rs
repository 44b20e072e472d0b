//! For whom the programme is right, as sections of a page.

use super::evaluation_page::{escaped, table};
use super::learning_text::round_name;
use super::precision_text::{
    GroupTold, NO_DISTRICT, NOBODY, burden_head, burden_line, cell, denominators, groups_told,
    laboratories_told, too_few,
};
use crate::learning::{
    Burden, GroupFigures, Grouped, PrecisionByGroup, References, RoundPrecision,
};

/// Sections for another page: headings from `h2` down.
#[must_use]
pub fn precision_section(precision: &PrecisionByGroup) -> String {
    let mut text: String = precision.rounds.iter().map(round).collect();
    if let Some(found) = &precision.burden {
        text.push_str(&burden(found));
    }
    text.push_str("<h2>Precision by group: what is counted</h2>\n<ul>\n");
    for sentence in denominators(precision) {
        text.push_str(&format!("<li>{}</li>\n", escaped(&sentence)));
    }
    text + "</ul>\n"
}

/// Columns of a table of groups; each figure says in its cell of how many it is.
const HEAD: [&str; 6] = [
    "group",
    "uptake: tested of ordered for",
    "PPV per order: diagnosed of ordered for",
    "PPV per result: confirmed of tested",
    "PPV if all ordered for came",
    "days to diagnosis: quartiles, of diagnosed",
];

fn row(group: &GroupFigures) -> Vec<String> {
    let name = escaped(&group.name);
    if let Some(reason) = too_few(group) {
        return without_figures(name, &reason.to_string());
    }
    let (ordered, tested) = (group.ordered, group.tested);
    let lead = &group.lead_time;
    vec![
        name,
        cell(group.uptake, &format!("{tested} of {ordered}")),
        cell(
            group.ppv_per_order,
            &format!("{} of {ordered}", group.diagnosed),
        ),
        cell(
            group.ppv_per_result,
            &format!("{} of {tested}", group.confirmed),
        ),
        cell(group.ppv_if_all_came, &format!("of {ordered}")),
        match lead.days {
            Ok(days) => format!(
                "{}, {}, {}<br>of {}",
                days.lower, days.median, days.upper, lead.diagnosed
            ),
            Err(reason) => reason.to_string(),
        },
    ]
}

fn without_figures(name: String, why: &str) -> Vec<String> {
    let mut row = vec![name, why.to_owned()];
    row.resize(HEAD.len(), "–".to_owned());
    row
}

fn round(round: &RoundPrecision) -> String {
    let name = round_name(round.round);
    let mut text = format!(
        "<h2>{name}: for whom the programme is right</h2>\n<p>{} flagged are in no figure: their months are not over, or the diagnosis was there before.</p>\n{}",
        round.not_counted,
        table(&HEAD, &[row(&round.all)])
    );
    text.extend(round.grouped.iter().map(grouped));
    text.push_str(&laboratories(round));
    text.push_str(&references("flagged", &round.flagged_by));
    text.push_str(&references("sampled", &round.sampled_by));
    text
}

fn grouped(grouped: &Grouped) -> String {
    let head = format!("<h3>By {}</h3>\n", grouped.by.name());
    let Some(groups) = groups_told(grouped) else {
        return format!("{head}<p class=\"caution\">{NO_DISTRICT}.</p>\n");
    };
    let rows: Vec<Vec<String>> = groups
        .into_iter()
        .map(|group| match group {
            GroupTold::Told(group) => row(group),
            GroupTold::NotTold(name) => without_figures(escaped(name), "not told"),
        })
        .collect();
    if rows.is_empty() {
        return format!("{head}<p>By {}: {NOBODY}.</p>\n", grouped.by.name());
    }
    head + &table(&HEAD, &rows)
}

fn laboratories(round: &RoundPrecision) -> String {
    let (told, n_hidden) = laboratories_told(&round.laboratories);
    let rows: Vec<Vec<String>> = told
        .into_iter()
        .map(|one| {
            let (confirmed, tested) = (one.confirmed, one.tested);
            let of = format!("{confirmed} of {tested}");
            vec![escaped(&one.name), cell(one.ppv_per_result, &of)]
        })
        .collect();
    let head = ["laboratory", "PPV per result: confirmed of tested"];
    let mut text = "<h3>By laboratory</h3>\n<p>Who had no result has no laboratory, so there is no uptake.</p>\n".to_owned();
    if !rows.is_empty() {
        text.push_str(&table(&head, &rows));
    }
    if 0 < n_hidden {
        text.push_str(&format!(
            "<p>{n_hidden} not told: the numbers are too small.</p>\n"
        ));
    }
    text
}

fn references(whom: &str, by: &References) -> String {
    if by.diagnosed + by.negatives == 0 {
        return String::new();
    }
    let rows: Vec<Vec<String>> = by
        .tests
        .iter()
        .map(|test| {
            vec![
                escaped(&test.name),
                test.diagnosed_with_result.to_string(),
                test.diagnosed_in_range.to_string(),
                test.negatives_with_result.to_string(),
            ]
        })
        .collect();
    let had_it = format!("had it before the diagnosis (of {})", by.diagnosed);
    let others = format!("of the others had it (of {})", by.negatives);
    let head = [
        "test",
        &had_it,
        "of these in the range of the disease",
        &others,
    ];
    format!(
        "<h3>By which tests the {whom} were found out</h3>\n<p>{} diagnosed, {} of them with no result in the range of the disease before; {} with all tests and no diagnosis.</p>\n{}",
        by.diagnosed,
        by.diagnosed_without_range,
        by.negatives,
        table(&head, &rows)
    )
}

fn burden(burden: &Burden) -> String {
    let lines = burden.orders.iter().chain(&burden.tasks);
    let rows: Vec<Vec<String>> = lines
        .map(|line| vec![escaped(&line.what), burden_line(line)])
        .collect();
    format!(
        "<h2>What it asks of people a week</h2>\n<p>{}.</p>\n{}",
        burden_head(burden),
        table(&["what", "how often"], &rows)
    )
}
