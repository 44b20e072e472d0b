//! Order channels other than a laboratory order over FHIR: each order arrives once, is found again, is taken back,
//! can be refused, waits for a person where the channel says so, and concerns nobody outside the scope.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use preventiojyraa::approval::PublicKey;
use preventiojyraa::delivery::{Delivery, Next, Refused, Route};
use preventiojyraa::ledger::RowView;

use crate::support::acting::{Clinic, at_risk, dies_after, keys, until};
use crate::support::places::{Answers, Folders, Hl7Listener, PARTIES, PUBLIC_KEY, leaves_by};
use crate::support::served::Served;
use crate::support::site::{Dice, INDEX_DATE, count, preventio_starts, text};
use crate::support::snapshots::reads;
use crate::support::world::World;

const NAMES: [&str; 3] = ["resident-000", "resident-001", "resident-002"];

fn clinic() -> Clinic {
    Clinic::with(NAMES.len(), &[])
}

/// How many rows wait to be taken.
fn awaited(clinic: &Clinic) -> usize {
    clinic
        .rows()
        .iter()
        .filter(|row| row.delivery.is_awaited())
        .count()
}

fn acknowledged(clinic: &Clinic) -> usize {
    let rows = clinic.rows();
    let done = rows
        .iter()
        .filter(|row| matches!(row.delivery, Delivery::Acknowledged { .. }));
    done.count()
}

/// Every row of ours in the files, by order key, with how often it is there.
fn in_files(folders: &Folders) -> BTreeMap<String, u32> {
    let mut n = BTreeMap::new();
    for row in folders.rows() {
        *n.entry(row["order"].clone()).or_default() += 1;
    }
    n
}

fn once(keys: BTreeSet<String>) -> BTreeMap<String, u32> {
    keys.into_iter().map(|key| (key, 1)).collect()
}

/// Kills dispatchers at a dozen moments.
#[track_caller]
fn is_killed(clinic: &Clinic, seed: u64, mut meanwhile: impl FnMut()) {
    let mut dice = Dice::new(seed);
    let mut kills = 0;
    for _ in 0..12 {
        let mut child = preventio_starts(&clinic.words(&["dispatch", "--for", "20s"]));
        let after = Duration::from_millis(200 + 20 * dice.below(60) as u64);
        kills += usize::from(dies_after(&mut child, Instant::now(), after));
        meanwhile();
    }
    assert_eq!(kills, 12, "they are killed at work");
}

/// Kills dispatchers at a dozen moments and lets the last one finish; `meanwhile` is what the other side
/// does. The keys of what waits to be taken then; of the rest, most of which was killed twice while it was
/// sent, a person knows.
#[track_caller]
fn survives_kills(clinic: &Clinic, seed: u64, mut meanwhile: impl FnMut()) -> BTreeSet<String> {
    is_killed(clinic, seed, &mut meanwhile);
    clinic.delivers_everything();
    meanwhile();
    let rows = clinic.rows();
    let (waiting, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.delivery.is_awaited());
    for row in &rest {
        let is_known = matches!(
            row.delivery,
            Delivery::Unknown {
                next: Next::Person,
                ..
            }
        );
        assert!(is_known, "{:?}", row.delivery);
    }
    let n_told = clinic
        .tasks()
        .get("delivery-unknown")
        .copied()
        .unwrap_or_default();
    assert_eq!(n_told, rest.len() as u64);
    assert!(rest.len() < waiting.len(), "hardly anything is handed over");
    waiting
        .iter()
        .map(|row| row.order.key().to_string())
        .collect()
}

#[track_caller]
fn dispatches_until_acknowledged(clinic: &Clinic, n: usize) {
    until("what was taken is acknowledged", || {
        clinic.dispatches();
        acknowledged(clinic) == n
    });
}

// A list.

