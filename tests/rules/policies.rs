//! Two readings of the same tests, and the choices that sources leave open: both sides of each boundary, in
//! each unit, and the missing value.

use preventiojyraa_core::profile::{Comparator, Quantity, Unit};
use preventiojyraa_core::rulebook::{Category, Rulebook, Strength};

use super::loader::{PROGRAMME, edited};
use crate::support::core::{fact_id, rulebook};

use Category::{DiseaseRange, Inconclusive, Intermediate, Normal};

const MMOL: Unit = Unit::MillimolePerLitre;
const MG: Unit = Unit::MilligramPerDecilitre;
const IFCC: Unit = Unit::MillimolePerMole;
const NGSP: Unit = Unit::Percent;

fn by_ada() -> Rulebook {
    let (files, _) = edited(PROGRAMME, "\"glycaemia-finland\"", "\"glycaemia-ada\"");
    Rulebook::load(&files).expect("ADA's reading loads")
}

fn with_policy(id: &str) -> Rulebook {
    let path = "thresholds/glycaemia-finland.toml";
    let text = rule_text(path);
    let at = text
        .find(&format!("id = \"{id}\""))
        .expect("the policy is there");
    let line = text[at..]
        .lines()
        .find(|line| line.starts_with("in_force"))
        .expect("a switch");
    assert_eq!(line, "in_force = false", "off as shipped");
    let (before, after) = text.split_at(at);
    let changed = format!(
        "{before}{}",
        after.replacen("in_force = false", "in_force = true", 1)
    );
    let mut files = crate::support::core::rule_files();
    for file in &mut files {
        if file.path == path {
            file.text.clone_from(&changed);
        }
    }
    Rulebook::load(&files).expect("the policy can be put in force")
}

fn rule_text(path: &str) -> String {
    let files = crate::support::core::rule_files();
    let file = files.into_iter().find(|file| file.path == path);
    file.expect("a shipped file").text
}

#[track_caller]
fn check(rules: &Rulebook, test: &str, unit: Unit, rows: &[(f64, Category)]) {
    for (value, expected) in rows {
        let quantity = Quantity::new(*value, unit, Comparator::Exactly).expect("finite");
        let found = rules.thresholds.category(fact_id(test), quantity);
        assert_eq!(
            found.map(|b| b.category),
            Some(*expected),
            "{test} {value} {unit}"
        );
    }
}

#[test]
fn ada_begins_impaired_glucose_lower_and_gives_hba1c_a_band() {
    let ada = by_ada();
    assert_eq!(ada.thresholds.header.id, "glycaemia-ada");
    let fasting = "fasting-plasma-glucose";
    check(
        &ada,
        fasting,
        MMOL,
        &[
            (5.5, Normal),
            (5.59, Normal),
            (5.6, Intermediate),
            (6.99, Intermediate),
            (7.0, DiseaseRange),
        ],
    );
    check(
        &ada,
        fasting,
        MG,
        &[
            (99.0, Normal),
            (99.9, Normal),
            (100.0, Intermediate),
            (125.9, Intermediate),
            (126.0, DiseaseRange),
        ],
    );
    let two_hours = "ogtt-2h-plasma-glucose";
    check(
        &ada,
        two_hours,
        MMOL,
        &[
            (7.79, Normal),
            (7.8, Intermediate),
            (11.09, Intermediate),
            (11.1, DiseaseRange),
        ],
    );
    check(
        &ada,
        two_hours,
        MG,
        &[
            (139.9, Normal),
            (140.0, Intermediate),
            (199.9, Intermediate),
            (200.0, DiseaseRange),
        ],
    );
    check(
        &ada,
        "hba1c",
        IFCC,
        &[
            (38.0, Normal),
            (38.9, Normal),
            (39.0, Intermediate),
            (47.9, Intermediate),
            (48.0, DiseaseRange),
        ],
    );
    check(
        &ada,
        "hba1c",
        NGSP,
        &[
            (5.6, Normal),
            (5.69, Normal),
            (5.7, Intermediate),
            (6.49, Intermediate),
            (6.5, DiseaseRange),
        ],
    );
}

