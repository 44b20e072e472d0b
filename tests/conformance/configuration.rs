//! The configuration: the example is read, every key is in it, and what does not fit is named.

use std::collections::BTreeSet;
use std::fs;

use preventiojyraa::config::{Config, People, SourceTerms, Trust};
use preventiojyraa::delivery::ReadBack;
use preventiojyraa::report::AlarmLimits;

use crate::support::site::TempFolder;

const EXAMPLE: &str = include_str!("../../fixtures/config/trial.toml");
const SIGNERS: &str = include_str!("../../fixtures/config/signers.toml");
const SOURCES: &str = include_str!("../../fixtures/config/sources.toml");
const APOTTI: &str = include_str!("../../fixtures/config/apotti.toml");

fn read(text: &str) -> Result<Config, String> {
    let folder = TempFolder::new();
    let path = folder.join("preventio.toml");
    fs::write(&path, text).expect("a file can be written");
    fs::write(folder.join("signers.toml"), SIGNERS).expect("a file can be written");
    Config::read(&path).map_err(|error| {
        let text = error.to_string();
        text.replace(&path.display().to_string(), "preventio.toml")
    })
}

#[test]
fn the_example_is_read_and_says_what_it_says() {
    let config = read(EXAMPLE).expect("the example is sound");
    assert!(config.site.trial);
    let (_, channel) = &config.channels[0];
    let terms = &channel.terms;
    assert_eq!(terms.per_minute, 600);
    assert_eq!(terms.policy.read_back, ReadBack::Possible);
    let seconds = [terms.request_deadline, terms.policy.settle, terms.lease].map(|d| d.as_secs());
    assert_eq!(seconds, [20, 60, 60]);
    assert!(
        2 * seconds[0] < seconds[2],
        "a request ends well within its lease"
    );
}

#[test]
fn the_example_of_signers_names_somebody_whose_key_is_not_trusted() {
    let config = read(EXAMPLE).expect("the example is sound");
    let signers = config.signers.expect("signers");
    let maija = signers.called("Maija Meikäläinen").expect("Maija");
    assert!(maija.from < maija.until && maija.revoked.is_some());
    for key in ["name", "public_key", "from", "until", "revoked", "why"] {
        assert!(SIGNERS.contains(&format!("\n{key} = ")), "{key}");
    }
}

#[test]
fn the_examples_name_every_kind_of_act_and_the_ways_it_can_take() {
    for (example, expected) in [
        (
            EXAMPLE,
            "laboratory: service-request; message: communication; professional: task, communication; questionnaire: task, communication",
        ),
        (
            APOTTI,
            "laboratory: communication; message: communication; professional: communication; questionnaire: communication",
        ),
    ] {
        let config = read(example).expect("the example is sound");
        let channels = config.channels.iter().map(|(kind, channel)| {
            let ways = channel.routes.iter().map(|way| way.name());
            format!("{}: {}", kind.name(), ways.collect::<Vec<_>>().join(", "))
        });
        assert_eq!(channels.collect::<Vec<_>>().join("; "), expected);
        let servers: BTreeSet<&str> = config
            .channels
            .iter()
            .map(|(_, channel)| channel.terms.server.as_str())
            .collect();
        assert_eq!(servers.len(), 1, "all kinds share the pace of one server");
    }
}

#[test]
fn every_key_of_the_configuration_is_in_the_example() {
    let source = concat!(
        include_str!("../../src/config/mod.rs"),
        include_str!("../../src/config/channel.rs"),
        include_str!("../../src/config/server.rs"),
        include_str!("../../src/config/sampled.rs"),
        include_str!("../../src/lake/away/place.rs"),
        include_str!("../../src/config/destinations.rs"),
        include_str!("../../src/config/schedule.rs"),
        include_str!("../../src/config/retention.rs"),
        include_str!("../../src/config/scope.rs"),
        include_str!("../../src/config/source.rs"),
    );
    let fields = source.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("    pub ")?.split_once(": ")?;
        kind.ends_with(',').then_some(name)
    });
    // The keys of a channel are read by themselves.
    let fields = fields.chain(["way", "server", "reads_back", "share", "mode"]);
    let fields = fields.chain(["pull =", "run =", "reconcile =", "learn =", "dispatch ="]);
    let fields = fields.chain(["run_waits_minutes", "retry_seconds"]);
    let of_cds = [
        "base",
        "answer_within_ms",
        "origins",
        "issuer",
        "jwks =",
        "jwks_file",
    ];
    let fields = fields.chain(of_cds);
    // What `Config` makes of the file, and what errors hold, is not in the file.
    let not_keys = [
        "path",
        "site",
        "servers",
        "sources",
        "channels",
        "terms",
        "routes",
        "is_first_only",
        "inclusion",
        "strata",
        "lake",
    ];
    for field in fields.filter(|field| !not_keys.contains(field)) {
        assert!(EXAMPLE.contains(field), "`{field}` is not in the example");
    }
}

