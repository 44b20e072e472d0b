//! One resident, built as a sentence, and the shipped rule book.
//!
//! ```text
//! Someone::man_of(50).bmi(31.2).waist(90.0).answers("vegetables-answer", "every-day")
//! ```
//!
//! Everything a [`Someone`] has is true and written down on [`TODAY`] and stands
//! as established, unless the [`Statement`] says otherwise.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::{
    Conclusion, Decision, Episode, HandedOver, Inclusion, NotDelivered, Offer, OrderedBecause,
    Stage, TestOrder, decide,
};
use preventiojyraa_core::profile::{
    BirthDate, Comparator, Death, Fact, FactId, FactValue, Profile, Quantity, Recorded, Register,
    Residence, Sex, Standing, SubmissionId, Unit, Version,
};
use preventiojyraa_core::risk::{Assessment, ItemResult, assess};
use preventiojyraa_core::rulebook::{Amount, Score, StageKind};
use proptest::prelude::*;
use proptest::sample::select;

use super::draw::{facts, register};
pub(crate) use super::shipped::{TODAY, rule_files, rulebook};

/// A fact of the catalogue by its name in rule files.
#[track_caller]
pub(crate) fn fact_id(name: &str) -> FactId {
    rulebook()
        .catalogue
        .find(name)
        .unwrap_or_else(|| panic!("no fact is called `{name}`"))
}

/// The position of an item in the model, by its id.
#[track_caller]
pub(crate) fn item_at(id: &str) -> usize {
    let found = rulebook().model.items.iter().position(|item| item.id == id);
    found.unwrap_or_else(|| panic!("the model has no item `{id}`"))
}

/// One fact, before it is somebody's.
#[derive(Clone, Copy)]
pub(crate) struct Statement(pub(crate) Fact);

impl Statement {
    /// Something that is there: a diagnosis, a prescription, a refusal.
    #[track_caller]
    pub(crate) fn present(fact: &str) -> Self {
        Self::new(fact_id(fact), FactValue::Present)
    }

    /// A measured value.
    #[track_caller]
    pub(crate) fn measured(fact: &str, value: f64, unit: Unit) -> Self {
        Self::limited(fact, Comparator::Exactly, value, unit)
    }

    /// A measured value that the laboratory limits, as `< 3.0`.
    #[track_caller]
    pub(crate) fn limited(fact: &str, comparator: Comparator, value: f64, unit: Unit) -> Self {
        let quantity = Quantity::new(value, unit, comparator).expect("tests use finite values");
        Self::new(fact_id(fact), FactValue::Quantity(quantity))
    }

    /// The resident's own answer.
    #[track_caller]
    pub(crate) fn answer(fact: &str, answer: &str) -> Self {
        let id = fact_id(fact);
        let answers = &rulebook().catalogue.definition(id).answers;
        let at = answers.iter().position(|known| known == answer);
        let at = at.unwrap_or_else(|| panic!("`{fact}` has no answer `{answer}`"));
        let at = u8::try_from(at).expect("a question has few answers");
        Self::new(id, FactValue::Answer(at)).by(Standing::SelfReported)
    }

    fn new(id: FactId, value: FactValue) -> Self {
        Self(Fact {
            id,
            value,
            effective: TODAY,
            until: None,
            recorded: Recorded::AsEffective,
            standing: Standing::Established,
            submission: SubmissionId::from_bytes([0; 16]),
            part: 0,
            version: Version {
                updated: 0,
                pull: 1,
                digest: 0,
            },
        })
    }

    pub(crate) fn on(mut self, effective: Date) -> Self {
        self.0.effective = effective;
        self
    }

    pub(crate) fn until(mut self, until: Date) -> Self {
        self.0.until = Some(until);
        self
    }

    pub(crate) fn by(mut self, standing: Standing) -> Self {
        self.0.standing = standing;
        self
    }
}

/// One resident on one index date.
#[derive(Clone)]
pub(crate) struct Someone {
    pub(crate) register: Register,
    pub(crate) facts: Vec<Fact>,
    pub(crate) index_date: Date,
    pub(crate) episode: Option<Episode>,
    pub(crate) lot: Option<Inclusion>,
}

