//! The shipped rules, row by row: both sides of every boundary, and the missing value.

mod calibration;
mod deliveries;
mod episodes;
mod evidence;
mod findrisc;
mod glycaemia;
mod loader;
mod loader_files;
mod measurements;
mod mutations;
mod outcomes;
mod pathway;
mod pathway_table;
mod precedence;
mod refused;
mod rounds;
mod texts;
mod wrong_copies;
