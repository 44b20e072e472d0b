//! What a pull has read and puts aside until everything is read: rows and their bytes.
//!
//! The bytes never outlive the process that wrote them, so they need no version.

use std::cmp::Ordering;

use jiff::civil::Date;

use super::waiting_bytes::{
    array, byte, put_bytes, put_date, put_optional_date, put_optional_text, put_place, put_text,
    put_version, take_bytes, take_date, take_optional_date, take_optional_text, take_place,
    take_resident, take_text, take_version,
};
use crate::fhir::{LinePlace, NationalId, PatientEntry};
use crate::intake::IssueCode;
use crate::lake::{IssueRow, RegisterRow, Spilled};
use crate::ledger::{Identity, Quarantined};
use crate::profile::{
    BirthDate, Comparator, Death, EntryRank, Fact, FactId, FactValue, Quantity, Recorded, Register,
    Residence, ResidentId, Sex, Standing, SubmissionId, Unit, Version,
};

/// A fact, and the line that it came in.
#[derive(Clone, Copy)]
pub(super) struct FactRow {
    pub(super) resident: ResidentId,
    pub(super) fact: Fact,
    /// File and line; none when the line was about somebody else, or nobody.
    pub(super) place: Option<(u32, LinePlace)>,
    /// Whether it stands for a line that was counted as taking something back.
    pub(super) counts_as_withdrawn: bool,
}

impl FactRow {
    /// The order of facts in the lake, made total: facts that differ in anything never tie.
    fn order_of(&self, other: &Self) -> Ordering {
        let of = |row: &Self| {
            let fact = &row.fact;
            let identity = (row.resident, fact.submission, fact.version);
            let until = fact.until;
            let recorded = recorded_on(fact.recorded);
            let rest = (value_bytes(fact.value), fact.effective, until, recorded);
            (identity, (fact.part, fact.id), rest, fact.standing)
        };
        // Nearly always decided by the resident.
        let by_resident = self.resident.cmp(&other.resident);
        by_resident.then_with(|| of(self).cmp(&of(other)))
    }
}

/// Who a submission was about, in one version: each line of an export says so once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) submission: SubmissionId,
    pub(super) version: Version,
    pub(super) said: Said,
    /// Nobody, when the source has deleted something of which it is not known whom it was about.
    pub(super) resident: Option<ResidentId>,
}

impl Owner {
    /// Who a fact says that its submission was about.
    pub(super) const fn of(resident: ResidentId, fact: &Fact) -> Self {
        Self {
            submission: fact.submission,
            version: fact.version,
            said: match fact.value {
                FactValue::Withdrawn => Said::Withdrawn,
                FactValue::Present | FactValue::Answer(_) | FactValue::Quantity(_) => {
                    Said::Something
                }
            },
            resident: Some(resident),
        }
    }
}

/// What a line said about its resident; what says more comes later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// Nothing here, but it is dated, and may follow a version that said something.
    Nothing,
    /// It took back what was said before.
    Withdrawn,
    /// A fact.
    Something,
}

/// Whom a national identifier names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Holder {
    pub(super) national_id: String,
    pub(super) resident: ResidentId,
}

impl Spilled for FactRow {
    fn order(&self, other: &Self) -> Ordering {
        let by_content = self.order_of(other);
        by_content.then_with(|| {
            // The first line comes first, and what has no line last.
            let of = |row: &Self| (row.place.is_none(), row.place, !row.counts_as_withdrawn);
            of(self).cmp(&of(other))
        })
    }

    fn put(&self, out: &mut Vec<u8>) {
        let Fact {
            id,
            value,
            effective,
            until,
            recorded,
            standing,
            submission,
            part,
            version,
        } = self.fact;
        out.extend_from_slice(self.resident.as_bytes());
        out.extend_from_slice(&submission.to_bytes());
        put_version(out, version);
        out.extend_from_slice(&id.0.to_le_bytes());
        out.extend_from_slice(&part.to_le_bytes());
        out.extend_from_slice(&value_bytes(value));
        put_date(out, effective);
        put_optional_date(out, until);
        put_optional_date(out, recorded_on(recorded));
        out.push(match standing {
            Standing::Established => 0,
            Standing::Unaccepted => 1,
            Standing::SelfReported => 2,
        });
        put_place(out, self.place);
        out.push(u8::from(self.counts_as_withdrawn));
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let resident = take_resident(bytes)?;
        let submission = SubmissionId::from_bytes(array(bytes)?);
        let version = take_version(bytes)?;
        let id = FactId(u16::from_le_bytes(array(bytes)?));
        let part = u16::from_le_bytes(array(bytes)?);
        let value = value_of(array(bytes)?)?;
        let effective = take_date(bytes)?;
        let until = take_optional_date(bytes)?;
        let recorded = take_optional_date(bytes)?;
        let standing = match byte(bytes)? {
            0 => Standing::Established,
            1 => Standing::Unaccepted,
            2 => Standing::SelfReported,
            _ => return None,
        };
        Some(Self {
            resident,
            fact: Fact {
                id,
                value,
                effective,
                until,
                recorded: recorded.map_or(Recorded::AsEffective, Recorded::On),
                standing,
                submission,
                part,
                version,
            },
            place: take_place(bytes)?,
            counts_as_withdrawn: byte(bytes)? == 1,
        })
    }
}

