//! Walks a parsed rule file and collects every mistake on the way.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, RuleFile, Severity, Unverified};

/// Longest rule file that is read; a larger one is a mistake, not a rule.
const MAX_BYTES: usize = 1 << 20;

/// Where findings go while files are walked.
#[derive(Default)]
pub(super) struct Findings {
    diagnostics: RefCell<Vec<Diagnostic>>,
    unverified: RefCell<Vec<Unverified>>,
}

impl Findings {
    pub(super) fn push(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    pub(super) fn into_parts(self) -> (Vec<Diagnostic>, Vec<Unverified>) {
        (self.diagnostics.into_inner(), self.unverified.into_inner())
    }
}

/// One rule file being read.
pub(super) struct Document<'a> {
    pub(super) file: &'a RuleFile,
    pub(super) findings: &'a Findings,
}

impl<'a> Document<'a> {
    /// Parses the text; syntax mistakes are reported, all of them.
    pub(super) fn parse(&self) -> Option<Spanned<DeTable<'a>>> {
        let n_bytes = self.file.text.len();
        if MAX_BYTES < n_bytes {
            let message = format!("file of {n_bytes} bytes is over the limit of {MAX_BYTES}");
            self.report(0..0, "rule-too-large", message, None);
            return None;
        }
        // The parser itself refuses brackets nested deeper than it can follow.
        let (table, errors) = DeTable::parse_recoverable(&self.file.text);
        for error in &errors {
            self.report(
                error.span().unwrap_or(0..0),
                "rule-syntax",
                error.message().lines().collect::<Vec<_>>().join("; "),
                None,
            );
        }
        errors.is_empty().then_some(table)
    }

    pub(super) fn report(
        &self,
        span: Range<usize>,
        code: &'static str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let (line, column) = self.place(span.start);
        self.findings.push(Diagnostic {
            file: self.file.path.clone(),
            line,
            column,
            severity: Severity::Error,
            code,
            message: message.into(),
            hint,
        });
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.file.text.get(..offset).unwrap_or(&self.file.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// A table of a rule file, with the keys that were asked for.
pub(super) struct Table<'a> {
    pub(super) document: &'a Document<'a>,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Table<'a> {
    pub(super) fn root(document: &'a Document<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self {
            document,
            table: table.get_ref(),
            span: 0..0,
            asked: RefCell::default(),
        }
    }

    fn nested(&self, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self {
            document: self.document,
            table,
            span,
            asked: RefCell::default(),
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Reports at this table.
    pub(super) fn report(&self, code: &'static str, message: impl Into<String>) {
        self.document.report(self.span(), code, message, None);
    }

    /// Reports at a key of this table, or at the table when the key is not there.
    pub(super) fn report_at(
        &self,
        key: &str,
        code: &'static str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let span = self
            .table
            .get(key)
            .map_or_else(|| self.span(), Spanned::span);
        self.document.report(span, code, message, hint);
    }

    pub(super) fn has(&self, key: &'static str) -> bool {
        self.asked.borrow_mut().insert(key);
        self.table.contains_key(key)
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn wrong_type(&self, value: &Spanned<DeValue<'_>>, key: &str, expected: &str) {
        self.document.report(
            value.span(),
            "rule-wrong-type",
            format!(
                "`{key}` is of type {}, expected {expected}",
                value.get_ref().type_str()
            ),
            None,
        );
    }

    fn missing(&self, key: &str) {
        self.report("rule-missing-key", format!("`{key}` is missing"));
    }

    pub(super) fn optional_text(&self, key: &'static str) -> Option<&'a str> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(value, key, "a text in quotes");
        }
        text
    }

    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        if !self.has(key) {
            self.missing(key);
            return None;
        }
        let text = self.optional_text(key)?;
        if text.trim().is_empty() {
            self.report_at(key, "rule-empty", format!("`{key}` is empty"), None);
            return None;
        }
        Some(text)
    }

    pub(super) fn optional_number(&self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?;
        let number = number(value.get_ref());
        if number.is_none() {
            self.wrong_type(value, key, "a number");
        }
        number
    }

    pub(super) fn number(&self, key: &'static str) -> Option<f64> {
        if !self.has(key) {
            self.missing(key);
        }
        self.optional_number(key)
    }

    /// A whole number that fits `T`.
    pub(super) fn optional_whole<T: TryFrom<i64>>(&self, key: &'static str) -> Option<T> {
        let value = self.get(key)?;
        let whole = value
            .get_ref()
            .as_integer()
            .and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok())
            .and_then(|n| T::try_from(n).ok());
        if whole.is_none() {
            self.wrong_type(value, key, "a whole number in range");
        }
        whole
    }

    pub(super) fn whole<T: TryFrom<i64>>(&self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            self.missing(key);
        }
        self.optional_whole(key)
    }

    pub(super) fn optional_flag(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, key, "`true` or `false`");
        }
        flag
    }

    /// A day.
    pub(super) fn date(&self, key: &'static str) -> Option<Date> {
        if !self.has(key) {
            self.missing(key);
        }
        let value = self.get(key)?;
        let written = value.get_ref().as_datetime();
        let date = written.and_then(|written| written.to_string().parse().ok());
        if date.is_none() {
            self.wrong_type(value, key, "a day like 2026-02-01, without quotes");
        }
        date
    }

    /// One word of a closed list.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.report_at(
                key,
                "rule-unknown-word",
                format!("`{text}` is not a known `{key}`"),
                Some(suggest(text, &known)),
            );
        }
        found
    }

    pub(super) fn optional_word<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        if self.has(key) {
            self.word(key, words)
        } else {
            None
        }
    }

    pub(super) fn texts(&self, key: &'static str) -> Vec<&'a str> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, key, "a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for element in array.iter() {
            match element.get_ref().as_str() {
                Some(text) => texts.push(text),
                None => self.wrong_type(element, key, "a list of texts"),
            }
        }
        texts
    }

    /// A word of a closed list, or a list of them; a word that is not in the list is reported.
    pub(super) fn words<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Vec<T> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        if value.get_ref().as_str().is_some() {
            return self.word(key, words).into_iter().collect();
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let mut found = Vec::new();
        for text in self.texts(key) {
            match words.iter().find(|(word, _)| *word == text) {
                Some((_, value)) => found.push(*value),
                None => self.report_at(
                    key,
                    "rule-unknown-word",
                    format!("`{text}` is not a known `{key}`"),
                    Some(suggest(text, &known)),
                ),
            }
        }
        found
    }

    pub(super) fn table(&self, key: &'static str) -> Option<Self> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, key, "a table");
        }
        table.map(|table| self.nested(table, value.span()))
    }

    /// Whether a key holds a table; says nothing when it does not.
    pub(super) fn is_table(&self, key: &'static str) -> bool {
        self.get(key)
            .is_some_and(|value| value.get_ref().as_table().is_some())
    }

    pub(super) fn required_table(&self, key: &'static str) -> Option<Self> {
        if !self.has(key) {
            self.missing(key);
        }
        self.table(key)
    }

    pub(super) fn tables(&self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, key, "a list of tables");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in array.iter() {
            match element.get_ref().as_table() {
                Some(table) => tables.push(self.nested(table, element.span())),
                None => self.wrong_type(element, key, "a list of tables"),
            }
        }
        tables
    }

    /// The tables of a list; says nothing when it is no list of tables.
    pub(super) fn quiet_tables(&self, key: &'static str) -> Vec<Self> {
        let array = self.get(key).and_then(|value| value.get_ref().as_array());
        let elements = array.into_iter().flat_map(|array| array.iter());
        elements
            .filter_map(|element| {
                let table = element.get_ref().as_table()?;
                Some(self.nested(table, element.span()))
            })
            .collect()
    }

    /// The tables of this table, for tables whose keys are data.
    pub(super) fn named_tables(&self) -> Vec<(&'a str, Self)> {
        let mut tables = Vec::new();
        for (key, value) in self.entries() {
            match value.get_ref().as_table() {
                Some(table) => tables.push((key, self.nested(table, value.span()))),
                None => self.wrong_type(value, key, "a table"),
            }
        }
        tables
    }

    /// Every key of this table, for tables whose keys are data.
    pub(super) fn entries(&self) -> Vec<(&'a str, &'a Spanned<DeValue<'a>>)> {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), value))
            .collect()
    }

    pub(super) fn value_mistake(&self, value: &Spanned<DeValue<'_>>, key: &str, expected: &str) {
        self.wrong_type(value, key, expected);
    }

    /// Notes that something at this table is not verified, and why it is there all the same.
    pub(super) fn note_unverified(&self, why: &str) {
        let (line, _) = self.document.place(self.span.start);
        self.document
            .findings
            .unverified
            .borrow_mut()
            .push(Unverified {
                file: self.document.file.path.clone(),
                line,
                why: why.to_owned(),
            });
    }

    /// Notes numbers marked as not verified; their reason is required.
    pub(super) fn note_verification(&self) -> bool {
        let verified = self.optional_flag("verified").unwrap_or(true);
        let why = self.optional_text("why");
        match why {
            Some(why) if !verified => self.note_unverified(why),
            None if !verified => {
                self.report(
                    "rule-missing-key",
                    "`why` is missing beside `verified = false`",
                );
            }
            Some(_) | None => {}
        }
        verified
    }

    /// Reports keys that nobody asked for: most are slips of the pen.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked.iter().copied().collect();
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !asked.contains(name) {
                self.document.report(
                    key.span(),
                    "rule-unknown-key",
                    format!("`{name}` is not a known key here"),
                    Some(suggest(name, &known)),
                );
            }
        }
    }
}

/// A TOML integer or float as a finite number.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    let parsed = if let Some(integer) = value.as_integer() {
        if integer.radix() != 10 {
            return None;
        }
        integer.as_str().parse::<f64>().ok()
    } else {
        value
            .as_float()
            .and_then(|float| float.as_str().parse::<f64>().ok())
    };
    parsed.filter(|number| number.is_finite())
}

/// The nearest known word, or the whole list.
pub(super) fn suggest(word: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .min_by_key(|candidate| distance(word, candidate));
    match nearest {
        Some(candidate) if distance(word, candidate) <= 2 => format!("did you mean `{candidate}`?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}

/// Edit distance, for hints only.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
