//! Whether the rules that a programme names fit each other.

use super::catalogue::Catalogue;
use super::reader::Table;
use super::{
    Ages, Asking, Calibration, CalibrationUse, Conversion, Model, OrderCodes, Pathway, Programme,
    ScoreUnit, Thresholds,
};

/// What a programme names.
pub(super) struct Parts<'r> {
    pub(super) model: &'r Model,
    pub(super) calibration: &'r Calibration,
    pub(super) display_calibration: Option<&'r Calibration>,
    pub(super) thresholds: &'r Thresholds,
    pub(super) pathway: &'r Pathway,
    pub(super) order_codes: &'r OrderCodes,
    pub(super) catalogue: &'r Catalogue,
    pub(super) asking: Option<&'r Asking>,
}

impl Parts<'_> {
    /// Reports whatever does not fit at the keys of the programme's table.
    pub(super) fn prove(&self, table: &Table<'_>) {
        let Self {
            model,
            calibration,
            display_calibration,
            thresholds,
            pathway,
            order_codes,
            catalogue,
            asking,
        } = *self;
        for used in [Some(calibration), display_calibration]
            .into_iter()
            .flatten()
        {
            if used.model != model.header.id {
                table.report(
                    "programme-mismatch",
                    format!(
                        "calibration `{}` is for model `{}`",
                        used.header.id, used.model
                    ),
                );
            }
        }
        if calibration.use_for == CalibrationUse::Display {
            table.report_at(
                "calibration",
                "programme-mismatch",
                format!(
                    "calibration `{}` is for display only: nothing may be held against it",
                    calibration.header.id
                ),
                None,
            );
        }
        for used in [Some(calibration), display_calibration]
            .into_iter()
            .flatten()
        {
            if matches!(used.conversion, Conversion::Identity(_)) && model.unit == ScoreUnit::Points
            {
                table.report_at(
                "calibration",
                "programme-mismatch",
                format!(
                    "calibration `{}` takes the score for a probability, and `{}` counts points",
                    used.header.id, model.header.id
                ),
                None,
            );
            }
        }
        if pathway.level_unit != model.unit {
            table.report(
                "programme-mismatch",
                format!(
                    "the action level of `{}` is in {}, the scores of `{}` are in {}",
                    pathway.header.id,
                    pathway.level_unit.name(),
                    model.header.id,
                    model.unit.name()
                ),
            );
        }
        if pathway.age_from < model.ages.from || model.ages.below < pathway.age_below {
            table.report_at(
                "model",
                "programme-mismatch",
                format!(
                    "`{}` was made for ages {} to {}, the pathway is for {} to {}",
                    model.header.id,
                    model.ages.from,
                    model.ages.below - 1,
                    pathway.age_from,
                    pathway.age_below - 1
                ),
                None,
            );
        }
        if model.ages != Ages::ALL && !pathway.is_outside_age_first() {
            table.report_at(
            "pathway",
            "programme-mismatch",
            format!(
                "`{}` scores no other ages, and no row of the pathway decides about them before the score",
                model.header.id
            ),
            None,
        );
        }
        for score in [model.min, model.max] {
            let is_end = [0, 1_000_000_000].contains(&calibration.at(score));
            if is_end && matches!(calibration.conversion, Conversion::Logistic(_)) {
                table.report_at(
                    "calibration",
                    "probability-range",
                    format!(
                        "calibration `{}` makes a certainty of a score of {score}",
                        calibration.header.id
                    ),
                    None,
                );
            }
        }
        if let Some(observed) = &calibration.estimand.observed
            && !pathway.orders_together(&observed.verified_by)
        {
            table.report_at(
            "calibration",
            "programme-mismatch",
            format!(
                "calibration `{}` verifies an absence by tests that the pathway never orders together",
                calibration.header.id
            ),
            None,
        );
        }
        // Scores of several models are on scales of their own.
        let compared = asking.into_iter().flat_map(|asking| &asking.first);
        if 1 < model.rungs.len()
            && let Some(word) = compared.into_iter().find(|word| word.compares_scores())
        {
            table.report(
                "asking-order",
                format!(
                    "`{}` compares scores, and `{}` has those of several models",
                    word.name(),
                    model.header.id
                ),
            );
        }
        for level in pathway.levels() {
            if !(model.min < level && level <= model.max) {
                let (min, max) = (model.min, model.max);
                let message = format!("action level {level} is outside the scores {min}-{max}");
                table.report("programme-mismatch", message);
            }
        }
        for (item, fact) in model.category_signals() {
            if !thresholds.tests().contains(&fact) {
                let name = &catalogue.definition(fact).id;
                table.report_at(
                    "model",
                    "signal-test",
                    format!("item `{item}` waits for a category of `{name}`, which has no bands"),
                    None,
                );
            }
        }
        for test in pathway.tests() {
            if order_codes.of(test, None).is_empty() {
                let name = &catalogue.definition(test).id;
                table.report_at(
                    "orders",
                    "order-code-missing",
                    format!("the pathway orders `{name}`, for which no code is given"),
                    None,
                );
            }
        }
    }
}

/// The model with the layers of the programme's region.
pub(super) fn in_region(table: &Table<'_>, programme: &Programme, model: &Model) -> Option<Model> {
    let found = model.in_region(programme.region.as_deref());
    if found.is_none() {
        let known = model.regions();
        let (message, hint) = match &programme.region {
            None => (
                format!("model `{}` has numbers by region", model.header.id),
                format!("name one in `region`: {}", known.join(", ")),
            ),
            Some(region) => (
                format!("model `{}` has no region `{region}`", model.header.id),
                super::reader::suggest(region, &known),
            ),
        };
        table.report_at("region", "region-unknown", message, Some(hint));
    }
    found
}

/// A region that no model has numbers for is a slip of the pen, where some model has regions.
///
/// Where none has, nobody asks for it: the rules that a run has used are kept without the models that it did not use.
pub(super) fn prove_region(table: &Table<'_>, programme: &Programme, models: &[Model]) {
    let Some(region) = programme.region.as_deref() else {
        return;
    };
    let mut known: Vec<&str> = models.iter().flat_map(Model::regions).collect();
    known.sort_unstable();
    known.dedup();
    if !known.is_empty() && !known.contains(&region) {
        table.report_at(
            "region",
            "region-without-layer",
            format!("no model has a layer for region `{region}`"),
            Some(super::reader::suggest(region, &known)),
        );
    }
}