impl Spilled for Owner {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.submission.to_bytes());
        put_version(out, self.version);
        out.push(self.said as u8);
        out.push(u8::from(self.resident.is_some()));
        out.extend(self.resident.iter().flat_map(ResidentId::as_bytes));
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            submission: SubmissionId::from_bytes(array(bytes)?),
            version: take_version(bytes)?,
            said: match byte(bytes)? {
                0 => Said::Nothing,
                1 => Said::Withdrawn,
                2 => Said::Something,
                _ => return None,
            },
            resident: match byte(bytes)? {
                0 => None,
                _ => Some(take_resident(bytes)?),
            },
        })
    }
}

impl Spilled for Holder {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, &self.national_id);
        out.extend_from_slice(self.resident.as_bytes());
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            national_id: take_text(bytes)?,
            resident: take_resident(bytes)?,
        })
    }
}

/// Entries of the register; their issues have been taken out and their links reported.
impl Spilled for PatientEntry {
    fn order(&self, other: &Self) -> Ordering {
        (self.resident, self.version).cmp(&(other.resident, other.version))
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.resident.as_bytes());
        put_version(out, self.version);
        put_text(out, &self.patient_id);
        let national_id = self.national_id.as_ref();
        put_optional_text(out, national_id.map(|id| id.value.as_str()));
        put_register(out, self.register);
        put_optional_text(out, self.district.as_deref());
        put_optional_text(out, self.language.as_deref());
        out.push(u8::from(self.non_disclosure));
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            resident: take_resident(bytes)?,
            version: take_version(bytes)?,
            patient_id: take_text(bytes)?,
            national_id: take_optional_text(bytes)?.map(|value| NationalId::new(&value)),
            register: take_register(bytes)?,
            district: take_optional_text(bytes)?,
            language: take_optional_text(bytes)?,
            non_disclosure: byte(bytes)? == 1,
            links: Vec::new(),
            issues: Vec::new(),
        })
    }
}

/// Rows of the register of one source; that source is put back by whoever reads them.
impl Spilled for RegisterRow {
    fn order(&self, other: &Self) -> Ordering {
        (self.resident, self.version).cmp(&(other.resident, other.version))
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.resident.as_bytes());
        put_version(out, self.version);
        put_register(out, self.register);
        put_text(out, &self.source);
        put_optional_text(out, self.district.as_deref());
        put_optional_text(out, self.language.as_deref());
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            resident: take_resident(bytes)?,
            version: take_version(bytes)?,
            register: take_register(bytes)?,
            source: take_text(bytes)?.into(),
            district: take_optional_text(bytes)?.map(Into::into),
            language: take_optional_text(bytes)?.map(Into::into),
        })
    }
}

impl Spilled for Identity {
    fn order(&self, other: &Self) -> Ordering {
        self.resident.cmp(&other.resident)
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.resident.as_bytes());
        put_text(out, &self.patient_id);
        put_optional_text(out, self.national_id.as_ref().map(|(id, _)| id.as_str()));
        let is_valid = self.national_id.as_ref().is_some_and(|(_, valid)| *valid);
        out.extend_from_slice(&[u8::from(is_valid), u8::from(self.non_disclosure)]);
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let resident = take_resident(bytes)?;
        let patient_id = take_text(bytes)?;
        let national_id = take_optional_text(bytes)?;
        let is_valid = byte(bytes)? == 1;
        Some(Self {
            resident,
            patient_id,
            national_id: national_id.map(|id| (id, is_valid)),
            non_disclosure: byte(bytes)? == 1,
        })
    }
}

/// Issues whose line is a place until all lines are counted; the order is the same.
impl Spilled for IssueRow {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.pull.to_le_bytes());
        put_text(out, &self.file);
        out.extend_from_slice(&self.line.to_le_bytes());
        put_text(out, self.code.name());
        out.push(u8::from(self.resident.is_some()));
        out.extend(self.resident.iter().flat_map(ResidentId::as_bytes));
        put_text(out, &self.at);
        put_text(out, &self.saw);
        put_text(out, &self.expected);
        put_optional_text(out, self.hint.as_deref());
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let pull = u32::from_le_bytes(array(bytes)?);
        let file = take_text(bytes)?;
        let line = u64::from_le_bytes(array(bytes)?);
        let name = take_text(bytes)?;
        let code = IssueCode::ALL.iter().find(|code| code.name() == name)?;
        let resident = match byte(bytes)? {
            0 => None,
            _ => Some(take_resident(bytes)?),
        };
        Some(Self {
            pull,
            file,
            line,
            code: *code,
            resident,
            at: take_text(bytes)?,
            saw: take_text(bytes)?,
            expected: take_text(bytes)?,
            hint: take_optional_text(bytes)?,
        })
    }
}

