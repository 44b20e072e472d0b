//! Results that name the order that they answer.

use super::harvest::{Harvest, Reader};
use crate::fhir::OrdersNamed;
use crate::intake::{Issue, IssueCode};
use crate::ledger::{Answer, Answered, UnansweredOrder};
use crate::profile::{Fact, ResidentId};

/// By what results can call orders. A source beside the register has ids of its own, so it can only
/// name them by our identifier.
pub(super) fn orders_named(orders: &[UnansweredOrder], same_server: bool) -> OrdersNamed {
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

impl Reader<'_> {
    /// Notes what a final result says about the orders that it names, and says what is wrong with that.
    pub(super) fn answered(
        &self,
        resident: ResidentId,
        orders: &[i64],
        facts: &[Fact],
        harvest: &mut Harvest,
    ) -> Option<Issue> {
        if self.erased.contains_key(&resident) {
            return None;
        }
        let mut issue = None;
        let unanswered = |number: &i64| {
            let found = (self.unanswered).binary_search_by_key(number, |order| order.number);
            found.ok().map(|at| &self.unanswered[at])
        };
        for order in orders.iter().filter_map(unanswered) {
            let test = self.rulebook.catalogue.find(&order.test);
            let result = facts.iter().find(|fact| Some(fact.id) == test);
            let says = match result {
                _ if order.resident != resident => {
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