#[test]
fn mistakes_in_several_sections_are_named_all_at_once() {
    let text = SOURCES
        .replacen("trial = true", "trail = true", 1)
        .replacen("[legal_basis]", "[legal_bases]", 1)
        .replacen(
            "requests_per_minute = 600",
            "requests_per_minute = \"many\"",
            1,
        )
        .replacen("precedence = 3", "precedence = -3", 1);
    let told = read(&text).expect_err("it is full of mistakes");
    for mistake in [
        // The first with its line.
        "|",
        "5 mistakes in all",
        "`[site]`: unknown field `trail`",
        "`[legal_bases]`: there is no such section",
        "`[legal_basis]` is missing",
        "`[server.apotti]`: invalid type: string \"many\", expected u32",
        "`[source.omaolo]`: invalid value: integer `-3`, expected u32",
    ] {
        assert!(told.contains(mistake), "{mistake}\n{told}");
    }
}

/// A section that the file may have and the reading by sections does not know would be called unknown.
#[test]
fn no_section_of_the_examples_is_called_unknown() {
    for (example, sections) in [(EXAMPLE, 5), (SOURCES, 4)] {
        let names: BTreeSet<&str> = example
            .lines()
            .filter_map(|line| line.trim_start_matches("# ").strip_prefix('['))
            .filter_map(|rest| rest.split([']', '.']).next())
            .collect();
        assert!(sections <= names.len(), "{names:?}");
        let text: String = names
            .iter()
            .map(|name| format!("[{name}]\nnobody = 1\n"))
            .collect();
        let told = read(&text).expect_err("nobody is no key");
        assert!(!told.contains("there is no such section"), "{told}");
    }
    let alarms = "[alarms]\nlate_tasks = -1\n[nowhere]\n";
    let told = read(alarms).expect_err("it is full of mistakes");
    assert!(told.contains("`[alarms]`: invalid value"), "{told}");
    assert!(
        told.contains("`[nowhere]`: there is no such section"),
        "{told}"
    );
}

#[test]
fn mistakes_in_the_schedule_are_named_all_at_once() {
    let text = EXAMPLE
        .replacen("run = \"05:00\"", "run = \"5\"\npull = \"02:00\"", 1)
        .replacen("sat-sun 10:00-18:00", "sat-sun 18:00-10:00", 1)
        .replacen("\nretry_seconds = 60", "\nretry_seconds = 0", 1)
        .replacen("\nstop_seconds = 20", "\nstop_seconds = 6000", 1)
        .replacen(
            "unready_after_minutes = 360\n#",
            "unready_after_minutes = 0\n#",
            1,
        );
    let told = read(&text).expect_err("it is full of mistakes");
    for mistake in [
        "schedule: `run`: `5` is not a time like `05:00`",
        "schedule: `dispatch`: `sat-sun 18:00-10:00` is not hours of a day",
        "schedule: `retry_seconds` is 1 to 3600",
        "schedule: `pull` has a time, and no source has a server",
        "serve: `stop_seconds` is ten minutes at most",
        "serve: `unready_after_minutes` must be at least 1",
    ] {
        assert!(told.contains(mistake), "{mistake}\n{told}");
    }
    let nothing = read(&SOURCES.replacen("[legal_basis]", "[schedule]\n[legal_basis]", 1));
    let told = nothing.expect_err("no time");
    assert!(told.contains("it says no time"), "{told}");
}

