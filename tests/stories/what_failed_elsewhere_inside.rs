//! What failed in other programmes, told here: who is meant, codes, models, reminders, loading, and rules that say nothing.
//!
//! Each story is named after what happened, and fails when its guard is taken away;
//! `benches/RESULTS.md` says which line that was and what the story then said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use preventiojyraa::ledger::RowView;
use preventiojyraa::orders::Action;
use preventiojyraa::rulebook::CodeSystem;
use serde_json::Value;

use crate::support::acting::{Clinic, at_risk, until};
use crate::support::programme::Programme;
use crate::support::rules::Rules;
use crate::support::site::{INDEX_DATE, Said, count, opaque, preventio, text};
use crate::support::world::{HIGHEST, World, file};

const OURS: &str = "https://preventiojyraa.example.org/fhir/order";
const VISIT: &str = "2025-10-01";

/// A report of a command, whatever it ended with.
#[track_caller]
fn told(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no JSON: {}{}", said.out, said.err))
}

// England, breast screening: the specification said "36 months before the 71st birthday", the code
// another day, and nobody held one against the other.

/// The ages as the rules show them to whoever signs: from, and below.
fn ages_in_words(rules: &Rules) -> (i16, i16) {
    let said = preventio(&["rules", "show", "--rules", &rules.name()]).ends_well();
    let at = said.find("\nAges\n").expect("the rules show their ages");
    let number_after = |word: &str| {
        let mut lines = said[at..].lines().skip_while(|line| line.trim() != word);
        let number = lines.nth(1).expect("a number follows").trim();
        number.parse().expect("a number of years")
    };
    (number_after("from:"), number_after("below:"))
}

/// Whether a birthday has come, by month and day alone: who was born on 29 February has it on 1 March
/// where there is no 29 February.
fn has_turned(age: i16, birth: Date, on: Date) -> bool {
    let years = on.year() - birth.year();
    let had_it = (birth.month(), birth.day()) <= (on.month(), on.day());
    age <= if had_it { years } else { years - 1 }
}

#[test]
fn england_2018_breast_the_rule_and_its_sentence_say_the_same_day() {
    let mut world = World::new();
    let rules = Rules::at(world.site.beside("rules"));
    rules.says("pathways/stepwise.toml", &[("below = 120", "below = 71")]);
    let (from, below) = ages_in_words(&rules);
    assert_eq!((from, below), (18, 71));
    // Forty days to both sides of each birthday, and those who were born on 29 February.
    let ends = [
        date(2023, 2, 28),
        date(2023, 3, 1),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ];
    let mut births = BTreeSet::from([date(1952, 2, 29), date(2008, 2, 29)]);
    for age in [from, below] {
        for end in [ends[0], ends[3]] {
            let birthday = end.saturating_sub(age.years());
            births.extend((-40..=40).map(|n: i32| birthday.saturating_add(n.days())));
        }
    }
    for birth in &births {
        drop(
            world
                .resident(&format!("born-{birth}"))
                .woman_born(&birth.to_string()),
        );
    }
    world.pulls();
    for end in ends {
        let words = ["--rules", &rules.name()];
        world.site.runs(&end.to_string(), &words);
        let decided = world.site.decisions();
        for birth in &births {
            let state = decided[&opaque(&format!("born-{birth}"))].state;
            let is_within = has_turned(from, *birth, end) && !has_turned(below, *birth, end);
            assert_eq!(
                state != "outside-age",
                is_within,
                "born {birth}, decided as of {end}: {state}, and the sentence says from {from}, below {below}"
            );
        }
    }
}

// TPP, QRISK2: a table of codes was wrong for years, and the score went on behind a warning.

