//! `Patient`: an entry of the register.

use jiff::tz::TimeZone;
use preventiojyraa_core::intake::{Issue, IssueCode};
use preventiojyraa_core::profile::{BirthDate, Death, EntryRank, Register, Residence, Sex};

use super::dates;
use super::identity::NationalId;
use super::reading::{Reading, patient_reference};
use super::register_entry::{Link, PatientEntry};
use super::wire::{Address, CodedExtension, Meta, Patient};

/// System of the Finnish national identifier.
const NATIONAL_ID: &str = "urn:oid:1.2.246.21";
/// Code system of home municipalities.
const MUNICIPALITY: &str = "urn:oid:1.2.246.537.6.21";
/// Security label: no address, municipality or district of this person leaves the engine.
const NON_DISCLOSURE: &str = "TURVAKIELTO";

pub(super) fn entry(
    reading: &Reading<'_>,
    patient: &Patient<'_>,
    digest: u64,
) -> Result<PatientEntry, Issue> {
    let id = patient
        .id
        .as_deref()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Issue::reading(IssueCode::IdMissing, "Patient.id", "an id"))?;
    let mut issues = Vec::new();
    let birth = birth(reading.zone(), patient.birth_date.as_deref(), &mut issues);
    let non_disclosure = has_non_disclosure(patient.meta.as_ref());
    let addresses = patient.address.as_deref().unwrap_or_default();
    let national_id = national_id(patient, &mut issues);
    let links: Vec<Link> = patient
        .link
        .iter()
        .flatten()
        .filter_map(|link| {
            let other = patient_reference(link.other.as_ref()?.reference.as_deref()?)?;
            let kind = link.kind.as_deref().unwrap_or_default().to_owned();
            Some(Link {
                other: reading.resident(other),
                kind,
            })
        })
        .collect();
    if !links.is_empty() {
        issues.push(Issue::reading(
            IssueCode::IdentityLinked,
            "Patient.link",
            "one entry a person",
        ));
    }
    Ok(PatientEntry {
        resident: reading.resident(id),
        patient_id: id.to_owned(),
        national_id,
        version: reading.version(patient.meta.as_ref(), digest),
        register: Register {
            birth,
            sex: sex(patient.gender.as_deref(), &mut issues),
            death: death(reading.zone(), patient, &mut issues),
            residence: residence(reading, patient.extension.as_deref(), addresses),
            complete: true,
            rank: EntryRank::Leading,
        },
        district: if non_disclosure {
            None
        } else {
            current(reading, addresses)
                .and_then(|a| a.district.as_deref())
                .map(str::to_owned)
        },
        language: language_of_contact(patient),
        non_disclosure,
        links,
        issues,
    })
}

fn sex(gender: Option<&str>, issues: &mut Vec<Issue>) -> Sex {
    match gender {
        Some("female") => Sex::Female,
        Some("male") => Sex::Male,
        Some("other" | "unknown") | None => Sex::Unknown,
        Some(text) => {
            let expected = "male, female, other or unknown";
            let issue = Issue::reading(IssueCode::GenderUnknown, "Patient.gender", expected);
            issues.push(issue.with_saw(text));
            Sex::Unknown
        }
    }
}

fn birth(zone: &TimeZone, text: Option<&str>, issues: &mut Vec<Issue>) -> BirthDate {
    let Some(text) = text else {
        return BirthDate::UNKNOWN;
    };
    // A birth date is a date: an instant here would shift with the zone.
    let bounds = (text.len() <= 10)
        .then(|| dates::date_bounds(text, zone))
        .flatten();
    bounds
        .and_then(|(earliest, latest)| BirthDate::between(earliest, latest))
        .unwrap_or_else(|| {
            issues.push(
                Issue::reading(
                    IssueCode::BirthDateInvalid,
                    "Patient.birthDate",
                    "a FHIR date, as 1961-04-30",
                )
                .with_saw(date_like(text)),
            );
            BirthDate::UNKNOWN
        })
}

/// What was given for a date, unless it may be anything else, a name perhaps.
fn date_like(text: &str) -> String {
    let is_date_like = |c: char| c.is_ascii_digit() || "-./:+ TZ".contains(c);
    if text.chars().all(is_date_like) {
        text.to_owned()
    } else {
        format!("{} characters that are no date", text.chars().count())
    }
}

