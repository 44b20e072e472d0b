//! Stand-in: an invented city, as the files that a health record exports and as a server that speaks FHIR.
//!
//! # What lives here
//!
//! A generator of residents, of their true health, and of the noisy and incomplete records about them, written as FHIR R4
//! NDJSON: one file per resource type. Nobody in it exists: identity codes are of the range reserved for tests, names and
//! addresses are invented. [`server`] serves the same register over HTTP, takes what clients write, and fails on demand.
//! What does not live here: the engine's rules and points, and whatever the product needs in production.
//! The room imports no other room, so that a misreading of a code cannot be shared by writer and reader.
//!
//! # How the data flows
//!
//! [`ExportOptions`] → a `Person` (sex, birth date, district, language, stay) → their `Health` (hidden and known causes, onset,
//! diagnosis, treatment, ten years ahead) → lines per resource type, each from a random stream of its own → files, and an
//! [`ExportSummary`] with the table of fit.
//!
//! `truth.csv` holds what is really so; no reader of `*.ndjson` sees it. One row per resident:
//!
//! | column | meaning |
//! |---|---|
//! | `patient_id`, `second_patient_id` | ids of the resident's Patient resources; the second is mostly empty |
//! | `sex`, `birth_date` | legal sex; full birth date, also where the record has part of it |
//! | `stay` | `lives`, `died` or `moved` by the day of the register |
//! | `body_mass_index`, `waist_circumference` | kg/m², cm, without measurement error |
//! | `physically_active`, `vegetables_daily`, `antihypertensive_medication_ever`, `high_blood_glucose_ever` | 1 or 0 |
//! | `family_history` | `none`, `distant`, `close` |
//! | `latent` | log hazard from all causes, recorded or not |
//! | `diagnosed_before_as_of` | diabetes of any type, known by the day of the register or the end of the stay |
//! | `undiagnosed_diabetes_at_as_of` | diabetes by a tolerance test that nobody has diagnosed |
//! | `onset_date` | first day on which a tolerance test shows type-2 diabetes; may lie ahead; empty beyond sixty years |
//! | `drug_treated_diabetes_within_10_years` | first glucose-lowering drug for type-2 diabetes in the ten years after, in life |
//! | `fasting_plasma_glucose`, `two_hour_glucose`, `hba1c` | mmol/L, mmol/L, mmol/mol on the day of the register, type-2 process only |
//!
//! # Invariants
//!
//! * The same options give the same bytes on any machine with any number of threads.
//! * A resident is a function of (seed, number, day of the register): the first thousand of a million are the same thousand.
//! * No two residents share an identity code; one resident's two Patient entries share theirs on purpose.
//! * Resource ids are unique, except where a whole line is repeated on purpose.
//! * Nothing in the records is dated after the day of the register; only `truth.csv` knows the future.
//! * Memory of an export does not grow with the number of residents.
//!
//! # Example
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use preventiojyraa::standin::{ExportOptions, export};
//!
//! let out = std::env::temp_dir().join(format!("standin-example-{}", std::process::id()));
//! let options = ExportOptions {
//!     residents: 50,
//!     seed: 7,
//!     out: out.clone(),
//!     verbose: false,
//!     as_of: jiff::civil::date(2026, 1, 15),
//! };
//! let summary = export(&options)?;
//! assert_eq!(summary.files()[0].name, "Patient.ndjson");
//! assert!(summary.to_string().contains("too few residents to judge the fit"));
//! std::fs::remove_dir_all(out)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Why it is so
//!
//! **Truth from causes, not from the score.** Were disease drawn from the questionnaire's own points, any engine that adds up
//! the points would look perfect. So onset follows a hazard with hidden causes, and the score discriminates only as well as it
//! was found to in real cohorts. The parameters were fitted to published measures; the summary prints how far they are met.
//!
//! **Records from truth, not truth from records.** Every number in a record is the truth of its day plus error, and whether it
//! is there depends on contact with care. What the engine infers can then be compared with what is so.
//!
//! **JSON by hand.** Building values for 720,000 residents costs several times the writing; the order of members is fixed by
//! the code. Every line is parsed in the tests.
//!
//! **Test identity codes without a table.** See `person`: blocks of residents with distinct birth dates make the block number
//! a free slot. Rejected: drawing codes and remembering those taken, which makes a resident depend on all earlier ones.

mod calendar;
mod causes;
mod circulation;
mod concepts;
mod conditions;
mod consents;
mod diagnoses;
mod family;
mod filler;
mod findrisc;
mod fit;
mod glycaemia;
mod health;
mod henkilotunnus;
mod instant;
mod intervals;
mod json;
mod laboratory;
mod lines;
mod medications;
mod numbers;
mod observations;
mod oddities;
mod parameters;
mod patients;
mod permutation;
mod person;
mod places;
mod published;
mod questionnaires;
mod random;
mod register;
mod scribe;
pub mod server;
mod summary;
mod truth;
mod vitals;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use calendar::Day;
use person::Population;
use scribe::Detail;

pub use summary::{ExportSummary, ExportedFile};

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// Number of residents, from 1 to 1,228,800 (as many as there are test identity codes to give them).
    pub residents: u32,
    /// The seed; another seed is another city.
    pub seed: u64,
    /// A directory that does not exist yet or is empty.
    pub out: PathBuf,
    /// Full detail, about 37 kB a resident, each resident's lines scattered over the files; otherwise about 4 kB.
    pub verbose: bool,
    /// The day of the register: nothing recorded is later. Between 2010 and 2090.
    pub as_of: jiff::civil::Date,
}

/// Why a register could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandinError {
    /// The number of residents is not between one and the number of test identity codes.
    #[error(
        "cannot simulate {residents} residents\nhint: between 1 and {most} have test identity codes"
    )]
    Residents {
        /// What was asked for.
        residents: u32,
        /// The most there can be.
        most: u32,
    },
    /// The day of the register is outside the years the simulation covers.
    #[error(
        "cannot simulate a register of {as_of}\nhint: choose a day from 2010-01-01 to 2090-12-31"
    )]
    DayOfRegister {
        /// What was asked for.
        as_of: jiff::civil::Date,
    },
    /// The directory has something in it.
    #[error("directory `{}` is not empty\nhint: name a new directory; an export never overwrites", path.display())]
    DirectoryNotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be made or read.
    #[error("cannot use directory `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Writes a register.
///
/// Files carry the ending `.part` until all of them are complete. After an error the directory may hold such parts.
///
/// # Errors
///
/// [`StandinError`] when an option is out of range, the directory is not empty, or the file system refuses.
pub fn export(options: &ExportOptions) -> Result<ExportSummary, StandinError> {
    if !(1..=person::MOST_RESIDENTS).contains(&options.residents) {
        return Err(StandinError::Residents {
            residents: options.residents,
            most: person::MOST_RESIDENTS,
        });
    }
    if !(2010..=2090).contains(&options.as_of.year()) {
        return Err(StandinError::DayOfRegister {
            as_of: options.as_of,
        });
    }
    let population = Population::new(options.seed, Day::from(options.as_of));
    let detail = if options.verbose {
        Detail::Verbose
    } else {
        Detail::Compact
    };
    let (files, fit) = register::write(&population, options.residents, detail, &options.out)?;
    Ok(ExportSummary {
        residents: options.residents,
        files,
        fit,
    })
}
