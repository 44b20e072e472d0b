//! Nobody is forgotten: after any beginning of any story, everybody on the register is in one standing.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use preventiojyraa_core::orders::{ActionKind, AskingTerms, Offered, intend};
use preventiojyraa_core::pathway::{Episode, Event, NotDelivered, Stage, decide, follow};
use preventiojyraa_core::profile::{Death, Residence, ResidentId, Unit};
use preventiojyraa_core::report::{
    Coverage, Covered, Decided, Registered, Standing, ToDecide, standing,
};
use preventiojyraa_core::rulebook::State;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::core::{Someone, Statement, TODAY, row_id, rulebook};
use crate::support::draw::fixed;

/// Something that can happen; whom it happens to is drawn from those there are.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// Somebody comes onto the register: born, moved in, or a second entry of somebody.
    Comes(i16),
    Dies(usize),
    Leaves(usize),
    /// The entry is deleted at the source or merged into another: it stays, undetermined.
    IsMergedAway(usize),
    SaysNo(usize),
    Answers(usize, bool),
    HasResult(usize, u8),
    IsDiagnosed(usize),
    /// What an order of somebody's came to.
    Delivered(usize),
    NotDelivered(usize, usize),
    DaysPass(u8),
    /// What has happened outside becomes known here.
    Pull,
    /// A run; an act of these kinds can be asked of others, of none when it does not act.
    Run(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    let who = || 0..40_usize;
    prop_oneof![
        3 => (0..90_i16).prop_map(Happening::Comes),
        1 => who().prop_map(Happening::Dies),
        1 => who().prop_map(Happening::Leaves),
        1 => who().prop_map(Happening::IsMergedAway),
        1 => who().prop_map(Happening::SaysNo),
        3 => (who(), any::<bool>()).prop_map(|(who, high)| Happening::Answers(who, high)),
        3 => (who(), 0..3_u8).prop_map(|(who, how)| Happening::HasResult(who, how)),
        1 => who().prop_map(Happening::IsDiagnosed),
        2 => who().prop_map(Happening::Delivered),
        3 => (who(), 0..NotDelivered::NAMES.len()).prop_map(|(who, n)| Happening::NotDelivered(who, n)),
        2 => (1..70_u8).prop_map(Happening::DaysPass),
        4 => Just(Happening::Pull),
        6 => (0..20_u8).prop_map(Happening::Run),
    ]
}

fn story() -> impl Strategy<Value = Vec<Happening>> {
    prop::collection::vec(happening(), 1..60)
}

/// A mistake that somebody could have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// The run passes somebody over.
    DropsSomebody,
    /// The run decides about somebody twice.
    DecidesTwice,
    /// The register loses somebody.
    ForgetsAnEntry,
    /// The register has somebody twice.
    EntersTwice,
}

const EVERY_BUG: [Bug; 4] = [
    Bug::DropsSomebody,
    Bug::DecidesTwice,
    Bug::ForgetsAnEntry,
    Bug::EntersTwice,
];

#[derive(Clone)]
struct Person {
    id: ResidentId,
    /// As they are, and as the last pull brought them.
    now: Someone,
    known: Option<Someone>,
}

/// What the newest run said about somebody.
struct Said {
    state: State,
    row: usize,
    on: Date,
    before: Option<Episode>,
}

struct World {
    today: Date,
    people: Vec<Person>,
    said: BTreeMap<ResidentId, Said>,
    rounds: BTreeMap<ResidentId, Episode>,
    tasks: BTreeSet<ResidentId>,
    /// On the register when the newest run decided.
    seen_by_run: BTreeSet<ResidentId>,
    bug: Option<Bug>,
}

impl World {
    fn new(bug: Option<Bug>) -> Self {
        Self {
            today: TODAY,
            people: Vec::new(),
            said: BTreeMap::new(),
            rounds: BTreeMap::new(),
            tasks: BTreeSet::new(),
            seen_by_run: BTreeSet::new(),
            bug,
        }
    }

