//! A recalibration is proposed, tried, signed by two, put in force for a share and then for all, and taken
//! back; none that fails or cannot be judged gets that far.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use preventiojyraa::lake::DecisionRow;
use preventiojyraa::profile::ResidentId;
use rusqlite::Connection;
use serde_json::Value;

use crate::support::earlier_ledgers::back_to;
use crate::support::rules::{Rules, key, signer};
use crate::support::site::{Dice, Said, Site, count, text};
use crate::support::snapshots::reads;
use crate::support::world::{HIGHEST, LOWEST, World};

const LEAD: &str = "Maija Meikäläinen";
const OTHER: &str = "Olli Ohjaaja";
/// From long ago until long after.
const ALWAYS: (&str, &str) = ("2020-01-01", "2999-12-31");
/// The first day on which every horizon is over.
const OVER: &str = "2025-07-01";

/// Points of the portal's questions, in the order of [`LOWEST`], and what age, body-mass index and waist give.
const POINTS: [i32; 5] = [2, 1, 2, 5, 5];
const KNOWN: i32 = 11;

/// What became of outcomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcomes {
    /// Log odds are 0.6 above what the calibration promises.
    More,
    /// The same, and of the two newest months nobody has sent diagnoses yet.
    Late,
}

/// A programme whose first decisions are spread over half a year, and two people who may sign.
struct Programme {
    world: World,
    outcomes: Outcomes,
}

impl Programme {
    fn of(n: usize, outcomes: Outcomes) -> Self {
        let mut programme = Self {
            world: World::new(),
            outcomes,
        };
        let mut dice = Dice::new(11);
        for at in 0..n {
            programme.decided_about_in(1 + at % 6, &format!("resident-{at:04}"), at / 6, &mut dice);
        }
        programme.world.pulls();
        for month in 1..=6 {
            programme.world.runs_as_of(&format!("2024-0{month}-11"));
        }
        let site = &programme.world.site;
        let [one, two] = ["lead.pem", "other.pem"].map(|name| key(&site.beside(name)));
        programme.signers(&[(LEAD, &one), (OTHER, &two)]);
        programme.today(OVER);
        programme
    }

    /// Somebody who answers in a month, with the answers of a pattern: a bit a question.
    fn decided_about_in(&mut self, month: usize, name: &str, n: usize, dice: &mut Dice) {
        let pattern = 1 + n % 31;
        let is_high = |at: usize| (pattern >> at) & 1 == 1;
        let answers: Vec<(&str, &str)> = (0..5)
            .map(|at| if is_high(at) { HIGHEST[at] } else { LOWEST[at] })
            .collect();
        let answered = format!("2024-0{month}-10");
        let someone = self.world.resident(name).woman_born("1950-06-06");
        someone
            .bmi(33.0, &answered)
            .waist(101.0, &answered)
            .answers(&answers, &answered);
        // One in four does not come.
        if dice.below(4) == 0 {
            return;
        }
        let points: i32 = (0..5).filter(|at| is_high(*at)).map(|at| POINTS[at]).sum();
        let log_odds = -5.2575 + 0.187_96 * f64::from(KNOWN + points) + 0.6;
        let p = 1.0 / (1.0 + (-log_odds).exp());
        let has_it = (dice.below(1_000_000) as f64) < p * 1e6;
        let tested = format!("2024-0{}-20", month + 1);
        let someone = self.world.resident(name);
        if !has_it {
            someone.fasting_glucose(5.4, &tested).hba1c(38.0, &tested);
            return;
        }
        someone.fasting_glucose(8.1, &tested).hba1c(55.0, &tested);
        if self.outcomes == Outcomes::More || month < 5 {
            let diagnosed = format!("2024-0{}-20", month + 2);
            self.world.resident(name).diagnosed("E11.9", &diagnosed);
        }
    }

    fn site(&self) -> &Site {
        &self.world.site
    }

    fn config(&self) -> PathBuf {
        self.site().beside("preventio.toml")
    }

    fn today(&self, today: &str) {
        let text = format!(
            "[site]\ntrial = true\ntoday = {today}\n\n[rules]\nsigners = \"signers.toml\"\n\n[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2024-01-01\nvalid_until = 2026-12-31\n"
        );
        fs::write(self.config(), text).expect("a configuration can be written");
    }

    fn signers(&self, signers: &[(&str, &str)]) {
        let entries = signers.iter();
        let entries = entries.map(|(name, public)| signer(name, public, ALWAYS.0, ALWAYS.1));
        let text: String = entries.collect();
        fs::write(self.site().beside("signers.toml"), text).expect("a file can be written");
    }

    /// `preventio model`, with the configuration.
    fn model(&self, words: &[&str]) -> Said {
        let config = self.config().display().to_string();
        let words = [&["model"], words, &["--config", &config]].concat();
        self.site().does(&words)
    }

