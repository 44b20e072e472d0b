//! Where coding systems live (their URIs), and how units are spelled in the wild.

use preventiojyraa_core::intake::SubmittedUnit;
use preventiojyraa_core::profile::Unit;
use preventiojyraa_core::rulebook::CodeSystem;

use super::wire::Quantity;

/// UCUM.
const UCUM: &str = "http://unitsofmeasure.org";

/// The coding system of a URI, if the rules can know it.
pub(super) fn code_system(uri: &str) -> Option<CodeSystem> {
    // A version may follow the Finnish OIDs: `urn:oid:1.2.246.537.6.32.2007`.
    const SYSTEMS: [(&str, CodeSystem); 13] = [
        ("http://loinc.org", CodeSystem::Loinc),
        ("urn:oid:2.16.840.1.113883.6.1", CodeSystem::Loinc),
        ("http://snomed.info/sct", CodeSystem::Snomed),
        ("urn:oid:2.16.840.1.113883.6.96", CodeSystem::Snomed),
        ("urn:oid:1.2.246.537.6.1", CodeSystem::Icd10),
        ("urn:oid:1.2.246.537.6.1.1999", CodeSystem::Icd10),
        ("http://hl7.org/fhir/sid/icd-10", CodeSystem::Icd10),
        ("urn:oid:1.2.246.537.6.31", CodeSystem::Icpc2),
        ("urn:oid:1.2.246.537.6.31.2007", CodeSystem::Icpc2),
        ("urn:oid:1.2.246.537.6.32", CodeSystem::Atc),
        ("urn:oid:1.2.246.537.6.32.2007", CodeSystem::Atc),
        ("http://www.whocc.no/atc", CodeSystem::Atc),
        (
            "http://www.nlm.nih.gov/research/umls/rxnorm",
            CodeSystem::RxNorm,
        ),
    ];
    if let Some((_, system)) = SYSTEMS.iter().find(|(known, _)| *known == uri) {
        return Some(*system);
    }
    match uri {
        "urn:oid:1.2.246.537.6.3" | "urn:oid:1.2.246.537.6.3.2006" => Some(CodeSystem::Kuntaliitto),
        _ => None,
    }
}

/// The URI under which codes of a system are sent.
#[must_use]
pub const fn uri(system: CodeSystem) -> &'static str {
    match system {
        CodeSystem::Loinc => "http://loinc.org",
        CodeSystem::Snomed => "http://snomed.info/sct",
        CodeSystem::Icd10 => "urn:oid:1.2.246.537.6.1",
        CodeSystem::Icpc2 => "urn:oid:1.2.246.537.6.31",
        CodeSystem::Atc => "urn:oid:1.2.246.537.6.32",
        CodeSystem::RxNorm => "http://www.nlm.nih.gov/research/umls/rxnorm",
        CodeSystem::Kuntaliitto => "urn:oid:1.2.246.537.6.3",
        CodeSystem::Programme => "https://preventiojyraa.example.org/fhir/CodeSystem/programme",
    }
}

/// Reads the unit of a quantity.
///
/// A UCUM code is believed; the printed unit beside it must not name another
/// unit. Without a code the printed unit is read with the spellings below.
pub(super) fn unit<'a>(quantity: &'a Quantity<'a>) -> SubmittedUnit<'a> {
    let code = quantity.code.as_deref().filter(|code| !code.is_empty());
    let printed = quantity.unit.as_deref().filter(|unit| !unit.is_empty());
    let is_ucum = quantity
        .system
        .as_deref()
        .is_none_or(|system| system == UCUM);
    let by_code = code
        .filter(|_| is_ucum)
        .map(|code| Unit::from_ucum(code).or_else(|| spelled(code)));
    let by_print = printed.map(spelled);
    match (by_code, by_print) {
        (Some(Some(a)), Some(Some(b))) if a != b => {
            SubmittedUnit::Unknown("two units that disagree, in `unit` and `code`")
        }
        (Some(Some(unit)), _) | (None, Some(Some(unit))) => SubmittedUnit::Known(unit),
        (Some(None), _) => SubmittedUnit::Unknown(code.unwrap_or_default()),
        (None, Some(None)) => SubmittedUnit::Unknown(printed.unwrap_or_default()),
        (None, None) => SubmittedUnit::Missing,
    }
}

/// Spellings seen in records, upper and lower case alike.
fn spelled(text: &str) -> Option<Unit> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "kg/m2" | "kg/m²" | "kg/m^2" => Unit::KgPerSquareMetre,
        "kg" => Unit::Kilogram,
        "g" => Unit::Gram,
        "lb" | "lbs" | "[lb_av]" | "pound" | "pounds" => Unit::Pound,
        "m" => Unit::Metre,
        "cm" => Unit::Centimetre,
        "mm" => Unit::Millimetre,
        "in" | "inch" | "inches" | "[in_i]" => Unit::Inch,
        "mmol/mol" => Unit::MillimolePerMole,
        "%" | "percent" => Unit::Percent,
        "mmol/l" => Unit::MillimolePerLitre,
        "mg/dl" => Unit::MilligramPerDecilitre,
        "mmhg" | "mm hg" | "mm[hg]" => Unit::MillimetreOfMercury,
        _ => return None,
    })
}
