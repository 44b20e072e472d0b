//! The filter: which lines need no parser, because no rule speaks of anything in them.
//!
//! Most lines of an export are statements of no interest: cholesterol, a fracture, a drug for the
//! stomach. Parsing them would be nearly all of the work of a pull. The filter may only cost time,
//! never a fact: it looks at every code in the raw bytes, and whatever has one that the rule book
//! speaks of, or might have one in disguise, is parsed.
//!
//! A line passes without a parser only when all of this holds:
//!
//! * It begins with `{"resourceType":"…"` and ends with `}`, is UTF-8, and holds the key
//!   `resourceType` once: two lines run together, or a contained resource, are parsed.
//! * No `code` in it, wherever it stands, is one that a rule lists or watches. Each has to stand
//!   there as `"code":"…"` or as `"code":{…`; a blank, an escape or anything else in between, and the
//!   line is parsed. It holds no escape (`\u00…`) that might hide the word `code` itself, and none of
//!   the words by which a source takes a statement back.
//! * It is of a type that this program does not use; or it is an `Observation`, `Condition` or
//!   `MedicationRequest` whose `id` comes second, whose first coding can be read off its bytes and
//!   is of a system that the rules know, and that says whom it is about.
//!
//! What is then not looked at: whether the rest of the line is JSON, whether keys stand twice, and
//! whether other fields have the types that FHIR gives them. No fact, no entry of the register and
//! no refusal can be lost by that, since none is there without a code; a line of no interest that
//! is damaged only inside, or cut off behind an inner brace, is counted by its first code instead of
//! being set aside. The last line of a file is always parsed when it has no line end, so that a file
//! that was cut off is known for one.

use std::collections::HashSet;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, Match, MatchKind};
use memchr::memmem::Finder;
use preventiojyraa_core::rulebook::Rulebook;

use super::reading::patient_reference;
use super::systems::code_system;

/// How every line begins that can pass.
const HEAD: &str = "{\"resourceType\":\"";
/// What a line is searched for, all at once.
const MARKS: [&str; 6] = [
    // A code, whose text follows.
    "\"code\"",
    // A line with a second resource inside, or two lines run together.
    "\"resourceType\"",
    // Words by which a statement is taken back, whatever its code.
    "\"entered-in-error\"",
    "\"cancelled\"",
    "\"refuted\"",
    // How a letter could be written without itself.
    "\\u00",
];
/// Which of them is a code.
const CODE: usize = 0;

/// What a glance at a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glance<'l> {
    /// It has to be parsed.
    Unclear,
    /// A statement of which no rule speaks.
    NoInterest {
        /// Resource type.
        resource_type: &'static str,
        /// Its id.
        id: &'l str,
        /// System of its first coding, as sent.
        system: &'l str,
        /// Code of its first coding, as sent.
        code: &'l str,
    },
    /// A resource type that this program does not use.
    OtherType(&'l str),
}

/// Looks for the codes of one rule book.
pub struct Filter {
    marks: Marks,
    listed: ListedCodes,
    code: Finder<'static>,
    medication: Finder<'static>,
    subject: Finder<'static>,
}

enum Marks {
    /// By vector instructions.
    Packed(Searcher),
    /// On processors without them.
    Automaton(AhoCorasick),
}

impl Marks {
    fn new() -> Option<Self> {
        let packed = packed::Config::new().builder().extend(MARKS).build();
        packed.map(Self::Packed).or_else(Self::automaton)
    }

    fn automaton() -> Option<Self> {
        let mut builder = AhoCorasick::builder();
        let automaton = builder.match_kind(MatchKind::LeftmostFirst).build(MARKS);
        automaton.ok().map(Self::Automaton)
    }

    /// Whether any mark in these bytes, and what follows it, is what is wanted.
    fn any(&self, bytes: &[u8], wanted: impl Fn(usize, &[u8]) -> bool) -> bool {
        let is_wanted = |mark: Match| wanted(mark.pattern().as_usize(), &bytes[mark.end()..]);
        match self {
            Self::Packed(searcher) => searcher.find_iter(bytes).any(is_wanted),
            Self::Automaton(automaton) => automaton.find_iter(bytes).any(is_wanted),
        }
    }
}