/// Rows of the golden set that a rule book reads otherwise.
fn misread(rules: &Rules) -> Vec<String> {
    let loaded = preventiojyraa::rules::load(Some(&rules.folder), None).expect("it loads");
    let catalogue = loaded.catalogue;
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/codes/golden.csv");
    let golden = fs::read_to_string(golden).expect("the golden set is readable");
    let rows = golden.lines().skip(1).filter(|line| !line.is_empty());
    let is_misread = |line: &&str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [of, code, at, fact] = cells[..] else {
            panic!("four cells: {line}");
        };
        let system = CodeSystem::NAMES.iter().find(|(name, _)| *name == of);
        let at = (at != "any")
            .then(|| catalogue.vocabulary.laboratory(at))
            .flatten();
        let code = code.trim_end_matches('*');
        let meant = catalogue.meaning_at(system.expect("a system").1, code, at);
        meant.map_or("-", |id| catalogue.definition(id).id.as_str()) != fact
    };
    rows.filter(is_misread).map(str::to_owned).collect()
}

#[test]
fn tpp_2016_a_faulty_code_mapping_is_found_and_stopped() {
    // Found: every mapping is in the golden set, and a slip in one is named by it.
    let world = World::with_a_result_and_a_diagnosis();
    let shipped = Rules::at(world.site.beside("shipped"));
    assert_eq!(misread(&shipped), Vec::<String>::new());
    let slipped = shipped.copied_to(world.site.beside("slipped"));
    let slip = ("code = \"T90\"", "code = \"T99\"");
    slipped.says("facts/diagnoses.toml", &[slip]);
    assert_eq!(misread(&slipped), ["icpc-2,T90,any,diabetes-diagnosis"]);

    // Stopped: tests were ordered under a wrong code, and from the mark on nothing leaves by it.
    let mut world = World::new();
    for name in ["aino", "bertta"] {
        at_risk(&mut world, name);
    }
    let mut clinic = Clinic::of(world, &["aino", "bertta"], &[]);
    let faulty = shipped.copied_to(clinic.site().beside("faulty"));
    let orders = "orders/laboratory.toml";
    faulty.says(orders, &[("code = \"6128\"", "code = \"6129\"")]);
    let corrected = shipped.copied_to(clinic.site().beside("corrected"));
    corrected.says(orders, &[("version = \"2026.1\"", "version = \"2026.2\"")]);
    let by =
        |rules: &Rules, words: &[&str]| clinic.does(&[words, &["--rules", &rules.name()]].concat());
    by(&faulty, &["run", "--act"]).ends_well();
    until("what is due has left", || {
        by(&faulty, &["dispatch", "--once"]).ends_well();
        clinic.n_at_server() == 4
    });
    let mark = [
        "rules",
        "mark-faulty",
        "--rule",
        "laboratory-orders",
        "--version",
        "2026.1",
        "--by",
        "Maija Meikäläinen",
        "--why",
        "6129 is another test",
    ];
    clinic.site().does(&mark).ends_well();
    drop(at_risk(&mut clinic.world, "cecilia"));
    clinic.world.pulls();
    let by =
        |rules: &Rules, words: &[&str]| clinic.does(&[words, &["--rules", &rules.name()]].concat());
    let report = told(&by(&faulty, &["run", "--act", "--json"]));
    assert_eq!(report["faulty"][0]["why"], "6129 is another test");
    let dispatched = told(&by(&faulty, &["dispatch", "--once", "--json"]));
    assert_eq!(
        count(&dispatched["sent"]),
        0,
        "no warning to click away: {dispatched}"
    );
    assert_eq!(clinic.n_at_server(), 4);

    // Looked back on: exactly the orders that bear the code, by the server's own count.
    let at_server = clinic.server.gets(&format!(
        "/fhir/ServiceRequest?identifier={OURS}%7C&_count=100"
    ));
    let at_server = at_server.with(200);
    let orders_at_server = at_server["entry"].as_array().expect("orders");
    let wrong: BTreeSet<String> = orders_at_server
        .iter()
        .map(|entry| &entry["resource"])
        .filter(|order| order["code"].to_string().contains("\"6129\""))
        .map(|order| {
            let patient = text(&order["subject"]["reference"]);
            opaque(patient.trim_start_matches("Patient/")).to_string()
        })
        .collect();
    assert_eq!(wrong.len(), 2);
    let corrected_folder = corrected.name();
    let words = [
        "look-back",
        "--rule",
        "laboratory-orders",
        "--from",
        "2026.1",
        "--corrected",
        &corrected_folder,
        "--json",
    ];
    let looked = clinic.site().does(&words);
    assert_eq!(looked.code, Some(0), "{}", looked.err);
    let looked = told(&looked);
    let listed: BTreeSet<(String, String)> = looked["affected"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|act| (text(&act["resident"]), text(&act["action"])))
        .collect();
    let of_hba1c = wrong
        .into_iter()
        .map(|who| (who, "laboratory:hba1c".to_owned()));
    assert_eq!(listed, of_hba1c.collect(), "exactly the affected");

    // A new version is the only way out.
    by(&corrected, &["run", "--act"]).ends_well();
    until("cecilia's orders have left", || {
        by(&corrected, &["dispatch", "--once"]).ends_well();
        clinic.n_at_server() == 6
    });
}