    fn signs(&self, id: &str, name: &str, key: &str) -> Said {
        let key = self.site().beside(key).display().to_string();
        self.model(&["sign", id, "--key", &key, "--signer", name])
    }

    #[track_caller]
    fn is_signed_by_both(&self, id: &str) {
        self.signs(id, LEAD, "lead.pem").ends_well();
        self.signs(id, OTHER, "other.pem").ends_well();
    }

    fn promotes(&self, id: &str, share: &str) -> Said {
        self.model(&["promote", id, "--share", share, "--by", LEAD])
    }

    #[track_caller]
    fn is_refused(&self, said: Said, why: &str) {
        assert_eq!(said.out, "", "nothing is data");
        let told = said.ends_with(1);
        assert!(told.contains(why), "{told}");
    }

    /// What decides, as the list says.
    #[track_caller]
    fn listed(&self) -> Value {
        let said = self.site().does(&["model", "list", "--json"]).ends_well();
        serde_json::from_str(&said).expect("the list is JSON")
    }

    fn standing(&self) -> String {
        text(&self.listed()["proposals"][0]["standing"])
    }
}

/// Residents whose probability is another at the same score.
fn moved(
    before: &BTreeMap<ResidentId, DecisionRow>,
    after: &BTreeMap<ResidentId, DecisionRow>,
) -> Vec<ResidentId> {
    let differs = |old: &&DecisionRow| {
        let new = &after[&old.resident];
        assert_eq!((&old.state, old.score), (&new.state, new.score));
        old.probability != new.probability
    };
    before
        .values()
        .filter(differs)
        .map(|row| row.resident)
        .collect()
}

fn ledger(site: &Site) -> Connection {
    Connection::open(site.data().join("ledger.sqlite")).expect("a ledger")
}

