//! Patient: identity, address, language, and how the stay ended.

use super::calendar::Day;
use super::concepts::{coding, system};
use super::henkilotunnus;
use super::instant::Instant;
use super::json::{List, Object};
use super::lines::Kind;
use super::oddities::{BirthDate, Death, Gender, Identity, Language, SecondEntry};
use super::person::{Sex, Stay};
use super::places::{self, HELSINKI, Municipality};
use super::random::Stream;
use super::scribe::{self, Scribe};

const MUNICIPALITY_EXTENSION: &str =
    "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code";
const SECURITY_LABEL: &str =
    "https://hl7.fi/fhir/finnish-base-profiles/CodeSystem/fi-base-security-label-cs";
const NATIONAL_LANGUAGE: &str = "urn:oid:2.16.840.1.113883.4.642.3.20#";
const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// What is drawn for one Patient before anything is written.
struct Entry {
    given: &'static str,
    family: &'static str,
    street: String,
    postal_code: String,
    updated: Instant,
    dated: bool,
    temporary_id: (String, String),
    /// Minutes of the day of death, and whether the time is known.
    death_time: Instant,
    death_to_the_day: bool,
}

/// Writes the Patient, and the second entry of those who have one.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let entry = draw(scribe);
    write_entry(scribe, &entry, false);
    if scribe.oddities.second_entry != SecondEntry::None {
        write_entry(scribe, &entry, true);
    }
}

fn draw(scribe: &Scribe<'_>) -> Entry {
    let mut dice = scribe.dice(Stream::Patient);
    let person = scribe.person;
    let given = match person.sex {
        Sex::Male => dice.pick(&places::MEN),
        Sex::Female => dice.pick(&places::WOMEN),
    };
    let last = scribe.last_day();
    let changed = last.plus(-dice.whole(0, 1_500)).max(person.birth);
    let year = changed.year();
    Entry {
        given,
        family: dice.pick(&places::SURNAMES),
        street: format!("{} {}", dice.pick(&places::STREETS), dice.whole(1, 98)),
        postal_code: format!("{}{}", person.district.postal_prefix, dice.whole(0, 9)),
        updated: Instant::on(changed, &mut dice),
        dated: dice.chance(0.6),
        temporary_id: (
            format!("urn:oid:1.2.246.10.99999999.22.{year}"),
            format!("{:06}-9{:03}", dice.whole(0, 999_999), dice.whole(0, 999)),
        ),
        death_time: Instant::on(last, &mut dice),
        death_to_the_day: dice.chance(0.7),
    }
}

fn write_entry(scribe: &mut Scribe<'_>, entry: &Entry, second: bool) {
    let (person, oddities) = (*scribe.person, *scribe.oddities);
    let ids = (scribe.id(Kind::Patient, 0), scribe.id(Kind::Patient, 1));
    scribe.resource(Kind::Patient, entry.updated, |common, o| {
        write_meta(o, entry, oddities.non_disclosure, common.verbose);
        common.narrative(o, "Henkilö", entry.updated.day);
        if !oddities.no_municipality_code {
            let home = if matches!(person.stay, Stay::Moved(_)) {
                person.destination
            } else {
                HELSINKI
            };
            o.list("extension", |l| write_municipality(l, home));
        }
        if oddities.identity != Identity::Missing {
            o.list("identifier", |l| {
                write_identifier(l, oddities.identity, entry, &person.test_code())
            });
        }
        o.flag(
            "active",
            !(second && oddities.second_entry == SecondEntry::ReplacedBy),
        );
        o.list("name", |l| {
            l.object(|o| {
                o.text("use", "official");
                o.text(
                    "family",
                    if second {
                        places::SURNAMES[0]
                    } else {
                        entry.family
                    },
                );
                o.list("given", |l| l.text(entry.given));
            });
        });
        write_gender(o, oddities.gender, person.sex);
        write_birth_date(o, oddities.birth_date, person.birth);
        write_death(o, &person.stay, oddities.death, entry);
        o.list("address", |l| {
            write_addresses(l, &address_of(entry, &person))
        });
        write_language(o, oddities.language, person.language);
        write_links(o, oddities.second_entry, second, &ids);
        if common.verbose {
            write_contact_points(o, common.hash);
        }
    });
}

fn write_meta(o: &mut Object<'_>, entry: &Entry, non_disclosure: bool, verbose: bool) {
    if !entry.dated && !non_disclosure && !verbose {
        return;
    }
    o.object("meta", |o| {
        if entry.dated {
            o.text("versionId", "3");
            o.instant("lastUpdated", entry.updated);
        }
        if verbose {
            o.list("profile", |l| {
                l.text(
                    "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/fi-base-patient",
                )
            });
        }
        if non_disclosure {
            let label = [coding(SECURITY_LABEL, "TURVAKIELTO", "Turvakielto")];
            o.list("security", |l| scribe::write_codings(l, &label));
        }
    });
}

fn write_municipality(l: &mut List<'_>, municipality: Municipality) {
    l.object(|o| {
        o.text("url", MUNICIPALITY_EXTENSION);
        o.object("valueCoding", |o| {
            o.text("system", system::MUNICIPALITY);
            o.text("code", municipality.code);
            o.text("display", municipality.name);
        });
    });
}