/// Lines set aside, in the order in which they stand; their line is a place as above.
impl Spilled for Quarantined {
    fn order(&self, other: &Self) -> Ordering {
        (&self.file, self.line).cmp(&(&other.file, other.line))
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, &self.file);
        out.extend_from_slice(&self.line.to_le_bytes());
        put_text(out, self.code);
        put_bytes(out, &self.raw);
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let file = take_text(bytes)?;
        let line = u64::from_le_bytes(array(bytes)?);
        let name = take_text(bytes)?;
        let code = IssueCode::ALL.iter().find(|code| code.name() == name)?;
        Some(Self {
            file,
            line,
            code: code.name(),
            raw: take_bytes(bytes)?.to_vec(),
        })
    }
}

/// What lines that were passed over are known by.
impl Spilled for u64 {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        array(bytes).map(Self::from_le_bytes)
    }
}

fn recorded_on(recorded: Recorded) -> Option<Date> {
    match recorded {
        Recorded::On(date) => Some(date),
        Recorded::AsEffective => None,
    }
}

/// A value in eleven bytes: what it is, its number, its unit and how it is limited.
fn value_bytes(value: FactValue) -> [u8; 11] {
    let mut bytes = [0; 11];
    match value {
        FactValue::Present => {}
        FactValue::Answer(answer) => bytes[..2].copy_from_slice(&[1, answer]),
        FactValue::Quantity(quantity) => {
            bytes[0] = 2;
            bytes[1..9].copy_from_slice(&quantity.value().to_bits().to_le_bytes());
            bytes[9] = quantity.unit() as u8;
            bytes[10] = quantity.comparator() as u8;
        }
        FactValue::Withdrawn => bytes[0] = 3,
    }
    bytes
}

fn value_of(bytes: [u8; 11]) -> Option<FactValue> {
    const COMPARATORS: [Comparator; 5] = [
        Comparator::Exactly,
        Comparator::Below,
        Comparator::AtMost,
        Comparator::AtLeast,
        Comparator::Above,
    ];
    let [kind, answer, ..] = bytes;
    match kind {
        0 => Some(FactValue::Present),
        1 => Some(FactValue::Answer(answer)),
        2 => {
            let (bits, _) = bytes[1..].split_first_chunk()?;
            let value = f64::from_bits(u64::from_le_bytes(*bits));
            let unit = *Unit::ALL.get(usize::from(bytes[9]))?;
            let comparator = *COMPARATORS.get(usize::from(bytes[10]))?;
            Quantity::new(value, unit, comparator).map(FactValue::Quantity)
        }
        3 => Some(FactValue::Withdrawn),
        _ => None,
    }
}

fn put_register(out: &mut Vec<u8>, register: Register) {
    let Register {
        birth,
        sex,
        death,
        residence,
        complete,
        rank: _,
    } = register;
    let bounds = birth.bounds();
    put_optional_date(out, bounds.map(|(earliest, _)| earliest));
    put_optional_date(out, bounds.map(|(_, latest)| latest));
    out.push(sex as u8);
    let (kind, day) = match death {
        Death::Alive => (0, None),
        Death::On(day) => (1, Some(day)),
        Death::Undated => (2, None),
    };
    out.push(kind);
    put_optional_date(out, day);
    let (kind, day) = match residence {
        Residence::InArea => (0, None),
        Residence::MovedAway(day) => (1, day),
        Residence::Elsewhere => (2, None),
        Residence::Unknown => (3, None),
    };
    out.push(kind);
    put_optional_date(out, day);
    out.push(u8::from(complete));
}

fn take_register(bytes: &mut &[u8]) -> Option<Register> {
    let (earliest, latest) = (take_optional_date(bytes)?, take_optional_date(bytes)?);
    let birth = match earliest.zip(latest) {
        Some((earliest, latest)) => BirthDate::between(earliest, latest)?,
        None => BirthDate::UNKNOWN,
    };
    let sex = *[Sex::Female, Sex::Male, Sex::Unknown].get(usize::from(byte(bytes)?))?;
    let death = match (byte(bytes)?, take_optional_date(bytes)?) {
        (0, None) => Death::Alive,
        (1, Some(day)) => Death::On(day),
        (2, None) => Death::Undated,
        _ => return None,
    };
    let residence = match (byte(bytes)?, take_optional_date(bytes)?) {
        (0, None) => Residence::InArea,
        (1, day) => Residence::MovedAway(day),
        (2, None) => Residence::Elsewhere,
        (3, None) => Residence::Unknown,
        _ => return None,
    };
    Some(Register {
        birth,
        sex,
        death,
        residence,
        complete: byte(bytes)? == 1,
        rank: EntryRank::Leading,
    })
}
