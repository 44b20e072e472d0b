//! Laws that hold for any resident, drawn from fixed seeds.

mod gates;
mod intake;
mod laws_of_alarms;
mod laws_of_calibration;
mod laws_of_coverage;
mod laws_of_outcomes;
mod laws_of_persons;
mod laws_of_profiles;
mod laws_of_scores;
mod laws_of_treatment;
mod units;