#[test]
fn a_recalibration_goes_from_proposal_to_all_and_back() {
    let programme = Programme::of(2_400, Outcomes::More);
    let site = programme.site();
    let before = programme.world.runs_as_of(OVER);
    let decisions = site.decisions();
    programme.is_refused(
        programme.promotes("1", "0.3"),
        "no recalibration has the number 1",
    );

    // Proposed from the older decisions.
    let proposed = programme.model(&["propose"]).ends_well();
    assert!(
        proposed.contains("Recalibration 1 is proposed."),
        "{proposed}"
    );
    assert!(proposed.contains("Decisions until 2024-"), "{proposed}");
    assert_eq!(programme.standing(), "proposed");
    programme.is_refused(programme.signs("1", LEAD, "lead.pem"), "was not tried");

    // Tried beside the one in force: nothing that it decides is stored.
    let tried = programme.model(&["shadow", "1"]).ends_well();
    reads("model-shadow", &without_hashes(&tried));
    assert!(site.decisions() == decisions);
    programme.is_refused(
        programme.promotes("1", "0.3"),
        "is signed by 0 of two people",
    );

    // Signed by two people with two keys, and not by one under two names.
    let signed = programme.signs("1", LEAD, "lead.pem").ends_well();
    reads("model-manifest", &without_hashes(&signed));
    programme.is_refused(
        programme.promotes("1", "0.3"),
        "is signed by 1 of two people",
    );
    programme.is_refused(
        programme.signs("1", "Nobody", "lead.pem"),
        "is not among the signers",
    );
    programme.is_refused(
        programme.signs("1", OTHER, "lead.pem"),
        "was not made with the key of Olli Ohjaaja",
    );
    let lead = public(&programme, "lead.pem");
    let other = public(&programme, "other.pem");
    programme.signers(&[(LEAD, &lead), (OTHER, &other), ("Maija M.", &lead)]);
    programme.signs("1", "Maija M.", "lead.pem").ends_well();
    programme.is_refused(
        programme.promotes("1", "0.3"),
        "is signed by 1 of two people",
    );
    programme.signs("1", OTHER, "other.pem").ends_well();

    // A share first.
    programme.is_refused(programme.promotes("1", "1"), "for 28 days");
    let said = programme.promotes("1", "0.3").ends_well();
    assert_eq!(
        said,
        "Recalibration 1 decides about 30 % of the residents from the next run on.\n"
    );
    let shared = programme.world.runs_as_of(OVER);
    assert_ne!(shared["decisions_hash"], before["decisions_hash"]);
    let within = count(&shared["shared_model"]["residents"]);
    // Binomial with n = 2,400 and p = 0.3: 720 with a standard deviation of 22.4; five of them.
    assert!((608..=832).contains(&within), "{within}");
    let in_share = moved(&decisions, &site.decisions());
    assert!(200 < in_share.len() && in_share.len() as u64 <= within);
    let explain = |who: ResidentId| site.does(&["explain", &who.to_string()]).ends_well();
    let outside = decisions
        .values()
        .find(|row| row.probability.is_some() && !in_share.contains(&row.resident));
    let outside = outside.expect("seven in ten are outside").resident;
    // Who is known to have it is told no probability.
    let is_told = |who: &&ResidentId| decisions[*who].state != "known-disease";
    let told = explain(*in_share.iter().find(is_told).expect("not all have it"));
    let by_whom = "recalibration 1 promoted by Maija Meikäläinen";
    assert!(told.contains(by_whom), "{told}");
    assert!(told.contains("This is what run 8 decided."), "{told}");
    assert!(!explain(outside).contains("recalibration 1"));
    assert!(explain(outside).contains("This is what run 8 decided."));
    assert_eq!(programme.standing(), "in force for 30 %");

    // In for good; a larger share keeps everybody of the smaller one, and none becomes smaller.
    programme.is_refused(programme.promotes("1", "0.2"), "a larger share already");
    programme.promotes("1", "0.5").ends_well();
    programme.world.runs_as_of(OVER);
    let in_larger = moved(&decisions, &site.decisions());
    assert!(in_share.iter().all(|who| in_larger.contains(who)));
    assert!(in_share.len() < in_larger.len());

    // Then all, when a share was decided about for four weeks.
    programme.today("2025-07-28");
    programme.is_refused(programme.promotes("1", "1"), "for 28 days");
    programme.today("2025-07-29");
    programme.promotes("1", "1").ends_well();
    let all = programme.world.runs_as_of(OVER);
    assert!(text(&all["rulebook"]["calibration"]).contains("recalibration 1 promoted by"));
    assert!(in_larger.len() < moved(&decisions, &site.decisions()).len());
    assert_eq!(programme.standing(), "in force for all");
    programme.is_refused(programme.promotes("1", "1"), "in force for all already");

    // Every run is decided again by the models it had.
    let replayed = site.does(&["replay", "--all"]).ends_well();
    assert!(
        replayed.contains("about 30 % of the residents by recalibration 1"),
        "{replayed}"
    );
    assert_eq!(replayed.matches("identical").count(), 10, "{replayed}");

    // Taken back: the decisions of before, byte for byte; and never again.
    let rolled = [
        "model",
        "rollback",
        "--by",
        OTHER,
        "--reason",
        "a trial of the way back",
    ];
    site.does(&rolled).ends_well();
    let after = programme.world.runs_as_of(OVER);
    assert_eq!(after["decisions_hash"], before["decisions_hash"]);
    assert!(site.decisions() == decisions);
    programme.is_refused(programme.promotes("1", "0.3"), "was rolled back");
    programme.is_refused(site.does(&rolled), "no recalibration is in force");
    let shown = site.does(&["model", "show", "1"]).without_times();
    reads("model-show", &without_hashes(&shown));
    reads("model-list", &site.does(&["model", "list"]).ends_well());
    let audited = site.does(&["audit", "list"]).ends_well();
    for act in ["signed-model", "promoted-model", "rolled-back-model"] {
        assert!(audited.contains(act), "{act}");
    }
    let broken = site.does(&["audit", "verify"]).ends_well();
    assert!(!broken.is_empty());
    site.is_whole();
}

fn public(programme: &Programme, key: &str) -> String {
    let key = fs::read(programme.site().beside(key)).expect("a key");
    let path = programme.site().beside("copied.pem");
    fs::write(&path, key).expect("a copy");
    let key = preventiojyraa::approval::SigningKey::read(&path).expect("a key");
    key.public().to_pem()
}