#[test]
fn a_list_is_sent_once_and_signed_and_acknowledged_by_what_the_other_side_says() {
    let (clinic, folders) = (clinic(), Folders::new());
    leaves_by(&clinic, "\"list\"", "", &folders.list());
    clinic.acts();
    let report = clinic.dispatches();
    assert_eq!(count(&report["handed_over"]), 6, "{report}");
    assert_eq!(in_files(&folders), once(keys(&NAMES)));
    let files = folders.files(".csv");
    assert_eq!(files.len(), 1, "what is due at once is one file");
    let public = PublicKey::from_pem(PUBLIC_KEY).expect("a public key");
    for (name, content) in &files {
        let signature = folders.path("out").join(format!("{name}.sig"));
        let signature = std::fs::read(signature).expect("a signature lies beside it");
        assert!(public.has_signed(content.as_bytes(), &signature));
        let other = content.replace("order,", "order;");
        assert!(!public.has_signed(other.as_bytes(), &signature));
    }
    for row in folders.rows() {
        assert_eq!(row["action"], "order");
        assert!(NAMES.contains(&row["patient"].as_str()), "{row:?}");
        assert!(
            12 <= row["score_low"].parse::<i32>().expect("a score"),
            "{row:?}"
        );
        assert!(row["model"].starts_with("findrisc "), "{row:?}");
    }
    assert_eq!(awaited(&clinic), 6);
    assert_eq!(
        clinic.differences(),
        BTreeMap::new(),
        "waiting is no difference"
    );
    // The other side takes it away and says so.
    folders.acknowledges("taken");
    dispatches_until_acknowledged(&clinic, 6);
    assert_eq!(
        count(&clinic.acts()["planned"]),
        0,
        "the same decisions ask for nothing"
    );
    assert_eq!(in_files(&folders), once(keys(&NAMES)));
    assert!(clinic.rows().iter().all(|row| row.way == Some(Route::List)));
    clinic.site().is_whole();
}

#[test]
fn a_list_is_there_once_whenever_the_dispatcher_is_killed() {
    let folders = Folders::new();
    let clinic = Clinic::with(12, &[]);
    let few = folders.list() + "rows = 2\n";
    leaves_by(&clinic, "\"list\"", "", &few);
    clinic.acts();
    let names: Vec<String> = (0..12).map(|n| format!("resident-{n:03}")).collect();
    let handed_over = survives_kills(&clinic, 11, || {});
    let there = in_files(&folders);
    assert!(there.values().all(|n| *n == 1), "{there:?}");
    let names: BTreeSet<String> = keys(&names);
    assert!(there.keys().all(|key| names.contains(key)));
    let missing = handed_over.iter().find(|key| !there.contains_key(*key));
    assert_eq!(missing, None, "said to be handed over");
    assert!(3 < folders.files(".csv").len(), "in files of two");
}

#[test]
fn a_list_takes_back_by_a_row_that_names_the_order() {
    let (mut clinic, folders) = (clinic(), Folders::new());
    leaves_by(&clinic, "\"list\"", "", &folders.list());
    clinic.acts();
    clinic.dispatches();
    folders.acknowledges("taken");
    dispatches_until_acknowledged(&clinic, 6);
    assert_eq!(count(&the_first_says_no(&mut clinic)["cancelled"]), 2);
    clinic.dispatches();
    let rows = folders.rows();
    let back = rows.iter().filter(|row| row["action"] == "cancel");
    let back: BTreeSet<String> = back.map(|row| row["takes_back"].clone()).collect();
    assert_eq!(back, keys(&NAMES[..1]));
}

#[test]
fn a_list_whose_rows_are_refused_is_a_person_s() {
    let (clinic, folders) = (clinic(), Folders::new());
    leaves_by(&clinic, "\"list\"", "", &folders.list());
    clinic.acts();
    clinic.dispatches();
    folders.acknowledges("refused");
    until("the refusal is read", || {
        clinic.dispatches();
        awaited(&clinic) == 0
    });
    let refused = Delivery::Refused {
        why: Refused::NotTaken,
    };
    assert!(clinic.rows().iter().all(|row| row.delivery == refused));
    assert_eq!(clinic.tasks().get("delivery-refused"), Some(&6));
    assert_eq!(
        in_files(&folders),
        once(keys(&NAMES)),
        "and nothing is sent again"
    );
}

#[test]
fn of_what_a_list_is_told_each_row_counts_that_can_be_read_and_the_last_word_about_an_order() {
    let (clinic, folders) = (clinic(), Folders::new());
    leaves_by(&clinic, "\"list\"", "", &folders.list());
    clinic.acts();
    clinic.dispatches();
    let (name, _) = folders.files(".csv").pop_first().expect("a file");
    let mut said = "order,outcome,reference\nonly a remark\n".to_owned();
    for row in folders.rows() {
        let order = &row["order"];
        said.push_str(&format!(
            "{order},refused,\n{order},perhaps,\n{order},taken,lab\n"
        ));
        said.push_str(&format!("{order},under way,\ntoo,many,columns,here\n"));
    }
    let path = folders.path("acknowledged").join(format!("{name}.ack"));
    std::fs::write(path, said).expect("it can be written");
    dispatches_until_acknowledged(&clinic, 6);
}