impl Filter {
    /// The filter of a rule book.
    ///
    /// # Panics
    ///
    /// Never by design: only when an automaton of six words could not be built.
    #[must_use]
    pub fn new(rulebook: &Rulebook) -> Self {
        Self {
            marks: Marks::new().expect("six words make an automaton"),
            listed: ListedCodes::new(rulebook.catalogue.listed_codes()),
            code: Finder::new("\"code\":{\"coding\":[{"),
            medication: Finder::new("\"medicationCodeableConcept\":{\"coding\":[{"),
            subject: Finder::new("\"subject\":{\"reference\":\""),
        }
    }

    /// Looks at a line without parsing it.
    #[must_use]
    pub fn glance<'l>(&self, line: &'l [u8]) -> Glance<'l> {
        self.look(line).unwrap_or(Glance::Unclear)
    }

    fn look<'l>(&self, line: &'l [u8]) -> Option<Glance<'l>> {
        let kind = type_at_start(line)?;
        let of_interest = match kind {
            "Observation" => Some(("Observation", &self.code)),
            "Condition" => Some(("Condition", &self.code)),
            "MedicationRequest" => Some(("MedicationRequest", &self.medication)),
            "Patient"
            | "FamilyMemberHistory"
            | "QuestionnaireResponse"
            | "ServiceRequest"
            | "Consent"
            | "Task" => {
                return None;
            }
            _ => None,
        };
        let start = HEAD.len() + kind.len() + 1;
        if !line.ends_with(b"}") || self.may_matter(&line[start..]) {
            return None;
        }
        let rest = simdutf8::basic::from_utf8(line).ok()?.get(start..)?;
        let Some((resource_type, concept)) = of_interest else {
            let is_name = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric());
            return is_name.then_some(Glance::OtherType(kind));
        };
        let (id, rest) = plain_text(rest.strip_prefix(",\"id\":\"")?)?;
        let at = concept.find(rest.as_bytes())?;
        // A key follows a comma; anything else is part of a text.
        rest[..at].strip_suffix(',')?;
        let (system, code, rest) = coding(&rest[at + concept.needle().len()..])?;
        // What is in no system that anybody here knows could matter.
        code_system(system)?;
        let at = self.subject.find(rest.as_bytes())?;
        let (reference, _) = plain_text(&rest[at + self.subject.needle().len()..])?;
        patient_reference(reference)?;
        (!id.is_empty()).then_some(Glance::NoInterest {
            resource_type,
            id,
            system,
            code,
        })
    }

    /// Whether a code in these bytes is listed, or may be, or something is taken back.
    fn may_matter(&self, bytes: &[u8]) -> bool {
        self.marks
            .any(bytes, |mark, rest| mark != CODE || self.may_be_listed(rest))
    }

    /// Whether what follows the word `code` may be a listed code.
    fn may_be_listed(&self, rest: &[u8]) -> bool {
        match rest {
            [b':', b'"', text @ ..] => {
                let end = text.iter().position(|b| matches!(b, b'"' | b'\\'));
                end.is_none_or(|end| text[end] == b'\\' || self.listed.may_hold(&text[..end]))
            }
            // The codes of a concept are found on their own; a text that is `code` is no key.
            [b':', b'{', ..] | [b',' | b'}' | b']', ..] => false,
            _ => true,
        }
    }
}

/// The codes that a rule book speaks of.
struct ListedCodes {
    /// Whether a listed code may begin with two bytes.
    beginnings: Vec<bool>,
    exact: HashSet<Vec<u8>>,
    /// Sorted, and none begins with another.
    prefixes: Vec<Vec<u8>>,
}

impl ListedCodes {
    /// Of codes, and whether each stands for all that begin with it.
    fn new<'c>(codes: impl Iterator<Item = (&'c str, bool)>) -> Self {
        let mut listed = Self {
            beginnings: vec![false; 1 << 16],
            exact: HashSet::new(),
            prefixes: Vec::new(),
        };
        for (code, is_prefix) in codes {
            let code = code.as_bytes().to_vec();
            if let [first, second, ..] = code[..] {
                listed.beginnings[beginning(first, second)] = true;
            } else {
                // Too short to be told by two bytes.
                listed.beginnings.fill(true);
            }
            if is_prefix {
                listed.prefixes.push(code);
            } else {
                listed.exact.insert(code);
            }
        }
        listed.prefixes.sort_unstable();
        listed
            .prefixes
            .dedup_by(|later, earlier| later.starts_with(earlier));
        listed
    }

    /// Whether a code without escapes is listed; one of a single letter may be.
    fn may_hold(&self, code: &[u8]) -> bool {
        let [first, second, ..] = code else {
            return true;
        };
        if !self.beginnings[beginning(*first, *second)] {
            return false;
        }
        // Only the last prefix that is not after the code can be one of it.
        let n = self.prefixes.partition_point(|prefix| &**prefix <= code);
        let is_prefixed = |prefix: &Vec<u8>| code.starts_with(prefix);
        self.prefixes[..n].last().is_some_and(is_prefixed) || self.exact.contains(code)
    }
}

