//! What holds for a whole register.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::calendar::Day;
use super::fit::{FitCounts, Measure, is_percentage};
use super::health;
use super::lines::Kind;
use super::parameters::FITTED;
use super::person::{Population, Sex};
use super::published::PUBLISHED;
use super::{ExportOptions, ExportSummary, StandinError, export};

const AS_OF: &str = "2026-01-15";

/// An export in a directory of its own, which is removed at the end of the test.
struct Register {
    directory: PathBuf,
    summary: ExportSummary,
}

impl Register {
    fn of(name: &str, residents: u32, verbose: bool) -> Register {
        let directory =
            std::env::temp_dir().join(format!("standin-test-{}-{name}", std::process::id()));
        let summary = export(&options(residents, verbose, &directory)).expect("a fresh directory");
        Register { directory, summary }
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).expect("an exported file")
    }

    fn resources(&self, kind: Kind) -> Vec<Value> {
        let text = self.text(&format!("{}.ndjson", kind.name()));
        text.lines()
            .map(|line| serde_json::from_str(line).expect("every line is JSON"))
            .collect()
    }
}

impl Drop for Register {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn options(residents: u32, verbose: bool, out: &Path) -> ExportOptions {
    let as_of = AS_OF.parse().expect("a date");
    ExportOptions {
        residents,
        seed: 11,
        out: out.to_owned(),
        verbose,
        as_of,
    }
}

fn all_bytes(register: &Register) -> Vec<(String, String)> {
    register
        .summary
        .files()
        .iter()
        .map(|file| (file.name.clone(), register.text(&file.name)))
        .collect()
}

#[test]
fn the_same_options_give_the_same_bytes() {
    for (name, residents, verbose) in [("compact", 700, false), ("verbose", 60, true)] {
        let first = Register::of(&format!("same-{name}-1"), residents, verbose);
        let second = Register::of(&format!("same-{name}-2"), residents, verbose);
        assert!(all_bytes(&first) == all_bytes(&second), "{name}");
    }
}

#[test]
fn a_resident_does_not_change_when_the_register_grows() {
    let small = Register::of("grow-small", 300, false);
    let large = Register::of("grow-large", 1_100, false);
    for file in small.summary.files() {
        let grown = large.text(&file.name);
        let lines: BTreeSet<&str> = grown.lines().collect();
        assert!(
            small
                .text(&file.name)
                .lines()
                .all(|line| lines.contains(line)),
            "{}",
            file.name
        );
    }
}

#[test]
fn every_line_is_a_resource_of_its_file_with_an_id_of_its_own() {
    for (name, residents, verbose) in [("lines-compact", 2_000, false), ("lines-verbose", 80, true)]
    {
        let register = Register::of(name, residents, verbose);
        for (kind, file) in Kind::ALL.into_iter().zip(register.summary.files()) {
            let mut by_id: BTreeMap<String, Value> = BTreeMap::new();
            let resources = register.resources(kind);
            assert_eq!(u64::try_from(resources.len()).expect("small"), file.lines);
            for resource in resources {
                assert_eq!(resource["resourceType"], kind.name());
                let id = resource["id"].as_str().expect("an id").to_owned();
                if let Some(earlier) = by_id.insert(id, resource.clone()) {
                    assert_eq!(earlier, resource, "only whole lines are repeated");
                }
            }
        }
    }
}

#[test]
fn every_reference_to_a_patient_resolves() {
    let register = Register::of("references", 1_500, false);
    let ids: BTreeSet<String> = register
        .resources(Kind::Patient)
        .iter()
        .map(id_of)
        .collect();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Patient) {
        for resource in register.resources(kind) {
            let member = if resource.get("subject").is_some() {
                "subject"
            } else {
                "patient"
            };
            let reference = resource[member]["reference"].as_str().expect("a reference");
            assert!(
                ids.contains(reference.trim_start_matches("Patient/")),
                "{reference}"
            );
        }
    }
}

fn id_of(resource: &Value) -> String {
    resource["id"].as_str().expect("an id").to_owned()
}

#[test]
fn identity_codes_are_of_the_test_range_and_shared_by_second_entries_only() {
    let register = Register::of("identity", 6_000, false);
    let mut holders: BTreeMap<String, u32> = BTreeMap::new();
    for patient in register.resources(Kind::Patient) {
        let Some(identifier) = patient["identifier"].get(0) else {
            continue;
        };
        if identifier["system"] == "urn:oid:1.2.246.21" {
            let code = identifier["value"].as_str().expect("a value");
            assert_eq!(&code[7..8], "9", "{code}");
            *holders.entry(code.to_owned()).or_default() += 1;
        }
    }
    let truth = register.text("truth.csv");
    let second_entries = truth
        .lines()
        .skip(1)
        .filter(|row| !row.split(',').nth(1).unwrap_or_default().is_empty())
        .count();
    assert!(holders.values().all(|people| *people <= 2));
    let shared = holders.values().filter(|people| **people == 2).count();
    assert!(
        shared > 0 && shared <= second_entries,
        "{shared} of {second_entries}"
    );
}

