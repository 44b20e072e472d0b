//! Whether the condition of a row holds, and if not, by how little.

use super::{Inclusion, Stage};
use crate::profile::{
    Death, EntryRank, Fact, FactId, Profile, Residence, Sex, Standing, is_within_months,
};
use crate::risk::{self, Assessment};
use crate::rulebook::{
    Category, Condition, DefinitionSignal, RegisterFinding, Rulebook, ScorePosition, Specimen,
    StageKind,
};

/// What a row that nearly held lacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NearMiss {
    /// The fact is older than the row allows.
    TooOld,
    /// The fact no longer held on the index date.
    Ended,
    /// Somebody else stands behind the fact than the row asks for.
    OtherStanding,
    /// A result of the kind the row asks for was followed by a newer one that says otherwise.
    Superseded,
    /// The score can come close to the level without reaching it.
    JustBelow,
    /// The exclusion was so long ago that it no longer holds.
    Expired,
}

impl NearMiss {
    /// The name in the lake and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooOld => "too-old",
            Self::Ended => "ended",
            Self::OtherStanding => "other-standing",
            Self::Superseded => "superseded",
            Self::JustBelow => "just-below",
            Self::Expired => "expired",
        }
    }
}

/// What evaluating a condition found.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) holds: bool,
    pub(super) near: Option<NearMiss>,
    pub(super) fact: Option<Fact>,
}

impl Found {
    fn plain(holds: bool) -> Self {
        Self {
            holds,
            ..Self::default()
        }
    }
}

/// What rows are held against.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) rulebook: &'a Rulebook,
    pub(super) profile: &'a Profile,
    pub(super) assessment: Option<&'a Assessment>,
    /// Where the score is to lie, whatever the level in force; `None` for where it lies.
    pub(super) supposed: Option<ScorePosition>,
    /// Where the newest round stands.
    pub(super) stage: Option<&'a Stage>,
    /// What was drawn for residents below the level.
    pub(super) lot: Option<Inclusion>,
}

pub(super) fn evaluate(known: &Known<'_>, condition: &Condition) -> Found {
    let Known {
        rulebook,
        profile,
        assessment,
        supposed: _,
        stage,
        lot,
    } = *known;
    match condition {
        Condition::Episode {
            stages,
            within_months,
            beyond_months,
        } => {
            let stands = stands_at(profile, stage, *within_months, *beyond_months);
            Found::plain(stands.is_some_and(|kind| stages.contains(&kind)))
        }
        Condition::Lot { drawn } => Found::plain(lot.is_some() == *drawn),
        Condition::Register(finding) => Found::plain(register_says(profile, *finding)),
        Condition::OutsideAge => Found::plain(outside_age(rulebook, profile)),
        Condition::Fact {
            fact,
            standing,
            current,
            within_months,
        } => {
            let wanted = Wanted {
                standing: *standing,
                current: *current,
                within: *within_months,
            };
            facts_found(profile, profile.facts_of(*fact).iter(), wanted)
        }
        Condition::Defined { signals, .. } => defined(rulebook, profile, signals),
        Condition::NewestBelow {
            of,
            below,
            within_months,
        } => newest_below(rulebook, profile, *of, *below, *within_months),
        Condition::Test {
            category,
            specimen,
            within_months,
        } => test_found(rulebook, profile, *category, *specimen, *within_months),
        Condition::Score(position) => {
            assessment.map_or(Found::default(), |a| score_found(known, a, *position))
        }
        Condition::All(parts) => all(parts.iter().map(|part| evaluate(known, part))),
        Condition::Any(parts) => {
            let mut found = parts.iter().map(|part| evaluate(known, part));
            found.find(|one| one.holds).unwrap_or_default()
        }
        Condition::Not(part) => Found::plain(!evaluate(known, part).holds),
    }
}

/// All parts together; the last part's fact speaks for the row.
fn all(parts: impl Iterator<Item = Found>) -> Found {
    let mut found = Found::plain(true);
    let mut missing = Vec::new();
    for one in parts {
        if !one.holds {
            missing.push(one.near);
        }
        found.fact = one.fact.or(found.fact);
    }
    found.holds = missing.is_empty();
    // A score that comes close matters when nothing else is missing.
    found.near = match missing[..] {
        [Some(NearMiss::JustBelow)] => Some(NearMiss::JustBelow),
        _ => None,
    };
    found
}

