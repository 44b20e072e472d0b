//! The shipped rules, row by row: both sides of every boundary, and the missing value.

mod calibration;
mod codes;
mod confirmation;
mod deliveries;
mod episodes;
mod evidence;
mod exclusions;
mod findrisc;
mod glycaemia;
mod lipids;
mod loader;
mod loader_files;
mod measurements;
mod models;
mod models_asked;
mod mutations;
mod outcomes;
mod pathway;
mod pathway_table;
mod policies;
mod precedence;
mod refused;
mod rounds;
mod texts;
mod vacuity;
mod wrong_copies;
