//! What a faulty text or order code said to whom, as people and tables read it.

use std::fs::File;

use preventiojyraa::steps::{WordedOtherwise, Words, WordsLookBack};

use crate::cli::counts;

pub(super) fn in_text(looked: &WordsLookBack, is_listed: bool) -> String {
    let mut text = format!(
        "Rule {} from {} until before {}: of {} acts that left while the rules held it, {} should have had other words, about {} residents\n",
        looked.rule,
        looked.from,
        looked.corrected,
        looked.orders,
        looked.affected.len(),
        looked.residents
    );
    for (n, why) in [
        (
            looked.not_on_record,
            "left before it was written down by which rules",
        ),
        (
            looked.not_kept,
            "left by rules that are not kept, are damaged, or that this program cannot read",
        ),
        (
            looked.not_ordered,
            "left by a version that has no place among the others",
        ),
        (
            looked.not_worded,
            "left in words that the rules kept for them do not give again",
        ),
    ] {
        if 0 < n {
            text.push_str(&format!("  of {n} more nothing can be said: they {why}\n"));
        }
    }
    if !looked.acts.is_empty() {
        text.push_str("Which acts, and what became of them\n");
        text.push_str(&counts(&looked.acts));
    }
    if is_listed {
        text.extend(looked.affected.iter().map(listed));
    }
    text
}

fn listed(act: &WordedOtherwise) -> String {
    let mut text = format!(
        "\n{}\n  {} of round {}, by {}, {}: {}\n",
        act.resident,
        act.action,
        act.round,
        act.way.unwrap_or("a way that is not on record"),
        handed_over(act),
        act.state
    );
    for (what, words) in [("was", &act.was), ("should be", &act.should_be)] {
        for one in words {
            let said = one.said.replace('\n', "\n      ");
            text.push_str(&format!("    {what}, {}\n      {said}\n", one.of));
        }
    }
    text
}

fn handed_over(act: &WordedOtherwise) -> String {
    act.at
        .as_ref()
        .map_or("nobody knows when".to_owned(), |at| format!("on {at}"))
}

pub(super) fn write(
    table: &mut csv::Writer<File>,
    affected: &[WordedOtherwise],
) -> csv::Result<()> {
    table.write_record([
        "resident",
        "round",
        "action",
        "way",
        "state",
        "version",
        "handed_over",
        "was",
        "should_be",
    ])?;
    let said = |words: &[Words]| -> String {
        let said = words.iter().map(|one| format!("{}: {}", one.of, one.said));
        said.collect::<Vec<_>>().join("\n")
    };
    for act in affected {
        table.write_record([
            &act.resident,
            &act.round.to_string(),
            &act.action,
            act.way.unwrap_or_default(),
            &act.state,
            &act.version,
            act.at.as_deref().unwrap_or_default(),
            &said(&act.was),
            &said(&act.should_be),
        ])?;
    }
    Ok(())
}
