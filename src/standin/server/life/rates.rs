//! How residents, laboratories and clinicians behave, in numbers.
//!
//! These are assumptions, not facts. They were chosen so that each ending happens in a city of a few thousand: forms that
//! are never answered, samples that are never taken, results that change. No source was consulted for them; nothing may be
//! concluded about any real population from how often something happens here.

/// Log odds of answering a form at average readiness: the first time asked, and each later time.
pub(super) const ANSWERS: [f64; 2] = [-0.15, -1.1];
/// Mean days until a form is answered, by those who answer it.
pub(super) const ANSWER_DAYS: f64 = 6.0;
/// Share of those asked who refuse the whole programme instead.
pub(super) const REFUSES: f64 = 0.004;

/// Mean years until a resident moves out of the city.
pub(super) const STAY_YEARS: f64 = 40.0;

/// Log odds of coming to the laboratory at average contact with care: the first time or after having come, and after
/// having missed the last time. Whoever has come once and hears that a value has to be looked at again is not less ready
/// to come; were they, half of all results in the diabetic range would never be confirmed.
pub(super) const ATTENDS: [f64; 2] = [1.35, -0.2];
/// What one standard deviation of contact with care adds to that.
pub(super) const ATTENDS_BY_CONTACT: f64 = 0.25;
/// Fewest and mean days until the sample is taken.
pub(super) const ATTENDANCE_DAYS: (i32, f64) = (2, 14.0);
/// Share of results that are amended, and days until they are.
pub(super) const AMENDED: f64 = 0.01;
pub(super) const AMENDMENT_DAYS: (i32, i32) = (1, 10);
/// Relative change of an amended value, standard deviation.
pub(super) const AMENDMENT: f64 = 0.06;

/// Days within which several orders of a resident are one visit, and several messages about one are
/// dealt with together.
pub(super) const TOGETHER_DAYS: i32 = 14;
/// Share of requests by message on which a professional orders the test, and days until then.
pub(super) const PROFESSIONAL_ORDERS: f64 = 0.95;
pub(super) const PROFESSIONAL_DAYS: (i32, i32) = (1, 10);
/// Share of messages about a resident after which a clinician looks at them.
pub(super) const PROFESSIONAL_LOOKS: f64 = 0.95;
/// Share of single abnormal results that a clinician repeats unasked, and days until then.
pub(super) const REPEATS: f64 = 0.5;
pub(super) const REPEAT_DAYS: (i32, i32) = (10, 40);
/// For how many days a repeated test is not ordered once more: clinicians see what a colleague has ordered.
pub(super) const REPEATED_LATELY: i32 = 90;
/// Share of residents with two abnormal tests whose diagnosis is written down, and days until then.
pub(super) const CONFIRMS: f64 = 0.92;
pub(super) const CONFIRMATION_DAYS: (i32, i32) = (3, 45);

/// Log odds of beginning with a statin after a talk about risk at an LDL of 3 mmol/L, and for each mmol/L more.
pub(super) const STATIN: f64 = -0.3;
pub(super) const STATIN_BY_LDL: f64 = 0.9;

/// Share of offers of the lifestyle service that are answered, and of those that are accepted.
pub(super) const OFFER_ANSWERED: f64 = 0.6;
pub(super) const OFFER_ACCEPTED: f64 = 0.5;
/// Share of those who accept who come, and of those who come who stay to the end.
pub(super) const OFFER_STARTED: f64 = 0.75;
pub(super) const OFFER_FINISHED: f64 = 0.6;
/// Days from saying yes until the service takes somebody in, from then until the first meeting, and from that to the last.
pub(super) const ENROLMENT_DAYS: (i32, i32) = (1, 7);
pub(super) const START_DAYS: (i32, i32) = (7, 42);
pub(super) const SERVICE_DAYS: (i32, i32) = (60, 180);

/// The rate of the first time, or that of all later ones.
pub(super) fn first_or_later(rates: [f64; 2], nth: u32) -> f64 {
    if nth == 0 { rates[0] } else { rates[1] }
}
