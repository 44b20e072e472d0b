//! A refit of points in words.

use preventiojyraa::steps::{
    ComparedShown, FigureShown, ItemRefitted, LevelRefitted, RefitDocument,
};

pub(super) fn report(report: &RefitDocument) -> String {
    let mut text = format!(
        "Points of {} as of {}\nOutcome: {}\n",
        report.score, report.as_of, report.outcome
    );
    text.push_str(&format!(
        "Fitted on decisions until {}: {} verified, {} of them confirmed; {} verified after that day judge it, {} of them confirmed\n",
        report.fitted_until,
        report.fitted,
        report.fitted_confirmed,
        report.held_out,
        report.held_out_confirmed
    ));
    text.push_str(&format!(
        "Among {}; {} more verified are left out, since an item was not known\n",
        report.among, report.incomplete
    ));
    if let Some(unknown) = &report.not_identifiable {
        text.push_str(&format!("Not identifiable: {unknown}\n"));
    }
    if let Some(fit) = &report.fit {
        text.push_str(&format!(
            "A point is worth {:.3} of log odds. Points in force held against outcomes: chi-squared {:.1} with {} degrees of freedom, p {:.4}; the truth lies {:.2} points around them\n",
            fit.per_point, fit.statistic, fit.degrees, fit.p_value, fit.spread
        ));
    }
    if let Some(why) = &report.stays {
        text.push_str(&format!("Every point stays: {why}.\n"));
    }
    let levels = report.items.iter().flat_map(|item| &item.levels);
    let width = levels.map(|level| level.level.chars().count()).max();
    let width = width.unwrap_or(0);
    text.push_str(&format!(
        "\n    {:<width$}  in force  by the data alone      drawn  proposed\n",
        ""
    ));
    text.extend(report.items.iter().map(|one| item(one, width)));
    let [[low, high], [new_low, new_high]] = report.ranges;
    text.push_str(&format!(
        "  lowest and highest score: {low} and {high} in force, {new_low} and {new_high} proposed\n"
    ));
    if let Some(compared) = &report.compared {
        text.push_str(&held_out(compared));
    }
    match &report.written {
        Some(folder) => text.push_str(&format!(
            "\nRules with the proposed points are in {folder}. Nobody has signed them: `preventio rules diff` says who would be decided about otherwise. Calibration and action level are as they were.\n"
        )),
        None => text.push_str("\nNothing changes by this.\n"),
    }
    text
}

fn item(item: &ItemRefitted, width: usize) -> String {
    let mut text = format!("  {}\n", item.name);
    text.extend(item.levels.iter().map(|one| level(one, width)));
    text
}

fn level(level: &LevelRefitted, width: usize) -> String {
    let start = format!("    {:<width$}  {:>8}", level.level, level.published);
    let (Some(alone), Some(drawn)) = (&level.alone, level.drawn) else {
        return format!("{start}  stays: the others are held against it\n");
    };
    let mark = if level.published == level.proposed {
        ""
    } else {
        "  changes"
    };
    match alone.figure {
        Some([value, lower, upper]) => {
            let by_data = format!("{value:.1} ({lower:.1} to {upper:.1})");
            format!(
                "{start}  {by_data:<19} {drawn:>7.1}  {:>8}{mark}\n",
                level.proposed
            )
        }
        None => format!("{start}  stays: {}\n", alone.method),
    }
}

fn held_out(compared: &ComparedShown) -> String {
    let mut text =
        "\nOn the decisions held out, each table with its own line of log odds\n".to_owned();
    text.extend(compared.figures.iter().map(figure));
    if compared.worse {
        text.push_str("  They speak against the proposed points.\n");
    }
    text
}

fn figure(shown: &FigureShown) -> String {
    match shown.figure {
        Some([value, lower, upper]) => format!(
            "  {:<46} {value:>8.4}  {lower:.4} to {upper:.4}  {}\n",
            shown.what, shown.method
        ),
        None => format!("  {:<46} not known: {}\n", shown.what, shown.method),
    }
}
