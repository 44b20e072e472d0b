//! Texts: what residents and professionals read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::header::{Source, read_source};
use super::reader::Table;

/// A language in which people are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Finnish, `fi`.
    Finnish,
    /// Swedish, `sv`.
    Swedish,
    /// English, `en`.
    English,
}

impl Language {
    /// Every language with its code (BCP 47); texts exist in all of them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("fi", Self::Finnish),
        ("sv", Self::Swedish),
        ("en", Self::English),
    ];

    /// The code (BCP 47).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Finnish => "fi",
            Self::Swedish => "sv",
            Self::English => "en",
        }
    }

    /// The language of a code, exactly as [`code`](Self::code) has it.
    #[must_use]
    pub fn called(code: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == code);
        known.map(|(_, language)| *language)
    }

    /// The language that a register's code means, `sv` or `sv-FI`; `None` for any other.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        let mut known = Self::NAMES.iter();
        let found = known.find(|(name, _)| name.eq_ignore_ascii_case(primary));
        found.map(|(_, language)| *language)
    }

    /// A day as it is written in this language.
    #[must_use]
    pub fn day(self, day: Date) -> String {
        let (d, month, year) = (day.day(), day.month(), day.year());
        match self {
            // Finland's Swedish writes days as its Finnish does.
            Self::Finnish | Self::Swedish => format!("{d}.{month}.{year}"),
            Self::English => day.strftime("%-d %B %Y").to_string(),
        }
    }
}

/// Whether a person has read texts and stands for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextStatus {
    /// Nobody has: they may be looked at, not sent to people.
    Draft,
    /// Somebody has.
    Reviewed {
        /// Who.
        by: String,
    },
}

/// A message: its subject and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The subject line.
    pub subject: String,
    /// The words.
    pub text: String,
}

impl Text {
    /// The placeholders in it, or the first thing in braces that is none.
    pub(super) fn placeholders(&self) -> Result<BTreeSet<Placeholder>, String> {
        let mut found = placeholders(&self.subject)?;
        found.extend(placeholders(&self.text)?);
        Ok(found)
    }
}

/// A question of a form, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionText {
    /// The question.
    pub text: String,
    /// The answers to choose from, by code.
    pub answers: BTreeMap<String, String>,
}

/// Everything that people read in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its name.
    pub id: String,
    /// Its version; a changed word is a new version.
    pub version: String,
    /// The language.
    pub language: Language,
    /// Whether somebody stands for it.
    pub status: TextStatus,
    /// Where its words come from.
    pub source: Source,
    /// Messages by id.
    pub texts: BTreeMap<String, Text>,
    /// Questions by link id of the form.
    pub questions: BTreeMap<String, QuestionText>,
    /// What letters call the items of the model, by id.
    pub items: BTreeMap<String, String>,
}

/// What is put in place of `{…}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Placeholder {
    /// The day of the next look.
    RecallOn,
    /// The day by which something is to happen.
    Due,
    /// The name of a laboratory test.
    Test,
    /// The day as of which it was decided.
    On,
    /// A score, or the ends of its range.
    Score,
    /// The action level.
    Level,
}

impl Placeholder {
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("recall_on", Self::RecallOn),
        ("due", Self::Due),
        ("test", Self::Test),
        ("on", Self::On),
        ("score", Self::Score),
        ("level", Self::Level),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RecallOn => "recall_on",
            Self::Due => "due",
            Self::Test => "test",
            Self::On => "on",
            Self::Score => "score",
            Self::Level => "level",
        }
    }
}

/// Values for placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextValues<'a> {
    /// The day of the next look.
    pub recall_on: Option<Date>,
    /// The day by which something is to happen.
    pub due: Option<Date>,
    /// The name of a laboratory test.
    pub test: Option<&'a str>,
    /// The day as of which it was decided.
    pub on: Option<Date>,
    /// A score, or the ends of its range.
    pub score: Option<&'a str>,
    /// The action level.
    pub level: Option<&'a str>,
}