    /// Changes somebody, when there is anybody.
    fn change(&mut self, who: usize, change: impl FnOnce(Someone, Date) -> Someone) {
        let n = self.people.len().max(1);
        let today = self.today;
        if let Some(person) = self.people.get_mut(who % n) {
            person.now = change(person.now.clone(), today);
        }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Comes(years) => {
                let n = u8::try_from(self.people.len() + 1).expect("few people");
                self.people.push(Person {
                    id: ResidentId::from_bytes([n; 16]),
                    now: Someone::woman_of(years).bmi(31.0),
                    known: None,
                });
            }
            Happening::Dies(who) => self.change(who, |one, today| {
                one.registered(|entry| entry.death = Death::On(today))
            }),
            Happening::Leaves(who) => self.change(who, |one, today| {
                one.registered(|entry| entry.residence = Residence::MovedAway(Some(today)))
            }),
            Happening::IsMergedAway(who) => {
                self.change(who, |one, _| one.registered(|entry| entry.complete = false))
            }
            Happening::SaysNo(who) => self.change(who, |one, today| {
                one.with(Statement::present("screening-opt-out").on(today))
            }),
            Happening::Answers(who, high) => self.change(who, |one, _| {
                if high {
                    one.with_highest_answers()
                } else {
                    one.with_lowest_answers()
                }
            }),
            Happening::HasResult(who, how) => self.change(who, |one, today| {
                let (fasting, hba1c) = [(5.1, 34.0), (6.5, 40.0), (8.4, 53.0)][usize::from(how)];
                let glucose =
                    Statement::measured("fasting-plasma-glucose", fasting, Unit::MillimolePerLitre);
                let hba1c = Statement::measured("hba1c", hba1c, Unit::MillimolePerMole);
                one.with(glucose.on(today)).with(hba1c.on(today))
            }),
            Happening::IsDiagnosed(who) => self.change(who, |one, today| {
                one.with(Statement::present("diabetes-diagnosis").on(today))
            }),
            Happening::Delivered(who) => self.is_settled(who, None),
            Happening::NotDelivered(who, why) => {
                self.is_settled(who, Some(NotDelivered::NAMES[why].1));
            }
            Happening::DaysPass(days) => {
                let days = jiff::Span::new().days(i64::from(days));
                self.today = self.today.saturating_add(days);
            }
            Happening::Pull => {
                for person in &mut self.people {
                    person.known = Some(person.now.clone());
                }
            }
            Happening::Run(how) => self.runs(&match how {
                0..4 => None,
                4 => Some(Offered::Stopped),
                5 => Some(kinds(&[ActionKind::Laboratory])),
                6 => Some(Offered::OpenRound(every_kind())),
                _ => Some(Offered::Kinds(every_kind())),
            }),
        }
    }

    /// News of the order of somebody whose round has one under way.
    fn is_settled(&mut self, who: usize, why: Option<NotDelivered>) {
        let n = self.rounds.len().max(1);
        let on = self.today;
        let Some((_, round)) = self.rounds.iter_mut().nth(who % n) else {
            return;
        };
        let tests: Vec<Option<String>> = match &round.stage {
            Stage::Queued { .. } | Stage::Asked { .. } => vec![None],
            Stage::Ordered { tests, .. } => tests.keys().cloned().map(Some).collect(),
            Stage::Eligible
            | Stage::Confirming { .. }
            | Stage::OfferedPrevention { .. }
            | Stage::WithANurse { .. }
            | Stage::Closed { .. } => Vec::new(),
        };
        for test in tests {
            let event = match why {
                None => Event::Delivered { on, test },
                Some(why) => Event::NotDelivered { on, test, why },
            };
            // The second test of a round that the first one has ended is late news.
            round.apply(&event).expect("news of an order that is there");
        }
    }

    /// What earlier runs asked for has left: those who were in turn are waited for from now on.
    fn asks_those_whose_turn_it_is(&mut self) {
        let on = self.today;
        let answer_by = AskingTerms::of(rulebook()).answer_by(on);
        let rounds = self.rounds.values_mut();
        for round in rounds.filter(|round| matches!(round.stage, Stage::Queued { .. })) {
            let asked = Event::Asked { on, answer_by };
            round.apply(&asked).expect("whoever is in turn is asked");
        }
    }

    /// Decides about everybody on the register, and acts when something is offered.
    fn runs(&mut self, offered: &Option<Offered>) {
        self.said.clear();
        self.seen_by_run.clear();
        if offered.is_some() {
            self.asks_those_whose_turn_it_is();
        }
        for person in &self.people {
            let Some(known) = &person.known else { continue };
            let profile = known.clone().seen_on(self.today).profile();
            let before = self.rounds.get(&person.id).cloned();
            let followed = follow(rulebook(), &profile, before.as_ref());
            let newest = followed.episode.as_ref();
            let decision = decide(rulebook(), &profile, newest, None);
            if let Some(offered) = offered {
                let who = (person.id, self.today);
                let intent = intend(rulebook(), who.0, who.1, &followed, &decision, offered);
                for (round, event) in &intent.events {
                    let known = self.rounds.entry(person.id);
                    let known = known.or_insert_with(|| Episode::begin(*round));
                    if known.round < *round {
                        *known = Episode::begin(*round);
                    }
                    known.apply(event).expect("an intent fits");
                }
                if *offered != Offered::Stopped && !decision.reviews.is_empty() {
                    self.tasks.insert(person.id);
                }
            }
            self.seen_by_run.insert(person.id);
            let said = Said {
                state: decision.state,
                row: decision.row,
                on: self.today,
                before,
            };
            self.said.insert(person.id, said);
        }
    }

    fn register(&self) -> Vec<Registered> {
        let known = self.people.iter().filter(|person| person.known.is_some());
        let entry = |person: &Person| {
            let number = person.id.as_bytes()[0];
            Registered {
                resident: person.id,
                is_new: !self.seen_by_run.contains(&person.id),
                district: (!number.is_multiple_of(4))
                    .then(|| Arc::from(format!("d{}", number % 4))),
                language: (!number.is_multiple_of(3))
                    .then(|| Arc::from(format!("l{}", number % 3))),
            }
        };
        let mut register: Vec<Registered> = known.map(entry).collect();
        let decided = register.iter().position(|entry| !entry.is_new);
        match (self.bug, decided) {
            (Some(Bug::ForgetsAnEntry), Some(at)) => drop(register.remove(at)),
            (Some(Bug::EntersTwice), Some(at)) => register.push(register[at].clone()),
            (Some(_) | None, _) => {}
        }
        register
    }

    fn covered(&self) -> Vec<Covered> {
        let one = |(id, said): (&ResidentId, &Said)| Covered {
            resident: *id,
            standing: standing(
                rulebook(),
                &Decided {
                    resident: *id,
                    state: said.state,
                    row: Some(said.row),
                    on: said.on,
                    before: said.before.as_ref(),
                    now: self.rounds.get(id),
                    has_task: self.tasks.contains(id),
                },
            ),
            since: Some(said.on),
            row: Arc::from(row_id(said.row)),
        };
        let mut covered: Vec<Covered> = self.said.iter().map(one).collect();
        match (self.bug, covered.first().cloned()) {
            (Some(Bug::DropsSomebody), Some(_)) => drop(covered.remove(0)),
            (Some(Bug::DecidesTwice), Some(first)) => covered.push(Covered {
                standing: Standing::At(State::BelowLevel),
                ..first
            }),
            (Some(_) | None, _) => {}
        }
        covered
    }

    fn coverage(&self) -> Coverage {
        Coverage::of(&self.register(), &self.covered())
    }

    /// What is wrong with the account, by a count of its own.
    fn problems(&self) -> Vec<String> {
        let coverage = self.coverage();
        let there = self.people.iter().filter(|one| one.known.is_some()).count() as u64;
        let mut problems: Vec<String> = coverage
            .unaccounted
            .iter()
            .map(ToString::to_string)
            .collect();
        let lines = coverage.lines.values().map(|line| line.n).sum::<u64>();
        let districts = coverage.by_district.values().flat_map(BTreeMap::values);
        let languages = coverage.by_language.values().flat_map(BTreeMap::values);
        for (what, n) in [
            ("register", coverage.register),
            ("standings", lines),
            ("districts", districts.sum()),
            ("languages", languages.sum()),
        ] {
            if n != there {
                problems.push(format!("{what}: {n} of {there}"));
            }
        }
        // Each standing has those whom a count resident by resident finds in it.
        let mut counted: BTreeMap<Standing, u64> = BTreeMap::new();
        for person in self.people.iter().filter(|one| one.known.is_some()) {
            let of_them = self.covered().into_iter();
            let of_them: Vec<Standing> = of_them
                .filter(|one| one.resident == person.id)
                .map(|one| one.standing)
                .collect();
            match (&of_them[..], self.seen_by_run.contains(&person.id)) {
                ([one], true) => *counted.entry(*one).or_default() += 1,
                ([], false) => {
                    let new = Standing::ToDecide(ToDecide::NewOnTheRegister);
                    *counted.entry(new).or_default() += 1;
                }
                (several, _) => problems.push(format!("{} standings", several.len())),
            }
        }
        let lines: BTreeMap<Standing, u64> = coverage
            .lines
            .iter()
            .map(|(standing, line)| (*standing, line.n))
            .collect();
        if lines != counted {
            problems.push(format!("{lines:?} are not {counted:?}"));
        }
        if problems.is_empty() != coverage.adds_up() {
            problems.push(format!("adds up: {}", coverage.adds_up()));
        }
        problems
    }
}