// Epic, a sepsis model: in hundreds of hospitals before anybody had held it against their own patients.

#[test]
fn epic_sepsis_a_model_without_local_evidence_says_so() {
    let mut world = World::new();
    let names: Vec<String> = (0..12).map(|n| format!("resident-{n:02}")).collect();
    for name in &names {
        at_risk(&mut world, name);
    }
    world.decides();
    let site = &world.site;
    let draft = "a draft: these numbers are not verified";
    // Who reads about one resident is told beside the number, on paper and in the record.
    let paper = site.does(&["explain", &names[0]]).ends_well();
    let line = paper
        .lines()
        .find(|line| line.contains("Of people with such scores"));
    assert!(line.is_some_and(|line| line.contains(draft)), "{paper}");
    let record = site.does(&["explain", &names[0], "--fhir"]).ends_well();
    assert!(record.contains(draft), "{record}");
    // Who plans is told no number of cases at all.
    let planned = site
        .does(&["what-if", "--thresholds", "10..14"])
        .ends_well();
    assert!(
        planned.contains("Expected cases and the number needed to test are not known"),
        "{planned}"
    );
    // Who runs it is told with each run; who signs is told which numbers.
    let run = site.does(&["run", "--index-date", INDEX_DATE]).ends_well();
    assert!(run.contains("numbers in it are not verified"), "{run}");
    let rules = preventio(&["rules", "check"]).ends_well();
    assert!(
        rules.contains("calibrations/findrisc-confirmed-12-months.toml"),
        "{rules}"
    );
    // A year on, a handful of outcomes is not called evidence, whatever they look like: twelve of twelve.
    for name in &names {
        world
            .resident(name)
            .fasting_glucose(8.1, "2025-12-01")
            .hba1c(55.0, "2025-12-01")
            .diagnosed("E11.9", "2026-01-05");
    }
    world.pulls();
    let config = world.site.beside("preventio.toml");
    let trial = "[site]\ntrial = true\ntoday = 2026-12-01\n\n[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2025-01-01\nvalid_until = 2026-12-31\n";
    fs::write(&config, trial).expect("writable");
    let config = config.display().to_string();
    let learns = |more: &[&str]| {
        let words = [&["learn", "--config", &config], more].concat();
        world.site.does(&words)
    };
    let learned = learns(&[]).ends_well();
    assert!(learned.contains("insufficient evidence"), "{learned}");
    assert!(
        learned.contains("Recalibration: none: insufficient evidence"),
        "{learned}"
    );
    learns(&["--accept-as", "Maija Meikäläinen"]).ends_with(1);
}

// Reminders of blood pressure: a failure was not written down as an end, and each restart sent them again.

