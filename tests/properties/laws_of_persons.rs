//! Laws of persons: whatever is said of entries and in whatever order, each is of one person.

use std::collections::BTreeSet;

use jiff::civil::date;
use preventiojyraa_core::profile::{
    BirthDate, Candidate, PersonStanding, ResidentId, Rounds, Sex, persons,
};
use proptest::prelude::*;
use proptest::sample::select;

const ENTRIES: usize = 7;

fn id(n: usize) -> ResidentId {
    ResidentId::from_bytes([u8::try_from(n).expect("few"); 16])
}

fn candidate(n: usize) -> impl Strategy<Value = Candidate> {
    let sexes = select(vec![
        Sex::Female,
        Sex::Female,
        Sex::Female,
        Sex::Male,
        Sex::Unknown,
    ]);
    let births = select(vec![
        BirthDate::on(date(1960, 2, 29)),
        BirthDate::on(date(1960, 2, 29)),
        BirthDate::on(date(1960, 3, 1)),
        BirthDate::between(date(1960, 1, 1), date(1960, 12, 31)).expect("in order"),
        BirthDate::UNKNOWN,
    ]);
    let rounds = select(vec![Rounds::None, Rounds::Over, Rounds::Open]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (sexes, births, rounds, flags).prop_map(
        move |(sex, birth, rounds, (is_hidden, is_replaced, led_before))| Candidate {
            resident: id(n),
            birth,
            sex,
            is_hidden,
            is_replaced,
            rounds,
            led_before,
        },
    )
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let all: Vec<_> = (0..ENTRIES).map(candidate).collect();
    all
}

fn pairs() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..ENTRIES + 1, 0..ENTRIES + 1), 0..7)
}

/// Groups by trying every path: an independent answer.
fn together(pairs: &[(usize, usize)]) -> Vec<BTreeSet<usize>> {
    let mut groups: Vec<BTreeSet<usize>> = (0..ENTRIES).map(|n| BTreeSet::from([n])).collect();
    for _ in 0..ENTRIES {
        for (one, other) in pairs.iter().filter(|(a, b)| *a < ENTRIES && *b < ENTRIES) {
            let both: BTreeSet<usize> = groups[*one].union(&groups[*other]).copied().collect();
            for member in &both {
                groups[*member].clone_from(&both);
            }
        }
    }
    groups
}

proptest! {
    #[test]
    fn each_entry_is_of_one_person_whatever_the_order(
        (all, said) in (candidates(), pairs()),
        shuffled in any::<prop::sample::Index>(),
    ) {
        let of = |said: &[(usize, usize)]| -> Vec<_> {
            said.iter().map(|(a, b)| (id(*a), id(*b))).collect()
        };
        let found = persons(&all, &of(&said));
        prop_assert_eq!(found.len(), ENTRIES, "nobody is lost");
        let groups = together(&said);
        for n in 0..ENTRIES {
            match found[&id(n)] {
                PersonStanding::Alone => prop_assert_eq!(groups[n].len(), 1),
                PersonStanding::Unclear => {
                    prop_assert!(groups[n].len() > 1);
                    prop_assert!(groups[n].iter().all(|m| found[&id(*m)] == PersonStanding::Unclear));
                }
                PersonStanding::United(lead) => {
                    let lead_at = (0..ENTRIES).find(|m| id(*m) == lead).expect("an entry");
                    prop_assert!(groups[n].contains(&lead_at));
                    let members = || groups[n].iter().map(|m| &all[*m]);
                    for member in &groups[n] {
                        prop_assert_eq!(found[&id(*member)], PersonStanding::United(lead));
                    }
                    // Nothing of a hidden person shows, and nobody is asked twice.
                    let leads = &all[lead_at];
                    prop_assert!(leads.is_hidden || members().all(|one| !one.is_hidden));
                    prop_assert!(
                        leads.is_hidden
                            || leads.rounds == Rounds::Open
                            || members().all(|one| one.rounds != Rounds::Open)
                    );
                    let sexes: BTreeSet<bool> = members()
                        .filter(|one| one.sex != Sex::Unknown)
                        .map(|one| one.sex == Sex::Male)
                        .collect();
                    prop_assert!(sexes.len() < 2, "no person is of two sexes");
                }
            }
        }
        // Neither the order of entries nor that of what is said of them matters.
        let (mut others, mut backwards) = (all.clone(), said.clone());
        others.rotate_left(shuffled.index(ENTRIES));
        backwards.reverse();
        let turned: Vec<(usize, usize)> = backwards.iter().map(|(a, b)| (*b, *a)).collect();
        prop_assert!(persons(&others, &of(&turned)) == found);
    }

    /// A person who leads goes on leading when nothing but time has passed.
    #[test]
    fn what_was_settled_stays((all, said) in (candidates(), pairs())) {
        let said: Vec<_> = said.iter().map(|(a, b)| (id(*a), id(*b))).collect();
        let first = persons(&all, &said);
        let later: Vec<Candidate> = all
            .iter()
            .map(|one| Candidate {
                led_before: first[&one.resident].lead(one.resident) == one.resident,
                ..*one
            })
            .collect();
        prop_assert!(persons(&later, &said) == first);
    }
}
