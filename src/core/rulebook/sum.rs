//! What items can add together: the cells of an item, and the amounts of a group.

use super::model::{Amount, Item, ItemInput, Model, ScoreUnit};
use super::term::{Value, Weights};
use crate::profile::{Quantity, Sex};

/// A sex and an age in completed years: everything but the items that are asked or measured.
pub(crate) type Context = (Sex, i16);

/// Oldest age that is thought of where nobody knows it.
pub(crate) const OLDEST: i16 = 130;

/// Values of an item between which the sum cannot tell apart, or a stretch over which it only rises or falls.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    /// Age and sex: part of the context.
    Given,
    /// An answer, by position.
    Answer(usize),
    /// A number, standing for all of its bands.
    At(f64),
    /// Any number from one to the other, both included.
    Between(f64, f64),
}

/// Shows the kind, never the value.
impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given => "Given",
            Self::Answer(_) => "Answer(_)",
            Self::At(_) => "At(_)",
            Self::Between(..) => "Between(_)",
        })
    }
}

impl Cell {
    /// The values to look at: both ends of a stretch.
    pub(crate) fn ends(self) -> (Value, Option<Value>) {
        match self {
            Self::Given => (Value::Given, None),
            Self::Answer(at) => (Value::Answer(at), None),
            Self::At(x) => (Value::Number(x), None),
            Self::Between(low, high) => (Value::Number(low), Some(Value::Number(high))),
        }
    }
}

impl Item {
    /// Whether it counts by its number and not by bands.
    pub(crate) fn is_line(&self) -> bool {
        self.terms.iter().any(super::term::Term::is_line)
    }

    /// Whether it is part of the context: nobody is asked for it.
    pub(crate) const fn is_given(&self) -> bool {
        matches!(self.input, ItemInput::Age | ItemInput::Sex)
    }

    /// The cells that a measurement can lie in; every one when there is none.
    pub(crate) fn cells_of(&self, measured: Option<Quantity>) -> Vec<Cell> {
        use crate::profile::Comparator;
        if let Some(quantity) = measured
            && quantity.comparator() == Comparator::Exactly
        {
            return vec![Cell::At(quantity.value())];
        }
        let ItemInput::Measure { range, .. } = &self.input else {
            return vec![Cell::Given];
        };
        if let Some((low, high)) = range {
            let Some(quantity) = measured else {
                return vec![Cell::Between(*low, *high)];
            };
            let value = quantity.value();
            let (low, high) = match quantity.comparator() {
                Comparator::Exactly => (value, value),
                Comparator::Below | Comparator::AtMost => (low.min(value), value),
                Comparator::AtLeast | Comparator::Above => (value, high.max(value)),
            };
            return vec![Cell::Between(low, high)];
        }
        let mut marks = self.marks();
        marks.extend(measured.map(|quantity| quantity.value()));
        marks.sort_by(f64::total_cmp);
        marks.dedup_by(|a, b| a.total_cmp(b).is_eq());
        representatives(&marks)
            .into_iter()
            .filter(|x| measured.is_none_or(|q| q.can_lie_in(Some((*x, true)), Some((*x, true)))))
            .map(Cell::At)
            .collect()
    }

    /// The cells without those that add the same as an earlier one, whatever else is so.
    pub(crate) fn told_apart(
        &self,
        cells: &[Cell],
        contexts: &[Context],
        unit: ScoreUnit,
    ) -> Vec<Cell> {
        if !matches!(cells, [Cell::At(_), Cell::At(_), ..]) {
            return cells.to_vec();
        }
        let mut seen: Vec<Vec<Amount>> = Vec::new();
        let mut kept = Vec::new();
        for cell in cells {
            let (value, _) = cell.ends();
            let of_context = contexts.iter().flat_map(|context| {
                let terms = self.terms.iter();
                terms.map(move |term| term.amount(*context, value, unit))
            });
            let amounts: Vec<Amount> = of_context.collect();
            if !seen.contains(&amounts) {
                seen.push(amounts);
                kept.push(*cell);
            }
        }
        kept
    }

    /// Where some band of some term ends.
    fn marks(&self) -> Vec<f64> {
        let mut marks = Vec::new();
        for term in &self.terms {
            for weights in [&term.weights.male, &term.weights.female] {
                if let Weights::Bands(bands) = weights {
                    let ends = bands
                        .as_slice()
                        .iter()
                        .flat_map(|band| [band.from, band.to]);
                    marks.extend(ends.flatten().map(|end| end.at));
                }
            }
        }
        marks
    }

    /// What the item adds, given what the items say that its terms wait for.
    pub(crate) fn amount(
        &self,
        context: Context,
        value: Value,
        unit: ScoreUnit,
        answer_of: impl Fn(usize) -> Option<usize>,
    ) -> Amount {
        let counts = |when: &super::term::When| {
            answer_of(when.item).is_some_and(|answer| when.answers[answer])
        };
        self.terms
            .iter()
            .filter(|term| term.when.iter().all(&counts))
            .map(|term| term.amount(context, value, unit))
            .sum()
    }
}

/// A number below, on, between and above the marks: one of each kind that bands can tell apart.
fn representatives(marks: &[f64]) -> Vec<f64> {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
        return vec![0.0];
    };
    let mut found = vec![first - 1.0];
    for (n, mark) in marks.iter().enumerate() {
        found.push(*mark);
        if let Some(next) = marks.get(n + 1) {
            found.push(f64::midpoint(*mark, *next));
        }
    }
    found.push(last + 1.0);
    found
}

