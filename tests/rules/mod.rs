//! The shipped rules, row by row: both sides of every boundary, and the missing value.

mod evidence;
mod findrisc;
mod glycaemia;
mod known_gaps;
mod loader;
mod loader_files;
mod mutations;
mod pathway;
mod wrong_copies;
