//! What is unusual about a resident's entry in the register.
//!
//! Every share below is per resident. They are round numbers chosen so that a register of ten thousand has some of each.

use super::random::Dice;

/// The state of the personal identity code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Valid,
    WrongCheck,
    Temporary,
    Missing,
}

/// How much of the birth date the register knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BirthDate {
    Day,
    Month,
    Year,
    Missing,
}

/// A second entry for the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecondEntry {
    None,
    /// Same identity code, no link.
    Unlinked,
    /// The two entries name each other with `seealso`.
    SeeAlso,
    /// The second entry is inactive and says `replaced-by`; the first says `replaces`.
    ReplacedBy,
}

/// Administrative gender as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gender {
    AsSex,
    Other,
    Unknown,
    Missing,
}

/// How a death is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    WithDate,
    WithoutDate,
    NotRecorded,
}

/// How the contact language is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Bcp47,
    NationalOid,
    Missing,
}

/// How a refusal of the programme stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    None,
    InForce,
    Withdrawn,
    EnteredInError,
}

/// All oddities of one resident.
#[derive(Clone, Copy, Debug)]
pub(super) struct Oddities {
    pub(super) identity: Identity,
    pub(super) birth_date: BirthDate,
    pub(super) second_entry: SecondEntry,
    pub(super) gender: Gender,
    pub(super) death: Death,
    pub(super) language: Language,
    pub(super) refusal: Refusal,
    /// Address and municipality must not be disclosed.
    pub(super) non_disclosure: bool,
    /// The municipality is in the address only, without the national code.
    pub(super) no_municipality_code: bool,
    /// Consented to, or refused, some other use of the data; nothing to do with the programme.
    pub(super) other_consent: bool,
}

impl Oddities {
    /// Draws them.
    pub(super) fn draw(dice: &mut Dice) -> Oddities {
        Oddities {
            identity: dice.weighted(&[
                (0.9890, Identity::Valid),
                (0.0010, Identity::WrongCheck),
                (0.0070, Identity::Temporary),
                (0.0030, Identity::Missing),
            ]),
            birth_date: dice.weighted(&[
                (0.9965, BirthDate::Day),
                (0.0010, BirthDate::Month),
                (0.0020, BirthDate::Year),
                (0.0005, BirthDate::Missing),
            ]),
            second_entry: dice.weighted(&[
                (0.9950, SecondEntry::None),
                (0.0020, SecondEntry::Unlinked),
                (0.0015, SecondEntry::SeeAlso),
                (0.0015, SecondEntry::ReplacedBy),
            ]),
            gender: dice.weighted(&[
                (0.9985, Gender::AsSex),
                (0.0005, Gender::Other),
                (0.0006, Gender::Unknown),
                (0.0004, Gender::Missing),
            ]),
            death: dice.weighted(&[
                (0.93, Death::WithDate),
                (0.05, Death::WithoutDate),
                (0.02, Death::NotRecorded),
            ]),
            language: dice.weighted(&[
                (0.78, Language::Bcp47),
                (0.17, Language::NationalOid),
                (0.05, Language::Missing),
            ]),
            refusal: dice.weighted(&[
                (0.9900, Refusal::None),
                (0.0080, Refusal::InForce),
                (0.0015, Refusal::Withdrawn),
                (0.0005, Refusal::EnteredInError),
            ]),
            non_disclosure: dice.chance(0.006),
            no_municipality_code: dice.chance(0.04),
            other_consent: dice.chance(0.005),
        }
    }
}