impl Model {
    /// What is added for everybody of a context: the equation's own, age and sex.
    pub(crate) fn constant(&self, context: Context) -> Amount {
        let given = self.items.iter().filter(|item| item.is_given());
        let of_given = given.map(|item| self.given_amount(item, context));
        self.equation.constant(context.0) + of_given.sum::<Amount>()
    }

    /// What age or sex adds.
    pub(crate) fn given_amount(&self, item: &Item, context: Context) -> Amount {
        let value = match item.input {
            ItemInput::Age => Value::Number(f64::from(context.1)),
            ItemInput::Sex | ItemInput::Measure { .. } | ItemInput::Answers { .. } => Value::Given,
        };
        item.amount(context, value, self.unit, |_| None)
    }

    /// What one item of a group adds when the items have these values, in the group's order.
    pub(crate) fn item_amount(
        &self,
        group: &[usize],
        context: Context,
        values: &[Value],
        at: usize,
    ) -> Amount {
        let answer_of = |wanted: usize| {
            let at = group.iter().position(|item| *item == wanted)?;
            match values[at] {
                Value::Answer(answer) => Some(answer),
                Value::Given | Value::Number(_) => None,
            }
        };
        self.items[group[at]].amount(context, values[at], self.unit, answer_of)
    }

    /// What a group adds when its items have these values, in the group's order.
    pub(crate) fn group_amount(
        &self,
        group: &[usize],
        context: Context,
        values: &[Value],
    ) -> Amount {
        let mut sum = 0;
        let mut highest: Vec<(&str, Amount)> = Vec::new();
        for (at, item) in group.iter().enumerate() {
            let amount = self.item_amount(group, context, values, at);
            match self.items[*item].highest.as_deref() {
                None => sum += amount,
                Some(word) => match highest.iter_mut().find(|(of, _)| *of == word) {
                    Some((_, most)) => *most = amount.max(*most),
                    None => highest.push((word, amount)),
                },
            }
        }
        sum + highest.iter().map(|(_, amount)| amount).sum::<Amount>()
    }

    /// Least and most that a group can add, each item having any of its cells.
    pub(crate) fn group_span(
        &self,
        group: &[usize],
        context: Context,
        cells: &[Vec<Cell>],
    ) -> (Amount, Amount) {
        let mut span: Option<(Amount, Amount)> = None;
        for_each_value(group, cells, &mut Vec::new(), &mut |values| {
            let amount = self.group_amount(group, context, values);
            span = Some(span.map_or((amount, amount), |(low, high)| {
                (low.min(amount), high.max(amount))
            }));
        });
        span.unwrap_or((0, 0))
    }

    /// Every cell of every item, as nobody is known.
    pub(crate) fn all_cells(&self) -> Vec<Vec<Cell>> {
        let cells = |item: &Item| match &item.input {
            ItemInput::Age | ItemInput::Sex => vec![Cell::Given],
            ItemInput::Measure { .. } => item.cells_of(None),
            ItemInput::Answers { options, .. } => (0..options.len()).map(Cell::Answer).collect(),
        };
        self.items.iter().map(cells).collect()
    }

    /// Lowest and highest sum over everybody.
    pub(super) fn sum_bounds(&self) -> (Amount, Amount) {
        let cells = self.all_cells();
        let ages = self.ages.from.max(0)..self.ages.below.min(OLDEST + 1);
        let (mut low, mut high) = (Amount::MAX, Amount::MIN);
        for sex in [Sex::Male, Sex::Female] {
            for age in ages.clone() {
                let start = self.constant((sex, age));
                let spans = self
                    .groups
                    .iter()
                    .map(|group| self.group_span(group, (sex, age), &cells));
                let (least, most) =
                    spans.fold((start, start), |sum, span| (sum.0 + span.0, sum.1 + span.1));
                (low, high) = (low.min(least), high.max(most));
            }
        }
        (low, high)
    }
}

/// Calls `each` with every combination of values of a group's items, both ends of a stretch apart.
pub(crate) fn for_each_value(
    group: &[usize],
    cells: &[Vec<Cell>],
    chosen: &mut Vec<Value>,
    each: &mut impl FnMut(&[Value]),
) {
    let Some(item) = group.get(chosen.len()) else {
        each(chosen);
        return;
    };
    for cell in &cells[*item] {
        let (first, other) = cell.ends();
        for value in std::iter::once(first).chain(other) {
            chosen.push(value);
            for_each_value(group, cells, chosen, each);
            chosen.pop();
        }
    }
}

/// Items that one another's terms speak of, or of which only the highest counts, belong together.
pub(super) fn groups(items: &[Item]) -> Vec<Vec<usize>> {
    let mut of: Vec<usize> = (0..items.len()).collect();
    let mut join = |a: usize, b: usize| {
        let (from, to) = (of[a].max(of[b]), of[a].min(of[b]));
        for group in &mut of {
            if *group == from {
                *group = to;
            }
        }
    };
    for (n, item) in items.iter().enumerate() {
        for when in item.terms.iter().flat_map(|term| &term.when) {
            join(n, when.item);
        }
        let same = items[..n]
            .iter()
            .position(|other| item.highest.is_some() && other.highest == item.highest);
        if let Some(other) = same {
            join(n, other);
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (n, item) in items.iter().enumerate() {
        if item.is_given() {
            continue;
        }
        if of[n] == n {
            groups.push((n..items.len()).filter(|other| of[*other] == n).collect());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn what_is_shown_of_an_answer_or_a_number_is_its_kind_alone() {
        let cells = [
            Cell::Given,
            Cell::Answer(3),
            Cell::At(31.5),
            Cell::Between(20.25, 31.5),
        ];
        assert_eq!(
            format!("{cells:?}"),
            "[Given, Answer(_), At(_), Between(_)]"
        );
    }
}
