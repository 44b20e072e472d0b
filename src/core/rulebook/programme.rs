//! The programme file: which rules are in force, and where.

use super::header::Header;
use super::reader::Table;

/// What the programme is and which rules it uses.
#[derive(Debug, Clone)]
pub struct Programme {
    /// The head of the file.
    pub header: Header,
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
    /// The region whose risk is meant, for models that are recalibrated by region.
    pub region: Option<String>,
    /// Municipality codes that belong to the programme's area.
    pub municipalities: Vec<String>,
}

impl Programme {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let header = Header::read(root);
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
                    display_calibration.map(str::to_owned),
                    form.map(str::to_owned),
                    region.flatten(),
                ),
                (code_systems, municipalities?),
            ))
        });
        root.finish();
        let (names, (display_calibration, form, region), (code_systems, municipalities)) = body?;
        let [model, calibration, thresholds, pathway, orders, time_zone] = names;
        Some(Self {
            header: header?,
            model,
            calibration,
            display_calibration,
            thresholds,
            pathway,
            orders,
            form,
            time_zone,
            code_systems,
            region,
            municipalities,
        })
    }
}