#[test]
fn the_example_of_several_sources_has_one_register_and_three_that_are_linked_to_it() {
    let config = read(SOURCES).expect("the example is sound");
    let linked = |trust, precedence| SourceTerms {
        people: People::Linked,
        trust,
        precedence: Some(precedence),
    };
    let register = SourceTerms {
        precedence: Some(1),
        ..SourceTerms::default()
    };
    let terms: Vec<(&str, SourceTerms)> = (config.sources.iter())
        .map(|(name, source)| (name.as_str(), source.terms()))
        .collect();
    assert_eq!(
        terms,
        [
            ("apotti", register),
            ("kanta-phr", linked(Trust::Resident, 4)),
            ("maisa", linked(Trust::Record, 2)),
            ("omaolo", linked(Trust::Resident, 3)),
        ]
    );
}

#[test]
fn mistakes_in_sources_are_named_all_at_once() {
    let text = SOURCES
        .replacen(
            "people = \"linked\"\ntrust = \"resident\"",
            "people = \"register\"\ntrust = \"resident\"",
            1,
        )
        .replacen("precedence = 4\n", "", 1)
        .replacen("precedence = 2\n", "precedence = 1\n", 1)
        .replacen("give_up_seconds = 600", "give_up_seconds = 0", 1)
        .replacen("source = \"omaolo\"", "source = \"omaola\"", 1)
        .replacen("server = \"maisa\"\n", "server = \"mimosa\"\n", 1)
        .replacen("server = \"kanta-phr\"\n", "server = \"apotti\"\n", 1)
        .replacen("group = \"helsinki\"\n# An export", "# An export", 1);
    let told = read(&text).expect_err("it is full of mistakes");
    for mistake in [
        "2 sources are the register (`people = \"register\"`); exactly one says who there is",
        "source `omaolo`: the register cannot be the residents' own word",
        "source `maisa`: no `[server.mimosa]` here",
        "source `kanta-phr`: server `apotti` understands the names of source `apotti`",
        "source `apotti`: `server` and `group` go together",
        "source `kanta-phr`: one of several, says no `precedence`",
        "source `kanta-phr`: `give_up_seconds = 0`: no time to pull anything",
        "source `maisa`: has the `precedence` of source `apotti`: 1",
        "server `omaolo` understands the names of source `omaola`, and `[source.omaola]` is not here",
    ] {
        assert!(told.contains(mistake), "{mistake}\n{told}");
    }
    let nobody = SOURCES.replacen("people = \"register\"", "people = \"linked\"", 1);
    let told = read(&nobody).expect_err("nobody says who there is");
    assert!(told.contains("0 sources are the register"), "{told}");
}