#[test]
fn a_list_is_acknowledged_by_a_result_where_the_other_side_says_nothing() {
    let (mut clinic, folders) = (clinic(), Folders::new());
    leaves_by(&clinic, "\"list\"", "", &folders.list());
    clinic.acts();
    clinic.dispatches();
    let resident = clinic.world.resident(NAMES[1]);
    drop(
        resident
            .fasting_glucose(5.1, INDEX_DATE)
            .hba1c(34.0, INDEX_DATE),
    );
    clinic.world.pulls();
    clinic.dispatches();
    assert_eq!((acknowledged(&clinic), awaited(&clinic)), (2, 4));
}

// The worklist.

#[test]
fn the_worklist_has_each_order_once_and_is_done_when_the_record_shows_it() {
    let mut clinic = clinic();
    leaves_by(&clinic, "\"worklist\"", "", "");
    clinic.acts();
    clinic.dispatches();
    clinic.dispatches();
    assert_eq!(clinic.tasks().get("place-order"), Some(&6));
    assert_eq!(awaited(&clinic), 6);
    assert_eq!(clinic.n_at_server(), 0, "nothing leaves");
    // A nurse orders both tests of one resident; the record shows it.
    clinic.world.resident(NAMES[0]).has(serde_json::json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "authoredOn": INDEX_DATE,
        "code": { "coding": [{ "system": "http://loinc.org", "code": "59261-8" }] },
    }));
    clinic.world.pulls();
    clinic.dispatches();
    assert_eq!((acknowledged(&clinic), awaited(&clinic)), (2, 4));
    assert_eq!(
        clinic.tasks().get("place-order"),
        Some(&4),
        "its tasks are closed"
    );
    clinic.site().is_whole();
}

#[test]
fn the_worklist_has_each_order_once_whenever_the_dispatcher_is_killed() {
    let clinic = Clinic::with(20, &[]);
    leaves_by(&clinic, "\"worklist\"", "", "");
    clinic.acts();
    let handed_over = survives_kills(&clinic, 5, || {});
    let n = handed_over.len() as u64;
    assert_eq!(clinic.tasks().get("place-order"), Some(&n));
}

#[test]
fn the_worklist_takes_a_task_back_that_nobody_has_done() {
    let mut clinic = clinic();
    leaves_by(&clinic, "\"worklist\"", "", "");
    clinic.acts();
    clinic.dispatches();
    the_first_says_no(&mut clinic);
    clinic.delivers_what_is_planned();
    assert_eq!(clinic.tasks().get("place-order"), Some(&4));
    assert_eq!(
        clinic.tasks().get("take-back-order"),
        None,
        "nothing was placed"
    );
    let withdrawn = Delivery::Refused {
        why: Refused::Withdrawn,
    };
    let n = clinic
        .rows()
        .iter()
        .filter(|row| row.delivery == withdrawn)
        .count();
    assert_eq!(n, 2);
}

// HL7 v2.

#[test]
fn hl7_is_sent_once_and_acknowledged_by_its_answer() {
    let (clinic, listener) = (clinic(), Hl7Listener::starts(Answers::With("AA")));
    leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(false));
    clinic.acts();
    clinic.dispatches();
    clinic.dispatches();
    let messages = listener.messages();
    assert_eq!(messages.len(), 6);
    assert!(messages.values().all(|(_, n)| *n == 1));
    assert_eq!(acknowledged(&clinic), 6);
    for (id, (message, _)) in &messages {
        assert_eq!(id.len(), 20, "MSH-10 has 20 characters");
        let segments: Vec<&str> = message.split_terminator('\r').collect();
        let names: Vec<&str> = segments.iter().map(|segment| &segment[..3]).collect();
        assert_eq!(names, ["MSH", "PID", "ORC", "TQ1", "OBR"]);
        assert!(
            segments[2].starts_with(&format!("ORC|NW|{id}|")),
            "{}",
            segments[2]
        );
    }
}

