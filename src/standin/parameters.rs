//! The numbers of the disease model.
//!
//! They were found by a random search: some 9,000 steps of a few parameters at a time, each judged on the truth of 150,000 to
//! 200,000 simulated residents by the weighted squared distance to all rows of the table of fit, and to a known diabetes in
//! 12 % of men and 8.5 % of women of 45–74 (an assumption, no source). Bounds kept every parameter plausible (women eat
//! more vegetables than men, for one), and floors kept the hidden causes (genes, hepatic fat, sleep, vessels) at work.
//! They describe no measured cohort and must not be quoted as epidemiology.

/// Parameters of causes, onset, detection and treatment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    /// Median body mass index at age 45, men and women, kg/m².
    pub(super) bmi_men: f64,
    pub(super) bmi_women: f64,
    /// Waist at body mass index 26 and age 50, cm.
    pub(super) waist_men: f64,
    pub(super) waist_women: f64,
    /// Log odds of not being active for half an hour a day.
    pub(super) inactive: f64,
    /// Log odds of vegetables not every day, men and women.
    pub(super) no_vegetables_men: f64,
    pub(super) no_vegetables_women: f64,
    /// Log odds of blood-pressure medication at age 60.
    pub(super) blood_pressure: f64,
    /// Log odds of a parent, sibling or child with diabetes.
    pub(super) close_family_men: f64,
    pub(super) close_family_women: f64,
    /// Log odds of a more distant relative only.
    pub(super) distant_family: f64,
    /// Probability that an intermediate or undiagnosed diabetic glucose was ever found.
    pub(super) found_men: f64,
    pub(super) found_women: f64,
    /// Probability of a high glucose found in an illness, by age 60.
    pub(super) found_in_illness: f64,
    /// Log hazard per standard deviation (or for yes) of each cause.
    pub(super) genetic: f64,
    pub(super) hepatic_fat: f64,
    pub(super) waist: f64,
    pub(super) inactivity: f64,
    pub(super) diet: f64,
    pub(super) sleep: f64,
    pub(super) vascular: f64,
    /// Cumulative hazard of onset at age 60 of the average resident.
    pub(super) onset_men: f64,
    pub(super) onset_women: f64,
    /// Power of age in the cumulative hazard.
    pub(super) onset_shape: f64,
    /// Mean years from onset to diagnosis at average contact with care.
    pub(super) detection_years: f64,
    /// How strongly severity, obesity and contact with care hasten detection.
    pub(super) detection_slope: f64,
    /// Share of the diagnosed who start a drug within a year.
    pub(super) drug_at_once: f64,
    /// Years before onset over which glucose rises by a factor e.
    pub(super) rise_years: f64,
    /// Fasting and two-hour glucose before any rise at age 50 and average risk, mmol/L.
    pub(super) baseline_fasting: f64,
    pub(super) baseline_two_hour: f64,
}

impl Parameters {
    /// About the mean of the latent risk of adults, so that "average" means something.
    pub(super) fn average_latent(&self) -> f64 {
        0.3 * self.inactivity + 0.45 * self.diet
    }
}

/// The fitted values.
pub(super) const FITTED: Parameters = Parameters {
    bmi_men: 27.027,
    bmi_women: 26.937,
    waist_men: 88.665,
    waist_women: 77.500,
    inactive: -1.097,
    no_vegetables_men: -0.600,
    no_vegetables_women: -0.950,
    blood_pressure: -1.250,
    close_family_men: -1.133,
    close_family_women: -0.775,
    distant_family: -1.314,
    found_men: 0.320,
    found_women: 0.320,
    found_in_illness: 0.030,
    genetic: 0.598,
    hepatic_fat: 0.420,
    waist: 0.264,
    inactivity: 0.333,
    diet: 0.150,
    sleep: 0.235,
    vascular: 0.257,
    onset_men: 0.130,
    onset_women: 0.098,
    onset_shape: 3.970,
    detection_years: 14.823,
    detection_slope: 0.300,
    drug_at_once: 0.888,
    rise_years: 8.633,
    baseline_fasting: 5.555,
    baseline_two_hour: 6.485,
};
