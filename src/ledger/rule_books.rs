//! Rule books that runs used: every file once, by its content, so that a decision can be made again.

use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::{Ledger, LedgerError, sql};
use crate::rulebook::{self, RuleFile, Rulebook};

/// Longest rule file that is read back: what the ledger says of itself is not believed.
const MAX_BYTES: usize = 1 << 24;

/// Keeps the files of a run's rule book.
pub(super) fn keep_for_run(
    transaction: &Transaction<'_>,
    run: u32,
    fingerprint: &str,
    files: &[RuleFile],
) -> rusqlite::Result<()> {
    keep(transaction, fingerprint, files)?;
    transaction
        .execute("UPDATE run SET rules_kept = 1 WHERE id = ?1", [run])
        .map(drop)
}

/// Keeps the files of a rule book; those that are there already are not stored again.
fn keep(
    transaction: &Transaction<'_>,
    fingerprint: &str,
    files: &[RuleFile],
) -> rusqlite::Result<()> {
    for file in files {
        let sha256 = sha256(file.text.as_bytes());
        let known: Option<i64> = transaction
            .query_row(
                "SELECT 1 FROM rule_text WHERE sha256 = ?1",
                [&sha256],
                |row| row.get(0),
            )
            .optional()?;
        if known.is_none() {
            let content = zstd::bulk::compress(file.text.as_bytes(), 9)
                .expect("bytes in memory can be compressed");
            transaction.execute(
                "INSERT INTO rule_text (sha256, content) VALUES (?1, ?2)",
                params![sha256, content],
            )?;
        }
        transaction.execute(
            "INSERT INTO rule_book (fingerprint, path, sha256) VALUES (?1, ?2, ?3)
             ON CONFLICT (fingerprint, path) DO NOTHING",
            params![fingerprint, file.path, sha256],
        )?;
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Ledger {
    /// Keeps the rule book by which orders leave, whether or not a run has used it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn keep_rules(&mut self, rulebook: &Rulebook) -> Result<(), LedgerError> {
        let action = "cannot keep a rule book";
        let transaction = self.begin(action)?;
        keep(&transaction, &rulebook.fingerprint, &rulebook.files).map_err(sql(action))?;
        transaction.commit().map_err(sql(action))
    }

    /// The fingerprints of every rule book that is kept, sorted.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn rule_books(&self) -> Result<Vec<String>, LedgerError> {
        let action = "cannot read rule books";
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT fingerprint FROM rule_book ORDER BY fingerprint")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// The files of a rule book, sorted by path; nothing when it is not kept.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read, or what is kept is not what was stored.
    pub fn rule_book(&self, fingerprint: &str) -> Result<Option<Vec<RuleFile>>, LedgerError> {
        let action = "cannot read a rule book";
        let mut statement = self
            .connection
            .prepare(
                "SELECT b.path, b.sha256, t.content FROM rule_book b
                 LEFT JOIN rule_text t ON t.sha256 = b.sha256
                 WHERE b.fingerprint = ?1 ORDER BY b.path",
            )
            .map_err(sql(action))?;
        let rows = statement
            .query_map([fingerprint], |row| {
                let content: Option<Vec<u8>> = row.get(2)?;
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, content))
            })
            .map_err(sql(action))?;
        let mut files = Vec::new();
        for row in rows {
            let (path, stored, content) = row.map_err(sql(action))?;
            let damaged = || {
                LedgerError::Content(format!("the rule file `{path}` kept for a run is damaged"))
            };
            let text = content
                .and_then(|content| zstd::bulk::decompress(&content, MAX_BYTES).ok())
                .filter(|bytes| sha256(bytes) == stored)
                .and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(damaged)?;
            files.push(RuleFile { path, text });
        }
        if files.is_empty() {
            return Ok(None);
        }
        if rulebook::fingerprint(&files) != fingerprint {
            return Err(LedgerError::Content(format!(
                "the rule book {fingerprint} is not whole"
            )));
        }
        Ok(Some(files))
    }

    /// Runs since rules are kept, with the fingerprint of theirs, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn runs_with_rules(&self) -> Result<Vec<(u32, String)>, LedgerError> {
        let action = "cannot read runs";
        let mut statement = self
            .connection
            .prepare("SELECT id, rules_fingerprint FROM run WHERE rules_kept = 1 ORDER BY id")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