/// Where the round stands, when it has for no longer than `within_months` and for longer than
/// `beyond_months`; `None` inside for a resident without a round.
fn stands_at(
    profile: &Profile,
    stage: Option<&Stage>,
    within_months: Option<u32>,
    beyond_months: Option<u32>,
) -> Option<Option<StageKind>> {
    let today = profile.index_date();
    let Some(stage) = stage else {
        return beyond_months.is_none().then_some(None);
    };
    let since = match stage {
        Stage::Eligible | Stage::Queued { .. } => today,
        Stage::Asked { answer_by, .. } => *answer_by,
        Stage::Ordered { sample_by, .. } => *sample_by,
        Stage::Confirming { since }
        | Stage::OfferedPrevention { since, .. }
        | Stage::WithANurse { since, .. } => *since,
        Stage::Closed { on, .. } => *on,
    };
    let is_recent = is_within_months(since, today, within_months);
    let is_beyond =
        beyond_months.is_none_or(|months| !is_within_months(since, today, Some(months)));
    (is_recent && is_beyond).then(|| Some(stage.kind(today)))
}

fn register_says(profile: &Profile, finding: RegisterFinding) -> bool {
    let register = profile.register();
    match finding {
        RegisterFinding::NotYetBorn => register.birth.is_after(profile.index_date()),
        RegisterFinding::Deceased => match register.death {
            Death::Alive => false,
            Death::On(_) | Death::Undated => profile.is_deceased(),
        },
        RegisterFinding::MovedAway => match register.residence {
            Residence::MovedAway(Some(date)) => date <= profile.index_date(),
            Residence::MovedAway(None) => true,
            Residence::InArea | Residence::Elsewhere | Residence::Unknown => false,
        },
        RegisterFinding::SecondEntry => register.rank == EntryRank::GivesWay,
        RegisterFinding::Elsewhere => register.residence == Residence::Elsewhere,
        RegisterFinding::BirthDateUnknown => register.birth.bounds().is_none(),
        RegisterFinding::SexUnknown => register.sex == Sex::Unknown,
        RegisterFinding::SexKnown => register.sex != Sex::Unknown,
        RegisterFinding::Male => register.sex == Sex::Male,
        RegisterFinding::Incomplete => !register.complete,
    }
}

/// Certainly outside: a birth date known to the year may leave it open.
fn outside_age(rulebook: &Rulebook, profile: &Profile) -> bool {
    let pathway = &rulebook.pathway;
    profile.age_in_years().is_some_and(|(youngest, oldest)| {
        oldest < pathway.age_from || pathway.age_below <= youngest
    })
}

/// What a row wants of a fact.
#[derive(Clone, Copy)]
struct Wanted {
    standing: Option<Standing>,
    current: bool,
    within: Option<u32>,
}

/// The newest fact that fits; else the newest that lacks least.
fn facts_found<'p>(
    profile: &Profile,
    facts: impl DoubleEndedIterator<Item = &'p Fact>,
    wanted: Wanted,
) -> Found {
    let mut nearest: Option<(NearMiss, Fact)> = None;
    for fact in facts.rev() {
        let miss = if wanted
            .standing
            .is_some_and(|standing| standing != fact.standing)
        {
            Some(NearMiss::OtherStanding)
        } else if wanted.current
            && fact
                .until
                .is_some_and(|until| until <= profile.index_date())
        {
            Some(NearMiss::Ended)
        } else if is_too_old(profile, fact, wanted.within) {
            Some(NearMiss::TooOld)
        } else {
            None
        };
        match miss {
            None => {
                return Found {
                    holds: true,
                    near: None,
                    fact: Some(*fact),
                };
            }
            Some(miss) if nearest.is_none_or(|(least, _)| miss < least) => {
                nearest = Some((miss, *fact));
            }
            Some(_) => {}
        }
    }
    Found {
        holds: false,
        near: nearest.map(|(miss, _)| miss),
        fact: nearest.map(|(_, fact)| fact),
    }
}

fn is_too_old(profile: &Profile, fact: &Fact, within_months: Option<u32>) -> bool {
    !is_within_months(fact.effective, profile.index_date(), within_months)
}

