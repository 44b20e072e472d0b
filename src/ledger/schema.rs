//! The tables of the ledger and how they came to be, version by version.
//!
//! Longer than other files: one list of steps, of which none is ever edited.

use rusqlite::Connection;

use super::{LedgerError, sql};

/// One step per schema version; a step that was released is never edited.
const STEPS: [&str; 25] = [
    r"
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE generation (
    id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;

-- Files live from the generation that brought them; a generation holds all files up to it.
CREATE TABLE lake_file (
    id         INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL REFERENCES generation (id),
    table_name TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    rows       INTEGER NOT NULL
) STRICT;

CREATE TABLE pull (
    id                INTEGER PRIMARY KEY,
    generation        INTEGER NOT NULL REFERENCES generation (id),
    source            TEXT NOT NULL,
    at                TEXT NOT NULL,
    facts_fingerprint TEXT NOT NULL,
    report            TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id                INTEGER PRIMARY KEY,
    generation        INTEGER NOT NULL REFERENCES generation (id),
    at                TEXT NOT NULL,
    index_date        TEXT NOT NULL,
    pull              INTEGER NOT NULL REFERENCES pull (id),
    rules_fingerprint TEXT NOT NULL,
    decisions_hash    TEXT NOT NULL,
    register          INTEGER NOT NULL,
    program           TEXT NOT NULL,
    report            TEXT NOT NULL
) STRICT;

-- The only place where an opaque id meets a person.
CREATE TABLE identity (
    resident          BLOB PRIMARY KEY,
    source            TEXT NOT NULL,
    patient_id        TEXT NOT NULL,
    national_id       TEXT,
    national_id_valid INTEGER,
    non_disclosure    INTEGER NOT NULL,
    pull              INTEGER NOT NULL REFERENCES pull (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_patient ON identity (patient_id);
CREATE INDEX identity_national ON identity (national_id) WHERE national_id IS NOT NULL;

-- Lines that could not be read, whole, until somebody has looked.
CREATE TABLE quarantine (
    pull INTEGER NOT NULL REFERENCES pull (id),
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    code TEXT NOT NULL,
    raw  BLOB NOT NULL
) STRICT;

CREATE TABLE unmapped (
    pull          INTEGER NOT NULL REFERENCES pull (id),
    resource_type TEXT NOT NULL,
    system        TEXT NOT NULL,
    code          TEXT NOT NULL,
    n             INTEGER NOT NULL
) STRICT;
",
    r"
-- What a run saw of the episodes, and whether it acted.
ALTER TABLE run ADD COLUMN ledger_event INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN acted INTEGER NOT NULL DEFAULT 0;

-- What happened in episodes, in order. An episode is the fold of its events.
CREATE TABLE episode_event (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    resident BLOB NOT NULL,
    round    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    on_day   TEXT NOT NULL,
    until    TEXT,
    tests    TEXT,
    detail   TEXT,
    run      INTEGER REFERENCES run (id),
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX episode_event_resident ON episode_event (resident, id);
CREATE TRIGGER episode_event_stays BEFORE UPDATE ON episode_event
    BEGIN SELECT raise(ABORT, 'an event is never changed'); END;
CREATE TRIGGER episode_event_remains BEFORE DELETE ON episode_event
    BEGIN SELECT raise(ABORT, 'an event is never deleted'); END;

-- What others are asked to do. `at` is when the row may be looked at next, in microseconds.
-- `checked` is on which pull, day and rules the resident was last decided about again,
-- `verdict` what that said: `may-leave`, `hold`, or why the row is to stop.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY,
    key          BLOB NOT NULL UNIQUE,
    resident     BLOB NOT NULL,
    programme    TEXT NOT NULL,
    round        INTEGER NOT NULL,
    action       TEXT NOT NULL,
    channel      TEXT NOT NULL,
    decided_on   TEXT NOT NULL,
    send_by      TEXT NOT NULL,
    due          TEXT NOT NULL,
    run          INTEGER REFERENCES run (id),
    state        TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'acknowledged', 'refused', 'unknown')),
    next         TEXT CHECK (next IN ('look-up', 'send-again', 'person')),
    at           INTEGER,
    claim        INTEGER,
    sends        INTEGER NOT NULL,
    absent       INTEGER NOT NULL,
    reference    TEXT,
    why          TEXT,
    payload      BLOB,
    checked      TEXT,
    verdict      TEXT,
    CHECK ((state = 'unknown') = (next IS NOT NULL))
) STRICT;
CREATE INDEX outbox_open ON outbox (channel, state, next, at)
    WHERE state IN ('planned', 'sending', 'unknown');
CREATE INDEX outbox_resident ON outbox (resident);
-- Rows that were under way when deciding again said to stop: hardly ever any, looked for at each visit.
CREATE INDEX outbox_stopped ON outbox (channel)
    WHERE state IN ('planned', 'sending', 'unknown') AND verdict NOT IN ('may-leave', 'hold');

-- How rows of the outbox changed, for whoever looks into a case.
CREATE TABLE outbox_event (
    id     INTEGER PRIMARY KEY,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    at     INTEGER NOT NULL,
    what   TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_event_outbox ON outbox_event (outbox);

-- How fast each channel's server is asked, for all processes together.
CREATE TABLE pace (
    channel      TEXT PRIMARY KEY,
    permits      INTEGER NOT NULL,
    counted_at   INTEGER NOT NULL,
    paused_until INTEGER NOT NULL,
    failures     INTEGER NOT NULL
) STRICT;

-- What a person has to look at; one open task for one matter.
CREATE TABLE task (
    id        INTEGER PRIMARY KEY,
    resident  BLOB NOT NULL,
    code      TEXT NOT NULL,
    outbox    INTEGER REFERENCES outbox (id),
    about     TEXT,
    priority  TEXT NOT NULL,
    opened_on TEXT NOT NULL,
    due       TEXT NOT NULL,
    run       INTEGER REFERENCES run (id),
    closed_at INTEGER,
    closed_by TEXT
) STRICT;
CREATE UNIQUE INDEX task_open ON task (resident, code, coalesce(outbox, 0), coalesce(about, ''))
    WHERE closed_at IS NULL;

-- Who stopped and who resumed effects, and when an old copy of this ledger was noticed.
CREATE TABLE effects_log (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    what   TEXT NOT NULL CHECK (what IN ('stopped', 'resumed', 'restored')),
    who    TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- Which ledger this is, and how often it has handed orders over: the same two numbers are kept
-- outside, so that an old copy is noticed.
CREATE TABLE epoch (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    ledger   BLOB NOT NULL,
    number   INTEGER NOT NULL,
    restored INTEGER NOT NULL
) STRICT;
INSERT INTO epoch (id, ledger, number, restored) VALUES (1, randomblob(16), 0, 0);
",
    r"
-- What an act tells beside its name: items of the model to ask, joined by spaces, and the day of the next look.
ALTER TABLE outbox ADD COLUMN asks TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN recall_on TEXT;
-- The resident's language of contact, as the register had it when the resident was last decided about again.
ALTER TABLE outbox ADD COLUMN language TEXT;

-- A server is asked as fast as it allows, however many channels lead to it; it is counted anew.
DROP TABLE pace;
CREATE TABLE pace (
    server       TEXT PRIMARY KEY,
    permits      INTEGER NOT NULL,
    counted_at   INTEGER NOT NULL,
    paused_until INTEGER NOT NULL,
    failures     INTEGER NOT NULL
) STRICT;
",
    r"
-- What outcomes would change in the calibration in force. A proposal changes nothing; log odds
-- become `intercept + slope * log odds` of the calibration it was made from: that of the rule file
-- `base`, or the accepted recalibration `made_from`.
CREATE TABLE recalibration (
    id                INTEGER PRIMARY KEY,
    at                TEXT NOT NULL,
    as_of             TEXT NOT NULL,
    program           TEXT NOT NULL,
    rules_fingerprint TEXT NOT NULL,
    model             TEXT NOT NULL,
    base              TEXT NOT NULL,
    made_from         INTEGER REFERENCES recalibration (id),
    estimand          TEXT NOT NULL,
    pull              INTEGER NOT NULL REFERENCES pull (id),
    ledger_event      INTEGER NOT NULL,
    runs              TEXT NOT NULL,
    cases_hash        TEXT NOT NULL,
    n                 INTEGER NOT NULL,
    events            INTEGER NOT NULL,
    tested            TEXT NOT NULL,
    method            TEXT NOT NULL,
    rung              TEXT NOT NULL,
    intercept         REAL NOT NULL,
    slope             REAL NOT NULL CHECK (0 < slope),
    report            TEXT NOT NULL
) STRICT;
CREATE TRIGGER recalibration_stays BEFORE UPDATE ON recalibration
    BEGIN SELECT raise(ABORT, 'a proposal is never changed'); END;
CREATE TRIGGER recalibration_remains BEFORE DELETE ON recalibration
    BEGIN SELECT raise(ABORT, 'a proposal is never deleted'); END;

-- Who put a recalibration in force, and when; the newest is in force.
CREATE TABLE recalibration_accepted (
    id            INTEGER PRIMARY KEY,
    recalibration INTEGER NOT NULL UNIQUE REFERENCES recalibration (id),
    by            TEXT NOT NULL CHECK (trim(by) <> ''),
    at            TEXT NOT NULL
) STRICT;
CREATE TRIGGER recalibration_accepted_stays BEFORE UPDATE ON recalibration_accepted
    BEGIN SELECT raise(ABORT, 'an acceptance is never changed'); END;
CREATE TRIGGER recalibration_accepted_remains BEFORE DELETE ON recalibration_accepted
    BEGIN SELECT raise(ABORT, 'an acceptance is never deleted'); END;

-- Which recalibration a run's probabilities are by; nothing for those of the rule file.
ALTER TABLE run ADD COLUMN recalibration INTEGER REFERENCES recalibration (id);
",
    r"
-- The generation from which on another file holds this one's rows as well; nothing while it is read.
ALTER TABLE lake_file ADD COLUMN folded INTEGER;
",
    r"
-- The rule files that runs used, each once, compressed with zstd and named by the SHA-256 of its text.
CREATE TABLE rule_text (
    sha256  TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER rule_text_stays BEFORE UPDATE ON rule_text
    BEGIN SELECT raise(ABORT, 'a kept rule is never changed'); END;
CREATE TRIGGER rule_text_remains BEFORE DELETE ON rule_text
    BEGIN SELECT raise(ABORT, 'a kept rule is never deleted'); END;

-- Which files a rule book is made of.
CREATE TABLE rule_book (
    fingerprint TEXT NOT NULL,
    path        TEXT NOT NULL,
    sha256      TEXT NOT NULL REFERENCES rule_text (sha256),
    PRIMARY KEY (fingerprint, path)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER rule_book_stays BEFORE UPDATE ON rule_book
    BEGIN SELECT raise(ABORT, 'a kept rule book is never changed'); END;
CREATE TRIGGER rule_book_remains BEFORE DELETE ON rule_book
    BEGIN SELECT raise(ABORT, 'a kept rule book is never deleted'); END;

-- Whether a run's rule book is kept: not, for runs of earlier versions of the program.
ALTER TABLE run ADD COLUMN rules_kept INTEGER NOT NULL DEFAULT 0;

-- Rules that nothing may be done by any more. There is no way back: a new version is the way out.
CREATE TABLE rule_faulty (
    id      INTEGER PRIMARY KEY,
    rule    TEXT NOT NULL,
    version TEXT NOT NULL,
    by      TEXT NOT NULL CHECK (trim(by) <> ''),
    why     TEXT NOT NULL CHECK (trim(why) <> ''),
    at      TEXT NOT NULL,
    UNIQUE (rule, version)
) STRICT;
CREATE TRIGGER rule_faulty_stays BEFORE UPDATE ON rule_faulty
    BEGIN SELECT raise(ABORT, 'a faulty rule stays so'); END;
CREATE TRIGGER rule_faulty_remains BEFORE DELETE ON rule_faulty
    BEGIN SELECT raise(ABORT, 'a faulty rule stays so'); END;
",
    r"
-- What a source has deleted before anything of it came: an older version that comes late says nothing.
CREATE TABLE deletion (
    submission BLOB PRIMARY KEY,
    updated    INTEGER NOT NULL,
    pull       INTEGER NOT NULL REFERENCES pull (id)
) STRICT, WITHOUT ROWID;
",
    r"
-- By which way a row left, or may have; nothing while it may take any.
ALTER TABLE outbox ADD COLUMN way TEXT;
UPDATE outbox SET way = CASE
    WHEN reference LIKE 'ServiceRequest/%' THEN 'service-request'
    WHEN reference LIKE 'Communication/%' THEN 'communication'
    WHEN reference LIKE 'Task/%' THEN 'task' END
    WHERE reference IS NOT NULL;
-- Whether a row that is looked up was handed over and waits to be taken.
ALTER TABLE outbox ADD COLUMN awaited INTEGER NOT NULL DEFAULT 0;
-- The resident's score when they were last decided about again: what a score written back says.
ALTER TABLE outbox ADD COLUMN score TEXT;
-- What a person has said about a row: it may leave, or it may not.
ALTER TABLE outbox ADD COLUMN review TEXT CHECK (review IN ('approved', 'held'));

-- Who said what about which row, and when.
CREATE TABLE order_review (
    id     INTEGER PRIMARY KEY,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    what   TEXT NOT NULL CHECK (what IN ('approved', 'held')),
    by     TEXT NOT NULL CHECK (trim(by) <> ''),
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX order_review_outbox ON order_review (outbox);
CREATE TRIGGER order_review_stays BEFORE UPDATE ON order_review
    BEGIN SELECT raise(ABORT, 'what a person said is never changed'); END;
CREATE TRIGGER order_review_remains BEFORE DELETE ON order_review
    BEGIN SELECT raise(ABORT, 'what a person said is never deleted'); END;
",
    r"
-- By which rule book a row was put into words, with which laboratory's codes, and in which language
-- professionals read it; nothing while no words have left, or may have.
ALTER TABLE outbox ADD COLUMN worded_by TEXT;
ALTER TABLE outbox ADD COLUMN worded_for TEXT;
ALTER TABLE outbox ADD COLUMN worded_in TEXT;
",
    r"
-- What a source beside the register calls a resident, from which pull on. Older rows stay: a run that
-- is decided again sees the links that it saw. Without a resident: it is nobody's name any more.
CREATE TABLE link (
    source     TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    pull       INTEGER NOT NULL REFERENCES pull (id),
    resident   BLOB,
    PRIMARY KEY (source, patient_id, pull)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_resident ON link (resident, source, pull);
",
    r"
-- What the source called the resident when a row was put into words: what is sent again, or looked up,
-- must be about the same person.
ALTER TABLE outbox ADD COLUMN patient_id TEXT;
-- The pull that first told of a resident; nothing for those of earlier tables.
ALTER TABLE identity ADD COLUMN joined INTEGER REFERENCES pull (id);
",
    r"
-- What the person who closed a task says came of it.
ALTER TABLE task ADD COLUMN closed_why TEXT;
-- Before a task is opened it is asked whether a person has closed the same.
CREATE INDEX task_about ON task (resident, code, about);
",
    r"
-- The day, in the programme's time zone, on which a row began to leave; nothing while it has not.
ALTER TABLE outbox ADD COLUMN left_on TEXT;
-- Of questionnaires that wait for their turn: the lower, the sooner. As of when the resident was last
-- decided about again.
ALTER TABLE outbox ADD COLUMN rank BLOB;
CREATE INDEX outbox_turn ON outbox (channel, rank, resident, id)
    WHERE state = 'planned' AND action = 'questionnaire';
CREATE INDEX outbox_not_in_turn ON outbox (channel, at, id)
    WHERE state = 'planned' AND action <> 'questionnaire';
CREATE INDEX outbox_asked ON outbox (left_on)
    WHERE action = 'questionnaire' AND left_on IS NOT NULL;
-- Whether the resident was known not to be reached at the portal when last decided about again.
ALTER TABLE outbox ADD COLUMN without_portal INTEGER NOT NULL DEFAULT 0;
",
    r"
-- Who did what and who looked at whom. The hash covers the row and the hash before it in the writer's chain.
CREATE TABLE audit (
    writer TEXT NOT NULL,
    n      INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    act    TEXT NOT NULL,
    about  BLOB,
    detail TEXT NOT NULL,
    hash   BLOB NOT NULL,
    PRIMARY KEY (writer, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_about ON audit (about) WHERE about IS NOT NULL;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit is never changed'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit is never deleted from'); END;
",
    r"
-- What was done by the schedule: which step, for which day in the programme's time zone, from when to
-- when, how it ended. `newest_pull` and `newest_run` are those there were before it was first begun for
-- that day: what came after is its own.
CREATE TABLE served (
    id          INTEGER PRIMARY KEY,
    step        TEXT NOT NULL,
    day         TEXT NOT NULL,
    started     INTEGER NOT NULL,
    newest_pull INTEGER NOT NULL,
    newest_run  INTEGER NOT NULL,
    ended       INTEGER,
    outcome     TEXT,
    told        TEXT,
    CHECK ((ended IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX served_step ON served (step, day);
",
    r"
-- Whose data were erased, by the opaque id alone: a later pull does not bring them back until a named
-- person has lifted it.
CREATE TABLE erasure (
    id         INTEGER PRIMARY KEY,
    resident   BLOB NOT NULL,
    at         TEXT NOT NULL,
    by         TEXT NOT NULL CHECK (trim(by) <> ''),
    reason     TEXT NOT NULL CHECK (trim(reason) <> ''),
    lifted_at  TEXT,
    lifted_by  TEXT CHECK (trim(lifted_by) <> ''),
    lifted_why TEXT CHECK (trim(lifted_why) <> '')
) STRICT;
CREATE UNIQUE INDEX erasure_in_force ON erasure (resident) WHERE lifted_at IS NULL;
CREATE TRIGGER erasure_remains BEFORE DELETE ON erasure
    BEGIN SELECT raise(ABORT, 'an erasure stays on record'); END;

-- Runs that decided about somebody who was erased since: how many, and the hash of the decisions
-- that are left.
CREATE TABLE erased_run (
    run            INTEGER PRIMARY KEY REFERENCES run (id),
    residents      INTEGER NOT NULL,
    decisions_hash TEXT NOT NULL
) STRICT;

-- Who was shown everything about whom, and why.
CREATE TABLE access (
    id       INTEGER PRIMARY KEY,
    resident BLOB NOT NULL,
    at       TEXT NOT NULL,
    by       TEXT NOT NULL CHECK (trim(by) <> ''),
    reason   TEXT NOT NULL CHECK (trim(reason) <> '')
) STRICT;
CREATE INDEX access_resident ON access (resident);
CREATE TRIGGER access_stays BEFORE UPDATE ON access
    BEGIN SELECT raise(ABORT, 'who looked is never changed'); END;
CREATE TRIGGER access_remains BEFORE DELETE ON access
    BEGIN SELECT raise(ABORT, 'who looked is never deleted'); END;
",
    r"
-- The last index date of the decisions that were fitted: later ones judge it. Nothing for proposals of
-- earlier versions of the program.
ALTER TABLE recalibration ADD COLUMN fitted_until TEXT;

-- What people did to the calibration in force, oldest first. What is in force follows from all of it.
CREATE TABLE model_change (
    id            INTEGER PRIMARY KEY,
    what          TEXT NOT NULL CHECK (what IN ('accepted', 'promoted', 'rolled-back')),
    recalibration INTEGER NOT NULL REFERENCES recalibration (id),
    share         INTEGER CHECK (share BETWEEN 1 AND 1000000000),
    lot           BLOB CHECK (length(lot) = 32),
    by            TEXT NOT NULL CHECK (trim(by) <> ''),
    why           TEXT NOT NULL,
    at            TEXT NOT NULL,
    CHECK ((what = 'promoted') = (share IS NOT NULL) AND (share IS NULL) = (lot IS NULL))
) STRICT;
INSERT INTO model_change (id, what, recalibration, by, why, at)
    SELECT id, 'accepted', recalibration, by, '', at FROM recalibration_accepted;
DROP TABLE recalibration_accepted;
CREATE TRIGGER model_change_stays BEFORE UPDATE ON model_change
    BEGIN SELECT raise(ABORT, 'a change of the model is never changed'); END;
CREATE TRIGGER model_change_remains BEFORE DELETE ON model_change
    BEGIN SELECT raise(ABORT, 'a change of the model is never deleted'); END;

-- What a proposal would have done beside the calibration in force, and what the gates said.
CREATE TABLE model_shadow (
    id                INTEGER PRIMARY KEY,
    recalibration     INTEGER NOT NULL REFERENCES recalibration (id),
    at                TEXT NOT NULL,
    as_of             TEXT NOT NULL,
    program           TEXT NOT NULL,
    rules_fingerprint TEXT NOT NULL,
    pull              INTEGER NOT NULL,
    ledger_event      INTEGER NOT NULL,
    cases_hash        TEXT NOT NULL,
    passed            INTEGER NOT NULL CHECK (passed IN (0, 1)),
    gates             TEXT NOT NULL,
    evidence          TEXT NOT NULL,
    report            TEXT NOT NULL
) STRICT;
CREATE INDEX model_shadow_of ON model_shadow (recalibration);
CREATE TRIGGER model_shadow_stays BEFORE UPDATE ON model_shadow
    BEGIN SELECT raise(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER model_shadow_remains BEFORE DELETE ON model_shadow
    BEGIN SELECT raise(ABORT, 'evidence is never deleted'); END;

-- Who stands for a proposal as its evidence shows it.
CREATE TABLE model_signature (
    id        INTEGER PRIMARY KEY,
    shadow    INTEGER NOT NULL REFERENCES model_shadow (id),
    signer    TEXT NOT NULL,
    signed_at TEXT NOT NULL,
    signature BLOB NOT NULL,
    UNIQUE (shadow, signer)
) STRICT;
CREATE TRIGGER model_signature_stays BEFORE UPDATE ON model_signature
    BEGIN SELECT raise(ABORT, 'a signature is never changed'); END;
CREATE TRIGGER model_signature_remains BEFORE DELETE ON model_signature
    BEGIN SELECT raise(ABORT, 'a signature is never deleted'); END;

-- Which recalibration decided about a share of a run's residents, and which share.
ALTER TABLE run ADD COLUMN shared INTEGER REFERENCES recalibration (id);
ALTER TABLE run ADD COLUMN share INTEGER;
",
    r"
-- Refusals that a person has put on record, and their ends. The fact itself came in the pull.
CREATE TABLE opt_out (
    id       INTEGER PRIMARY KEY,
    resident BLOB NOT NULL,
    pull     INTEGER NOT NULL REFERENCES pull (id),
    what     TEXT NOT NULL CHECK (what IN ('opted-out', 'taken-back')),
    on_day   TEXT NOT NULL,
    until    TEXT,
    by       TEXT NOT NULL CHECK (trim(by) <> ''),
    reason   TEXT NOT NULL CHECK (trim(reason) <> ''),
    at       TEXT NOT NULL
) STRICT;
CREATE INDEX opt_out_resident ON opt_out (resident);
CREATE TRIGGER opt_out_stays BEFORE UPDATE ON opt_out
    BEGIN SELECT raise(ABORT, 'what was put on record is never changed'); END;
CREATE TRIGGER opt_out_remains BEFORE DELETE ON opt_out
    BEGIN SELECT raise(ABORT, 'what was put on record is never deleted'); END;
",
    r"
-- What entries of the register say about other entries of the same person; the newest pull of an entry
-- says all. One row without another entry: it says nothing any more.
CREATE TABLE entry_link (
    resident   BLOB NOT NULL,
    other      BLOB,
    gives_way  INTEGER NOT NULL CHECK (gives_way IN (0, 1)),
    pull       INTEGER NOT NULL REFERENCES pull (id)
) STRICT;
CREATE INDEX entry_link_resident ON entry_link (resident, pull);

-- Under which entry a person is decided about, since a pull; the newest row of an entry counts.
CREATE TABLE person (
    id       INTEGER PRIMARY KEY,
    resident BLOB NOT NULL,
    lead     BLOB NOT NULL,
    why      TEXT NOT NULL CHECK (why IN ('united', 'alone', 'unclear')),
    pull     INTEGER NOT NULL REFERENCES pull (id)
) STRICT;
CREATE INDEX person_resident ON person (resident, id);
",
    r"
-- Whether who was erased comes back when the register says that they live here; else somebody lifts it.
ALTER TABLE erasure ADD COLUMN until_return INTEGER NOT NULL DEFAULT 0 CHECK (until_return IN (0, 1));

-- What was removed since its period was over: how many of a kind, by whom and why.
CREATE TABLE removal (
    id     INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    months INTEGER NOT NULL,
    on_day TEXT NOT NULL,
    n      INTEGER NOT NULL,
    by     TEXT NOT NULL CHECK (trim(by) <> ''),
    reason TEXT NOT NULL CHECK (trim(reason) <> ''),
    at     TEXT NOT NULL
) STRICT;
CREATE TRIGGER removal_stays BEFORE UPDATE ON removal
    BEGIN SELECT raise(ABORT, 'a removal is never changed'); END;
CREATE TRIGGER removal_remains BEFORE DELETE ON removal
    BEGIN SELECT raise(ABORT, 'a removal is never deleted'); END;
",
    r"
-- A card that a professional was shown in their own system: about whom, by which service, to which
-- client, and which row of the pathway decided.
CREATE TABLE cds_card (
    id          INTEGER PRIMARY KEY,
    uuid        TEXT NOT NULL UNIQUE,
    resident    BLOB NOT NULL CHECK (length(resident) = 16),
    service     TEXT NOT NULL,
    client      TEXT NOT NULL,
    pathway_row TEXT NOT NULL,
    suggestion  TEXT,
    at          TEXT NOT NULL
) STRICT;
CREATE INDEX cds_card_resident ON cds_card (resident);
CREATE TRIGGER cds_card_stays BEFORE UPDATE ON cds_card
    BEGIN SELECT raise(ABORT, 'a card that was shown is never changed'); END;
CREATE TRIGGER cds_card_remains BEFORE DELETE ON cds_card
    BEGIN SELECT raise(ABORT, 'a card that was shown is never deleted'); END;

-- What a professional did with it. The same told again is the same.
CREATE TABLE cds_feedback (
    id          INTEGER PRIMARY KEY,
    card        INTEGER NOT NULL REFERENCES cds_card (id),
    outcome     TEXT NOT NULL CHECK (outcome IN ('accepted', 'overridden')),
    suggestions TEXT,
    reason      TEXT,
    comment     TEXT,
    happened_at TEXT NOT NULL,
    at          TEXT NOT NULL,
    UNIQUE (card, outcome, happened_at)
) STRICT;
CREATE TRIGGER cds_feedback_stays BEFORE UPDATE ON cds_feedback
    BEGIN SELECT raise(ABORT, 'what was done with a card is never changed'); END;
CREATE TRIGGER cds_feedback_remains BEFORE DELETE ON cds_feedback
    BEGIN SELECT raise(ABORT, 'what was done with a card is never deleted'); END;
",
    r"
-- What professionals have written about a resident. What was wrong is corrected by a further note.
CREATE TABLE note (
    id       INTEGER PRIMARY KEY,
    resident BLOB NOT NULL CHECK (length(resident) = 16),
    corrects INTEGER REFERENCES note (id),
    text     TEXT NOT NULL CHECK (trim(text) <> ''),
    by       TEXT NOT NULL CHECK (trim(by) <> ''),
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX note_resident ON note (resident, id);
CREATE TRIGGER note_stays BEFORE UPDATE ON note
    BEGIN SELECT raise(ABORT, 'a note is never changed'); END;
CREATE TRIGGER note_remains BEFORE DELETE ON note
    BEGIN SELECT raise(ABORT, 'a note is never deleted'); END;
",
    r"
-- To whom a task was handed over, or, without a task, that a resident is to be confirmed in a round; the
-- newest row counts. Neither a person nor a role: it was given back.
CREATE TABLE handover (
    id       INTEGER PRIMARY KEY,
    resident BLOB NOT NULL CHECK (length(resident) = 16),
    round    INTEGER NOT NULL,
    task     INTEGER REFERENCES task (id),
    person   TEXT CHECK (trim(person) <> ''),
    role     TEXT CHECK (trim(role) <> ''),
    by       TEXT NOT NULL CHECK (trim(by) <> ''),
    reason   TEXT NOT NULL CHECK (trim(reason) <> ''),
    at       INTEGER NOT NULL,
    CHECK (person IS NULL OR role IS NULL)
) STRICT;
CREATE INDEX handover_resident ON handover (resident, id);
CREATE INDEX handover_task ON handover (task, id);
CREATE TRIGGER handover_stays BEFORE UPDATE ON handover
    BEGIN SELECT raise(ABORT, 'a hand-over is never changed'); END;
CREATE TRIGGER handover_remains BEFORE DELETE ON handover
    BEGIN SELECT raise(ABORT, 'a hand-over is never deleted'); END;
",
    r"
-- What a person said about several orders at once has one number: that of the first of its rows. Nothing
-- for what earlier versions of the program wrote.
ALTER TABLE order_review ADD COLUMN act INTEGER;
CREATE INDEX order_review_act ON order_review (act) WHERE act IS NOT NULL;

-- What was taken back of it before the order left.
CREATE TABLE review_undone (
    id     INTEGER PRIMARY KEY,
    review INTEGER NOT NULL UNIQUE REFERENCES order_review (id),
    by     TEXT NOT NULL CHECK (trim(by) <> ''),
    at     INTEGER NOT NULL
) STRICT;
CREATE TRIGGER review_undone_stays BEFORE UPDATE ON review_undone
    BEGIN SELECT raise(ABORT, 'what a person took back is never changed'); END;
CREATE TRIGGER review_undone_remains BEFORE DELETE ON review_undone
    BEGIN SELECT raise(ABORT, 'what a person took back is never deleted'); END;
",
    r"
-- When a task was closed last: whether the worklist is still as it was is asked at every look at it.
CREATE INDEX task_closed ON task (closed_at) WHERE closed_at IS NOT NULL;
",
];

/// The newest version of the tables.
pub(super) fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings the tables to the newest version, one transaction per step.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), LedgerError> {
    let action = "cannot create tables";
    let known = known();
    // Whoever finds the newest tables waits for nobody who writes.
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql(action))?;
    if found == known {
        return Ok(());
    }
    loop {
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(sql(action))?;
        let found: i64 = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(sql(action))?;
        if known < found {
            return Err(LedgerError::Newer { found, known });
        }
        let Some(step) = usize::try_from(found)
            .ok()
            .and_then(|found| STEPS.get(found))
        else {
            return Ok(());
        };
        transaction.execute_batch(step).map_err(sql(action))?;
        transaction
            .pragma_update(None, "user_version", found + 1)
            .map_err(sql(action))?;
        transaction.commit().map_err(sql(action))?;
    }
}
