//! The tests of the pure rooms: rules, laws and second implementations.
//!
//! They link the core alone, so that changing a line of it and running them takes seconds; that is also
//! what makes mutation testing bearable (`.ci/sweep mutants`).

mod differential;
mod properties;
mod rules;
mod support {
    pub(crate) mod core;
    pub(crate) mod dice;
    pub(crate) mod draw;
    pub(crate) mod shipped;
    pub(crate) mod snapshots;
}

/// The folder of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