/// What people read, in every language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    files: BTreeMap<Language, TextFile>,
}

impl Texts {
    pub(super) fn new(files: impl IntoIterator<Item = TextFile>) -> Self {
        let files = files.into_iter().map(|file| (file.language, file));
        Self {
            files: files.collect(),
        }
    }

    /// Whether there are none: rules that only score and decide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a text has this id, in every language.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        !self.is_empty() && self.files.values().all(|file| file.texts.contains_key(id))
    }

    /// The files, one a language.
    pub fn files(&self) -> impl Iterator<Item = &TextFile> {
        self.files.values()
    }

    /// The languages in which nobody stands for the texts yet.
    #[must_use]
    pub fn drafts(&self) -> Vec<Language> {
        let drafts = self.files().filter(|file| file.status == TextStatus::Draft);
        drafts.map(|file| file.language).collect()
    }

    /// A message with its values; `None` when there is no such text or it needs a value that is not
    /// there: half a message is not sent.
    #[must_use]
    pub fn message(&self, language: Language, id: &str, values: TextValues<'_>) -> Option<Text> {
        let text = self.files.get(&language)?.texts.get(id)?;
        Some(Text {
            subject: filled(language, &text.subject, values)?,
            text: filled(language, &text.text, values)?,
        })
    }

    /// What letters call an item of the model.
    #[must_use]
    pub fn item(&self, language: Language, id: &str) -> Option<&str> {
        let items = &self.files.get(&language)?.items;
        items.get(id).map(String::as_str)
    }

    /// A question in words.
    #[must_use]
    pub fn question(&self, language: Language, link_id: &str) -> Option<&QuestionText> {
        self.files.get(&language)?.questions.get(link_id)
    }
}

fn placeholders(template: &str) -> Result<BTreeSet<Placeholder>, String> {
    let mut found = BTreeSet::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let mistake = || rest[at..].chars().take(20).collect::<String>();
        // A brace that is never closed is a mistake whatever stands in it.
        let end = at + rest[at..].find('}').ok_or_else(mistake)?;
        let name = rest.get(at + 1..end).unwrap_or_default();
        let mut known = Placeholder::NAMES.iter();
        let named = known.find(|(known, _)| *known == name);
        let (_, placeholder) = named.ok_or_else(mistake)?;
        found.insert(*placeholder);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(found)
}

fn filled(language: Language, template: &str, values: TextValues<'_>) -> Option<String> {
    let mut text = template.to_owned();
    for placeholder in placeholders(template).ok()? {
        let value = match placeholder {
            Placeholder::RecallOn => language.day(values.recall_on?),
            Placeholder::Due => language.day(values.due?),
            Placeholder::Test => values.test?.to_owned(),
            Placeholder::On => language.day(values.on?),
            Placeholder::Score => values.score?.to_owned(),
            Placeholder::Level => values.level?.to_owned(),
        };
        text = text.replace(&format!("{{{}}}", placeholder.name()), &value);
    }
    Some(text)
}

impl TextFile {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let id = root.text("id");
        let version = root.text("version");
        let language = root.word("language", &Language::NAMES);
        let status = read_status(root);
        let source = read_source(root);
        for key in ["summary", "why"] {
            let _ = root.text(key);
        }
        let mut texts = BTreeMap::new();
        let tables = root.required_table("texts");
        for (id, table) in tables.iter().flat_map(Table::named_tables) {
            let (subject, words) = (table.text("subject"), table.text("text"));
            table.finish();
            if let (Some(subject), Some(words)) = (subject, words) {
                let text = Text {
                    subject: subject.trim().to_owned(),
                    text: words.trim().to_owned(),
                };
                texts.insert(id.to_owned(), text);
            }
        }
        let mut questions = BTreeMap::new();
        let tables = root.table("questions");
        for (link_id, table) in tables.iter().flat_map(Table::named_tables) {
            let (text, answers) = (table.text("text"), read_answers(&table));
            table.finish();
            if let Some(text) = text {
                let text = text.trim().to_owned();
                questions.insert(link_id.to_owned(), QuestionText { text, answers });
            }
        }
        let items = root.table("items");
        let items = items.map_or_else(BTreeMap::new, |items| words(&items));
        root.finish();
        Some(Self {
            id: id?.to_owned(),
            version: version?.to_owned(),
            language: language?,
            status: status?,
            source: source?,
            texts,
            questions,
            items,
        })
    }
}