#[test]
fn hl7_whose_answer_is_lost_is_sent_again_as_it_was_where_repeats_are_safe() {
    let (clinic, listener) = (clinic(), Hl7Listener::starts(Answers::ToRepeats));
    leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(true));
    clinic.acts();
    clinic.delivers_everything();
    let messages = listener.messages();
    assert_eq!(
        messages.len(),
        6,
        "the same MSH-10 again is the same message"
    );
    assert!(messages.values().all(|(_, n)| *n == 2), "{messages:?}");
    assert_eq!(acknowledged(&clinic), 6);
}

#[test]
fn hl7_whose_answer_is_lost_is_a_person_s_where_repeats_are_not_safe() {
    for answers in [Answers::Never, Answers::ToAnother] {
        let (clinic, listener) = (clinic(), Hl7Listener::starts(answers));
        leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(false));
        clinic.acts();
        clinic.delivers_everything();
        assert_eq!(clinic.tasks().get("delivery-unknown"), Some(&6));
        assert!(listener.messages().values().all(|(_, n)| *n == 1));
    }
}

#[test]
fn a_listener_that_answers_nonsense_is_left_alone_before_everything_is_a_person_s() {
    let clinic = Clinic::with(12, &[]);
    let listener = Hl7Listener::starts(Answers::Nonsense);
    leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(false));
    clinic.acts();
    clinic.dispatches();
    let heard = listener.messages().len() as u64;
    assert!(0 < heard && heard < 24, "{heard} of 24 were sent to it");
    assert_eq!(clinic.tasks().get("delivery-unknown"), Some(&heard));
    assert_eq!(clinic.outbox().get("planned"), Some(&(24 - heard)));
}

/// A listener that takes its time, so that kills come between a message and its answer.
#[test]
fn hl7_over_a_listener_is_there_once_or_a_person_s_whenever_the_dispatcher_is_killed() {
    for repeats_are_safe in [true, false] {
        let (clinic, n_orders) = (Clinic::with(40, &[]), 80);
        let listener = Hl7Listener::starts(Answers::After(Duration::from_millis(120)));
        leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(repeats_are_safe));
        clinic.acts();
        let is_in_doubt = |row: &RowView| {
            matches!(
                row.delivery,
                Delivery::Sending { .. } | Delivery::Unknown { .. }
            )
        };
        // A busy machine may start so slowly that a dozen kills all come before or after messages.
        let between = (5..8).any(|seed| {
            is_killed(&clinic, seed, || {});
            clinic.rows().iter().any(is_in_doubt)
        });
        assert!(between, "no kill came between a message and its answer");
        clinic.delivers_everything();
        let messages = listener.messages();
        let done = acknowledged(&clinic);
        let told = clinic
            .tasks()
            .get("delivery-unknown")
            .copied()
            .unwrap_or_default();
        assert_eq!(
            done as u64 + told,
            n_orders,
            "each is taken, or a person knows"
        );
        assert!(told < n_orders / 2, "{told} of {n_orders} are a person's");
        // What a person knows may have come or not; all else has.
        assert!(done <= messages.len() && messages.len() as u64 <= n_orders);
        let often = messages.values().filter(|(_, n)| 1 < *n).count();
        if repeats_are_safe {
            assert!(0 < often, "nothing was sent again");
        } else {
            assert_eq!(often, 0, "nothing is sent again that may count twice");
        }
        clinic.site().is_whole();
    }
}

#[test]
fn hl7_is_taken_back_by_a_message_that_names_the_order() {
    let (mut clinic, listener) = (clinic(), Hl7Listener::starts(Answers::With("AA")));
    leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(false));
    clinic.acts();
    clinic.dispatches();
    let placed: BTreeSet<String> = listener.messages().into_keys().collect();
    the_first_says_no(&mut clinic);
    clinic.delivers_everything();
    let all = listener.messages();
    let back = all
        .values()
        .filter(|(message, _)| message.contains("\rORC|CA|"));
    let back: Vec<&str> = back
        .filter_map(|(message, _)| message.split("\rORC|CA|").nth(1)?.split('|').next())
        .collect();
    assert_eq!(back.len(), 2);
    assert!(
        back.iter().all(|number| placed.contains(*number)),
        "{back:?}"
    );
}

#[test]
fn hl7_that_is_turned_down_is_a_person_s_and_rejected_for_now_waits() {
    let (clinic, listener) = (clinic(), Hl7Listener::starts(Answers::With("AE")));
    leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(false));
    clinic.acts();
    clinic.dispatches();
    assert_eq!(clinic.tasks().get("delivery-refused"), Some(&6));
    let (clinic, listener) = (self::clinic(), Hl7Listener::starts(Answers::With("AR")));
    leaves_by(&clinic, "\"hl7v2\"", "", &listener.table(false));
    clinic.acts();
    clinic.dispatches();
    assert_eq!(
        clinic.outbox().get("planned"),
        Some(&6),
        "{:?}",
        clinic.outbox()
    );
}

