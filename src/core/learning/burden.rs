//! What the programme asks of those who work in it: orders that left and tasks that were opened, a week.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::orders::week_of;

/// How often something happened a week, over all weeks of a burden.
#[derive(Debug, Clone, PartialEq)]
pub struct BurdenLine {
    /// What happened.
    pub what: String,
    /// How often in all.
    pub total: u64,
    /// How often a week, quiet weeks included.
    pub mean: f64,
    /// In half of the weeks it happened so often or less.
    pub median: u64,
    /// The Monday of the first of the busiest weeks, and how often in it.
    pub busiest: (Date, u64),
}

/// Orders and tasks a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Burden {
    /// The Monday of the first week: that of the first order or task.
    pub from: Date,
    /// The last day counted.
    pub until: Date,
    /// Weeks from Monday to Sunday, the last one as far as it has come: the denominator.
    pub weeks: usize,
    /// Orders that left, by kind, then all of them.
    pub orders: Vec<BurdenLine>,
    /// Tasks that were opened, by code, then all of them.
    pub tasks: Vec<BurdenLine>,
}

/// Something that happened on a day, by name.
pub type Happened = (String, Date);

/// Counts by week until a day, that day included; nothing when nothing has happened.
#[must_use]
pub fn burden(until: Date, orders: &[Happened], tasks: &[Happened]) -> Option<Burden> {
    let all = orders.iter().chain(tasks).map(|(_, day)| *day);
    let first = all.filter(|day| *day <= until).min()?;
    let mut mondays = vec![week_of(first).0];
    while let Some(next) = mondays.last().map(|monday| week_of(*monday).1) {
        match next.tomorrow() {
            Ok(monday) if monday <= until => mondays.push(monday),
            Ok(_) | Err(_) => break,
        }
    }
    Some(Burden {
        from: mondays[0],
        until,
        weeks: mondays.len(),
        orders: lines("all orders", &mondays, until, orders),
        tasks: lines("all tasks", &mondays, until, tasks),
    })
}

/// A line for each name, and one for all.
fn lines(all: &str, mondays: &[Date], until: Date, happened: &[Happened]) -> Vec<BurdenLine> {
    let mut by_name: BTreeMap<&str, BTreeMap<Date, u64>> = BTreeMap::new();
    let mut together: BTreeMap<Date, u64> = BTreeMap::new();
    for (name, day) in happened.iter().filter(|(_, day)| *day <= until) {
        let (monday, _) = week_of(*day);
        *by_name.entry(name).or_default().entry(monday).or_default() += 1;
        *together.entry(monday).or_default() += 1;
    }
    let by_name = by_name.iter().map(|(name, weeks)| (*name, weeks));
    by_name
        .chain([(all, &together)])
        .map(|(name, weeks)| line(name, mondays, weeks))
        .collect()
}

fn line(what: &str, mondays: &[Date], weeks: &BTreeMap<Date, u64>) -> BurdenLine {
    let of = |monday: &Date| weeks.get(monday).copied().unwrap_or(0);
    let mut sorted: Vec<u64> = mondays.iter().map(of).collect();
    let total: u64 = sorted.iter().sum();
    let busiest = mondays
        .iter()
        .map(|monday| (*monday, of(monday)))
        // The first of several that are alike.
        .rev()
        .max_by_key(|(_, n)| *n);
    sorted.sort_unstable();
    BurdenLine {
        what: what.to_owned(),
        total,
        mean: total as f64 / mondays.len() as f64,
        median: sorted[mondays.len().div_ceil(2) - 1],
        busiest: busiest.unwrap_or((mondays[0], 0)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn quiet_weeks_count_and_the_last_day_is_in() {
        let order = |day| ("laboratory".to_owned(), day);
        // A Sunday, the Monday after it, and nothing in the week that follows.
        let orders = [date(2026, 1, 4), date(2026, 1, 5), date(2026, 1, 5)].map(order);
        let tasks = [("look".to_owned(), date(2026, 1, 19))];
        let found = burden(date(2026, 1, 19), &orders, &tasks).expect("something happened");
        assert_eq!((found.from, found.weeks), (date(2025, 12, 29), 4));
        let laboratory = &found.orders[0];
        assert_eq!((laboratory.total, laboratory.median), (3, 0));
        assert_eq!(laboratory.busiest, (date(2026, 1, 5), 2));
        assert!((laboratory.mean - 0.75).abs() < 1e-12);
        assert_eq!(found.tasks[0].busiest, (date(2026, 1, 19), 1));
        // A day earlier the task has not been opened, and its week has not begun.
        let found = burden(date(2026, 1, 18), &orders, &tasks).expect("something happened");
        assert_eq!((found.weeks, found.tasks.len()), (3, 1));
        assert_eq!(found.tasks[0].total, 0);
        assert_eq!(burden(date(2026, 1, 3), &orders, &tasks), None);
    }
}