fn every_kind() -> BTreeSet<ActionKind> {
    ActionKind::NAMES.iter().map(|(_, kind)| *kind).collect()
}

fn kinds(kinds: &[ActionKind]) -> Offered {
    Offered::Kinds(kinds.iter().copied().collect())
}

proptest! {
    #![proptest_config(fixed(400))]

    /// After any beginning of any story; nobody is in two.
    #[test]
    fn everybody_is_in_one_standing_whatever_happens(story in story()) {
        let mut world = World::new(None);
        for happening in story {
            world.happens(happening);
            prop_assert_eq!(world.problems(), Vec::<String>::new(), "after {:?}", happening);
        }
    }

    /// What a run that may ask for everything has decided, it has done: there is one definition of what
    /// follows from a decision.
    #[test]
    fn after_a_run_that_acts_nothing_is_left_to_do(story in story()) {
        let mut world = World::new(None);
        story.into_iter().for_each(|happening| world.happens(happening));
        world.happens(Happening::Pull);
        world.runs(&Some(Offered::Kinds(every_kind())));
        for (standing, line) in world.coverage().lines {
            prop_assert!(matches!(standing, Standing::At(_)), "{:?}: {:?}", standing, line);
        }
    }

    /// What a run without effects asks for waits, and is told apart from what was asked.
    #[test]
    fn after_a_run_that_does_not_act_nobody_counts_as_asked(years in prop::collection::vec(18..90_i16, 1..30)) {
        let mut world = World::new(None);
        years.iter().for_each(|years| world.happens(Happening::Comes(*years)));
        world.happens(Happening::Pull);
        world.runs(&None);
        let asked = [State::Asked, State::Ordered, State::Confirming, State::OfferedPrevention];
        for standing in world.coverage().lines.into_keys() {
            prop_assert!(!asked.iter().any(|state| standing == Standing::At(*state)), "{:?}", standing);
        }
    }
}