#[test]
fn hl7_files_are_there_once_whenever_the_dispatcher_is_killed_and_answered_by_files() {
    let (clinic, folders) = (Clinic::with(10, &[]), Folders::new());
    let table = format!("\n[channel.laboratory.hl7v2]\n{}{PARTIES}", folders.lines());
    leaves_by(&clinic, "\"hl7v2\"", "", &table);
    clinic.acts();
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let takes = || {
        // The other side takes each file away at once.
        for name in folders.files(".hl7").into_keys() {
            std::fs::remove_file(folders.path("out").join(&name)).expect("it is taken");
            *taken.entry(name).or_default() += 1;
        }
    };
    let handed_over = survives_kills(&clinic, 3, takes);
    assert!(taken.values().all(|n| *n == 1), "{taken:?}");
    assert!(handed_over.len() <= taken.len(), "said to be handed over");
    for name in taken.keys() {
        let id = name.trim_end_matches(".hl7");
        let answer =
            format!("MSH|^~\\&|LAB|HUS|P|H|20250201||ACK^O21^ACK|1|P|2.5.1\rMSA|AA|{id}\r");
        let path = folders.path("acknowledged").join(format!("{id}.ack"));
        std::fs::write(path, answer).expect("it can be written");
    }
    dispatches_until_acknowledged(&clinic, handed_over.len());
}

// The score.

#[test]
fn a_score_is_written_back_once_and_names_model_and_test() {
    let clinic = clinic();
    leaves_by(&clinic, "\"score-observation\"", "", "");
    clinic.acts();
    clinic.faults("seed=3,lost-answer=0.3,status-500-after=0.1");
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    clinic.delivers_everything();
    assert_eq!(acknowledged(&clinic), 6);
    for name in NAMES {
        let found = clinic
            .server
            .gets(&format!("/fhir/Observation?patient=Patient/{name}"))
            .with(200);
        let entries = found["entry"].as_array().expect("entries");
        assert_eq!(entries.len(), 2, "one for each test");
        for entry in entries {
            let score = &entry["resource"];
            assert!(text(&score["code"]["coding"][0]["code"]).starts_with("findrisc-"));
            assert!(score["valueQuantity"]["value"].is_number() || score["valueRange"].is_object());
            assert!(!score["component"][0]["valueCodeableConcept"]["coding"].is_null());
        }
    }
    assert_eq!(clinic.differences(), BTreeMap::new());
}

#[test]
fn a_score_is_taken_back_where_the_server_lets_it_be_changed() {
    let mut clinic = clinic();
    leaves_by(&clinic, "\"score-observation\"", "", "");
    clinic.acts();
    clinic.delivers_everything();
    the_first_says_no(&mut clinic);
    clinic.delivers_everything();
    let found = clinic
        .server
        .gets("/fhir/Observation?patient=Patient/resident-000")
        .with(200);
    for entry in found["entry"].as_array().expect("entries") {
        assert_eq!(entry["resource"]["status"], "entered-in-error");
    }
}

#[test]
fn a_score_that_is_never_read_back_is_taken_back_by_a_person() {
    let mut clinic = clinic();
    leaves_by(&clinic, "\"score-observation\"", "reads_back = false\n", "");
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(acknowledged(&clinic), 6);
    the_first_says_no(&mut clinic);
    clinic.delivers_everything();
    assert_eq!(clinic.tasks().get("delivery-refused"), Some(&2));
}

#[test]
fn a_score_at_a_record_like_apotti_s_is_found_by_resident_and_taken_back() {
    let mut clinic = clinic();
    clinic.server = Served::starts(&["--no-auth", "--residents", "0", "--accept-any-subject"]);
    leaves_by(&clinic, "\"score-observation\"", "", "");
    clinic.acts();
    clinic.faults("seed=3,lost-answer=0.3");
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    clinic.delivers_everything();
    assert_eq!(acknowledged(&clinic), 6);
    assert_eq!(clinic.differences(), BTreeMap::new());
    the_first_says_no(&mut clinic);
    clinic.delivers_everything();
    let found = clinic
        .server
        .gets("/fhir/Observation?patient=Patient/resident-000")
        .with(200);
    let entries = found["entry"].as_array().expect("entries");
    assert_eq!(entries.len(), 2, "each is there once");
    for entry in entries {
        assert_eq!(entry["resource"]["status"], "entered-in-error");
    }
}

