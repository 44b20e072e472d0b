//! The tests of the whole program: links once, declares the folders. Those of the pure rooms are in `core.rs`.

mod conformance;
mod simulation;
mod stories;
mod support;
mod tidy;

/// The folder of the repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