#[test]
fn every_mistake_that_loses_or_doubles_somebody_is_found_at_once() {
    for bug in EVERY_BUG {
        let found = Cell::new(0_u32);
        let run = TestRunner::new(fixed(60)).run(&story(), |story| {
            let mut world = World::new(Some(bug));
            for happening in story {
                world.happens(happening);
                let is_made = !world.said.is_empty();
                found.set(found.get() + u32::from(is_made));
                prop_assert_eq!(
                    world.coverage().adds_up(),
                    !is_made,
                    "after {:?}",
                    happening
                );
            }
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{bug:?}: {error}"));
        assert!(100 < found.get(), "{bug:?} was hardly ever made");
    }
}

#[test]
fn stories_reach_every_standing_that_is_not_a_mistake() {
    let reached = RefCell::new(BTreeSet::new());
    let run = TestRunner::new(fixed(400)).run(&story(), |story| {
        let mut world = World::new(None);
        for happening in story {
            world.happens(happening);
            let standings = world.coverage().lines.into_keys();
            reached.borrow_mut().extend(standings);
        }
        Ok(())
    });
    run.expect("nothing is asserted");
    let reached = reached.into_inner();
    for standing in [
        Standing::At(State::Deceased),
        Standing::At(State::Moved),
        Standing::At(State::OutsideAge),
        Standing::At(State::OptedOut),
        Standing::At(State::KnownDisease),
        Standing::At(State::UndeterminedIncomplete),
        Standing::At(State::Asked),
        Standing::At(State::UndecidedNotAnswered),
        Standing::At(State::BelowLevel),
        Standing::At(State::Ordered),
        Standing::At(State::Overdue),
        Standing::At(State::Confirming),
        Standing::At(State::WithANurse),
        Standing::At(State::OfferedPrevention),
        Standing::At(State::Concluded),
        Standing::NotActedOn(State::Asked),
        Standing::NotActedOn(State::Ordered),
        Standing::NotActedOn(State::Confirming),
        Standing::NotActedOn(State::Deceased),
        Standing::ToDecide(ToDecide::NewOnTheRegister),
        Standing::ToDecide(ToDecide::TakenBack),
    ] {
        assert!(reached.contains(&standing), "{standing:?} of {reached:?}");
    }
}