fn write_identifier(l: &mut List<'_>, identity: Identity, entry: &Entry, code: &str) {
    let (namespace, value) = match identity {
        Identity::Missing => return,
        Identity::Valid => (system::HENKILOTUNNUS, code.to_owned()),
        Identity::WrongCheck => (system::HENKILOTUNNUS, henkilotunnus::with_wrong_check(code)),
        Identity::Temporary => (entry.temporary_id.0.as_str(), entry.temporary_id.1.clone()),
    };
    let official = identity != Identity::Temporary;
    l.object(|o| {
        o.text("use", if official { "official" } else { "temp" });
        if official {
            scribe::write_concept(o, "type", &[coding(IDENTIFIER_TYPE, "NNFIN", "")], None);
        }
        o.text("system", namespace);
        o.text("value", &value);
    });
}

fn write_gender(o: &mut Object<'_>, gender: Gender, sex: Sex) {
    match (gender, sex) {
        (Gender::AsSex, Sex::Male) => o.text("gender", "male"),
        (Gender::AsSex, Sex::Female) => o.text("gender", "female"),
        (Gender::Other, _) => o.text("gender", "other"),
        (Gender::Unknown, _) => o.text("gender", "unknown"),
        (Gender::Missing, _) => {}
    }
}

fn write_birth_date(o: &mut Object<'_>, precision: BirthDate, birth: Day) {
    let (year, month, _) = birth.civil();
    match precision {
        BirthDate::Day => o.day("birthDate", birth),
        BirthDate::Month => o.text("birthDate", &format!("{year:04}-{month:02}")),
        BirthDate::Year => o.text("birthDate", &format!("{year:04}")),
        BirthDate::Missing => {}
    }
}

fn write_death(o: &mut Object<'_>, stay: &Stay, death: Death, entry: &Entry) {
    let Stay::Died(day) = *stay else { return };
    match death {
        Death::NotRecorded => {}
        Death::WithoutDate => o.flag("deceasedBoolean", true),
        Death::WithDate if entry.death_to_the_day => o.day("deceasedDateTime", day),
        Death::WithDate => o.instant("deceasedDateTime", entry.death_time),
    }
}

/// The address as drawn, and the move if there was one.
struct Address<'a> {
    entry: &'a Entry,
    district: &'static str,
    moved: Option<(Day, Municipality)>,
}

fn address_of<'a>(entry: &'a Entry, person: &super::person::Person) -> Address<'a> {
    let moved = match person.stay {
        Stay::Moved(day) => Some((day, person.destination)),
        Stay::Lives | Stay::Died(_) => None,
    };
    Address {
        entry,
        district: person.district.name,
        moved,
    }
}

fn write_addresses(l: &mut List<'_>, address: &Address<'_>) {
    let Address {
        entry,
        district,
        moved,
    } = *address;
    l.object(|o| {
        if moved.is_some() {
            o.list("extension", |l| write_municipality(l, HELSINKI));
        }
        o.text("use", if moved.is_some() { "old" } else { "home" });
        o.text("type", "physical");
        o.list("line", |l| l.text(&entry.street));
        o.text("city", "Helsinki");
        o.text("district", district);
        o.text("postalCode", &entry.postal_code);
        o.text("country", "FI");
        if let Some((day, _)) = moved {
            o.object("period", |o| o.day("end", day));
        }
    });
    if let Some((day, to)) = moved {
        l.object(|o| {
            o.list("extension", |l| write_municipality(l, to));
            o.text("use", "home");
            o.text("type", "physical");
            o.list("line", |l| l.text(places::STREETS[0]));
            o.text("city", to.name);
            o.text("postalCode", "00990");
            o.text("country", "FI");
            o.object("period", |o| o.day("start", day));
        });
    }
}

fn write_language(o: &mut Object<'_>, form: Language, language: &str) {
    let (namespace, code) = match form {
        Language::Missing => return,
        Language::Bcp47 => ("urn:ietf:bcp:47".to_owned(), language),
        // The national example writes the whole value-set OID with the language behind a hash sign.
        Language::NationalOid => (format!("{NATIONAL_LANGUAGE}{language}"), language),
    };
    o.list("communication", |l| {
        l.object(|o| {
            o.object("language", |o| {
                o.list("coding", |l| {
                    l.object(|o| {
                        o.text("system", &namespace);
                        o.text("code", code);
                    });
                });
            });
            o.flag("preferred", true);
        });
    });
}

fn write_links(o: &mut Object<'_>, entry: SecondEntry, second: bool, ids: &(String, String)) {
    let kind = match (entry, second) {
        (SecondEntry::None | SecondEntry::Unlinked, _) => return,
        (SecondEntry::SeeAlso, _) => "seealso",
        (SecondEntry::ReplacedBy, true) => "replaced-by",
        (SecondEntry::ReplacedBy, false) => "replaces",
    };
    let other = if second { &ids.0 } else { &ids.1 };
    o.list("link", |l| {
        l.object(|o| {
            o.object("other", |o| {
                o.text("reference", &format!("Patient/{other}"))
            });
            o.text("type", kind);
        });
    });
}

fn write_contact_points(o: &mut Object<'_>, hash: u64) {
    o.list("telecom", |l| {
        l.object(|o| {
            o.text("system", "email");
            o.text("value", &format!("asukas.{hash:016x}@example.org"));
            o.text("use", "home");
        });
    });
    o.object("managingOrganization", |o| {
        o.text("reference", "Organization/helsinki")
    });
}