/// Of each resident and round how many reminders were planned, and how many the other side has.
fn reminders(programme: &Programme) -> BTreeMap<(String, u16), u32> {
    let mut planned = BTreeMap::new();
    let is_reminder = |row: &&RowView| row.order.action == Action::RemindQuestionnaire;
    for row in programme.rows().iter().filter(is_reminder) {
        let who = (row.order.resident.to_string(), row.order.round);
        *planned.entry(who).or_default() += 1;
    }
    planned
}

#[test]
fn hypertension_reminders_a_sender_that_fails_every_day_reminds_once() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let asked = programme.all_who_are("asked");
    for one in &asked {
        one.never_answers();
    }
    programme.waits(29);
    programme.decides();
    let planned = reminders(&programme);
    assert!(
        20 < planned.len(),
        "the story needs a crowd: {}",
        planned.len()
    );
    // Each day another process sends what is due to a server that does the work and says that it failed.
    for day in 0..5 {
        programme.faults(&format!("seed={day},status-500-after=0.4,lost-answer=0.3"));
        programme.does(&["dispatch", "--once"]);
        programme.decides();
        programme.waits(1);
    }
    programme.faults("");
    programme.delivers();
    assert_eq!(reminders(&programme), planned, "nothing is planned anew");
    assert!(planned.values().all(|n| *n == 1), "{planned:?}");
    programme.each_order_is_there_once();
    for one in &asked {
        let received = one.received();
        let n = received.lines().count();
        assert!(n <= 2, "one question and one reminder at most:\n{received}");
    }
    programme.everybody_is_accounted_for();
}

// A pipeline from FHIR to tables: 255 of 355 patients arrived, and no number was held against another.

const PATIENTS: usize = 355;
const BROKEN: usize = 100;

fn patients() -> World {
    let mut world = World::new();
    for n in 0..PATIENTS {
        world
            .resident(&format!("patient-{n:03}"))
            .woman_born("1955-06-06")
            .bmi(33.0, VISIT)
            .answers(&HIGHEST, VISIT);
    }
    world
}

/// What became of the lines adds up to the lines that were read.
#[track_caller]
fn adds_up(report: &Value) {
    let lines = report["lines"].as_object().expect("lines");
    let became = lines.iter().filter(|(what, _)| *what != "read");
    let sum: u64 = became.map(|(_, n)| count(n)).sum();
    assert_eq!(sum, count(&lines["read"]), "{report}");
}

#[test]
fn fhir_to_parquet_255_of_355_every_line_is_accounted_for() {
    let world = patients();
    let export = world.export();
    let path = file(&export, "Observation");
    let whole = fs::read_to_string(&path).expect("an export file");
    // Every line whose number is below a hundred is damaged, each in one of four ways.
    let damaged = whole.lines().enumerate().map(|(n, line)| {
        if BROKEN <= n {
            return format!("{line}\n");
        }
        match n % 4 {
            0 => format!("{}\n", &line[..line.len() / 2]),
            1 => format!("{}\n", line.replace("\"final\"", "7")),
            2 => format!("{line} tail\n"),
            _ => "[]\n".to_owned(),
        }
    });
    fs::write(&path, damaged.collect::<String>()).expect("writable");
    let report = world.site.pulls(&export, &[]);
    adds_up(&report);
    assert_eq!(count(&report["residents"]), PATIENTS as u64);
    assert_eq!(count(&report["lines"]["set_aside"]), BROKEN as u64);
    let named: BTreeSet<u64> = world
        .site
        .issues()
        .iter()
        .filter(|issue| issue.file == "Observation.ndjson" && 0 < issue.line)
        .map(|issue| issue.line)
        .collect();
    assert_eq!(named, (1..=BROKEN as u64).collect(), "each by its line");
    // A file that stops after 255 of them, with nothing wrong in any line but the last.
    let cut: usize = whole.lines().take(255).map(|line| line.len() + 1).sum();
    fs::write(&path, &whole[..cut + 40]).expect("writable");
    let report = world.site.pulls(&export, &[]);
    adds_up(&report);
    assert_eq!(report["is_complete"], false, "{report}");
    let run = world.runs();
    assert_eq!(
        count(&run["states"]["undetermined-incomplete"]),
        PATIENTS as u64
    );
    assert_eq!(count(&world.site.covers()["register"]), PATIENTS as u64);
    // Whole again, everybody is decided about.
    world.pulls();
    let run = world.runs();
    assert_eq!(
        run["states"]
            .get("undetermined-incomplete")
            .map_or(0, count),
        0
    );
    assert_eq!(count(&world.site.covers()["register"]), PATIENTS as u64);
}