/// Whoever stands for texts is named; a draft has nobody who does.
fn read_status(root: &Table<'_>) -> Option<TextStatus> {
    let is_reviewed = root.word("status", &[("draft", false), ("reviewed", true)])?;
    let reviewer = root.has("reviewer").then(|| root.text("reviewer"));
    match (is_reviewed, reviewer) {
        (false, None) => Some(TextStatus::Draft),
        (true, Some(by)) => by.map(|by| TextStatus::Reviewed { by: by.to_owned() }),
        (true, None) => {
            root.report_at(
                "status",
                "text-without-reviewer",
                "reviewed texts need a `reviewer`",
                Some("name whoever has read them and stands for them".to_owned()),
            );
            None
        }
        (false, Some(_)) => {
            root.report_at(
                "reviewer",
                "text-without-reviewer",
                "a draft has no reviewer: `status = \"reviewed\"` says that somebody stands for it",
                None,
            );
            None
        }
    }
}

fn read_answers(table: &Table<'_>) -> BTreeMap<String, String> {
    table
        .table("answers")
        .map_or_else(BTreeMap::new, |answers| words(&answers))
}

/// Words by name.
fn words(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, value) in table.entries() {
        match value.get_ref().as_str().map(str::trim) {
            Some(words) if !words.is_empty() => {
                found.insert(name.to_owned(), words.to_owned());
            }
            Some(_) | None => table.value_mistake(value, name, "words in quotes"),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_means_three_languages_and_no_other() {
        for (code, expected) in [
            ("fi", Some(Language::Finnish)),
            ("FI-fi", Some(Language::Finnish)),
            ("sv", Some(Language::Swedish)),
            ("sv_FI", Some(Language::Swedish)),
            ("en-GB", Some(Language::English)),
            ("ru", None),
            ("fin", None),
            ("", None),
        ] {
            assert_eq!(Language::of(code), expected, "{code}");
        }
    }

    #[test]
    fn what_is_in_braces_is_known_or_named() {
        let names = |template| {
            let found = placeholders(template)?;
            Ok::<_, String>(found.into_iter().map(Placeholder::name).collect::<Vec<_>>())
        };
        assert_eq!(names("no braces"), Ok(vec![]));
        assert_eq!(names("{due}{test} {due}"), Ok(vec!["due", "test"]));
        assert_eq!(names("by {recall_on}."), Ok(vec!["recall_on"]));
        for wrong in [
            "{name}", "{}", "{", "}", "{due", "a } b", "{{due}}", "{ due }",
        ] {
            assert!(names(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_without_its_value_is_not_written() {
        let day = jiff::civil::date(2029, 3, 1);
        let values = TextValues {
            recall_on: Some(day),
            ..TextValues::default()
        };
        let template = "Next: {recall_on}, again {recall_on}.";
        for (language, expected) in [
            (Language::Finnish, "Next: 1.3.2029, again 1.3.2029."),
            (Language::Swedish, "Next: 1.3.2029, again 1.3.2029."),
            (Language::English, "Next: 1 March 2029, again 1 March 2029."),
        ] {
            let written = filled(language, template, values);
            assert_eq!(written.as_deref(), Some(expected));
            assert_eq!(filled(language, template, TextValues::default()), None);
        }
    }
}
