//! Results that name the order that they answer.

use jiff::civil::Date;

use super::harvest::{Harvest, Reader};
use crate::fhir::OrdersNamed;
use crate::intake::{Issue, IssueCode};
use crate::ledger::{Answer, Answered, LeftOrder, OrderStanding};
use crate::profile::{Fact, ResidentId, SubmissionId};

/// By what results can call orders. A source beside the register has ids of its own, so it can only
/// name them by our identifier.
pub(super) fn orders_named(orders: &[LeftOrder], same_server: bool) -> OrdersNamed {
    let mut named = OrdersNamed::default();
    for order in orders {
        let id = order.reference.as_deref().filter(|_| same_server);
        named.add(order.number, order.key.to_string(), id);
    }
    named
}

/// An issue about a result of somebody else than the order that it says it answers.
fn of_anothers_order() -> Issue {
    let expected = "an order for the subject of the result";
    Issue::reading(IssueCode::ResultOfAnother, "basedOn", expected)
}

/// What is wrong with a result of an order that stands so: it comes when nobody waits for it any more, or
/// another sample was its result already. It is a fact all the same.
fn out_of_turn(standing: OrderStanding, sampled: Date) -> Option<Issue> {
    match standing {
        OrderStanding::Waiting => None,
        OrderStanding::GivenUp => {
            let expected = "a result while its order is waited for";
            Some(Issue::reading(IssueCode::ResultLate, "basedOn", expected))
        }
        // One sample is reported in several units, and a report repeats its results.
        OrderStanding::Answered { sampled_on } if sampled_on == sampled => None,
        OrderStanding::Answered { sampled_on } => {
            let expected = "one sample for one order";
            let saw = format!("a sample of {sampled} after one of {sampled_on}");
            let issue = Issue::reading(IssueCode::ResultDoubled, "basedOn", expected);
            Some(issue.with_saw(&saw))
        }
    }
}

impl Reader<'_> {
    /// Notes what a final result says about the orders that it names, and says what is wrong with that; of
    /// a line that was stored before only what is wrong in itself.
    pub(super) fn answered(
        &self,
        (resident, submission): (ResidentId, SubmissionId),
        orders: &[i64],
        facts: &[Fact],
        harvest: &mut Harvest,
    ) -> Option<Issue> {
        if self.erased.contains_key(&resident) {
            return None;
        }
        let mut issue = None;
        let left = |number: &i64| {
            let found = (self.left_orders).binary_search_by_key(number, |order| order.number);
            found.ok().map(|at| &self.left_orders[at])
        };
        for order in orders.iter().filter_map(left) {
            let test = self.rulebook.catalogue.find(&order.test);
            let result = facts.iter().find(|fact| Some(fact.id) == test);
            let is_mine = order.resident == resident;
            if let (true, Some(result)) = (is_mine, result)
                && self.earlier.known(submission).is_none()
            {
                issue = issue.or(out_of_turn(order.standing, result.effective));
            }
            if matches!(order.standing, OrderStanding::Answered { .. }) {
                continue;
            }
            let says = match result {
                _ if !is_mine => {
                    issue = Some(of_anothers_order());
                    Answered::OfAnother(resident)
                }
                Some(result) => Answered::Result {
                    sampled_on: result.effective,
                },
                None => Answered::NotUnderstood,
            };
            let (order, on) = (order.number, self.today);
            harvest.answers.insert(Answer { order, on, says });
        }
        issue
    }
}
