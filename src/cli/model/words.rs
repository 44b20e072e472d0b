//! Proposals, gates and what was shown of them, in words.

use preventiojyraa::steps::{
    FigureShown, GateShown, MeansShown, ModelList, ModelShown, NumberShown, ProposalShown,
    ShadowDocument,
};

use super::super::share_in_words;

/// What is said in the place of a number that is not told.
const NOT_TOLD: &str = "fewer than 5";

pub(super) fn list(list: &ModelList) -> String {
    let mut text = format!("In force: {}\n", list.in_force);
    if let Some(shared) = &list.shared {
        text.push_str(&format!(
            "For {} of the residents: recalibration {}\n",
            share_in_words(shared.share_e9),
            shared.recalibration
        ));
    }
    if list.proposals.is_empty() {
        text.push_str("Nothing was ever proposed.\n");
    }
    text.extend(list.proposals.iter().map(line));
    text
}

fn line(known: &ProposalShown) -> String {
    format!(
        "{:>4}  {}  {}  {}: {}\n",
        known.proposal,
        known.as_of,
        update(known),
        from(known),
        known.standing
    )
}

fn update(known: &ProposalShown) -> String {
    format!("{:.4} + {:.4} × log odds", known.intercept, known.slope)
}

fn from(known: &ProposalShown) -> String {
    match known.made_from {
        None => format!("of {}", known.base),
        Some(id) => format!("of {} with recalibration {id}", known.base),
    }
}

pub(super) fn shown(shown: &ModelShown) -> String {
    let (known, data) = (&shown.proposal, &shown.data);
    let mut text = format!(
        "Recalibration {}: {}\n  {} ({}), {}\n  fitted on {} verified, {} of them confirmed, {}, as of {}\n",
        known.proposal,
        known.standing,
        update(known),
        known.update,
        from(known),
        known.verified,
        known.confirmed,
        data.among,
        known.as_of
    );
    if let Some(until) = &data.fitted_until {
        text.push_str(&format!("  decisions until {until} were fitted\n"));
    }
    text.push_str(&format!(
        "  pull {}, runs {}, cases {}\n  rules {}, program {}\n",
        data.pull, data.runs, data.cases_hash, data.rules_fingerprint, data.program
    ));
    match &shown.shadow {
        None => text.push_str("Nobody has tried it yet.\n"),
        Some(tried) => {
            if let Some(document) = &tried.document {
                text.push('\n');
                text.push_str(&shadow(document));
            }
            text.push_str(&format!(
                "On record as shadow {}, fingerprint {}, program {}\n",
                tried.shadow, tried.evidence, tried.program
            ));
            let signed = tried.signed.iter();
            text.extend(signed.map(|(name, at)| format!("Signed by {name} at {at}\n")));
        }
    }
    text.extend(shown.history.iter().map(|change| {
        let why = match change.why.is_empty() {
            true => String::new(),
            false => format!(" ({})", change.why),
        };
        format!("{} by {} at {}{why}\n", change.what, change.by, change.at)
    }));
    text
}

fn number(n: Option<u64>) -> String {
    n.map_or(NOT_TOLD.to_owned(), |n| n.to_string())
}

/// Numbers of people to the ten below, as they are told.
fn tens(n: u64) -> String {
    match n {
        0 => "fewer than 10".to_owned(),
        n => n.to_string(),
    }
}

pub(super) fn shadow(document: &ShadowDocument) -> String {
    let mut text = format!(
        "Recalibration {} beside {}, as of {}\n",
        document.proposal, document.in_force, document.as_of
    );
    text.push_str("\nGates\n");
    text.extend(document.gates.iter().map(gate));
    text.push_str(&format!(
        "\nDecisions about {} residents\n  {} would be decided about otherwise\n  {} by the same decision with another probability\n  the programme is about {} of them before and {} after, to the ten below\n",
        document.register,
        number(document.changed),
        number(document.only_scores),
        document.cohort_before,
        document.cohort_after
    ));
    for gained in &document.gained {
        text.push_str(&format!(
            "  {}  {} → {}\n",
            number(gained.n),
            gained.from,
            gained.to
        ));
        for (what, cells) in [
            ("because", &gained.by_reason),
            ("age", &gained.by_age),
            ("sex", &gained.by_sex),
            ("language", &gained.by_language),
            ("district", &gained.by_district),
        ] {
            let cells = cells.iter();
            let cells = cells.map(|cell| format!("{} {}", cell.name, number(cell.n)));
            let cells: Vec<String> = cells.collect();
            if !cells.is_empty() {
                text.push_str(&format!("    {what}: {}\n", cells.join(", ")));
            }
        }
    }
    text.push_str(&orders(document));
    text.push_str(&means(&document.means));
    text.push_str(match document.passed {
        true => "\nEvery gate lets it through: two people may sign it.\n",
        false => "\nIt is not promoted: a gate is shut.\n",
    });
    text
}

fn orders(document: &ShadowDocument) -> String {
    let [tests, then] = document.laboratory.map(tens);
    let mut text = format!(
        "\nOrders that decisions ask for, to the ten below\n  laboratory tests for {tests} now, {then} by the proposal; room for {} more a week\n",
        document.laboratory_per_week
    );
    let [forms, then] = document.questionnaires.map(tens);
    let week = document.questionnaires_per_week;
    let week = week.map_or("any number".to_owned(), |n| n.to_string());
    text.push_str(&format!(
        "  questions for {forms} now, {then} by the proposal; {week} may be asked a week\n"
    ));
    text
}

fn means(means: &[MeansShown]) -> String {
    if means.is_empty() {
        return String::new();
    }
    let mut text =
        "\nMean probability of who has a score, before and after; small groups are left out\n"
            .to_owned();
    let name = |one: &MeansShown| format!("{} {}", one.by, one.group);
    let width = means.iter().map(|one| name(one).chars().count()).max();
    for one in means {
        text.push_str(&format!(
            "  {:<width$}  {:>8}  {:.4}  {:.4}\n",
            name(one),
            one.residents,
            one.before,
            one.after,
            width = width.unwrap_or(0)
        ));
    }
    text
}

fn gate(gate: &GateShown) -> String {
    let mut text = format!("  {}: {}", gate.gate, gate.verdict.replace('-', " "));
    if let Some(why) = &gate.why {
        text.push_str(&format!(": {why}"));
    }
    text.push('\n');
    text.extend(gate.figures.iter().map(figure));
    text.extend(gate.numbers.iter().map(counted));
    if !gate.insufficient_evidence.is_empty() {
        text.push_str(&format!(
            "    insufficient evidence: {}\n",
            gate.insufficient_evidence.join(", ")
        ));
    }
    text
}

fn figure(shown: &FigureShown) -> String {
    // Nothing is written as less than nothing.
    let short = |value: f64| (value * 1e4).round() / 1e4 + 0.0;
    match shown.figure.map(|numbers| numbers.map(short)) {
        Some([value, lower, upper]) => format!(
            "    {}: {value:.4} ({lower:.4} to {upper:.4}, {})\n",
            shown.what, shown.method
        ),
        None => format!("    {}: not known: {}\n", shown.what, shown.method),
    }
}

fn counted(shown: &NumberShown) -> String {
    let value = if shown.value.fract().abs() < f64::EPSILON {
        format!("{:.0}", shown.value)
    } else {
        format!("{:.4}", shown.value)
    };
    format!("    {}: {value} ({})\n", shown.what, shown.bounds)
}
