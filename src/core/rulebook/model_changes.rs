//! What must hold before a proposed calibration may be signed, and how far it may go.

use super::reader::Table;

/// The limits of the gates that a proposed calibration has to pass.
///
/// Shares lie between 0 and 1. Scores are logarithmic: the natural logarithm of the probability that
/// was given to what happened, for each person.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelChanges {
    /// Share of the verified decisions, the newest ones, that are kept out of the fit and judge it.
    pub held_out: f64,
    /// Confirmed, and not confirmed, that must be among them at least.
    pub fewest: u32,
    /// How much lower the log score a person may be at most, at the lower end of its interval.
    pub score_margin: f64,
    /// The same within a group of people.
    pub group_margin: f64,
    /// How much lower the net benefit a person may be at most, at the lower end of its interval.
    pub net_benefit_margin: f64,
    /// Share of the held-out people who must be in groups that can be judged.
    pub groups_judged: f64,
    /// The least and the most by which log odds may be stretched.
    pub slope: [f64; 2],
    /// The least and the most by which the mean probability may be multiplied.
    pub mean_risk: [f64; 2],
    /// Share of the register whose decision may change at most.
    pub most_changed: f64,
    /// By which share the number of people whom the programme is about may change at most.
    pub cohort: f64,
    /// Laboratory tests that can be taken a week, beside those that are ordered now.
    pub laboratory_per_week: u32,
    /// Days for which a share of residents is decided about before all are.
    pub days_with_a_share: u16,
}

impl ModelChanges {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let table = root.table("model_changes")?;
        let share = |key: &'static str| {
            let value = table.number(key)?;
            if !(0.0..=1.0).contains(&value) {
                let message = format!("{value} is no share: it is outside 0 to 1");
                table.report_at(key, "model-change-limit", message, None);
                return None;
            }
            Some(value)
        };
        let margin = |key: &'static str| {
            let value = table.number(key)?;
            if value < 0.0 {
                let message = format!("{value} is below 0: a margin is how much worse is borne");
                table.report_at(key, "model-change-limit", message, None);
                return None;
            }
            Some(value)
        };
        let around_one = |least_key: &'static str, most_key: &'static str| {
            let (least, most) = (table.number(least_key)?, table.number(most_key)?);
            if !(0.0 < least && least <= 1.0 && 1.0 <= most) {
                let message = format!("{least} to {most} does not hold 1, which changes nothing");
                table.report_at(least_key, "model-change-limit", message, None);
                return None;
            }
            Some([least, most])
        };
        let held_out = share("held_out");
        if held_out.is_some_and(|share| share <= 0.0 || 1.0 <= share) {
            let message = "some decisions are fitted and some judge the fit: above 0, below 1";
            table.report_at("held_out", "model-change-limit", message, None);
        }
        let fewest = table.whole("fewest");
        let score_margin = margin("score_margin");
        let group_margin = margin("group_margin");
        let net_benefit_margin = margin("net_benefit_margin");
        let groups_judged = share("groups_judged");
        let slope = around_one("least_slope", "most_slope");
        let mean_risk = around_one("least_mean_risk", "most_mean_risk");
        let most_changed = share("most_changed");
        let cohort = share("cohort");
        let laboratory_per_week = table.whole("laboratory_per_week");
        let days_with_a_share = table.whole("days_with_a_share");
        table.note_verification();
        table.finish();
        Some(Self {
            held_out: held_out?,
            fewest: fewest?,
            score_margin: score_margin?,
            group_margin: group_margin?,
            net_benefit_margin: net_benefit_margin?,
            groups_judged: groups_judged?,
            slope: slope?,
            mean_risk: mean_risk?,
            most_changed: most_changed?,
            cohort: cohort?,
            laboratory_per_week: laboratory_per_week?,
            days_with_a_share: days_with_a_share?,
        })
    }
}