// The choice.

#[test]
fn a_server_that_declares_orders_and_refuses_them_gives_way_to_the_next_and_no_order_takes_both() {
    let (clinic, folders) = (Clinic::with(3, &["--takes-orders", "no"]), Folders::new());
    leaves_by(
        &clinic,
        "[\"service-request\", \"list\"]",
        "",
        &folders.list(),
    );
    clinic.acts();
    let report = clinic.dispatches();
    assert_eq!(
        report["closed"],
        serde_json::json!(["laboratory: service-request"]),
        "{report}"
    );
    assert_eq!(in_files(&folders), once(keys(&NAMES)));
    assert_eq!(clinic.n_at_server(), 0);
    assert!(clinic.rows().iter().all(|row| row.way == Some(Route::List)));
}

#[test]
fn an_order_in_doubt_by_one_way_does_not_take_the_next() {
    let (clinic, folders) = (clinic(), Folders::new());
    leaves_by(
        &clinic,
        "[\"service-request\", \"list\"]",
        "",
        &folders.list(),
    );
    clinic.acts();
    clinic.faults("seed=1,lost-answer=1");
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    clinic.delivers_everything();
    assert_eq!(clinic.active_at_server(), keys(&NAMES));
    assert_eq!(in_files(&folders), BTreeMap::new());
}

