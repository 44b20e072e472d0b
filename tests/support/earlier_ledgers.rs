//! Ledgers as earlier programs left them: each step of the tables, taken back.

use rusqlite::Connection;

/// What takes a ledger from a version of its tables to the one before.
const BACK: [(i64, &str); 23] = [
    (25, "DROP INDEX task_closed;"),
    (
        24,
        "DROP TABLE review_undone;
         DROP INDEX order_review_act;
         ALTER TABLE order_review DROP COLUMN act;",
    ),
    (23, "DROP TABLE handover;"),
    (22, "DROP TABLE note;"),
    (21, "DROP TABLE cds_feedback; DROP TABLE cds_card;"),
    (
        20,
        "DROP TABLE removal; ALTER TABLE erasure DROP COLUMN until_return;",
    ),
    (19, "DROP TABLE person; DROP TABLE entry_link;"),
    (18, "DROP TABLE opt_out;"),
    (
        17,
        "DROP TABLE model_signature;
         DROP TABLE model_shadow;
         CREATE TABLE recalibration_accepted (
             id            INTEGER PRIMARY KEY,
             recalibration INTEGER NOT NULL UNIQUE REFERENCES recalibration (id),
             by            TEXT NOT NULL CHECK (trim(by) <> ''),
             at            TEXT NOT NULL
         ) STRICT;
         INSERT INTO recalibration_accepted (id, recalibration, by, at)
             SELECT id, recalibration, by, at FROM model_change WHERE what = 'accepted';
         CREATE TRIGGER recalibration_accepted_stays BEFORE UPDATE ON recalibration_accepted
             BEGIN SELECT raise(ABORT, 'an acceptance is never changed'); END;
         CREATE TRIGGER recalibration_accepted_remains BEFORE DELETE ON recalibration_accepted
             BEGIN SELECT raise(ABORT, 'an acceptance is never deleted'); END;
         DROP TABLE model_change;
         ALTER TABLE run DROP COLUMN share;
         ALTER TABLE run DROP COLUMN shared;
         ALTER TABLE recalibration DROP COLUMN fitted_until;",
    ),
    (
        16,
        "DROP TABLE access;
         DROP TABLE erased_run;
         DROP TABLE erasure;",
    ),
    (15, "DROP TABLE served;"),
    (14, "DROP TABLE audit;"),
    (
        13,
        "DROP INDEX outbox_asked;
         DROP INDEX outbox_not_in_turn;
         DROP INDEX outbox_turn;
         ALTER TABLE outbox DROP COLUMN without_portal;
         ALTER TABLE outbox DROP COLUMN rank;
         ALTER TABLE outbox DROP COLUMN left_on;",
    ),
    (
        12,
        "DROP INDEX task_about; ALTER TABLE task DROP COLUMN closed_why;",
    ),
    (
        11,
        "ALTER TABLE outbox DROP COLUMN patient_id;
         ALTER TABLE identity DROP COLUMN joined;",
    ),
    (10, "DROP TABLE link;"),
    (
        9,
        "ALTER TABLE outbox DROP COLUMN worded_by;
         ALTER TABLE outbox DROP COLUMN worded_for;
         ALTER TABLE outbox DROP COLUMN worded_in;",
    ),
    (
        8,
        "DROP TABLE order_review;
         ALTER TABLE outbox DROP COLUMN way;
         ALTER TABLE outbox DROP COLUMN awaited;
         ALTER TABLE outbox DROP COLUMN score;
         ALTER TABLE outbox DROP COLUMN review;",
    ),
    (7, "DROP TABLE deletion;"),
    (
        6,
        "DROP TABLE rule_faulty;
         DROP TABLE rule_book;
         DROP TABLE rule_text;
         ALTER TABLE run DROP COLUMN rules_kept;",
    ),
    (5, "ALTER TABLE lake_file DROP COLUMN folded;"),
    (
        4,
        "DROP TABLE recalibration_accepted;
         ALTER TABLE run DROP COLUMN recalibration;
         DROP TABLE recalibration;",
    ),
    (
        3,
        "ALTER TABLE outbox DROP COLUMN asks;
         ALTER TABLE outbox DROP COLUMN recall_on;
         ALTER TABLE outbox DROP COLUMN language;
         ALTER TABLE pace RENAME COLUMN server TO channel;",
    ),
];

/// Takes the tables back to a version.
#[track_caller]
pub(crate) fn back_to(version: i64, ledger: &Connection) {
    let known: i64 = ledger
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a ledger");
    assert_eq!(known, BACK[0].0, "each step has its way back");
    for (_, back) in BACK.iter().take_while(|(step, _)| version < *step) {
        ledger.execute_batch(back).expect("the ledger as it was");
    }
    ledger
        .pragma_update(None, "user_version", version)
        .expect("the ledger as it was");
}
