//! Several sources: one person in two of them is one person, and what both tell counts once.

use std::fs;
use std::path::PathBuf;

use preventiojyraa::profile::Standing;
use serde_json::Value;

use crate::support::site::{count, opaque, preventio};
use crate::support::world::{World, national_id};

const ANNA: &str = "010190-999W";
const VEIKKO: &str = "131052-308T";
const LEFT: &str = "undetermined-incomplete";

/// The register, and beside it the residents' own health record, where names are others.
struct Town {
    register: World,
    own: World,
    config: PathBuf,
}

impl Town {
    fn new() -> Self {
        let (mut register, mut own) = (World::new(), World::new());
        register
            .resident("anna")
            .woman_born("1990-01-01")
            .registered("identifier", national_id(ANNA));
        register.resident("veikko").man_born("1955-01-01");
        own.resident("phr-7")
            .registered("identifier", national_id(ANNA));
        let config = register.site.beside("preventio.toml");
        let text = concat!(
            "[site]\ntrial = true\n",
            "[legal_basis]\nreference = \"trial\"\nvalid_from = 2025-01-01\nvalid_until = 2025-12-31\n",
            "[source.export]\npeople = \"register\"\ntrust = \"record\"\nprecedence = 1\n",
            "[source.kanta-phr]\npeople = \"linked\"\ntrust = \"resident\"\nprecedence = 2\n",
        );
        fs::write(&config, text).expect("a file can be written");
        Self {
            register,
            own,
            config,
        }
    }

    fn pulls_own(&self) -> Value {
        let config = self.config.display().to_string();
        let more = ["--config", &config, "--source", "kanta-phr"];
        self.register.site.pulls(&self.own.export(), &more)
    }

    /// Facts of the resident, by standing, sorted.
    fn standings(&self, name: &str) -> Vec<Standing> {
        let facts = self.register.site.facts().into_iter();
        let own = facts.filter(|(resident, _)| *resident == opaque(name));
        let mut standings: Vec<Standing> = own.map(|(_, fact)| fact.standing).collect();
        standings.sort();
        standings
    }
}

#[test]
fn a_resident_of_two_sources_is_one_person_and_what_was_measured_at_home_stays_that() {
    let mut town = Town::new();
    // The laboratory's own code does not make a home measurement a laboratory's.
    town.own.resident("phr-7").hba1c(52.0, "2025-10-01");
    town.register.pulls();
    let report = town.pulls_own();
    assert_eq!(count(&report["residents"]), 1);
    assert_eq!(town.standings("anna"), [Standing::SelfReported]);
    let report = town.register.runs();
    assert_eq!(count(&report["register"]), 2);
    let state = town.register.site.state_of("anna");
    assert_ne!(state, "confirming", "nobody has a diagnosis from home");
    town.register.site.is_whole();
    // The record's own result of the same day and value is the one that counts.
    town.register.resident("anna").hba1c(52.0, "2025-10-01");
    town.register.decides();
    town.register.decides_that("anna", "confirming");
}

#[test]
fn a_refusal_counts_wherever_it_was_said() {
    let mut town = Town::new();
    town.own.resident("phr-7").says_no("2025-10-01");
    town.register.pulls();
    town.pulls_own();
    town.register.runs();
    town.register.decides_that("anna", "opted-out");
    assert_ne!(town.register.site.state_of("veikko"), "opted-out");
}

#[test]
fn who_is_pulled_before_the_register_is_linked_once_the_register_knows_them() {
    let mut town = Town::new();
    town.own.resident("phr-7").waist(95.0, "2025-10-01");
    let report = town.pulls_own();
    assert_eq!(count(&report["issues"]["subject-unknown"]), 2);
    town.register.pulls();
    assert_eq!(town.standings("anna"), []);
    town.pulls_own();
    assert_eq!(town.standings("anna"), [Standing::SelfReported]);
    town.register.runs();
    town.register.site.is_whole();
}

#[test]
fn an_identifier_that_is_wrong_or_of_two_people_links_nobody() {
    for shared in [false, true] {
        let mut town = Town::new();
        town.own.resident("phr-7").waist(95.0, "2025-10-01");
        if shared {
            town.register
                .resident("aimo")
                .man_born("1991-01-01")
                .registered("identifier", national_id(ANNA));
        } else {
            town.own
                .resident("phr-7")
                .registered("identifier", national_id("010190-999Y"));
        }
        town.register.pulls();
        let report = town.pulls_own();
        assert_eq!(count(&report["residents"]), 0);
        assert_eq!(town.standings("anna"), []);
    }
}

#[test]
fn who_has_two_entries_on_the_register_is_linked_as_the_one_person_they_are() {
    let mut town = Town::new();
    town.register
        .resident("anna-again")
        .woman_born("1990-01-01")
        .registered("identifier", national_id(ANNA));
    town.own.resident("phr-7").says_no("2025-10-01");
    town.register.pulls();
    let report = town.pulls_own();
    assert_eq!(count(&report["residents"]), 1);
    town.register.runs();
    let mut states = ["anna", "anna-again"].map(|name| town.register.site.state_of(name));
    states.sort();
    assert_eq!(states, ["opted-out", "out-of-scope"]);
    town.register.site.is_whole();
}