fn death(zone: &TimeZone, patient: &Patient<'_>, issues: &mut Vec<Issue>) -> Death {
    if let Some(text) = patient.deceased_date_time.as_deref() {
        if let Some(day) = dates::latest_day(text, zone) {
            return Death::On(day);
        }
    } else if patient.deceased_boolean != Some(true) {
        return Death::Alive;
    }
    issues.push(Issue::reading(
        IssueCode::DeathUndated,
        "Patient.deceased[x]",
        "the date of death",
    ));
    Death::Undated
}

fn has_non_disclosure(meta: Option<&Meta<'_>>) -> bool {
    let labels = meta
        .and_then(|meta| meta.security.as_deref())
        .unwrap_or_default();
    labels
        .iter()
        .any(|label| label.code.as_deref() == Some(NON_DISCLOSURE))
}

fn national_id(patient: &Patient<'_>, issues: &mut Vec<Issue>) -> Option<NationalId> {
    let identifier = patient
        .identifier
        .iter()
        .flatten()
        .find(|identifier| identifier.system.as_deref() == Some(NATIONAL_ID))?;
    let national_id = NationalId::new(identifier.value.as_deref()?);
    if !national_id.is_valid {
        // The value is not repeated: an identifier has no place in an issue.
        issues.push(Issue::reading(
            IssueCode::NationalIdInvalid,
            "Patient.identifier",
            "DDMMYY, century sign, three digits, check character",
        ));
    }
    Some(national_id)
}

/// When an address ended, if it has by the day of the pull.
fn ended<'p>(reading: &Reading<'_>, address: &'p Address<'_>) -> Option<&'p str> {
    let end = address.period.as_ref()?.end.as_deref()?;
    let day = dates::latest_day(end, reading.zone());
    day.is_none_or(|day| reading.has_come(day)).then_some(end)
}

/// The address that has not ended; else none.
fn current<'p, 'a>(reading: &Reading<'_>, addresses: &'p [Address<'a>]) -> Option<&'p Address<'a>> {
    addresses
        .iter()
        .find(|address| ended(reading, address).is_none())
}

/// The home municipality among extensions, wherever the source puts them.
fn municipality<'p>(extensions: Option<&'p [CodedExtension<'_>]>) -> Option<&'p str> {
    extensions.unwrap_or_default().iter().find_map(|extension| {
        let coding = extension.value_coding.as_ref()?;
        coding
            .code
            .as_deref()
            .filter(|_| coding.system.as_deref() == Some(MUNICIPALITY))
    })
}

/// Residence by municipality: that of the address in force, else that of the entry itself.
fn residence(
    reading: &Reading<'_>,
    own: Option<&[CodedExtension<'_>]>,
    addresses: &[Address<'_>],
) -> Residence {
    let of = |address: &Address<'_>| {
        municipality(address.extension.as_deref()).map(|code| reading.is_in_area(code))
    };
    let now = current(reading, addresses);
    let is_in_area = now
        .and_then(of)
        .or_else(|| municipality(own).map(|code| reading.is_in_area(code)));
    match is_in_area {
        None => Residence::Unknown,
        Some(true) => Residence::InArea,
        Some(false) => {
            let left = addresses
                .iter()
                .filter(|a| of(a) == Some(true))
                .find_map(|address| ended(reading, address));
            let Some(left) = left else {
                return Residence::Elsewhere;
            };
            let since = now
                .and_then(|now| now.period.as_ref()?.start.as_deref())
                .unwrap_or(left);
            Residence::MovedAway(dates::latest_day(since, reading.zone()))
        }
    }
}

/// The language in which somebody is written to: the one marked as preferred, else the first.
fn language_of_contact(patient: &Patient<'_>) -> Option<String> {
    let all = || patient.communication.iter().flatten();
    let preferred = all().filter(|communication| communication.preferred == Some(true));
    preferred.chain(all()).find_map(language)
}

fn language(communication: &super::wire::Communication<'_>) -> Option<String> {
    let codings = communication.language.as_ref()?.coding.as_deref()?;
    codings
        .iter()
        .find_map(|coding| coding.code.as_deref())
        .map(|code: &str| code.to_owned())
}