fn beginning(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// What a line is known by that was not parsed: enough to find, later, those that may take
/// something back. Two ids with one number only cost another look.
#[must_use]
pub fn line_key(resource_type: &str, id: &str) -> u64 {
    let seed = resource_type.len() as u64;
    twox_hash::XxHash3_64::oneshot_with_seed(seed, id.as_bytes())
}

/// The type of a line that begins with it.
pub(super) fn type_at_start(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(HEAD.as_bytes())?;
    let end = rest.iter().position(|b| matches!(b, b'"' | b'\\'))?;
    if rest[end] == b'"' {
        std::str::from_utf8(&rest[..end]).ok()
    } else {
        None
    }
}

/// A text up to its quotation mark, and what follows; nothing when it holds an escape.
fn plain_text(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr2(b'"', b'\\', text.as_bytes())?;
    (text.as_bytes()[end] == b'"').then(|| (&text[..end], &text[end + 1..]))
}

/// System and code of a coding whose fields are all plain texts, and what follows it.
fn coding(text: &str) -> Option<(&str, &str, &str)> {
    let (mut system, mut code) = (None, None);
    let mut rest = text;
    loop {
        let (key, after) = plain_text(rest.strip_prefix('"')?)?;
        let (value, after) = plain_text(after.strip_prefix(":\"")?)?;
        let seen = match key {
            "system" => system.replace(value),
            "code" => code.replace(value),
            _ => None,
        };
        if seen.is_some() {
            return None;
        }
        if let Some(after) = after.strip_prefix('}') {
            return Some((system.unwrap_or_default(), code.unwrap_or_default(), after));
        }
        rest = after.strip_prefix(',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(fields: &str) -> String {
        format!("{{\"resourceType\":\"Observation\",\"id\":\"o1\",{fields}}}")
    }

    const SUBJECT: &str = "\"subject\":{\"reference\":\"Patient/p1\"}";

    fn coded(code: &str) -> String {
        format!("\"code\":{{\"coding\":[{{\"system\":\"http://loinc.org\",\"code\":\"{code}\"}}]}}")
    }

    #[track_caller]
    fn assert_parsed(line: &str) {
        let rules = crate::rules::shipped().expect("the shipped rules hold");
        let glance = Filter::new(&rules).glance(line.as_bytes());
        assert_eq!(glance, Glance::Unclear, "{line}");
    }

    #[test]
    fn a_statement_of_no_interest_shows_its_first_code() {
        let rules = crate::rules::shipped().expect("the shipped rules hold");
        let filter = Filter::new(&rules);
        let line = observation(&format!(
            "\"status\":\"final\",{},{SUBJECT}",
            coded("8867-4")
        ));
        let expected = Glance::NoInterest {
            resource_type: "Observation",
            id: "o1",
            system: "http://loinc.org",
            code: "8867-4",
        };
        assert_eq!(filter.glance(line.as_bytes()), expected);
        let other = "{\"resourceType\":\"Encounter\",\"id\":\"e\"}";
        assert_eq!(
            filter.glance(other.as_bytes()),
            Glance::OtherType("Encounter")
        );
    }

    #[test]
    fn what_may_matter_or_is_not_simple_is_parsed() {
        let plain = observation(&format!("{},{SUBJECT}", coded("8867-4")));
        assert_parsed(&observation(&format!("{},{SUBJECT}", coded("4548-4"))));
        assert_parsed(&observation(&format!(
            "{},{SUBJECT}",
            coded("4548\\u002d4")
        )));
        assert_parsed(&observation(&format!("{},{SUBJECT}", coded("a\\tb"))));
        assert_parsed(&observation(&coded("8867-4")));
        assert_parsed(&observation(SUBJECT));
        assert_parsed(&plain.replace("\"id\":\"o1\",", ""));
        assert_parsed(&plain.replace("\"o1\"", "\"\""));
        assert_parsed(&plain.replace("Patient/", "Group/"));
        assert_parsed(&plain.replace("\":{", "\": {"));
        assert_parsed(&plain[..plain.len() - 2]);
        assert_parsed(&format!("{plain}{plain}"));
        assert_parsed(&format!("{}{plain}", &plain[..60]));
        assert_parsed(&plain.replace("\"id\"", "\"status\":\"entered-in-error\",\"id\""));
        assert_parsed(&plain.replace("\"id\":\"o1\"", "\"id\":\"o1\",\"status\":\"cancelled\""));
        assert_parsed("{\"resourceType\":\"Patient\",\"id\":\"p1\"}");
        assert_parsed("{\"resourceType\":\"\"}");
        assert_parsed("{}");
    }

    #[test]
    fn every_listed_code_is_found_wherever_a_code_stands() {
        let rules = crate::rules::shipped().expect("the shipped rules hold");
        let filter = Filter::new(&rules);
        let codes = rules.catalogue.listed_codes();
        for (code, is_prefix) in codes.filter(|(code, _)| code.chars().all(|c| c != '\\')) {
            let longer = format!("{code}{}", if is_prefix { "x" } else { "" });
            for line in [
                coded(code),
                coded(&longer),
                format!("\"unit\":{{\"code\":\"{longer}\"}}"),
            ] {
                assert!(filter.may_matter(line.as_bytes()), "{line}");
            }
            let elsewhere = format!("\"display\":\"{code}\",\"note\":\"no code\"");
            assert!(!filter.may_matter(elsewhere.as_bytes()), "{code}");
        }
    }

    #[test]
    fn marks_are_the_same_on_every_processor() {
        let line = observation(&format!(
            "{},\"note\":\"a\\u0062\",\"status\":\"cancelled\",{}{}",
            coded("8867-4"),
            coded("4548-4"),
            "\"refuted\"\"entered-in-error\"".repeat(9)
        ));
        let found = |marks: &Marks| {
            let found = std::cell::RefCell::new(Vec::new());
            let all = marks.any(line.as_bytes(), |mark, rest| {
                found.borrow_mut().push((mark, rest.len()));
                false
            });
            assert!(!all);
            found.into_inner()
        };
        let by_automaton = found(&Marks::automaton().expect("six words make an automaton"));
        assert_eq!(by_automaton.len(), 1 + 2 * 2 + 1 + 1 + 2 * 9);
        let usual = Marks::new().expect("six words make an automaton");
        assert_eq!(found(&usual), by_automaton);
    }

    #[test]
    fn what_may_be_a_code_in_disguise_is_parsed() {
        let rules = crate::rules::shipped().expect("the shipped rules hold");
        let filter = Filter::new(&rules);
        for part in [
            "\"code\" :\"8867-4\"",
            "\"code\": \"8867-4\"",
            "\"code\"\t:\"8867-4\"",
            "\"code\":[\"8867-4\"]",
            "\"code\":\"8867\\/4\"",
            "\"code\":\"8867",
            "\"code\"",
            "\"c\\u006fde\":\"8867-4\"",
            "\"status\":\"cancelled\"",
            "\"code\":\"8867-4\",\"code\":\"4548-4\"",
        ] {
            assert!(filter.may_matter(part.as_bytes()), "{part}");
        }
        for part in [
            "\"code\":\"8867-4\"",
            "\"code\":{\"coding\":[]}",
            "\"text\":\"code\"}",
        ] {
            assert!(!filter.may_matter(part.as_bytes()), "{part}");
        }
    }

    #[test]
    fn short_and_unusual_codes_are_listed_too() {
        let listed =
            ListedCodes::new([("ÅÄÖ", true), ("E11", true), ("4548-4", false)].into_iter());
        for code in ["ÅÄÖ1", "ÅÄÖ", "E11", "E11.9", "4548-4", "x", ""] {
            assert!(listed.may_hold(code.as_bytes()), "{code}");
        }
        for code in ["ÅÄ", "E10", "4548-45", "4548", "99"] {
            assert!(!listed.may_hold(code.as_bytes()), "{code}");
        }
        let listed = ListedCodes::new([("A", true), ("7", false)].into_iter());
        for code in ["A", "A1", "7", "Axx"] {
            assert!(listed.may_hold(code.as_bytes()), "{code}");
        }
        assert!(!listed.may_hold(b"B1"));
    }
}