// A screening rule `x != 0 OR x != 1`, true of everybody, and another that asked the same field twice.

const CLAUSE: &str =
    "{ all = [{ fact = \"family-history-none\" }, { fact = \"family-history-first-degree\" }] }";

#[test]
fn a_rule_that_is_always_true_is_refused() {
    let world = World::with_a_result_and_a_diagnosis();
    let shipped = Rules::at(world.site.beside("rules"));
    world.pulls();
    for (n, (clause, code)) in [
        // The score lies in one place, so it always lies outside one of two.
        ("{ any = [{ not = { score = \"below\" } }, { not = { score = \"spans\" } }] }", "clause-always-true"),
        ("{ any = [{ fact = \"pregnancy\" }, { not = { fact = \"pregnancy\" } }] }", "clause-always-true"),
        ("{ any = [{ register = \"sex-known\" }, { register = \"sex-unknown\" }] }", "clause-always-true"),
        ("{ all = [{ fact = \"pregnancy\" }, { any = [{ lot = \"drawn\" }, { lot = \"not-drawn\" }] }] }", "clause-always-true"),
        ("{ all = [{ score = \"below\" }, { score = \"spans\" }] }", "clause-never-true"),
        ("{ all = [{ fact = \"pregnancy\" }, { not = { fact = \"pregnancy\" } }] }", "clause-never-true"),
        ("{ all = [{ fact = \"pregnancy\" }, { fact = \"pregnancy\" }] }", "clause-twice"),
        ("{ any = [{ fact = \"pregnancy\" }, { fact = \"palliative-care\" }, { fact = \"pregnancy\" }] }", "clause-twice"),
        // The neighbours of these say something.
        ("{ any = [{ score = \"below\" }, { score = \"spans\" }] }", ""),
        ("{ not = { score = \"below\" } }", ""),
        ("{ any = [{ fact = \"pregnancy\" }, { not = { fact = \"palliative-care\" } }] }", ""),
        ("{ all = [{ fact = \"pregnancy\" }, { fact = \"pregnancy\", within_months = 3 }] }", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let rules = shipped.copied_to(world.site.beside(&format!("rules-{n}")));
        rules.says("pathways/stepwise.toml", &[(CLAUSE, clause)]);
        let folder = rules.name();
        let checked = preventio(&["rules", "check", "--rules", &folder]);
        if code.is_empty() {
            checked.ends_well();
            continue;
        }
        let line = rules_line(&rules, clause);
        let said = checked.ends_with(4);
        assert!(said.contains(code), "{clause}: {said}");
        assert!(said.contains(&format!("stepwise.toml:{line}")), "{clause}: {said}");
        let run = ["run", "--index-date", INDEX_DATE, "--rules", &folder];
        assert!(world.site.does(&run).ends_with(4).contains(code), "{clause}");
    }
}

/// The line in which a clause stands.
fn rules_line(rules: &Rules, clause: &str) -> usize {
    let path = Path::new(&rules.folder).join("pathways/stepwise.toml");
    let text = fs::read_to_string(path).expect("a rule file");
    let found = text.lines().position(|line| line.contains(clause));
    1 + found.expect("the clause is there")
}