#[test]
fn a_value_is_judged_in_the_unit_it_came_in_by_either_reading() {
    // 5.7 % is 38.8 mmol/mol and 6.5 % is 47.5 by the published formula: converted, both would fall back.
    let ada = by_ada();
    check(
        &ada,
        "hba1c",
        NGSP,
        &[(5.7, Intermediate), (6.5, DiseaseRange)],
    );
    check(&ada, "hba1c", IFCC, &[(38.8, Normal), (47.5, Intermediate)]);
    check(rulebook(), "hba1c", NGSP, &[(6.5, DiseaseRange)]);
    check(rulebook(), "hba1c", IFCC, &[(47.5, Inconclusive)]);
}

#[test]
fn hba1c_of_42_to_47_means_nothing_until_the_policy_is_in_force() {
    let policies = &rulebook().thresholds.policies;
    let off: Vec<&str> = policies
        .iter()
        .filter(|p| !p.in_force)
        .map(|p| p.id.as_str())
        .collect();
    assert_eq!(off, ["hba1c-42-47-intermediate", "ogtt-single-suffices"]);
    check(
        rulebook(),
        "hba1c",
        IFCC,
        &[
            (41.9, Inconclusive),
            (42.0, Inconclusive),
            (47.9, Inconclusive),
        ],
    );
    let on = with_policy("hba1c-42-47-intermediate");
    check(
        &on,
        "hba1c",
        IFCC,
        &[
            (41.9, Inconclusive),
            (42.0, Intermediate),
            (47.9, Intermediate),
            (48.0, DiseaseRange),
        ],
    );
    check(
        &on,
        "hba1c",
        NGSP,
        &[
            (5.99, Inconclusive),
            (6.0, Intermediate),
            (6.49, Intermediate),
            (6.5, DiseaseRange),
        ],
    );
    // The other tests stay as they are.
    check(
        &on,
        "fasting-plasma-glucose",
        MMOL,
        &[(6.09, Normal), (6.1, Intermediate)],
    );
}

#[test]
fn a_test_without_a_value_is_no_result_by_any_reading() {
    use preventiojyraa_core::pathway::decide;
    let someone = crate::support::core::Someone::woman_of(60);
    for rules in [
        rulebook().clone(),
        by_ada(),
        with_policy("hba1c-42-47-intermediate"),
    ] {
        let decision = decide(&rules, &someone.profile(), None, None);
        assert_eq!(decision.state.name(), "asked");
        assert_eq!(decision.confirming, None);
    }
}

#[test]
fn one_two_hour_glucose_suffices_only_by_policy() {
    let two_hours = fact_id("ogtt-2h-plasma-glucose");
    assert!(!rulebook().thresholds.single_suffices(two_hours));
    let on = with_policy("ogtt-single-suffices");
    assert!(on.thresholds.single_suffices(two_hours));
    assert!(!on.thresholds.single_suffices(fact_id("hba1c")));
    use preventiojyraa_core::pathway::decide;
    use preventiojyraa_core::rulebook::NextTest;
    let someone = crate::support::core::Someone::woman_of(60);
    let high = crate::support::core::Statement::measured("ogtt-2h-plasma-glucose", 11.1, MMOL);
    let profile = someone.with(high).profile();
    for (rules, asks) in [
        (rulebook(), NextTest::AnotherTest),
        (&on, NextTest::Conclude),
    ] {
        let confirming = decide(rules, &profile, None, None)
            .confirming
            .expect("a result to confirm");
        let table = rules.thresholds.confirmation.as_ref().expect("a table");
        assert_eq!(table.rows[confirming.row].asks, asks);
    }
}

/// Who may have diabetes by a note that nobody stands behind has certainly had high glucose; what a drug hints at
/// shows nothing here.
#[test]
fn a_definition_that_takes_in_another_says_anew_what_it_shows() {
    let catalogue = &rulebook().catalogue;
    let shown = |definition: &str, fact: &str| -> Vec<Strength> {
        let definition = catalogue.definition_of(definition).expect("shipped");
        let signals = definition.signals.iter();
        let of_fact = signals.filter(|signal| signal.fact == fact_id(fact));
        of_fact.map(|signal| signal.shows).collect()
    };
    let (diagnosis, drug) = ("diabetes-diagnosis", "glucose-lowering-medication");
    assert_eq!(
        shown("already-diabetic", diagnosis),
        [Strength::Certain, Strength::Doubtful]
    );
    assert_eq!(shown("already-diabetic", drug), [Strength::Hint]);
    assert_eq!(
        shown("high-glucose-ever", diagnosis),
        [Strength::Certain, Strength::Certain]
    );
    assert_eq!(shown("high-glucose-ever", drug), []);
}
