//! The programme file: which rules are in force, and where.

use jiff::civil::Date;

use super::header::{Header, Status};
use super::reader::Table;

/// The days on which signed rules are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForcePeriod {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

impl InForcePeriod {
    /// Whether a day is one of them.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.from <= day && day <= self.until
    }

    fn read(root: &Table<'_>) -> Option<Self> {
        let table = root.table("in_force")?;
        let (from, until) = (table.date("from"), table.date("until"));
        table.finish();
        let period = Self {
            from: from?,
            until: until?,
        };
        if period.until < period.from {
            table.report("period-empty", "the period ends before it begins");
        }
        Some(period)
    }
}

/// What the programme is and which rules it uses.
#[derive(Debug, Clone)]
pub struct Programme {
    /// The head of the file.
    pub header: Header,
    /// The days on which it is in force, once somebody has signed it.
    pub in_force: Option<InForcePeriod>,
    /// Id of the model in force.
    pub model: String,
    /// Id of the calibration in force.
    pub calibration: String,
    /// Id of the calibration shown beside it.
    pub display_calibration: Option<String>,
    /// Id of the thresholds in force.
    pub thresholds: String,
    /// Id of the pathway in force.
    pub pathway: String,
    /// Id of the order codes in force.
    pub orders: String,
    /// Id of the form by which residents are asked; none where nobody is asked.
    pub form: Option<String>,
    /// Time zone in which an instant has its date.
    pub time_zone: String,
    /// Addresses of coding systems whose codes the rules call `programme`.
    pub code_systems: Vec<String>,
    /// Municipality codes that belong to the programme's area.
    pub municipalities: Vec<String>,
}

impl Programme {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let header = Header::read(root);
        let in_force = InForcePeriod::read(root);
        let is_in_force = |header: &Header| header.status == Status::InForce;
        if header.as_ref().is_some_and(is_in_force) && !root.has("in_force") {
            root.report_at(
                "status",
                "programme-without-period",
                "rules that are in force say from when until when",
                Some("`[in_force]` with the days `from` and `until`".to_owned()),
            );
        }
        let table = root.required_table("programme");
        let body = table.as_ref().and_then(|table| {
            let model = table.text("model");
            let calibration = table.text("calibration");
            let display_calibration = table.optional_text("display_calibration");
            let thresholds = table.text("thresholds");
            let pathway = table.text("pathway");
            let orders = table.text("orders");
            let form = table.optional_text("form");
            let time_zone = table.text("time_zone");
            let code_systems = table
                .texts("code_systems")
                .into_iter()
                .map(str::to_owned)
                .collect();
            let municipalities = table.required_table("municipalities").map(|area| {
                match area.optional_flag("verified") {
                    None => area.report("rule-missing-key", "`verified` is missing"),
                    Some(false) => area.note_unverified("the municipality codes are as remembered"),
                    Some(true) => {}
                }
                let codes = area.texts("codes").into_iter().map(str::to_owned).collect();
                area.finish();
                codes
            });
            table.finish();
            Some((
                [
                    model?,
                    calibration?,
                    thresholds?,
                    pathway?,
                    orders?,
                    time_zone?,
                ]
                .map(str::to_owned),
                [display_calibration, form].map(|id| id.map(str::to_owned)),
                (code_systems, municipalities?),
            ))
        });
        root.finish();
        let (names, [display_calibration, form], (code_systems, municipalities)) = body?;
        let [model, calibration, thresholds, pathway, orders, time_zone] = names;
        Some(Self {
            header: header?,
            in_force,
            model,
            calibration,
            display_calibration,
            thresholds,
            pathway,
            orders,
            form,
            time_zone,
            code_systems,
            municipalities,
        })
    }
}
