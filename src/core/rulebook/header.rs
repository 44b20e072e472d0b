//! What every rule file says about itself.

use super::reader::Table;

/// What a version is called that has no place among others.
pub(super) const NO_VERSION: &str = "rule-version";

/// Whether people have signed a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody has signed it; it may be looked at, not acted on.
    Draft,
    /// Signed by the medical lead.
    InForce,
}

/// Where a rule's numbers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Who wrote it.
    pub author: String,
    /// When.
    pub year: i16,
    /// What.
    pub title: String,
    /// The table, question or page.
    pub locator: String,
    /// Whether the source itself was seen.
    pub verified: bool,
}

/// A version as its numbers, which order it: 2025.2 comes before 2025.10.
///
/// Nothing for what is not whole numbers with dots between them, each written in one way: nobody
/// could say what comes before it. Zeros at the end order nothing: 2 and 2.0 are one version.
#[must_use]
pub fn version_numbers(version: &str) -> Option<Vec<u64>> {
    let number = |part: &str| {
        let is_plain = part == "0" || !part.starts_with('0');
        let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (is_plain && is_digits).then(|| part.parse().ok())?
    };
    let mut numbers = version
        .split('.')
        .map(number)
        .collect::<Option<Vec<u64>>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

/// The head of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The rule's name, used by other files.
    pub id: String,
    /// Its version, whole numbers with dots between them; a changed number is a new version.
    pub version: String,
    /// Draft or in force.
    pub status: Status,
    /// What it is, in a sentence.
    pub summary: String,
    /// Why it is so.
    pub why: String,
    /// Where it is known not to hold.
    pub limits: Vec<String>,
    /// Where it comes from.
    pub source: Source,
}

impl Header {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let id = root.text("id");
        let version = root.text("version");
        if version.is_some_and(|version| version_numbers(version).is_none()) {
            root.report_at(
                "version",
                NO_VERSION,
                "a version is whole numbers with dots between them, so that versions have an order",
                Some("`2025.1`; a word about it belongs in `summary`".to_owned()),
            );
        }
        let status = root.word(
            "status",
            &[("draft", Status::Draft), ("in-force", Status::InForce)],
        );
        let summary = root.text("summary");
        let why = root.text("why");
        if !root.has("limits") {
            root.report("rule-missing-key", "`limits` is missing");
        }
        let limits = root.texts("limits");
        let source = read_source(root);
        Some(Self {
            id: id?.to_owned(),
            version: version?.to_owned(),
            status: status?,
            summary: summary?.to_owned(),
            why: why?.to_owned(),
            limits: limits.into_iter().map(str::to_owned).collect(),
            source: source?,
        })
    }
}

pub(super) fn read_source(root: &Table<'_>) -> Option<Source> {
    if !root.has("source") {
        root.document.report(
            root.span(),
            "rule-without-source",
            "`[source]` is missing",
            Some("name author, year, title and the table or page".to_owned()),
        );
        return None;
    }
    let table = root.table("source")?;
    let author = table.text("author");
    let year = table.whole("year");
    let title = table.text("title");
    let locator = table.text("locator");
    if !table.has("verified") {
        table.report(
            "rule-missing-key",
            "`verified` is missing: has the source itself been seen?",
        );
    }
    let verified = table.optional_flag("verified");
    if let (Some(false), Some(title)) = (verified, title) {
        table.note_unverified(&format!("the source itself was not seen: {title}"));
    }
    table.finish();
    Some(Source {
        author: author?.to_owned(),
        year: year?,
        title: title?.to_owned(),
        locator: locator?.to_owned(),
        verified: verified?,
    })
}

#[cfg(test)]
mod tests {
    use super::version_numbers;

    #[test]
    fn versions_follow_their_numbers() {
        let pairs = [
            ("0", "1"),
            ("2025.1", "2025.2"),
            ("2025.2", "2025.10"),
            ("2025.1", "2025.1.1"),
            ("2025.1", "2025.1.0.1"),
            ("2025.0.9", "2025.1"),
            ("9", "2025.1"),
        ];
        for (earlier, later) in pairs {
            let numbers = [earlier, later].map(version_numbers);
            assert!(numbers.iter().all(Option::is_some), "{earlier} {later}");
            assert!(numbers[0] < numbers[1], "{earlier} {later}");
        }
    }

    #[test]
    fn zeros_at_the_end_make_no_other_version() {
        for (one, same) in [("2", "2.0"), ("2025.1", "2025.1.0.0"), ("0", "0.0")] {
            let numbers = [one, same].map(version_numbers);
            assert!(
                numbers[0].is_some() && numbers[0] == numbers[1],
                "{one} {same}"
            );
        }
        assert_ne!(version_numbers("2"), version_numbers("20"));
    }

    #[test]
    fn what_has_no_order_is_no_version() {
        let strange = [
            "",
            "v1",
            "2025.2-rc1",
            "0-wrong",
            "2025.",
            ".1",
            "2025..1",
            "2025.01",
            "+1",
            " 1",
            "1 ",
            "2025,1",
            "99999999999999999999",
            "١",
        ];
        for version in strange {
            assert_eq!(version_numbers(version), None, "{version}");
        }
    }
}
