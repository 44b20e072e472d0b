//! Forms of others: what their maps say becomes facts, and nothing else does.

use preventiojyraa_core::intake::{
    Answered, Content, Intake, IssueCode, Submission, SubmittedUnit, SubmittedValue, admit,
};
use preventiojyraa_core::profile::{
    Comparator, FactValue, ResidentId, Standing, SubmissionId, Version,
};
use preventiojyraa_core::rulebook::Rulebook;

use super::loader::mistakes_after;
use crate::support::core::{TODAY, rulebook};

const MAISA: &str = "https://maisa.example.org/fhir/Questionnaire/t2d-riskitesti";
const OMAOLO: &str = "https://omaolo.example.org/fhir/Questionnaire/t2d-riskiarvio";

fn read(rules: &Rulebook, form: &str, answers: &[(&str, SubmittedValue<'static>)]) -> Intake {
    let answers = answers.iter().map(|(link_id, value)| Answered {
        link_id,
        value: value.clone(),
    });
    let submission = Submission {
        resident: ResidentId::from_bytes([7; 16]),
        id: SubmissionId::from_bytes([9; 16]),
        version: Version {
            updated: 0,
            pull: 1,
            digest: 1,
        },
        effective: Some(TODAY),
        effective_text: None,
        until: None,
        recorded: Some(TODAY),
        standing: Standing::SelfReported,
        laboratory: None,
        content: Content::Form {
            questionnaire: form,
            answers: answers.collect(),
        },
    };
    admit(rules, TODAY, &submission)
}

/// Facts by name with their answers, and the codes of issues.
fn told(intake: &Intake) -> (Vec<(String, String)>, Vec<IssueCode>) {
    let catalogue = &rulebook().catalogue;
    let facts = intake.facts.iter().map(|fact| {
        let definition = catalogue.definition(fact.id);
        let value = match &fact.value {
            FactValue::Answer(at) => definition.answers[usize::from(*at)].clone(),
            FactValue::Quantity(_) => "a number".to_owned(),
            FactValue::Present | FactValue::Withdrawn => "present".to_owned(),
        };
        (definition.id.clone(), value)
    });
    let issues = intake.issues.iter().map(|issue| issue.code);
    (facts.collect(), issues.collect())
}

fn fact(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn number(value: f64) -> SubmittedValue<'static> {
    SubmittedValue::Quantity {
        value,
        comparator: Comparator::Exactly,
        unit: SubmittedUnit::Missing,
    }
}

#[test]
fn each_form_is_read_by_its_own_map() {
    let maisa = read(
        rulebook(),
        MAISA,
        &[
            ("suku", SubmittedValue::Other("lahi")),
            ("vyotaro", number(94.0)),
        ],
    );
    let family = fact("family-history-answer", "first-degree");
    let waist = fact("waist-circumference", "a number");
    assert_eq!(told(&maisa), (vec![family.clone(), waist.clone()], vec![]));
    let answers = [
        ("family", SubmittedValue::Other("close")),
        ("waist", number(94.0)),
    ];
    for form in [OMAOLO.to_owned(), format!("{OMAOLO}|1.0")] {
        let omaolo = read(rulebook(), &form, &answers);
        assert_eq!(told(&omaolo), (vec![family.clone(), waist.clone()], vec![]));
    }
    // The words of one form say nothing in another.
    let mixed = read(
        rulebook(),
        OMAOLO,
        &[("suku", SubmittedValue::Other("lahi"))],
    );
    assert_eq!(told(&mixed), (vec![], vec![IssueCode::QuestionUnknown]));
}

#[test]
fn a_question_or_an_answer_that_no_map_names_is_an_issue_and_the_others_count() {
    let some = read(
        rulebook(),
        OMAOLO,
        &[
            ("smoking", SubmittedValue::Other("yes")),
            ("exercise", SubmittedValue::Other("sometimes")),
            ("vegetables", SubmittedValue::Other("daily")),
        ],
    );
    let issues = vec![IssueCode::QuestionUnknown, IssueCode::AnswerUnknown];
    let vegetables = fact("vegetables-answer", "every-day");
    assert_eq!(told(&some), (vec![vegetables], issues));
    assert_eq!(some.issues[0].at, "item(smoking)");
}

#[test]
fn a_response_to_another_version_says_nothing_and_names_the_version() {
    let answers = [("vegetables", SubmittedValue::Other("daily"))];
    for version in ["2.0", "1", "1.0.0", ""] {
        let other = read(rulebook(), &format!("{OMAOLO}|{version}"), &answers);
        assert_eq!(told(&other), (vec![], vec![IssueCode::FormVersionUnknown]));
        assert_eq!(other.issues[0].saw, version);
        assert!(other.issues[0].expected.contains("1.0"));
        assert!(!other.unmapped);
    }
    // A map that names no version is for all.
    let any = read(
        rulebook(),
        &format!("{MAISA}|7"),
        &[("kasvikset", SubmittedValue::Other("paivittain"))],
    );
    assert_eq!(any.facts.len(), 1);
}

#[test]
fn a_form_that_nobody_maps_is_counted_and_not_read() {
    let unknown = "https://omaolo.example.org/fhir/Questionnaire/uniapnea";
    let intake = read(
        rulebook(),
        unknown,
        &[("suku", SubmittedValue::Other("lahi"))],
    );
    assert!(intake.unmapped);
    assert_eq!(told(&intake), (vec![], vec![]));
}

#[test]
fn an_answer_by_which_somebody_refuses_is_a_refusal_and_no_other_is() {
    const REFUSES: &str = "en-halua-seulontaan";
    let nothing = read(rulebook(), MAISA, &[]);
    let of = |value| -> (Vec<FactValue>, Vec<IssueCode>) {
        let intake = read(rulebook(), MAISA, &[(REFUSES, value)]);
        let values = intake.facts.iter().map(|fact| fact.value);
        let (names, issues) = told(&intake);
        assert!(names.iter().all(|(name, _)| name == "screening-opt-out"));
        (values.collect(), issues)
    };
    for (answer, says) in [
        (
            SubmittedValue::Other("kylla"),
            (vec![FactValue::Present], vec![]),
        ),
        // What an earlier version of the same response said goes.
        (
            SubmittedValue::Other("ei"),
            (vec![FactValue::Withdrawn], vec![]),
        ),
        (
            SubmittedValue::Other("ehka"),
            (vec![], vec![IssueCode::AnswerUnknown]),
        ),
        (number(1.0), (vec![], vec![IssueCode::ValueNotUnderstood])),
        (
            SubmittedValue::None,
            (vec![], vec![IssueCode::ValueNotUnderstood]),
        ),
    ] {
        assert_eq!(of(answer), says);
    }
    assert_eq!(told(&nothing), (vec![], vec![]));
}

#[test]
fn a_map_says_of_a_choice_whether_it_is_chosen_or_not() {
    let path = "questionnaires/maisa-t2d.toml";
    let map = "answers = { kylla = \"chosen\", ei = \"not-chosen\" }";
    for wrong in [
        "answers = { kylla = \"chosen\", ei = \"perhaps\" }",
        "answers = { kylla = 1 }",
        "unit = \"cm\"",
        "",
    ] {
        assert!(!mistakes_after(path, map, wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn a_map_that_nobody_has_verified_says_so_and_what_is_missing() {
    let path = "questionnaires/omaolo-t2d.toml";
    for (path, canonical, missing) in [
        (path, OMAOLO, "placeholders"),
        (
            "questionnaires/maisa-t2d.toml",
            MAISA,
            "Maisa publishes none",
        ),
    ] {
        let mut unverified = rulebook().unverified.iter();
        assert!(unverified.any(|entry| entry.file == path), "{path}");
        let mut forms = rulebook().questionnaires.iter();
        let form = forms.find(|form| form.canonical == canonical);
        let mut limits = form.expect("shipped").header.limits.iter();
        assert!(limits.any(|limit| limit.contains(missing)), "{path}");
    }
    let found = mistakes_after(path, "versions = [\"1.0\"]", "versions = []");
    let codes: Vec<&str> = found.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, ["form-versions"]);
}