/// A stage of each kind on [`TODAY`], with nothing particular in it.
pub(crate) fn stages() -> Vec<Stage> {
    let yesterday = TODAY.yesterday().expect("a day before");
    let asked = |answer_by, reminded| Stage::Asked {
        answer_by,
        reminded,
    };
    let ordered = |sample_by, reminded, order| Stage::Ordered {
        on: yesterday,
        because: OrderedBecause::Flagged,
        sample_by,
        reminded,
        tests: BTreeMap::from([("hba1c".to_owned(), order)]),
    };
    vec![
        Stage::Eligible,
        Stage::Queued { since: yesterday },
        asked(TODAY, false),
        asked(yesterday, false),
        asked(yesterday, true),
        ordered(TODAY, false, TestOrder::Delivered),
        ordered(yesterday, false, TestOrder::Delivered),
        ordered(yesterday, true, TestOrder::Delivered),
        ordered(TODAY, false, TestOrder::Resulted(yesterday)),
        Stage::Confirming { since: TODAY },
        Stage::OfferedPrevention {
            since: TODAY,
            offer: Offer::NotAnswered,
        },
        Stage::WithANurse {
            since: TODAY,
            why: HandedOver::NotDelivered(NotDelivered::Unknown),
        },
        Stage::Closed {
            on: TODAY,
            conclusion: Conclusion::Normal,
        },
    ]
}

impl Someone {
    /// Known to exist and nothing more.
    pub(crate) fn unknown() -> Self {
        Self {
            register: Register::unknown(),
            facts: Vec::new(),
            index_date: TODAY,
            episode: None,
            lot: None,
        }
    }

    /// Of this sex and so many completed years on [`TODAY`], with nothing on record.
    pub(crate) fn of(sex: Sex, years: i16) -> Self {
        let birth = BirthDate::on(date(TODAY.year() - years, 1, 1));
        Self {
            register: Register {
                birth,
                sex,
                ..Register::unknown()
            },
            ..Self::unknown()
        }
    }

    pub(crate) fn woman_of(years: i16) -> Self {
        Self::of(Sex::Female, years)
    }

    pub(crate) fn man_of(years: i16) -> Self {
        Self::of(Sex::Male, years)
    }

    /// A complete form on which only age can score.
    pub(crate) fn with_lowest_answers(self) -> Self {
        self.bmi(22.0)
            .waist(70.0)
            .answers("physical-activity-answer", "daily")
            .answers("vegetables-answer", "every-day")
            .answers("antihypertensive-answer", "no")
            .answers("high-glucose-answer", "no")
            .answers("family-history-answer", "none")
    }

    /// A complete form on which everything but age scores its most.
    pub(crate) fn with_highest_answers(self) -> Self {
        self.bmi(35.0)
            .waist(120.0)
            .answers("physical-activity-answer", "not-daily")
            .answers("vegetables-answer", "not-every-day")
            .answers("antihypertensive-answer", "yes")
            .answers("high-glucose-answer", "yes")
            .answers("family-history-answer", "first-degree")
    }

    pub(crate) fn bmi(self, value: f64) -> Self {
        self.with(Statement::measured(
            "body-mass-index",
            value,
            Unit::KgPerSquareMetre,
        ))
    }

    pub(crate) fn waist(self, centimetres: f64) -> Self {
        self.with(Statement::measured(
            "waist-circumference",
            centimetres,
            Unit::Centimetre,
        ))
    }

    #[track_caller]
    pub(crate) fn answers(self, fact: &str, answer: &str) -> Self {
        self.with(Statement::answer(fact, answer))
    }

    #[track_caller]
    pub(crate) fn has(self, fact: &str) -> Self {
        self.with(Statement::present(fact))
    }

    /// Adds a statement as a submission of its own.
    pub(crate) fn with(mut self, statement: Statement) -> Self {
        let n = u128::try_from(self.facts.len()).expect("few facts") + 1;
        let submission = SubmissionId::from_bytes(n.to_be_bytes());
        self.facts.push(Fact {
            submission,
            ..statement.0
        });
        self
    }

    /// Changes what the register says.
    pub(crate) fn registered(mut self, change: impl FnOnce(&mut Register)) -> Self {
        change(&mut self.register);
        self
    }

    /// The same resident, whose newest round stands in a stage of this kind.
    #[track_caller]
    pub(crate) fn in_round(mut self, kind: StageKind) -> Self {
        let stage = stages().into_iter().find(|stage| stage.kind(TODAY) == kind);
        let stage = stage.expect("a stage of each kind");
        self.episode = Some(Episode { round: 1, stage });
        self
    }

