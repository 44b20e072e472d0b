//! Effects on people start by rules that somebody stands for, and by no others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::acting::{Clinic, at_risk, until};
use crate::support::rules::{Rules, key, signer};
use crate::support::site::{Said, count, preventio};
use crate::support::snapshots::reads;
use crate::support::world::World;

const LEAD: &str = "Maija Meikäläinen";
const TRIAL: &str = "trial = true\ntoday = 2025-11-01";
const UNTIL: &str = "valid_until = 2025-12-31";
/// From long ago until long after.
const ALWAYS: (&str, &str) = ("2020-01-01", "2999-12-31");

/// A clinic outside a trial, with rules of its own and a lead who may sign them.
struct Office {
    clinic: Clinic,
    rules: Rules,
    key: PathBuf,
    public: String,
}

impl Office {
    fn opens() -> Self {
        let mut world = World::new();
        let names = ["aino", "bertta", "cecilia"];
        for name in names {
            at_risk(&mut world, name);
        }
        let identity = world.site.beside("identity.key");
        fs::write(&identity, "5a".repeat(32)).expect("a key can be written");
        let identity = identity.display().to_string();
        world
            .site
            .pulls(&world.export(), &["--identity-key", &identity]);
        let clinic = Clinic::pulled(world, &names);
        let rules = Rules::at(clinic.site().beside("rules"));
        rules.are_in_force(ALWAYS.0, ALWAYS.1);
        let place = clinic.site().beside("lead.pem");
        let office = Self {
            public: key(&place),
            key: place,
            clinic,
            rules,
        };
        office.signers(&signer(LEAD, &office.public, ALWAYS.0, ALWAYS.1));
        office
    }

    /// The configuration with a file of signers.
    fn signers(&self, text: &str) {
        let file = self.clinic.site().beside("signers.toml");
        fs::write(file, text).expect("a file can be written");
        self.configured("\n[rules]\nsigners = \"signers.toml\"\n");
    }

    fn configured(&self, rules: &str) {
        self.clinic.configured(&[
            (TRIAL, "trial = false"),
            (UNTIL, &format!("valid_until = 2999-12-31\n{rules}")),
        ]);
    }

    fn signs(&self) {
        self.rules.signed(&self.key, LEAD).ends_well();
    }

    fn does(&self, words: &[&str]) -> Said {
        let rules = self.rules.name();
        self.clinic.does(&[words, &["--rules", &rules]].concat())
    }

    fn verifies(&self) -> Said {
        let (rules, config) = (self.rules.name(), self.clinic.config());
        let config = config.display().to_string();
        preventio(&["rules", "verify", "--rules", &rules, "--config", &config])
    }

    /// What a run that acts and a dispatcher are told, without this machine's paths and days.
    #[track_caller]
    fn refusal(&self) -> String {
        let folder = self.clinic.site().beside("x");
        let folder = folder.parent().expect("a folder").display().to_string();
        let told = |words: &[&str]| {
            let said = self.does(words);
            assert_eq!(said.out, "", "nothing is data");
            said.ends_with(1).replace(&folder, "<folder>")
        };
        let of_run = told(&["run", "--act"]);
        assert_eq!(told(&["dispatch", "--once"]), of_run);
        let today = jiff::Zoned::now()
            .with_time_zone(jiff::tz::TimeZone::get("Europe/Helsinki").expect("a zone"));
        of_run.replace(&today.date().to_string(), "<today>")
    }
}

/// The head of a file of facts, and one fact that is in no other.
fn more_facts(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a rule file");
    let head = text.split("[[fact]]").next().unwrap_or_default();
    format!(
        "{head}[[fact]]\nid = \"more\"\nname = \"more\"\nkind = \"condition\"\nlook_back = \"ever\"\ncodes = [{{ system = \"icd-10\", code = \"Q99.9\" }}]\n"
    )
}