#[test]
fn a_way_that_the_server_does_not_declare_is_passed_over_and_without_another_the_lack_is_named() {
    let mut clinic = clinic();
    clinic.server = Served::starts(&["--no-auth", "--residents", "0", "--accept-any-subject"]);
    leaves_by(&clinic, "[\"service-request\", \"worklist\"]", "", "");
    clinic.acts();
    clinic.dispatches();
    assert_eq!(clinic.tasks().get("place-order"), Some(&6));
    leaves_by(&clinic, "[\"service-request\"]", "", "");
    let said = clinic.does(&["dispatch", "--once"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err
            .contains("does not declare create of ServiceRequest"),
        "{}",
        said.err
    );
}

// Held by review, and out of scope: for every way the same.

/// Ways of laboratory orders with the tables that they need.
fn every_way(folders: &Folders, listener: &Hl7Listener) -> [(&'static str, String); 6] {
    [
        ("\"service-request\"", String::new()),
        ("\"communication\"", String::new()),
        ("\"score-observation\"", String::new()),
        ("\"hl7v2\"", listener.table(false)),
        ("\"list\"", folders.list()),
        ("\"worklist\"", String::new()),
    ]
}

/// How many orders have left, by whichever way.
fn left(clinic: &Clinic) -> usize {
    clinic
        .rows()
        .iter()
        .filter(|row| !matches!(row.delivery, Delivery::Planned { .. }))
        .count()
}

#[test]
fn by_every_way_nothing_leaves_before_a_person_has_approved_it() {
    let (folders, listener) = (Folders::new(), Hl7Listener::starts(Answers::With("AA")));
    for (way, table) in every_way(&folders, &listener) {
        let clinic = Clinic::with(1, &[]);
        let keys = "mode = \"reviewed\"\nto = [\"PractitionerRole/nurses\"]\n";
        leaves_by(&clinic, way, keys, &table);
        clinic.acts();
        clinic.dispatches();
        assert_eq!(left(&clinic), 0, "{way}");
        let said = clinic.site().does(&["orders", "list"]).ends_well();
        assert_eq!(said.matches("not looked at").count(), 2, "{said}");
        let key = said.split_whitespace().next().expect("a key").to_owned();
        let by = ["--by", "Maija"];
        clinic
            .site()
            .does(&[&["orders", "approve", &key][..], &by].concat())
            .ends_well();
        clinic.dispatches();
        assert_eq!(left(&clinic), 1, "{way}");
        clinic
            .site()
            .does(&[&["orders", "approve", "--all"][..], &by].concat())
            .ends_well();
        clinic.dispatches();
        assert_eq!(left(&clinic), 2, "{way}");
        let said = clinic
            .site()
            .does(&[&["orders", "hold", &key][..], &by].concat());
        assert!(said.ends_with(1).contains("only what has not left"));
    }
}

#[test]
fn an_order_that_a_person_holds_does_not_leave_by_itself_either() {
    let clinic = Clinic::with(1, &[]);
    clinic.acts();
    let held = [
        "orders",
        "hold",
        "--all",
        "--by",
        "Maija",
        "--reason",
        "a look first",
    ];
    clinic.site().does(&held).ends_well();
    clinic.dispatches();
    assert_eq!((left(&clinic), clinic.n_at_server()), (0, 0));
    clinic
        .site()
        .does(&["orders", "approve", "--all", "--by", "Maija"])
        .ends_well();
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 2);
}

#[test]
fn by_every_way_nothing_leaves_about_anybody_outside_the_scope() {
    let (folders, listener) = (Folders::new(), Hl7Listener::starts(Answers::With("AA")));
    for (way, table) in every_way(&folders, &listener) {
        let clinic = Clinic::with(1, &[]);
        let keys = "to = [\"PractitionerRole/nurses\"]\n";
        // Planned while everybody was inside: what leaves is looked at again.
        leaves_by(&clinic, way, keys, &table);
        clinic.acts();
        let young = format!("{table}\n[scope]\nage_below = 50\n");
        leaves_by(&clinic, way, keys, &young);
        clinic.dispatches();
        assert_eq!(left(&clinic), 0, "{way}");
        leaves_by(
            &clinic,
            way,
            keys,
            &format!("{table}\n[scope]\nage_from = 50\n"),
        );
        clinic.dispatches();
        assert_eq!(left(&clinic), 2, "{way}: inside a wider scope it leaves");
        // And nothing is planned about whoever is outside.
        let other = Clinic::with(1, &[]);
        leaves_by(&other, way, keys, &young);
        let report = other.acts();
        assert_eq!(count(&report["planned"]), 0, "{way}");
        assert_eq!(
            count(&report["out_of_scope"]["laboratory"]),
            1,
            "{way}: {report}"
        );
        assert_eq!(other.tasks(), BTreeMap::new());
    }
}

/// A dispatcher that runs while effects are stopped; then the configuration changes, effects resume, and
/// it ends by itself.
fn dispatches_across(clinic: &Clinic, change: impl FnOnce()) {
    let by = ["--by", "Maija"];
    let effects = |words: &[&str]| {
        let words = [&["effects"], words, &by].concat();
        clinic.site().does(&words).ends_well();
    };
    effects(&["stop", "--reason", "a look"]);
    let mut running = clinic.starts(&["dispatch", "--for", "4s"]);
    let started = clinic.site().beside("data.epoch");
    until("the dispatcher is at work", || started.exists());
    change();
    effects(&["resume"]);
    running.0.wait().expect("a child ends");
}

#[test]
fn a_dispatcher_that_runs_obeys_the_scope_and_the_mode_that_are_written_now() {
    for (changed, expected) in [
        ("\n[channel.laboratory]\nmode = \"reviewed\"\n", 0),
        ("\n[scope]\nage_below = 50\n\n[channel.laboratory]\n", 0),
        ("\n[scope]\nage_from = 50\n\n[channel.laboratory]\n", 2),
    ] {
        let clinic = Clinic::with(1, &[]);
        clinic.acts();
        dispatches_across(&clinic, || {
            clinic.configured(&[("\n[channel.laboratory]\n", changed)]);
        });
        assert_eq!(left(&clinic), expected, "{changed}");
    }
}

#[test]
fn a_folder_that_is_gone_keeps_no_other_channel_from_sending() {
    let folders = Folders::new();
    let mut world = World::new();
    at_risk(&mut world, NAMES[0]);
    drop(
        world
            .resident("asked")
            .woman_born("1970-06-06")
            .bmi(28.0, "2025-10-01"),
    );
    let clinic = Clinic::of::<&str>(world, &[], &[]);
    let questions = "\n[channel.questionnaire]\nway = \"declared\"\nserver = \"standin\"\n";
    leaves_by(&clinic, "\"list\"", "", &(folders.list() + questions));
    assert_eq!(count(&clinic.acts()["planned"]), 3);
    dispatches_across(&clinic, || {
        std::fs::remove_dir_all(folders.path("kept")).expect("a folder can be removed");
        std::fs::remove_file(folders.path("key.pem")).expect("a key can be removed");
    });
    let rows = clinic.rows();
    for row in rows {
        let is_there = matches!(row.delivery, Delivery::Acknowledged { .. });
        let is_asked = row.order.action.name() == "questionnaire";
        assert_eq!(
            is_there,
            is_asked,
            "{}: {:?}",
            row.order.action.name(),
            row.delivery
        );
    }
    assert_eq!(left(&clinic), 1, "the others wait for their folder");
}

#[test]
fn a_result_after_the_birthday_that_ends_the_scope_is_before_a_professional_all_the_same() {
    let mut clinic = Clinic::with(1, &[]);
    // She was born on 6 June 1955, and the sample is taken on the day before she is 71.
    let on = |clinic: &Clinic, day: &str| {
        let today = format!("today = {day}");
        let server = "server = \"standin\"\n";
        let more = format!(
            "{server}\n[channel.professional]\nway = \"declared\"\n{server}to = [\"PractitionerRole/nurses\"]\n\n[scope]\nage_below = 71\n"
        );
        clinic.configured(&[
            ("today = 2025-11-01", &today),
            ("valid_until = 2025-12-31", "valid_until = 2026-12-31"),
            (
                "[channel.laboratory]\nway = \"service-request\"\nserver = \"standin\"\n",
                &format!("[channel.laboratory]\nway = \"service-request\"\n{more}"),
            ),
        ]);
    };
    on(&clinic, "2026-06-01");
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(clinic.n_at_server(), 2);
    on(&clinic, "2026-06-07");
    let resident = clinic.world.resident(NAMES[0]);
    drop(
        resident
            .fasting_glucose(8.4, "2026-06-05")
            .hba1c(52.0, "2026-06-05"),
    );
    clinic.world.pulls();
    let report = clinic.acts();
    assert_eq!(count(&report["planned"]), 1, "{report}");
    clinic.delivers_everything();
    let contact = clinic
        .rows()
        .into_iter()
        .find(|row| row.order.action.name().starts_with("contact:"));
    let contact = contact.expect("a professional is asked to get in touch");
    assert!(
        matches!(contact.delivery, Delivery::Acknowledged { .. }),
        "{:?}",
        contact.delivery
    );
}

#[test]
fn what_leaves_by_each_way_reads_as_it_should() {
    let (folders, listener) = (Folders::new(), Hl7Listener::starts(Answers::With("AA")));
    let mut told = String::new();
    for (way, table) in every_way(&folders, &listener) {
        let mut clinic = Clinic::with(1, &[]);
        let keys = "to = [\"PractitionerRole/nurses\"]\n";
        leaves_by(&clinic, way, keys, &table);
        clinic.acts();
        clinic.delivers_what_is_planned();
        if way == "\"list\"" {
            folders.acknowledges("taken");
            dispatches_until_acknowledged(&clinic, 2);
        }
        the_first_says_no(&mut clinic);
        clinic.delivers_what_is_planned();
        let what = match way {
            "\"list\"" => folders
                .files(".csv")
                .into_values()
                .collect::<Vec<_>>()
                .concat(),
            "\"hl7v2\"" => {
                let messages = listener.messages().into_values();
                let lines = messages.map(|(message, _)| message.replace('\r', "\n"));
                lines.collect::<Vec<_>>().join("\n")
            }
            "\"worklist\"" => format!("{:?}\n", clinic.tasks()),
            _ => resources(&clinic),
        };
        told.push_str(&format!("== {way}\n{what}\n"));
    }
    reads("what-leaves-by-each-way", &told);
}

/// The first resident refuses, and a run that has read it takes back what was ordered.
fn the_first_says_no(clinic: &mut Clinic) -> serde_json::Value {
    clinic.world.resident(NAMES[0]).says_no("2025-10-20");
    clinic.world.pulls();
    clinic.acts()
}

/// What the server has about the resident, without its own ids and times.
fn resources(clinic: &Clinic) -> String {
    let mut all = Vec::new();
    for kind in ["ServiceRequest", "Communication", "Observation"] {
        let found = clinic
            .server
            .gets(&format!("/fhir/{kind}?patient=Patient/{}", NAMES[0]))
            .with(200);
        for entry in found["entry"].as_array().into_iter().flatten() {
            let mut resource = entry["resource"].clone();
            let fields = resource.as_object_mut().expect("an object");
            fields.remove("id");
            fields.remove("meta");
            all.push(serde_json::to_string_pretty(&resource).expect("JSON") + "\n");
        }
    }
    // They leave side by side, so the server numbers them in any order.
    all.sort();
    all.concat()
}