/// Every member that FHIR types as a date, date-time or instant, wherever it stands.
fn dates(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| dates(member, found)),
        Value::Array(elements) => elements.iter().for_each(|element| dates(element, found)),
        Value::String(text) => {
            let bytes = text.as_bytes();
            if bytes.len() >= 10
                && bytes[4] == b'-'
                && bytes[7] == b'-'
                && bytes[..4].iter().all(u8::is_ascii_digit)
            {
                found.push(text.clone());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn nothing_is_dated_after_the_day_of_the_register_or_before_the_last_century() {
    let register = Register::of("dates", 1_500, false);
    for kind in Kind::ALL {
        let mut found = Vec::new();
        register
            .resources(kind)
            .iter()
            .for_each(|resource| dates(resource, &mut found));
        assert!(!found.is_empty());
        for date in found {
            let day: jiff::civil::Date = date[..10].parse().expect("a calendar date");
            assert!(
                &date[..10] <= AS_OF && day.year() >= 1919,
                "{}: {date}",
                kind.name()
            );
        }
    }
}

#[test]
fn full_detail_weighs_about_37_kilobytes_a_resident_and_scatters_their_lines() {
    let register = Register::of("verbose", 300, true);
    let bytes: u64 = register.summary.files().iter().map(|file| file.bytes).sum();
    assert!((34_000..42_000).contains(&(bytes / 300)), "{}", bytes / 300);
    let observations = register.resources(Kind::Observation);
    let first_half: BTreeSet<&str> = subjects(&observations[..observations.len() / 2]);
    let second_half: BTreeSet<&str> = subjects(&observations[observations.len() / 2..]);
    assert!(first_half.intersection(&second_half).count() > 285);
}

fn subjects(observations: &[Value]) -> BTreeSet<&str> {
    observations
        .iter()
        .filter_map(|observation| observation["subject"]["reference"].as_str())
        .collect()
}

/// The truth of many residents, without writing anything.
fn fit_of(residents: u32) -> FitCounts {
    let as_of = Day::from_civil(2026, 1, 15);
    let population = Population::new(2_026, as_of);
    let mut counts = FitCounts::default();
    for number in 0..residents {
        let person = population.resident(number);
        counts.add(
            &person,
            &health::live(&FITTED, &person, population.seed(), as_of),
            as_of,
        );
    }
    counts
}

#[test]
fn the_truth_resembles_the_published_cohorts() {
    let counts = fit_of(30_000);
    for row in &PUBLISHED {
        let estimate = counts.estimate(row.measure);
        let factor = if is_percentage(row.measure) {
            100.0
        } else {
            1.0
        };
        let (low, high) = (estimate.low * factor, estimate.high * factor);
        // How far the two cohorts' disagreement pulls a row away; see the table that an export prints.
        let allowed = match row.measure {
            Measure::UndiagnosedFalsePositives(..) | Measure::TenYearSpecificity(_) => 9.0,
            Measure::UndiagnosedSensitivity(..) | Measure::TenYearSensitivity(_) => 7.0,
            Measure::AbnormalTolerance(_) => 5.0,
            Measure::Undiagnosed(_) | Measure::Obesity(_) => 1.0,
            Measure::TenYearIncidence => 0.4,
            Measure::UndiagnosedArea(_) | Measure::TenYearConcordance => 0.02,
        };
        assert!(
            low - allowed <= row.value && row.value <= high + allowed,
            "{}: published {}, here {low:.3} to {high:.3}",
            row.label,
            row.value
        );
    }
}

#[test]
fn the_score_says_more_about_a_disease_than_chance_and_less_than_everything() {
    let counts = fit_of(10_000);
    for measure in [
        Measure::UndiagnosedArea(Sex::Male),
        Measure::UndiagnosedArea(Sex::Female),
        Measure::TenYearConcordance,
    ] {
        let area = counts.estimate(measure).value.expect("enough people");
        assert!((0.6..0.9).contains(&area), "{measure:?}: {area}");
    }
}

#[test]
fn nobody_is_known_and_undiagnosed_at_once() {
    let register = Register::of("truth", 3_000, false);
    let truth = register.text("truth.csv");
    let mut rows = truth.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let header = rows.next().expect("a header");
    let column = |name: &str| {
        header
            .iter()
            .position(|cell| *cell == name)
            .expect("a column")
    };
    let (known, hidden) = (
        column("diagnosed_before_as_of"),
        column("undiagnosed_diabetes_at_as_of"),
    );
    let drug = column("drug_treated_diabetes_within_10_years");
    let (fasting, two_hour) = (column("fasting_plasma_glucose"), column("two_hour_glucose"));
    let mut found = 0;
    for row in rows {
        assert_eq!(row.len(), header.len());
        assert!(row[known] == "0" || row[hidden] == "0");
        assert!(["0", "1"].contains(&row[drug]));
        if row[hidden] == "1" {
            let number = |place: usize| row[place].parse::<f64>().expect("a number");
            assert!(
                number(fasting) >= 7.0 || number(two_hour) >= 11.1,
                "{row:?}"
            );
            found += 1;
        }
    }
    assert!(found > 50);
}

#[test]
fn an_export_refuses_a_directory_with_something_in_it() {
    let register = Register::of("occupied", 3, false);
    let refused = export(&options(3, false, &register.directory)).expect_err("not empty");
    assert!(
        matches!(refused, StandinError::DirectoryNotEmpty { .. }),
        "{refused}"
    );
}

#[test]
fn an_export_of_nobody_or_of_too_many_is_refused_before_anything_is_written() {
    let directory =
        std::env::temp_dir().join(format!("standin-test-{}-refused", std::process::id()));
    for residents in [0, super::person::MOST_RESIDENTS + 1] {
        let refused = export(&options(residents, false, &directory)).expect_err("out of range");
        assert!(
            matches!(refused, StandinError::Residents { .. }),
            "{refused}"
        );
    }
    assert!(!directory.exists());
}