#[test]
fn effects_run_by_signed_rules_and_say_why_by_no_others() {
    let office = Office::opens();
    let rules = &office.rules;
    let mut all = String::new();
    let mut refused = |what: &str, office: &Office| {
        all.push_str(&format!("# {what}\n{}\n", office.refusal()));
    };
    refused("nobody has signed", &office);

    office.signs();
    office.configured("");
    refused("the configuration names no signers", &office);

    office.signers(&signer("Olli Ohjaaja", &office.public, ALWAYS.0, ALWAYS.1));
    refused("somebody signed who may not", &office);

    office.signers(&signer(LEAD, &office.public, "2020-01-01", "2020-12-31"));
    refused("signed after the end of office", &office);

    office.signers(&signer(LEAD, &office.public, "2998-01-01", "2999-12-31"));
    refused("signed before the beginning of office", &office);

    let entry = signer(LEAD, &office.public, ALWAYS.0, ALWAYS.1);
    office.signers(&format!(
        "{entry}revoked = 2026-02-01\nwhy = \"the key was on a lost stick\"\n"
    ));
    refused("the key was revoked", &office);

    office.signers(&entry);
    let other = office.clinic.site().beside("other.pem");
    key(&other);
    rules.signed(&other, LEAD).ends_well();
    refused("signed with another key in the lead's name", &office);

    office.signs();
    rules.says("texts/type-2-diabetes/sv.toml", &[("Staden", "staden")]);
    refused("one byte of a text was changed since", &office);
    rules.says("texts/type-2-diabetes/sv.toml", &[("staden", "Staden")]);

    // What the programme does not name is no part of what was signed.
    let copy = |from: &str, to: &str, changes: [&str; 2]| {
        let text = fs::read_to_string(rules.folder.join(from)).expect("a rule file");
        let to = rules.folder.join(to);
        fs::write(&to, text.replacen(changes[0], changes[1], 1)).expect("written");
        to
    };
    let ids = ["id = \"findrisc-form\"", "id = \"more\""];
    let beside = copy(
        "calibrations/findrisc-form.toml",
        "calibrations/more.toml",
        ids,
    );
    office.verifies().ends_well();
    fs::remove_file(beside).expect("removed");
    let ids = ["id = \"diagnoses\"", "id = \"more\""];
    let extra = copy("facts/diagnoses.toml", "facts/more.toml", ids);
    fs::write(&extra, more_facts(&extra)).expect("written");
    let said = office.verifies().ends_with(1);
    assert!(said.contains("different since: facts/more.toml"), "{said}");
    fs::remove_file(extra).expect("removed");

    office.rules.says(
        rules.programme(),
        &[("until = 2999-12-31", "until = 2020-12-31")],
    );
    office.signs();
    refused("signed, and not in force any more", &office);

    office.rules.says(
        rules.programme(),
        &[
            ("until = 2020-12-31", "until = 2999-12-31"),
            ("from = 2020-01-01", "from = 2998-01-01"),
        ],
    );
    office.signs();
    refused("signed, and not in force yet", &office);

    rules.says(
        rules.programme(),
        &[("status = \"in-force\"", "status = \"draft\"")],
    );
    office.signs();
    refused("signed, and a draft all the same", &office);
    reads("refusals-of-rules-that-nobody-stands-for", &all);

    rules.says(
        rules.programme(),
        &[
            ("status = \"draft\"", "status = \"in-force\""),
            ("from = 2998-01-01", "from = 2020-01-01"),
        ],
    );
    office.signs();
    assert_eq!(office.clinic.n_at_server(), 0);
    let said = office.does(&["run", "--act", "--json"]).ends_well();
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(count(&report["act"]["planned"]), 6);
    office.does(&["dispatch", "--once"]).ends_well();
    assert_eq!(office.clinic.n_at_server(), 6);
    office.clinic.site().is_whole();
}

#[test]
fn one_changed_byte_of_the_signature_or_of_what_was_signed_is_found() {
    let office = Office::opens();
    office.signs();
    let folder = office.rules.folder.join("signatures");
    let files = fs::read_dir(&folder).expect("signatures");
    let files: Vec<PathBuf> = files.map(|entry| entry.expect("a file").path()).collect();
    assert_eq!(files.len(), 2);
    office.verifies().ends_well();
    for path in files {
        let bytes = fs::read(&path).expect("a signature");
        for at in (0..bytes.len()).step_by(bytes.len() / 20) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).expect("written");
            office.verifies().ends_with(1);
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).expect("written");
        office.verifies().ends_with(1);
        fs::write(&path, bytes).expect("written");
    }
    office.verifies().ends_well();
}

#[test]
fn openssl_makes_a_key_that_signs_and_proves_a_signature_of_ours() {
    let office = Office::opens();
    let site = office.clinic.site();
    let private = site.beside("openssl.pem");
    let openssl = |words: &[&str]| {
        let said = Command::new("openssl").args(words).output();
        said.expect("openssl starts")
    };
    let place = private.display().to_string();
    let made = openssl(&["genpkey", "-algorithm", "ed25519", "-out", &place]);
    assert!(made.status.success(), "openssl makes a key");
    let public = openssl(&["pkey", "-in", &place, "-pubout"]).stdout;
    let public = String::from_utf8(public).expect("PEM");
    office.signers(&signer(LEAD, &public, ALWAYS.0, ALWAYS.1));
    office.rules.signed(&private, LEAD).ends_well();
    office.verifies().ends_well();
    let file = site.beside("public.pem");
    fs::write(&file, public).expect("written");
    let below = office.rules.folder.join("signatures/type-2-diabetes");
    let part = |end: &str| below.with_extension(end).display().to_string();
    let (file, manifest, signature) = (file.display().to_string(), part("manifest"), part("sig"));
    let proven = openssl(&[
        "pkeyutl", "-verify", "-pubin", "-inkey", &file, "-rawin", "-in", &manifest, "-sigfile",
        &signature,
    ]);
    assert!(
        proven.status.success(),
        "{}",
        String::from_utf8_lossy(&proven.stdout)
    );
}