    /// The same resident, drawn by a lot of one in fifty.
    pub(crate) fn drawn(mut self) -> Self {
        self.lot = Inclusion::from_billionths(20_000_000);
        self
    }

    /// The same resident, looked at on another day.
    pub(crate) fn seen_on(mut self, index_date: Date) -> Self {
        self.index_date = index_date;
        self
    }

    pub(crate) fn profile(&self) -> Profile {
        Profile::as_of(self.register, self.facts.clone(), self.index_date)
    }

    pub(crate) fn assessment(&self) -> Assessment {
        assess(rulebook(), &self.profile()).expect("the form scores every age")
    }

    /// Lowest and highest score.
    pub(crate) fn score(&self) -> (Score, Score) {
        let assessment = self.assessment();
        (assessment.low(), assessment.high())
    }

    #[track_caller]
    pub(crate) fn item(&self, id: &str) -> ItemResult {
        self.assessment().items()[item_at(id)].clone()
    }

    /// Every number of points that an item can have, fewest first.
    #[track_caller]
    pub(crate) fn points(&self, item: &str) -> Vec<Amount> {
        self.item(item).adds.values().collect()
    }

    pub(crate) fn decision(&self) -> Decision {
        decide(rulebook(), &self.profile(), self.episode.as_ref(), self.lot)
    }
}

/// All of it, readable: these residents are made up, and a law that fails shows one.
impl fmt::Debug for Someone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Register {
            birth,
            sex,
            death,
            residence,
            complete,
            rank,
        } = self.register;
        let death = match death {
            Death::Alive => "alive".to_owned(),
            Death::On(day) => format!("died {day}"),
            Death::Undated => "died".to_owned(),
        };
        let residence = match residence {
            Residence::InArea => "in the area".to_owned(),
            Residence::MovedAway(day) => format!("moved {day:?}"),
            Residence::Elsewhere => "elsewhere".to_owned(),
            Residence::Unknown => "somewhere".to_owned(),
        };
        let birth = birth.bounds();
        writeln!(
            f,
            "{sex:?} born {birth:?}, {death}, {residence}, complete: {complete}, {rank:?},"
        )?;
        let lot = self.lot.map(Inclusion::billionths);
        writeln!(f, "{:?}, drawn: {lot:?},", self.episode)?;
        writeln!(f, "seen on {}:", self.index_date)?;
        for fact in &self.facts {
            writeln!(f, "  {:?}", Statement(*fact))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = &self.0;
        let definition = rulebook().catalogue.definition(fact.id);
        write!(f, "{} ", definition.id)?;
        match fact.value {
            FactValue::Present => f.write_str("present")?,
            FactValue::Answer(at) => f.write_str(&definition.answers[usize::from(at)])?,
            FactValue::Quantity(q) => write!(f, "{:?} {} {}", q.comparator(), q.value(), q.unit())?,
            FactValue::Withdrawn => f.write_str("withdrawn")?,
        }
        let (effective, until, recorded) = (fact.effective, fact.until, fact.recorded);
        write!(
            f,
            ", {effective} to {until:?}, {recorded:?}, {:?}, ",
            fact.standing
        )?;
        write!(
            f,
            "{:?}/{} version {}",
            fact.submission, fact.part, fact.version.updated
        )
    }
}

/// The id of a row of the pathway in force.
pub(crate) fn row_id(row: usize) -> &'static str {
    &rulebook().pathway.rows[row].id
}

/// Somebody of the register in a first round, or in none; every answer at its lowest for form 0, at its
/// highest for form 1.
pub(crate) fn somebody(register: Register, form: u8, stage: Option<Stage>, drawn: bool) -> Someone {
    let nobody = Someone::unknown();
    let nobody = if drawn { nobody.drawn() } else { nobody };
    let someone = Someone {
        register,
        episode: stage.map(|stage| Episode { round: 1, stage }),
        ..nobody
    };
    match form {
        0 => someone.with_lowest_answers(),
        1 => someone.with_highest_answers(),
        _ => someone,
    }
}

/// Anybody: with a few facts of any kind, and now and then a complete form beside them.
pub(crate) fn anyone() -> impl Strategy<Value = Someone> {
    let stages = select(stages());
    let round = proptest::option::weighted(0.3, stages);
    let lot = any::<bool>();
    (register(), facts(14), 0..4u8, round, lot).prop_map(|(register, facts, form, stage, drawn)| {
        let mut someone = somebody(register, form, stage, drawn);
        someone.facts.extend(facts);
        someone
    })
}
