//! One Observation, as a plain value and as JSON.

use super::concepts::{Category, Coding, Observable, coding, system};
use super::instant::Instant;
use super::json::Object;
use super::lines::Kind;
use super::scribe::{self, Common, Scribe};

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// A number in units of ten to the minus `places` of the observable.
    Quantity(i64),
    /// Below or above what the method can tell.
    Beyond(&'static str, i64),
    /// Systolic and diastolic, mmHg.
    Pressure(i64, i64),
    /// A coded answer.
    Coded(Coding),
    /// Nothing, with the reason.
    Absent(&'static str),
}

/// How the unit is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitSpelling {
    /// `unit` as people write it, with system and UCUM code.
    Local,
    /// The UCUM code in both places.
    Ucum,
    /// `unit` only.
    TextOnly,
}

/// When it was true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effective {
    Instant,
    /// The day only, as personal health records give it.
    Day,
}

/// Who reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Performer {
    None,
    Laboratory,
    Clinic,
    /// The resident, through the portal or the national personal health record.
    Resident,
}

/// Which of the observable's codings are present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codings {
    Both,
    PrimaryOnly,
    KuntaliittoOnly,
}

/// An Observation about to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed {
    pub(super) observable: &'static Observable,
    pub(super) found: Found,
    pub(super) at: Instant,
    pub(super) issued: Option<Instant>,
    pub(super) status: &'static str,
    pub(super) unit: UnitSpelling,
    pub(super) effective: Effective,
    pub(super) performer: Performer,
    pub(super) codings: Codings,
}

/// Writes one Observation.
pub(super) fn write(scribe: &mut Scribe<'_>, observed: &Observed) {
    let observed = *observed;
    scribe.resource(
        Kind::Observation,
        observed.issued.unwrap_or(observed.at),
        |common, o| {
            common.narrative(o, observed.observable.text, observed.at.day);
            common.identifier(o);
            o.text("status", observed.status);
            write_category(o, observed.observable.category, common.verbose);
            write_code(o, &observed, common.verbose);
            common.subject(o, "subject");
            if common.verbose {
                o.object("encounter", |o| {
                    o.text("reference", &format!("Encounter/{:016x}", common.hash))
                });
            }
            match observed.effective {
                Effective::Instant => o.instant("effectiveDateTime", observed.at),
                Effective::Day => o.day("effectiveDateTime", observed.at.day),
            }
            if let Some(issued) = observed.issued {
                o.instant("issued", issued);
            }
            write_performer(o, observed.performer, common);
            write_found(o, &observed);
            write_reference_range(o, observed.observable);
            if common.verbose {
                write_surroundings(o, common, observed.observable.category);
            }
        },
    );
}

fn write_category(o: &mut Object<'_>, category: Category, verbose: bool) {
    o.list("category", |l| {
        l.object(|o| {
            let display = if verbose { category.code() } else { "" };
            let codings = [coding(
                system::OBSERVATION_CATEGORY,
                category.code(),
                display,
            )];
            o.list("coding", |l| scribe::write_codings(l, &codings));
        });
    });
}

fn write_code(o: &mut Object<'_>, observed: &Observed, verbose: bool) {
    let primary = observed
        .observable
        .primary
        .filter(|_| observed.codings != Codings::KuntaliittoOnly);
    let local = observed
        .observable
        .kuntaliitto
        .filter(|_| observed.codings != Codings::PrimaryOnly);
    let codings: Vec<Coding> = [primary, local]
        .into_iter()
        .flatten()
        .map(|one| {
            if verbose {
                one
            } else {
                coding(one.system, one.code, "")
            }
        })
        .collect();
    scribe::write_concept(o, "code", &codings, Some(observed.observable.text));
}

fn write_performer(o: &mut Object<'_>, performer: Performer, common: &Common) {
    let (reference, display) = match performer {
        Performer::None => return,
        Performer::Laboratory => (
            "Organization/laboratorio-1",
            "Alueellinen laboratorio (keinotekoinen)",
        ),
        Performer::Clinic => (
            "Organization/terveysasema-7",
            "Terveysasema 7 (keinotekoinen)",
        ),
        Performer::Resident => (common.subject.as_str(), ""),
    };
    o.list("performer", |l| {
        l.object(|o| {
            o.text("reference", reference);
            if common.verbose && !display.is_empty() {
                o.text("display", display);
            }
        });
    });
}

fn write_found(o: &mut Object<'_>, observed: &Observed) {
    let places = observed.observable.places;
    match observed.found {
        Found::Quantity(scaled) => write_quantity(o, observed, (None, scaled, places)),
        Found::Beyond(comparator, scaled) => {
            write_quantity(o, observed, (Some(comparator), scaled, places))
        }
        Found::Pressure(systolic, diastolic) => o.list("component", |l| {
            for (code, display, value) in [
                ("8480-6", "Systolic blood pressure", systolic),
                ("8462-4", "Diastolic blood pressure", diastolic),
            ] {
                l.object(|o| {
                    scribe::write_concept(o, "code", &[coding(system::LOINC, code, display)], None);
                    write_quantity(o, observed, (None, value, 0));
                });
            }
        }),
        Found::Coded(answer) => scribe::write_concept(o, "valueCodeableConcept", &[answer], None),
        Found::Absent(reason) => {
            scribe::write_concept(
                o,
                "dataAbsentReason",
                &[coding(system::DATA_ABSENT_REASON, reason, "")],
                None,
            );
        }
    }
}

/// Comparator, scaled value and places.
fn write_quantity(o: &mut Object<'_>, observed: &Observed, value: (Option<&str>, i64, usize)) {
    o.object("valueQuantity", |o| {
        o.decimal("value", value.1, value.2);
        o.text_if("comparator", value.0);
        let observable = observed.observable;
        let spelt = if observed.unit == UnitSpelling::Ucum {
            observable.unit
        } else {
            observable.unit_text
        };
        o.text("unit", spelt);
        if observed.unit != UnitSpelling::TextOnly {
            o.text("system", system::UCUM);
            o.text("code", observable.unit);
        }
    });
}

fn write_reference_range(o: &mut Object<'_>, observable: &Observable) {
    let Some((low, high)) = observable.reference else {
        return;
    };
    o.list("referenceRange", |l| {
        l.object(|o| {
            for (name, bound) in [("low", low), ("high", high)] {
                o.object(name, |o| {
                    o.decimal("value", bound, observable.places);
                    o.text("unit", observable.unit_text);
                });
            }
        });
    });
}

/// The specimen, which full exports carry and no reader here needs.
fn write_surroundings(o: &mut Object<'_>, common: &Common, category: Category) {
    if category == Category::Laboratory {
        o.object("specimen", |o| {
            o.text(
                "reference",
                &format!("Specimen/{:016x}", common.hash.rotate_left(17)),
            );
        });
    }
}
