//! Small numbers that must not be told, and those that would tell them by subtraction.

use std::collections::BTreeSet;

/// Numbers of people below this are not told.
pub const SMALLEST_TOLD: u64 = 5;

/// One row of a table whose sum is told, without the numbers that must not be told: these are `None`.
///
/// Numbers of people are hidden in groups that depend on where they stand, not on how large they
/// are: zeros are told, all others are taken two by two in their order, three at the end of an odd
/// row, and a group with a number from 1 to 4 is hidden. When what is hidden comes to little, all
/// that is not zero is hidden; when that is not enough either, the answer is `None`: then not even
/// which numbers there are may be shown. `always` is a number that must never be told, whatever it
/// is, such as the people whose district is nobody's to know; another one is hidden along with it.
///
/// Guaranteed, when the sum is 5 or more, to whoever knows the sum, everything told and this method:
/// each hidden number, whatever it is, can be each of 1, 2, 3 and 4, and can be 5 or more.
/// That holds for one row of one table. Who subtracts two tables of nearly the same people may learn
/// more.
///
/// When the sum itself is from 1 to 4 it must not be told either: that is for the caller.
#[must_use]
pub fn without_small_numbers(counts: &[u64], always: Option<usize>) -> Option<Vec<Option<u64>>> {
    let is_small = |n: u64| 0 < n && n < SMALLEST_TOLD;
    if is_small(counts.iter().sum()) {
        return None;
    }
    let some: Vec<usize> = (0..counts.len())
        .filter(|at| 0 < counts[*at] && always != Some(*at))
        .collect();
    let mut hidden: BTreeSet<usize> = groups(&some, always)
        .into_iter()
        .filter(|group| {
            let is_small = |at: &usize| is_small(counts[*at]);
            group.iter().any(|at| always == Some(*at)) || group.iter().any(is_small)
        })
        .flatten()
        .collect();
    if !hidden.is_empty() && !is_enough(counts, &hidden, always) {
        hidden = some.into_iter().chain(always).collect();
        if !is_enough(counts, &hidden, always) {
            return None;
        }
    }
    let told = counts.iter().enumerate();
    let told = told.map(|(at, n)| (!hidden.contains(&at)).then_some(*n));
    Some(told.collect())
}

/// Places that are hidden together, at least two each.
fn groups(some: &[usize], always: Option<usize>) -> Vec<Vec<usize>> {
    let (rest, with_always) = match always {
        None => (some, None),
        Some(always) => {
            let (rest, last) = some.split_at(some.len().saturating_sub(1));
            (rest, Some([last, &[always]].concat()))
        }
    };
    let mut groups: Vec<Vec<usize>> = rest.chunks(2).map(<[usize]>::to_vec).collect();
    groups.extend(with_always);
    // One alone would be told by the sum.
    if let Some(alone) = groups.iter().position(|group| group.len() == 1)
        && 1 < groups.len()
    {
        let alone_in = groups.remove(alone);
        let beside = alone.saturating_sub(1).min(groups.len() - 1);
        groups[beside].extend(alone_in);
    }
    groups
}

/// Whether all hidden numbers but one can be 1, and that one is 5 or more then.
fn is_enough(counts: &[u64], hidden: &BTreeSet<usize>, always: Option<usize>) -> bool {
    let sum: u64 = hidden.iter().map(|at| counts[*at]).sum();
    let others = hidden.iter().filter(|at| always != Some(**at)).count() as u64;
    2 <= hidden.len() && 0 < others && others + SMALLEST_TOLD - 1 <= sum
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn groups_with_small_numbers_are_left_out() {
        let told = |counts: &[u64]| without_small_numbers(counts, None);
        assert_eq!(told(&[10, 20, 0]), Some(vec![Some(10), Some(20), Some(0)]));
        assert_eq!(
            told(&[3, 20, 0, 10, 9]),
            Some(vec![None, None, Some(0), Some(10), Some(9)])
        );
        assert_eq!(told(&[3, 20, 10]), Some(vec![None; 3]));
        // 1, 1, 1, 1 and 1: who sees that there are five knows each.
        assert_eq!(told(&[1; 5]), None);
        assert_eq!(told(&[2, 0]), None);
        assert_eq!(told(&[7]), Some(vec![Some(7)]));
    }

    #[test]
    fn what_is_never_told_takes_another_along() {
        let told = without_small_numbers(&[10, 20, 30, 0], Some(3));
        assert_eq!(told, Some(vec![Some(10), Some(20), None, None]));
        assert_eq!(
            without_small_numbers(&[10, 7], Some(1)),
            Some(vec![None; 2])
        );
        assert_eq!(without_small_numbers(&[0, 7], Some(1)), None);
    }

    /// Every row of so many numbers with a sum.
    fn rows(numbers: usize, sum: u64) -> Vec<Vec<u64>> {
        if numbers == 1 {
            return vec![vec![sum]];
        }
        let first = 0..=sum;
        let rows = first.flat_map(|n| {
            let rest = rows(numbers - 1, sum - n).into_iter();
            rest.map(move |row| [vec![n], row].concat())
        });
        rows.collect()
    }

    /// Turns the method round: every row that gives an answer, for every answer.
    #[test]
    fn a_hidden_number_can_be_each_small_one_and_a_large_one() {
        let shapes = (1..=6).flat_map(|numbers| {
            let sums = 5..=15;
            sums.flat_map(move |sum| [(numbers, sum, false), (numbers, sum, true)])
        });
        let mut hidden = 0;
        for (numbers, sum, has_always) in shapes {
            let always = has_always.then_some(numbers - 1);
            let mut by_answer: BTreeMap<Vec<Option<u64>>, Vec<Vec<u64>>> = BTreeMap::new();
            for row in rows(numbers, sum) {
                if let Some(told) = without_small_numbers(&row, always) {
                    by_answer.entry(told).or_default().push(row);
                }
            }
            for (told, rows) in by_answer {
                for (at, n) in told.iter().enumerate() {
                    if n.is_some() {
                        assert!(!matches!(n, Some(1..5)), "{told:?}");
                        assert_ne!(always, Some(at), "{told:?}");
                        continue;
                    }
                    let can_be: BTreeSet<u64> = rows.iter().map(|row| row[at]).collect();
                    let small = (1..5).all(|n| can_be.contains(&n));
                    // What may be told of no number may be nothing as well.
                    let small = small || always == Some(at) && can_be.contains(&0);
                    let large = can_be.iter().any(|n| 5 <= *n) || always == Some(at);
                    assert!(
                        small && large && 1 < can_be.len(),
                        "{told:?} of {sum}: {can_be:?}"
                    );
                    hidden += 1;
                }
            }
        }
        assert!(1_000 < hidden, "{hidden}");
    }
}