/// What people read, without fingerprints and times.
fn without_hashes(text: &str) -> String {
    let is_hash = |word: &str| {
        let word = word.trim_end_matches(',');
        word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit())
    };
    let lines = text.lines().map(|line| {
        let words = line.split(' ');
        let words = words.map(|word| if is_hash(word) { "<hash>" } else { word });
        words.collect::<Vec<_>>().join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn a_proposal_that_newer_outcomes_contradict_is_signed_by_nobody() {
    let programme = Programme::of(2_400, Outcomes::Late);
    programme.model(&["propose"]).ends_well();
    let said = programme.model(&["shadow", "1"]);
    assert_eq!(said.code, Some(6), "{}{}", said.out, said.err);
    assert!(said.out.contains("over-time: failed"), "{}", said.out);
    assert!(said.out.contains("It is not promoted: a gate is shut."));
    let why = "has not passed its gates: held-out failed";
    programme.is_refused(programme.signs("1", LEAD, "lead.pem"), why);
    programme.is_refused(programme.promotes("1", "0.1"), why);
    assert!(programme.standing().contains("not every gate"));
}

/// Made from all decisions, or from too few: nothing newer says anything.
#[test]
fn what_cannot_be_judged_is_signed_by_nobody() {
    let programme = Programme::of(1_500, Outcomes::More);
    let config = programme.config().display().to_string();
    let learned = programme
        .site()
        .does(&["learn", "--config", &config])
        .ends_well();
    assert!(learned.contains("`preventio model shadow 1`"), "{learned}");
    let said = programme.model(&["shadow", "1"]);
    assert_eq!(said.code, Some(6), "{}{}", said.out, said.err);
    assert!(
        said.out
            .contains("evidence: not judgeable: insufficient evidence: 0"),
        "{}",
        said.out
    );
    programme.is_refused(
        programme.signs("1", LEAD, "lead.pem"),
        "has not passed its gates",
    );
    // All of one day: nobody is newer than anybody.
    let one_day = World::new();
    one_day.site.does(&["model", "list"]).ends_with(1);
}

#[test]
fn evidence_that_was_changed_or_is_of_other_rules_does_not_count() {
    let programme = Programme::of(2_400, Outcomes::More);
    programme.model(&["propose"]).ends_well();
    programme.model(&["shadow", "1"]).ends_well();
    programme.is_signed_by_both("1");
    let site = programme.site();
    // A rule is another, and the calibration is not: the gates were judged under other rules.
    let rules = Rules::at(site.beside("rules"));
    rules.says(
        "programmes/type-2-diabetes.toml",
        &[("days_with_a_share = 28", "days_with_a_share = 0")],
    );
    let other = rules.name();
    programme.is_refused(
        programme.model(&[
            "promote", "1", "--share", "0.1", "--by", LEAD, "--rules", &other,
        ]),
        "was tried with other rules than these",
    );
    let alters = |sql: &str| {
        ledger(site)
            .execute_batch(sql)
            .expect("the ledger can be altered")
    };
    // One digit of what was shown.
    alters(
        "DROP TRIGGER model_shadow_stays;
         UPDATE model_shadow SET report = replace(report, '\"register\":2400', '\"register\":2401');",
    );
    programme.is_refused(programme.promotes("1", "0.1"), "its fingerprint is another");
    alters("UPDATE model_shadow SET report = replace(report, '2401', '2400');");
    // One gate, with its fingerprint left as it was.
    alters("UPDATE model_shadow SET gates = replace(gates, 'bounds passed', 'bounds  passed');");
    programme.is_refused(programme.promotes("1", "0.1"), "was not made with the key");
    alters("UPDATE model_shadow SET gates = replace(gates, 'bounds  passed', 'bounds passed');");
    // The update itself.
    alters(
        "DROP TRIGGER recalibration_stays; UPDATE recalibration SET intercept = intercept + 0.001;",
    );
    programme.is_refused(programme.promotes("1", "0.1"), "was not made with the key");
    alters("UPDATE recalibration SET intercept = intercept - 0.001;");
    // The key of one of them was lost since.
    let [lead, other] = ["lead.pem", "other.pem"].map(|key| public(&programme, key));
    let revoked = signer(LEAD, &lead, ALWAYS.0, ALWAYS.1)
        + "revoked = 2025-06-01\nwhy = \"the key was on a lost stick\"\n";
    let text = revoked + &signer(OTHER, &other, ALWAYS.0, ALWAYS.1);
    fs::write(site.beside("signers.toml"), text).expect("a file can be written");
    programme.is_refused(programme.promotes("1", "0.1"), "was revoked");
}

#[test]
fn one_name_is_enough_in_a_trial_and_nowhere_else() {
    let programme = Programme::of(1_500, Outcomes::More);
    let config = programme.config().display().to_string();
    let site = programme.site();
    let accept = ["learn", "--config", &config, "--accept-as", LEAD];
    let trial = fs::read_to_string(programme.config()).expect("it is there");
    let real = trial.replacen("trial = true\ntoday = 2025-07-01", "trial = false", 1);
    fs::write(programme.config(), real).expect("a configuration can be written");
    programme.is_refused(site.does(&accept), "only in a trial does one name");
    fs::write(programme.config(), trial).expect("a configuration can be written");
    site.does(&accept).ends_well();
    assert_eq!(programme.standing(), "in force for all");
    let accepted = programme.world.runs_as_of(OVER);

    // What an earlier version of the program accepted is in force after it is replaced.
    back_to(16, &ledger(site));
    assert_eq!(programme.standing(), "in force for all");
    let again = programme.world.runs_as_of(OVER);
    assert_eq!(again["decisions_hash"], accepted["decisions_hash"]);
    assert!(text(&again["rulebook"]["calibration"]).contains("accepted by Maija"));

    // One name takes it back too, and for good.
    let rolled = ["model", "rollback", "--by", OTHER, "--reason", "no more"];
    site.does(&rolled).ends_well();
    programme.is_refused(site.does(&accept), "recalibration 1 was rolled back");
    assert_eq!(programme.standing(), "rolled back");
}
