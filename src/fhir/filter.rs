//! The filter: which lines need no parser, because no rule speaks of anything in them.
//!
//! Most lines of an export are statements of no interest: cholesterol, a fracture, a drug for the
//! stomach. Parsing them would be nearly all of the work of a pull. The filter may only cost time,
//! never a fact: it looks for the quoted codes of the rule book in the raw bytes, and whatever has
//! one of them, or might have one in disguise, is parsed.
//!
//! A line passes without a parser only when all of this holds:
//!
//! * It begins with `{"resourceType":"…"` and ends with `}`, is UTF-8, and holds the key
//!   `resourceType` once: two lines run together, or a contained resource, are parsed.
//! * It holds no code or prefix that a rule lists or watches, in quotes, nor an escape (`\u00…`) that might hide
//!   one, nor one of the words by which a source takes a statement back.
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

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;
use preventiojyraa_core::rulebook::Rulebook;

use super::reading::patient_reference;
use super::systems::code_system;

/// How every line begins that can pass.
const HEAD: &str = "{\"resourceType\":\"";
/// Words by which a statement is taken back, whatever its code.
const TAKEN_BACK: [&str; 3] = ["\"entered-in-error\"", "\"cancelled\"", "\"refuted\""];
/// More needles than this are not searched for at once by vector instructions.
const MOST_NEEDLES: usize = 128;

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
    needles: Needles,
    code: Finder<'static>,
    medication: Finder<'static>,
    subject: Finder<'static>,
}

enum Needles {
    /// By vector instructions.
    Packed(Searcher),
    /// On processors without them.
    Automaton(AhoCorasick),
}

impl Needles {
    fn new(needles: &[String]) -> Option<Self> {
        // The library doubts that so many needles are worth it; here they are, five times over.
        let mut config = packed::Config::new();
        config.heuristic_pattern_limits(false);
        let packed = config.builder().extend(needles).build();
        packed.map(Self::Packed).or_else(|| {
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .build(needles);
            automaton.ok().map(Self::Automaton)
        })
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Packed(searcher) => searcher.find(bytes).is_some(),
            Self::Automaton(automaton) => automaton.is_match(bytes),
        }
    }
}

impl Filter {
    /// The filter of a rule book.
    ///
    /// # Panics
    ///
    /// Never by design: only when an automaton of a few hundred words could not be built.
    #[must_use]
    pub fn new(rulebook: &Rulebook) -> Self {
        let needles = needles(rulebook.catalogue.listed_codes());
        Self {
            needles: Needles::new(&needles).expect("a few hundred words make an automaton"),
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
            | "Consent" => {
                return None;
            }
            _ => None,
        };
        let start = HEAD.len() + kind.len() + 1;
        if !line.ends_with(b"}") || self.needles.are_in(&line[start..]) {
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

/// What to look for: few enough and long enough to be found fast, and each a beginning of what it
/// stands for, so that nothing is missed.
fn needles<'c>(codes: impl Iterator<Item = (&'c str, bool)>) -> Vec<String> {
    // A line with a second resource inside, or two lines run together.
    let mut fixed = vec!["\"resourceType\"".to_owned()];
    fixed.extend(TAKEN_BACK.map(str::to_owned));
    let mut quoted = Vec::new();
    // How a code could be written without its own letters.
    let mut escape = "\\u00";
    for (code, is_prefix) in codes {
        if !code.is_ascii() {
            escape = "\\u";
        }
        if code.contains(|c: char| c.is_ascii_control() || "\"\\/".contains(c)) {
            fixed.push("\\".to_owned());
        }
        quoted.push(format!("\"{code}{}", if is_prefix { "" } else { "\"" }));
    }
    fixed.push(escape.to_owned());
    let room = MOST_NEEDLES - fixed.len();
    let longest = quoted.iter().map(String::len).max().unwrap_or_default();
    // Shorter beginnings are fewer; four bytes still tell most texts apart.
    for length in (4..=longest).rev() {
        quoted = beginnings(quoted, length);
        if quoted.len() <= room {
            break;
        }
    }
    fixed.extend(quoted);
    fixed
}

/// The texts cut to a length, each once, and none that begins with another.
fn beginnings(mut texts: Vec<String>, length: usize) -> Vec<String> {
    for text in &mut texts {
        let end = (0..=length.min(text.len()))
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
    }
    texts.sort_unstable();
    texts.dedup_by(|later, earlier| later.starts_with(earlier.as_str()));
    texts
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
    fn a_needle_begins_whatever_it_stands_for() {
        let rules = crate::rules::shipped().expect("the shipped rules hold");
        let needles = needles(rules.catalogue.listed_codes());
        assert!(needles.len() <= MOST_NEEDLES, "{}", needles.len());
        for (code, is_prefix) in rules.catalogue.listed_codes() {
            let end = if is_prefix { "" } else { "\"" };
            let quoted = format!("\"{code}{end}");
            assert!(
                needles.iter().any(|needle| quoted.starts_with(needle)),
                "{code}"
            );
        }
    }

    #[test]
    fn unusual_codes_widen_what_is_parsed() {
        let slash = needles([("a/b", false)].into_iter());
        assert!(slash.contains(&"\\".to_owned()));
        let letters = needles([("ÅÄÖ", true)].into_iter());
        assert!(letters.contains(&"\\u".to_owned()));
        assert!(letters.iter().all(|needle| !needle.is_empty()));
        let many: Vec<String> = (0..500).map(|n| format!("{n:05}")).collect();
        let many = needles(many.iter().map(|code| (code.as_str(), false)));
        assert!(Needles::new(&many).is_some());
    }
}
