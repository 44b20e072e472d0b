//! The programme file: which rules are in force, and where.

use jiff::civil::Date;

use super::asking::Asking;
use super::catalogue::{self, Catalogue};
use super::header::{Header, Status};
use super::model_changes::ModelChanges;
use super::offer::OfferRules;
use super::reader::Table;
use super::state::State;
use super::working_days::WorkingDays;

/// What a programme is called whose id no file can be called by.
pub(super) const PROGRAMME_ID: &str = "programme-id";

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
    /// The fact that says that a resident is not reached at the portal, by its id.
    pub without_portal: Option<String>,
    /// The fact that says that a resident does not want this screening, by its id.
    pub opt_out: Option<String>,
    /// How many questionnaires may leave a week, and to whom first; none where all may leave at once.
    pub asking: Option<Asking>,
    /// What must hold before a proposed calibration may be signed; none where none may be.
    pub model_changes: Option<ModelChanges>,
    /// How the lifestyle service is offered; none where what becomes of an offer is not followed.
    pub offer: Option<OfferRules>,
    /// The set of texts, by its folder; none where nobody is written to.
    pub texts: Option<String>,
    /// Whether it is the one that is meant when none is named.
    pub is_default: bool,
    /// What reports call things in this programme.
    pub words: Words,
    /// On which days somebody is there to look; none where it is not said.
    pub working_days: Option<WorkingDays>,
    /// Time zone in which an instant has its date.
    pub time_zone: String,
    /// Addresses of coding systems whose codes the rules call `programme`.
    pub code_systems: Vec<String>,
    /// The region whose risk is meant, for models that are recalibrated by region.
    pub region: Option<String>,
    /// Municipality codes that belong to the programme's area.
    pub municipalities: Vec<String>,
}

/// What reports call things: how one programme's reports differ from another's.
///
/// Each is part of a sentence, without full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The name in reports of the state of those whom a professional looks after for it already.
    pub known_state: String,
    /// Those people: "known to have diabetes".
    pub known: String,
    /// A result that a professional has to see: "in the range of diabetes".
    pub found: String,
    /// A result after which nothing is due: "normal".
    pub normal: String,
    /// A result after which the lifestyle service is offered: "impaired, or normal with a high score".
    pub between: String,
    /// What a professional has then done: "diagnosed".
    pub confirmed: String,
    /// The end of the way: "a diagnosis".
    pub conclusion: String,
}

impl Words {
    /// The name of a state in reports.
    #[must_use]
    pub fn state(&self, state: State) -> &str {
        if state == State::KnownDisease {
            &self.known_state
        } else {
            state.name()
        }
    }

    fn read(table: &Table<'_>) -> Option<Self> {
        let own = |key| table.text(key).map(str::to_owned);
        let known_state = own("known_state");
        let results = [own("normal"), own("between"), own("found")];
        let words = [own("known"), own("confirmed")];
        let conclusion = own("conclusion");
        table.finish();
        let is_taken = |name: &String| State::NAMES.iter().any(|(known, _)| known == name);
        if known_state.as_ref().is_some_and(is_taken) {
            let message = "another state is called so already";
            table.report_at("known_state", "state-twice", message, None);
        }
        let [normal, between, found] = results;
        let [known, confirmed] = words;
        Some(Self {
            known_state: known_state?,
            known: known?,
            found: found?,
            normal: normal?,
            between: between?,
            confirmed: confirmed?,
            conclusion: conclusion?,
        })
    }
}

impl Programme {
    /// The facts that it names are there.
    pub(super) fn prove_facts(&self, catalogue: &Catalogue, table: &Table<'_>) {
        let named = [
            ("without_portal", &self.without_portal),
            ("opt_out", &self.opt_out),
        ];
        for (key, name) in named {
            if let Some(name) = name {
                catalogue::find(catalogue, table, key, name);
            }
        }
    }

    /// Until when somebody who has so many days from a day on should have looked: the last working day
    /// of these, or the first day where there is none.
    #[must_use]
    pub fn deadline(&self, from: Date, days: i64) -> Date {
        let until = from.saturating_add(jiff::Span::new().days(days));
        match &self.working_days {
            Some(working_days) => working_days.last_within(from, until),
            None => until,
        }
    }

    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let header = Header::read(root);
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let id = header.as_ref().map(|header| header.id.as_str());
        if id.is_some_and(|id| !id.chars().all(is_plain)) {
            root.report_at(
                "id",
                PROGRAMME_ID,
                "the id of a programme is small letters, digits and hyphens: files are called by it",
                Some("`type-2-diabetes`".to_owned()),
            );
        }
        let is_default = root.optional_flag("default").unwrap_or(false);
        let words = root.required_table("words");
        let words = words.and_then(|table| Words::read(&table));
        let in_force = InForcePeriod::read(root);
        let asking = Asking::read(root);
        let model_changes = ModelChanges::read(root);
        let offer = OfferRules::read(root);
        let working_days = WorkingDays::read(root);
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
            let texts = table.optional_text("texts");
            let without_portal = table.optional_text("without_portal");
            let opt_out = table.optional_text("opt_out");
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
            let region = table.table("region").map(|region| {
                let name = region.text("name").map(str::to_owned);
                region.note_verification();
                region.finish();
                name
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
                (
                    [display_calibration, form, texts, without_portal, opt_out]
                        .map(|id| id.map(str::to_owned)),
                    region.flatten(),
                ),
                (code_systems, municipalities?),
            ))
        });
        root.finish();
        let (names, (optional, region), (code_systems, municipalities)) = body?;
        let [display_calibration, form, texts, without_portal, opt_out] = optional;
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
            without_portal,
            opt_out,
            asking,
            model_changes,
            offer,
            texts,
            is_default,
            words: words?,
            working_days,
            time_zone,
            code_systems,
            region,
            municipalities,
        })
    }
}