#[test]
fn a_name_that_turns_out_to_be_somebody_elses_takes_its_facts_along() {
    let mut town = Town::new();
    town.own.resident("phr-7").waist(95.0, "2025-10-01");
    town.register
        .resident("veikko")
        .registered("identifier", national_id("131052-308T"));
    town.register.pulls();
    town.pulls_own();
    town.own
        .resident("phr-7")
        .registered("identifier", national_id("131052-308T"));
    let report = town.pulls_own();
    assert_eq!(count(&report["issues"]["subject-changed"]), 1);
    town.register.runs();
    let explained = town.register.explanation_for("veikko");
    assert!(explained.contains("95 cm"), "{explained}");
    let explained = town.register.explanation_for("anna");
    assert!(!explained.contains("95 cm"), "{explained}");
}

#[test]
fn whoever_a_name_was_taken_from_waits_when_not_everything_is_told_again() {
    let mut town = Town::new();
    town.own.resident("phr-7").waist(95.0, "2025-10-01");
    town.register
        .resident("veikko")
        .registered("identifier", national_id(VEIKKO));
    town.register.pulls();
    town.pulls_own();
    town.register.runs();
    assert_ne!(town.register.site.state_of("anna"), LEFT);
    // The next delivery says only who somebody is: the waist stays where it was.
    let mut names = World::new();
    names
        .resident("phr-7")
        .registered("identifier", national_id(VEIKKO));
    town.own = names;
    let report = town.pulls_own();
    let waits = serde_json::json!([opaque("anna").to_string()]);
    assert_eq!(report["undetermined"], waits);
    town.register.runs();
    town.register.decides_that("anna", LEFT);
    assert_ne!(town.register.site.state_of("veikko"), LEFT);
    town.register.site.is_whole();
}

#[test]
fn whoever_a_link_is_found_for_waits_while_facts_lie_under_another_name() {
    let mut town = Town::new();
    town.own.resident("phr-7").waist(95.0, "2025-10-01");
    town.pulls_own();
    town.register.pulls();
    let mut names = World::new();
    names
        .resident("phr-7")
        .registered("identifier", national_id(ANNA));
    let own = std::mem::replace(&mut town.own, names);
    let report = town.pulls_own();
    let waits = serde_json::json!([opaque("anna").to_string()]);
    assert_eq!(report["undetermined"], waits);
    town.register.runs();
    town.register.decides_that("anna", LEFT);
    town.own = own;
    town.pulls_own();
    assert_eq!(town.standings("anna"), [Standing::SelfReported]);
}

#[test]
fn of_several_entries_with_one_name_the_newest_version_says_whose_it_is() {
    for is_turned in [false, true] {
        let mut town = Town::new();
        town.register
            .resident("veikko")
            .registered("identifier", national_id(VEIKKO));
        town.own.resident("phr-7").waist(95.0, "2025-10-01");
        town.register.pulls();
        let export = town.own.export();
        let path = export.join("Patient.ndjson");
        let text = fs::read_to_string(&path).expect("entries");
        let entry: Value = serde_json::from_str(text.trim()).expect("one entry");
        let version = |id: &str, updated: &str| {
            let mut entry = entry.clone();
            entry["identifier"] = national_id(id);
            entry["meta"]["lastUpdated"] = updated.into();
            entry.to_string()
        };
        let mut lines = [
            version(ANNA, "2025-03-01T00:00:00Z"),
            version(VEIKKO, "2025-01-01T00:00:00Z"),
        ];
        if is_turned {
            lines.reverse();
        }
        fs::write(&path, lines.join("\n") + "\n").expect("a file can be written");
        let config = town.config.display().to_string();
        let more = ["--config", &config, "--source", "kanta-phr"];
        town.register.site.pulls(&export, &more);
        assert_eq!(town.standings("anna"), [Standing::SelfReported]);
        assert_eq!(town.standings("veikko"), []);
    }
}

#[test]
fn a_source_keeps_what_it_is_to_the_programme() {
    let mut town = Town::new();
    town.own.resident("phr-7").waist(95.0, "2025-10-01");
    town.register.pulls();
    town.pulls_own();
    // Without its profile it would add a register of its own.
    let words = town
        .register
        .site
        .pull_words(&town.own.export(), &["--source", "kanta-phr"]);
    let said = preventio(&words).ends_with(1);
    assert!(
        said.contains(
            "source `kanta-phr` was pulled before with other `people` or another `trust`"
        ),
        "{said}"
    );
    assert_eq!(town.register.site.register().len(), 2);
    town.register.site.is_whole();
}

#[test]
fn of_equal_standing_the_source_that_takes_precedence_tells_a_measurement() {
    for (first, teller) in [("1", "export"), ("3", "clinic")] {
        let mut town = Town::new();
        town.register.resident("anna").waist(95.0, "2025-10-01");
        town.own.resident("phr-7").waist(95.0, "2025-10-01");
        let text = fs::read_to_string(&town.config).expect("a configuration");
        let text = text
            .replace("kanta-phr", "clinic")
            .replace("trust = \"resident\"", "trust = \"record\"")
            .replace("precedence = 1", &format!("precedence = {first}"));
        fs::write(&town.config, text).expect("a file can be written");
        let config = town.config.display().to_string();
        let site = &town.register.site;
        let pulls = |world: &World, source| {
            site.pulls(&world.export(), &["--config", &config, "--source", source]);
        };
        pulls(&town.register, "export");
        pulls(&town.own, "clinic");
        town.register.runs();
        let told = town.register.explanation_for("anna");
        assert!(
            told.contains(&format!("Told by:\n  {teller}: 1 statement\n")),
            "{told}"
        );
        site.is_whole();
        site.does(&["replay", "--all"]).ends_well();
    }
}