#[test]
fn what_does_not_go_together_is_named_all_at_once() {
    let cases: [(&str, &str, &str); 20] = [
        ("trial = true", "trail = true", "unknown field `trail`"),
        (
            "trial = true",
            "trial = false",
            "only a trial chooses the day it is",
        ),
        (
            "trial = true",
            "no_weekly_cap = true",
            "only a trial lifts the weekly cap of questionnaires",
        ),
        (
            "valid_until = 2025-12-31",
            "valid_until = 2024-12-31",
            "the legal basis ends before it begins",
        ),
        (
            "reference = \"trial without people\"",
            "reference = \" \"",
            "the legal basis has no reference",
        ),
        (
            "http://127.0.0.1:8090/fhir",
            "https://fhir.example.org/R4",
            "a trial talks to servers on this machine only",
        ),
        (
            "http://127.0.0.1:8090/fhir",
            "http://fhir.example.org/R4",
            "`base` must be https",
        ),
        (
            "http://127.0.0.1:8090/fhir",
            "http://127.0.0.1@fhir.example.org/",
            "`base` is not an http or https address",
        ),
        ("parallel = 4", "parallel = 0", "must be at least 1"),
        (
            "settle_seconds = 60",
            "settle_seconds = 20",
            "`settle_seconds` must be longer",
        ),
        (
            "[channel.laboratory]",
            "[channel.letters]",
            "no such kind of act",
        ),
        (
            "server = \"standin\"",
            "server = \"apotti\"",
            "no server is called `apotti`",
        ),
        (
            "way = \"service-request\"",
            "way = \"carrier-pigeon\"",
            "channel `laboratory`: there is no way `carrier-pigeon`; known: service-request, task, communication",
        ),
        (
            "way = \"service-request\"",
            "way = \"task\"",
            "channel `laboratory`: acts of this kind do not leave by `task`, but by service-request, communication",
        ),
        (
            "way = \"service-request\"",
            "way = \"communication\"",
            "channel `laboratory`: `laboratory` goes to professionals as Communication, and nobody is named who takes it",
        ),
        (
            "[channel.message]\nway = \"declared\"",
            "[channel.message]\nway = \"task\"",
            "channel `message`: acts of this kind do not leave by `task`, but by communication, outreach or `declared`",
        ),
        (
            "[channel.message]\n",
            "[channel.message]\nto = [\"Group/all\"]\n",
            "channel `message`: it goes to the resident: there is no `to`",
        ),
        (
            "to = [\"PractitionerRole/prevention-nurses\"]",
            "to = [\"nurses\"]",
            "channel `professional`: `to` is `Type/id` or `system|value`, each",
        ),
        (
            "language = \"fi\"",
            "language = \"de\"",
            "channel `professional`: `language` is none in which there are texts",
        ),
        (
            "[channel.questionnaire]\nway = \"declared\"\nserver = \"standin\"",
            "[channel.questionnaire]\nway = \"declared\"\nserver = \"nowhere\"",
            "channel `questionnaire`: no server is called `nowhere`",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(EXAMPLE.contains(from), "{from}");
        let said = read(&EXAMPLE.replacen(from, to, 1)).expect_err("it does not fit");
        assert!(said.contains(expected), "{from} -> {to}: {said}");
    }
    let both = EXAMPLE
        .replace("parallel = 4", "parallel = 0")
        .replace("valid_until = 2025-12-31", "valid_until = 2024-12-31");
    let said = read(&both).expect_err("two mistakes");
    assert!(
        said.contains("ends before it begins") && said.contains("at least 1"),
        "{said}"
    );
}

/// The example with a lot in force, changed.
fn with_a_lot(stratum: &str) -> Result<Config, String> {
    let lot = "[sampled_negatives]\nshare = 0.02\napproved_by = \"Medical lead\"\n";
    read(&format!("{EXAMPLE}\n{lot}{stratum}"))
}

#[test]
fn strata_of_the_lot_are_read_and_their_mistakes_named() {
    let stratum = "[[sampled_negatives.stratum]]\nid = \"near\"\n";
    let config = with_a_lot(&format!(
        "{stratum}sex = \"female\"\nscore_from = 9\nshare = 0.05\n"
    ));
    let lot = config.expect("sound").sampled_negatives.expect("a lot");
    assert_eq!(lot.strata.len(), 1);
    assert_eq!(lot.strata[0].inclusion.billionths(), 50_000_000);
    for (more, expected) in [
        (
            "share = 0.05\n",
            "stratum `near` is everybody: that is `share`",
        ),
        (
            "age_from = 50\nshare = 0\n",
            "the `share` of stratum `near` is above 0 and at most 1",
        ),
        (
            "age_from = 50\nage_below = 50\nshare = 0.1\n",
            "stratum `near` ends before it begins",
        ),
        (
            "score_from = 9\nscore_below = 8\nshare = 0.1\n",
            "stratum `near` ends before it begins",
        ),
    ] {
        let told = with_a_lot(&format!("{stratum}{more}")).expect_err(expected);
        assert!(told.contains(expected), "{told}");
    }
    let twice = format!("{stratum}age_from = 50\nshare = 0.1\n");
    let told = with_a_lot(&format!("{twice}{twice}")).expect_err("twice");
    assert!(told.contains("stratum `near` is there twice"), "{told}");
}

#[test]
fn a_laboratory_belongs_to_its_channel_and_must_be_known_to_the_rules() {
    let rules = preventiojyraa::rules::shipped().expect("the shipped rules hold");
    let day = jiff::civil::date(2025, 2, 1);
    let known = read(EXAMPLE).expect("sound");
    known
        .allows_effects(&rules, None, None, day)
        .expect("HUSLAB is known");
    let other = read(&EXAMPLE.replace("\"huslab\"", "\"elsewhere\"")).expect("sound by itself");
    let told = other
        .allows_effects(&rules, None, None, day)
        .expect_err("nobody knows it");
    assert!(
        told.to_string()
            .contains("`elsewhere`, which the rules do not know"),
        "{told}"
    );
    let wrong = EXAMPLE.replace(
        "[channel.message]",
        "[channel.message]\nlaboratory = \"huslab\"",
    );
    let told = read(&wrong).expect_err("messages go to no laboratory");
    assert!(
        told.contains("`laboratory` belongs to the channel of laboratory orders"),
        "{told}"
    );
}

#[test]
fn a_lake_is_a_bucket_or_a_folder_and_its_key_is_no_secret() {
    let lake = |lines: &str| {
        let read = read(&format!("{EXAMPLE}\n[lake]\n{lines}\n"));
        read.map(|config| config.lake.expect("a lake"))
    };
    let here = "endpoint = \"http://127.0.0.1:9000\"";
    let place = lake(&format!("at = \"s3://lakes/a/b/\"\n{here}")).expect("a bucket");
    assert_eq!(place.bucket(), Some(("lakes", "a/b")));
    assert_eq!(place.give_up_seconds, 60);
    let key = "access_key_id = \"a\"\nsecret_key_file = \"key\"";
    let place = lake(&format!("at = \"s3://lakes\"\n{here}\n{key}")).expect("a bucket");
    let file = place.secret_key_file.expect("a file");
    assert!(file.is_absolute() && file.ends_with("key"));
    assert_eq!(lake("at = \"/srv/lake\"").expect("a folder").bucket(), None);

    for (lines, expected) in [
        (
            "at = \"\"",
            "`at` is `s3://BUCKET/PREFIX` or the path of a folder",
        ),
        (
            "at = \"gs://lakes\"",
            "`at` is `s3://BUCKET/PREFIX` or the path of a folder",
        ),
        (
            "at = \"s3:///x\"\nendpoint = \"http://[::1]:9\"",
            "`at` names no bucket",
        ),
        (
            "at = \"/srv/lake\"\nregion = \"x\"",
            "a folder has no endpoint, region and key",
        ),
        (
            "at = \"s3://lakes\"",
            "a trial keeps its lake on this machine",
        ),
        (
            "at = \"s3://lakes\"\nendpoint = \"http://objects.example.org\"",
            "`endpoint` must be https",
        ),
        (
            "at = \"s3://lakes\"\nendpoint = \"https://objects.example.org\"",
            "a trial keeps its lake on this machine",
        ),
        (
            "at = \"s3://lakes\"\nendpoint = \"objects\"",
            "`endpoint` is not an http or https address",
        ),
        (
            "at = \"s3://lakes\"\nendpoint = \"http://localhost\"\naccess_key_id = \"a\"",
            "`access_key_id` and `secret_key_file` belong together",
        ),
        (
            "at = \"/srv/lake\"\ngive_up_seconds = 0",
            "`give_up_seconds` is 1 to 3600",
        ),
        (
            "at = \"/srv/lake\"\nsecret = \"x\"",
            "unknown field `secret`",
        ),
    ] {
        let told = lake(lines).expect_err(expected);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn every_mistake_about_other_ways_and_the_scope_is_named_at_once() {
    let text = EXAMPLE
        .replace(
            "way = \"service-request\"\nserver = \"standin\"\n",
            "way = [\"hl7v2\", \"list\", \"hl7v2\"]\nserver = \"standin\"\nsource = \"export\"\n",
        )
        .replace(
            "[channel.questionnaire]\nway = \"declared\"\nserver = \"standin\"",
            r#"[channel.laboratory.list]
folder = "out"
kept = "/nowhere/kept"
signing_key = "/nowhere/key.pem"
rows = 0
look_seconds = 1

[channel.laboratory.hl7v2]
listener = "laboratory.example.org:2575"
kept = "/nowhere/kept"
sending_application = "PREVENTIO|LAB"
sending_facility = ""
receiving_application = "A NAME WITH SPACES AND FAR TOO LONG"
receiving_facility = "HUS"
patient_authority = "APOTTI"

[channel.questionnaire]
way = "declared"

[scope]
districts = [""]
age_from = 75
age_below = 45"#,
        );
    let said = read(&text).expect_err("nothing of it fits");
    for expected in [
        "channel `laboratory`: `way` names `hl7v2` twice",
        "channel `laboratory`: `source` is the server's",
        "channel `laboratory`: list: `out` is not a whole path",
        "channel `laboratory`: list: there is no folder `/nowhere/kept`",
        "channel `laboratory`: list: `signing_key`: cannot read",
        "channel `laboratory`: list: `rows` is 1 to 100000",
        "channel `laboratory`: list: `look_seconds` must be at least 3",
        "channel `laboratory`: hl7v2: a trial talks to this machine only",
        "channel `laboratory`: hl7v2: `kept` and `acknowledged` belong to `folder`",
        "channel `laboratory`: hl7v2: `sending_application` is 1 to 20 characters",
        "channel `laboratory`: hl7v2: `sending_facility` is 1 to 20 characters",
        "channel `laboratory`: hl7v2: `receiving_application` is 1 to 20 characters",
        "channel `questionnaire`: `server` is missing",
        "channel `questionnaire`: `source` is missing",
        "scope: a district has no name",
        "scope: `age_below` is not above `age_from`",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    for nobody in ["", "districts = []\n"] {
        let said = read(&format!("{EXAMPLE}\n[scope]\n{nobody}")).expect_err("it names nothing");
        let expected = "scope: it names neither districts nor ages";
        assert!(said.contains(expected), "{nobody}: {said}");
    }
    let unnamed = EXAMPLE.replace("way = \"service-request\"", "way = [\"list\", \"hl7v2\"]");
    let said = read(&unnamed).expect_err("nobody says where they go");
    for table in ["list", "hl7v2"] {
        let expected = format!("`way` names `{table}`, and `[channel.….{table}]` is missing");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn every_limit_of_alarms_is_in_the_example_with_its_default() {
    let source = include_str!("../../src/config/alarms.rs");
    let fields = source
        .lines()
        .skip_while(|line| !line.contains("struct RawAlarms"));
    let fields = fields.skip(1).take_while(|line| *line != "}");
    let fields: Vec<&str> = fields
        .filter_map(|line| Some(line.trim().split_once(':')?.0))
        .collect();
    assert_eq!(fields.len(), 19);
    for field in fields {
        let is_there = ["\n", "\n# "].map(|begin| EXAMPLE.contains(&format!("{begin}{field} = ")));
        assert!(is_there.contains(&true), "`{field}` is not in the example");
    }
    let config = read(EXAMPLE).expect("the example is sound");
    assert_eq!(config.alarms, AlarmLimits::default());
}

#[test]
fn mistakes_in_limits_of_alarms_are_named_all_at_once() {
    let text = EXAMPLE
        .replacen(
            "false_alarms_per_month = 0.5",
            "false_alarms_per_month = 0",
            1,
        )
        .replacen("silence_from_days = 2", "silence_from_days = 0", 1)
        .replacen("look_back_days = 60", "look_back_days = 19", 1)
        .replacen(
            "# flagged = { from = 50, to = 5000 }",
            "flagged = { from = 2, to = 1 }",
            1,
        )
        .replacen(
            "# ended = [\"results/laboratory/oldlab\"",
            "ended = [\"oldlab\"",
            1,
        );
    let told = read(&text).expect_err("it is full of mistakes");
    for mistake in [
        "alarms: `false_alarms_per_month` is above 0 and at most 30",
        "alarms: `silence_from_days` is 1 working day or more",
        "alarms: `look_back_days` is 20 to 260 working days",
        "alarms: `flagged` ends before it begins",
        "alarms: `ended` names `oldlab`; a stream is called as `results/district/091 101`",
    ] {
        assert!(told.contains(mistake), "{mistake}\n{told}");
    }
    let text = EXAMPLE.replacen("silence_until_days = 20", "silence_until_days = 1", 1);
    let told = read(&text).expect_err("it ends before it begins");
    assert!(
        told.contains("`silence_until_days` is below `silence_from_days`"),
        "{told}"
    );
    let text = EXAMPLE.replacen("late_tasks = 0", "late_task = 0", 1);
    let told = read(&text).expect_err("nobody knows the key");
    assert!(told.contains("unknown field `late_task`"), "{told}");
}
