//! Codes of this program in words. A code of the rules has none here and is shown as it is.

use crate::rulebook::Language;

/// Codes in Finnish, Swedish and English.
const CODES: [(&str, [&str; 3]); 5] = [
    // Roles.
    ("clinician", ["kliinikko", "kliniker", "clinician"]),
    ("researcher", ["tutkija", "forskare", "researcher"]),
    ("operator", ["ylläpitäjä", "driftansvarig", "operator"]),
    (
        "medical-lead",
        ["vastaava lääkäri", "medicinskt ansvarig", "medical lead"],
    ),
    (
        "data-protection-officer",
        [
            "tietosuojavastaava",
            "dataskyddsombud",
            "data-protection officer",
        ],
    ),
];

/// A code in words; `None` for one that has none here.
pub(in crate::web) fn code_in_words(code: &str, language: Language) -> Option<&'static str> {
    let (_, words) = CODES.iter().find(|(known, _)| *known == code)?;
    let at = match language {
        Language::Finnish => 0,
        Language::Swedish => 1,
        Language::English => 2,
    };
    Some(words[at])
}