#[test]
fn a_key_file_is_for_its_owner_and_is_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::opens();
    let mode = fs::metadata(&office.key)
        .expect("a key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let place = office.key.display().to_string();
    let said = preventio(&["rules", "keygen", "--out", &place]);
    assert!(said.ends_with(1).contains("cannot create"));
    let said = office
        .rules
        .signed(&office.clinic.site().beside("signers.toml"), LEAD);
    assert!(said.ends_with(1).contains("holds no private Ed25519 key"));
    let said = office.rules.signed(&office.key, " ");
    assert!(said.ends_with(1).contains("`--signer` is empty"));
}

#[test]
fn signers_that_do_not_hold_together_are_told_all_at_once() {
    let office = Office::opens();
    let good = signer(LEAD, &office.public, ALWAYS.0, ALWAYS.1);
    let text = [
        good.clone(),
        good.clone(),
        signer("Kaisa", "no key", ALWAYS.0, ALWAYS.1),
        signer("Olli", &office.public, "2027-01-01", "2026-01-01"),
        signer(" ", &office.public, ALWAYS.0, ALWAYS.1),
        signer("Pekka", &office.public, ALWAYS.0, ALWAYS.1) + "revoked = 2026-01-01\n",
    ];
    office.signers(&text.concat());
    insta::assert_snapshot!(office.refusal(), @"error: the configuration `<folder>/preventio.toml` cannot be used: the signers `<folder>/signers.toml` name `Maija Meikäläinen` twice; the signers `<folder>/signers.toml`: signer `Kaisa`: `public_key` is no Ed25519 key in PEM form (`openssl pkey -pubout`); the signers `<folder>/signers.toml`: signer `Olli`: `until` is before `from`; the signers `<folder>/signers.toml`: signer ``: `name` is empty; the signers `<folder>/signers.toml`: signer `Pekka`: `revoked` needs `why`");
}

#[test]
fn rules_in_force_say_for_how_long() {
    let office = Office::opens();
    let period = "[in_force]\nfrom = 2020-01-01\nuntil = 2999-12-31\n";
    office.rules.says(office.rules.programme(), &[(period, "")]);
    let said = office.verifies().ends_with(4);
    assert!(said.contains("programme-without-period"), "{said}");
    let empty = "[in_force]\nfrom = 2020-01-02\nuntil = 2020-01-01\n[source]";
    office
        .rules
        .says(office.rules.programme(), &[("[source]", empty)]);
    let said = office.verifies().ends_with(4);
    assert!(said.contains("period-empty"), "{said}");
}

#[test]
fn a_key_revoked_while_a_dispatcher_runs_ends_its_sending() {
    let office = Office::opens();
    office.signs();
    office.does(&["run", "--act"]).ends_well();
    let entry = signer(LEAD, &office.public, ALWAYS.0, ALWAYS.1);
    for signers in [
        format!("{entry}revoked = 2026-02-01\nwhy = \"the key was on a lost stick\"\n"),
        "no signers".to_owned(),
    ] {
        office.signers(&entry);
        let stop = [
            "effects",
            "stop",
            "--by",
            "Olli Ohjaaja",
            "--reason",
            "a look",
        ];
        office.clinic.site().does(&stop).ends_well();
        let rules = office.rules.name();
        let words = ["dispatch", "--for", "6s", "--rules", &rules];
        let mut dispatcher = office.clinic.starts(&words);
        // It opens its first connection when it has read the signers and may start.
        let open = format!("/proc/{}/fd", dispatcher.0.id());
        until("the dispatcher has begun", || {
            let open = fs::read_dir(&open).into_iter().flatten().flatten();
            let mut to = open.filter_map(|file| fs::read_link(file.path()).ok());
            to.any(|to| to.to_string_lossy().starts_with("socket:"))
        });
        office.signers(&signers);
        let resume = ["effects", "resume", "--by", "Olli Ohjaaja"];
        office.clinic.site().does(&resume).ends_well();
        assert!(dispatcher.0.wait().expect("a child ends").success());
        assert_eq!(office.clinic.n_at_server(), 0, "{signers}");
    }
    office.signers(&entry);
    office.does(&["dispatch", "--once"]).ends_well();
    assert!(0 < office.clinic.n_at_server(), "the key is trusted again");
}

#[test]
fn who_acts_on_nobody_needs_no_signature() {
    let office = Office::opens();
    office.signs();
    for end in ["sig", "manifest"] {
        let place = office
            .rules
            .folder
            .join(format!("signatures/type-2-diabetes.{end}"));
        fs::remove_file(&place).expect("a file");
        fs::create_dir(&place).expect("what is no file");
        let rules = office.rules.name();
        let words = ["run", "--rules", &rules];
        office.clinic.site().does(&words).ends_well();
        assert!(
            office.refusal().contains("no ordinary file")
                || office.refusal().contains("cannot read")
        );
        fs::remove_dir(&place).expect("gone");
        office.signs();
    }
}
