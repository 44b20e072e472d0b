//! Small numbers that must not be told, and those that would tell them by subtraction.

/// Numbers of people below this are not told.
pub const SMALLEST_TOLD: u64 = 5;

/// What somebody who knows the method knows of a number that is not told.
#[derive(Clone, Copy)]
struct Bounds {
    least: u64,
    /// Nothing: as many as may be.
    most: Option<u64>,
}

/// One row of a table whose sum is told, without the numbers that must not be told: these are `None`.
///
/// Numbers from 1 to 4 are left out, and as many larger ones, smallest first, as it takes that no
/// subtraction from the sum gives one of them away, also not to somebody who knows this method. When
/// there are not enough, nothing of the row is told. `always` is a number that must never be
/// told, whatever it is, such as the people whose district is nobody's to know.
///
/// When the sum itself is from 1 to 4 it must not be told either: that is for the caller.
#[must_use]
pub fn without_small_numbers(counts: &[u64], always: Option<usize>) -> Vec<Option<u64>> {
    let is_small = |n: u64| 0 < n && n < SMALLEST_TOLD;
    let sum: u64 = counts.iter().sum();
    let mut left_out: Vec<Option<Bounds>> = counts
        .iter()
        .enumerate()
        .map(|(at, n)| match (always == Some(at), is_small(*n)) {
            (true, _) => Some(Bounds {
                least: 0,
                most: None,
            }),
            (false, true) => Some(Bounds {
                least: 1,
                most: Some(SMALLEST_TOLD - 1),
            }),
            (false, false) => None,
        })
        .collect();
    let told = |left_out: &[Option<Bounds>]| {
        let told = counts.iter().zip(left_out);
        let told = told.map(|(n, bounds)| bounds.is_none().then_some(*n));
        told.collect::<Vec<Option<u64>>>()
    };
    if is_small(sum) {
        return vec![None; counts.len()];
    }
    let mut by_size: Vec<usize> = (0..counts.len())
        .filter(|at| SMALLEST_TOLD <= counts[*at])
        .collect();
    by_size.sort_by_key(|at| counts[*at]);
    by_size.retain(|at| always != Some(*at));
    let mut larger = by_size.into_iter();
    loop {
        let hidden = sum - told(&left_out).iter().flatten().sum::<u64>();
        if left_out
            .iter()
            .flatten()
            .all(|bounds| is_open(*bounds, &left_out, hidden))
        {
            return told(&left_out);
        }
        let Some(at) = larger.next() else {
            return vec![None; counts.len()];
        };
        left_out[at] = Some(Bounds {
            least: SMALLEST_TOLD,
            most: None,
        });
    }
}

/// Whether one of the numbers left out can still be any of at least two, when their sum is known.
fn is_open(number: Bounds, left_out: &[Option<Bounds>], hidden: u64) -> bool {
    let all = || left_out.iter().flatten();
    let least_of_others = all().map(|bounds| bounds.least).sum::<u64>() - number.least;
    let highest = hidden.saturating_sub(least_of_others);
    let highest = number.most.map_or(highest, |most| most.min(highest));
    let most_of_all: Option<u64> = all().map(|bounds| bounds.most).sum();
    let lowest = match (most_of_all, number.most) {
        (Some(all), Some(own)) => hidden.saturating_sub(all - own),
        // Only this one is without bound.
        (None, None) if all().filter(|bounds| bounds.most.is_none()).count() == 1 => {
            let others: u64 = all().filter_map(|bounds| bounds.most).sum();
            hidden.saturating_sub(others)
        }
        (None | Some(_), _) => 0,
    };
    lowest.max(number.least) < highest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_and_the_smallest_larger_one_are_left_out() {
        let told = |counts: &[u64]| without_small_numbers(counts, None);
        assert_eq!(told(&[10, 20, 0]), [Some(10), Some(20), Some(0)]);
        assert_eq!(told(&[3, 20, 10]), [None, Some(20), None]);
        // 1 and 5: who knows that the other is 5 or more knows that this is 1.
        assert_eq!(told(&[1, 5, 20]), [None, None, None]);
        // 4 and 4 make 8: both would be known.
        assert_eq!(told(&[4, 4, 20, 30]), [None, None, None, Some(30)]);
        assert_eq!(told(&[2, 0]), [None, None]);
        assert_eq!(told(&[7]), [Some(7)]);
    }

    #[test]
    fn what_is_never_told_takes_another_along() {
        let told = without_small_numbers(&[10, 20, 0], Some(2));
        assert_eq!(told, [None, Some(20), None]);
        assert_eq!(without_small_numbers(&[10, 7], Some(1)), [None, None]);
    }

    /// Every way in which hidden numbers can add up, by counting: nothing shared with the method.
    fn possible(parts: &[(u64, u64)], sum: u64) -> Vec<Vec<u64>> {
        let Some(((least, most), rest)) = parts.split_first() else {
            return if sum == 0 {
                vec![Vec::new()]
            } else {
                Vec::new()
            };
        };
        let numbers = *least..=(*most).min(sum);
        let ways = numbers.flat_map(|n| {
            let ways = possible(rest, sum - n).into_iter();
            ways.map(move |way| [vec![n], way].concat())
        });
        ways.collect()
    }

    #[test]
    fn nobody_can_work_out_a_small_number() {
        let sizes = [0, 1, 2, 3, 4, 5, 6, 9];
        for n in 0..8_usize.pow(4) {
            let counts: Vec<u64> = (0..4).map(|at| sizes[n / 8_usize.pow(at) % 8]).collect();
            let sum: u64 = counts.iter().sum();
            let told = without_small_numbers(&counts, None);
            let small = |n: u64| 0 < n && n < 5;
            assert!(!told.iter().flatten().any(|n| small(*n)), "{counts:?}");
            if small(sum) || told.iter().all(Option::is_none) {
                continue;
            }
            let hidden: Vec<u64> = counts
                .iter()
                .zip(&told)
                .filter_map(|(n, told)| told.is_none().then_some(*n))
                .collect();
            let bounds: Vec<(u64, u64)> = hidden
                .iter()
                .map(|n| if small(*n) { (1, 4) } else { (5, u64::MAX) })
                .collect();
            let ways = possible(&bounds, hidden.iter().sum());
            for (at, n) in hidden.iter().enumerate().filter(|(_, n)| small(**n)) {
                let other = ways.iter().any(|way| way[at] != *n);
                assert!(other, "{counts:?} tells {n}");
            }
        }
    }
}