/// The first signal that holds; else the one that lacks least.
fn defined(rulebook: &Rulebook, profile: &Profile, signals: &[DefinitionSignal]) -> Found {
    let mut nearest = Found::default();
    for signal in signals {
        let facts = profile.facts_of(signal.fact).iter();
        let shown = facts.filter(|fact| risk::shows(rulebook, fact, signal.test));
        let wanted = Wanted {
            standing: signal.standing,
            current: false,
            within: signal.within_months,
        };
        let found = facts_found(profile, shown, wanted);
        if found.holds {
            return found;
        }
        if found.near.is_some() && (nearest.near.is_none() || found.near < nearest.near) {
            nearest = found;
        }
    }
    nearest
}

/// Whether the newest laboratory result of a test lies below a category.
fn newest_below(
    rulebook: &Rulebook,
    profile: &Profile,
    of: FactId,
    below: Category,
    within_months: Option<u32>,
) -> Found {
    let results = results(rulebook, profile, None).into_iter();
    let of_test = results.filter(|r| r.fact.id == of && r.fact.standing != Standing::SelfReported);
    // Of several results of one day the worst counts.
    let newest = of_test.max_by_key(|result| {
        (
            result.fact.effective,
            result.category,
            result.fact.submission,
        )
    });
    let Some(newest) = newest.filter(|newest| newest.category < below) else {
        return Found::default();
    };
    let is_old = is_too_old(profile, &newest.fact, within_months);
    Found {
        holds: !is_old,
        near: is_old.then_some(NearMiss::TooOld),
        fact: Some(newest.fact),
    }
}

/// A laboratory result with what it means.
pub(super) struct LabResult {
    pub(super) fact: Fact,
    pub(super) category: Category,
    pub(super) specimen: Option<Specimen>,
}

fn test_found(
    rulebook: &Rulebook,
    profile: &Profile,
    category: Category,
    specimen: Option<Specimen>,
    within_months: Option<u32>,
) -> Found {
    let mut results = results(rulebook, profile, specimen);
    results.sort_by_key(|result| (result.fact.effective, result.fact.submission));
    let fits = |result: &&LabResult| match category {
        // The range of the disease means that or worse; the rest mean themselves.
        Category::DiseaseRange | Category::Critical => category <= result.category,
        Category::Inconclusive | Category::Normal | Category::Intermediate => {
            category == result.category
        }
    };
    let Some(newest) = results.iter().rev().find(fits) else {
        return Found::default();
    };
    // A normal result counts only while nothing worse came after it.
    let superseded = category == Category::Normal
        && results.iter().any(|other| {
            Category::Normal < other.category && newest.fact.effective <= other.fact.effective
        });
    let near = if superseded {
        Some(NearMiss::Superseded)
    } else if is_too_old(profile, &newest.fact, within_months) {
        Some(NearMiss::TooOld)
    } else {
        None
    };
    Found {
        holds: near.is_none(),
        near,
        fact: Some(newest.fact),
    }
}

/// Every result of every test with bands, from samples of the kind asked for.
pub(super) fn results(
    rulebook: &Rulebook,
    profile: &Profile,
    specimen: Option<Specimen>,
) -> Vec<LabResult> {
    let mut results = Vec::new();
    for id in rulebook.thresholds.tests() {
        let definition = rulebook.catalogue.definition(id);
        for fact in profile.facts_of(id) {
            // What somebody measured at home is no laboratory sample, whatever its code says.
            let own = match fact.standing {
                Standing::SelfReported => Some(Specimen::Lesser),
                Standing::Established | Standing::Unaccepted => definition.specimen,
            };
            if specimen.is_some() && specimen != own {
                continue;
            }
            let Some(quantity) = fact.quantity() else {
                continue;
            };
            let category = if rulebook.thresholds.is_critical(id, quantity) {
                Some(Category::Critical)
            } else {
                rulebook
                    .thresholds
                    .category(id, quantity)
                    .map(|band| band.category)
            };
            results.extend(category.map(|category| LabResult {
                fact: *fact,
                category,
                specimen: own,
            }));
        }
    }
    results
}

fn score_found(known: &Known<'_>, assessment: &Assessment, position: ScorePosition) -> Found {
    let pathway = &known.rulebook.pathway;
    let level = pathway.level(known.profile.age_in_years());
    let lies = known.supposed.unwrap_or_else(|| assessment.position(level));
    let holds = lies == position;
    let just_below = position == ScorePosition::AtOrAbove
        && assessment.high() < level
        && level - pathway.near <= assessment.high();
    Found {
        holds,
        near: (!holds && just_below).then_some(NearMiss::JustBelow),
        fact: None,
    }
}
